package transcribe

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

// Speaker turns the events of a session into what the protocol says. It is for one goroutine.
type Speaker struct {
	Session   uuid.UUID // result ids are derived from it
	Stability bool      // the client asked for stabilization
	Channels  bool      // the client asked for channel identification
	Identify  bool      // the client asked for language identification
	Speakers  bool      // the client asked for speaker labels
	Medical   bool      // results are those of the medical operation: no filter matches, stability, languages, entity types

	said map[int]stt.Time // end of the last final, by channel
}

// Event returns the event to send for ev, or nil when the protocol has no words for it.
func (s *Speaker) Event(ev *stt.Event) *TranscriptEvent {
	if ev.Kind != stt.EventSegment {
		return nil
	}
	return &TranscriptEvent{Transcript{[]Result{s.result(ev.Segment)}}}
}

func (s *Speaker) result(seg *stt.Segment) Result {
	best := seg.Best()
	span := s.span(seg)
	r := Result{
		ResultID:  uuid.NewSHA1(s.Session, []byte(seg.ID)).String(),
		StartTime: Seconds(span.Start), EndTime: Seconds(span.End), IsPartial: !seg.Final,
	}
	if s.Channels {
		r.ChannelID = "ch_" + strconv.Itoa(seg.Channel)
	}
	if s.Identify && !s.Medical {
		r.LanguageCode = seg.Language
		for _, l := range seg.Languages {
			r.LanguageIdentification = append(r.LanguageIdentification, LanguageScore{l.Language, Fraction(l.Score)})
		}
	}
	// A withdrawn segment has no words left: that is an alternative without items, because clients look at the first.
	r.Alternatives = []Alternative{{Transcript: best.Text, Items: s.items(&best, seg, span)}}
	for _, e := range best.Entities {
		entity := Entity{Category: e.Category, Type: e.Type,
			Content: e.Content, StartTime: Seconds(e.Span.Start), EndTime: Seconds(e.Span.End), Confidence: fraction(e.Confidence)}
		if s.Medical {
			entity.Type = ""
		}
		r.Alternatives[0].Entities = append(r.Alternatives[0].Entities, entity)
	}
	return r
}

// span returns where a segment lies. The protocol has no word for not knowing: a segment that does not say lies where its
// words are, else where the last final ended, so that times never go back.
func (s *Speaker) span(seg *stt.Segment) stt.Span {
	span := seg.Span
	for _, w := range seg.Best().Words {
		switch {
		case seg.Span.Known || !w.Span.Known:
		case !span.Known:
			span = w.Span
		default:
			span.End = max(span.End, w.Span.End)
		}
	}
	if !span.Known {
		span = stt.SpanOf(s.said[seg.Channel], s.said[seg.Channel])
	}
	if seg.Final {
		if s.said == nil {
			s.said = map[int]stt.Time{}
		}
		s.said[seg.Channel] = max(s.said[seg.Channel], span.End)
	}
	return span
}

func (s *Speaker) items(alt *stt.Alternative, seg *stt.Segment, span stt.Span) []Item {
	words := alt.Words
	if words == nil {
		words = spread(alt.Text, span)
	}
	items := make([]Item, 0, len(words)) // an array always
	answer := [2]bool{false, true}       // what all items of the result point to
	said := func(yes bool) *bool {
		if yes {
			return &answer[1]
		}
		return &answer[0]
	}
	last := span.Start
	for i := range words {
		w := &words[i]
		it := Item{Content: w.Text, Type: ItemPronunciation}
		if !s.Medical {
			it.VocabularyFilterMatch = said(w.Match)
		}
		if w.Span.Known {
			it.StartTime, it.EndTime = Seconds(w.Span.Start), Seconds(w.Span.End)
		} else {
			it.StartTime, it.EndTime = Seconds(last), Seconds(last)
		}
		if w.Kind == stt.Punctuation {
			it.Type = ItemPunctuation
			it.StartTime, it.EndTime = Seconds(last), Seconds(last)
		} else {
			last = time.Duration(it.EndTime)
			if seg.Final {
				it.Confidence = fraction(w.Confidence)
				if s.Speakers {
					it.Speaker = cmp.Or(w.Speaker, seg.Speaker)
				}
			}
		}
		if s.Stability && !s.Medical {
			it.Stable = said(w.Stable || seg.Final)
		}
		items = append(items, it)
	}
	return items
}

func fraction(c stt.Confidence) *Fraction {
	if !c.Known {
		return nil
	}
	f := Fraction(c.Value)
	return &f
}

// spread makes words of a text that came without: split at spaces, their times interpolated over the span.
func spread(text string, span stt.Span) []stt.Word {
	fields := strings.Fields(text)
	words := make([]stt.Word, len(fields))
	n := time.Duration(max(len(fields), 1))
	for i, f := range fields {
		at, step := time.Duration(i), span.End-span.Start
		words[i] = stt.Word{Text: f, Span: stt.SpanOf(span.Start+step*at/n, span.Start+step*(at+1)/n)}
	}
	return words
}
