package session_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A recognizer that is slow and goes on is waited for, as long as it is never silent for the limit.
func TestFinishWaitsForProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Slow, Factor: 10}),
			Limits: session.Limits{Finish: 20 * time.Second, Lag: time.Hour}}), request(mono16k))
		began := time.Now()
		h := speak(t, ses, make([]byte, mono16k.Bytes(length)))
		if took := time.Since(began); h.err != io.EOF || took < 30*time.Second {
			t.Errorf("ended after %v with %v; expected the regular end of what takes longer than the limit", took, h.err)
		}
		sameWords(t, h, length)
	})
}

// chatty gives an event every second after the end of the audio, and never an end, or says nothing any more after some.
type chatty struct {
	stt.Recognizer
	events int
}

func (c chatty) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	s, err := c.Recognizer.Open(ctx, cfg)
	return &chatterbox{Stream: s, left: c.events, closed: make(chan struct{})}, err
}

type chatterbox struct {
	stt.Stream
	left   int
	closed chan struct{}
}

func (c *chatterbox) Recv(ctx context.Context) (stt.Event, error) {
	next := time.NewTimer(time.Second)
	defer next.Stop()
	if c.left == 0 {
		next.Stop()
	}
	select {
	case <-next.C:
		c.left--
		return stt.Event{Kind: stt.EventProgress}, nil
	case <-ctx.Done():
		return stt.Event{}, ctx.Err()
	case <-c.closed:
		return stt.Event{}, stt.Errorf(stt.Closed, "closed")
	}
}

func (c *chatterbox) Close() error {
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return c.Stream.Close()
}

func TestFinishIsBounded(t *testing.T) {
	for _, c := range []struct {
		events int
		after  time.Duration
		text   string
	}{
		{-1, 70 * time.Second, "gave no end within 1m10s after the end of the audio, though it went on"},
		{12, 19 * time.Second, "has said nothing for 7s after the end of the audio"},
		{0, 7 * time.Second, "gave no end within 7s after the end of the audio"},
	} {
		synctest.Test(t, func(t *testing.T) {
			ses := open(t, session.NewService(session.Options{Recognizer: chatty{scripted(t, script.Fault{}), c.events},
				Limits: session.Limits{Finish: 7 * time.Second}}), request(mono16k))
			began := time.Now()
			h := speak(t, ses, make([]byte, 3200))
			wantCode(t, h.err, stt.DeadlineExceeded, c.text)
			if took := time.Since(began); took != c.after {
				t.Errorf("%d events: ended after %v, expected %v", c.events, took, c.after)
			}
		})
		// Nobody is connected: what is wound up has the same time.
		synctest.Test(t, func(t *testing.T) {
			s := session.NewService(session.Options{Recognizer: chatty{scripted(t, script.Fault{}), c.events}, Limits: session.Limits{Finish: 7 * time.Second, Hold: -1}})
			r := request(mono16k)
			r.Resume = time.Hour
			ses, err := s.Open(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			ses.Lose(stt.Errorf(stt.Canceled, "gone"))
			began := time.Now()
			ses.Close(stt.Errorf(stt.Canceled, "gone"))
			synctest.Wait() // it is not held, so the winding up begins
			again := *r
			for {
				second, err := s.Open(t.Context(), &again) // waits for what is wound up
				if err != nil {
					if stt.CodeOf(err) != stt.Unavailable {
						t.Fatal(err)
					}
					continue
				}
				second.Close(nil)
				break
			}
			if took := time.Since(began); took != c.after {
				t.Errorf("%d events: wound up after %v, expected %v", c.events, took, c.after)
			}
		})
	}
}
