package session

import (
	"context"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func errDraining() error {
	return &stt.Error{Code: stt.Unavailable, Op: "open", RetryAfter: time.Second, Msg: "the server is shutting down; connect again"}
}

// Draining reports whether new streams are refused because the server is about to end.
func (s *Service) Draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// Active returns the number of open sessions.
func (s *Service) Active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Drain refuses new streams and waits for the running ones to end by themselves. When ctx is done first, it ends them with
// Unavailable and waits until their owners have closed them, but no longer than a few seconds.
func (s *Service) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.unpark()
	if s.empty(ctx) {
		return
	}
	for _, ses := range s.all() {
		ses.fail(&stt.Error{Code: stt.Unavailable, Op: "drain", RetryAfter: time.Second,
			Msg: "the server is shutting down and ends this stream; connect again"})
		ses.end()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.empty(last)
}

func (s *Service) empty(ctx context.Context) bool {
	for s.Active() > 0 {
		select {
		case <-s.left:
		case <-ctx.Done():
			return s.Active() == 0
		}
	}
	return true
}

// unpark ends what is held, and forgets all else: the server is about to end.
func (s *Service) unpark() {
	s.mu.Lock()
	all := make([]*parked, 0, len(s.parked)+len(s.winding))
	for _, p := range s.parked {
		if s.winding[p] == nil {
			all = append(all, p)
		}
	}
	for p := range s.winding {
		all = append(all, p)
	}
	clear(s.parked)
	s.mu.Unlock()
	var ending sync.WaitGroup
	defer ending.Wait()
	for _, p := range all {
		if p.timer != nil {
			ending.Go(func() { s.drop(p) }) // owned by unpark; ends with the stream, whose Close is bounded
		}
	}
}
