package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// persistent is a client that tries again for half a minute, always at the latest moment that it may draw.
func persistent(o *transcribe.Options) {
	o.ReconnectFor = 30 * time.Second
	o.Random = func() float64 { return 0.999999 }
}

// inTurn is a server whose n-th connection is served by the n-th function, and further ones by the last. n counts them.
func inTurn(t *testing.T, serve ...func(c *call)) (f *fake, n *atomic.Int64) {
	n = new(atomic.Int64)
	return newFake(t, func(c *call) { serve[min(int(n.Add(1)), len(serve))-1](c) }), n
}

// take reads so much audio, or to its end.
func (c *call) take(d time.Duration) (got int) {
	for got < format.Bytes(d) {
		in, err := c.next()
		if err != nil || in.End {
			break
		}
		got += len(in.Audio)
	}
	return got
}

// story is everything a stream says, a line for each event, and how it ends. Of progress in a row only the last is told, as
// a stream may.
func story(s stt.Stream) (lines []string, end error) {
	for range 10_000 {
		ev, err := s.Recv(context.Background())
		if err != nil {
			return lines, err
		}
		switch ev.Kind {
		case stt.EventSegment:
			text := ev.Segment.Best().Text
			if ev.Segment.Final {
				text = strings.ToUpper(text) + "."
			}
			lines = append(lines, fmt.Sprintf("%s %s %v-%v", ev.Segment.ID, text, ev.Segment.Span.Start, ev.Segment.Span.End))
		case stt.EventProgress:
			if n := len(lines); n > 0 && strings.HasPrefix(lines[n-1], "progress ") {
				lines = lines[:n-1]
			}
			lines = append(lines, fmt.Sprint("progress ", ev.At))
		case stt.EventWarning:
			// The same in the words of HTTP/2.
			lines = append(lines, strings.Replace(ev.Warning.Msg, "the server broke it off with INTERNAL_ERROR", "the server hung up", 1))
		}
	}
	return lines, errors.New("it goes on and on")
}

func wantStory(t *testing.T, s stt.Stream, want ...string) {
	t.Helper()
	got, err := story(s)
	if !errors.Is(err, io.EOF) {
		t.Errorf("ends with %v", err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nexpected\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const hungUp = "connection lost (the server hung up); trying again in 0.1 s"

// Who was kept from trying until the time was over, by a caller that takes no events or a machine that stood still, does not try any more, and
// says why the connection was lost.
func TestReconnectTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(c *call) {
			c.take(time.Second)
			for i := range 2 * stream.DefaultMaxEvents {
				c.say(said(fmt.Sprint(i), float64(i)/1000, float64(1+i)/1000, false, "one")) // more than fits between the client and its caller
			}
			c.drop()
		}, (*call).drop)
		s := open(t, f.client(persistent), stt.Config{})
		send(t, s, time.Second)
		var err error
		for range 8 * stream.DefaultMaxEvents {
			<-time.After(time.Minute)
			if _, err = s.Recv(t.Context()); err != nil {
				break
			}
		}
		if e := stt.AsError(err); e == nil || !strings.Contains(e.Msg, "the last reason: the server hung up") || calls.Load() != 1 {
			t.Errorf("%v, after %d connections", err, calls.Load())
		}
	})
}

// The one timeline, the ids, and what becomes of a segment that was under way.
func TestReconnect(t *testing.T) { overBoth(t, testReconnect) }

func testReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replayed := make(chan int, 2)
		f, calls := inTurn(t, func(c *call) {
			c.take(3 * time.Second)
			c.say(said("a", 0.5, 1, false, "one"), said("b", 2, 2.5, true, "two"))
		}, func(c *call) {
			n, _ := c.audio()
			replayed <- n
			c.say(nothing, said("b", 1, 1.25, true, "t"), said("b", 1, 1.5, false, "two"), said("a", 2, 2.5, false, "three"))
			c.goodbye()
		})
		s := open(t, f.client(persistent), stt.Config{Start: time.Hour})
		send(t, s, 3*time.Second)
		synctest.Wait()
		send(t, s, time.Second)
		s.CloseSend()
		wantStory(t, s, "a ONE. 1h0m0.5s-1h0m1s", "progress 1h0m1s", "b two 1h0m2s-1h0m2.5s", hungUp,
			"connected again; 3.0 s of audio sent again", "b . 1h0m2s-1h0m2.5s", "again-1-b t 1h0m2s-1h0m2.25s",
			"again-1-b TWO. 1h0m2s-1h0m2.5s", "progress 1h0m2.5s", "again-1-a THREE. 1h0m3s-1h0m3.5s", "progress 1h0m4s")
		if n := <-replayed; n != format.Bytes(3*time.Second) || calls.Load() != 2 {
			t.Errorf("%d bytes on the second of %d connections", n, calls.Load())
		}
	})
}

