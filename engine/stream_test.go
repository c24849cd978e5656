package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// The decoder sees the same blocks for any cut of the same audio.
func TestBlocks(t *testing.T) {
	for _, cut := range []int{1, 3, 7, 10, 25} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			f := &fake{}
			bubble(t, engine.Options{Block: 10 * ms}, f, func(t *testing.T, s stt.Stream) {
				for at := -5; at < 20; at += cut {
					send(t, s, at, min(cut, 20-at))
				}
				s.CloseSend()
				events, end := rest(t, s)
				equal(t, "events", events, "progress 25ms")
				if end != io.EOF {
					t.Errorf("ends with %v", end)
				}
			})
			equal(t, "calls", f.noted(), "decode 10 from -5", "decode 10 from 5", "decode 5 from 15", "finish", "close")
		})
	}
}

func TestBlockOptions(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  engine.Options
		first string
	}{
		{"default", engine.Options{}, "decode 100 from 0"},
		{"given", engine.Options{Block: 30 * ms}, "decode 30 from 0"},
		{"not even a frame", engine.Options{Block: 1}, "decode 1 from 0"},
		{"stereo", engine.Options{Block: 30 * ms, Format: stt.Format{Rate: 1000, Channels: 2}}, "decode 60 from 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			bubble(t, c.opts, f, func(t *testing.T, s stt.Stream) {
				send(t, s, 0, 120)
				synctest.Wait()
			})
			if calls := f.noted(); calls[0] != c.first {
				t.Errorf("calls: %v; expected %q first", calls, c.first)
			}
		})
	}
}

