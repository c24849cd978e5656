package vocabfilter

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// Mask is what stands for a word that is masked.
const Mask = "***"

// Feature returns the feature. A stream wants it that has a filter with words in its configuration; filters that are a name only are
// for models that know it.
func Feature() feature.Feature {
	return feature.Feature{Name: "vocabulary-filter", Native: stt.FeatureFilters,
		Wanted: func(cfg *stt.Config) bool {
			return slices.ContainsFunc(cfg.Filters, func(f stt.Filter) bool { return len(f.Words) > 0 })
		},
		New: func(cfg *stt.Config) feature.Rewriter {
			var r rewriter
			for _, f := range cfg.Filters {
				r = append(r, newFilter(f))
			}
			return r
		}}
}

// rewriter is the filters of a stream. Where a word is in several, what hides most is done.
type rewriter []filter

type filter struct {
	language string
	method   stt.FilterMethod
	words    map[string]struct{} // in normal form
}

func newFilter(f stt.Filter) filter {
	words := make(map[string]struct{}, len(f.Words))
	for _, text := range f.Words {
		w := stt.Word{Text: text}
		words[w.NormalForm()] = struct{}{}
	}
	return filter{f.Language, f.Method, words}
}

// action is what becomes of a word. A higher one hides more.
type action uint8

const (
	keep action = iota
	tag
	mask
	remove
)

var actions = map[stt.FilterMethod]action{stt.FilterTag: tag, stt.FilterMask: mask, stt.FilterRemove: remove}

// of returns what becomes of a word of a segment in the language.
func (r rewriter) of(w *stt.Word, language string) action {
	if w.Kind != stt.Pronunciation {
		return keep
	}
	if w.Language != "" {
		language = w.Language
	}
	form, most := strings.ToLower(w.NormalForm()), keep
	for i := range r {
		f := &r[i]
		if f.language != "" && language != "" && !strings.EqualFold(f.language, language) {
			continue
		}
		if f.has(form) {
			most = max(most, actions[f.method])
		}
	}
	return most
}

// has reports whether a word is one of the filter's. One that stands for several (Los Angeles) is where one of them is.
func (f *filter) has(form string) bool {
	if _, in := f.words[form]; in {
		return true
	}
	for part := range strings.FieldsSeq(form) {
		if _, in := f.words[part]; in {
			return true
		}
	}
	return false
}

// Rewrite implements feature.Rewriter.
func (r rewriter) Rewrite(ev *stt.Event) {
	if ev.Kind != stt.EventSegment || ev.Segment == nil {
		return
	}
	said := ev.Segment.Best().Text != ""
	for i := range ev.Segment.Alternatives {
		alt := &ev.Segment.Alternatives[i]
		if alt.Words != nil {
			r.words(alt, ev.Segment.Language)
		} else {
			r.text(alt, ev.Segment.Language)
		}
	}
	if ev.Segment.Final && said && ev.Segment.Best().Text == "" {
		ev.Segment.Alternatives = nil // an empty final is none: the segment is withdrawn
	}
}

// text rewrites a text that came without words.
func (r rewriter) text(alt *stt.Alternative, language string) {
	fields := strings.Fields(alt.Text)
	loose := stt.Alternative{Words: make([]stt.Word, len(fields)), Entities: alt.Entities}
	for i, f := range fields {
		loose.Words[i].Text = f
	}
	before := stt.JoinWords(loose.Words)
	for i := range alt.Entities { // what is hidden in the text must not show there
		e := stt.Alternative{Text: alt.Entities[i].Content}
		r.text(&e, language)
		alt.Entities[i].Content = e.Text
	}
	loose.Entities = nil
	r.words(&loose, language)
	if after := stt.JoinWords(loose.Words); after != before {
		alt.Text = after
	}
}

// words rewrites the words of an alternative, which may share their array with another's.
func (r rewriter) words(alt *stt.Alternative, language string) {
	todo := make([]action, len(alt.Words))
	most := keep
	for i := range alt.Words {
		todo[i] = r.of(&alt.Words[i], language)
		most = max(most, todo[i])
	}
	if most == keep {
		return
	}
	kept := make([]stt.Word, 0, len(alt.Words))
	at := make([]int, len(alt.Words)+1) // where each word has gone
	bare := false                       // a word has been left out here, so that a mark would stand behind nothing
	for i, w := range alt.Words {
		at[i] = len(kept)
		switch todo[i] {
		case remove:
			bare = len(kept) == 0 || kept[len(kept)-1].Kind == stt.Punctuation
			continue
		case mask:
			feature.Retext(&w, masked(w.Text))
			w.Match = true
		case tag:
			w.Match = true
		}
		if bare && w.Kind == stt.Punctuation {
			continue
		}
		bare = false
		kept = append(kept, w)
	}
	at[len(alt.Words)] = len(kept)
	alt.Entities = moved(alt.Entities, todo, at, kept)
	alt.Words, alt.Text = kept, stt.JoinWords(kept)
}

// masked puts the mask in place of a word, and leaves marks around it.
func masked(text string) string {
	w := stt.Word{Text: text}
	from := strings.Index(strings.ToLower(text), w.NormalForm())
	if from < 0 || len(strings.ToLower(text)) != len(text) { // lower case is longer in a few scripts
		return Mask
	}
	return text[:from] + Mask + text[from+len(w.NormalForm()):]
}

// moved returns the entities of the words that are left.
func moved(all []stt.Entity, todo []action, at []int, kept []stt.Word) []stt.Entity {
	left := make([]stt.Entity, 0, len(all))
	for _, e := range all {
		if e.First < 0 || e.End > len(todo) || e.First >= e.End { // of no words
			left = append(left, e)
			continue
		}
		hidden := slices.ContainsFunc(todo[e.First:e.End], func(a action) bool { return a > tag })
		e.First, e.End = at[e.First], at[e.End]
		if e.First == e.End {
			continue
		}
		if hidden {
			e.Content = stt.JoinWords(kept[e.First:e.End])
		}
		left = append(left, e)
	}
	if len(left) == 0 {
		return nil
	}
	return left
}
