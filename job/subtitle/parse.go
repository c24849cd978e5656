package subtitle

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseSRT reads SubRip as [AppendSRT] writes it: numbers that count up, times with a comma, and text up to the next empty line.
func ParseSRT(text string) ([]Cue, error) {
	return parse(text, ',', func(s string) string { return s }, 1)
}

// ParseVTT reads WebVTT as [AppendVTT] writes it, behind its header: no styles, regions, notes or settings.
func ParseVTT(text string) ([]Cue, error) {
	rest, ok := strings.CutPrefix(text, HeaderVTT)
	if !ok {
		return nil, errors.New("expected WEBVTT in the first line")
	}
	if rest != "" && !strings.HasPrefix(rest, "\n") {
		return nil, errors.New("expected an empty line behind WEBVTT")
	}
	return parse(strings.TrimPrefix(rest, "\n"), '.', unescape.Replace, 0)
}

// parse reads cues. number is that of the first one; 0: they have none.
func parse(text string, point byte, plain func(string) string, number int) ([]Cue, error) {
	var cues []Cue
	if text == "" {
		return nil, nil
	}
	if !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the last line does not end")
	}
	for block := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		if number > 0 {
			if lines[0] != strconv.Itoa(number+len(cues)) {
				return nil, fmt.Errorf("cue %d has the number %q", number+len(cues), lines[0])
			}
			lines = lines[1:]
		}
		if len(lines) < 2 {
			return nil, fmt.Errorf("cue %d has no text", len(cues)+1)
		}
		from, to, ok := strings.Cut(lines[0], " --> ")
		start, err := parseTime(from, point)
		if err == nil && ok {
			var end time.Duration
			end, err = parseTime(to, point)
			cues = append(cues, Cue{Start: start, End: end})
		}
		if err != nil || !ok {
			return nil, fmt.Errorf("cue %d has the times %q", len(cues)+1, lines[0])
		}
		for _, line := range lines[1:] {
			if line == "" || strings.ContainsAny(line, "\r") {
				return nil, fmt.Errorf("cue %d has the line %q", len(cues), line)
			}
			cues[len(cues)-1].Lines = append(cues[len(cues)-1].Lines, plain(line))
		}
	}
	return cues, nil
}

func parseTime(s string, point byte) (time.Duration, error) {
	clock, fraction, ok := strings.Cut(s, string(point))
	fields := strings.Split(clock, ":")
	if !ok || len(fields) != 3 || len(fraction) != 3 || len(fields[0]) < 2 || len(fields[1]) != 2 || len(fields[2]) != 2 {
		return 0, fmt.Errorf("%q is no time", s)
	}
	total := int64(0)
	for i, f := range append(fields, fraction) {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil || (i == 1 || i == 2) && n > 59 || n > 1e6 {
			return 0, fmt.Errorf("%q is no time", s)
		}
		total = total*[]int64{1, 60, 60, 1000}[i] + int64(n)
	}
	return time.Duration(total) * time.Millisecond, nil
}
