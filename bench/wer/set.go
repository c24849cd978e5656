package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// The files of a set.
const (
	transcriptsFile = "transcripts.tsv"
	timesFile       = "word-times.tsv"
)

// Bounds on what is read: a set is made by people.
const (
	maxRows = 100_000
	maxRow  = 1 << 20 // bytes
)

// clip is one recording of a set and what is said in it.
type clip struct {
	Name  string // of the file, as the set has it
	Words []string
	Times []span // of Words, as measured on the recording; nil when the set does not know
	Talk  span   // from the first word to the end of the last one that the set has times of
	PCM   []int16
}

// span is a stretch of a recording.
type span struct {
	start, end time.Duration
	known      bool
}

// readSet reads a folder with transcripts.tsv and, where it has one, word-times.tsv, and the recordings they name. Errors say
// the file, the line, and what was expected.
func readSet(dir string) ([]*clip, error) {
	clips, err := readTranscripts(dir)
	if err != nil {
		return nil, err
	}
	for _, c := range clips {
		if c.PCM, err = rig.ReadRecording(filepath.Join(dir, c.Name)); err != nil {
			return nil, fmt.Errorf("%s: the recording %q: %w", filepath.Join(dir, transcriptsFile), c.Name, err)
		}
	}
	return clips, readTimes(dir, clips)
}

func readTranscripts(dir string) ([]*clip, error) {
	var clips []*clip
	path := filepath.Join(dir, transcriptsFile)
	seen := map[string]bool{}
	err := readTable(path, []string{"file", "transcript"}, func(row []string) error {
		c := &clip{Name: row[0], Words: normalise(row[1])}
		switch {
		case !filepath.IsLocal(c.Name):
			return fmt.Errorf("expected the name of a file in the folder of the set, got %q", c.Name)
		case seen[c.Name]:
			return fmt.Errorf("%q has been there before", c.Name)
		case len(c.Words) == 0:
			return fmt.Errorf("the transcript of %q has no words: %q", c.Name, row[1])
		}
		seen[c.Name] = true
		clips = append(clips, c)
		return nil
	})
	if err == nil && len(clips) == 0 {
		err = fmt.Errorf("%s: there is no recording in it", path)
	}
	return clips, err
}

// readTimes reads when words are said. A file that is not there is no error.
func readTimes(dir string, clips []*clip) error {
	path := filepath.Join(dir, timesFile)
	words := map[string][]string{}
	times := map[string][]span{}
	err := readTable(path, []string{"file", "word", "start_s", "end_s"}, func(row []string) error {
		name := row[0]
		i := slices.IndexFunc(clips, func(c *clip) bool { return c.Name == name })
		if i < 0 {
			return fmt.Errorf("%q has no line in %s", name, transcriptsFile)
		}
		parts := normalise(row[1])
		if len(parts) != 1 {
			return fmt.Errorf("expected one word, got %q", row[1])
		}
		at, err := readSpan(row[2], row[3])
		if err != nil {
			return err
		}
		if given := times[name]; len(given) > 0 && at.start < given[len(given)-1].start {
			return fmt.Errorf("%q starts before the word above it", row[1])
		}
		if length := timeOf(len(clips[i].PCM)); at.end > length+100*time.Millisecond {
			return fmt.Errorf("%q ends at %v, behind the end of the recording at %v", row[1], at.end, length)
		}
		words[name] = append(words[name], parts[0])
		times[name] = append(times[name], at)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range clips {
		if err := c.setTimes(words[c.Name], times[c.Name]); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// setTimes keeps the times of the words. Forced alignments are made from transcripts of their own, which may have a word more
// or less or another spelling: words that are not in ours are passed over, as long as most are.
func (c *clip) setTimes(words []string, times []span) error {
	if len(words) == 0 {
		return nil
	}
	all := make([]span, len(c.Words))
	pairs := align(c.Words, words)
	for _, p := range pairs {
		if p.ref >= 0 && p.hyp >= 0 && c.Words[p.ref] == words[p.hyp] {
			all[p.ref] = times[p.hyp]
		}
	}
	if n := count(c.Words, words, pairs); 2*n.errors() > n.Total {
		return fmt.Errorf("the words of %q are not those of its transcript: expected %q, got %q", c.Name, strings.Join(c.Words, " "), strings.Join(words, " "))
	}
	c.Times, c.Talk = all, span{start: times[0].start, known: true}
	for _, t := range times {
		c.Talk.end = max(c.Talk.end, t.end)
	}
	return nil
}

func readSpan(from, to string) (span, error) {
	start, err := readSeconds(from)
	if err != nil {
		return span{}, err
	}
	end, err := readSeconds(to)
	if err == nil && end < start {
		err = fmt.Errorf("expected an end behind the start at %v, got %v", start, end)
	}
	return span{start, end, true}, err
}

func readSeconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(s) || s < 0 || s > 1e6 {
		return 0, fmt.Errorf("expected a time in seconds, got %q", text)
	}
	return time.Duration(math.Round(s*1e6)) * time.Microsecond, nil
}

// readTable calls row with the columns asked for of every line, in that order. The first line has the names of the columns,
// which may stand in any order and beside others; columns are separated by tabs, and nothing is quoted.
func readTable(path string, columns []string, row func([]string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var at []int // where the columns stand
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 64<<10), maxRow)
	n := 0
	for lines.Scan() {
		if n++; n > maxRows {
			return fmt.Errorf("%s: expected at most %d lines", path, maxRows)
		}
		line := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // some editors begin UTF-8 with it
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return fmt.Errorf("%s:%d: expected text in UTF-8", path, n)
		}
		fields := strings.Split(line, "\t")
		if at == nil {
			if at, err = findColumns(fields, columns); err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
			continue
		}
		values := make([]string, len(at))
		for i, column := range at {
			if column >= len(fields) {
				return fmt.Errorf("%s:%d: the column %q is missing; expected %d columns separated by tabs, got %d", path, n, columns[i], slices.Max(at)+1, len(fields))
			}
			values[i] = strings.TrimSpace(fields[column])
		}
		if err := row(values); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	}
	if at == nil {
		return fmt.Errorf("%s: expected a first line with the columns %s, got an empty file", path, strings.Join(columns, ", "))
	}
	return nil
}

func findColumns(header, wanted []string) ([]int, error) {
	at := make([]int, len(wanted))
	for i, name := range wanted {
		at[i] = slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == name })
		if at[i] < 0 {
			return nil, fmt.Errorf("expected the columns %s, separated by tabs, got %q", strings.Join(wanted, ", "), header)
		}
	}
	return at, nil
}
