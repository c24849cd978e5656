package main

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func TestClock(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	c := clock{begin: begin, speed: 2, chunk: 50 * ms}
	if got := c.spoken(300 * ms).Sub(begin); got != 150*ms {
		t.Errorf("at twice the pace, 300 ms were said after %v", got)
	}
	c = clock{begin: begin, chunk: 50 * ms, sent: []time.Time{begin.Add(ms), begin.Add(2 * ms), begin.Add(9 * ms)}}
	for at, want := range map[time.Duration]time.Duration{0: ms, 49 * ms: ms, 50 * ms: 2 * ms, 120 * ms: 9 * ms, time.Hour: 9 * ms, -ms: ms} {
		if got := c.spoken(at).Sub(begin); got != want {
			t.Errorf("without a pace, %v were sent after %v, expected %v", at, got, want)
		}
	}
	if got := (&clock{begin: begin}).spoken(ms); !got.Equal(begin) {
		t.Errorf("nothing was sent, but at %v", got)
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	result := func(s speech, first, lastByte, last, segment time.Duration) *outcome {
		return &outcome{take: &take{speech: s}, clock: clock{begin: begin, speed: 1}, first: at(first), lastByte: at(lastByte), last: at(last),
			segment: segment, late: 3 * ms}
	}
	listed := speech{span: span{200 * ms, 900 * ms, true}, listed: true}
	heard := speech{span: span{300 * ms, 800 * ms, true}}
	l := latenciesOf([]*outcome{
		result(listed, 500*ms, 1000*ms, 1600*ms, 1000*ms),
		result(heard, 500*ms, 1000*ms, 700*ms, 500*ms), // the final was there before the end
		result(speech{}, 500*ms, 1000*ms, 1100*ms, 500*ms),
		{take: &take{speech: listed}}, // nothing was said
	})
	check := func(what string, got, want spread) {
		if got.N != want.N || (got.Median-want.Median) > 1e-6 || (want.Median-got.Median) > 1e-6 || got.Max-want.Max > 1e-6 || want.Max-got.Max > 1e-6 {
			t.Errorf("%s: %+v, expected %+v", what, got, want)
		}
	}
	check("first partial", l.FirstPartial, spread{N: 2, Median: 250, Max: 300})
	check("last final", l.LastFinal, spread{N: 3, Median: 100, Max: 600})
	check("above the segment", l.AboveSegment, spread{N: 3, Median: 0, Max: 150})
	check("speech end", l.SpeechEndFinal, spread{N: 2, Median: 300, Max: 700})
	if l.Listed != 2 || l.Heard != 1 || l.NothingFound != 1 || l.NothingSaid != 1 || l.SenderLateMaxMS != 3 {
		t.Errorf("%+v", l)
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for i := range 101 {
		all = append(all, time.Duration(100-i)*ms)
	}
	if got := spreadOf(all); got != (spread{101, 50, 95, 100}) {
		t.Errorf("%+v", got)
	}
	if got := spreadOf(nil); got != (spread{}) {
		t.Errorf("%+v of nothing", got)
	}
}

// Only words that are right, that both sides know the time of, and as if there were no room tone in front.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	c := &clip{Words: words("a b c d"), Times: []span{{0, 100 * ms, true}, {200 * ms, 300 * ms, true}, {}, {600 * ms, 700 * ms, true}}}
	o := &outcome{take: &take{clip: c, offset: 50 * ms}, words: []word{
		{"x", 10 * ms, true}, {"a", 70 * ms, true}, {"q", 240 * ms, true}, {"c", 500 * ms, true}, {"d", 600 * ms, true}}}
	got := startErrors([]*outcome{o, {take: &take{clip: &clip{Words: words("a")}}, words: []word{{"a", 0, true}}}})
	if len(got) != 2 || got[0] != 20*ms || got[1] != 50*ms {
		t.Errorf("%v, expected 20ms and 50ms", got)
	}
	o.words[4].timed = false
	if got := startErrors([]*outcome{o}); len(got) != 1 {
		t.Errorf("%v with a word whose time is not known", got)
	}
}

func TestWordsOf(t *testing.T) {
	t.Parallel()
	a := stt.Alternative{Text: "Mr. Cold-hearted, no.", Words: []stt.Word{
		{Text: "Mr.", Span: stt.SpanOf(ms, 2*ms)}, {Text: "Cold-hearted", Span: stt.SpanOf(3*ms, 4*ms)}, {Text: ",", Glue: true, Kind: stt.Punctuation},
		{Text: "no"}, {Text: ".", Glue: true, Kind: stt.Punctuation}}}
	want := []word{{"mister", ms, true}, {"cold", 3 * ms, true}, {"hearted", 3 * ms, false}, {"no", 0, false}}
	check := func(got, want []word) {
		if len(got) != len(want) {
			t.Fatalf("%+v, expected %+v", got, want)
		}
		for i := range got {
			if got[i].text != want[i].text || got[i].timed != want[i].timed || got[i].timed && got[i].start != want[i].start {
				t.Errorf("%+v, expected %+v", got[i], want[i])
			}
		}
	}
	check(wordsOf(a), want)
	a.Words = nil
	check(wordsOf(a), []word{{text: "mister"}, {text: "cold"}, {text: "hearted"}, {text: "no"}})
}
