package script_test

import (
	"context"
	"errors"
	"io"
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
		{"no script, an example", nil, `the one line "0.5-2.1 good morning everybody"`},
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
