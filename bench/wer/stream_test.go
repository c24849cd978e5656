package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

func recognizer(t *testing.T, o script.Options) stt.Recognizer {
	t.Helper()
	var err error
	if o.Script, err = script.Parse("0.2-0.8 good morning everybody\n1.0-1.4 so@1.0-1.1 long@1.2-1.3\n"); err != nil {
		t.Fatal(err)
	}
	return script.New(o)
}

// Every time of day is where it must be, on a machine that has all the time there is.
func TestStreamTimes(t *testing.T) {
	t.Parallel()
	for _, speed := range []float64{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			c := &clip{Name: "a", Words: words("good morning everybody so long"), PCM: tones(samplesOf(1310 * ms)), Talk: span{200 * ms, 1300 * ms, true}}
			x := takesOf([]*clip{c}, []time.Duration{0}, true, false)[0]
			o, err := stream(t.Context(), recognizer(t, script.Options{}), &x, pacing{speed: speed, chunk: 50 * ms, language: "en-US"})
			if err != nil {
				t.Fatal(err)
			}
			after := func(at time.Time) time.Duration { return time.Duration(float64(at.Sub(o.clock.begin)) * speed) }
			// The first word ends at 400 ms, and the chunk that ends there has been heard then. The last final comes at the end.
			if got := after(o.first); got != 400*ms {
				t.Errorf("speed %g: first partial after %v of audio", speed, got)
			}
			if last, final := after(o.lastByte), after(o.last); last != 1310*ms || final != last {
				t.Errorf("speed %g: last byte after %v, last final after %v of audio", speed, last, final)
			}
			if got := strings.Join(texts(o.words), " "); got != "good morning everybody so long" || o.late != 0 || o.partials == 0 || o.segment < 300*ms || o.segment > 400*ms {
				t.Errorf("speed %g: %q, %+v", speed, got, o)
			}
			l := latenciesOf([]*outcome{o})
			if want := float64(200*ms) / speed / float64(ms); l.FirstPartial.Median != want || l.LastFinal.Median != 0 {
				t.Errorf("speed %g: %+v, expected the first partial after %v ms", speed, l, want)
			}
		})
	}
}

