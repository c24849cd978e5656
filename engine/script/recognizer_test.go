package script_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

var mono = stt.Format{Rate: 8000, Channels: 1}

func open(t testing.TB, r stt.Recognizer, cfg stt.Config) stt.Stream {
	t.Helper()
	if cfg.Audio == (stt.Format{}) {
		cfg.Audio = mono
	}
	s, err := r.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// talk sends silence of the lengths given, with a flush after each but the last, and returns all events.
func talk(t testing.TB, s stt.Stream, lengths ...time.Duration) (events []stt.Event, end error) {
	t.Helper()
	go func() { // ends with the last length, or with the stream
		for i, d := range lengths {
			if s.Send(context.Background(), stt.Chunk{Data: make([]byte, mono.Bytes(d))}) != nil {
				return
			}
			if i < len(lengths)-1 && s.Flush(context.Background()) != nil {
				return
			}
		}
		_ = s.CloseSend()
	}()
	for {
		ev, err := s.Recv(t.Context())
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
}

func describe(ev stt.Event) string {
	s := ev.Segment
	switch {
	case s == nil:
		return fmt.Sprintf("%v %v", ev.Kind, ev.At)
	case s.Final:
		return fmt.Sprintf("final %v-%v %s", s.Span.Start, s.Span.End, s.Best().Text)
	default:
		return fmt.Sprintf("partial %v-%v %s", s.Span.Start, s.Span.End, s.Best().Text)
	}
}

// What one stream says, event by event. Each piece of audio is followed by a flush, the last one by the end.
func TestEvents(t *testing.T) {
	const two = "0.1-0.4 a b c\n0.5-0.6 d"
	s := time.Second
	for _, c := range []struct {
		name, script string
		cfg          stt.Config
		pieces       []time.Duration
		want         []string
	}{
		{"silence", "", stt.Config{}, []time.Duration{s}, []string{"progress 1s"}},
		{"to the end", two, stt.Config{}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "partial 100ms-300ms a b", "final 100ms-400ms a b c",
			"speech-end 400ms", "endpoint 400ms", "progress 500ms", "speech-start 500ms", "final 500ms-600ms d",
			"speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"finals only", two, stt.Config{Interim: stt.Interim{Off: true}}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"partials far apart", "0.1-0.4 a b c", stt.Config{Interim: stt.Interim{Every: 250 * ms}}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-300ms a b", "final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 1s"}},
		{"audio that ends in a word", two, stt.Config{}, []time.Duration{250 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-250ms a", "progress 250ms"}},
		{"audio that ends in the first word", two, stt.Config{}, []time.Duration{150 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "progress 150ms"}},
		{"flush in a word", two, stt.Config{}, []time.Duration{240 * ms, 760 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-240ms a", "progress 200ms", "flushed 240ms",
			"partial 200ms-300ms b", "final 200ms-400ms b c", "speech-end 400ms", "endpoint 400ms", "progress 500ms",
			"speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"flush in the first word", two, stt.Config{}, []time.Duration{160 * ms, 840 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "flushed 160ms", "partial 100ms-200ms a", "partial 100ms-300ms a b",
			"final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 500ms",
			"speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"flush after the last word", "0.1-0.9 a@0.1-0.2", stt.Config{}, []time.Duration{500 * ms, 500 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-500ms a", "speech-end 500ms", "progress 500ms",
			"flushed 500ms", "progress 1s"}},
		{"flush in silence", two, stt.Config{}, []time.Duration{40 * ms, 400 * ms, 560 * ms}, []string{
			"progress 40ms", "flushed 40ms", "progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "partial 100ms-300ms a b",
			"final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 440ms", "flushed 440ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"a later start", two, stt.Config{Start: 450 * ms}, []time.Duration{s}, []string{
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 610ms", "progress 1.45s"}},
		{"a start in a word", two, stt.Config{Start: 150 * ms}, []time.Duration{s}, []string{
			"speech-start 150ms", "partial 150ms-310ms b", "final 150ms-400ms b c", "speech-end 400ms", "endpoint 410ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 610ms", "progress 1.15s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// In a bubble the receiver takes each event before the engine goes on, so that nothing is replaced.
			synctest.Test(t, func(t *testing.T) {
				r := script.New(script.Options{Script: parse(t, c.script)})
				events, end := unhurried(t, open(t, r, c.cfg), c.pieces)
				if end != io.EOF {
					t.Fatalf("ends with %v", end)
				}
				if !slices.Equal(events, c.want) {
					t.Errorf("got\n  %s\nexpected\n  %s", strings.Join(events, "\n  "), strings.Join(c.want, "\n  "))
				}
			})
		})
	}
}

// unhurried sends a block at a time and collects what is said about it. Progress that the next one replaces is left out.
func unhurried(t *testing.T, s stt.Stream, pieces []time.Duration) (events []string, end error) {
	hear := func() {
		synctest.Wait()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 1)
			ev, err := s.Recv(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				return
			}
			if err != nil {
				end = err
				return
			}
			if n := len(events); n > 0 && ev.Kind == stt.EventProgress && strings.HasPrefix(events[n-1], "progress") {
				events = events[:n-1]
			}
			events = append(events, describe(ev))
		}
	}
	for i, d := range pieces {
		for ; d > 0; d -= 20 * ms {
			if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, mono.Bytes(min(d, 20*ms)))}); err != nil {
				t.Fatal(err)
			}
			hear()
		}
		if i < len(pieces)-1 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			hear()
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	hear()
	return events, end
}

func TestSegmentsHoldWhatWasAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := script.New(script.Options{Script: parse(t, "0.1-0.4 a b c"), Languages: []string{"en-US", "de-DE"}})
		events, _ := talk(t, open(t, r, stt.Config{
			Languages: stt.Languages{Tags: []string{"de-DE"}}, Interim: stt.Interim{Stability: stt.StabilityHigh}}), time.Second)
		segments := 0
		for _, ev := range events {
			s := ev.Segment
			if s == nil {
				continue
			}
			segments++
			if s.Language != "de-DE" || s.ID == "" {
				t.Errorf("segment %q has language %q", s.ID, s.Language)
			}
			words := s.Best().Words
			for i, w := range words {
				if w.Stable != (s.Final || i < len(words)-1) {
					t.Errorf("%s: word %d stable %v", describe(ev), i, w.Stable)
				}
				if w.Confidence.Known != s.Final {
					t.Errorf("%s: word %d has confidence %v", describe(ev), i, w.Confidence)
				}
			}
		}
		if segments < 2 {
			t.Errorf("%d segments", segments)
		}
	})
}

