//go:build pocketsphinx

package pocketsphinx

import (
	"fmt"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// retryAfter is what we tell callers that found no slot: streams last for seconds to minutes.
const retryAfter = 2 * time.Second

// pool hands out searches, at most max at a time. A search belongs to the pool or to whoever took it. Searches are
// loaded when they are first needed and kept.
type pool struct {
	max  int
	load func() (*search, error)
	late sync.WaitGroup // the goroutines of end and giveLater; added to only by who holds a search

	mu     sync.Mutex // guards all below
	idle   []*search
	taken  int
	closed bool
	back   *sync.Cond // a search has come back
}

func newPool(most int, load func() (*search, error)) *pool {
	p := &pool{max: most, load: load}
	p.back = sync.NewCond(&p.mu)
	return p
}

// take returns a search, or Exhausted at once.
func (p *pool) take() (*search, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &stt.Error{Code: stt.Closed, Op: "open", Msg: "the engine has been closed"}
	}
	if p.taken == p.max {
		return nil, &stt.Error{Code: stt.Exhausted, Op: "open", Option: "pocketsphinx.slots", RetryAfter: retryAfter,
			Msg: "all slots of the engine are taken; try again",
			Err: fmt.Errorf("option \"pocketsphinx.slots\" is %d; a higher one admits more streams at a time", p.max)}
	}
	p.taken++
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return s, nil
	}
	p.mu.Unlock()
	s, err := p.load()
	p.mu.Lock()
	if err != nil {
		p.taken--
		p.back.Broadcast()
		return nil, err
	}
	return s, nil
}

// give takes a search back. One that the library has given up is replaced when next needed.
func (p *pool) give(s *search) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if s.broken {
		s.free()
	} else {
		p.idle = append(p.idle, s)
	}
	p.back.Broadcast()
}

// giveLater takes a search back once done has been told.
func (p *pool) giveLater(s *search, done <-chan error) {
	p.late.Go(func() { // owned by the pool, whose close waits for it; ends when the library has done its work
		<-done //nolint:errcheck // the search remembers what became of it
		p.give(s)
	})
}

// end runs what ends the utterance of a search and tells when it has returned. Nobody else may use the search until then.
func (p *pool) end(work func() error) <-chan error {
	ended := make(chan error, 1)
	p.late.Go(func() { ended <- work() }) // owned by the pool, whose close waits for it; ends when the library has done its work
	return ended
}

// close waits for all searches to come back and frees them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for p.taken > 0 {
		p.back.Wait()
	}
	p.mu.Unlock()
	p.late.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle {
		s.free()
	}
	p.idle = nil
}
