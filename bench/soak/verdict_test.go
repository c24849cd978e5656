package main

import (
	"strings"
	"testing"
)

// healthy is a run with nothing wrong.
func healthy() *findings {
	f := &findings{start: vitals{100 << 20, 6, 11}, early: vitals{400 << 20, 6, 11}, end: vitals{402 << 20, 7, 12},
		first: strings.Fields("he might even have been made amiable himself and so on"), last: strings.Fields("he might even have been made amiable himself and so on")}
	for k := range f.played {
		f.played[k] = 3
	}
	return f
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *findings)
		want   string // in the one reason there is; empty: there is none
	}{
		{"healthy", func(*findings) {}, ""},
		{"memory as much as may be", func(f *findings) { f.end.RSS = f.early.RSS + mayGrow }, ""},
		{"memory", func(f *findings) { f.end.RSS = f.early.RSS + mayGrow + 1<<20 }, "memory has grown by 6.0 MB"},
		{"memory given back", func(f *findings) { f.end.RSS = f.early.RSS / 2 }, ""},
		{"growth before the first minute is over", func(f *findings) { f.start.RSS = 1 }, ""},
		{"goroutines", func(f *findings) { f.end.Goroutines = f.start.Goroutines + 10 }, "10 goroutines"},
		{"goroutines lost early", func(f *findings) { f.early.Goroutines, f.end.Goroutines = 50, 50 }, "44 goroutines"},
		{"files", func(f *findings) { f.end.Files = f.start.Files + mayStay + 1 }, "4 files"},
		{"one word of eleven", func(f *findings) { f.last[3] = "had" }, "other words at the end"},
		{"no words at the end", func(f *findings) { f.last = nil }, "other words at the end"},
		{"no words ever", func(f *findings) { f.first, f.last = nil, nil }, "no words at the beginning"},
		{"text on noise", func(f *findings) { f.unwanted = []string{"scene 3, pink noise"} }, "nobody spoke: scene 3"},
		{"other words in between", func(f *findings) { f.changed = []string{"scene 5"} }, "speech: scene 5"},
		{"a stream failed", func(f *findings) { f.failed = []string{"scene 9"} }, "a stream failed: scene 9"},
		{"the log", func(f *findings) { f.logged = []string{"panic: oh"} }, "the server's log: panic: oh"},
		{"too short", func(f *findings) { f.played[kindMusic] = 0 }, "music was never played"},
	} {
		f := healthy()
		c.change(f)
		reasons := f.reasons()
		switch {
		case c.want == "" && len(reasons) > 0:
			t.Errorf("%s: %q", c.name, reasons)
		case c.want != "" && (len(reasons) != 1 || !strings.Contains(reasons[0], c.want)):
			t.Errorf("%s: %q; expected one reason with %q", c.name, reasons, c.want)
		}
	}
	f := healthy()
	f.logged, f.more = []string{"a", "b"}, 7
	if reasons := f.reasons(); len(reasons) != 3 || !strings.Contains(reasons[2], "7 more") {
		t.Errorf("a log with many bad lines: %q", reasons)
	}
}

// A leak of so much a stream is found before the run has lasted long, whatever else the memory does.
func TestVerdictFindsLeaks(t *testing.T) {
	f := healthy()
	streams := 0
	for ; len(f.reasons()) == 0; streams++ {
		if f.end.RSS += 64 << 10; streams > 1000 {
			t.Fatal("1000 streams of 64 KiB each leak without a word")
		}
	}
	if streams < 10 {
		t.Errorf("after %d streams already", streams)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a b c", "a b c", 0}, {"a b c", "", 3}, {"", "a", 1}, {"a b c", "a x c", 1}, {"a b c", "b c", 1}, {"a b c", "a b b c d", 2}, {"a b", "b a", 2}} {
		if got := distance(strings.Fields(c.a), strings.Fields(c.b)); got != c.want {
			t.Errorf("from %q to %q: %d; expected %d", c.a, c.b, got, c.want)
		}
		if got := distance(strings.Fields(c.b), strings.Fields(c.a)); got != c.want {
			t.Errorf("from %q to %q: %d; expected %d", c.b, c.a, got, c.want)
		}
	}
}

func TestLogWatch(t *testing.T) {
	for line, bad := range map[string]bool{
		`time=2026-01-01T00:00:00Z level=INFO msg="stream opened" session=1`:                                   false,
		`time=2026-01-01T00:00:00Z level=INFO msg="stream closed" code=ok reason=completed`:                    false,
		`time=2026-01-01T00:00:00Z level=INFO msg="stream closed" code=canceled reason="the client went away"`: false,
		`time=2026-01-01T00:00:00Z level=INFO msg="stream closed" code=internal reason="the stream failed"`:    true,
		`time=2026-01-01T00:00:00Z level=WARN msg="some connections did not end"`:                              true,
		`time=2026-01-01T00:00:00Z level=ERROR msg=anything`:                                                   true,
		"panic: runtime error: index out of range":                                                             true,
		"fatal error: all goroutines are asleep - deadlock!":                                                   true,
		"SIGSEGV: segmentation violation":                                                                      true,
		"WARNING: DATA RACE":                                                                                   true,
		"runtime: goroutine stack exceeds 1000000000-byte limit":                                               true,
		`time=2026-01-01T00:00:00Z level=INFO msg="stream refused" reason="all slots of the engine are taken"`: false,
		`time=2026-01-01T00:00:00Z level=INFO msg="stream closed" code=internal_audit reason=x`:                false,
		`time=2026-01-01T00:00:00Z level=INFO msg="shutting down" streams=0 grace=30s`:                         false,
	} {
		for cut := range len(line) {
			w := &logWatch{}
			for _, piece := range []string{line[:cut], line[cut:] + "\n"} {
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if found, _ := w.found(); (len(found) == 1) != bad {
				t.Fatalf("%q, cut at %d: found %q", line, cut, found)
			}
		}
	}
	w := &logWatch{}
	for range keepLines + 5 {
		_, _ = w.Write([]byte("panic: again\n"))
	}
	if lines, more := w.found(); len(lines) != keepLines || more != 5 {
		t.Errorf("%d lines and %d more", len(lines), more)
	}
}
