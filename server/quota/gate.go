package quota

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Limits are those of a key and of its account. A zero value is no limit of its own.
type Limits struct{ Account, Key store.Limits }

// Source says which limits are in force.
type Source interface {
	// Limits returns the limits of an account and of one of its keys as they are now; either may be empty: nobody. It is called for every request, and
	// twice a second for everybody who has a stream open, and so answers from memory. It may be called concurrently.
	Limits(ctx context.Context, account, key string) (Limits, error)
}

// Totals says how much audio was used. *store.Store implements it.
type Totals interface {
	UsageTotals(ctx context.Context, of store.UsageOf, since time.Time) (time.Duration, error)
}

// Options make a Gate. The zero value admits everybody.
type Options struct {
	Limits  Source       // nil: nobody has limits of his own
	Totals  Totals       // nil: what was used before the start does not count
	Streams int          // at a time in the whole server; 0 or less: any number
	Each    int          // at a time of an account, where neither it nor the key has a number of its own; 0 or less: any number
	Log     *slog.Logger // is told who goes beyond a limit that only warns; nil: nobody is
}

// Gate admits streams and other requests within their limits. It implements session.Gate. Its methods may be called concurrently.
type Gate struct {
	opts Options // immutable

	mu    sync.Mutex // guards all below, and the subjects
	open  int
	who   map[name]*subject
	swept time.Time // when those were last looked for whom nobody needs

	// Owned by who calls Refresh.
	stale     []*subject // whose totals are to be read again
	refreshed time.Time  // when the round began
}

// name is whose limits are meant: those of an account or of a key.
type name struct {
	account bool
	id      string
}

// New returns a gate with nobody in it.
func New(opts Options) *Gate {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{opts: opts, who: map[name]*subject{}, swept: time.Now()}
}

// pair is a key and its account, with the limits of both.
type pair struct {
	account, key *subject // account is nil where the key belongs to none
	limits       Limits
	apart        bool // the stream does not count where others are held to the default
}

// each calls do for the key and for the account, until there is an error.
func (p *pair) each(do func(s *subject, l *store.Limits) error) error {
	if err := do(p.key, &p.limits.Key); err != nil || p.account == nil {
		return err
	}
	return do(p.account, &p.limits.Account)
}

// pair looks up who asks. It makes those that are not there yet.
func (g *Gate) pair(ctx context.Context, account, key string) (*pair, error) {
	p := &pair{}
	if g.opts.Limits != nil {
		var err error
		if p.limits, err = g.opts.Limits.Limits(ctx, account, key); err != nil {
			return nil, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(time.Now())
	p.key = g.subject(name{false, key})
	if account != "" {
		p.account = g.subject(name{true, account})
	}
	return p, nil
}

// subject returns the one with the name. g.mu is held.
func (g *Gate) subject(n name) *subject {
	s := g.who[n]
	if s == nil {
		s = &subject{name: n}
		g.who[n] = s
	}
	s.asked = time.Now()
	return s
}

// Admit implements session.Gate. Who has enough of his own is told so, whether the server is full or not. It fails with Quota,
// saying after how long it is worth trying again, and with Exhausted where the server is full. It waits for nothing but, for who
// has not been here for long and has a limit of audio, one look into the store.
func (g *Gate) Admit(ctx context.Context, r *session.Request) (release func(), err error) {
	p, err := g.pair(ctx, r.Account, r.Payer())
	if err != nil {
		return nil, err
	}
	if err := g.request(p); err != nil {
		return nil, err
	}
	g.learn(ctx, p)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.places(p); err != nil {
		return nil, err
	}
	if err := p.each(g.audio); err != nil {
		return nil, err
	}
	if g.opts.Streams > 0 && g.open >= g.opts.Streams {
		return nil, full(g.opts.Streams)
	}
	p.apart = p.limits.Key.Streams > 0
	g.move(p, 1)
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.move(p, -1)
	}), nil
}

// move counts a stream that begins or has ended. g.mu is held.
func (g *Gate) move(p *pair, n int) {
	g.open += n
	for _, s := range []*subject{p.key, p.account} {
		if s == nil {
			continue
		}
		s.open += n
		if p.apart {
			s.apart += n
		}
	}
}

// places says whether there is a place for one more stream. g.mu is held.
func (g *Gate) places(p *pair) error {
	own, of := p.limits.Key.Streams, p.limits.Account.Streams
	if own > 0 && p.key.open >= own {
		return crowded("key", own)
	}
	whole := p.account
	if whole == nil {
		whole = p.key
	}
	switch {
	case of > 0 && whole.open >= of:
		return crowded("account", of)
	case of <= 0 && own <= 0 && g.opts.Each > 0 && whole.open-whole.apart >= g.opts.Each: // what has a number of its own takes no place from the rest
		return crowded("account", g.opts.Each)
	}
	return nil
}

// Request counts a request that opens no stream. It fails with Quota where they come faster than the key or its account may send
// them.
func (g *Gate) Request(ctx context.Context, account, key string) error {
	p, err := g.pair(ctx, account, key)
	if err != nil {
		return err
	}
	return g.request(p)
}

// request takes one request out of the buckets of the key and the account, out of both or of none.
func (g *Gate) request(p *pair) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	err := p.each(func(s *subject, l *store.Limits) error {
		if wait := s.bucket.fill(now, l); wait > 0 {
			return tooFast(s.noun(), l.Rate, wait)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.each(func(s *subject, _ *store.Limits) error {
		s.bucket.take()
		return nil
	})
}

// Used is what a key or an account has used.
type Used struct {
	Streams    int // open on this server
	Day, Month time.Duration
	Known      bool // whether Day and Month are: they are looked up where there is a limit
}

// Used returns what an account and a key have used so far. One without a name has used nothing.
func (g *Gate) Used(account, key string) (ofAccount, ofKey Used) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	look := func(n name) (u Used) {
		s := g.who[n]
		if s == nil {
			return u
		}
		u.Streams = s.open
		if u.Known = s.known; u.Known {
			s.turn(now)
			u.Day, u.Month = s.day(), s.month()
		}
		return u
	}
	if account != "" {
		ofAccount = look(name{true, account})
	}
	if key != "" {
		ofKey = look(name{false, key})
	}
	return ofAccount, ofKey
}

// forgetAfter is how long somebody is remembered who has no stream.
const forgetAfter = 10 * time.Minute

// sweep forgets whom nobody needs. g.mu is held.
func (g *Gate) sweep(now time.Time) {
	if now.Sub(g.swept) < time.Minute {
		return
	}
	g.swept = now
	for n, s := range g.who {
		if s.open == 0 && now.Sub(s.asked) > forgetAfter && s.bucket.full(now) {
			delete(g.who, n)
		}
	}
}

func tooFast(noun string, rate float64, wait time.Duration) error {
	return &stt.Error{Code: stt.Quota, Op: "open", RetryAfter: wait,
		Msg: "the " + noun + " sends more than " + perSecond(rate) + "; try again in " + rounded(wait)}
}
