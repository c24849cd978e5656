package replace

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// Text returns a text with all rules applied, but for those that no work is left for.
func (r *Rules) Text(text string) string {
	return r.text(text, &work{left: maxSteps})
}

func (r *Rules) text(text string, w *work) string {
	w.room = room(text)
	s := subject{text: text}
	for _, rule := range r.rules {
		edits := rule.edits(&s, w)
		if w.left < 0 {
			break
		}
		if n := grown(s.text, edits); len(edits) == 0 || n > w.room {
			continue
		}
		w.left -= len(s.text) / 8
		s.set(applyWithin(s.text, 0, len(s.text), edits))
	}
	return s.text
}

// room is how long rules may make a text, in bytes: a rule that would go beyond is passed over.
func room(text string) int { return max(maxText, 2*len(text)) }

// Rewrite implements feature.Rewriter. It may be called for several streams at a time. What it does for one event is bounded, whatever the
// rules and the text: rules that no work is left for are passed over, always the same ones for the same words.
func (r *Rules) Rewrite(ev *stt.Event) { r.rewrite(ev, &work{left: maxSteps}) }

func (r *Rules) rewrite(ev *stt.Event, w *work) {
	if ev.Kind != stt.EventSegment || len(r.rules) == 0 {
		return
	}
	for i := range ev.Segment.Alternatives {
		a := &ev.Segment.Alternatives[i]
		if a.Words == nil {
			a.Text = tidy(a.Text, r.text(a.Text, w))
			continue
		}
		r.words(a, ev.Segment.Final, w)
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
func (r *Rules) words(a *stt.Alternative, final bool, w *work) {
	runs := make([]run, len(a.Words))
	for i := range a.Words {
		runs[i] = run{first: i, end: i + 1, text: a.Words[i].Text, glue: a.Words[i].Glue}
	}
	w.room = room(a.Text)
	changed, s := false, subject{text: joined(runs)}
	for _, rule := range r.rules {
		edits := rule.edits(&s, w)
		if w.left < 0 {
			break
		}
		if n := grown(s.text, edits); len(edits) == 0 || n > w.room {
			continue
		}
		changed = true
		w.left -= 4*len(runs) + len(s.text)/8
		runs = merge(s.text, runs, edits)
		s.set(joined(runs))
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
