package transcribe_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// randomSeed is drawn anew, and printed on failure; WIRE_SEED=n repeats it.
func randomSeed(t *testing.T) *rand.Rand {
	seed, err := strconv.ParseUint(os.Getenv("WIRE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with WIRE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

// heard is as much audio as random conversations have at most.
const heard = 10 * time.Minute

// talk makes a random conversation that keeps the contract: partials that grow and are rewritten, finals in order, some of
// them withdrawn, and sometimes two channels. Times are of any fineness.
func talk(r *rand.Rand, stability bool) []stt.Event {
	var events []stt.Event
	at := [2]stt.Time{}
	for n := range 1 + r.IntN(8) {
		channel := r.IntN(2)
		seg := stt.Segment{ID: fmt.Sprintf("segment %d", n), Channel: channel}
		words := sentence(r, at[channel]+time.Duration(r.IntN(3e9)))
		end := words[len(words)-1].Span.End
		for range r.IntN(4) {
			part := words[:1+r.IntN(len(words))]
			if stability { // the longest stable prefix so far is kept by taking all words from now on
				part = words
			}
			seg.Revision += 1 + r.IntN(3)
			seg.Alternatives = alternative(without(part, false)...)
			seg.Span = stt.SpanOf(words[0].Span.Start, part[len(part)-1].Span.End+time.Duration(r.IntN(1e9)))
			for i := range seg.Alternatives[0].Words {
				seg.Alternatives[0].Words[i].Stable = stability && i == 0
			}
			events = append(events, event(*seg.Clone()))
		}
		seg.Revision++
		seg.Final = true
		seg.Span = stt.SpanOf(words[0].Span.Start, end)
		seg.Alternatives = nil
		if r.IntN(6) > 0 || stability {
			seg.Alternatives = alternative(without(words, true)...)
			at[channel] = end
		}
		events = append(events, event(*seg.Clone()))
		if r.IntN(3) == 0 {
			events = append(events, stt.Event{Kind: stt.EventProgress, Channel: channel, At: at[channel]})
		}
	}
	return events
}

// without returns a copy in which only finals have confidence, and all words of finals are stable.
func without(words []stt.Word, final bool) []stt.Word {
	words = append([]stt.Word(nil), words...)
	for i := range words {
		if words[i].Stable = final; !final {
			words[i].Confidence = stt.Confidence{}
		}
	}
	return words
}

var vocabulary = []string{"a", "good", "Good", "day", "naïve", "New York", "日本", "***", "it's", "R&D", "<b>", `"x"`, "3.14", "\u2028", "co-op", "[NAME]"}

func sentence(r *rand.Rand, at stt.Time) []stt.Word {
	var words []stt.Word
	for n := range 1 + r.IntN(6) {
		end := at + time.Duration(r.IntN(1e9))
		w := stt.Word{Text: vocabulary[r.IntN(len(vocabulary))], Span: stt.SpanOf(at, end), Confidence: stt.ConfidenceOf(r.Float64()),
			Glue: n > 0 && r.IntN(5) == 0, Match: r.IntN(5) == 0}
		words = append(words, w)
		if r.IntN(4) == 0 {
			words = append(words, stt.Word{Text: string(".,?"[r.IntN(3)]), Span: stt.SpanOf(end, end), Kind: stt.Punctuation, Glue: true})
		}
		at = end + time.Duration(r.IntN(2)*r.IntN(1e8))
	}
	return words
}

// What goes over the wire comes out as it went in, to the millisecond, and keeps the contract if it did before.
func TestRoundTrip(t *testing.T) {
	r := randomSeed(t)
	for range 500 {
		stability := r.IntN(2) == 0
		events := talk(r, stability)
		start := time.Duration(r.IntN(2)) * time.Hour
		speaker := transcribe.Speaker{Session: session, Stability: stability, Channels: true}
		listener := transcribe.Listener{Start: start, Partial: true, Channels: 2}
		in := stttest.Checker{}
		out := stttest.Checker{Start: start, Tolerance: time.Millisecond}
		for i := range events {
			if err := in.Event(events[i], heard); err != nil {
				t.Fatalf("the test itself breaks the contract: %v", err)
			}
			said := speaker.Event(&events[i])
			if said == nil {
				continue
			}
			back, err := listener.Events(readEvent(t, jsonOf(t, said)), start+heard)
			if err != nil {
				t.Fatal(err)
			}
			for _, ev := range back {
				if err := out.Event(ev, start+heard); err != nil {
					t.Fatalf("the listener breaks the contract: %v", err)
				}
			}
			if err := same(events[i].Segment, back[0].Segment, start, stability); err != nil {
				t.Fatalf("event %d: %v\nsaid  %+v\nheard %+v", i, err, events[i].Segment, back[0].Segment)
			}
		}
		if len(in.Finals()) != len(out.Finals()) || in.Partials() != out.Partials() {
			t.Fatalf("%d finals and %d partials became %d and %d", len(in.Finals()), in.Partials(), len(out.Finals()), out.Partials())
		}
		if rest := listener.Rest(); rest != nil {
			t.Fatalf("all segments have ended, and yet there is left %+v", rest)
		}
	}
}

// same compares a segment with what became of it on a wire that begins at start.
func same(said, heard *stt.Segment, start stt.Time, stability bool) error {
	near := func(a, b stt.Span) bool {
		return b.Known && (a.Start-b.Start+start).Abs() <= time.Millisecond && (a.End-b.End+start).Abs() <= time.Millisecond
	}
	switch {
	case heard.ID != resultID(said.ID), heard.Final != said.Final, heard.Channel != said.Channel:
		return fmt.Errorf("id, final or channel differ")
	case !near(said.Span, heard.Span):
		return fmt.Errorf("span %v", heard.Span)
	case len(said.Alternatives) != len(heard.Alternatives):
		return fmt.Errorf("%d alternatives", len(heard.Alternatives))
	case len(said.Best().Words) != len(heard.Best().Words):
		return fmt.Errorf("%d words", len(heard.Best().Words))
	case said.Best().Text != heard.Best().Text:
		return fmt.Errorf("text %q", heard.Best().Text)
	}
	for i, a := range said.Best().Words {
		b := heard.Best().Words[i]
		switch {
		case a.Text != b.Text, a.Kind != b.Kind, a.Glue != b.Glue, a.Match != b.Match, stability && a.Stable != b.Stable, !near(a.Span, b.Span):
			return fmt.Errorf("word %d is %+v, was %+v", i, b, a)
		case a.Kind == stt.Punctuation && b.Confidence.Known, a.Kind != stt.Punctuation && a.Confidence.Known != b.Confidence.Known:
			return fmt.Errorf("word %d: confidence %v, was %v", i, b.Confidence, a.Confidence)
		case b.Confidence.Known && (a.Confidence.Value-b.Confidence.Value > 1e-4 || b.Confidence.Value-a.Confidence.Value > 1e-4):
			return fmt.Errorf("word %d: confidence %v, was %v", i, b.Confidence, a.Confidence)
		}
	}
	return nil
}

// Finals only: no partial is heard, and nothing else is missing.
func TestFinalsOnly(t *testing.T) {
	r := randomSeed(t)
	for range 100 {
		events := talk(r, false)
		speaker := transcribe.Speaker{Session: session, Channels: true}
		listener := transcribe.Listener{Channels: 2}
		finals := 0
		for i := range events {
			if events[i].Kind != stt.EventSegment {
				continue
			}
			if events[i].Segment.Final {
				finals++
			}
			back, err := listener.Events(speaker.Event(&events[i]), heard)
			if err != nil {
				t.Fatal(err)
			}
			for _, ev := range back {
				if ev.Kind == stt.EventSegment {
					finals--
					if !ev.Segment.Final {
						t.Fatalf("a partial: %+v", ev.Segment)
					}
				}
			}
		}
		if finals != 0 {
			t.Fatalf("%d finals are missing", finals)
		}
	}
}
