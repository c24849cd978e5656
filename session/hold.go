package session

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// mostParked bounds how many sessions wait to be taken up again.
const mostParked = 10000

// sweepEvery is the least time between two searches for sessions whose window is over.
const sweepEvery = 10 * time.Second

// parked is what is kept of a session between two connections.
type parked struct {
	// Immutable.
	until time.Time  // end of the window
	cfg   stt.Config // as asked for
	// goesOn says that the stream that was held could take more audio.
	goesOn bool
	timer  *time.Timer // ends the holding; nil: it was not held

	held *Session // guarded by the service's mutex: its stream is still open; nil: it is not, or somebody is at it

	// Of whoever made ended closed, and then of whoever has taken it out of Service.parked.
	ended chan struct{} // closed when these are there; never where the stream has been taken up
	at    stt.Time      // where times go on
	said  []stt.Event   // finals that nobody was told, or not for certain
}

// park keeps what the caller may come back for, and reports whether the recognizer's stream is held open, which Close leaves
// alone then. The read side has ended.
func (s *Service) park(ses *Session, reason error) (holds bool) {
	if ses.req.Resume <= 0 || ses.req.ID == "" {
		return false
	}
	lost := ses.gone() != nil
	if !lost {
		ses.end() // nothing of it will be held, and no Write is to be waited for
	}
	ses.writing.take() // audio that has come counts, and from now on none is taken
	defer ses.writing.give()
	p := &parked{until: ses.window, cfg: ses.req.Config, ended: make(chan struct{})}
	ses.mu.Lock()
	// What failed in the middle of an event knows less than it should.
	alive := lost && ses.failure == nil && ses.broken == nil && ses.lost == nil && stt.CodeOf(reason) != stt.Internal
	p.goesOn = ses.ended.IsZero() && ses.intake.dec == nil // a container would begin anew in the middle
	if lost {
		for _, t := range ses.received() {
			p.said = append(p.said, t.ev)
		}
	}
	p.said = append(p.said, ses.pending...)
	ses.mu.Unlock()
	if !alive {
		p.at = ses.position()
		close(p.ended)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	if s.draining || len(s.parked) >= mostParked || !time.Now().Before(p.until) {
		return false
	}
	s.parked[ses.req.identity()] = p
	if !alive {
		return false
	}
	wait := time.Duration(0) // for its last results
	if p.goesOn {
		wait = max(s.opts.Limits.Hold, 0)
	}
	p.held = ses
	p.timer = time.AfterFunc(wait, func() { s.expire(p) }) // what it calls ends within ten times Limits.Finish, and Drain cuts it short
	return true
}

// sweep forgets what can no longer be taken up. s.mu is held.
func (s *Service) sweep() {
	now := time.Now()
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	maps.DeleteFunc(s.parked, func(_ identity, p *parked) bool {
		return p.held == nil && s.winding[p] == nil && !now.Before(p.until)
	})
}

// take takes what is kept for an identity; nil: nothing is.
func (s *Service) take(id identity) *parked {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parked[id]
	delete(s.parked, id)
	return p
}

// putBack keeps p for another try. Whoever puts it back has the identity's turn, so nobody has begun anew.
func (s *Service) putBack(id identity, p *parked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.draining {
		s.parked[id] = p
	}
}

// unhold returns the session whose stream p holds, to the first who asks. It says whether that is to be wound up.
func (s *Service) unhold(p *parked, windUp bool) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := p.held
	if ses != nil {
		p.timer.Stop()
		if windUp {
			s.winding[p] = ses
		}
	}
	p.held = nil
	return ses
}

// expire ends the holding of a stream, unless somebody is at it, and makes sure of its last words.
func (s *Service) expire(p *parked) {
	ses := s.unhold(p, true)
	if ses == nil {
		return
	}
	p.at, p.said = ses.windUp(p.said)
	s.mu.Lock()
	delete(s.winding, p)
	s.mu.Unlock()
	close(p.ended)
}

// drop ends what p holds, at once, and returns when it has ended. Nobody wants its words.
func (s *Service) drop(p *parked) {
	if ses := s.unhold(p, false); ses != nil {
		ses.release()
		return
	}
	s.mu.Lock()
	ses := s.winding[p]
	s.mu.Unlock()
	if ses != nil {
		ses.end() // somebody is at it, and has no more to wait for
		<-p.ended
	}
}

// windUp ends a stream that was held, gives back what it took, and returns where its audio ends and the finals that nobody has
// been told. It runs where nobody else would catch a panic.
func (s *Session) windUp(said []stt.Event) (at stt.Time, all []stt.Event) {
	all = said
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("the stream failed unexpectedly while nobody was connected", slog.Any("error", fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
		}
		s.release()
		at = s.position()
	}()
	ctx := newPatience(&s.svc.opts.Limits)
	defer ctx.release()
	s.writing.take()
	err := s.closeSend(ctx)
	s.writing.give()
	if err != nil && s.stream.CloseSend() != nil { // rather without the resampler's tail than without finals
		return at, all
	}
	for {
		ev, err := s.stream.Recv(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return at, all
		case err != nil:
			s.log.Warn("the results for who may come back are incomplete", slog.Any("error", err))
			return at, all
		}
		ctx.moves()
		s.rewrite(&ev)
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			all = append(all, ev)
		}
	}
}
