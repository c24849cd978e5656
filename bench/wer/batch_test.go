package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

func TestParseBatch(t *testing.T) {
	t.Parallel()
	got, err := parseBatch("go forward ten meters (take000000 -3114)\n (take000001 -12)\nyes(2) no (take000002 0)\n")
	want := map[string]string{"take000000": "go forward ten meters", "take000001": "", "take000002": "yes(2) no"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; expected %v", got, err, want)
	}
	if got, err := parseBatch(""); err != nil || len(got) != 0 {
		t.Errorf("%v, %v out of nothing", got, err)
	}
	for _, text := range []string{"no result\n", "half (a", "\n"} {
		if got, err := parseBatch(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestTailOf(t *testing.T) {
	t.Parallel()
	if got := tailOf(strings.Repeat("a\n", 20) + "b\n"); strings.Count(got, "\n") != 14 || !strings.HasSuffix(got, "a\nb") {
		t.Errorf("%q", got)
	}
	if got := tailOf("\n"); got != "" {
		t.Errorf("%q", got)
	}
}

// Where it cannot be run, the report says what is missing.
func TestBatchMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	y, err := runBatch(t.Context(), nil, 1, 5)
	if err != nil || !strings.Contains(y.Missing, "Debian package pocketsphinx") {
		t.Errorf("%+v, %v", y, err)
	}
	var out strings.Builder
	y.print(&out)
	if !strings.Contains(out.String(), "left out: "+y.Missing) {
		t.Errorf("%q", out.String())
	}
}

// A program in its place that fails, or says too little, is an error with its last words.
func TestBatchFails(t *testing.T) {
	if _, err := os.Stat(batchModel); err != nil {
		t.Skip("needs the model of the Debian package pocketsphinx-en-us")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	takes := []*take{{clip: &clip{Name: "a", Words: words("one")}, pcm: tones(1600)}}
	for script, want := range map[string]string{
		"echo broken >&2; exit 3": "broken",
		"exit 0":                  "no such file",
		"while [ $# -gt 0 ]; do [ \"$1\" != -hyp ] || : >\"$2\"; shift; done":                                                                                                 "expected 1 results, got 0",
		"while [ $# -gt 0 ]; do [ \"$1\" != -hyp ] || echo 'no result' >\"$2\"; shift; done":                                                                                  "no result",
		"while [ $# -gt 0 ]; do [ \"$1\" != -hyp ] || { hyp=$2; }; [ \"$1\" != -ctl ] || { ctl=$2; }; shift; done; for n in $(cat $ctl); do echo \"won ($n -1)\"; done >$hyp": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, batchProgram), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		y, err := runBatch(t.Context(), takes, 1, 5)
		switch {
		case want == "" && (err != nil || y.Score.counts != counts{Total: 1, Substitutions: 1}):
			t.Errorf("%+v, %v", y, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q gives %v, expected %q in it", script, err, want)
		}
	}
}

// The real program on a real recording.
func TestBatchHears(t *testing.T) {
	t.Parallel()
	const file = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav"
	pcm, err := rig.ReadRecording(file)
	if err != nil {
		t.Skip("needs a recording of the Debian package pocketsphinx-testdata")
	}
	c := &clip{Name: "a", Words: words("he was not an ill disposed young man"), PCM: pcm}
	y, err := runBatch(t.Context(), []*take{{clip: c, pcm: pcm}}, 1, 5)
	if err != nil {
		t.Fatal(err)
	}
	if y.Missing != "" {
		t.Skip("needs the batch decoder: " + y.Missing)
	}
	if y.Score.Total != 8 || y.Score.errors() > 4 || y.CPU <= 0 || y.LoadCPU <= 0 {
		t.Errorf("%+v", y)
	}
}
