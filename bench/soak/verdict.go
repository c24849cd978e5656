package main

import (
	"fmt"
	"slices"
	"strings"
)

// vitals is how a server is when nobody streams.
type vitals struct {
	RSS        int64 // bytes
	Goroutines int
	Files      int
}

// String says it for people.
func (v vitals) String() string {
	return fmt.Sprintf("%.1f MB, %d goroutines, %d files", float64(v.RSS)/(1<<20), v.Goroutines, v.Files)
}

const (
	// mayGrow is how much memory may have grown since the first minute, in bytes.
	mayGrow = 5 << 20
	// mayStay is how many goroutines and files may be left over: the runtime and the HTTP server have some that come and go.
	mayStay = 3
)

// findings is all that a run has found.
type findings struct {
	start, early, end vitals // before the first stream, after the first minute, after the last stream

	first, last []string // words of speech at the beginning and at the end
	unwanted    []string // text where nobody spoke, each with the scene
	changed     []string // speech that got other words than the first time
	failed      []string // streams that failed and should not have, each with the reason
	logged      []string // bad lines of the server's log
	more        int      // bad lines beyond those
	played      [kinds]int
}

// reasons returns why the run has failed; none: it has not.
func (f *findings) reasons() []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if grown := f.end.RSS - f.early.RSS; grown > mayGrow {
		add("memory has grown by %.1f MB since the first minute; want %d MB at most", float64(grown)/(1<<20), mayGrow>>20)
	}
	if n := f.end.Goroutines - f.start.Goroutines; n > mayStay {
		add("%d goroutines are left over", n)
	}
	if n := f.end.Files - f.start.Files; n > mayStay {
		add("%d files or sockets are left over", n)
	}
	if len(f.first) == 0 {
		add("speech got no words at the beginning")
	}
	if n := distance(f.first, f.last); n > 0 { // the engine says that it is deterministic
		add("speech gets other words at the end than at the beginning, %d of %d differ:\n    %s\n    %s",
			n, len(f.first), strings.Join(f.first, " "), strings.Join(f.last, " "))
	}
	for _, list := range []struct {
		what  string
		lines []string
	}{{"text where nobody spoke", f.unwanted}, {"speech", f.changed}, {"a stream failed", f.failed}, {"the server's log", f.logged}} {
		for _, line := range list.lines {
			add("%s: %s", list.what, line)
		}
	}
	if f.more > 0 {
		add("the server's log: %d more lines of this kind", f.more)
	}
	for k, n := range f.played {
		if n == 0 {
			add("%v was never played: the run was too short to say anything", kind(k))
		}
	}
	return all
}

// distance is the number of words to change, leave out or add to get from a to b.
func distance(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{change, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}
