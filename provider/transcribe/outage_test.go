package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// A server that never comes back: the error says what was done, and the time is kept.
func TestServerThatStaysAway(t *testing.T) { overBoth(t, testServerThatStaysAway) }

func testServerThatStaysAway(t *testing.T) {
	for name, c := range map[string]struct {
		random float64
		least  time.Duration // until the stream fails
		tries  string
	}{
		"patient draws":   {0.999999, 25 * time.Second, "with 10 attempts"}, // 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, then 5 s each
		"impatient draws": {0.5, 26 * time.Second, "with 16 attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var f *fake
				f, _ = inTurn(t, func(c *call) {
					c.take(time.Second)
					c.say(said("a", 0, 0.5, false, "one"))
					f.net.Close()
				})
				r := f.client(func(o *transcribe.Options) {
					o.ReconnectFor, o.Random = 30*time.Second, func() float64 { return c.random }
				})
				s := open(t, r, stt.Config{})
				began := time.Now()
				send(t, s, time.Second)
				lines, err := story(s)
				e := wantError(t, err, stt.Unavailable, "the connection was lost and could not be made again in", c.tries, "cannot connect to the server", "connection refused")
				if took := time.Since(began); took < c.least || took > 30*time.Second {
					t.Errorf("after %v", took)
				}
				if len(lines) != 3 || !strings.HasPrefix(lines[2], "connection lost (the server hung up)") || e.Peer != "amazon" {
					t.Errorf("%q, then %q says %v", lines, e.Peer, e)
				}
				if err := s.Send(context.Background(), stt.Chunk{Data: make([]byte, 2)}); stt.CodeOf(err) != stt.Unavailable {
					t.Errorf("Send afterwards: %v", err)
				}
			})
		})
	}
}

// A server that comes back only to go again is as good as one that stays away; one that decides something, or lasts, is not.
func TestPatienceStartsAnew(t *testing.T) { overBoth(t, testPatienceStartsAnew) }

func testPatienceStartsAnew(t *testing.T) {
	second := func(c *call, n int64, good bool) {
		c.take(200 * time.Millisecond)
		if good {
			c.say(said(fmt.Sprint(n), 0, 0.1, false, "word"))
		}
	}
	for name, c := range map[string]struct {
		serve func(c *call, n int64)
		lasts bool
	}{
		"nothing decided": {func(c *call, n int64) { c.say(nothing); second(c, n, false) }, false},
		"nothing said":    {func(c *call, n int64) {}, false},
		"lasts a little":  {func(c *call, n int64) { c.say(nothing); <-time.After(9 * time.Second) }, false},
		"decides":         {func(c *call, n int64) { second(c, n, true) }, true},
		"lasts":           {func(c *call, n int64) { c.say(nothing); <-time.After(10 * time.Second) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				f := newFake(t, func(cl *call) {
					if k := n.Add(1); k <= 60 {
						c.serve(cl, k)
						return
					}
					cl.audio()
					cl.goodbye()
				})
				s := open(t, f.client(persistent), stt.Config{})
				spoken := make(chan struct{})
				go func() { // owned by the test, which awaits spoken; ends with the stream, or some time after the audio
					defer close(spoken)
					for range 200 {
						if s.Send(context.Background(), stt.Chunk{Data: make([]byte, format.Bytes(100*time.Millisecond))}) != nil {
							return
						}
					}
					<-time.After(700 * time.Second) // then the caller is done
					s.CloseSend()
				}()
				_, err := story(s)
				if c.lasts != (err == io.EOF) || c.lasts != (n.Load() == 61) {
					t.Errorf("after %d connections: %v", n.Load(), err)
				}
				if !c.lasts {
					wantError(t, err, stt.Unavailable, "could not be made again")
				}
				s.Close()
				<-spoken
			})
		})
	}
}

// A server that fails whenever it has heard the end is not asked for ever, however long it takes each time.
func TestServerThatAlwaysFailsAtTheEnd(t *testing.T) { overBoth(t, testServerThatAlwaysFailsAtTheEnd) }

func testServerThatAlwaysFailsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(c *call) {
			c.say(nothing)
			c.audio()
			<-time.After(12 * time.Second)
		})
		s := open(t, f.client(persistent), stt.Config{})
		send(t, s, time.Second)
		s.CloseSend()
		_, err := story(s)
		if wantError(t, err, stt.Unavailable, "could not be made again"); calls.Load() > 5 {
			t.Errorf("%d connections", calls.Load())
		}
	})
}

// Audio that is kept for another connection has its bound. A stream that is not cut may pass it, and one that is cut fails.
func TestMaxReplay(t *testing.T) { overBoth(t, testMaxReplay) }

func testMaxReplay(t *testing.T) {
	for name, c := range map[string]struct {
		sent time.Duration
		ok   bool
	}{"all of it": {5 * time.Second, true}, "more": {5*time.Second + 100*time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, _ := inTurn(t, func(cl *call) {
					cl.take(20 * time.Second)
					cl.say(said("a", 0, 20, false, "one"))
					cl.take(c.sent)
				}, func(cl *call) { cl.audio(); cl.goodbye() })
				s := open(t, f.client(persistent, func(o *transcribe.Options) { o.MaxReplay = 5 * time.Second }), stt.Config{})
				for range 20 {
					send(t, s, time.Second)
				}
				synctest.Wait()
				send(t, s, c.sent)
				synctest.Wait()
				s.CloseSend()
				lines, err := story(s)
				if c.ok {
					if err != io.EOF {
						t.Errorf("%q, %v", lines, err)
					}
					return
				}
				e := wantError(t, err, stt.Unavailable, `"transcribe.max_replay"`, "the last 5.1 s of audio had not been decided", "the 5s that")
				if e.Option != "transcribe.max_replay" || len(lines) != 2 {
					t.Errorf("option %q, %q", e.Option, lines)
				}
			})
		})
	}
}

