package stttest_test

import (
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

func breakages() []breakage {
	return slices.Concat(brokenSegments(), brokenProgress(), brokenTimes(), brokenClaims(), brokenStreams(), brokenEnds())
}

// Rules 2, 3 and 5.
func brokenSegments() []breakage {
	return []breakage{
		{name: "doubled final", in: "cuts", wants: "rule 5: the finals hold", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment == nil || !ev.Segment.Final {
					return real(ev)
				}
				twice := again(ev)
				twice.Segment.ID += "-again"
				return []stt.Event{ev, twice}
			}
		})},
		{name: "lost word", in: "cuts", wants: "rule 5: the finals hold", around: segments(true, func(s *stt.Segment) {
			retext(s, s.Best().Words[1:])
		})},
		{name: "delta instead of the whole", in: "cuts", wants: "rule 2: the partials were pieces", around: segments(false, func(s *stt.Segment) {
			words := s.Best().Words
			retext(s, words[len(words)-1:])
		})},
		{name: "revision after the final", in: "cuts", wants: "rule 2: a revision after the final one", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment == nil || !ev.Segment.Final {
					return real(ev)
				}
				late := again(ev)
				late.Segment.Revision++
				return []stt.Event{ev, late}
			}
		})},
		{name: "revisions fall", in: "cuts", wants: "rule 2: comes after revision", around: stateless(func(ev *stt.Event) bool {
			if ev.Segment != nil {
				ev.Segment.Revision = -ev.Segment.Revision
			}
			return true
		})},
		{name: "partial without final", in: "cuts", wants: `rule 2: segment "ear-2" had partials, but no final`, around: stateless(func(ev *stt.Event) bool {
			return ev.Segment == nil || !ev.Segment.Final || ev.Segment.ID != "ear-2"
		})},
		{name: "segment without ID", in: "cuts", wants: "rule 2: a segment without an ID", around: segments(true, func(s *stt.Segment) { s.ID = "" })},
		{name: "relabel of nothing", in: "cuts", wants: "a relabel of segment", around: stateless(func(ev *stt.Event) bool {
			if ev.Kind == stt.EventSpeechEnd {
				*ev = stt.Event{Kind: stt.EventRelabel, Relabel: []stt.Relabel{{Segment: "nobody", Word: -1}}}
			}
			return true
		})},
		{name: "text is not its words", in: "cuts", wants: "the text is", around: segments(true, func(s *stt.Segment) {
			s.Alternatives[0].Text = strings.ToUpper(s.Alternatives[0].Text)
		})},
		{name: "stable word changes", in: "stability", wants: "rule 3: stable word 0", around: stable(func(words []stt.Word, final bool) {
			if final {
				words[0].Text = "other"
			}
		})},
		{name: "stable word moves", in: "stability", wants: "moved by 150ms", around: stable(func(words []stt.Word, final bool) {
			if !final {
				words[0].Span.Start += 150 * time.Millisecond
			}
		})},
		{name: "stable words are not a prefix", in: "stability", wants: "rule 3: the stable words are not a prefix", around: stable(func(words []stt.Word, final bool) {
			words[0].Stable = false
		})},
		{name: "stable although off", in: "cuts", wants: "although Stability is off", around: segments(false, func(s *stt.Segment) {
			for i := range s.Best().Words {
				s.Best().Words[i].Stable = true
			}
		})},
		{name: "nonsense", in: "cuts", wants: "a segment event without a segment", around: stateless(func(ev *stt.Event) bool {
			ev.Segment = nil
			return true
		})},
	}
}

// real is the event, or nothing for the end.
func real(ev stt.Event) []stt.Event {
	if ev.Kind == 0 {
		return nil
	}
	return []stt.Event{ev}
}

// stable changes the words of segments in streams with stability, where the segment has two or more.
func stable(wrong func(words []stt.Word, final bool)) func(*ear) stt.Recognizer {
	return events(func(cfg stt.Config) func(stt.Event) []stt.Event {
		return func(ev stt.Event) []stt.Event {
			if s := ev.Segment; s != nil && cfg.Interim.Stability != stt.StabilityOff && len(s.Best().Words) > 1 {
				wrong(s.Best().Words, s.Final)
				s.Alternatives[0].Text = stt.JoinWords(s.Best().Words)
			}
			return real(ev)
		}
	})
}

