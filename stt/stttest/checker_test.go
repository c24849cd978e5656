package stttest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

const ms = time.Millisecond

// word is a word of 100 ms.
func word(text string, start stt.Time) stt.Word {
	return stt.Word{Text: text, Span: stt.SpanOf(start, start+100*ms)}
}

func fixed(words ...stt.Word) []stt.Word {
	for i := range words {
		words[i].Stable = true
	}
	return words
}

func mark(text string) stt.Word { return stt.Word{Text: text, Kind: stt.Punctuation, Glue: true} }

// segment has the words given, and a span around them.
func segment(id string, revision int, final bool, words ...stt.Word) stt.Event {
	s := &stt.Segment{ID: id, Revision: revision, Final: final}
	for _, w := range words {
		if !w.Span.Known {
			continue
		}
		if !s.Span.Known {
			s.Span = w.Span
		}
		s.Span.End = w.Span.End
	}
	if len(words) > 0 {
		s.Alternatives = []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}
	}
	return stt.Event{Kind: stt.EventSegment, Segment: s}
}

func change(ev stt.Event, f func(*stt.Segment)) stt.Event {
	f(ev.Segment)
	return ev
}

func progress(at stt.Time) stt.Event { return stt.Event{Kind: stt.EventProgress, At: at} }

func onChannel(n int, ev stt.Event) stt.Event {
	ev.Channel = n
	if ev.Segment != nil {
		ev.Segment.Channel = n
	}
	return ev
}