// During an outage the caller goes on speaking as far as the queue takes it, and may end: nothing is missing afterwards.
func TestCallerDuringAnOutage(t *testing.T) { overBoth(t, testCallerDuringAnOutage) }

func testCallerDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan int, 1)
		f, _ := refusing(t, 6, 503, "", func(c *call) { c.say(nothing); c.take(time.Second) }, func(c *call) {
			n, _ := c.audio()
			got <- n
			c.goodbye()
		})
		s := open(t, f.client(persistent), stt.Config{})
		send(t, s, time.Second)
		synctest.Wait()
		began := time.Now()
		for range 5 {
			send(t, s, time.Second)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("5 s of audio are taken after %v", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Send(ctx, stt.Chunk{Data: make([]byte, 2)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("more is taken than the queue holds: %v", err)
		}
		s.CloseSend()
		if _, err := story(s); err != io.EOF {
			t.Error(err)
		}
		if n := <-got; n != format.Bytes(6*time.Second) {
			t.Errorf("%v arrive", format.Duration(int64(n)))
		}
	})
}

// A caller that ends while nothing of its audio is missing does not need the server again.
func TestCallerHasNothingLeft(t *testing.T) { overBoth(t, testCallerHasNothingLeft) }

func testCallerHasNothingLeft(t *testing.T) {
	for name, said := range map[string]string{"no audio": nothing, "all decided": said("a", 0, 1, false, "one")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var f *fake
				f, _ = inTurn(t, func(c *call) {
					if name != "no audio" {
						c.take(time.Second)
					}
					c.say(said)
					f.net.Close()
				})
				s := open(t, f.client(persistent), stt.Config{})
				if name != "no audio" {
					send(t, s, time.Second)
				}
				<-time.After(3 * time.Second)
				s.CloseSend()
				began := time.Now()
				if lines, err := story(s); err != io.EOF || time.Since(began) > 5*time.Second {
					t.Errorf("%q, %v after %v", lines, err, time.Since(began))
				}
			})
		})
	}
}

// Close ends everything at any moment: while a connection lasts, while the next attempt is waited for, while it is made, and
// while the credentials for it are looked for. The bubble finds what is left over.
func TestCloseDuringAnOutage(t *testing.T) { overBoth(t, testCloseDuringAnOutage) }

func testCloseDuringAnOutage(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			slow := func() time.Duration { return time.Duration(r.Int64N(int64(time.Second))) }
			waits := make([]time.Duration, 200)
			for i := range waits {
				waits[i] = slow()
			}
			var n atomic.Int64
			wait := func(ctx context.Context) {
				select {
				case <-time.After(waits[int(n.Add(1))%len(waits)]):
				case <-ctx.Done():
				}
			}
			f := newFake(t, func(c *call) { c.say(nothing); wait(c.ctx) })
			var asked atomic.Int64
			rec := f.client(persistent, func(o *transcribe.Options) {
				static := o.Credentials
				o.Credentials = func(ctx context.Context) (sigv4.Credentials, error) {
					if asked.Add(1) > 1 {
						wait(ctx)
					}
					if ctx.Err() != nil {
						return sigv4.Credentials{}, ctx.Err()
					}
					return static(ctx)
				}
			})
			s := open(t, rec, stt.Config{})
			spoken := make(chan struct{})
			go func() { // owned by the test, which awaits spoken; ends with the stream
				defer close(spoken)
				for s.Send(context.Background(), stt.Chunk{Data: make([]byte, 3200)}) == nil {
					<-time.After(100 * time.Millisecond)
				}
			}()
			<-time.After(time.Duration(r.Int64N(int64(10 * time.Second))))
			began := time.Now()
			if err := s.Close(); err != nil || time.Since(began) > 0 {
				t.Errorf("seed %d: %v after %v", seed, err, time.Since(began))
			}
			if _, err := drain(s); stt.CodeOf(err) != stt.Closed && stt.CodeOf(err) != stt.Unavailable {
				t.Errorf("seed %d: %v", seed, err)
			}
			<-spoken
		})
	}
}

// A connection that has died without a sign shows in nothing being taken any more. After the end of the audio silence is the
// server's last word.
func TestDeadConnection(t *testing.T) { overBoth(t, testDeadConnection) }

func testDeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(c *call) {
			c.say(nothing)
			<-c.ctx.Done()
		}, func(c *call) { c.audio(); c.goodbye() })
		s := open(t, f.client(persistent, func(o *transcribe.Options) { o.FinishTimeout = 5 * time.Second }), stt.Config{})
		for range 5 { // more than the connection holds
			send(t, s, time.Second)
		}
		s.CloseSend()
		lines, err := story(s)
		if err != io.EOF || calls.Load() != 2 || !strings.Contains(lines[0], "(the server has taken no audio and said nothing for 5s)") {
			t.Errorf("%d connections, %q, %v", calls.Load(), lines, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(c *call) { c.say(nothing); c.audio(); c.gone() })
		s := open(t, f.client(persistent), stt.Config{})
		send(t, s, time.Second)
		s.CloseSend()
		_, err := story(s)
		if wantError(t, err, stt.DeadlineExceeded, "after the end of the audio"); calls.Load() != 1 {
			t.Errorf("%d connections", calls.Load())
		}
	})
}
