package script_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

func faulty(t *testing.T, f script.Fault) *script.Recognizer {
	t.Helper()
	return script.New(script.Options{Script: parse(t, "0.1-0.4 a b c\n0.5-0.6 d"), Fault: f})
}

func TestDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := faulty(t, script.Fault{Kind: script.Die, At: 450 * ms, Times: 2})
		for i, want := range []stt.Code{stt.Unavailable, stt.Unavailable, 0} {
			events, end := talk(t, open(t, r, stt.Config{}), time.Second)
			words := finalWords(events)
			if want == 0 {
				if end != io.EOF || len(words) != 4 {
					t.Errorf("stream %d, after the last that suffers, says %v and ends with %v", i, words, end)
				}
				continue
			}
			if stt.CodeOf(end) != want || len(words) != 3 {
				t.Errorf("stream %d says %v and ends with %v; expected a b c, and code %v", i, words, end, want)
			}
		}
	})
}

// The fault's time is session time: a stream that starts later has it behind it.
func TestDieAfterStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := faulty(t, script.Fault{Kind: script.Die, At: 450 * ms})
		if _, end := talk(t, open(t, r, stt.Config{Start: 400 * ms}), 40*ms); end != io.EOF {
			t.Errorf("a stream that ends before the fault ends with %v", end)
		}
		if events, end := talk(t, open(t, r, stt.Config{Start: 500 * ms}), 40*ms); stt.CodeOf(end) != stt.Unavailable || len(events) != 0 {
			t.Errorf("a stream that starts after the fault says %v and ends with %v", events, end)
		}
	})
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, faulty(t, script.Fault{Kind: script.Stall, At: 200 * ms}), stt.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var sent time.Duration
		for {
			if err := s.Send(ctx, stt.Chunk{Data: make([]byte, mono.Bytes(100*ms))}); err != nil {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				break
			}
			if sent += 100 * ms; sent > time.Minute {
				t.Fatal("a stalled stream takes a minute of audio")
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSlow(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault script.Fault
		audio time.Duration
		want  time.Duration
	}{
		{"from the beginning", script.Fault{Kind: script.Slow, Factor: 3}, time.Second, 3 * time.Second},
		{"faster than real time", script.Fault{Kind: script.Slow, Factor: 0.5}, time.Second, 500 * ms},
		{"from the middle", script.Fault{Kind: script.Slow, Factor: 2, At: 520 * ms}, time.Second, time.Second},
		{"audio that is not whole blocks", script.Fault{Kind: script.Slow, Factor: 2}, 30 * ms, 60 * ms},
		{"no factor", script.Fault{Kind: script.Slow}, time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, faulty(t, c.fault), stt.Config{})
				before := time.Now()
				if _, end := talk(t, s, c.audio); end != io.EOF {
					t.Fatal(end)
				}
				if took := time.Since(before); took != c.want {
					t.Errorf("%v of audio take %v, expected %v", c.audio, took, c.want)
				}
			})
		})
	}
}

func TestSlowIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, faulty(t, script.Fault{Kind: script.Slow, Factor: 1e6}), stt.Config{})
		if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, mono.Bytes(time.Second))}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := time.Now()
		s.Close()
		if took := time.Since(before); took != 0 {
			t.Errorf("Close takes %v", took)
		}
	})
}

func TestRefuse(t *testing.T) {
	r := faulty(t, script.Fault{Kind: script.Refuse, Times: 1})
	_, err := r.Open(t.Context(), stt.Config{Audio: mono})
	if e := stt.AsError(err); e == nil || e.Code != stt.Exhausted || e.RetryAfter <= 0 {
		t.Errorf("Open returns %+v; expected code exhausted and when to come again", err)
	}
	open(t, r, stt.Config{})
}

func TestSlots(t *testing.T) {
	r := script.New(script.Options{Slots: 2, Fault: script.Fault{Kind: script.Die, Times: 3}})
	first, second := open(t, r, stt.Config{}), open(t, r, stt.Config{})
	for range 5 {
		if _, err := r.Open(t.Context(), stt.Config{Audio: mono}); stt.CodeOf(err) != stt.Exhausted {
			t.Fatalf("a third stream in two slots: %v; expected code exhausted", err)
		}
	}
	first.Close()
	first.Close() // gives its slot back once
	third := open(t, r, stt.Config{})
	if _, err := r.Open(t.Context(), stt.Config{Audio: mono}); stt.CodeOf(err) != stt.Exhausted {
		t.Fatalf("a third stream in two slots: %v; expected code exhausted", err)
	}
	// Whoever got no slot has not suffered: the fault is still there for the third stream.
	if _, end := talk(t, third, time.Second); stt.CodeOf(end) != stt.Unavailable {
		t.Errorf("the third stream ends with %v; expected the fault", end)
	}
	second.Close()
}
