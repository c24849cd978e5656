package rig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

func scripted(t *testing.T, fault script.Fault) stt.Recognizer {
	t.Helper()
	s, err := script.Parse("0.2-1.0 Good morning,\n1.5-2.2 how are you?\n")
	if err != nil {
		t.Fatal(err)
	}
	return script.New(script.Options{Script: s, Fault: fault})
}

func TestTalk(t *testing.T) {
	for _, c := range []struct {
		pace float64
		took time.Duration // at least
	}{{0, 0}, {1, 2900 * time.Millisecond}, {2, 1450 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			h, err := Talk(t.Context(), scripted(t, script.Fault{}), make([]byte, Format.Bytes(3*time.Second)), c.pace)
			if err != nil || strings.Join(h.Words, " ") != "good morning how are you" || h.Partials == 0 {
				t.Errorf("pace %g: heard %v, %v", c.pace, h, err)
			}
			if took := time.Since(begin); took < c.took || took > c.took+time.Second {
				t.Errorf("pace %g: took %v; expected %v", c.pace, took, c.took)
			}
		})
	}
}

func TestTalkFails(t *testing.T) {
	for name, fault := range map[string]script.Fault{"at once": {Kind: script.Refuse}, "on the way": {Kind: script.Die, At: time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			if h, err := Talk(t.Context(), scripted(t, fault), make([]byte, Format.Bytes(3*time.Second)), 1); err == nil {
				t.Errorf("a recognizer that fails %s: %v", name, h)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Talk(ctx, scripted(t, script.Fault{Kind: script.Stall}), make([]byte, Format.Bytes(3*time.Second)), 1)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a recognizer that stalls: %v", err)
		}
	})
}

func TestPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := NewPacer(begin, 2)
		for _, at := range []time.Duration{0, time.Second, 4 * time.Second} {
			if err := p.Wait(t.Context(), at); err != nil || time.Since(begin) != at/2 {
				t.Errorf("%v of audio comes after %v, %v", at, time.Since(begin), err)
			}
		}
		if p.Late() != 0 {
			t.Errorf("late by %v", p.Late())
		}
		if err := p.Wait(t.Context(), 3*time.Second); err != nil || p.Late() != 500*time.Millisecond {
			t.Errorf("late by %v, %v; expected 500ms", p.Late(), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a Wait whose context ends returns %v", err)
		}
		if err := NewPacer(begin, 0).Wait(ctx, time.Hour); err == nil {
			t.Error("without a pace, a context that has ended is not seen")
		}
	})
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{"": nil, "Good morning.": {"good", "morning"}, " what? , no! it's 5.5 (or so)": {"what", "no", "it's", "5.5", "or", "so"}} {
		if got := Words(text); !slices.Equal(got, want) {
			t.Errorf("%q has the words %q; expected %q", text, got, want)
		}
	}
}

func TestLoadClips(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, f audio.Format, frames int) {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := audio.WriteWAVHeader(file, f, int64(frames)); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(make([]byte, 2*frames*f.Channels)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadClips(dir); err == nil {
		t.Error("a folder without recordings is taken")
	}
	write("b.wav", audio.Format{Rate: 16000, Channels: 1}, 16000)
	write("a.WAV", audio.Format{Rate: 48000, Channels: 2}, 24000)
	if err := os.WriteFile(filepath.Join(dir, "transcription"), []byte("not audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	clips, err := LoadClips(dir)
	if err != nil || len(clips) != 2 || clips[0].Name != "a.WAV" || clips[1].Name != "b.wav" {
		t.Fatalf("%v and %v", clips, err)
	}
	for i, want := range []time.Duration{500 * time.Millisecond, time.Second} {
		if got := clips[i].Length(); got < want-10*time.Millisecond || got > want+10*time.Millisecond {
			t.Errorf("%s has %v; expected %v", clips[i].Name, got, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "c.flac"), []byte("not audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadClips(dir); err == nil || !strings.Contains(err.Error(), "c.flac") {
		t.Errorf("a file that is none: %v", err)
	}
	if _, err := LoadClips(filepath.Join(dir, "nothing")); err == nil || !strings.Contains(err.Error(), "pocketsphinx-testdata") {
		t.Errorf("a folder that is not there: %v", err)
	}
}
