//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/earshot-stt/earshot/stt"
)

// pool hands out the searches of one model, at most a number of them at a time. A search belongs to the pool or to whoever
// took it. Searches are loaded when they are needed, one ahead of need, and kept.
type pool struct {
	most int
	load func() (*search, error)
	work sync.WaitGroup // the pool's goroutines; added to by who holds a search

	mu      sync.Mutex // guards all below
	idle    []*search
	total   int            // loaded or being loaded
	waiting []chan *search // who waits, first come first; nil is sent when there is room to load another
	closed  bool
}

func newPool(most int, load func() (*search, error)) *pool { return &pool{most: most, load: load} }

// take returns a search. It waits while all of them are in use.
func (p *pool) take(ctx context.Context) (*search, error) {
	for {
		p.mu.Lock()
		switch {
		case p.closed:
			p.mu.Unlock()
			return nil, &stt.Error{Code: stt.Closed, Op: "open", Msg: "the engine has been closed"}
		case len(p.idle) > 0:
			s := p.next()
			p.mu.Unlock()
			return s, nil
		case p.total < p.most:
			p.total++
			p.mu.Unlock()
			return p.loaded()
		}
		turn := make(chan *search, 1)
		p.waiting = append(p.waiting, turn)
		p.mu.Unlock()
		select {
		case s := <-turn:
			if s != nil {
				return s, nil
			}
		case <-ctx.Done():
			p.leave(turn)
			return nil, ctx.Err()
		}
	}
}

// next hands out the search that has been idle longest: all of them get to know long utterances soon, and take no more memory
// from then on. p.mu is held.
func (p *pool) next() *search {
	s := p.idle[0]
	p.idle = slices.Delete(p.idle, 0, 1)
	p.ahead()
	return s
}

// loaded loads a search that has been counted already.
func (p *pool) loaded() (*search, error) {
	s, err := p.load()
	if err != nil {
		p.lost()
		return nil, err
	}
	return s, nil
}

// ahead loads a search that nobody needs yet, so that the next to come need not wait for it. p.mu is held.
func (p *pool) ahead() {
	if len(p.idle) > 0 || p.total >= p.most {
		return
	}
	p.total++
	p.work.Go(func() { // owned by the pool, whose close waits for it; ends when the library has loaded the model
		if s, err := p.loaded(); err == nil {
			p.give(s)
		}
	})
}

// leave takes back a turn that nobody waits for any more.
func (p *pool) leave(turn chan *search) {
	p.mu.Lock()
	for i := range p.waiting {
		if p.waiting[i] == turn {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.mu.Unlock()
			return
		}
	}
	p.mu.Unlock()
	if s := <-turn; s != nil { // it came at the same moment
		p.give(s)
	} else {
		p.wake(nil)
	}
}

// wake gives s to the first who waits and reports whether there was one.
func (p *pool) wake(s *search) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wakeLocked(s)
}

func (p *pool) wakeLocked(s *search) bool {
	if len(p.waiting) == 0 {
		return false
	}
	p.waiting[0] <- s
	p.waiting = p.waiting[1:]
	return true
}

// give takes a search back. One that the library has given up is replaced when next needed. One that still has an
// utterance is ended first, and one that was adapted to somebody gets its model back, both of which nobody waits for.
func (p *pool) give(s *search) {
	switch {
	case s.broken:
		s.free()
		p.lost()
	case s.open:
		p.work.Go(func() { // owned by the pool, whose close waits for it; ends when the library has done its work
			s.end() //nolint:errcheck // the search remembers what became of it
			p.give(s)
		})
	case s.bias != nil:
		p.work.Go(func() { // as above
			if s.adapt(nil); s.broken { //nolint:errcheck // a pass makes up for a bias that is still there
				p.give(s)
				return
			}
			p.back(s)
		})
	default:
		p.back(s)
	}
}

// back hands s to who waits first, or keeps it.
func (p *pool) back(s *search) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wakeLocked(s) {
		p.idle = append(p.idle, s)
	}
}

// lost notes that a search is gone for good.
func (p *pool) lost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total--
	p.wakeLocked(nil)
}

// run does work with a search that cannot be interrupted. The search comes back to the pool after the work, also when ctx is
// done first and nobody waits any more.
func (p *pool) run(ctx context.Context, s *search, work func() error) error {
	done := make(chan error, 1)
	p.work.Go(func() { // owned by the pool, whose close waits for it; ends when the library has done its work
		err := guarded(s, work)
		p.give(s)
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// guarded works with a search and turns a panic into an error: it would end the process. The search is not to be trusted then.
func guarded(s *search, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.broken = true
			err = &stt.Error{Code: stt.Internal, Op: "decode", Msg: "the speech recogniser failed", Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return work()
}

// close waits for the pool's own work and frees the searches. The streams must have given theirs back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.work.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle {
		s.free()
	}
	p.idle = nil
}
