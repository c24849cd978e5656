package stt

import (
	"strings"
	"unicode"
)

// JoinWords returns the text that words make: joined by one space, except before words with Glue.
func JoinWords(words []Word) string {
	n := 0
	for i := range words {
		n += len(words[i].Text) + 1
	}
	var b strings.Builder
	b.Grow(n)
	for i := range words {
		if i > 0 && !words[i].Glue {
			b.WriteByte(' ')
		}
		b.WriteString(words[i].Text)
	}
	return b.String()
}

// marks are what NormalForm takes off both ends of a word.
const marks = ".,;:!?…\"“”«»()[]¿¡。，、；：？！「」『』（）"

// NormalForm returns the form in which two revisions of a word are the same word: Norm where it is set, else Text in
// lower case without punctuation marks at either end, unless nothing else is in it.
func (w *Word) NormalForm() string {
	if w.Norm != "" {
		return w.Norm
	}
	if w.Kind == Punctuation {
		return w.Text
	}
	if bare := strings.Trim(w.Text, marks); bare != "" {
		return strings.ToLower(bare)
	}
	return w.Text
}

// Misleads reports whether a character has no place in what people tell apart by its text, names above all: what controls, breaks lines, turns the
// order of the text around it, or is not seen at all, so that two names look alike. What joins and parts letters is left, since some scripts
// cannot be written without.
func Misleads(r rune) bool {
	const joiner, nonJoiner = '\u200d', '\u200c'
	switch {
	case r == joiner || r == nonJoiner:
		return false
	case r == '\u2028' || r == '\u2029' || unicode.IsControl(r):
		return true
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // signs of Arabic and Syriac, which are seen
		return false
	case r == '\u034f', r == '\u115f', r == '\u1160', r == '\u17b4', r == '\u17b5', r == '\u3164', r == '\uffa0', r == '\u2800': // letters and marks that are blank
		return true
	}
	return unicode.Is(unicode.Cf, r)
}
