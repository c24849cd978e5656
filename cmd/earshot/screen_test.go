package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func TestTail(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{{"good morning", 20, "good morning"}, {"good morning", 12, "good morning"}, {"good morning", 8, "…morning"}, {"über alles", 7, "… alles"},
		{"good", 1, ""}, {"good", -5, ""}, {"", 0, ""}} {
		if got := tail(c.text, c.columns); got != c.want {
			t.Errorf("%q in %d columns: %q, expected %q", c.text, c.columns, got, c.want)
		}
	}
}

// The line never wraps, whatever stands in it, and warnings leave it intact.
func TestLine(t *testing.T) {
	var out, line bytes.Buffer
	s := &screen{out: &out, errs: &line, line: &line, width: 40, bar: 10 * time.Second}
	long := strings.Repeat("many words ", 20)
	for at := range 12 {
		s.sent(time.Duration(at) * time.Second)
		for _, ev := range []stt.Event{
			{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: long}}}},
			{Kind: stt.EventWarning, Warning: stt.Errorf(stt.Internal, "careful")},
			{Kind: stt.EventProgress},
		} {
			if err := s.event(&ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.done()
	s.done() // has nothing left to do
	for part := range strings.SplitSeq(line.String(), "\r\x1b[2K") {
		if n := len([]rune(part)); n >= 40 {
			t.Errorf("%d columns of 40: %q", n, part)
		}
		if strings.Contains(part, "careful") && part != "earshot: careful\n" {
			t.Errorf("the warning shares its line: %q", part)
		}
	}
	if !strings.Contains(line.String(), "[================] 100%") || !strings.HasSuffix(line.String(), "\r\x1b[2K") && !strings.HasSuffix(line.String(), "\n") {
		t.Errorf("the line is left as %q", line.String())
	}
	if out.Len() > 0 {
		t.Errorf("standard output holds %q", out.String())
	}
}

// A final that withdraws its segment is nothing to print.
func TestWithdrawnSegment(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, json: true}
	if err := s.event(&stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: true}}); err != nil || out.Len() > 0 {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestUsualArguments(t *testing.T) {
	for args, want := range map[string]string{"": "--help", "help": "--help", "help serve": "serve --help", "--version": "version", "serve --version": "serve --version"} {
		if got := strings.Join(usual(strings.Fields(args)), " "); got != want {
			t.Errorf("%q is read as %q, expected %q", args, got, want)
		}
	}
}

// A server may send anything; a terminal must not act on it.
func TestPrintable(t *testing.T) {
	var out, line bytes.Buffer
	s := &screen{out: &out, errs: &line, line: &line, width: 80}
	evil := "he\x1b[31mllo\r\n\u009bwörld\x07"
	for _, final := range []bool{false, true} {
		if err := s.event(&stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: final, Alternatives: []stt.Alternative{{Text: evil}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := out.String(), "he[31mllowörld\n"; got != want {
		t.Errorf("printed %q, expected %q", got, want)
	}
	if strings.Contains(line.String(), "[31mllo\r") || strings.Contains(line.String(), "\x1b[31m") {
		t.Errorf("the line holds %q", line.String())
	}
}
