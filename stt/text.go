package stt

import "strings"

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
