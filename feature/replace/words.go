package replace

import (
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

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
