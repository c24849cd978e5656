package transcribe

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds on what a server can make a Listener keep.
const (
	maxOpen  = 1000 // segments without a final
	maxEnded = 256  // finals whose ids are remembered
	maxID    = 128  // bytes of a ResultId; real ones have 36
)

// Listener turns what a server says into events that keep the contract of package stt, even where a server does not quite:
// a result that comes after its final is passed over, times beyond the audio or before what has been decided are brought
// to the edge, and a word is stable only behind stable ones. It is for one goroutine.
type Listener struct {
	Start    stt.Time // session time at which the server's time began
	Partial  bool     // the caller wants partials
	Channels int      // how many channels results may speak of; 0 means one

	open    map[string]*stt.Segment // the last partial of segments that have had no final
	ended   []string                // ids of the last finals, a ring
	next    int                     // where the ring goes on
	decided map[int]stt.Time        // progress, by channel
}

// Events returns the events of ev, in order. heard is the session time up to which audio has been sent. It fails with
// *stt.Error Malformed.
func (l *Listener) Events(ev *TranscriptEvent, heard stt.Time) ([]stt.Event, error) {
	var events []stt.Event
	for i := range ev.Transcript.Results {
		r := &ev.Transcript.Results[i]
		if r.ResultID == "" || len(r.ResultID) > maxID {
			return nil, nonsense("the server gave a result whose ResultId has %d bytes; expected 1 to %d", len(r.ResultID), maxID)
		}
		if slices.Contains(l.ended, r.ResultID) {
			continue
		}
		seg, err := l.segment(r)
		if err != nil {
			return nil, err
		}
		l.fit(seg, heard)
		if seg.Final {
			events = append(events, l.final(seg)...)
			continue
		}
		if events, err = l.partial(events, seg); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// Rest returns finals for segments that the server left without one, in order. It is called at the end of a stream that
// ended well.
func (l *Listener) Rest() []stt.Event {
	left := make([]*stt.Segment, 0, len(l.open))
	for _, seg := range l.open {
		left = append(left, seg)
	}
	slices.SortFunc(left, func(a, b *stt.Segment) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.ID, b.ID))
	})
	var events []stt.Event
	for _, seg := range left {
		last := seg.Clone()
		last.Final = true
		last.Revision++
		l.fit(last, last.Span.End) // what came before it may reach into it
		events = append(events, l.final(last)...)
	}
	return events
}

func (l *Listener) partial(events []stt.Event, seg *stt.Segment) ([]stt.Event, error) {
	if l.open == nil {
		l.open = map[string]*stt.Segment{}
	}
	if len(l.open) >= maxOpen && l.open[seg.ID] == nil {
		return nil, nonsense("the server gave no final to %d segments", maxOpen)
	}
	l.open[seg.ID] = seg
	if !l.Partial {
		return events, nil
	}
	given := seg.Clone() // the receiver owns what it is given
	return append(events, stt.Event{Kind: stt.EventSegment, Channel: seg.Channel, Segment: given}), nil
}

func (l *Listener) final(seg *stt.Segment) []stt.Event {
	delete(l.open, seg.ID)
	if len(l.ended) < maxEnded {
		l.ended = append(l.ended, seg.ID)
	} else {
		l.ended[l.next] = seg.ID
		l.next = (l.next + 1) % maxEnded
	}
	events := []stt.Event{{Kind: stt.EventSegment, Channel: seg.Channel, Segment: seg}}
	if len(seg.Alternatives) == 0 {
		return events // withdrawn: another segment may yet say what is heard there
	}
	if l.decided == nil {
		l.decided = map[int]stt.Time{}
	}
	l.decided[seg.Channel] = seg.Span.End
	return append(events, stt.Event{Kind: stt.EventProgress, Channel: seg.Channel, At: seg.Span.End})
}

// segment reads a result, taking the server's word for everything.
func (l *Listener) segment(r *Result) (*stt.Segment, error) {
	seg := &stt.Segment{ID: r.ResultID, Revision: 1, Final: !r.IsPartial, Language: r.LanguageCode, Span: l.span(r.StartTime, r.EndTime)}
	for seg.Channel < l.Channels && r.ChannelID != "" && r.ChannelID != "ch_"+strconv.Itoa(seg.Channel) {
		seg.Channel++
	}
	before := l.open[r.ResultID]
	switch {
	case seg.Channel >= max(l.Channels, 1), r.ChannelID != "" && r.ChannelID != "ch_"+strconv.Itoa(seg.Channel):
		return nil, nonsense("the server gave the unknown channel %q", short(r.ChannelID))
	case before != nil && before.Channel != seg.Channel:
		return nil, nonsense("the server moved a result to the channel %q", short(r.ChannelID))
	case before != nil:
		seg.Revision = before.Revision + 1
	}
	for _, s := range r.LanguageIdentification {
		seg.Languages = append(seg.Languages, stt.LanguageScore{Language: s.LanguageCode, Score: float32(s.Score.bounded())})
	}
	for i := range r.Alternatives {
		if a := &r.Alternatives[i]; a.Transcript != "" { // else nothing is left of the segment
			seg.Alternatives = append(seg.Alternatives, l.alternative(a))
		}
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
			Glue: !spaced && len(words) > 0, Stable: it.Stable != nil && *it.Stable, Match: it.VocabularyFilterMatch != nil && *it.VocabularyFilterMatch, Speaker: it.Speaker}
		if it.Type == ItemPunctuation {
			w.Kind = stt.Punctuation
		}
		words = append(words, w)
	}
	if len(words) == 0 || stt.JoinWords(words) != a.Transcript {
		return nil
	}
	return words
}

func (l *Listener) span(start, end Seconds) stt.Span {
	return stt.SpanOf(l.Start+time.Duration(start), l.Start+time.Duration(max(start, end)))
}

// fit brings times between what has been decided and what has been heard, words into order, and stable words to the front.
func (l *Listener) fit(seg *stt.Segment, heard stt.Time) {
	floor := max(l.decided[seg.Channel], l.Start)
	seg.Span = within(seg.Span, floor, heard)
	for i := range seg.Alternatives {
		a := &seg.Alternatives[i]
		at, stable := floor, true
		for j := range a.Words {
			w := &a.Words[j]
			w.Span = within(w.Span, at, heard)
			at, stable = w.Span.Start, stable && w.Stable
			w.Stable = stable
		}
		for j := range a.Entities {
			e := &a.Entities[j]
			e.Span = within(e.Span, floor, heard)
			e.First, e.End = locate(a.Words, e.Span)
		}
	}
}

// within returns the span moved into low..high. What has been decided has been heard, so low counts when both cannot be.
func within(s stt.Span, low, high stt.Time) stt.Span {
	start := max(min(s.Start, high), low)
	return stt.SpanOf(start, max(min(s.End, high), start))
}

// locate returns which words lie in a span, first and behind the last; 0, 0 when none do.
func locate(words []stt.Word, span stt.Span) (first, end int) {
	for i := range words {
		w := &words[i]
		if w.Kind == stt.Punctuation || w.Span.Start < span.Start || w.Span.End > span.End {
			continue
		}
		if end == 0 {
			first = i
		}
		end = i + 1
	}
	return first, end
}

func confidence(f *Fraction) stt.Confidence {
	if f == nil {
		return stt.Confidence{}
	}
	return stt.ConfidenceOf(f.bounded())
}

func nonsense(format string, args ...any) error {
	return &stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: fmt.Sprintf(format, args...)}
}