// Segments less than a millisecond apart are still two segments.
func TestIDsAreUnique(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := script.New(script.Options{Script: parse(t, "0.1001-0.1002 a\n0.1003-0.1004 b\n0.1005-0.2 c")})
		events, _ := talk(t, open(t, r, stt.Config{}), 150*ms, 10*ms, 0, time.Second)
		seen := map[string]bool{}
		for _, ev := range events {
			if ev.Segment != nil && ev.Segment.Final {
				if seen[ev.Segment.ID] {
					t.Errorf("two finals have the ID %q", ev.Segment.ID)
				}
				seen[ev.Segment.ID] = true
			}
		}
		if len(seen) != 3 {
			t.Errorf("%d finals, expected 3", len(seen))
		}
	})
}

func TestModelsAndOpen(t *testing.T) {
	r := script.New(script.Options{Languages: []string{"en-US"}})
	models, err := r.Models(t.Context())
	if err != nil || len(models) != 1 || models[0].ID != script.ModelID {
		t.Fatalf("Models gives %v, %v", models, err)
	}
	for _, c := range []struct {
		name   string
		cfg    stt.Config
		code   stt.Code
		option string
	}{
		{"as it should be", stt.Config{Audio: mono, Model: script.ModelID}, 0, ""},
		{"another model", stt.Config{Audio: mono, Model: "huge"}, stt.NotFound, "model"},
		{"another language", stt.Config{Audio: mono, Languages: stt.Languages{Tags: []string{"fr-FR"}}}, stt.Unsupported, "language"},
		{"another encoding", stt.Config{Audio: stt.Format{Encoding: stt.FLAC, Rate: 8000, Channels: 1}}, stt.Invalid, "audio"},
		{"two channels", stt.Config{Audio: stt.Format{Rate: 8000, Channels: 2}}, stt.Invalid, "audio"},
		{"no rate", stt.Config{Audio: stt.Format{Channels: 1}}, stt.Invalid, "audio"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := r.Open(t.Context(), c.cfg)
			if err == nil {
				s.Close()
			}
			if e := stt.AsError(err); stt.CodeOf(err) != c.code || e != nil && e.Option != c.option {
				t.Errorf("got %v; expected code %v, option %q", err, c.code, c.option)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Open(ctx, stt.Config{Audio: mono}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a canceled context returns %v", err)
	}
}

func finalWords(events []stt.Event) (words []string) {
	for _, ev := range events {
		if ev.Segment != nil && ev.Segment.Final {
			words = append(words, strings.Fields(ev.Segment.Best().Text)...)
		}
	}
	return words
}

// Whoever resumes at a progress value that the first stream gave loses nothing and doubles nothing, whatever the first
// stream had said, wherever it was flushed, and however it ended.
func TestResume(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 0))
				s, length := random(r)
				want := s.Text(length)
				var pieces []time.Duration
				for left := length; left > 0; {
					d := min(left, mono.Duration(int64(2*(1+r.IntN(6000)))))
					pieces = append(pieces, d)
					left -= d
				}
				first, end := talk(t, open(t, script.New(script.Options{Script: s, Fault: script.Fault{Kind: script.Die,
					At: time.Duration(r.Int64N(int64(length) * 3 / 2))}}), stt.Config{}), pieces...)
				if end == nil {
					t.Fatal("the first stream has no end")
				}
				resumed := 0
				for i, ev := range first {
					if ev.Kind != stt.EventProgress || resumed > 20 {
						continue
					}
					resumed++
					second, end := talk(t, open(t, script.New(script.Options{Script: s}), stt.Config{Start: ev.At}), length-min(ev.At, length)+time.Second)
					if end != io.EOF {
						t.Fatal(end)
					}
					if got := append(finalWords(first[:i]), finalWords(second)...); !slices.Equal(got, want) {
						t.Fatalf("at %v of %v:\n  %v\nexpected\n  %v", ev.At, length, got, want)
					}
				}
			})
		})
	}
}