// A flush ends the block at the very sample, and blocks are whole again from there.
func TestFlush(t *testing.T) {
	say := func(at stt.Time) func(engine.Output) error {
		return func(out engine.Output) error { return out.Emit(stt.Event{Kind: stt.EventEndpoint, At: at}) }
	}
	f := &fake{flush: say(1), finish: say(2)}
	bubble(t, engine.Options{Block: 10 * ms, Start: time.Minute}, f, func(t *testing.T, s stt.Stream) {
		flush := func() {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		flush() // before any audio
		send(t, s, 0, 14)
		flush()
		send(t, s, 14, 20)
		flush() // at the edge of a block
		flush() // and without audio in between
		send(t, s, 34, 3)
		s.CloseSend()
		events, end := rest(t, s)
		equal(t, "events", events, "endpoint 1ns", "flushed 1m0s", "endpoint 1ns", "flushed 1m0.014s",
			"endpoint 1ns", "flushed 1m0.034s", "endpoint 1ns", "flushed 1m0.034s", "endpoint 2ns", "progress 1m0.037s")
		if end != io.EOF {
			t.Errorf("ends with %v", end)
		}
	})
	equal(t, "calls", f.noted(), "flush", "decode 10 from 0", "decode 4 from 10", "flush", "decode 10 from 14",
		"decode 10 from 24", "flush", "flush", "decode 3 from 34", "finish", "close")
}

func TestWithoutAudio(t *testing.T) {
	f := &fake{}
	bubble(t, engine.Options{}, f, func(t *testing.T, s stt.Stream) {
		s.CloseSend()
		if events, end := rest(t, s); events != nil || end != io.EOF {
			t.Errorf("gives %v, %v; expected io.EOF alone", events, end)
		}
	})
	equal(t, "calls", f.noted(), "finish", "close")
}

// Whichever call fails, and however: what was said before is heard, the error stays, and the decoder is closed once.
func TestErrors(t *testing.T) {
	own := &stt.Error{Code: stt.Exhausted, Msg: "the model is out of memory"}
	for _, way := range []struct {
		name string
		fail func() error
		code stt.Code
	}{
		{"own error", func() error { return own }, stt.Exhausted},
		{"bare error", func() error { return errors.New("bad state") }, stt.Internal},
		{"panic", func() error { panic("bad state") }, stt.Internal},
	} {
		said := func(out engine.Output) error {
			if err := out.Emit(stt.Event{Kind: stt.EventEndpoint, At: 1}); err != nil {
				return err
			}
			return way.fail()
		}
		for call, f := range map[string]*fake{
			"decode": {decode: func(_ context.Context, _ []int16, out engine.Output) error { return said(out) }},
			"flush":  {flush: said},
			"finish": {finish: said},
		} {
			t.Run(call+" "+way.name, func(t *testing.T) {
				bubble(t, engine.Options{}, f, func(t *testing.T, s stt.Stream) {
					send(t, s, 0, 10)
					if err := s.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
					s.CloseSend()
					events, end := rest(t, s)
					if n := len(events); n == 0 || events[n-1] != "endpoint 1ns" {
						t.Errorf("events: %v; expected what was said before the failure", events)
					}
					if stt.CodeOf(end) != way.code {
						t.Errorf("ends with %v; expected code %v", end, way.code)
					}
					if _, again := s.Recv(t.Context()); again != end {
						t.Errorf("ends with %v, and then with %v", end, again)
					}
					synctest.Wait()
					if calls := f.noted(); calls[len(calls)-1] != "close" {
						t.Errorf("the decoder is not closed before the stream is: %v", calls)
					}
				})
				calls := f.noted()
				if last := calls[len(calls)-2:]; last[0] != call && !strings.HasPrefix(last[0], call) || last[1] != "close" {
					t.Errorf("calls: %v; expected that only close follows the failure", calls)
				}
				if n := len(slices.DeleteFunc(calls, func(c string) bool { return c != "close" })); n != 1 {
					t.Errorf("closed %d times", n)
				}
			})
		}
	}
}

// Close while a block is being decoded: that block is finished, and no other begun.
func TestCloseTakesOneBlock(t *testing.T) {
	f := &fake{decode: func(context.Context, []int16, engine.Output) error {
		<-time.After(time.Second) // a decoder that does not look at its context
		return nil
	}}
	bubble(t, engine.Options{Block: 10 * ms}, f, func(t *testing.T, s stt.Stream) {
		send(t, s, 0, 100)
		<-time.After(2500 * ms) // in the third block
		before := time.Now()
		s.Close()
		if took := time.Since(before); took != 500*ms {
			t.Errorf("Close took %v; expected the 500ms that were left of the block", took)
		}
	})
	equal(t, "calls", f.noted(), "decode 10 from 0", "decode 10 from 10", "decode 10 from 20", "close")
}

func TestCloseCancelsDecode(t *testing.T) {
	f := &fake{decode: func(ctx context.Context, _ []int16, _ engine.Output) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	bubble(t, engine.Options{Block: 10 * ms}, f, func(t *testing.T, s stt.Stream) {
		send(t, s, 0, 100)
		synctest.Wait()
		s.Close()
		_, err := s.Recv(t.Context())
		if stt.CodeOf(err) != stt.Closed {
			t.Errorf("Recv returns %v; expected code closed, not the decoder's context", err)
		}
	})
	equal(t, "calls", f.noted(), "decode 10 from 0", "close")
}

// A decoder that talks to nobody is told so, and ends with the stream.
func TestCloseWhileEmitting(t *testing.T) {
	f := &fake{decode: func(_ context.Context, _ []int16, out engine.Output) error {
		for {
			if err := out.Emit(stt.Event{Kind: stt.EventEndpoint}); err != nil {
				return err
			}
		}
	}}
	bubble(t, engine.Options{Block: 10 * ms}, f, func(t *testing.T, s stt.Stream) {
		send(t, s, 0, 100)
		synctest.Wait()
	})
	equal(t, "calls", f.noted(), "decode 10 from 0", "close")
}

func TestCloseUnused(t *testing.T) {
	f := &fake{}
	bubble(t, engine.Options{}, f, func(*testing.T, stt.Stream) {})
	equal(t, "calls", f.noted(), "close")
}

func TestBacklogAndMaxAhead(t *testing.T) {
	resume := make(chan struct{})
	var backlog []float64
	f := &fake{decode: func(_ context.Context, _ []int16, out engine.Output) error {
		<-resume
		backlog = append(backlog, out.Backlog())
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		resume = make(chan struct{})
		s := engine.NewStream(engine.Options{Format: mono, Block: 10 * ms, MaxAhead: 40 * ms}, f)
		defer s.Close()
		send(t, s, 0, 10)
		synctest.Wait() // the first block is with the decoder
		send(t, s, 10, 20)
		send(t, s, 30, 20)
		ctx, cancel := context.WithTimeout(t.Context(), 1)
		defer cancel()
		if err := s.Send(ctx, stt.Chunk{Data: samples(50, 10)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send beyond MaxAhead returns %v; expected it to block", err)
		}
		s.CloseSend()
		close(resume)
		if _, end := rest(t, s); end != io.EOF {
			t.Errorf("ends with %v", end)
		}
	})
	if want := []float64{1, 0.75, 0.5, 0.25, 0}; !slices.Equal(backlog, want) {
		t.Errorf("the backlog is %v; expected %v", backlog, want)
	}
}

// A decoder that hangs does not leave its caller in silence.
func TestWatchdog(t *testing.T) {
	for name, c := range map[string]struct {
		hang func(f *fake, until func())
		then func(s stt.Stream) error
	}{
		"decoding": {
			func(f *fake, until func()) {
				f.decode = func(context.Context, []int16, engine.Output) error { until(); return nil }
			},
			func(stt.Stream) error { return nil },
		},
		"flushing": {
			func(f *fake, until func()) { f.flush = func(engine.Output) error { until(); return nil } },
			func(s stt.Stream) error { return s.Flush(context.Background()) },
		},
		"the end": {
			func(f *fake, until func()) { f.finish = func(engine.Output) error { until(); return nil } },
			stt.Stream.CloseSend,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			bubble(t, engine.Options{Patience: 5 * time.Second}, f, func(t *testing.T, s stt.Stream) {
				release := make(chan struct{}) // in the bubble, whose clock stands still for others
				defer close(release)
				c.hang(f, func() { <-release })
				send(t, s, 0, 100)
				if err := c.then(s); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err := s.Recv(t.Context())
				if stt.CodeOf(err) != stt.Unavailable || !strings.Contains(err.Error(), "5s") {
					t.Errorf("Recv: %v", err)
				}
				if d := time.Since(began); d != 5*time.Second {
					t.Errorf("it took %v", d)
				}
			})
		})
	}
}

// A decoder that is slow, but not stuck, and one that waits for audio, are let be.
func TestWatchdogIsPatient(t *testing.T) {
	f := &fake{decode: func(context.Context, []int16, engine.Output) error {
		time.Sleep(4 * time.Second)
		return nil
	}}
	bubble(t, engine.Options{Patience: 5 * time.Second}, f, func(t *testing.T, s stt.Stream) {
		send(t, s, 0, 1000)
		time.Sleep(time.Hour)
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := s.Recv(t.Context()); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return
			}
		}
	})
}