// The audio of every case is a second long.
func TestChecker(t *testing.T) {
	relabel := func(id string, word int) stt.Event {
		return stt.Event{Kind: stt.EventRelabel, Relabel: []stt.Relabel{{Segment: id, Word: word, Speaker: "2"}}}
	}
	for _, c := range []struct {
		name    string
		checker stttest.Checker
		events  []stt.Event
		want    string // in the error of the last event; empty: all are good
	}{
		{name: "a conversation", events: []stt.Event{
			progress(100 * ms), {Kind: stt.EventSpeechStart, At: 100 * ms},
			segment("a", 1, false, word("go", 100*ms)),
			segment("a", 4, false, word("good", 110*ms), word("day", 210*ms)),
			segment("a", 5, true, word("good", 100*ms), word("day", 200*ms), mark(".")),
			{Kind: stt.EventSpeechEnd, At: 300 * ms}, {Kind: stt.EventEndpoint, At: 500 * ms}, progress(300 * ms), progress(300 * ms),
			segment("b", 1, true, word("you", 300*ms)), progress(1000 * ms)}},
		{name: "events without a time", events: []stt.Event{{Kind: stt.EventEndpointRetracted}, {Kind: stt.EventLanguage},
			{Kind: stt.EventUsage, Usage: &stt.Usage{}}, {Kind: stt.EventWarning, Warning: &stt.Error{}}}},
		{name: "an unknown kind", events: []stt.Event{{Kind: 99}}, want: "unknown kind"},
		{name: "no kind", events: []stt.Event{{}}, want: "unknown kind"},
		{name: "segment event without segment", events: []stt.Event{{Kind: stt.EventSegment}}, want: "without a segment"},
		{name: "usage event without usage", events: []stt.Event{{Kind: stt.EventUsage}}, want: "without usage"},
		{name: "warning event without warning", events: []stt.Event{{Kind: stt.EventWarning}}, want: "without a warning"},
		{name: "no ID", events: []stt.Event{segment("", 1, true, word("a", 0))}, want: "without an ID"},
		{name: "two channels in one event", events: []stt.Event{change(segment("a", 1, true, word("a", 0)), func(s *stt.Segment) { s.Channel = 1 })},
			want: "channel 1 in an event of channel 0"},

		// Rule 1.
		{name: "before the start", checker: stttest.Checker{Start: 500 * ms}, events: []stt.Event{segment("a", 1, true, word("a", 400*ms))}, want: "rule 1"},
		{name: "at the start", checker: stttest.Checker{Start: 500 * ms}, events: []stt.Event{segment("a", 1, true, word("a", 500*ms))}},
		{name: "to the end", events: []stt.Event{segment("a", 1, true, word("a", 900*ms))}},
		{name: "beyond the end", events: []stt.Event{segment("a", 1, true, word("a", 901*ms))}, want: "rule 1"},
		{name: "beyond the end, within tolerance", checker: stttest.Checker{Tolerance: ms}, events: []stt.Event{segment("a", 1, true, word("a", 901*ms))}},
		{name: "speech start beyond the end", events: []stt.Event{{Kind: stt.EventSpeechStart, At: 1001 * ms}}, want: "rule 1: speech-start"},
		{name: "endpoint before the start", checker: stttest.Checker{Start: ms}, events: []stt.Event{{Kind: stt.EventEndpoint}}, want: "rule 1: endpoint"},
		{name: "flushed beyond the end", events: []stt.Event{{Kind: stt.EventFlushed, At: time.Hour}}, want: "rule 1: flushed"},
		{name: "progress beyond the end", events: []stt.Event{progress(1001 * ms)}, want: "rule 1: progress"},
		{name: "word of the second alternative beyond the end", events: []stt.Event{change(segment("a", 1, true, word("a", 0)), func(s *stt.Segment) {
			s.Alternatives = append(s.Alternatives, stt.Alternative{Text: "b", Words: []stt.Word{word("b", 950*ms)}})
		})}, want: "rule 1: word 0"},
		{name: "finals overlap", events: []stt.Event{segment("a", 1, true, word("a", 0)), segment("b", 1, true, word("b", 50*ms))}, want: "before the previous final"},
		{name: "finals overlap as claimed", checker: stttest.Checker{Overlap: true}, events: []stt.Event{
			segment("a", 1, true, word("a", 0)), segment("b", 1, true, word("b", 50*ms))}},
		{name: "finals of two channels overlap", events: []stt.Event{segment("a", 1, true, word("a", 0)), onChannel(1, segment("b", 1, true, word("b", 50*ms)))}},
		{name: "a partial may overlap a final", events: []stt.Event{segment("a", 1, true, word("a", 0)), segment("b", 1, false, word("b", 50*ms)),
			segment("b", 2, true, word("b", 100*ms))}},
		{name: "a withdrawn segment takes no room", events: []stt.Event{segment("a", 1, false, word("a", 0)),
			change(segment("a", 2, true), func(s *stt.Segment) { s.Span = stt.SpanOf(0, 500*ms) }), segment("b", 1, true, word("b", 50*ms))}},
		{name: "words out of order", events: []stt.Event{segment("a", 1, true, word("a", 0), word("b", 300*ms), word("c", 200*ms))}, want: "rule 1: word 2"},
		{name: "words at the same time", events: []stt.Event{segment("a", 1, true, word("a", 0), word("b", 0))}},
		{name: "a word that ends before it starts", events: []stt.Event{segment("a", 1, true, word("a", 0), stt.Word{Text: "b", Span: stt.SpanOf(200*ms, 100*ms)}, word("c", 300*ms))},
			want: "before it starts"},
		{name: "words without times", events: []stt.Event{segment("a", 1, true, stt.Word{Text: "a"}, stt.Word{Text: "b"})}},

		// Rule 2.
		{name: "after the final", events: []stt.Event{segment("a", 1, true, word("a", 0)), segment("a", 2, false, word("a", 0))}, want: "rule 2: a revision after the final"},
		{name: "after the withdrawal", events: []stt.Event{segment("a", 1, true), segment("a", 2, true, word("a", 0))}, want: "rule 2: a revision after the final"},
		{name: "the same revision", events: []stt.Event{segment("a", 1, false, word("a", 0)), segment("a", 1, true, word("a", 0))}, want: "rule 2: comes after revision 1"},
		{name: "revisions from below 0", events: []stt.Event{segment("a", -5, false, word("a", 0)), segment("a", 0, true, word("a", 0))}},
		{name: "moves to another channel", events: []stt.Event{segment("a", 1, false, word("a", 0)), onChannel(1, segment("a", 2, true, word("a", 0)))}, want: "rule 2: moves"},
		{name: "pieces", events: []stt.Event{segment("a", 1, false, word("good", 0)), segment("a", 2, false, word("day", 100*ms)),
			segment("a", 3, true, word("good", 0), word("day", 100*ms), word("all", 200*ms))}, want: "rule 2: the partials were pieces"},
		{name: "pieces without word times", events: []stt.Event{text("a", 1, false, "Good day"), text("a", 2, false, "to you"),
			text("a", 3, true, "Good day to you all")}, want: "rule 2: the partials were pieces"},
		{name: "one partial, and its end", events: []stt.Event{text("a", 1, false, "good"), text("a", 2, true, "good day")}},
		{name: "partials that change their mind", events: []stt.Event{text("a", 1, false, "could"), text("a", 2, false, "good"), text("a", 3, false, "good day"),
			text("a", 4, true, "good day")}},
		{name: "a partial that shrinks", events: []stt.Event{text("a", 1, false, "good day"), text("a", 2, false, "good"), text("a", 3, true, "good")}},
		{name: "empty partials", events: []stt.Event{text("a", 1, false, ""), text("a", 2, false, "good"), text("a", 3, false, ""), text("a", 4, true, "good day")}},

		// Rule 3.
		{name: "stable and kept", events: []stt.Event{segment("a", 1, false, append(fixed(word("good", 0)), word("dog", 100*ms))...),
			segment("a", 2, true, fixed(word("Good,", 100*ms), word("day", 200*ms))...)}},
		{name: "stable and another word", events: []stt.Event{segment("a", 1, false, fixed(word("good", 0))...), segment("a", 2, false, word("could", 0))}, want: "rule 3: stable word 0"},
		{name: "stable and another norm", events: []stt.Event{
			segment("a", 1, false, stt.Word{Text: "2", Norm: "two", Stable: true}), segment("a", 2, true, stt.Word{Text: "2", Norm: "to"})}, want: "rule 3: stable word 0"},
		{name: "stable and gone", events: []stt.Event{segment("a", 1, false, fixed(word("good", 0), word("day", 100*ms))...), segment("a", 2, true, word("good", 0))}, want: "rule 3: 2 words were stable, 1 are left"},
		{name: "stable and withdrawn", events: []stt.Event{segment("a", 1, false, fixed(word("good", 0))...), segment("a", 2, true)}},
		{name: "stable in a later revision only", events: []stt.Event{segment("a", 1, false, word("could", 0)), segment("a", 2, true, fixed(word("good", 0))...)}},
		{name: "stable, then not marked, then changed", events: []stt.Event{segment("a", 1, false, fixed(word("good", 0))...),
			segment("a", 2, false, word("good", 0)), segment("a", 3, true, word("could", 0))}, want: "rule 3: stable word 0"},
		{name: "stable and moved by 100 ms", events: []stt.Event{segment("a", 1, false, fixed(word("good", 100*ms))...), segment("a", 2, true, fixed(word("good", 200*ms))...)}},
		{name: "stable and moved by more", events: []stt.Event{segment("a", 1, false, fixed(word("good", 100*ms))...), segment("a", 2, true, fixed(word("good", 201*ms))...)}, want: "moved by 101ms"},
		{name: "stable and moved by more, within tolerance", checker: stttest.Checker{Tolerance: ms}, events: []stt.Event{
			segment("a", 1, false, fixed(word("good", 100*ms))...), segment("a", 2, true, fixed(word("good", 201*ms))...)}},
		{name: "a hole in the stable words", events: []stt.Event{segment("a", 1, false, append([]stt.Word{word("a", 0)}, fixed(word("b", 100*ms))...)...)}, want: "rule 3: the stable words are not a prefix"},
		{name: "marks between stable words", events: []stt.Event{segment("a", 1, false, fixed(word("well", 0), word("yes", 100*ms))...),
			segment("a", 2, true, fixed(word("Well", 0), mark(","), word("yes", 100*ms), mark("."))...)}},

		// Rule 4.
		{name: "progress falls", events: []stt.Event{progress(500 * ms), progress(499 * ms)}, want: "rule 4: progress falls"},
		{name: "progress of two channels", events: []stt.Event{progress(500 * ms), onChannel(1, progress(499*ms))}},
		{name: "segment before progress", events: []stt.Event{progress(500 * ms), segment("a", 1, false, word("a", 499*ms))}, want: "rule 4: starts at"},
		{name: "segment before progress, within tolerance", checker: stttest.Checker{Tolerance: ms}, events: []stt.Event{progress(500 * ms), segment("a", 1, true, word("a", 499*ms))}},
		{name: "segment without span before progress", events: []stt.Event{progress(500 * ms), change(segment("a", 1, true, word("a", 499*ms)), func(s *stt.Segment) { s.Span = stt.Span{} })},
			want: "rule 4: word 0"},
		{name: "segment of another channel before progress", events: []stt.Event{progress(500 * ms), onChannel(1, segment("a", 1, true, word("a", 100*ms)))}},
		{name: "empty final", events: []stt.Event{text("a", 1, true, "")}, want: "rule 4: an empty final"},

		// Text and words.
		{name: "text without words", events: []stt.Event{text("a", 1, true, "good day")}},
		{name: "text that its words do not make", events: []stt.Event{change(segment("a", 1, true, word("a", 0)), func(s *stt.Segment) { s.Alternatives[0].Text = "b" })}, want: `the text is "b", its words make "a"`},
		{name: "an empty word", events: []stt.Event{segment("a", 1, true, word("a", 0), word("", 100*ms))}, want: "word 1 is empty"},
		{name: "confidence below 0", events: []stt.Event{change(segment("a", 1, true, word("a", 0)), func(s *stt.Segment) { s.Alternatives[0].Confidence = stt.Confidence{Value: -1, Known: true} })}, want: "not in 0..1"},
		{name: "word confidence above 1", events: []stt.Event{segment("a", 1, true, stt.Word{Text: "a", Confidence: stt.Confidence{Value: 2, Known: true}})}, want: "not in 0..1"},
		{name: "unknown confidence", events: []stt.Event{segment("a", 1, true, stt.Word{Text: "a", Confidence: stt.Confidence{Value: 2}})}},

		{name: "relabels", events: []stt.Event{segment("a", 1, true, word("a", 0), word("b", 100*ms)), relabel("a", -1), relabel("a", 1)}},
		{name: "relabel of nothing", events: []stt.Event{relabel("a", -1)}, want: `segment "a", which has not been given`},
		{name: "relabel of too late a word", events: []stt.Event{segment("a", 1, true, word("a", 0)), relabel("a", 1)}, want: "word 1 of segment"},
		{name: "relabel of word -2", events: []stt.Event{segment("a", 1, true, word("a", 0)), relabel("a", -2)}, want: "word -2 of segment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, ev := range c.events {
				err := c.checker.Event(ev, c.checker.Start+1000*ms)
				last := i == len(c.events)-1
				switch {
				case c.want == "" || !last:
					if err != nil {
						t.Fatalf("event %d: %v; expected no error", i, err)
					}
				case err == nil || !strings.Contains(err.Error(), c.want):
					t.Fatalf("event %d: %v; expected an error with %q", i, err, c.want)
				}
			}
		})
	}
}