// A start in the middle of a word leaves that word out and no other.
func TestStart(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s, length := random(r)
			start := time.Duration(r.Int64N(int64(length)))
			before := fmt.Sprint(s)
			var want []string
			for _, seg := range s {
				for _, w := range seg.Words {
					if w.Start >= start {
						want = append(want, w.Text)
					}
				}
			}
			events, _ := talk(t, open(t, script.New(script.Options{Script: s}), stt.Config{Start: start}), length)
			if got := finalWords(events); !slices.Equal(got, want) {
				t.Errorf("seed %d: from %v it says %v, expected %v", seed, start, got, want)
			}
			if before != fmt.Sprint(s) {
				t.Error("the script has been changed")
			}
		})
	}
}

func TestDriver(t *testing.T) {
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good.txt"), filepath.Join(folder, "bad.txt")
	for name, text := range map[string]string{good: "0.1-0.2 hello\n", bad: "hello\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := script.Driver()
	if d.Name == "" || d.Title == "" || d.Doc == "" {
		t.Errorf("the driver says too little of itself: %+v", d)
	}
	for _, o := range d.Options {
		if o.Help == "" {
			t.Errorf("option %q has no help", o.Name)
		}
	}
	for _, c := range []struct {
		name   string
		values map[string]string
		want   string // in the error; empty: none
	}{
		{"a script", map[string]string{"script": good}, ""},
		{"all options", map[string]string{"script": good, "fault": "slow", "fault_at": "1s", "fault_factor": "3", "fault_times": "2", "slots": "4", "languages": "en-US, de-DE"}, ""},
		{"no script", nil, `option "script.script" must be set`},
		{"no such file", map[string]string{"script": filepath.Join(folder, "none.txt")}, `option "script.script" names a file that cannot be read`},
		{"not a script", map[string]string{"script": bad}, "line 1"},
		{"no such fault", map[string]string{"script": good, "fault": "explode"}, "expected one of none, die, stall, slow, refuse"},
		{"not a duration", map[string]string{"script": good, "fault_at": "1"}, "expected a duration"},
		{"not a number", map[string]string{"script": good, "slots": "many"}, "expected a whole number"},
		{"no such option", map[string]string{"script": good, "model": "x"}, `option "script.model" is not known`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := d.Open(t.Context(), c.values, nil)
			if c.want != "" {
				if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("got %v; expected code invalid and %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			cfg := stt.Config{}
			if c.values["languages"] != "" {
				cfg.Languages.Tags = []string{"de-DE"}
			}
			events, end := talk(t, open(t, r, cfg), 300*ms)
			if got := finalWords(events); end != io.EOF || !slices.Equal(got, []string{"hello"}) {
				t.Errorf("it says %v and ends with %v", got, end)
			}
		})
	}
}
