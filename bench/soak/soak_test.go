package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/bench/internal/rigtest"
)

// saying names a file with the script that the server of a test says whatever it hears.
const saying = "SOAK_TEST_SAYS"

// TestMain plays the part of bin/earshot, with a scripted engine in the place of PocketSphinx.
func TestMain(m *testing.M) {
	if append(os.Args, "")[1] != "serve" {
		os.Exit(m.Run())
	}
	err := rigtest.Serve(os.Args[1:], os.Stdout, os.Stderr, func(settings map[string]string) {
		settings["engine"] = "script"
		delete(settings, "engines.pocketsphinx.slots")
		settings["engines.script.script"] = os.Getenv(saying)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// clipFolder makes recordings of nothing: the scripted engine does not listen.
func clipFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"a.wav", "b.wav"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		frames := 2 * rig.Format.Rate
		if err := audio.WriteWAVHeader(f, audio.Format{Rate: rig.Format.Rate, Channels: 1}, int64(frames)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, 2*frames)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// play runs a short soak on a server that says a script.
func play(t *testing.T, script string, length time.Duration) (string, error) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc as Linux has it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(saying, file)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var out strings.Builder
	o := &options{earshot: self, length: length, seed: 5, streams: 4, clips: clipFolder(t), scene: 2 * time.Second, fill: 3 * time.Second, looks: 2}
	err = o.run(ctx, t.TempDir(), &out)
	return out.String(), err
}

// A server that says something on silence and noise, as the scripted engine does, is found out; what else is wrong with it is
// only that the run was short.
func TestSoakFindsUnwantedText(t *testing.T) {
	out, err := play(t, "0.2-1.0 good morning everybody\n", 5*time.Second)
	if err == nil || !strings.Contains(out, "text where nobody spoke: scene") || !strings.Contains(out, `"good morning everybody"`) {
		t.Errorf("%v and\n%s", err, out)
	}
	for _, wrong := range []string{"a stream failed", "the server's log", "are left over", "memory has grown", "got no words", "gets other words"} {
		if strings.Contains(out, wrong) {
			t.Errorf("%q in\n%s", wrong, out)
		}
	}
}

// A server that has no words for speech is found out.
func TestSoakFindsDeafness(t *testing.T) {
	out, err := play(t, "# nothing\n", time.Second)
	if err == nil || !strings.Contains(out, "speech got no words at the beginning") || strings.Contains(out, "nobody spoke") {
		t.Errorf("%v and\n%s", err, out)
	}
}

// The same recording has to get the same words each time; recordings of another name, and what was cut short, do not matter.
func TestCompare(t *testing.T) {
	r := &run{}
	for _, c := range []struct {
		name, words string
		changed     int // in all, afterwards
	}{{"a", "one two three", 0}, {"b", "four", 0}, {"a", "one two three", 0}, {"a", "one too three", 1}, {"b", "", 2}, {"b", "four", 2}, {"c", "", 2}, {"c", "", 2}, {"c", "five", 3}} {
		r.compare(&scene{name: c.name, kind: kindSpeech}, strings.Fields(c.words))
		if len(r.found.changed) != c.changed {
			t.Errorf("%q of %s: %q; expected %d", c.words, c.name, r.found.changed, c.changed)
		}
	}
	if !strings.Contains(r.found.changed[0], `1 of 3 words are others than the first time: "one two three", then "one too three"`) {
		t.Error(r.found.changed[0])
	}
}

func TestSoakEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := &options{earshot: "sh", length: time.Second, streams: 1, clips: clipFolder(t), looks: 1}
	if err := o.run(ctx, t.TempDir(), io.Discard); err == nil {
		t.Error("a run whose context has ended passes")
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-for", "3m", "-seed", "7", "-streams", "2", "-set", "a=b"})
	if err != nil || o.length != 3*time.Minute || o.seed != 7 || o.streams != 2 || strings.Join(o.set, " ") != "--set engines.pocketsphinx.a=b" {
		t.Errorf("%+v and %v", o, err)
	}
	a, _ := parse(nil)
	b, _ := parse(nil)
	if a.seed == b.seed {
		t.Error("two runs without a seed have the same")
	}
	for _, args := range [][]string{{"-for", "1s"}, {"-streams", "0"}, {"-set", "x"}, {"more"}, {"-nonsense"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
