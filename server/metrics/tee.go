package metrics

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/session"
)

// Tee returns an observer that tells all of several, in order; nil for none. Those that are nil are left out.
func Tee(observers ...session.Observer) session.Observer {
	var all tee
	for _, o := range observers {
		if o != nil {
			all = append(all, o)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type tee []session.Observer

// Refused implements session.Observer.
func (t tee) Refused(ctx context.Context, r *session.Request, why error) {
	for _, o := range t {
		o.Refused(ctx, r, why)
	}
}

// Opened implements session.Observer.
func (t tee) Opened(ctx context.Context, l *session.Live) session.Witness {
	var all witnesses
	for _, o := range t {
		if w := o.Opened(ctx, l); w != nil {
			all = append(all, w)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

type witnesses []session.Witness

// FirstWords implements session.Witness.
func (w witnesses) FirstWords(after time.Duration) {
	for _, one := range w {
		one.FirstWords(after)
	}
}

// Final implements session.Witness.
func (w witnesses) Final(after time.Duration) {
	for _, one := range w {
		one.Final(after)
	}
}

// Closed implements session.Witness.
func (w witnesses) Closed(u *session.Usage) {
	for _, one := range w {
		one.Closed(u)
	}
}
