package session

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// A session with a resume window outlives its connection. When the client is gone in the middle of its audio, the recognizer's stream
// is held for a while, so that who comes back with the same id goes on where he was, in mid-word; after that it is ended, and
// what remains is where the times go on and the finals that nobody was told.

// identity is by whom, and under which id, a session can be found again.
type identity struct{ caller, id string }

func (r *Request) identity() identity { return identity{r.Caller, r.ID} }

// confirmed is how much older than the latest audio from a client a final must be to count as received: somebody whose
// connection is dead sends nothing more, but what we write then seems to go out for a while.
const confirmed = 250 * time.Millisecond

// mostParked bounds how many sessions wait to be taken up again.
const mostParked = 10000

// parked is what is kept of a session between two connections. The service's mutex guards it until it has been taken out of
// Service.parked; then it belongs to whoever took it.
type parked struct {
	until time.Time   // end of the window
	at    stt.Time    // where times go on
	said  []stt.Event // finals that nobody was told, or not for certain
	held  *Session    // its stream is still open; nil: it is not, or somebody is at it
	timer *time.Timer // ends the holding; nil: it has not been held
	// goesOn says that the stream that is held can take more audio.
	goesOn bool
	ended  chan struct{} // closed when at and said are there
}

// told is a final that was given to the caller.
type told struct {
	ev stt.Event
	at time.Time
}

// tell notes a final that Next gives, and forgets those that have surely been received.
func (s *Session) tell(ev *stt.Event) {
	if s.req.Resume <= 0 || ev.Kind != stt.EventSegment || !ev.Segment.Final {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.received(), told{*ev, time.Now()})
}

// received returns the finals that may not have been received. s.mu is held.
func (s *Session) received() []told {
	open := s.told[:0]
	for _, t := range s.told {
		if !t.at.Before(s.heard.Add(-confirmed)) {
			open = append(open, t)
		}
	}
	return open
}

// Lose says that the caller's connection is gone: Next and Write give why from now on. Without a resume window that is Abort. With
// one, Close keeps what there is for when the caller comes back.
func (s *Session) Lose(why error) {
	if s.req.Resume <= 0 {
		s.Abort(why)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left = stt.AsError(why)
	}
	if s.moved != nil {
		s.moved()
	}
}

// gone returns what Lose was given.
func (s *Session) gone() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// ResumedAt is the session time at which the caller's next audio belongs; 0 for a session that begins.
func (s *Session) ResumedAt() stt.Time { return s.from }

// park keeps what the caller may come back for, and reports whether the recognizer's stream is held open, which Close leaves
// alone then. The session's sides have ended.
func (s *Service) park(ses *Session) (holds bool) {
	if ses.req.Resume <= 0 || ses.req.ID == "" {
		return false
	}
	p := &parked{until: ses.window, at: ses.req.Config.Start + ses.accepted(), ended: make(chan struct{})}
	ses.mu.Lock()
	lost := ses.left != nil
	alive := ses.failure == nil && ses.broken == nil && ses.lost == nil
	p.goesOn = ses.ended.IsZero() && ses.intake.dec == nil // a container would begin anew in the middle
	if lost {
		for _, t := range ses.received() {
			p.said = append(p.said, t.ev)
		}
	}
	p.said = append(p.said, ses.pending...)
	ses.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if s.draining || len(s.parked) >= mostParked || time.Now().After(p.until) {
		return false
	}
	s.parked[ses.req.identity()] = p
	if !lost || !alive {
		close(p.ended)
		return false
	}
	wait := time.Duration(0) // for its last results
	if p.goesOn {
		wait = s.opts.Limits.Hold
	}
	p.held = ses
	p.timer = time.AfterFunc(wait, func() { s.expire(p) }) // what it calls ends within Limits.Finish
	return true
}

// forget drops what can no longer be taken up. s.mu is held.
func (s *Service) forget() {
	now := time.Now()
	for id, p := range s.parked {
		if p.held == nil && now.After(p.until) {
			delete(s.parked, id)
		}
	}
}

// expire ends the holding of a stream that nobody has come back for.
func (s *Service) expire(p *parked) {
	if ses := s.unhold(p); ses != nil {
		p.at, p.said = ses.windUp(p.said)
		close(p.ended)
	}
}

