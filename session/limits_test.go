package session_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// drip writes audio in real time until it is refused, and returns why.
func drip(ctx context.Context, ses *session.Session, f stt.Format, until time.Duration) error {
	const step = 100 * time.Millisecond
	piece := make([]byte, f.Bytes(step))
	for at := time.Duration(0); at < until; at += step {
		timer := time.NewTimer(step)
		<-timer.C
		if err := ses.Write(ctx, piece); err != nil {
			return err
		}
	}
	return nil
}

// A request's own limit counts in place of the usual one, or there is none.
func TestOwnIdle(t *testing.T) {
	for _, c := range []struct{ own, at time.Duration }{{0, 15 * time.Second}, {time.Minute, time.Minute}, {time.Second, time.Second}, {-1, time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			r := request(mono16k)
			r.Idle = c.own
			ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Limits: session.Limits{Idle: 15 * time.Second, Stream: time.Hour}}), r)
			began := time.Now()
			h := listen(t.Context(), ses)
			if h.err == nil || time.Since(began) != c.at {
				t.Errorf("with %v the session ended after %v with %v, expected %v", c.own, time.Since(began), h.err, c.at)
			}
		})
	}
}

// Idle and TooLong come at the second, after the finals of what was said.
func TestOverdue(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits session.Limits
		speaks time.Duration
		code   stt.Code
		at     time.Duration // from open
		said   time.Duration // audio time whose words are in the finals
	}{
		{"idle from the start", session.Limits{Idle: 15 * time.Second}, 0, stt.Idle, 15 * time.Second, 0},
		{"idle in the middle of a segment", session.Limits{Idle: 15 * time.Second}, time.Second, stt.Idle, 16 * time.Second, time.Second},
		{"too long", session.Limits{Stream: 2550 * time.Millisecond}, time.Minute, stt.TooLong, 2550 * time.Millisecond, 2500 * time.Millisecond},
		{"too long before idle", session.Limits{Stream: 4 * time.Second, Idle: 15 * time.Second}, 3 * time.Second, stt.TooLong, 4 * time.Second, 3 * time.Second},
		{"idle before too long", session.Limits{Stream: time.Hour, Idle: 5 * time.Second}, 4 * time.Second, stt.Idle, 9 * time.Second, 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Limits: c.limits}), request(mono16k))
				began := time.Now()
				wrote := make(chan error, 1)
				go func() { wrote <- drip(t.Context(), ses, mono16k, c.speaks) }() // owned by the test, which receives
				h := listen(t.Context(), ses)
				wantCode(t, h.err, c.code)
				if took := time.Since(began); took != c.at {
					t.Errorf("the session ended after %v, expected %v", took, c.at)
				}
				sameWords(t, h, c.said)
				if _, err := ses.Next(t.Context()); stt.CodeOf(err) != c.code {
					t.Errorf("Next again: %v, expected the same reason", err)
				}
				if err := <-wrote; err != nil && stt.CodeOf(err) != c.code {
					t.Errorf("Write: %v, expected the same reason", err)
				}
				wantCode(t, ses.Write(t.Context(), make([]byte, 2)), c.code)
				wantCode(t, ses.Flush(t.Context()), c.code)
			})
		})
	}
}

// A slow recognizer keeps Write waiting, which is not the caller's silence; and TooLong does not wait for Write.
func TestOverdueWhileWriteWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  script.Fault
		limits session.Limits
		code   stt.Code
		at     time.Duration
		finals bool
	}{
		{"slow is not idle", script.Fault{Kind: script.Slow, Factor: 10}, session.Limits{Idle: 2 * time.Second, Lag: time.Minute, Stream: 20 * time.Second, Finish: time.Minute},
			stt.TooLong, 0, true},
		{"stalled", script.Fault{Kind: script.Stall, At: time.Second}, session.Limits{Stream: 20 * time.Second, Lag: time.Minute, Finish: 5 * time.Second},
			stt.TooLong, 25 * time.Second, false},
		{"lag", script.Fault{Kind: script.Stall, At: time.Second}, session.Limits{Stream: time.Hour, Lag: 12 * time.Second},
			stt.Unavailable, 12 * time.Second, false},
		{"lag by default", script.Fault{Kind: script.Stall, At: time.Second}, session.Limits{}, stt.Unavailable, 30 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, c.fault), Limits: c.limits}), request(mono16k))
				began := time.Now()
				h := speak(t, ses, cut(make([]byte, mono16k.Bytes(time.Minute)), 32000)...)
				wantCode(t, h.err, c.code)
				if took := time.Since(began); c.at > 0 && took != c.at {
					t.Errorf("the session ended after %v, expected %v", took, c.at)
				}
				if c.finals {
					sameWords(t, h, length)
				}
			})
		})
	}
}

// A recognizer that gives no end is not waited for for ever.
func TestFinishLimit(t *testing.T) {
	for _, limit := range []time.Duration{0, 7 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Stall, At: 2500 * time.Millisecond}),
				Limits: session.Limits{Finish: limit, Idle: time.Second}}), request(mono16k))
			began := time.Now()
			h := speak(t, ses, make([]byte, mono16k.Bytes(3*time.Second)))
			want := limit
			if want == 0 {
				want = 30 * time.Second
			}
			wantCode(t, h.err, stt.DeadlineExceeded, want.String())
			if took := time.Since(began); took != want {
				t.Errorf("ended after %v, expected %v", took, want)
			}
			if len(h.finals) != 1 {
				t.Errorf("%d finals, expected the one from before the stall", len(h.finals))
			}
		})
	}
}

// A Next whose context ends loses nothing, whatever deadlines there are besides.
func TestNextContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Limits: session.Limits{Idle: time.Minute, Stream: time.Hour}}), request(mono16k))
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ses.Next(done); !errors.Is(err, context.Canceled) {
			t.Errorf("Next with a canceled context: %v", err)
		}
		if err := ses.Write(done, make([]byte, 3200)); !errors.Is(err, context.Canceled) {
			t.Errorf("Write with a canceled context: %v", err)
		}
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(length))); err != nil {
			t.Fatal(err)
		}
		if err := ses.CloseSend(t.Context()); err != nil {
			t.Fatal(err)
		}
		var h heard
		for h.err == nil {
			if _, err := ses.Next(done); !errors.Is(err, context.Canceled) {
				t.Fatalf("Next with a canceled context: %v", err)
			}
			ev, err := ses.Next(t.Context())
			if err != nil {
				h.err = err
			} else if ev.Kind == stt.EventSegment && ev.Segment.Final {
				h.finals = append(h.finals, *ev.Segment)
			}
		}
		if h.err != io.EOF {
			t.Error(h.err)
		}
		sameWords(t, h, length)
	})
}

// opens slowly: the time it takes to open is not the caller's silence.
type slowOpener struct{ stt.Recognizer }

func (r slowOpener) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	wait := time.NewTimer(20 * time.Second)
	<-wait.C
	return r.Recognizer.Open(ctx, cfg)
}

func TestOpeningIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: slowOpener{scripted(t, script.Fault{})},
			Limits: session.Limits{Idle: 15 * time.Second}}), request(mono16k))
		began := time.Now()
		h := listen(t.Context(), ses)
		wantCode(t, h.err, stt.Idle, "15s")
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("idle after %v, expected 15s from when the caller could send", took)
		}
	})
}
