package rig

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.5, 7},
		{[]float64{7}, 1, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{4, 1, 3, 2}, 0, 1},
		{[]float64{4, 1, 3, 2}, 1, 4},
		{[]float64{0, 10}, 0.95, 9.5},
		{[]float64{1, 2}, -1, 1},
		{[]float64{1, 2}, 2, 2},
		{[]float64{1, 1000, 1, 1, 1}, 0.5, 1}, // one that was disturbed says nothing
	} {
		if got := Quantile(c.values, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile %g of %v is %g; expected %g", c.q, c.values, got, c.want)
		}
	}
	values := []float64{3, 1, 2}
	if Median(values) != 2 || !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("the median changes its values to %v", values)
	}
}

func TestQuantileOfAnyOrder(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		values := make([]float64, 1+rng.IntN(20))
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		last := math.Inf(-1)
		for q := 0.0; q <= 1; q += 0.05 {
			v := Quantile(values, q)
			if v < last || v < slices.Min(values) || v > slices.Max(values) {
				t.Fatalf("seed %d: quantile %g of %v is %g, after %g", seed, q, values, v, last)
			}
			last = v
		}
	}
}

// lines: one table for writing, reading and the fuzzer's seeds.
var lines = []struct {
	name    string
	figures []Figure
}{
	{"ServerCPU/streams=200/impl=earshot", []Figure{{0.839468, "cpu-ms/stream-s"}, {10, "in-msg/stream-s"}}},
	{"IdleMemory/streams=500", []Figure{{52341, "rss-B/stream"}}},
	{"A", []Figure{{0, "x"}}},
	{"A-b", []Figure{{-1.5e-7, "ns/op"}, {123457, "B/op"}, {1, "allocs/op"}}},
}

func TestLines(t *testing.T) {
	for _, c := range lines {
		var b strings.Builder
		if err := WriteLine(&b, c.name, c.figures...); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.String(), "Benchmark"+c.name+"-") || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%q is no line of a benchmark", b.String())
		}
		l, ok := ReadLine(b.String())
		if !ok || l.Name != c.name || !reflect.DeepEqual(l.Figures, c.figures) {
			t.Errorf("%q is read as %v, %v; expected %s with %v", b.String(), l, ok, c.name, c.figures)
		}
		if v, ok := l.Get(c.figures[0].Unit); !ok || v != c.figures[0].Value {
			t.Errorf("%s: %v, %v", c.figures[0].Unit, v, ok)
		}
		if _, ok := l.Get("furlongs"); ok {
			t.Error("a figure that is not there is found")
		}
	}
}

func TestLinesThatCannotBe(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"", "two words", "a\nb", "tab\t"} {
		if WriteLine(&b, name, Figure{1, "x"}) == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	for _, unit := range []string{"", "ns per op", "\n"} {
		if WriteLine(&b, "A", Figure{1, unit}) == nil {
			t.Errorf("the unit %q is taken", unit)
		}
	}
	if b.Len() > 0 {
		t.Errorf("half a line was written: %q", b.String())
	}
}

func TestReadLineOfOthers(t *testing.T) {
	l, ok := ReadLine("BenchmarkDecode/size=300/impl=aws-8         \t  862706\t      1389 ns/op\t 215.93 MB/s\t     496 B/op\t      10 allocs/op")
	want := Line{"Decode/size=300/impl=aws", []Figure{{1389, "ns/op"}, {215.93, "MB/s"}, {496, "B/op"}, {10, "allocs/op"}}}
	if !ok || !reflect.DeepEqual(l, want) {
		t.Errorf("a line of go test is read as %v, %v", l, ok)
	}
	for _, text := range []string{"", "PASS", "ok  \tpkg\t1.2s", "goos: linux", "pkg: a/b", "BenchmarkA", "BenchmarkA-2 \t 12", "Benchmark-2 1 1 x",
		"BenchmarkA-2 x 1 ns/op", "BenchmarkA-2 1 one ns/op", "BenchmarkA-2 1 1 ns/op 2", "--- FAIL: BenchmarkA-2 1 1"} {
		if l, ok := ReadLine(text); ok && l.Name != "" && text != "Benchmark-2 1 1 x" {
			t.Errorf("%q is read as %v", text, l)
		}
	}
}

// Whatever is read can be written, and is read again as the same.
func FuzzReadLine(f *testing.F) {
	for _, c := range lines {
		f.Add(fmt.Sprintf("Benchmark%s-2 1 %g %s", c.name, c.figures[0].Value, c.figures[0].Unit))
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := ReadLine(text)
		if !ok {
			return
		}
		var b strings.Builder
		if err := WriteLine(&b, l.Name, l.Figures...); err != nil {
			t.Fatalf("%q is read as %v, which cannot be written: %v", text, l, err)
		}
		again, ok := ReadLine(b.String())
		if !ok || again.Name != l.Name || len(again.Figures) != len(l.Figures) {
			t.Fatalf("%q is read as %v, written as %q and read as %v", text, l, b.String(), again)
		}
		for i, g := range again.Figures {
			w := l.Figures[i]
			if g.Unit != w.Unit || math.Abs(g.Value-w.Value) > 1e-5*math.Abs(w.Value) {
				t.Fatalf("%q: %v became %v", text, w, g)
			}
		}
	})
}
