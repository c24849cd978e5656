package replace

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// Text returns a text with all rules applied.
func (r *Rules) Text(text string) string {
	longest := room(text)
	for _, rule := range r.rules {
		if edits := rule(text); grown(text, edits) <= longest {
			text = applyWithin(text, 0, len(text), edits)
		}
	}
	return text
}

// room is how long rules may make a text, in bytes: a rule that would go beyond is passed over.
func room(text string) int { return max(maxText, 2*len(text)) }

// Rewrite implements feature.Rewriter. It may be called for several streams at a time.
func (r *Rules) Rewrite(ev *stt.Event) {
	if ev.Kind != stt.EventSegment || len(r.rules) == 0 {
		return
	}
	for i := range ev.Segment.Alternatives {
		a := &ev.Segment.Alternatives[i]
		if a.Words == nil {
			a.Text = tidy(a.Text, r.Text(a.Text))
			continue
		}
		r.words(a, ev.Segment.Final)
	}
}

// tidy takes the spaces away that a replacement by nothing leaves: two in a row, and those at the ends.
func tidy(before, after string) string {
	if before == after {
		return after
	}
	return strings.Join(strings.Fields(after), " ")
}

// run is words of an alternative that belong together, and the text that they have come to.
type run struct {
	first, end int // words[first:end] of the alternative
	text       string
	glue       bool // no space before it
	edited     bool
}

// words applies the rules to the words of an alternative.
func (r *Rules) words(a *stt.Alternative, final bool) {
	runs := make([]run, len(a.Words))
	for i := range a.Words {
		runs[i] = run{first: i, end: i + 1, text: a.Words[i].Text, glue: a.Words[i].Glue}
	}
	changed, longest := false, room(a.Text)
	for _, rule := range r.rules {
		text := joined(runs)
		edits := rule(text)
		if n := grown(text, edits); len(edits) == 0 || n > longest {
			continue
		}
		changed = true
		runs = merge(text, runs, edits)
	}
	if changed {
		rebuild(a, runs)
	}
	if !final {
		words := a.Words
		if !changed {
			words = append([]stt.Word(nil), words...) // others may have the same array
		}
		for i := range words {
			words[i].Stable = false
		}
		a.Words = words
	}
}

func joined(runs []run) string {
	var b strings.Builder
	for i := range runs {
		if i > 0 && !runs[i].glue {
			b.WriteByte(' ')
		}
		b.WriteString(runs[i].text)
	}
	return b.String()
}

// grown is how long a text will be.
func grown(text string, edits []edit) int {
	n := len(text)
	for _, e := range edits {
		n += len(e.with) - (e.to - e.from)
	}
	return n
}

// merge applies edits to the text of runs: the runs that an edit touches become one.
func merge(text string, runs []run, edits []edit) []run {
	out := make([]run, 0, len(runs))
	at, next := 0, 0 // in the text, and of edits
	gap := false     // a space is left of what is behind, whatever stands before the next run
	taken := false   // the space before the next run is within an edit
	for i := 0; i < len(runs); {
		cur := runs[i]
		if i > 0 && !cur.glue {
			at++
		}
		low, from, to := at, at, at+len(cur.text)
		i++
		first := next
		for next < len(edits) && (edits[next].from < to || i == len(runs) || edits[next].to == to) {
			e := edits[next]
			low, next = min(low, e.from), next+1
			for e.to > to && i < len(runs) {
				start := to
				if !runs[i].glue {
					start++
				}
				if e.to <= start {
					break // it ends with the space
				}
				to, cur.end = start+len(runs[i].text), runs[i].end
				i++
			}
		}
		at = to
		gap = gap || !cur.glue && !taken && low == from
		taken = false
		if first < next {
			high := max(to, edits[next-1].to)
			made := applyWithin(text, low, high, edits[first:next])
			cur.text, cur.edited, taken = strings.TrimSpace(made), true, high > to
			gap = gap || leads(made)
			if cur.text != "" {
				cur.glue = !gap
				gap = trails(made)
				out = append(out, cur)
			}
			continue
		}
		cur.glue = !gap
		gap = false
		out = append(out, cur)
	}
	if len(out) > 0 {
		out[0].glue = false
	}
	return out
}

