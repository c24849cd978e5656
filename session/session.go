package session

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// Session is one caller's stream. Write, Flush and CloseSend form the write side, Next the read side; one goroutine may use
// each. Abort may be called from any goroutine at any time. Whoever opened it calls Close once, when both sides have ended
// or will not be used again.
type Session struct {
	// Immutable.
	svc      *Service
	req      *Request
	serial   string
	model    string
	language string
	log      *slog.Logger
	stream   stt.Stream
	leave    func() // gives back the place that the Gate gave
	opened   time.Time
	window   time.Time     // until when it may be taken up again
	from     stt.Time      // where it went on; 0: it began
	before   time.Duration // audio that others have sent to the same stream
	mark     string        // makes the ids of segments other than those of the streams before
	over     chan struct{} // closed when Close has done its work
	witness  Witness       // set before anybody else has the session; nil: nobody looks

	features feature.Chain // owned by the read side
	finals   int
	partials int
	spoken   [2]string // the last segment that the witness was told of, by channel

	taken   atomic.Int64 // audio time that the recognizer has taken of this session, for who cannot wait for writing
	arrived arrivals

	writing turn          // taken by the write side in every call, so that the read side can end the audio in between
	intake  intake        // guarded by writing
	lost    error         // guarded by writing: why audio did not reach the recognizer, after which no more may
	lag     time.Duration // guarded by writing: the furthest that the decoder was behind, where the stream can tell

	mu      sync.Mutex  // guards all below
	heard   time.Time   // when audio last came
	fresh   time.Time   // when it last came that had been waited for
	busy    bool        // a Write is under way, so nobody is idle
	ended   time.Time   // when the audio ended; zero: not yet
	moving  time.Time   // when the recognizer last said anything
	failure error       // why the session ends, where it is not the stream that says so
	stopped time.Time   // when End was called, whose reason is the failure; zero: it was not
	left    error       // why the caller is not there any more
	leftAt  time.Time   // since when
	pending []stt.Event // what others were not told
	told    []told      // finals that may not have been received
	broken  error       // what Send said of a stream that has failed by itself, whose reason Recv has
	closed  bool
	moved   context.CancelFunc // makes a Recv that waits look at the deadline again; nil: none has begun
	giveUp  context.CancelFunc // ends the wait of the write side; nil: it does not wait
}

// ID returns the identifier of the session.
func (s *Session) ID() string { return s.req.ID }

// Model returns the identifier of the model that answers.
func (s *Session) Model() string { return s.model }

// Next returns the next event, with features applied; io.EOF after the last one; an *stt.Error when the session has failed:
// the recognizer's reason, or Idle, TooLong, DeadlineExceeded, or what Abort was given. Before Idle and TooLong the finals
// of what was said are given. When ctx is done first, no event has been lost.
func (s *Session) Next(ctx context.Context) (stt.Event, error) {
	if ev, ok := s.first(); ok {
		s.tell(&ev)
		return ev, nil
	}
	for {
		if why := s.gone(); why != nil {
			return stt.Event{}, why
		}
		bounded, cancel, at := s.bound(ctx)
		ev, err := s.stream.Recv(bounded)
		over := bounded.Err() // before cancel: the stream's own error may wrap a context's
		cancel()
		switch {
		case err == nil:
			s.moves()
			s.count(&ev)
			s.rewrite(&ev)
			s.tell(&ev)
			return ev, nil
		case ctx.Err() != nil:
			return stt.Event{}, ctx.Err()
		case errors.Is(over, context.Canceled) && errors.Is(err, over): // the deadline has moved
		case errors.Is(over, context.DeadlineExceeded) && errors.Is(err, over):
			// Audio may have come in the meantime: look again, and only then act.
			s.mu.Lock()
			again, overdue := s.deadline()
			s.mu.Unlock()
			if !again.After(at) && !s.expire(overdue) {
				return stt.Event{}, s.reason(overdue)
			}
		default:
			return stt.Event{}, s.reason(err)
		}
	}
}

// first returns what the caller was not told before his connection broke.
func (s *Session) first() (stt.Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 || s.left != nil {
		return stt.Event{}, false
	}
	ev := s.pending[0]
	s.pending = s.pending[1:]
	return ev, true
}

// rewrite applies the features.
func (s *Session) rewrite(ev *stt.Event) {
	if s.mark != "" && ev.Kind == stt.EventSegment {
		ev.Segment.ID = s.mark + ev.Segment.ID
	}
	s.features.Rewrite(ev)
}

// bound returns a context for one Recv, done when the session is overdue or the deadline moves.
func (s *Session) bound(ctx context.Context) (context.Context, context.CancelFunc, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := s.deadline()
	var bounded context.Context
	var cancel context.CancelFunc
	if at.IsZero() {
		bounded, cancel = context.WithCancel(ctx)
	} else {
		bounded, cancel = context.WithDeadline(ctx, at)
	}
	s.moved = cancel
	if s.left != nil {
		cancel()
	}
	return bounded, cancel, at
}

