package rig

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A process that was called to confuse whoever reads /proc.
const statLine = "4242 (a) b (c 1 2) S 1 4242 4242 0 -1 4194560 1000 0 5 0 123 77 9 8 20 0 12 0 999 1000 200 18446744073709551615 0 0"

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       time.Duration // below 0: an error
	}{
		{"a process", statLine, 2 * time.Second},
		{"the same with a line end", statLine + "\n", 2 * time.Second},
		{"none used", strings.Replace(statLine, " 123 77 ", " 0 0 ", 1), 0},
		{"one tick", strings.Replace(statLine, " 123 77 ", " 1 0 ", 1), 10 * time.Millisecond},
		{"empty", "", -1},
		{"no name", "4242 sh S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", -1},
		{"cut short", "4242 (sh) S 1 4242 4242 0 -1 4194560 1000 0 5 0 123", -1},
		{"no number", strings.Replace(statLine, " 77 ", " x ", 1), -1},
		{"below zero", strings.Replace(statLine, " 77 ", " -7 ", 1), -1},
	} {
		got, err := parseStat(c.text)
		if c.want < 0 && err == nil || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("%s: %v and %v; expected %v", c.name, got, err, c.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	const text = "Name:\tVmRSS:\nVmHWM:\t    2048 kB\nVmRSS:\t     512 kB\nThreads:\t4\nRssAnon:\t -4 kB\n"
	for _, c := range []struct {
		field string
		want  int64 // below 0: an error
	}{{"VmRSS", 512 << 10}, {"VmHWM", 2 << 20}, {"Threads", -1}, {"VmSwap", -1}, {"RssAnon", -1}, {"Name", -1}} {
		got, err := parseStatus(text, c.field)
		if c.want < 0 && err == nil || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("%s: %d and %v; expected %d", c.field, got, err, c.want)
		}
	}
}

// This process is one whose figures are known roughly.
func TestOfThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc as Linux has it")
	}
	pid := os.Getpid()
	before, err := CPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	after, spun := before, 0
	for begin := time.Now(); err == nil && after < before+60*time.Millisecond && time.Since(begin) < time.Minute; spun++ {
		after, err = CPU(pid) // looking takes time itself
	}
	if err != nil || after < before+60*time.Millisecond || after > before+10*time.Second {
		t.Errorf("processor time from %v to %v, %v, by looking at it %d times", before, after, err, spun)
	}
	memory, err := RSS(pid)
	peak, err2 := PeakRSS(pid)
	if err != nil || err2 != nil || memory < 1<<20 || memory > 4<<30 || peak < memory/2 {
		t.Errorf("memory %d, %v, at its peak %d, %v", memory, err, peak, err2)
	}
	files, err := Files(pid)
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if more, err := Files(pid); err != nil || more != files+2 {
		t.Errorf("%d files and %v after a pipe was opened, %d before", more, err, files)
	}
	for name, look := range map[string]func(int) error{
		"CPU":   func(pid int) error { _, err := CPU(pid); return err },
		"RSS":   func(pid int) error { _, err := RSS(pid); return err },
		"Files": func(pid int) error { _, err := Files(pid); return err },
	} {
		if look(1<<30) == nil {
			t.Errorf("%s of a process that cannot be: no error", name)
		}
	}
}