// What was said and decided is not said again: with all of it decided there is nothing to connect for.
func TestCutAtTheEnd(t *testing.T) { overBoth(t, testCutAtTheEnd) }

func testCutAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		first func(c *call)
		calls int64
		story []string
	}{
		"before the goodbye": {func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 2, false, "one"))
		}, 1, []string{"a ONE. 500ms-2s", "progress 2s"}},
		"with a segment open": {func(c *call) {
			c.audio()
			c.say(said("b", 1.5, 2, true, "none"), said("a", 0.5, 2, false, "one"))
		}, 1, []string{"b none 1.5s-2s", "a ONE. 500ms-2s", "progress 2s", "b . 2s-2s"}},
		"instead of the goodbye an exception": {func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 2, false, "one"))
			c.raise(wire.InternalFailure, "oops")
		}, 1, []string{"a ONE. 500ms-2s", "progress 2s"}},
		"with silence left": {func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 1, false, "one"))
		}, 2, []string{"a ONE. 500ms-1s", "progress 1s", hungUp, "connected again; 1.0 s of audio sent again", "progress 2s"}},
		"during the last words": {func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 1.8, true, "on"))
		}, 2, []string{"a on 500ms-1.8s", hungUp, "connected again; 2.0 s of audio sent again", "a . 500ms-1.8s", "progress 2s"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, calls := inTurn(t, c.first, func(c *call) {
					c.audio()
					c.say(nothing)
					c.goodbye()
				})
				s := open(t, f.client(persistent), stt.Config{})
				send(t, s, 2*time.Second)
				s.CloseSend()
				wantStory(t, s, c.story...)
				if n := calls.Load(); n != c.calls {
					t.Errorf("%d connections, expected %d", n, c.calls)
				}
			})
		})
	}
}

// What is waited for, and what is an answer. Everything ends a connection on which something has been said.
func TestWhatIsTriedAgain(t *testing.T) {
	closing := func(code websocket.StatusCode) func(c *call) {
		return func(c *call) { c.Close(code, "because") }
	}
	raising := func(name, text string) func(c *call) { return func(c *call) { c.raise(name, text) } }
	for name, c := range map[string]struct {
		how   func(c *call)
		again bool
		brief string // of a warning; where there is none, of the error
	}{
		"hangs up":          {func(*call) {}, true, "(the server hung up)"},
		"going away":        {closing(websocket.StatusGoingAway), true, "(the server closed it with 1001)"},
		"internal error":    {closing(websocket.StatusInternalError), true, "1011"},
		"restart":           {closing(websocket.StatusServiceRestart), true, "1012"},
		"try again":         {closing(websocket.StatusTryAgainLater), true, "1013"},
		"bad gateway":       {closing(websocket.StatusBadGateway), true, "1014"},
		"no code":           {func(c *call) { c.Close(websocket.StatusNoStatusRcvd, "") }, true, "1005"},
		"too early":         {closing(websocket.StatusNormalClosure), false, "before its end"},
		"protocol error":    {closing(websocket.StatusProtocolError), false, "because"},
		"policy":            {closing(websocket.StatusPolicyViolation), false, "because"},
		"too big":           {closing(websocket.StatusMessageTooBig), false, "because"},
		"a code of its own": {closing(4000), false, "because"},
		"garbage":           {func(c *call) { c.Write(c.ctx, websocket.MessageBinary, []byte("garbage")); c.gone() }, false, "event-stream"},

		"shutting down":       {raising(wire.ServiceUnavailable, "the server is shutting down"), true, "(the server is shutting down)"},
		"failure":             {raising(wire.InternalFailure, "oops"), true, "(oops)"},
		"limit":               {raising(wire.LimitExceeded, "slow down"), true, "(slow down)"},
		"budget used up":      {raising(wire.LimitExceeded, "the account has used the 1h0m0s of audio that it may use in a day; there is more in 11h0m0s, when the next day begins (UTC)"), false, "has used the 1h0m0s"},
		"budget, nearly over": {raising(wire.LimitExceeded, "the account has used the 1h0m0s of audio that it may use in a day; there is more in 1s, when the next day begins (UTC)"), true, "has used the 1h0m0s"},
		"throttled":           {raising("ThrottlingException", "slow down"), true, "(slow down)"},
		"bad request":         {raising(wire.BadRequest, "no such language"), false, "no such language"},
		"idle":                {raising(wire.BadRequest, fmt.Sprintf(wire.TextIdle, 15)), false, "no new audio"},
		"signature":           {raising(wire.InvalidSignature, wire.TextSignatureMismatch), false, "signature"},
		"expired":             {raising(wire.InvalidSignature, "Signature expired: 5 min."), false, "expired"},
		"expired credentials": {raising(wire.ExpiredToken, "expired"), false, "expired"},
		"denied":              {raising(wire.AccessDenied, "not you"), false, "not you"},
		"unknown key":         {raising(wire.UnrecognizedClient, wire.TextUnknownKey), false, "token"},
		"another stream":      {raising(wire.Conflict, "Another stream is in progress"), false, "Another stream"},
		"validation":          {raising("ValidationException", "sample-rate"), false, "sample-rate"},
		"one of the future":   {raising("FutureException", "what"), false, "what"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, calls := inTurn(t, func(cl *call) {
					cl.take(time.Second)
					cl.say(nothing)
					c.how(cl)
				}, func(c *call) {
					c.audio()
					c.say(said("a", 0, 1, false, "one"))
					c.goodbye()
				})
				s := open(t, f.client(persistent), stt.Config{})
				send(t, s, time.Second)
				synctest.Wait()
				s.CloseSend()
				lines, err := story(s)
				if c.again {
					if err != io.EOF || len(lines) != 4 || !strings.Contains(lines[0], c.brief) || calls.Load() != 2 {
						t.Errorf("%d connections, %q, %v; expected a second one after %q", calls.Load(), lines, err, c.brief)
					}
					return
				}
				if err == io.EOF || !strings.Contains(err.Error(), c.brief) || calls.Load() != 1 || len(lines) != 0 {
					t.Errorf("%d connections, %q, %v; expected to fail with %q at once", calls.Load(), lines, err, c.brief)
				}
			})
		})
	}
}