// Rule 4.
func brokenProgress() []breakage {
	return []breakage{
		{name: "progress falls", in: "cuts", wants: "rule 4: progress falls", around: stateless(func(ev *stt.Event) bool {
			if ev.Kind == stt.EventSpeechEnd {
				*ev = stt.Event{Kind: stt.EventProgress, At: ev.At / 2}
			}
			return true
		})},
		{name: "progress missing at the end", in: "cuts", wants: "rule 4: at io.EOF the progress", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			var held []stt.Event // the last progress, not yet given
			return func(ev stt.Event) []stt.Event {
				given := held
				held = nil
				switch ev.Kind {
				case 0:
					return nil
				case stt.EventProgress:
					held = []stt.Event{ev}
					return given
				}
				return append(given, ev)
			}
		})},
		{name: "no progress at all", in: "cuts", wants: "rule 4: at io.EOF the progress", around: without(stt.EventProgress)},
		{name: "progress before its segment", in: "cuts", wants: "rule 4: starts at", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment == nil || !ev.Segment.Final {
					return real(ev)
				}
				return []stt.Event{{Kind: stt.EventProgress, At: ev.Segment.Span.End}, ev}
			}
		})},
		{name: "word before progress", in: "cuts", wants: "before the progress of", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment == nil || !ev.Segment.Final {
					return real(ev)
				}
				ev.Segment.Span.Start = ev.Segment.Span.End // the segment itself is as it should be
				return []stt.Event{{Kind: stt.EventProgress, At: ev.Segment.Span.End}, ev}
			}
		})},
		{name: "empty final", in: "cuts", wants: "rule 4: an empty final", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Kind != stt.EventSpeechStart {
					return real(ev)
				}
				return []stt.Event{ev, {Kind: stt.EventSegment, Segment: &stt.Segment{ID: ev.At.String(), Final: true,
					Span: stt.SpanOf(ev.At, ev.At), Alternatives: []stt.Alternative{{}}}}}
			}
		})},
		{name: "claims progress but is silent", in: "progress in silence", wants: "claims progress, but it stands at", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			var last stt.Event // the last progress there was
			return func(ev stt.Event) []stt.Event {
				switch ev.Kind {
				case 0:
					return real(last)
				case stt.EventProgress:
					last = ev
					return nil
				case stt.EventSpeechEnd: // right after a final
					return []stt.Event{ev, {Kind: stt.EventProgress, At: ev.At}}
				}
				return []stt.Event{ev}
			}
		}), change: func(h *stttest.Harness) { h.Timeout = time.Second }},
	}
}

// Rules 1 and 6.
func brokenTimes() []breakage {
	return []breakage{
		{name: "segment beyond the audio", in: "cuts", wants: "rule 1: the segment (end) at", around: segments(true, func(s *stt.Segment) {
			s.Span.End += time.Hour
		})},
		{name: "word beyond the audio", in: "cuts", wants: `rule 1: word 0 ("`, around: segments(true, func(s *stt.Segment) {
			s.Best().Words[0].Span.End += time.Hour
		})},
		{name: "event beyond the audio", in: "cuts", wants: "rule 1: speech-end at", around: stateless(func(ev *stt.Event) bool {
			if ev.Kind == stt.EventSpeechEnd {
				ev.At += time.Hour
			}
			return true
		})},
		{name: "times count from the start of the stream", in: "start", wants: "rule 1: the segment (start) at", around: events(func(cfg stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment != nil {
					ev.Segment.Span.Start -= cfg.Start
					ev.Segment.Span.End -= cfg.Start
				}
				return real(ev)
			}
		})},
		{name: "span backwards", in: "cuts", wants: "before it starts", around: segments(true, func(s *stt.Segment) {
			s.Span.Start, s.Span.End = s.Span.End, s.Span.Start
		})},
		{name: "words out of order", in: "cuts", wants: "rule 1: word 1", around: segments(true, func(s *stt.Segment) {
			words := slices.Clone(s.Best().Words)
			slices.Reverse(words)
			retext(s, words)
		})},
		{name: "finals overlap", in: "cuts", wants: "before the previous final ended", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			return func(ev stt.Event) []stt.Event {
				if ev.Segment != nil && ev.Segment.Final {
					ev.Segment.Span.Start = 0
				}
				if ev.Kind == stt.EventProgress {
					return nil // which would find it first
				}
				return real(ev)
			}
		})},
		{name: "times depend on the cut", in: "cuts", wants: "rule 6: cut", around: streams(func(o *odd, _ stt.Config) {
			dependsOnCut(o)
		})},
	}
}
