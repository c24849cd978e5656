package displayas

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// Feature returns the feature. A stream wants it that has a phrase with another text to be displayed.
func Feature() feature.Feature {
	return feature.Feature{Name: "display-as",
		Wanted: func(cfg *stt.Config) bool { return slices.ContainsFunc(cfg.Phrases, shown) },
		New:    func(cfg *stt.Config) feature.Rewriter { return newRewriter(cfg.Phrases) }}
}

func shown(p stt.Phrase) bool { return p.DisplayAs != "" }

// pattern is the words of a phrase in normal form, and those to be seen.
type pattern struct {
	said []string
	seen []string
}

// merges reports whether one word comes to stand for all.
func (p *pattern) merges() bool { return len(p.said) != len(p.seen) }

// rewriter is the patterns by their first words, the longest first.
type rewriter map[string][]pattern

func newRewriter(phrases []stt.Phrase) rewriter {
	r := rewriter{}
	for _, p := range phrases {
		if !shown(p) {
			continue
		}
		for _, said := range spellings(p.Text) {
			first := said[0]
			if slices.ContainsFunc(r[first], func(o pattern) bool { return slices.Equal(o.said, said) }) {
				continue
			}
			r[first] = append(r[first], pattern{said, strings.Fields(p.DisplayAs)})
		}
	}
	for _, list := range r {
		slices.SortStableFunc(list, func(a, b pattern) int { return len(b.said) - len(a.said) })
	}
	return r
}

// spellings returns the words that a phrase may come as.
func spellings(text string) [][]string {
	parts := strings.Split(text, "-")
	spelt := strings.FieldsFunc(text, func(c rune) bool { return c == '-' || c == '.' })
	var all [][]string
	for _, words := range [][]string{spelt, parts, {text}} {
		var said []string
		for _, w := range words {
			one := stt.Word{Text: w}
			if f := form(&one); f != "" {
				said = append(said, f)
			}
		}
		if len(said) > 0 {
			all = append(all, said)
		}
	}
	return all
}

// Rewrite implements feature.Rewriter.
func (r rewriter) Rewrite(ev *stt.Event) {
	if ev.Kind != stt.EventSegment || ev.Segment == nil {
		return
	}
	for i := range ev.Segment.Alternatives {
		alt := &ev.Segment.Alternatives[i]
		if alt.Words != nil {
			words, changed := r.words(alt, ev.Segment.Final)
			if changed {
				alt.Words, alt.Text = words, stt.JoinWords(words)
			}
			continue
		}
		loose := stt.Alternative{Words: []stt.Word{}}
		for f := range strings.FieldsSeq(alt.Text) {
			loose.Words = append(loose.Words, stt.Word{Text: f})
		}
		before := stt.JoinWords(loose.Words)
		if words, _ := r.words(&loose, true); stt.JoinWords(words) != before {
			alt.Text = stt.JoinWords(words)
		}
	}
}

// words returns the words of an alternative as they are to be seen. Entities move with their words.
func (r rewriter) words(alt *stt.Alternative, final bool) (out []stt.Word, changed bool) {
	at := make([]int, 0, len(alt.Words)+1) // where each word has gone
	stable := true                         // all before are decided
	for i := 0; i < len(alt.Words); {
		p := r.match(alt.Words[i:])
		if !final && r.open(alt.Words[i:]) {
			stable = false
		}
		n := 1
		from := len(out)
		switch {
		case p == nil:
			out = append(out, alt.Words[i])
		case p.merges():
			n = len(p.said)
			out = append(out, merged(alt.Words[i:i+n], p))
		default:
			n = len(p.said)
			for j, w := range alt.Words[i : i+n] {
				feature.Retext(&w, dressed(w.Text, p.seen[j]))
				out = append(out, w)
			}
		}
		changed = changed || p != nil
		for j := range n {
			at = append(at, min(from+j, len(out)-1))
		}
		for j := from; j < len(out); j++ {
			if out[j].Stable && !stable {
				out[j].Stable, changed = false, true
			}
			stable = stable && (out[j].Stable || final)
		}
		i += n
	}
	if changed {
		alt.Entities = slices.Clone(alt.Entities)
		for i := range alt.Entities {
			if e := &alt.Entities[i]; e.First >= 0 && e.First < e.End && e.End <= len(at) {
				e.First, e.End = at[e.First], at[e.End-1]+1
			}
		}
	}
	return out, changed
}

// match returns the longest pattern that the words begin with, or nil.
func (r rewriter) match(words []stt.Word) *pattern {
	list := r[form(&words[0])]
	for i := range list {
		if p := &list[i]; len(p.said) <= len(words) && !slices.ContainsFunc(words[:len(p.said)], silent) && said(words[:len(p.said)], p) {
			return p
		}
	}
	return nil
}

// form is what words are compared in.
func form(w *stt.Word) string { return strings.ToLower(w.NormalForm()) }

func silent(w stt.Word) bool { return w.Kind != stt.Pronunciation }

func said(words []stt.Word, p *pattern) bool {
	for i := range words {
		if form(&words[i]) != p.said[i] {
			return false
		}
	}
	return true
}

// open reports whether it is still to be seen what becomes of the first of the words, where a pattern that merges may: words that
// are not stable may change, and others may follow.
func (r rewriter) open(words []stt.Word) bool {
	list := r[form(&words[0])]
	merges := false // one that does may
	for i := range list {
		p := &list[i]
		possible, certain := fits(words, p)
		merges = merges || possible && p.merges()
		if certain { // shorter ones are out of the question
			return merges && slices.ContainsFunc(list[:i], func(longer pattern) bool {
				possible, _ := fits(words, &longer)
				return possible
			})
		}
	}
	return merges
}

// fits reports whether the words may come to begin with a pattern, and whether they do for certain.
func fits(words []stt.Word, p *pattern) (possible, certain bool) {
	certain = len(p.said) <= len(words)
	for i := range min(len(p.said), len(words)) {
		w := &words[i]
		switch {
		case !w.Stable:
			certain = false
		case silent(*w) || form(w) != p.said[i]:
			return false, false
		}
	}
	return true, certain
}

// merged is the one word that stands for several.
func merged(words []stt.Word, p *pattern) stt.Word {
	w := words[0]
	for i := range words {
		v := &words[i]
		w.Stable = w.Stable && v.Stable
		w.Span.Known = w.Span.Known && v.Span.Known
		w.Confidence.Known = w.Confidence.Known && v.Confidence.Known
		w.Confidence.Value = min(w.Confidence.Value, v.Confidence.Value)
		w.Match = w.Match || v.Match
	}
	w.Span.End = words[len(words)-1].Span.End
	if !w.Span.Known {
		w.Span = stt.Span{}
	}
	if !w.Confidence.Known {
		w.Confidence = stt.Confidence{}
	}
	last := &words[len(words)-1]
	text := strings.Join(p.seen, " ")
	shown := stt.Word{Text: text}
	w.Norm = shown.NormalForm() // it is another word now, and a filter may be for that one
	before, _ := around(w.Text)
	_, behind := around(last.Text)
	w.Text = before + text + behind
	return w
}

// dressed is another text with the marks around it that a word has.
func dressed(word, text string) string {
	if strings.Contains(word, text) {
		return word // done already, or written so
	}
	before, behind := around(word)
	return before + text + behind
}

// around returns the marks at both ends of a word.
func around(text string) (before, behind string) {
	w := stt.Word{Text: text}
	lower := strings.ToLower(text)
	form := w.NormalForm()
	i := strings.Index(lower, form)
	if i < 0 || len(lower) != len(text) {
		return "", ""
	}
	return text[:i], text[i+len(form):]
}
