package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// made returns the results of three rounds in which all limits are kept, with some lines replaced.
func made(replace ...string) string {
	const all = `goos: linux
BenchmarkEncode/size=300/impl=earshot-2	100	100 ns/op	3000 MB/s	0 B/op	0 allocs/op
BenchmarkEncode/size=300/impl=aws-2	100	500 ns/op	600 MB/s	496 B/op	10 allocs/op
BenchmarkServerCPU/streams=200/impl=earshot-2	1	1.8 cpu-ms/stream-s	10 in-msg/stream-s
BenchmarkServerCPU/streams=200/impl=bare-2	1	1 cpu-ms/stream-s	10 in-msg/stream-s
BenchmarkEngineCPU/impl=served-2	1	0.52 cpu-s/audio-s
BenchmarkEngineCPU/impl=direct-2	1	0.5 cpu-s/audio-s
BenchmarkEngineCPU/recording=0-2	1	1.02 served/direct
BenchmarkEngineCPU/recording=1-2	1	1.03 served/direct
BenchmarkEngineCPU/recording=2-2	1	1.9 served/direct
BenchmarkEngineMemory/streams=250-2	1	90000 rss-B/stream
BenchmarkIdleMemory/streams=500-2	1	50000 rss-B/stream	60000 collected-B/stream
PASS
`
	return strings.Repeat(strings.NewReplacer(replace...).Replace(all), 3)
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name, text string
		missed     int
		speaks     string // of it a line that is not kept speaks
	}{
		{"all kept", made(), 0, ""},
		{"one bad round of many", made() + made() + "BenchmarkIdleMemory/streams=500-2 1 900000 rss-B/stream\n", 0, ""},
		{"nothing measured", "PASS\n", 0, ""},
		{"one side alone", "BenchmarkEngineCPU/impl=served-2 1 9 cpu-s/audio-s\n", 0, ""},
		{"slow codec", made("100 ns/op", "200 ns/op"), 1, "encode"},
		{"codec that allocates", made("0 allocs/op", "1 allocs/op"), 1, "allocations"},
		{"server", made("1.8 cpu-ms", "2.1 cpu-ms"), 1, "server CPU"},
		{"at the limit", made("1.8 cpu-ms", "2 cpu-ms", "50000 rss", "65536 rss", "100 ns/op", "166 ns/op"), 0, ""},
		{"engine", made("1.03 served", "1.06 served"), 1, "engine"},
		{"memory", made("50000 rss", "70000 rss"), 1, "idle stream"},
		{"two", made("50000 rss", "70000 rss", "1.8 cpu-ms", "4 cpu-ms"), 2, "idle stream"},
	} {
		r, err := read(strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = judge(r, limits(), &out)
		if missed := strings.Count(out.String(), "MISSED"); missed != c.missed || (err != nil) != (missed > 0) || err != nil && !errors.Is(err, errMissed) {
			t.Errorf("%s: %d missed and %v; expected %d:\n%s", c.name, missed, err, c.missed, out.String())
		}
		if c.missed > 0 && !strings.Contains(out.String(), c.speaks) {
			t.Errorf("%s: nothing of %q in\n%s", c.name, c.speaks, out.String())
		}
	}
}

func TestVerdictShowsRatios(t *testing.T) {
	r, err := read(strings.NewReader(made()))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := judge(r, limits(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  5 ", "1.8", "1.03", "5e+04", "median of 3", "median of 9"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// What has not been measured is not passed over in silence, and is no limit missed either.
func TestVerdictSaysWhatIsMissing(t *testing.T) {
	for text, want := range map[string]int{made(): 6, "PASS\n": 11, "BenchmarkIdleMemory/streams=500-2	1	50000 rss-B/stream\n": 10} {
		r, err := read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := judge(r, limits(), &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "not measured"); got != want || strings.Count(out.String(), "\n") != len(limits()) {
			t.Errorf("%d lines say that something has not been measured; expected %d:\n%s", got, want, out.String())
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{{"A/*/b", "A/x=1/b", true}, {"A/*", "A/x=1/b", false}, {"A/*/b", "A/x=1/c", false}, {"A", "A", true}, {"A", "AB", false}, {"*", "A", true}} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.name, got)
		}
	}
}

// The limits speak of results that there are: the names and units that this program and the codec's benchmarks have.
func TestLimitsHaveNames(t *testing.T) {
	for _, l := range limits() {
		for _, name := range []string{l.above, l.below} {
			if name != "" && !strings.HasPrefix(name, "ServerCPU/") && !strings.HasPrefix(name, "EngineCPU/") && !strings.HasPrefix(name, "IdleMemory/") &&
				!strings.HasPrefix(name, "Encode/size=") && !strings.HasPrefix(name, "Decode/size=") {
				t.Errorf("%s: nobody prints %s", l.what, name)
			}
		}
	}
}

func TestVerdictMode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.txt")
	if err := os.WriteFile(file, []byte(made("50000 rss", "70000 rss")), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := command(t.Context(), []string{"verdict", file}, nil, &out); !errors.Is(err, errMissed) || !strings.Contains(out.String(), "MISSED") {
		t.Errorf("%v and\n%s", err, out.String())
	}
	for _, args := range [][]string{{"verdict"}, {"verdict", file, file}, {"verdict", filepath.Join(t.TempDir(), "none")}} {
		if err := command(t.Context(), args, nil, &out); err == nil || errors.Is(err, errMissed) {
			t.Errorf("%v: %v", fmt.Sprint(args), err)
		}
	}
}
