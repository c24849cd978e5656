package punctuate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// marks is the rewriter of [Marks].
type marks struct{ usual language }

func (m marks) Rewrite(ev *stt.Event) {
	if ev.Kind != stt.EventSegment || ev.Segment == nil || !ev.Segment.Final {
		return
	}
	lang := m.usual.or(ev.Segment.Language)
	for i := range ev.Segment.Alternatives {
		alt := &ev.Segment.Alternatives[i]
		if alt.Words == nil {
			alt.Text = markText(alt.Text, lang)
		} else {
			markWords(alt, lang)
		}
	}
}

func markText(text string, lang language) string {
	trimmed := strings.TrimRightFunc(text, unicode.IsSpace)
	if trimmed == "" || ended(trimmed) {
		return text
	}
	words := strings.Fields(trimmed)
	for i := range words {
		words[i] = strings.ToLower(strings.Trim(words[i], around))
	}
	return trimmed + mark(words, lang)
}

func markWords(alt *stt.Alternative, lang language) {
	if len(alt.Words) == 0 {
		return
	}
	last := &alt.Words[len(alt.Words)-1]
	if last.Kind == stt.Punctuation || ended(last.Text) {
		return
	}
	spoken := make([]string, 0, len(alt.Words))
	for i := range alt.Words {
		if w := &alt.Words[i]; w.Kind != stt.Punctuation {
			spoken = append(spoken, w.NormalForm())
		}
	}
	end := stt.Word{Kind: stt.Punctuation, Glue: true, Stable: last.Stable, Language: last.Language,
		Text: mark(spoken, lang.or(last.Language))}
	if last.Span.Known {
		end.Span = stt.SpanOf(last.Span.End, last.Span.End)
	}
	// Clipped, because the words of another alternative may follow in the same array.
	alt.Words = append(slices.Clip(alt.Words), end)
	alt.Text = stt.JoinWords(alt.Words)
}

// ended reports whether a text ends in a mark already, be it inside of quotes or brackets.
func ended(text string) bool {
	text = strings.TrimRight(text, "\"'”’»›)]}」』）")
	r, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".?!…,;:—。．！？，、；：।॥؟۔።։", r)
}

// mark returns what ends a segment of these words, given in normal form.
func mark(words []string, lang language) string {
	switch {
	case lang.is("zh", "yue", "ja"):
		return "。"
	case lang.is("hi"):
		return "।"
	case lang.english() && asks(words):
		return "?"
	default:
		return "."
	}
}
