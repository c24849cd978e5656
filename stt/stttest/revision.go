package stttest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// revision is what is known of a segment from its last revision.
type revision struct {
	number  int
	channel int
	final   bool
	stable  []stt.Word // marks left out
	words   int        // of the first alternative

	// The words of all partials, one after the other, and how many partials that were: should they make the final, then
	// the partials were pieces of it. whole is set once a partial repeats what was said before, as it must.
	pieces []string
	count  int
	whole  bool
}

// revise checks what binds one revision to the ones before it (rules 2 and 3).
func (c *Checker) revise(s *stt.Segment) error {
	if c.segments == nil {
		c.segments = map[string]*revision{}
	}
	r := c.segments[s.ID]
	if r == nil {
		r = &revision{number: s.Revision - 1, channel: s.Channel}
		c.segments[s.ID] = r
	}
	switch {
	case r.final:
		return errors.New("rule 2: a revision after the final one")
	case s.Revision <= r.number:
		return fmt.Errorf("rule 2: comes after revision %d", r.number)
	case s.Channel != r.channel:
		return fmt.Errorf("rule 2: moves from channel %d to %d", r.channel, s.Channel)
	}
	r.number, r.final = s.Revision, s.Final
	if s.Final && len(s.Alternatives) == 0 {
		return nil // withdrawn
	}
	best := s.Best()
	r.words = len(best.Words)
	if s.Final && best.Text == "" {
		return errors.New("rule 4: an empty final; silence is covered by progress")
	}
	if err := r.piece(s); err != nil {
		return err
	}
	if err := c.keepsStable(r.stable, best.Words); err != nil {
		return err
	}
	prefix := 0
	for prefix < len(best.Words) && best.Words[prefix].Stable {
		prefix++
	}
	if slices.ContainsFunc(best.Words[prefix:], func(w stt.Word) bool { return w.Stable }) {
		return errors.New("rule 3: the stable words are not a prefix")
	}
	// A word that was stable once is bound for good, also when a later revision does not mark it.
	if now := spoken(best.Words[:prefix]); len(now) >= len(r.stable) {
		r.stable = now
	}
	return nil
}

// piece finds partials that hold only what is new. A revision that holds the whole segment shows in the next one
// beginning with the same words; only if none ever did, and all in a row make the final, is the rule broken for sure.
func (r *revision) piece(s *stt.Segment) error {
	words := wordsOf([]stt.Segment{*s})
	switch {
	case r.whole || len(words) == 0:
	case s.Final:
		if r.count > 1 && startsWith(words, r.pieces) {
			return fmt.Errorf("rule 2: the partials were pieces of %q, not whole revisions", s.Best().Text)
		}
	case r.count > 0 && words[0] == r.pieces[0], len(r.pieces) > maxPieces:
		r.whole, r.pieces = true, nil
	default:
		r.count++
		r.pieces = append(r.pieces, words...)
	}
	return nil
}

// maxPieces bounds what is kept for a segment that never ends.
const maxPieces = 1000

func startsWith(words, beginning []string) bool {
	return len(words) >= len(beginning) && slices.Equal(words[:len(beginning)], beginning)
}

func (c *Checker) relabel(all []stt.Relabel) error {
	for _, l := range all {
		switch r := c.segments[l.Segment]; {
		case r == nil:
			return fmt.Errorf("a relabel of segment %q, which has not been given", l.Segment)
		case l.Word < -1 || l.Word >= r.words:
			return fmt.Errorf("a relabel of word %d of segment %q, which has %d", l.Word, l.Segment, r.words)
		}
	}
	return nil
}

// stableShift is how much the times of a stable word may change.
const stableShift = 100 * time.Millisecond

// spoken returns a copy without marks: they may come later and stand between stable words.
func spoken(words []stt.Word) []stt.Word {
	return slices.DeleteFunc(slices.Clone(words), func(w stt.Word) bool { return w.Kind == stt.Punctuation })
}

func (c *Checker) keepsStable(stable, words []stt.Word) error {
	before, now := stable, spoken(words)
	if len(now) < len(before) {
		return fmt.Errorf("rule 3: %d words were stable, %d are left", len(before), len(now))
	}
	for i := range before {
		a, b := &before[i], &now[i]
		if a.NormalForm() != b.NormalForm() {
			return fmt.Errorf("rule 3: stable word %d was %q and is %q", i, a.Text, b.Text)
		}
		shift := max((a.Span.Start - b.Span.Start).Abs(), (a.Span.End - b.Span.End).Abs())
		if a.Span.Known && b.Span.Known && shift > stableShift+c.Tolerance {
			return fmt.Errorf("rule 3: stable word %d (%q) moved by %v", i, a.Text, shift)
		}
	}
	return nil
}