// text is a segment without words.
func text(id string, revision int, final bool, s string) stt.Event {
	return stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: id, Revision: revision, Final: final,
		Alternatives: []stt.Alternative{{Text: s}}}}
}

func TestCheckerEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		events   []stt.Event
		accepted stt.Time
		want     string
	}{
		{name: "nothing at all", accepted: time.Minute},
		{name: "audio and no events", accepted: time.Minute + 1, want: "rule 4: io.EOF without any progress"},
		{name: "progress to the end", accepted: time.Minute + 500*ms, events: []stt.Event{progress(time.Minute + 500*ms)}},
		{name: "progress short of the end", accepted: time.Minute + 501*ms, events: []stt.Event{progress(time.Minute + 500*ms)}, want: "rule 4: at io.EOF the progress of channel 0"},
		{name: "one channel short of the end", accepted: time.Minute + 500*ms,
			events: []stt.Event{progress(time.Minute + 500*ms), onChannel(1, progress(time.Minute+499*ms))}, want: "rule 4: at io.EOF the progress of channel 1"},
		{name: "a final and no progress", accepted: time.Minute + 500*ms, events: []stt.Event{segment("a", 1, true, word("a", time.Minute))}, want: "rule 4"},
		{name: "a partial and no final", accepted: time.Minute + 500*ms,
			events: []stt.Event{segment("a", 1, false, word("a", time.Minute)), progress(time.Minute + 500*ms)}, want: `rule 2: segment "a" had partials, but no final`},
	} {
		t.Run(c.name, func(t *testing.T) {
			checker := stttest.Checker{Start: time.Minute}
			for _, ev := range c.events {
				if err := checker.Event(ev, time.Minute+time.Second); err != nil {
					t.Fatal(err)
				}
			}
			err := checker.End(c.accepted)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, expected %q", err, c.want)
			}
		})
	}
}

func TestCheckerRemembers(t *testing.T) {
	c := stttest.Checker{Start: time.Second}
	if got := c.Progress(3); got != time.Second {
		t.Errorf("progress is %v before any, expected the start", got)
	}
	for i, ev := range []stt.Event{
		segment("a", 1, false, word("a", 1000*ms)), segment("a", 2, true, word("a", 1000*ms)),
		segment("b", 1, false, word("b", 1100*ms)), segment("b", 2, true), // withdrawn
		progress(1200 * ms), segment("c", 1, true, word("c", 1200*ms)),
	} {
		if err := c.Event(ev, 2*time.Second); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	if finals := c.Finals(); len(finals) != 2 || finals[0].ID != "a" || finals[1].ID != "c" {
		t.Errorf("the finals are %+v, expected a and c", finals)
	}
	if c.Partials() != 2 || c.Progress(0) != 1200*ms || c.Progress(1) != time.Second {
		t.Errorf("%d partials, progress %v and %v", c.Partials(), c.Progress(0), c.Progress(1))
	}
}
