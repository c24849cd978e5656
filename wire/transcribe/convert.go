package transcribe

import (
	"fmt"
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
	r := Result{
		ResultID:  uuid.NewSHA1(s.Session, []byte(seg.ID)).String(),
		StartTime: Seconds(seg.Span.Start), EndTime: Seconds(seg.Span.End), IsPartial: !seg.Final,
	}
	if s.Channels {
		r.ChannelID = "ch_" + strconv.Itoa(seg.Channel)
	}
	if s.Identify {
		r.LanguageCode = seg.Language
		for _, l := range seg.Languages {
			r.LanguageIdentification = append(r.LanguageIdentification, LanguageScore{l.Language, Fraction(l.Score)})
		}
	}
	// A withdrawn segment has no words left: that is an alternative without items, because clients look at the first.
	r.Alternatives = []Alternative{{Transcript: best.Text, Items: s.items(&best, seg)}}
	for _, e := range best.Entities {
		r.Alternatives[0].Entities = append(r.Alternatives[0].Entities, Entity{Category: e.Category, Type: e.Type,
			Content: e.Content, StartTime: Seconds(e.Span.Start), EndTime: Seconds(e.Span.End), Confidence: fraction(e.Confidence)})
	}
	return r
}

func (s *Speaker) items(alt *stt.Alternative, seg *stt.Segment) []Item {
	words := alt.Words
	if words == nil {
		words = spread(alt.Text, seg.Span)
	}
	items := make([]Item, 0, len(words)) // an array always
	last := seg.Span.Start
	for i := range words {
		w := &words[i]
		it := Item{Content: w.Text, Type: ItemPronunciation, VocabularyFilterMatch: w.Match}
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
				it.Speaker = w.Speaker
			}
		}
		if s.Stability {
			stable := w.Stable || seg.Final
			it.Stable = &stable
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

// Listener turns what a server says into events. It is for one goroutine.
type Listener struct {
	Start   stt.Time // session time at which the server's time began
	Partial bool     // the caller wants partials

	open map[string]*stt.Segment // segments that have had a partial and no final
	seen map[string]int          // revisions, of open segments
}

// Events returns the events of ev, in order.
func (l *Listener) Events(ev *TranscriptEvent) ([]stt.Event, error) {
	var events []stt.Event
	for i := range ev.Transcript.Results {
		r := &ev.Transcript.Results[i]
		if r.IsPartial && !l.Partial {
			continue
		}
		seg, err := l.segment(r)
		if err != nil {
			return nil, err
		}
		events = append(events, l.emit(seg)...)
	}
	return events, nil
}

// Rest returns finals for segments that the server left without one. It is called at the end of a stream that ended well.
func (l *Listener) Rest() []stt.Event {
	var events []stt.Event
	for id, seg := range l.open {
		last := *seg
		last.Final = true
		last.Revision = l.seen[id] + 1
		events = append(events, l.emit(&last)...)
	}
	return events
}

func (l *Listener) emit(seg *stt.Segment) []stt.Event {
	events := []stt.Event{{Kind: stt.EventSegment, Channel: seg.Channel, Segment: seg}}
	if l.open == nil {
		l.open, l.seen = map[string]*stt.Segment{}, map[string]int{}
	}
	if !seg.Final {
		l.open[seg.ID], l.seen[seg.ID] = seg.Clone(), seg.Revision // the receiver owns what it is given
		return events
	}
	delete(l.open, seg.ID)
	delete(l.seen, seg.ID)
	return append(events, stt.Event{Kind: stt.EventProgress, Channel: seg.Channel, At: seg.Span.End})
}

func (l *Listener) segment(r *Result) (*stt.Segment, error) {
	if r.ResultID == "" {
		return nil, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the server gave a result without ResultId"}
	}
	seg := &stt.Segment{ID: r.ResultID, Revision: l.seen[r.ResultID] + 1, Final: !r.IsPartial, Language: r.LanguageCode,
		Span: stt.SpanOf(l.Start+time.Duration(r.StartTime), l.Start+time.Duration(max(r.StartTime, r.EndTime)))}
	if r.ChannelID != "" {
		if _, err := fmt.Sscanf(r.ChannelID, "ch_%d", &seg.Channel); err != nil || seg.Channel < 0 || seg.Channel > 1 {
			return nil, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: fmt.Sprintf("the server gave the unknown channel %q", r.ChannelID)}
		}
	}
	for _, s := range r.LanguageIdentification {
		seg.Languages = append(seg.Languages, stt.LanguageScore{Language: s.LanguageCode, Score: float32(s.Score)})
	}
	for i := range r.Alternatives {
		a := &r.Alternatives[i]
		if a.Transcript == "" && len(a.Items) == 0 {
			continue // nothing is left of the segment
		}
		seg.Alternatives = append(seg.Alternatives, l.alternative(a))
	}
	return seg, nil
}

func (l *Listener) alternative(a *Alternative) stt.Alternative {
	alt := stt.Alternative{Text: a.Transcript, Words: l.words(a)}
	for _, e := range a.Entities {
		alt.Entities = append(alt.Entities, stt.Entity{Category: e.Category, Type: e.Type, Content: e.Content,
			Span: l.span(e.StartTime, e.EndTime), Confidence: confidence(e.Confidence)})
	}
	return alt
}

// words returns the items as words, glued as the transcript shows, or nil when items and transcript differ: the
// transcript is authoritative then.
func (l *Listener) words(a *Alternative) []stt.Word {
	words := make([]stt.Word, 0, len(a.Items))
	rest := a.Transcript
	for i := range a.Items {
		it := &a.Items[i]
		if it.Content == "" {
			continue // a mark of another kind, such as the change of speakers
		}
		spaced := strings.HasPrefix(rest, " ")
		after, ok := strings.CutPrefix(strings.TrimPrefix(rest, " "), it.Content)
		if !ok {
			return nil
		}
		rest = after
		w := stt.Word{Text: it.Content, Span: l.span(it.StartTime, it.EndTime), Confidence: confidence(it.Confidence),
			Glue: !spaced && len(words) > 0, Stable: it.Stable != nil && *it.Stable, Match: it.VocabularyFilterMatch, Speaker: it.Speaker}
		if it.Type == ItemPunctuation {
			w.Kind = stt.Punctuation
		}
		words = append(words, w)
	}
	if rest != "" || len(words) == 0 {
		return nil
	}
	return words
}

func (l *Listener) span(start, end Seconds) stt.Span {
	return stt.SpanOf(l.Start+time.Duration(start), l.Start+time.Duration(max(start, end)))
}

func confidence(f *Fraction) stt.Confidence {
	if f == nil {
		return stt.Confidence{}
	}
	return stt.ConfidenceOf(float64(*f))
}
