package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/bench/internal/rigtest"
)

// TestMain plays the part of bin/earshot, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := rigtest.Serve(os.Args[1:], os.Stdout, os.Stderr, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// heard is what the scripted engine hears in every clip.
const heard = "0.2-0.8 good morning everybody\n"

// scripted returns the arguments that measure with the scripted engine, and a set whose transcripts differ from what it hears
// in known ways.
func scripted(t *testing.T, more ...string) []string {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc as Linux has it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{
		"script.txt": heard,
		"transcripts.tsv": "file\ttranscript\n" +
			"right.wav\tGood morning, everybody!\n" +
			"other.wav\tgood evening everybody\n" +
			"more.wav\tgood morning to everybody\n" +
			"less.wav\tmorning everybody\n",
		"word-times.tsv": "file\tword\tstart_s\tend_s\nright.wav\tgood\t0.19\t0.4\nright.wav\tmorning\t0.4\t0.6\nright.wav\teverybody\t0.6\t0.8\n" +
			"other.wav\tgood\t0.2\t0.4\nother.wav\tevening\t0.4\t0.6\nother.wav\teverybody\t0.6\t0.8\n" +
			"more.wav\tgood\t0.2\t0.4\nmore.wav\tmorning\t0.4\t0.6\nmore.wav\teverybody\t0.6\t0.8\n",
		"right.wav": "", "other.wav": "", "more.wav": "", "less.wav": "",
	})
	return append([]string{"--earshot", self, "--engine", "script", "--set", "engines.script.script=" + filepath.Join(dir, "script.txt"),
		"--parallel", "4", "--batch=false"}, append(more, dir)...)
}

// The whole program, from the set to the report: it finds exactly the errors that were put in.
func TestFindsTheErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out.json")
	var out, progress strings.Builder
	if err := command(t.Context(), scripted(t, "--offsets", "0,20", "--json", file), noEnv, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 1 || r.Clips != 4 || r.Words != 12 || r.Timed != 3 || r.Machine.Cores < 1 {
		t.Fatalf("%s", text)
	}
	m := r.Runs[0]
	// The words are bound to the clock of the stream, so the room tone moves none of them.
	if want := (counts{Total: 24, Substitutions: 2, Deletions: 2, Insertions: 2}); m.Score == nil || m.Score.counts != want || m.Score.WER != 25 {
		t.Fatalf("%+v, expected %+v", m.Score, want)
	}
	if len(m.Score.ByOffset) != 2 || m.Score.ByOffset[0].errors() != 3 || m.Score.ByOffset[1].errors() != 3 || len(m.Score.Worst) != 3 {
		t.Errorf("%+v", m.Score)
	}
	if len(m.Limits) != 0 {
		t.Errorf("a script is judged by %+v", m.Limits)
	}
	// Of the eight right words with times, the first starts 10 ms away from the list and the others 0; behind 20 ms of room tone
	// it is 10 ms again, on the other side, and 20.
	if m.WordStarts.N != 16 || m.WordStarts.Median != 10 || m.WordStarts.Max != 20 {
		t.Errorf("word starts %+v", m.WordStarts)
	}
	checkLatencies(t, m)
	if m.Audio <= 0 || m.Wall < 1 || m.PeakRSS < 1<<20 || m.RSS > m.PeakRSS {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{"25.00 %", "6 of 24 words: 2 substituted, 2 deleted, 2 inserted", "other.wav", "said   good evening everybody", "heard  good morning everybody",
		"trimmed 100 ms after the last word", "cores", "load", "Again: make wer SET=", "MB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, out.String())
		}
	}
	if !strings.Contains(progress.String(), "16 of 16") && !strings.Contains(progress.String(), "12 of 12") {
		t.Errorf("progress %q", progress.String())
	}
}

// checkLatencies knows when the script speaks: the first word of it ends at 0.4 s, the last at 0.8 s. A busy machine adds to
// that, nothing takes away.
func checkLatencies(t *testing.T, m *measurement) {
	t.Helper()
	if m.Whole.FirstPartial.N < 4 || m.Whole.FirstPartial.Median < 170 || m.Whole.FirstPartial.Median > 20_000 {
		t.Errorf("first partial %+v, expected some 200 ms", m.Whole.FirstPartial)
	}
	// The script is at its end before the recording is.
	if m.Whole.LastFinal.N != 8 || m.Whole.LastFinal.Median > 20_000 {
		t.Errorf("last final %+v", m.Whole.LastFinal)
	}
	if m.Whole.SpeechEndFinal.N < 4 || m.Whole.SpeechEndFinal.Max < -30 {
		t.Errorf("speech end to final %+v", m.Whole.SpeechEndFinal)
	}
	if n := m.Trimmed.Listed + m.Trimmed.Heard; n < 4 || m.Trimmed.NothingFound > 0 || m.Trimmed.LastSegment.Median < 500 {
		t.Errorf("trimmed %+v", m.Trimmed)
	}
}

// A server whose streams fail ends the measuring with its reason.
func TestServerFails(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		more []string
		want []string
	}{
		"dies":           {[]string{"--set=engines.script.fault=die", "--set=engines.script.fault_at=300ms"}, []string{".wav at 0 ms", "died"}},
		"does not start": {[]string{"--set=engines.script.fault=explode"}, []string{"does not start", "explode"}},
		"is not there":   {[]string{"--earshot=/none/earshot"}, []string{"does not start", "no such file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := command(t.Context(), scripted(t, append(x.more, "--offsets=0", "--trim=none")...), noEnv, io.Discard, io.Discard)
			if err == nil {
				t.Fatal("nothing is said")
			}
			for _, text := range x.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
		})
	}
}

// A server with fewer places than asked for is waited for.
func TestWaitsForAPlace(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := command(t.Context(), scripted(t, "--set=engines.script.slots=1", "--offsets=0", "--trim=none", "--pace=0"), noEnv, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "3 of 12 words: 1 substituted, 1 deleted, 1 inserted") || !strings.Contains(out.String(), "as fast as taken") {
		t.Errorf("%s", out.String())
	}
}

// watched calls back at the first thing that is written.
type watched struct{ then func() }

func (w watched) Write(p []byte) (int, error) {
	w.then()
	return len(p), nil
}

// Ctrl-C ends everything, the server too: command returns when the server's process has ended.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	err := command(ctx, scripted(t, "--offsets", "0,1000", "--json", filepath.Join(t.TempDir(), "out.json")), noEnv, &out, watched{cancel})
	if !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("%v, and the report %q", err, out.String())
	}
}

// What is wrong with the set is said before any server starts.
func TestBadSet(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"transcripts.tsv": "file\ttranscript\nnone.wav\tone\n"})
	err := command(t.Context(), []string{"--earshot=/none", dir}, noEnv, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `"none.wav"`) {
		t.Errorf("%v", err)
	}
}
