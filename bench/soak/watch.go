package main

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// bad matches lines of a server's log that a healthy server does not write: warnings and errors, streams that ended by a bug
// of ours, and what the runtime says when all is lost.
var badLine = []*regexp.Regexp{
	regexp.MustCompile(`\blevel=(WARN|ERROR)\b`),
	regexp.MustCompile(`\bcode=internal\b`),
	regexp.MustCompile(`(?i)^(panic|fatal error|runtime|SIG[A-Z]+|unexpected fault)\b`),
	regexp.MustCompile(`(?i)\b(panic: |data race|segmentation fault|deadlock)`),
}

// logWatch reads a server's log and keeps what should not be there. It implements io.Writer, may be used concurrently, and
// hides nothing that comes in pieces.
type logWatch struct {
	mu   sync.Mutex // guards all below
	rest []byte
	bad  []string
	more int // bad lines that were not kept
}

// keepLines is how many bad lines are kept: the first ones tell most.
const keepLines = 20

// Write implements io.Writer.
func (w *logWatch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line(string(line))
		w.rest = append(w.rest[:0], rest...)
	}
}

func (w *logWatch) line(line string) {
	for _, b := range badLine {
		if b.MatchString(line) {
			if len(w.bad) < keepLines {
				w.bad = append(w.bad, strings.TrimSpace(line))
			} else {
				w.more++
			}
			return
		}
	}
}

// found returns the bad lines so far, and how many more there were.
func (w *logWatch) found() (lines []string, more int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.bad...), w.more
}
