package identity

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// What guessing costs. A person who has mistyped a key, or a program with an old one, never notices; a list of guesses takes years.
const (
	freeGuesses  = 10              // wrong ones that an address has free
	forgiveEvery = 3 * time.Second // one more is forgiven after each
	guessDelay   = time.Second     // until those beyond are answered
	mostWaiting  = 64              // who are kept waiting at a time; more are turned away at once
	mostAddrs    = 4096            // whose guesses are counted
)

// Throttle slows down whoever guesses, by address: one of IPv4, or a network of 64 bits of IPv6, which one customer has for
// himself. All addresses that cannot be read count as one. Its memory is bounded. Who has the right credentials is never slowed,
// wherever he comes from. Get one from [NewThrottle].
type Throttle struct {
	waiting chan struct{} // a token for each who is kept waiting

	mu    sync.Mutex // guards what follows
	count map[netip.Prefix]guesses
	swept time.Time
}

// guesses are wrong ones of an address. They are forgiven one by one.
type guesses struct {
	n  float64 // at the time
	at time.Time
}

// left returns how many are not forgiven at a time.
func (g guesses) left(now time.Time) float64 {
	return max(0, g.n-now.Sub(g.at).Seconds()/forgiveEvery.Seconds())
}

// NewThrottle returns a throttle that has seen nobody.
func NewThrottle() *Throttle {
	return &Throttle{waiting: make(chan struct{}, mostWaiting), count: map[netip.Prefix]guesses{}}
}

// Check returns nil where an address may try, else an [stt.Quota] error with the time to wait. remote is what package
// net/http calls a remote address.
func (t *Throttle) Check(remote string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.count[network(remote)].left(time.Now())
	if left < freeGuesses {
		return nil
	}
	wait := time.Duration((left - freeGuesses + 1) * float64(forgiveEvery))
	return &stt.Error{Code: stt.Quota, Op: "authenticate", Msg: "too many wrong credentials came from this address; wait and try again", RetryAfter: wait}
}

// Failed notes that what an address presented was wrong.
func (t *Throttle) Failed(remote string) {
	from, now := network(remote), time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.count[from]; !known && len(t.count) >= mostAddrs {
		t.sweep(now)
	}
	// Not without end: who has stopped guessing is soon forgiven.
	t.count[from] = guesses{n: min(t.count[from].left(now)+1, 2*freeGuesses), at: now}
}

// sweep drops the addresses that are forgiven, which it looks for once a second at most, and some one where there are still too
// many. mu must be held.
func (t *Throttle) sweep(now time.Time) {
	if now.Sub(t.swept) >= time.Second {
		t.swept = now
		for from, g := range t.count {
			if g.left(now) == 0 {
				delete(t.count, from)
			}
		}
	}
	if len(t.count) >= mostAddrs {
		evict(t.count)
	}
}

// Guessed notes that what an address presented was wrong, and returns nil when that may be said: at once for the first few times, a
// second later for those beyond, or when ctx is done. Where many are kept waiting already it returns an [stt.Quota] error at once,
// which is all that may be said.
func (t *Throttle) Guessed(ctx context.Context, remote string) error {
	slow := t.Check(remote)
	t.Failed(remote)
	if slow == nil {
		return nil
	}
	select {
	case t.waiting <- struct{}{}:
		defer func() { <-t.waiting }()
	default:
		return slow
	}
	delay := time.NewTimer(guessDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-ctx.Done():
	}
	return nil
}

// network returns whose guesses an address's are.
func network(remote string) netip.Prefix {
	const customer = 64 // bits of IPv6
	addr, ok := auth.Address(remote)
	switch {
	case !ok:
		return netip.Prefix{}
	case addr.Is4():
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	p, _ := addr.Prefix(customer)
	return p
}
