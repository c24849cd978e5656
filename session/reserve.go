package session

import (
	"context"
	"log/slog"

	"github.com/earshot-stt/earshot/stt"
)

// Reserve takes a place for a session before there can be one: whoever must first receive, fetch or decode something that costs asks
// here before doing so, and is held to the same limits as everybody. Open with the same request takes the place over instead of asking
// again. giveBack gives it back where no session has; it is called in any case, by the goroutine that calls Open, and is idempotent.
// Only who asks counts here: the request's Config may be filled in later. The error is as that of Open, and told as it is.
func (s *Service) Reserve(ctx context.Context, r *Request) (giveBack func(), err error) {
	if s.Draining() {
		err = errDraining()
	} else if s.opts.Gate != nil {
		r.place, err = s.opts.Gate.Admit(ctx, r)
	}
	if err != nil {
		s.refused(ctx, r, err)
		return nil, err
	}
	return func() { r.takePlace()() }, nil
}

// takePlace returns what gives the reserved place back, and forgets it. Without one there is nothing to do.
func (r *Request) takePlace() (leave func()) {
	leave, r.place = r.place, nil
	if leave == nil {
		return func() {}
	}
	return leave
}

// refused tells of a request that got no session.
func (s *Service) refused(ctx context.Context, r *Request, why error) {
	s.opts.Log.LogAttrs(ctx, slog.LevelInfo, "stream refused",
		append(r.attrs(), slog.String("code", stt.CodeOf(why).String()), slog.String("reason", why.Error()))...)
	s.tellRefused(ctx, r, why)
}