// An engine that takes two seconds for one is behind by as much as there was audio: that is what has to be waited for.
func TestStreamSeesSlowness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &clip{Name: "a", Words: words("good morning everybody so long"), PCM: tones(samplesOf(1400 * ms))}
		x := take{clip: c, pcm: c.PCM}
		o, err := stream(t.Context(), recognizer(t, script.Options{Fault: script.Fault{Kind: script.Slow, Factor: 2}}), &x, pacing{speed: 1, chunk: 20 * ms})
		if err != nil {
			t.Fatal(err)
		}
		if wait := o.last.Sub(o.lastByte); wait < 1300*ms || wait > 1500*ms {
			t.Errorf("waited %v for the last final, expected about 1.4s", wait)
		}
	})
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	x := take{clip: &clip{Name: "a"}, pcm: tones(16000)}
	synctest.Test(t, func(t *testing.T) {
		_, err := stream(t.Context(), recognizer(t, script.Options{Fault: script.Fault{Kind: script.Die, At: 300 * ms}}), &x, pacing{speed: 1, chunk: 50 * ms})
		if stt.CodeOf(err) != stt.Unavailable {
			t.Errorf("an engine that dies gives %v", err)
		}
		// Refused for ever: given up after a minute.
		began := time.Now()
		_, err = stream(t.Context(), recognizer(t, script.Options{Fault: script.Fault{Kind: script.Refuse}}), &x, pacing{speed: 1, chunk: 50 * ms})
		if took := time.Since(began); stt.CodeOf(err) != stt.Exhausted || took < 30*time.Second || took > 2*time.Minute {
			t.Errorf("an engine that refuses gives %v after %v", err, took)
		}
		// Refused at first.
		r := recognizer(t, script.Options{Fault: script.Fault{Kind: script.Refuse, Times: 2}})
		if o, err := stream(t.Context(), r, &x, pacing{speed: 1, chunk: 50 * ms}); err != nil || len(o.words) != 3 {
			t.Errorf("%+v, %v", o, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
		defer cancel()
		if _, err = stream(ctx, recognizer(t, script.Options{}), &x, pacing{speed: 1, chunk: 50 * ms}); err == nil || ctx.Err() == nil {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// shaky loses its connection and makes it again.
type shaky struct{ stt.Recognizer }

func (s shaky) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	inner, err := s.Recognizer.Open(ctx, cfg)
	return &shakyStream{Stream: inner}, err
}

type shakyStream struct{ stt.Stream }

func (s *shakyStream) Recv(context.Context) (stt.Event, error) {
	return stt.Event{Kind: stt.EventWarning, Warning: &stt.Error{Code: stt.Unavailable, Msg: "connection lost; trying again"}}, nil
}

// What was measured across a lost connection is worth nothing.
func TestStreamRefusesWarnings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := take{clip: &clip{Name: "a"}, pcm: tones(16000)}
		_, err := stream(t.Context(), shaky{recognizer(t, script.Options{})}, &x, pacing{speed: 1, chunk: 50 * ms})
		if err == nil || !strings.Contains(err.Error(), "connection lost") {
			t.Errorf("%v", err)
		}
	})
}

// Takes run as many at once as asked for; the outcomes stand in their order; one failure ends all.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes []take
		for i := range 7 {
			takes = append(takes, take{clip: &clip{Name: "a"}, pcm: tones(16000 * (1 + i%3))})
		}
		o := &options{parallel: 2, pacing: pacing{speed: 1, chunk: 100 * ms}}
		began := time.Now()
		done := 0
		outcomes, err := together(t.Context(), recognizer(t, script.Options{}), takes, o, func(*outcome) { done++ })
		if err != nil || len(outcomes) != 7 || done != 7 {
			t.Fatalf("%d outcomes, %d done, %v", len(outcomes), done, err)
		}
		for i, out := range outcomes {
			if out.take != &takes[i] {
				t.Errorf("outcome %d is of another take", i)
			}
		}
		if took := time.Since(began); took < 6500*ms || took > 8*time.Second { // 13 s of audio, two at a time
			t.Errorf("it took %v", took)
		}
		if over := overload(outcomes, o, 7); over <= 0 || over > 1 {
			t.Errorf("7 s for 13 s of audio, two at a time, is an overload of %v", over)
		}
		if over := overload(outcomes, o, 30); over < 2 {
			t.Errorf("30 s are an overload of %v only", over)
		}
		dying := recognizer(t, script.Options{Fault: script.Fault{Kind: script.Die, At: 300 * ms, Times: 1}})
		if _, err := together(t.Context(), dying, takes, o, func(*outcome) {}); err == nil || !strings.Contains(err.Error(), "a at 0 ms") {
			t.Errorf("%v", err)
		}
	})
}

// errorWriter takes nothing.
type errorWriter struct{}

func (errorWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A report that goes nowhere is an error.
func TestReportToNowhere(t *testing.T) {
	t.Parallel()
	r := newReport(&options{dir: "a set", given: []string{"-pace", "2"}}, []*clip{{Words: words("a b"), PCM: tones(16000)}})
	if err := r.print(errorWriter{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
	if r.Command != "make wer SET='a set' ARGS='-pace 2'" || r.Words != 2 || r.Audio != 1 {
		t.Errorf("%+v", r)
	}
	var out strings.Builder
	r.Runs = []*measurement{{Name: "x", Overload: 3.5, Audio: 1, Limits: []limit{{Text: "too much"}, {Text: "fine", Kept: true}}}}
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"OVERLOADED", "3.5 times", "MISSED", "too much", "limit kept", "fine"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not in\n%s", text, out.String())
		}
	}
}