// deadline returns when the session is overdue, and what it is then; a zero time means never. s.mu is held.
func (s *Session) deadline() (time.Time, *stt.Error) {
	l := &s.svc.opts.Limits
	if !s.ended.IsZero() {
		return l.finished(s.ended, s.moving)
	}
	if !s.stopped.IsZero() {
		return s.stopped, stt.AsError(s.failure)
	}
	var at time.Time
	var what *stt.Error
	if l.Stream > 0 {
		at = s.opened.Add(l.Stream)
		what = &stt.Error{Code: stt.TooLong, Op: "next", Got: l.Stream.String(),
			Msg: "the stream has lasted " + l.Stream.String() + ", which is as long as a stream may; open another"}
	}
	if most := cmp.Or(s.req.Idle, l.Idle); most > 0 {
		idle := s.heard.Add(most)
		if s.busy {
			idle = time.Now().Add(most)
		}
		if at.IsZero() || idle.Before(at) {
			at = idle
			what = &stt.Error{Code: stt.Idle, Op: "next", Got: most.String(), Msg: "no audio has come for " + most.String()}
		}
	}
	return at, what
}

// expire ends a session that is overdue. Where audio is still open, it ends there, and there are finals to come.
func (s *Session) expire(why *stt.Error) (finals bool) {
	s.mu.Lock()
	open := s.ended.IsZero()
	if s.failure == nil {
		s.failure = why
	}
	if open && s.giveUp != nil {
		s.giveUp()
	}
	s.mu.Unlock()
	if open {
		s.writing.take() // a Write that waits has just been told not to
		defer s.writing.give()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.closeSend(ctx) == nil || s.stream.CloseSend() == nil { // rather without the resampler's tail than without finals
			return true
		}
	}
	s.stream.Close()
	return false
}

// Abort ends the session with a reason, which Next and Write return from then on. The first reason counts, an earlier one of
// Finish included. Events not fetched yet are dropped. After Lose it does nothing where the caller may come back.
func (s *Session) Abort(why error) {
	if s.gone() != nil {
		return // who may come back finds what there is
	}
	s.fail(why)
	s.end()
}

// end unblocks both sides. What the stream says of its end is of no interest.
func (s *Session) end() { s.stream.Close() }

// reason returns why the stream is at its end.
func (s *Session) reason(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != nil:
		return s.failure
	case errors.Is(err, io.EOF):
		return io.EOF
	default:
		s.failure = stt.AsError(err) // said once, it stays
		return s.failure
	}
}

func (s *Session) count(ev *stt.Event) {
	switch {
	case ev.Kind == stt.EventWarning && ev.Warning != nil:
		s.log.Warn("the recognizer warns", slog.String("code", ev.Warning.Code.String()), slog.String("warning", ev.Warning.Msg))
	case ev.Kind != stt.EventSegment:
	case ev.Segment.Final:
		s.finals++
		s.witnessed(ev.Segment)
	default:
		s.partials++
		s.witnessed(ev.Segment)
	}
}

// Close ends the session, gives back what it held or keeps it for who may come back, and writes the closing line of the log.
// reason is why the dialect lets go: nil or io.EOF for a regular end. It returns when everything of the session has ended. After
// Lose the write side may still be used, and is told why it is of no use.
func (s *Session) Close(reason error) {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return
	}
	defer close(s.over)
	if !s.svc.park(s, reason) {
		s.release()
	}
	s.writing.take() // a Write that was under way has been unblocked by now
	heard, lag := s.accepted()-s.before, s.lag
	s.writing.give()
	defer s.svc.remove(s) // whoever waits for the last session finds it counted
	if errors.Is(reason, io.EOF) {
		reason = nil
	}
	took := time.Since(s.opened)
	code, why := "ok", "completed"
	if reason != nil {
		code, why = stt.CodeOf(reason).String(), reason.Error()
	}
	s.log.Info("stream closed", slog.String("code", code), slog.String("reason", why), slog.Duration("heard", heard),
		slog.Duration("lag", lag.Round(time.Millisecond)), slog.Duration("took", took.Round(time.Millisecond)), slog.Int("finals", s.finals), slog.Int("partials", s.partials))
	used := Usage{Serial: s.serial, Request: s.req, Model: s.model, Language: s.language, Audio: heard, Took: took, Finals: s.finals, Partials: s.partials, Err: reason}
	if s.svc.opts.Meter != nil {
		s.svc.opts.Meter.Record(used)
	}
	if s.witness != nil {
		s.witness.Closed(&used)
	}
}

// release gives back what the session held of others.
func (s *Session) release() {
	if err := s.stream.Close(); err != nil {
		s.log.Warn("closing the recognizer's stream", slog.Any("error", err))
	}
	s.leave()
}
