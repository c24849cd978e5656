package resource

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says what is wrong with a vocabulary or a filter, and where, without showing any of it.
type SyntaxError struct {
	Line   int // from 1; 0: the whole of it
	Column int // in characters, from 1; 0: the whole line
	What   string
}

// Error returns the place and what is wrong there.
func (e *SyntaxError) Error() string { return e.At("line") }

// At is Error with another word for line, such as "phrase".
func (e *SyntaxError) At(unit string) string {
	switch {
	case e.Line == 0:
		return e.What
	case e.Column == 0:
		return fmt.Sprintf("%s %d: %s", unit, e.Line, e.What)
	}
	return fmt.Sprintf("%s %d, column %d: %s", unit, e.Line, e.Column, e.What)
}

// line is one line of a file.
type line struct {
	number int
	text   string
}

// fault returns an error at a byte of the line.
func (l line) fault(at int, format string, args ...any) error {
	return &SyntaxError{Line: l.number, Column: utf8.RuneCountInString(l.text[:at]) + 1, What: fmt.Sprintf(format, args...)}
}

// lines splits a file, and checks what all formats have in common.
func lines(content []byte) ([]line, error) {
	if len(content) > MaxContent {
		return nil, &SyntaxError{What: fmt.Sprintf("expected at most %d bytes; got %d", MaxContent, len(content))}
	}
	var all []line
	for text := range bytes.SplitSeq(content, []byte{'\n'}) {
		l := line{number: len(all) + 1, text: string(text)}
		if err := l.check(); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// check looks for characters that no format has.
func (l line) check() error {
	for i, r := range l.text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(l.text[i:], string(utf8.RuneError)):
			return l.fault(i, "expected UTF-8; got a byte that is none")
		case r == '\r' && i == len(l.text)-1:
			return l.fault(i, `the line ends in CR LF; save the file with LF ("Unix") line ends`)
		case r == '\uFEFF':
			return l.fault(i, "got a byte order mark; save the file as UTF-8 without one")
		case r != '\t' && (unicode.IsControl(r) || r == '\u2028' || r == '\u2029'):
			return l.fault(i, "got a control character")
		}
	}
	return nil
}

// cell is one value in a line.
type cell struct {
	line
	at   int // its first byte
	text string
}

// cells splits a line. Space around a value does not count.
func (l line) cells(separator string) []cell {
	var all []cell
	at := 0
	for part := range strings.SplitSeq(l.text, separator) {
		left := strings.TrimLeft(part, " ")
		all = append(all, cell{line: l, at: at + len(part) - len(left), text: strings.TrimRight(left, " ")})
		at += len(part) + len(separator)
	}
	return all
}

// fault returns an error at a byte of the cell.
func (c cell) fault(at int, format string, args ...any) error {
	return c.line.fault(c.at+at, format, args...)
}

// short checks the length of a value.
func (c cell) short() error {
	if n := utf8.RuneCountInString(c.text); n > MaxPhrase {
		return c.fault(0, "expected at most %d characters; got %d", MaxPhrase, n)
	}
	return nil
}
