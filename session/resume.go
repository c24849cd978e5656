package session

import (
	"context"
	"reflect"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// A session with a resume window outlives its connection. When the client is gone in the middle of its audio, the recognizer's
// stream is held for a while, so that who comes back with the same id goes on where he was, in mid-word; after that it is ended,
// and what remains is where the times go on and the finals that nobody was told. hold.go has what is kept between two
// connections; here stands how it is come by.

// identity is by whom, and under which id, a session can be found again.
type identity struct{ caller, id string }

func (r *Request) identity() identity { return identity{r.Caller, r.ID} }

// confirmed is how much older than fresh audio from a client a final must be to count as received: somebody whose connection
// is dead sends nothing more, but what we write then seems to go out for a while.
const confirmed = time.Second

// pause is how long a client's audio must have been waited for to be fresh. What was there already, because we are slower
// than the client sends, may have been sent long ago.
const pause = 5 * time.Millisecond

// mostTold bounds how many finals are given again.
const mostTold = 1000

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

// received forgets the finals that have surely been received, and returns the others. s.mu is held.
func (s *Session) received() []told {
	open := s.told[:0]
	for _, t := range s.told[max(len(s.told)-mostTold, 0):] {
		if !t.at.Before(s.fresh.Add(-confirmed)) {
			open = append(open, t)
		}
	}
	clear(s.told[len(open):])
	return open
}

// Lose says that the caller's connection is gone: Next, Write and CloseSend give why from now on. Without a resume window that is
// Abort. With one, Close keeps what there is for when the caller comes back, once a Write that is under way has ended: audio
// that has come counts.
func (s *Session) Lose(why error) {
	if s.req.Resume <= 0 {
		s.Abort(why)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left, s.leftAt = stt.AsError(why), time.Now()
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

// claim ends the session that has the request's identity, and returns what there is to go on from; nil: nothing. A session comes
// with it where its stream is still open and takes more of the same audio. Whoever claims has the identity's turn.
func (s *Service) claim(ctx context.Context, r *Request) (*parked, *Session, error) {
	if err := s.evict(ctx, r.identity()); err != nil {
		return nil, nil, err
	}
	p := s.take(r.identity())
	if p == nil {
		return nil, nil, nil
	}
	if r.Resume <= 0 || !time.Now().Before(p.until) {
		s.drop(p)
		return nil, nil, nil
	}
	if p.goesOn && sameStream(&p.cfg, &r.Config) {
		if ses := s.unhold(p, false); ses != nil {
			return p, ses, nil
		}
	}
	s.expire(p) // if nobody is at it
	select {
	case <-p.ended:
		return p, nil, nil
	case <-ctx.Done():
		s.putBack(r.identity(), p)
		return nil, nil, errBusy(ctx)
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
			return errBusy(ctx)
		}
	}
}

func errTaken() error {
	return &stt.Error{Code: stt.Conflict, Op: "next", Msg: "another stream is in progress with the same session id"}
}

func errBusy(ctx context.Context) error {
	return &stt.Error{Code: stt.Unavailable, Op: "open", RetryAfter: time.Second, Err: ctx.Err(),
		Msg: "the stream that had the same session id has not ended yet; connect again"}
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
	s.intake.sniffed = true                // these are not the first bytes
	s.req.Config.Start = old.req.Config.Start
	s.before = old.accepted()
	s.from = old.req.Config.Start + old.intake.from.Duration(old.intake.came)
}

// queue is those who open a session with one identity. One of them has the turn.
type queue struct {
	turn turn
	long int // guarded by the service's mutex
}

// enter waits for the turn of an identity, so that one who opens finds what the one before has left behind, and not half of it.
func (s *Service) enter(ctx context.Context, id identity) (leave func(), err error) {
	if id.id == "" {
		return func() {}, nil
	}
	s.mu.Lock()
	q := s.opening[id]
	if q == nil {
		q = &queue{turn: make(turn, 1)}
		s.opening[id] = q
	}
	q.long++
	s.mu.Unlock()
	quit := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if q.long--; q.long == 0 {
			delete(s.opening, id)
		}
	}
	select {
	case q.turn <- struct{}{}:
		return func() { q.turn.give(); quit() }, nil
	case <-ctx.Done():
		quit()
		return nil, errBusy(ctx)
	}
}
