package transcribe

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/earshot-stt/earshot/stt"
)

// ledger knows which segments the caller has been shown without a final. wire.Listener bounds how many that can be.
type ledger struct {
	open map[string]mark // by the id that the caller knows
}

// mark is what is needed to withdraw a segment.
type mark struct {
	revision, channel int
	span              stt.Span
}

// note gives a segment the id that the caller knows it by, and remembers it until its final. Servers give the same ids again
// on every connection of a session, or may.
func (g *ledger) note(ev *stt.Event, connection int) {
	seg := ev.Segment
	if connection > 0 {
		seg.ID = "again-" + strconv.Itoa(connection) + "-" + seg.ID
	}
	if seg.Final {
		delete(g.open, seg.ID)
		return
	}
	if g.open == nil {
		g.open = map[string]mark{}
	}
	g.open[seg.ID] = mark{seg.Revision, seg.Channel, seg.Span}
}

// withdraw returns finals without alternatives for all segments that are open, in order, none of which lies before what has
// been decided; and forgets them.
func (g *ledger) withdraw(decided stt.Time) []stt.Event {
	var events []stt.Event
	for id, m := range g.open {
		start := max(m.span.Start, decided)
		events = append(events, stt.Event{Kind: stt.EventSegment, Channel: m.channel, Segment: &stt.Segment{ID: id,
			Revision: m.revision + 1, Channel: m.channel, Span: stt.SpanOf(start, max(m.span.End, start)), Final: true}})
	}
	slices.SortFunc(events, func(a, b stt.Event) int {
		return cmp.Or(cmp.Compare(a.Segment.Span.Start, b.Segment.Span.Start), cmp.Compare(a.Segment.ID, b.Segment.ID))
	})
	g.open = nil
	return events
}