// A call that takes long but says that it gets on is let be, until it says no more.
func TestWatchdogAndLongCalls(t *testing.T) {
	turns := make(chan int, 1)
	f := &fake{finish: func(out engine.Output) error {
		for range <-turns {
			time.Sleep(4 * time.Second)
			out.Working()
		}
		time.Sleep(4 * time.Second)
		return nil
	}}
	bubble(t, engine.Options{Patience: 5 * time.Second}, f, func(t *testing.T, s stt.Stream) {
		turns <- 20
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after a long call: %v", err)
		}
	})
	f.finish = func(out engine.Output) error {
		out.Working()
		time.Sleep(time.Hour)
		return nil
	}
	bubble(t, engine.Options{Patience: 5 * time.Second}, f, func(t *testing.T, s stt.Stream) {
		began := time.Now()
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(t.Context()); stt.CodeOf(err) != stt.Unavailable {
			t.Errorf("after a call that hangs: %v", err)
		}
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

// Whoever fetches no events is waited for, and the decoder is not blamed.
func TestWatchdogAndSlowReceiver(t *testing.T) {
	f := &fake{decode: func(_ context.Context, _ []int16, out engine.Output) error {
		for i := range 1000 { // more than may wait
			ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: fmt.Sprint(i), Revision: 1, Final: true}}
			if err := out.Emit(ev); err != nil {
				return err
			}
		}
		return nil
	}}
	bubble(t, engine.Options{Patience: 5 * time.Second}, f, func(t *testing.T, s stt.Stream) {
		send(t, s, 0, 100)
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		finals := 0
		for {
			ev, err := s.Recv(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == stt.EventSegment {
				finals++
			}
		}
		if finals != 1000 {
			t.Errorf("%d finals", finals)
		}
	})
}

// Lag is the audio that has been accepted and not decoded.
func TestLag(t *testing.T) {
	f := &fake{}
	bubble(t, engine.Options{Start: time.Hour}, f, func(t *testing.T, s stt.Stream) {
		release := make(chan struct{})
		f.decode = func(context.Context, []int16, engine.Output) error {
			<-release
			return nil
		}
		lag := s.(stt.Lagger).Lag
		if d := lag(); d != 0 {
			t.Errorf("%v before any audio", d)
		}
		send(t, s, 0, 250)
		synctest.Wait()
		if d := lag(); d != 250*ms {
			t.Errorf("%v; expected 250 ms while the first block is being decoded", d)
		}
		release <- struct{}{}
		synctest.Wait()
		if d := lag(); d != 150*ms {
			t.Errorf("%v; expected 150 ms after the first block", d)
		}
		close(release)
		synctest.Wait()
		if d := lag(); d != 50*ms {
			t.Errorf("%v; expected the 50 ms that make no block yet", d)
		}
	})
}
