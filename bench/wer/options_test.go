package main

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func noEnv(string) string { return "" }

func TestOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := parseOptions([]string{dir}, noEnv, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{0, 20 * ms, 50 * ms, 110 * ms, 230 * ms}; !reflect.DeepEqual(o.offsets, want) || o.pacing.speed != 1 || o.pacing.chunk != 50*ms ||
		o.parallel != max(1, runtime.NumCPU()/2) || o.dir != dir || o.trim != "both" || !o.batch || len(o.given) != 0 {
		t.Errorf("the defaults are %+v", o)
	}
	o, err = parseOptions([]string{"--engine", "script", "--set=engines.script.slots=7", "--set", "engines.script.script=x=y", "--offsets", "0, 40", "--pace=0", dir}, noEnv, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	runs := o.runs()
	if len(runs) != 1 || runs[0].name != "script" || o.parallel != 3 || len(o.offsets) != 2 || len(o.given) != 8 {
		t.Errorf("%+v with the runs %+v", o, runs)
	}
	want := []string{"--engine", "script", "--log-level", "warn", "--set", "engines.script.slots=7", "--set", "engines.script.script=x=y"}
	if got := runs[0].flags(o); !reflect.DeepEqual(got, want) {
		t.Errorf("the server gets %q, expected %q", got, want)
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	names := func(args ...string) (names, settings []string) {
		o, err := parseOptions(append(args, t.TempDir()), noEnv, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range o.runs() {
			names = append(names, v.name)
			settings = append(settings, strings.Join(v.settings, " "))
		}
		return names, settings
	}
	got, settings := names("--set=a=b", "--variants=fast, accurate")
	if !reflect.DeepEqual(got, []string{"pocketsphinx fast", "pocketsphinx accurate"}) ||
		!reflect.DeepEqual(settings, []string{"a=b engines.pocketsphinx.finals=fast", "a=b engines.pocketsphinx.finals=accurate"}) {
		t.Errorf("%q with %q", got, settings)
	}
	if got, settings = names("--variants=none"); !reflect.DeepEqual(got, []string{"pocketsphinx"}) || settings[0] != "" {
		t.Errorf("%q with %q", got, settings)
	}
	if got, _ = names(); len(got) != 2 { // what its driver lists
		t.Errorf("by default %q", got)
	}
	if got, settings = names("--engine=acme", "--variants=best"); got[0] != "acme best" || settings[0] != "engines.acme.finals=best" {
		t.Errorf("%q with %q", got, settings)
	}
}

func TestFindSet(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	env := func(name string) string { return map[string]string{"EARSHOT_SHARED": shared}[name] }
	if _, err := findSet(nil, noEnv); err == nil || !strings.Contains(err.Error(), "make wer SET=") || !strings.Contains(err.Error(), "EARSHOT_SHARED") {
		t.Errorf("without a set: %v", err)
	}
	if _, err := findSet(nil, env); err == nil || !strings.Contains(err.Error(), filepath.Join(shared, "speech", "dev")) {
		t.Errorf("a shared folder without it: %v", err)
	}
	if dir, err := findSet([]string{shared}, env); err != nil || dir != shared {
		t.Errorf("%q, %v", dir, err)
	}
	for _, args := range [][]string{{"a", "b"}, {filepath.Join(shared, "none")}} {
		if _, err := findSet(args, env); err == nil || !strings.Contains(err.Error(), "transcripts.tsv") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	t.Parallel()
	for arg, texts := range map[string][]string{
		"--pace=-1":          {`"pace"`, "0 to 1000"},
		"--pace=NaN":         {`"pace"`},
		"--chunk=0s":         {`"chunk"`, "1ms to 1s"},
		"--chunk=2s":         {`"chunk"`},
		"--parallel=-1":      {`"parallel"`},
		"--worst=-1":         {`"worst"`},
		"--trim=maybe":       {`"trim"`, "both, none or only", `"maybe"`},
		"--offsets=":         {`"offsets"`},
		"--offsets=1,x":      {`"offsets"`, `"1,x"`},
		"--offsets=-5":       {`"offsets"`},
		"--offsets=20,0,20":  {`"offsets"`, "20 is there twice"},
		"--variants=fast,,x": {`"variants"`},
		"--set=novalue":      {"KEY=VALUE", `"novalue"`},
		"--nonsense":         {"nonsense"},
	} {
		_, err := parseOptions([]string{arg, t.TempDir()}, noEnv, io.Discard)
		if err == nil {
			t.Errorf("%s is taken", arg)
			continue
		}
		for _, text := range texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %q does not say %q", arg, err, text)
			}
		}
	}
	var help strings.Builder
	if _, err := parseOptions([]string{"--help"}, noEnv, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "SET is a folder") {
		t.Errorf("%v, %q", err, help.String())
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "''", "a/b-c.d": "a/b-c.d", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := quote(s); got != want {
			t.Errorf("%q is quoted %s, expected %s", s, got, want)
		}
	}
}