func applyWithin(text string, low, high int, edits []edit) string {
	var b strings.Builder
	for _, e := range edits {
		b.WriteString(text[low:e.from])
		b.WriteString(e.with)
		low = e.to
	}
	b.WriteString(text[low:high])
	return b.String()
}

func leads(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

func trails(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsSpace(r)
}

// rebuild makes the words of an alternative out of runs.
func rebuild(a *stt.Alternative, runs []run) {
	old := a.Words
	moved := make([]int, len(old)+1) // where a word has gone
	a.Words = make([]stt.Word, 0, len(old))
	next := 0
	for _, run := range runs {
		for ; next < run.end; next++ {
			moved[next] = len(a.Words)
		}
		made := []stt.Word{}
		if run.edited {
			made = spell(run.text, old[run.first:run.end])
		} else {
			made = append(made, old[run.first:run.end]...)
		}
		made[0].Glue = run.glue
		a.Words = append(a.Words, made...)
	}
	for ; next <= len(old); next++ {
		moved[next] = len(a.Words)
	}
	entities := a.Entities
	a.Entities = nil
	for _, e := range entities {
		if e.First < e.End && e.End <= len(old) {
			e.First, e.End = moved[e.First], moved[e.End]
			if e.First == e.End && e.First == len(a.Words) {
				continue // nothing is left of it
			}
			e.End = max(e.End, e.First+1) // it is within the word that was made
		}
		a.Entities = append(a.Entities, e)
	}
	a.Text = stt.JoinWords(a.Words)
}

// marks are what stands behind words as a word of its own.
const marks = ".,!?;:…。，、？！；："

// spell makes words of a text that is not empty, in place of others, whose time they share by their lengths.
func spell(text string, old []stt.Word) []stt.Word {
	var words []stt.Word
	for field := range strings.FieldsSeq(text) {
		bare := strings.TrimRight(field, marks)
		if bare != "" {
			words = append(words, stt.Word{Text: bare})
		}
		if bare != field {
			words = append(words, stt.Word{Text: field[len(bare):], Kind: stt.Punctuation, Glue: bare != ""})
		}
	}
	like := common(old)
	total, done := 0, 0
	for i := range words {
		if words[i].Kind == stt.Pronunciation {
			total += len(words[i].Text)
		}
	}
	span := like.Span
	for i := range words {
		w := &words[i]
		w.Stable, w.Match, w.Speaker, w.Language = like.Stable, like.Match, like.Speaker, like.Language
		if w.Kind == stt.Pronunciation {
			w.Confidence = like.Confidence
		}
		if !span.Known {
			continue
		}
		at := func(n int) stt.Time {
			if total == 0 {
				return span.End
			}
			return span.Start + stt.Time(float64(span.End-span.Start)*(float64(n)/float64(total)))
		}
		w.Span = stt.SpanOf(at(done), at(done))
		if w.Kind == stt.Pronunciation {
			done += len(w.Text)
			w.Span.End = at(done)
		}
	}
	return words
}

// common is a word that has what all of some words have.
func common(old []stt.Word) stt.Word {
	like := old[0]
	like.Confidence = stt.Confidence{}
	said, sum := 0, 0.0
	like.Span = stt.Span{}
	for i := range old {
		w := &old[i]
		if w.Speaker != like.Speaker {
			like.Speaker = ""
		}
		if w.Language != like.Language {
			like.Language = ""
		}
		like.Stable = like.Stable && w.Stable
		like.Match = like.Match || w.Match
		switch {
		case !w.Span.Known:
		case !like.Span.Known:
			like.Span = w.Span
		default:
			like.Span.End = max(like.Span.End, w.Span.End)
		}
		if w.Kind != stt.Punctuation {
			said++
			if w.Confidence.Known {
				like.Confidence.Known = true
				sum += float64(w.Confidence.Value)
			} else {
				sum = -1e9 // of one word nobody knows
			}
		}
	}
	if like.Confidence.Known && sum >= 0 {
		return withConfidence(like, sum/float64(said))
	}
	like.Confidence = stt.Confidence{}
	return like
}

func withConfidence(w stt.Word, value float64) stt.Word {
	w.Confidence = stt.ConfidenceOf(value)
	return w
}
