package quota

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// Spend counts audio that a stream has used. Those who were not here for long are not counted: the store has what they used.
func (g *Gate) Spend(account, key string, audio time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.those(account, key, func(s *subject) {
		s.turn(now)
		s.spent += audio
	})
}

// Written says that audio which was spent is in the store now.
func (g *Gate) Written(account, key string, audio time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.those(account, key, func(s *subject) { s.written = min(s.written+audio, s.spent) })
}

// those calls do for those of the two that there are. g.mu is held.
func (g *Gate) those(account, key string, do func(*subject)) {
	if s := g.who[name{false, key}]; s != nil {
		do(s)
	}
	if s := g.who[name{true, account}]; s != nil && account != "" {
		do(s)
	}
}

// Over returns why the running streams of a key are to be ended: an *stt.Error with code Quota where it, or its account, has used up
// its audio, and nil where not or where limits only warn.
func (g *Gate) Over(ctx context.Context, account, key string) error {
	if g.opts.Limits == nil {
		return nil
	}
	p, err := g.pair(ctx, account, key)
	if err != nil {
		return nil // whose limits cannot be found goes on with what he has
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return p.each(g.audio)
}

// refreshEvery is the time between two looks at the totals of somebody.
const refreshEvery = 3 * time.Second

// refreshFor is how long one call of Refresh may take: usage is not written meanwhile.
const refreshFor = 100 * time.Millisecond

// Refresh reads again what those have used who have a limit of audio, so that other servers' streams count too. Whoever writes
// usage calls it often, and never while usage is being written, see [Gate.Written]: it does something every few seconds, and does
// not take long, but goes on with the rest when it is called again. One goroutine may call it at a time.
func (g *Gate) Refresh(ctx context.Context) error {
	if g.opts.Totals == nil || g.opts.Limits == nil {
		return nil
	}
	began := time.Now()
	if len(g.stale) == 0 && began.Sub(g.refreshed) >= refreshEvery {
		g.stale, g.refreshed = g.limited(ctx), began
	}
	for len(g.stale) > 0 && time.Since(began) < refreshFor {
		s := g.stale[0]
		g.stale = g.stale[1:]
		if err := g.read(ctx, s); err != nil {
			g.stale = nil // the store does not answer: from the beginning, later
			return err
		}
	}
	return nil
}

// limited returns those who have been asked for lately and have a limit of audio.
func (g *Gate) limited(ctx context.Context) []*subject {
	g.mu.Lock()
	all := make([]*subject, 0, len(g.who))
	for _, s := range g.who {
		if s.open > 0 || s.known {
			all = append(all, s)
		}
	}
	g.mu.Unlock()
	some := all[:0]
	for _, s := range all {
		account, key := "", s.name.id
		if s.name.account {
			account, key = key, ""
		}
		l, err := g.opts.Limits.Limits(ctx, account, key)
		if err != nil {
			continue // what is known of him stays
		}
		own := l.Key
		if s.name.account {
			own = l.Account
		}
		if own.DayAudio > 0 || own.MonthAudio > 0 {
			some = append(some, s)
		}
	}
	return some
}

var _ Totals = (*store.Store)(nil)