// unhold returns the session whose stream p holds, to the first who asks.
func (s *Service) unhold(p *parked) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := p.held
	p.held = nil
	return ses
}

// windUp ends a stream that was held, and returns where its audio ends and the finals that nobody has been told.
func (s *Session) windUp(said []stt.Event) (stt.Time, []stt.Event) {
	ctx, cancel := context.WithTimeout(context.Background(), s.svc.opts.Limits.Finish)
	defer cancel()
	if err := s.CloseSend(ctx); err == nil {
		for {
			ev, err := s.stream.Recv(ctx)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					s.log.Warn("the results for who may come back are incomplete", slog.Any("error", err))
				}
				break
			}
			s.rewrite(&ev)
			if ev.Kind == stt.EventSegment && ev.Segment.Final {
				said = append(said, ev)
			}
		}
	}
	s.release()
	return s.req.Config.Start + s.accepted(), said
}

// claim ends the session that has the request's identity, and returns what there is to go on from; nil: nothing. A session comes
// with it where its stream is still open and takes more audio.
func (s *Service) claim(ctx context.Context, r *Request) (*parked, *Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Limits.Finish)
	defer cancel()
	if err := s.evict(ctx, r.identity()); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	p := s.parked[r.identity()]
	delete(s.parked, r.identity())
	s.mu.Unlock()
	if p == nil {
		return nil, nil, nil
	}
	wanted := r.Resume > 0 && time.Now().Before(p.until)
	if wanted && p.goesOn {
		ses := s.unhold(p)
		if ses != nil && sameStream(&ses.req.Config, &r.Config) {
			p.timer.Stop()
			return p, ses, nil
		}
		if ses != nil {
			p.at, p.said = ses.windUp(p.said)
			close(p.ended)
			return p, nil, nil
		}
	}
	if p.timer != nil {
		p.timer.Stop()
		s.expire(p)
	}
	if !wanted {
		return nil, nil, nil
	}
	select {
	case <-p.ended:
		return p, nil, nil
	case <-ctx.Done():
		return nil, nil, stt.AsError(ctx.Err())
	}
}

// putBack keeps p for another try, unless somebody has begun anew.
func (s *Service) putBack(id identity, p *parked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parked[id] == nil && s.live[id] == nil && !s.draining {
		s.parked[id] = p
	}
}

// evict ends the session that has the identity and a connection, if there is one, and waits until it has ended.
func (s *Service) evict(ctx context.Context, id identity) error {
	for {
		s.mu.Lock()
		old := s.live[id]
		s.mu.Unlock()
		if old == nil {
			return nil
		}
		old.Lose(errTaken())
		select {
		case <-old.over:
		case <-ctx.Done():
			return &stt.Error{Code: stt.Unavailable, Op: "open", RetryAfter: time.Second, Err: ctx.Err(),
				Msg: "the stream that had the same session id has not ended yet; connect again"}
		}
	}
}

func errTaken() error {
	return &stt.Error{Code: stt.Conflict, Op: "next", Msg: "another stream is in progress with the same session id"}
}

// sameStream reports whether the stream that was opened for one request does for another.
func sameStream(a, b *stt.Config) bool {
	x, y := *a, *b
	x.Start, y.Start = 0, 0
	return reflect.DeepEqual(x, y)
}

// takeUp makes s go on with the stream of a session that is held.
func (s *Session) takeUp(old *Session) {
	s.stream, s.leave, s.features, s.intake, s.model, s.mark = old.stream, old.leave, old.features, old.intake, old.model, old.mark
	s.intake.odd, s.intake.head = nil, nil // what was cut off is gone
	s.req.Config.Start = old.req.Config.Start
	s.before = old.accepted()
	s.from = s.req.Config.Start + s.before
}

// unpark ends what is held, and forgets all else: the server is about to end.
func (s *Service) unpark() {
	s.mu.Lock()
	all := s.parked
	s.parked = map[identity]*parked{}
	s.mu.Unlock()
	for _, p := range all {
		switch ses := s.unhold(p); {
		case ses != nil:
			p.timer.Stop()
			ses.release()
		case p.timer != nil:
			<-p.ended // somebody is at it
		}
	}
}
