package replace

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// exactRule finds a text wherever it stands as words of its own: "us" is not in "house". A text that begins or ends with something else
// than a letter or digit has no such border there.
type exactRule struct {
	search, with string
	folded       bool // search is folded: case does not matter
}

func exact(r *Rule) (rule, error) {
	switch {
	case r.Search == "":
		return nil, &stt.Error{Code: stt.Invalid, Option: "search", Msg: "is empty; expected the text to replace"}
	case !utf8.ValidString(r.Search):
		return nil, &stt.Error{Code: stt.Invalid, Option: "search", Msg: "is not valid UTF-8"}
	case r.CaseSensitive:
		return &exactRule{search: r.Search, with: r.Replacement}, nil
	}
	search, _ := fold(r.Search)
	return &exactRule{search: search, with: r.Replacement, folded: true}, nil
}

func (r *exactRule) edits(s *subject, w *work) []edit {
	var edits []edit
	text := s.text
	if r.folded {
		text = s.fold(w)
	}
	for at := 0; at < len(text) && len(edits) < maxEdits; {
		n := strings.Index(text[at:], r.search)
		if n < 0 {
			w.left -= 4 + len(text[at:])/16
			break
		}
		if w.left -= 6 + n/16 + len(r.search)/32; w.left < 0 {
			return nil
		}
		if text[at+n] >= utf8.RuneSelf {
			w.left -= 6 // to tell whether it is a letter takes longer
		}
		from, to := at+n, at+n+len(r.search)
		e := edit{s.place(from, r.folded), s.place(to, r.folded), r.with}
		if border(s.text, e.from) && border(s.text, e.to) {
			w.left -= stepsOfEdit
			edits = append(edits, e)
			at = to
			continue
		}
		_, size := utf8.DecodeRuneInString(text[from:])
		at = from + size
	}
	return edits
}

// subject is a text with what rules need to know of it, which is found out once.
type subject struct {
	text   string
	folded string // the text with case folded; empty: not known yet
	places []int  // of the bytes of folded in the text; nil: they are the same
}

// set makes another text the subject.
func (s *subject) set(text string) { *s = subject{text: text} }

// fold returns the text with case folded.
func (s *subject) fold(w *work) string {
	if s.folded == "" {
		w.left -= len(s.text)/4 + 4*(len(s.text)-ascii(s.text))
		s.folded, s.places = fold(s.text)
	}
	return s.folded
}

// place is where a place of the folded text is in the text itself.
func (s *subject) place(at int, folded bool) int {
	if !folded || s.places == nil {
		return at
	}
	return s.places[at]
}

// fold writes a text so that letters that differ in case alone are the same. Where letters get longer or shorter by that, places are where
// those of the result were, and the end.
func fold(text string) (folded string, places []int) {
	out := make([]byte, 0, len(text))
	same := true
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if at += size; r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			out = append(out, byte(r))
			continue
		}
		n := len(out)
		out = utf8.AppendRune(out, least(r))
		same = same && len(out)-n == size
	}
	if same {
		return string(out), nil
	}
	places = make([]int, 0, len(out)+1)
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		for range utf8.RuneLen(least(r)) {
			places = append(places, at)
		}
		at += size
	}
	return string(out), append(places, len(text))
}

// ascii counts the bytes that are characters by themselves.
func ascii(text string) (n int) {
	for i := range len(text) {
		if text[i] < utf8.RuneSelf {
			n++
		}
	}
	return n
}

// least is the first of all letters that differ from one in case alone.
func least(r rune) rune {
	first := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		first = min(first, f)
	}
	return first
}

// border reports whether no word goes on at a place in a text. Scripts without spaces have borders everywhere.
func border(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return at == 0 || at == len(text) || !spelled(before) || !spelled(after)
}

func spelled(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