// What a server says before anything else is its answer to the opening. A connection that is lost before is another matter.
func TestTheFirstWord(t *testing.T) { overBoth(t, testTheFirstWord) }

func testTheFirstWord(t *testing.T) {
	for _, name := range []string{wire.ServiceUnavailable, wire.LimitExceeded, wire.InternalFailure} {
		synctest.Test(t, func(t *testing.T) {
			f, calls := inTurn(t, func(c *call) { c.raise(name, "full") })
			_, err := drain(open(t, f.client(persistent), stt.Config{}))
			if wantError(t, err, stt.CodeOf(err), "full"); calls.Load() != 1 {
				t.Errorf("%d connections", calls.Load())
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(*call) {}, func(c *call) { c.audio(); c.goodbye() })
		s := open(t, f.client(persistent), stt.Config{})
		send(t, s, time.Second)
		s.CloseSend()
		wantStory(t, s, hungUp, "progress 1s")
		if calls.Load() != 2 {
			t.Errorf("%d connections", calls.Load())
		}
	})
}

// A server that has not noticed the loss yet, and one that has no room yet, are waited for.
func TestServerThatIsNotReadyYet(t *testing.T) { overBoth(t, testServerThatIsNotReadyYet) }

func testServerThatIsNotReadyYet(t *testing.T) {
	for _, name := range []string{wire.Conflict, wire.ServiceUnavailable, wire.LimitExceeded} {
		synctest.Test(t, func(t *testing.T) {
			no := func(c *call) { c.raise(name, "not yet") }
			f, calls := inTurn(t, func(c *call) { c.say(nothing) }, no, no, no, func(c *call) { c.audio(); c.goodbye() })
			s := open(t, f.client(persistent), stt.Config{Session: "b4526fcf-5eee-4361-8192-d1cb9e9d6887"})
			send(t, s, time.Second)
			synctest.Wait()
			s.CloseSend()
			began := time.Now()
			if _, err := story(s); err != io.EOF || calls.Load() != 5 {
				t.Errorf("%s: %d connections, %v", name, calls.Load(), err)
			}
			if took := time.Since(began).Round(100 * time.Millisecond); took != 1500*time.Millisecond { // 0.1, 0.2, 0.4, 0.8
				t.Errorf("after %v", took)
			}
			if q := f.last().query; q.Get("session-id") == "" {
				t.Error("the session has no id any more")
			}
		})
	}
}
