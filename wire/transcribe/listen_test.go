package transcribe_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// result is a result in JSON with one word for each of the transcript's, 100 ms each.
func result(id string, from int, partial bool, transcript string) string {
	var items []string
	at := from
	for _, w := range strings.Fields(transcript) {
		items = append(items, fmt.Sprintf(`{"Content":%q,"StartTime":%d.%03d,"EndTime":%d.%03d,"Type":"pronunciation"}`, w, at/1000, at%1000, (at+100)/1000, (at+100)%1000))
		at += 100
	}
	return fmt.Sprintf(`{"ResultId":%q,"StartTime":%d.%03d,"EndTime":%d.%03d,"IsPartial":%v,"Alternatives":[{"Transcript":%q,"Items":[%s]}]}`,
		id, from/1000, from%1000, at/1000, at%1000, partial, transcript, strings.Join(items, ","))
}

// hears gives results to a listener and returns what it makes of them, one line an event.
func hears(t *testing.T, l *transcribe.Listener, heard stt.Time, results ...string) []string {
	t.Helper()
	events, err := l.Events(readEvent(t, `{"Transcript":{"Results":[`+strings.Join(results, ",")+`]}}`), heard)
	if err != nil {
		t.Fatal(err)
	}
	return told(events)
}

func told(events []stt.Event) []string {
	var lines []string
	for _, ev := range events {
		if ev.Kind == stt.EventProgress {
			lines = append(lines, fmt.Sprintf("progress %v", ev.At))
			continue
		}
		s := ev.Segment
		kind := "partial"
		if s.Final {
			kind = "final"
		}
		lines = append(lines, fmt.Sprintf("%s %s.%d %v-%v %q", kind, s.ID, s.Revision, s.Span.Start, s.Span.End, s.Best().Text))
	}
	return lines
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("heard\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRestPromotesTheLastPartial(t *testing.T) {
	for _, partials := range []bool{true, false} {
		l := transcribe.Listener{Partial: partials, Start: time.Minute}
		hears(t, &l, 2*time.Minute, result("b", 2000, true, "so"), result("a", 1000, true, "well"))
		hears(t, &l, 2*time.Minute, result("b", 2000, true, "so long"), result("c", 500, false, "yes"))
		rest := l.Rest()
		wantLines(t, told(rest), `final a.2 1m1s-1m1.1s "well"`, "progress 1m1.1s", `final b.3 1m2s-1m2.2s "so long"`, "progress 1m2.2s")
		if again := l.Rest(); again != nil {
			t.Errorf("a second time: %v", told(again))
		}
		if w := rest[2].Segment.Best().Words; len(w) != 2 || w[1].Span != stt.SpanOf(62*time.Second+100*time.Millisecond, 62*time.Second+200*time.Millisecond) {
			t.Errorf("words %+v", w)
		}
	}
}

// The receiver owns what it is given: scribbling on a partial changes nothing of the final made of it.
func TestReceiverOwnsPartials(t *testing.T) {
	l := transcribe.Listener{Partial: true}
	events, err := l.Events(readEvent(t, `{"Transcript":{"Results":[`+result("a", 0, true, "well")+`]}}`), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	events[0].Segment.Alternatives[0].Words[0].Text = "scribble"
	events[0].Segment.Alternatives[0].Text = "scribble"
	if got := l.Rest()[0].Segment.Best(); got.Text != "well" || got.Words[0].Text != "well" {
		t.Errorf("the final is %+v", got)
	}
}

func TestAFinalIsFinal(t *testing.T) {
	l := transcribe.Listener{Partial: true}
	wantLines(t, hears(t, &l, time.Minute, result("a", 0, true, "on"), result("a", 0, false, "one"), result("a", 0, false, "one"), result("a", 0, true, "won")),
		`partial a.1 0s-100ms "on"`, `final a.2 0s-100ms "one"`, "progress 100ms")
	wantLines(t, hears(t, &l, time.Minute, result("a", 0, false, "one"), result("b", 200, false, "two")), `final b.1 200ms-300ms "two"`, "progress 300ms")
	if rest := l.Rest(); rest != nil {
		t.Errorf("left: %v", told(rest))
	}
}

func TestTimesAreBroughtToTheEdge(t *testing.T) {
	l := transcribe.Listener{Partial: true}
	wantLines(t, hears(t, &l, ms(250), result("a", 0, false, "one two three")), `final a.1 0s-250ms "one two three"`, "progress 250ms")
	wantLines(t, hears(t, &l, ms(600), result("b", 150, true, "four five")), `partial b.1 250ms-350ms "four five"`)
	events, err := l.Events(readEvent(t, `{"Transcript":{"Results":[{"ResultId":"c","StartTime":0.5,"EndTime":0.2,"Alternatives":[{"Transcript":"x y","Items":[`+
		`{"Content":"x","StartTime":0.5,"EndTime":0.4,"Stable":false},{"Content":"y","StartTime":0.3,"EndTime":0.35,"Stable":true}]}]}]}}`), ms(600))
	if err != nil {
		t.Fatal(err)
	}
	c := stttest.Checker{}
	for _, ev := range events {
		if err := c.Event(ev, ms(600)); err != nil {
			t.Error(err)
		}
	}
	if w := events[0].Segment.Best().Words; w[1].Span != span(500, 500) || w[1].Stable {
		t.Errorf("words %+v", w)
	}
}

// A withdrawn segment decides nothing: what is heard there may still be said by another.
func TestWithdrawnGivesNoProgress(t *testing.T) {
	l := transcribe.Listener{Partial: true}
	wantLines(t, hears(t, &l, time.Minute, result("a", 0, true, "er"), result("a", 0, false, ""), result("b", 0, false, "err")),
		`partial a.1 0s-100ms "er"`, `final a.2 0s-0s ""`, `final b.1 0s-100ms "err"`, "progress 100ms")
}

func TestListenerRefuses(t *testing.T) {
	withChannel := func(ch string) string {
		return strings.Replace(result("a", 0, true, "x"), "{", fmt.Sprintf(`{"ChannelId":%q,`, ch), 1)
	}
	for name, c := range map[string]struct {
		channels int
		results  []string
		text     string
	}{
		"no id":              {1, []string{result("", 0, false, "x")}, "ResultId has 0 bytes"},
		"a long id":          {1, []string{result(strings.Repeat("x", 5000), 0, false, "x")}, "ResultId has 5000 bytes"},
		"ch_1 of one":        {0, []string{withChannel("ch_1")}, `unknown channel "ch_1"`},
		"ch_2 of two":        {2, []string{withChannel("ch_2")}, `unknown channel "ch_2"`},
		"ch_0 and more":      {2, []string{withChannel("ch_0x")}, `unknown channel "ch_0x"`},
		"another name":       {2, []string{withChannel("left")}, `unknown channel "left"`},
		"a negative channel": {2, []string{withChannel("ch_-1")}, `unknown channel "ch_-1"`},
		"a long channel":     {2, []string{withChannel(strings.Repeat("x", 5000))}, `xxx..."`},
		"a segment moves":    {2, []string{withChannel("ch_0"), withChannel("ch_1")}, `moved a result to the channel "ch_1"`},
	} {
		l := transcribe.Listener{Partial: true, Channels: c.channels}
		events, err := l.Events(readEvent(t, `{"Transcript":{"Results":[`+strings.Join(c.results, ",")+`]}}`), time.Minute)
		if err == nil {
			t.Errorf("%s: heard as %v", name, told(events))
			continue
		}
		wantCode(t, err, stt.Malformed, c.text)
	}
	for _, ch := range []string{"ch_0", "ch_1"} {
		wantLines(t, hears(t, &transcribe.Listener{Partial: true, Channels: 2}, time.Minute, withChannel(ch)), `partial a.1 0s-100ms "x"`)
	}
}

// A server cannot make a listener keep segments without end, nor does one that runs for long.
func TestOpenSegmentsAreBounded(t *testing.T) {
	l := transcribe.Listener{Partial: true}
	var err error
	for i := 0; i < 5000 && err == nil; i++ {
		_, err = l.Events(readEvent(t, `{"Transcript":{"Results":[`+result(fmt.Sprint(i), 0, true, "x")+`]}}`), time.Minute)
	}
	if err == nil {
		t.Fatal("5000 segments without a final are kept")
	}
	wantCode(t, err, stt.Malformed, "no final to 1000 segments")
	l = transcribe.Listener{Partial: true}
	for i := range 3000 {
		wantLines(t, hears(t, &l, time.Hour, result(fmt.Sprint(i), 0, false, "x"), result(fmt.Sprint(i), 0, false, "x"))[:1],
			fmt.Sprintf(`final %d.1 %v-%v "x"`, i, min(ms(i*100), ms(100)), ms(100)))
	}
}

// What a server says beyond the model is passed over; words are never made of what does not fit the text.
func TestItemsThatDoNotMakeTheText(t *testing.T) {
	for name, c := range map[string]struct {
		alternative string
		words       int
	}{
		"a change of speakers":   {`{"Transcript":"a b","Items":[{"Content":"a"},{"Type":"speaker-change"},{"Content":"b"}]}`, 2},
		"no items":               {`{"Transcript":"a b","Items":[]}`, 0},
		"a word is missing":      {`{"Transcript":"a b","Items":[{"Content":"a"}]}`, 0},
		"a word too many":        {`{"Transcript":"a","Items":[{"Content":"a"},{"Content":"b"}]}`, 0},
		"two spaces":             {`{"Transcript":"a  b","Items":[{"Content":"a"},{"Content":"b"}]}`, 0},
		"a space before":         {`{"Transcript":" a","Items":[{"Content":"a"}]}`, 0},
		"a space behind":         {`{"Transcript":"a ","Items":[{"Content":"a"}]}`, 0},
		"another word":           {`{"Transcript":"a","Items":[{"Content":"b"}]}`, 0},
		"a word with its spaces": {`{"Transcript":"a b","Items":[{"Content":"a b"}]}`, 1},
	} {
		l := transcribe.Listener{}
		events, err := l.Events(readEvent(t, `{"Transcript":{"Results":[{"ResultId":"x","Alternatives":[`+c.alternative+`]}]}}`), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		best := events[0].Segment.Best()
		if len(best.Words) != c.words || c.words == 0 && best.Words != nil || best.Words != nil && stt.JoinWords(best.Words) != best.Text {
			t.Errorf("%s: words %+v of %q", name, best.Words, best.Text)
		}
	}
}
