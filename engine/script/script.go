package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Segment is one scripted segment.
type Segment struct {
	Start, End stt.Time
	Words      []Word
}

// Word is one scripted word.
type Word struct {
	Text       string
	Start, End stt.Time
}

// Script is what the engine says. Segments are in order and do not overlap, nor do their words.
type Script []Segment

// Parse reads a script in the format that the package comment shows. Errors name the line.
func Parse(text string) (Script, error) {
	var s Script
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		seg, err := parseLine(line)
		if err == nil && len(s) > 0 && seg.Start < s[len(s)-1].End {
			err = fmt.Errorf("starts at %v, before the segment above ends", seg.Start)
		}
		if err != nil {
			return nil, fmt.Errorf("script line %d: %w", n, err)
		}
		s = append(s, seg)
	}
	return s, nil
}

func parseLine(line string) (Segment, error) {
	fields := strings.Fields(line)
	start, end, err := parseSpan(fields[0])
	if err != nil {
		return Segment{}, err
	}
	if len(fields) < 2 {
		return Segment{}, fmt.Errorf("has no words")
	}
	seg := Segment{Start: start, End: end}
	// Whole nanoseconds apart from the rest, so that long segments of many words do not overflow.
	n := time.Duration(len(fields) - 1)
	share, rest := (end-start)/n, (end-start)%n
	for i, f := range fields[1:] {
		at := time.Duration(i)
		w := Word{Text: f, Start: start + share*at + rest*at/n, End: start + share*(at+1) + rest*(at+1)/n}
		if text, span, own := strings.Cut(f, "@"); own {
			w.Text = text
			if w.Start, w.End, err = parseSpan(span); err != nil {
				return Segment{}, fmt.Errorf("word %q: %w", text, err)
			}
		}
		last := start
		if i > 0 {
			last = seg.Words[i-1].End
		}
		if w.Text == "" || w.Start < last || w.End > end {
			return Segment{}, fmt.Errorf("word %q at %v-%v is empty, overlaps its neighbour or leaves the segment", w.Text, w.Start, w.End)
		}
		seg.Words = append(seg.Words, w)
	}
	return seg, nil
}

func parseSpan(s string) (start, end stt.Time, err error) {
	from, to, ok := strings.Cut(s, "-")
	if ok {
		start, err = parseSeconds(from)
	}
	if ok && err == nil {
		end, err = parseSeconds(to)
	}
	if !ok || err != nil || end <= start {
		return 0, 0, fmt.Errorf("%q is not a span of seconds such as 0.5-2.1", s)
	}
	return start, end, nil
}

func parseSeconds(s string) (stt.Time, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < 1e6) {
		return 0, fmt.Errorf("%q is not a number of seconds", s)
	}
	// To the microsecond, so that decimal fractions come out as they are written.
	return time.Duration(f*1e6+0.5) * time.Microsecond, nil
}

// Text returns the words up to a time, in order: what a recognizer that loses nothing says about that much audio.
func (s Script) Text(until stt.Time) []string {
	var words []string
	for _, seg := range s {
		for _, w := range seg.Words {
			if w.End <= until {
				words = append(words, w.Text)
			}
		}
	}
	return words
}

// Repeat returns the script said again and again, each time period later, as long as it begins before until. A period
// shorter than the script is lengthened to it. It serves load tests.
func (s Script) Repeat(period, until time.Duration) Script {
	if len(s) == 0 {
		return nil
	}
	period = max(period, s[len(s)-1].End, 1)
	var long Script
	for at := time.Duration(0); at < until; at += period {
		for _, seg := range s {
			again := Segment{Start: seg.Start + at, End: seg.End + at, Words: slices.Clone(seg.Words)}
			for i := range again.Words {
				again.Words[i].Start += at
				again.Words[i].End += at
			}
			long = append(long, again)
		}
	}
	return long
}
