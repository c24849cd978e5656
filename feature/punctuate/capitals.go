package punctuate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// capitals is the rewriter of [Case].
type capitals struct{ usual language }

func (c capitals) Rewrite(ev *stt.Event) {
	if ev.Kind != stt.EventSegment || ev.Segment == nil {
		return
	}
	lang := c.usual.or(ev.Segment.Language)
	alternatives := ev.Segment.Alternatives
	for i := range alternatives {
		alt := &alternatives[i]
		if alt.Words == nil {
			alt.Text = capitalText(alt.Text, lang)
			continue
		}
		if len(alternatives) > 1 {
			alt.Words = slices.Clone(alt.Words) // another alternative may have the same array
		}
		if capitalWords(alt.Words, lang) {
			alt.Text = stt.JoinWords(alt.Words)
		}
	}
}

// capitalWords gives words their capitals and reports whether any changed.
func capitalWords(words []stt.Word, usual language) (changed bool) {
	first := true
	for i := range words {
		w := &words[i]
		if w.Kind == stt.Punctuation {
			continue // an opening mark is not the start
		}
		if w.Kind == stt.Pronunciation {
			text, lang := w.Text, usual.or(w.Language)
			if first {
				text = title(text, lang)
			}
			if lang.english() && alone(words, i) {
				text = pronoun(text)
			}
			changed = changed || text != w.Text
			feature.Retext(w, text)
		}
		first = false
	}
	return changed
}

// alone reports whether words[i] is a whole word and not a piece of one, as models that work in pieces give them.
func alone(words []stt.Word, i int) bool {
	if words[i].Glue && i > 0 && words[i-1].Kind == stt.Pronunciation {
		return false
	}
	if i+1 == len(words) {
		return true
	}
	next := &words[i+1]
	return !next.Glue || next.Kind != stt.Pronunciation || strings.HasPrefix(straight(next.Text), "'")
}

// capitalText does the same to a text without words, leaving its spaces as they are.
func capitalText(text string, lang language) string {
	var b strings.Builder
	first := true
	for text != "" {
		// A run of spaces, then a run of anything else.
		start := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
		if start < 0 {
			break
		}
		end := start + strings.IndexFunc(text[start:]+" ", unicode.IsSpace)
		word := text[start:end]
		if first {
			word = title(word, lang)
			first = strings.Trim(word, around) == ""
		}
		if lang.english() {
			word = pronoun(word)
		}
		b.WriteString(text[:start])
		b.WriteString(word)
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}

// around are the marks that may stand at either end of a word without being part of it.
const around = ".,;:!?…\"“”„«»‹›()[]¿¡、。，！？"

// title returns word with a capital first letter, or as it is when it is not plain lower case.
func title(word string, lang language) string {
	core := strings.Trim(word, around)
	at := -1 // of the first letter
	for i, r := range core {
		switch {
		case unicode.IsUpper(r), unicode.IsTitle(r):
			return word
		case unicode.IsLetter(r):
			if at < 0 {
				at = i
			}
		case !unicode.IsMark(r) && !strings.ContainsRune("'’-‐\u2011", r):
			return word // a number, an address, the name of a file
		}
	}
	if at < 0 {
		return word
	}
	at += strings.Index(word, core)
	r, size := utf8.DecodeRuneInString(word[at:])
	// Title case, because a few letters that stand for two ('ǆ') have a capital of their own for starts ('ǅ'). Letters
	// without a single capital ('ß') begin no word and stay.
	capital := unicode.ToTitle(r)
	if lang.is("tr", "az") {
		capital = unicode.TurkishCase.ToTitle(r)
	}
	if capital == r {
		return word
	}
	return word[:at] + string(capital) + word[at+size:]
}

// pronoun returns word with a capital I when it is the English pronoun, alone or contracted.
func pronoun(word string) string {
	core := strings.Trim(word, around)
	switch straight(core) {
	case "i", "i'm", "i'll", "i've", "i'd", "i'd've", "i'll've":
		at := strings.Index(word, core)
		return word[:at] + "I" + word[at+1:]
	default:
		return word
	}
}

// straight writes apostrophes the plain way.
func straight(s string) string { return strings.ReplaceAll(s, "’", "'") }
