package subtitle

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// token is what a line is not broken within: a word with its marks, or a character of a script without spaces.
type token struct {
	text       string
	width      int
	start, end time.Duration
	glue       bool   // no space before it
	speaker    string // who says it, or empty
}

// tokens returns what a segment is made of, in order of time. at is where it begins when it does not say.
func (o Options) tokens(seg *stt.Segment, at time.Duration) []token {
	best := seg.Best()
	var all []token
	if best.Words != nil {
		all = fromWords(seg, best.Words)
	} else {
		all = fromText(best.Text)
	}
	if len(all) == 0 {
		return nil
	}
	span := seg.Span
	if !span.Known || span.End <= span.Start {
		start := at
		if span.Known {
			start = span.Start
		}
		total := 0
		for i := range all {
			total += all[i].width + 1
		}
		span = stt.SpanOf(start, start+time.Duration(total)*time.Second/time.Duration(o.Pace))
	}
	spread(all, span.Start, span.End)
	return o.short(all)
}

// fromWords joins marks, and what is glued without being of a script without spaces, to the word before. A token whose times are
// not known has an end of -1.
func fromWords(seg *stt.Segment, words []stt.Word) []token {
	var all []token
	for i := range words {
		w := &words[i]
		text := clean(w.Text)
		if text == "" {
			continue
		}
		t := token{text: text, width: width(text), end: -1, glue: w.Glue, speaker: cmp.Or(w.Speaker, seg.Speaker)}
		if w.Span.Known {
			t.start, t.end = w.Span.Start, max(w.Span.End, w.Span.Start)
		}
		if n := len(all); n > 0 && w.Glue && (w.Kind == stt.Punctuation || !dense(text)) {
			last := &all[n-1]
			last.text += text
			last.width += t.width
			if t.end > last.end && w.Kind != stt.Punctuation && last.end >= 0 {
				last.end = t.end
			}
			continue
		}
		all = append(all, t)
	}
	return all
}

// fromText cuts a text at spaces, and texts without spaces at their characters. No time is known.
func fromText(text string) []token {
	var all []token
	for field := range strings.FieldsSeq(clean(text)) {
		glue := false
		for field != "" {
			n := piece(field)
			all = append(all, token{text: field[:n], width: width(field[:n]), end: -1, glue: glue})
			field, glue = field[n:], true
		}
	}
	return all
}

// piece returns how many bytes of a text stand together: a character of a script without spaces with the marks behind it, or all up
// to the next such character.
func piece(s string) int {
	first, n := utf8.DecodeRuneInString(s)
	square := denseRune(first)
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		mark := unicode.IsPunct(r) || unicode.IsMark(r)
		if denseRune(r) || square && !mark {
			break
		}
		n += size
	}
	return n
}

// spread gives times to tokens that have none, by their lengths between what is known on both sides, and sees to it that time goes
// on.
func spread(all []token, start, end time.Duration) {
	at := start
	for i := 0; i < len(all); {
		if all[i].end >= 0 {
			all[i].start = max(all[i].start, at)
			all[i].end = max(all[i].end, all[i].start)
			at = all[i].end
			i++
			continue
		}
		n, total := i, 0
		for n < len(all) && all[n].end < 0 {
			total += max(all[n].width, 1)
			n++
		}
		until := max(end, at)
		if n < len(all) {
			until = max(all[n].start, at)
		}
		done, whole := 0, until-at
		for ; i < n; i++ {
			all[i].start = at + share(whole, done, total)
			done += max(all[i].width, 1)
			all[i].end = at + share(whole, done, total)
		}
		at = until
	}
}

// share returns part/of of d, without overflow for long times and texts.
func share(d time.Duration, part, of int) time.Duration {
	return time.Duration(float64(d) * (float64(part) / float64(of)))
}

// short cuts tokens that are longer than a line.
func (o Options) short(all []token) []token {
	for i := range all {
		if all[i].width > o.Width {
			break
		}
		if i == len(all)-1 {
			return all
		}
	}
	var cut []token
	for _, t := range all {
		whole, done := t, 0
		for t.width > o.Width {
			n, w := 0, 0
			for n < len(t.text) {
				r, size := utf8.DecodeRuneInString(t.text[n:])
				if w+runeWidth(r) > o.Width {
					break
				}
				w += runeWidth(r)
				n += size
			}
			head := t
			head.text, head.width = t.text[:n], w
			done += w
			head.end = whole.start + share(whole.end-whole.start, done, whole.width)
			cut = append(cut, head)
			t.text, t.width, t.start, t.glue = t.text[n:], t.width-w, head.end, true
		}
		cut = append(cut, t)
	}
	return cut
}

// clean returns a text in one line without control characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if square(r) {
		return 2
	}
	return 1
}

// square reports whether a character takes the place of two.
func square(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff60
}

// denseRune reports whether a character is of a script without spaces between words.
func denseRune(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && !unicode.IsMark(r)
}

func dense(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return denseRune(r)
}
