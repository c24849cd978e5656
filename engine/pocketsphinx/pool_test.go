//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// hollow returns a pool of searches without the library behind them, each of which takes a second to load.
func hollow(most int, loads *atomic.Int32) *pool {
	return newPool(most, func() (*search, error) {
		time.Sleep(time.Second)
		loads.Add(1)
		return &search{}, nil
	})
}

func mustTake(t *testing.T, p *pool) *search {
	t.Helper()
	s, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The second to come finds a search that was loaded ahead, and who finds none waits for one to come back, in order.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int32
		p := hollow(3, &loads)
		defer p.close()
		p.give(mustTake(t, p)) // as the engine does at the start
		first := mustTake(t, p)
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := loads.Load(); n != 2 {
			t.Errorf("%d searches loaded after the first was taken; expected one ahead", n)
		}
		began := time.Now()
		second := mustTake(t, p)
		if d := time.Since(began); d != 0 {
			t.Errorf("the second waited %v", d)
		}
		time.Sleep(2 * time.Second)
		third := mustTake(t, p)
		order := make(chan string, 2)
		for _, name := range []string{"a", "b"} {
			go func() { // ends when a search comes back
				s, err := p.take(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				order <- name
				p.give(s)
			}()
			synctest.Wait()
		}
		if n := loads.Load(); n != 3 {
			t.Errorf("%d searches loaded; expected no more than 3", n)
		}
		p.give(second)
		if got := <-order + <-order; got != "ab" {
			t.Errorf("order %q", got)
		}
		p.give(first)
		p.give(third)
	})
}

// Who stops waiting takes nothing from the others.
func TestPoolImpatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int32
		p := hollow(1, &loads)
		defer p.close()
		s := mustTake(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.take(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("take: %v", err)
		}
		p.give(s)
		p.give(mustTake(t, p))
	})
}

// A search that the library has given up makes room for another, for who waits as well.
func TestPoolBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int32
		p := hollow(1, &loads)
		defer p.close()
		s := mustTake(t, p)
		got := make(chan *search)
		go func() { // ends when there is room
			next, err := p.take(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		synctest.Wait()
		s.broken = true
		p.give(s)
		next := <-got
		if next == s || loads.Load() != 2 {
			t.Errorf("the broken one was handed out, or none was loaded: %d loads", loads.Load())
		}
		p.give(next)
	})
}

// A model that cannot be loaded is an error for each who asks, and blocks nobody.
func TestPoolCannotLoad(t *testing.T) {
	bad := errors.New("no memory")
	p := newPool(1, func() (*search, error) { return nil, bad })
	for range 3 {
		if _, err := p.take(t.Context()); !errors.Is(err, bad) {
			t.Errorf("take: %v", err)
		}
	}
	p.close()
	if _, err := p.take(t.Context()); stt.CodeOf(err) != stt.Closed {
		t.Errorf("take after close: %v", err)
	}
}

// Work that is abandoned gives its search back when it is done, and the pool's close waits for it.
func TestPoolAbandonedWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int32
		p := hollow(1, &loads)
		s := mustTake(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.run(ctx, s, func() error { time.Sleep(time.Minute); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
		began := time.Now()
		p.close()
		if d := time.Since(began); d != time.Minute {
			t.Errorf("close returned after %v; expected it to wait for the work", d)
		}
	})
}

// A panic in work that nobody else would catch is an error, and the search is replaced.
func TestPoolPanic(t *testing.T) {
	var loads atomic.Int32
	synctest.Test(t, func(t *testing.T) {
		p := hollow(1, &loads)
		defer p.close()
		if err := p.run(t.Context(), mustTake(t, p), func() error { panic("a bug") }); stt.CodeOf(err) != stt.Internal {
			t.Errorf("run: %v", err)
		}
		p.give(mustTake(t, p))
		if n := loads.Load(); n != 2 {
			t.Errorf("%d searches loaded; expected another in place of the one that failed", n)
		}
	})
}
