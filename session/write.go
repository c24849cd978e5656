package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// turn is a mutex that is held while waiting for time to pass. Unlike those of package sync, it lets the clock of a test's
// bubble go on for others that wait for it.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// Write takes the next audio, in the request's format and in any cut. It waits while the recognizer is behind, for
// Limits.Lag at most each time that the recognizer is sent something. It fails with Malformed for a file where samples were
// announced, for anything else where a file was, and for a file that cannot be read on, and with the reason once the session
// has failed; what the recognizer died of stands in Next, and Finish and Abort know the error that Write gives instead. When
// ctx is done while Write waits, the audio is lost and no more is taken. data is not kept.
func (s *Session) Write(ctx context.Context, data []byte) error {
	s.writing.take()
	defer s.writing.give()
	if s.req.Resume > 0 {
		ctx = context.WithoutCancel(ctx) // a connection that breaks must not cost audio that has come
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(data) == 0 {
		return s.failed()
	}
	if err := s.began(); err != nil {
		return err
	}
	defer s.done()
	defer func() { s.intake.damage.tell(s.log) }()
	if s.lost != nil {
		return s.lost
	}
	return s.intake.convert(data, func(pcm []byte) error {
		if s.lost = s.overstayed(); s.lost != nil {
			return s.lost
		}
		return s.send(ctx, pcm)
	})
}

// overstayed returns why the caller has left, when that is so long ago that what he sent last is not worth going on with: a message
// of a few bytes may hold hours of silence.
func (s *Session) overstayed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left != nil && time.Since(s.leftAt) > max(s.svc.opts.Limits.Hold, 0) {
		return s.left
	}
	return nil
}

// send hands audio to the recognizer, and gives the session up when it is too far behind.
func (s *Session) send(ctx context.Context, pcm []byte) error {
	if len(pcm) == 0 {
		return nil
	}
	lag, cancel := context.WithTimeout(ctx, s.svc.opts.Limits.Lag)
	defer cancel()
	s.waits(cancel)
	err := s.stream.Send(lag, stt.Chunk{Data: pcm, Offset: s.position()})
	over := lag.Err()
	s.waits(nil)
	if err == nil {
		s.intake.sent += int64(len(pcm))
		s.taken.Store(int64(s.accepted() - s.before))
		if s.witness != nil {
			s.arrived.note(s.position(), time.Now())
		}
		if l, ok := s.stream.(stt.Lagger); ok {
			s.lag = max(s.lag, l.Lag())
		}
		return nil
	}
	switch waited := over != nil && errors.Is(err, over); {
	case s.failed() != nil:
		err = s.failed()
	case !waited:
		s.mu.Lock()
		s.broken = err
		s.mu.Unlock()
	case ctx.Err() == nil:
		err = &stt.Error{Code: stt.Unavailable, Op: "write",
			Msg: "the recognizer has taken no audio for " + s.svc.opts.Limits.Lag.String() + "; the stream is given up"}
		s.Abort(err)
	}
	s.lost = err
	return err
}

// waits notes how to end the wait that the write side begins; nil: it does not wait any more. While audio is open, a
// session that has failed in the meantime is not waited for.
func (s *Session) waits(giveUp context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveUp = giveUp
	if giveUp != nil && s.failure != nil && s.ended.IsZero() {
		giveUp()
	}
}

// accepted is the audio time that the recognizer has taken. The write side or Close call it.
func (s *Session) accepted() time.Duration { return s.intake.to.Duration(s.intake.sent) }

// position is the session time up to which the recognizer has taken audio.
func (s *Session) position() stt.Time { return s.req.Config.Start + s.accepted() }

func (s *Session) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// began notes that audio has come.
func (s *Session) began() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != nil:
		return s.failure
	case s.left != nil:
		return s.left
	case !s.ended.IsZero() || s.closed:
		return &stt.Error{Code: stt.Closed, Op: "write", Msg: "the session takes no more audio"}
	}
	now := time.Now()
	if now.Sub(s.heard) >= pause {
		s.fresh = now
	}
	s.heard, s.busy = now, true
	return nil
}

func (s *Session) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard, s.busy = time.Now(), false
}

// Flush asks for finals of all audio so far, but for the last few milliseconds where the audio is resampled.
func (s *Session) Flush(ctx context.Context) error {
	s.writing.take()
	defer s.writing.give()
	if err := s.failed(); err != nil {
		return err
	}
	if err := s.gone(); err != nil {
		return err
	}
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	s.waits(cancel)
	err := s.stream.Flush(bounded)
	s.waits(nil)
	if failure := s.failed(); err != nil && failure != nil {
		return failure
	}
	return err
}

// CloseSend says that no more audio will come. It is idempotent.
func (s *Session) CloseSend(ctx context.Context) error {
	s.writing.take()
	defer s.writing.give()
	if err := s.gone(); err != nil {
		return err // the stream may be somebody else's by now
	}
	return s.closeSend(ctx)
}

func (s *Session) closeSend(ctx context.Context) error {
	s.mu.Lock()
	if s.ended.IsZero() {
		s.ended = time.Now()
		if s.moved != nil {
			s.moved()
		}
	}
	s.mu.Unlock()
	if s.lost == nil {
		cut, err := s.intake.flush(func(pcm []byte) error { return s.send(ctx, pcm) })
		s.intake.damage.tell(s.log)
		switch {
		case s.lost != nil:
			return err
		case err != nil: // Next says so, after the finals
			s.fail(err)
		case cut > 0:
			s.log.Warn("the audio ended inside a frame or page, which is left out", slog.Int("bytes", cut))
		}
	}
	return s.stream.CloseSend()
}

// Finish ends the audio for a reason: Next gives the finals of what was said and then why, where io.EOF would stand. It is of
// the write side; a dialect calls it for a client that made a mistake in the middle of its stream, and with every error of
// Write: the reason of a recognizer that has died stays what Next says.
func (s *Session) Finish(ctx context.Context, why error) {
	if s.gone() != nil {
		return // the caller may come back
	}
	if s.fail(why) {
		return // the stream has ended already
	}
	if err := s.CloseSend(ctx); err != nil {
		s.stream.Close() // there will be no finals
	}
}

// fail keeps the first reason for which the session ends. known says that why is only what Write said of a stream that has
// failed by itself, which is no reason: Next has that.
func (s *Session) fail(why error) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil && errors.Is(why, s.broken) {
		return true
	}
	if why == nil {
		why = errEnded()
	}
	if s.failure == nil && !s.closed {
		s.failure = stt.AsError(why)
	}
	return false
}
