package transcribe_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// conversation is what a recognizer says and what goes over the wire: testdata/NAME.jsonl, one event a line. oneWay marks
// those that come out of the wire as something else, because the wire cannot say all of it.
type conversation struct {
	name    string
	speaker transcribe.Speaker
	events  []stt.Event
	oneWay  bool
}

func conversations() []conversation {
	stable := func(n int, words ...stt.Word) []stt.Word {
		for i := range n {
			words[i].Stable = true
		}
		return words
	}
	said := func(who string, w stt.Word) stt.Word { w.Speaker = who; return w }
	glued := func(w stt.Word) stt.Word { w.Glue = true; return w }
	matched := func(w stt.Word) stt.Word { w.Match = true; return w }
	return []conversation{
		{name: "partials", events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(130, 600), Alternatives: alternative(word("good", 130, 280))}),
			event(stt.Segment{ID: "1", Revision: 2, Span: span(130, 1200), Alternatives: alternative(word("Good", 130, 280), word("day", 280, 700), mark(".", 700))}),
			event(stt.Segment{ID: "1", Revision: 3, Span: span(130, 700), Final: true,
				Alternatives: alternative(sure("Good", 130, 280, 1), sure("day", 280, 700, 0.9871), mark(".", 700))}),
			event(stt.Segment{ID: "2", Revision: 1, Span: span(2000, 2345), Final: true, Alternatives: alternative(sure("Yes", 2000, 2345, 0.5), mark("!", 2345))}),
		}},
		{name: "stability", speaker: transcribe.Speaker{Stability: true}, events: []stt.Event{
			event(stt.Segment{ID: "a", Revision: 1, Span: span(0, 900), Alternatives: alternative(stable(1, word("one", 0, 300), word("too", 300, 700))...)}),
			event(stt.Segment{ID: "a", Revision: 2, Span: span(0, 900), Final: true, Alternatives: alternative(stable(2, sure("one", 0, 300, 1), sure("two", 300, 700, 1))...)}),
		}},
		{name: "channels", speaker: transcribe.Speaker{Channels: true}, events: []stt.Event{
			{Kind: stt.EventSegment, Channel: 1, Segment: &stt.Segment{ID: "r", Channel: 1, Revision: 1, Final: true, Span: span(0, 400), Alternatives: alternative(sure("right", 0, 400, 0.25))}},
			event(stt.Segment{ID: "l", Revision: 1, Final: true, Span: span(100, 500), Alternatives: alternative(sure("left", 100, 500, 0.75))}),
		}},
		{name: "languages", speaker: transcribe.Speaker{Identify: true}, events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Final: true, Span: span(0, 3000), Language: "es-US",
				Languages:    []stt.LanguageScore{{Language: "es-US", Score: 0.75}, {Language: "en-US", Score: 0.25}},
				Alternatives: alternative(sure("hola", 0, 3000, 1))}),
		}},
		{name: "words", speaker: transcribe.Speaker{Speakers: true}, events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Final: true, Span: span(0, 5000), Alternatives: alternative(
				said("0", sure("日本", 0, 500, 1)), said("0", glued(sure("語", 500, 900, 1))), mark("。", 900),
				said("1", sure("New York", 1000, 1500, 1)), said("1", matched(sure("***", 1500, 1700, 0.125))), mark("?", 1700))}),
		}},
		{name: "withdrawn", events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(0, 400), Alternatives: alternative(word("er", 0, 400))}),
			event(stt.Segment{ID: "1", Revision: 2, Span: span(0, 400), Final: true}),
			event(stt.Segment{ID: "2", Revision: 1, Span: span(200, 400), Final: true, Alternatives: alternative(sure("her", 200, 400, 1))}),
		}},
		{name: "entities", events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(0, 1000), Final: true, Alternatives: []stt.Alternative{{Text: "call [NAME].",
				Words:    []stt.Word{sure("call", 0, 400, 1), sure("[NAME]", 400, 1000, 1), mark(".", 1000)},
				Entities: []stt.Entity{{Category: "PII", Type: "NAME", Content: "[NAME]", First: 1, End: 2, Span: span(400, 1000), Confidence: stt.ConfidenceOf(0.5)}}}}}),
		}},
		// All that a client can ask of the medical operation is asked, and more.
		{name: "medical", speaker: transcribe.Speaker{Medical: true, Speakers: true, Channels: true, Stability: true, Identify: true}, events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(0, 900), Alternatives: alternative(word("the", 0, 200), word("patience", 200, 900))}),
			event(stt.Segment{ID: "1", Revision: 2, Span: span(0, 2100), Final: true, Alternatives: []stt.Alternative{{Text: "The patient, Jane.",
				Words: []stt.Word{said("0", sure("The", 0, 200, 1)), said("0", sure("patient", 200, 800, 0.875)), mark(",", 800),
					said("0", sure("Jane", 1500, 2100, 1)), mark(".", 2100)},
				Entities: []stt.Entity{{Category: "PHI", Content: "Jane", First: 3, End: 4, Span: span(1500, 2100), Confidence: stt.ConfidenceOf(0.75)}}}}}),
			{Kind: stt.EventSegment, Channel: 1, Segment: &stt.Segment{ID: "2", Channel: 1, Revision: 1, Final: true, Span: span(2500, 2900),
				Alternatives: alternative(said("1", sure("Yes", 2500, 2900, 0.5)))}},
		}},
		{name: "medical-bare", speaker: transcribe.Speaker{Medical: true, Stability: true, Identify: true}, oneWay: true, events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(0, 900), Final: true, Language: "en-US", Languages: []stt.LanguageScore{{Language: "en-US", Score: 1}},
				Alternatives: []stt.Alternative{{Text: "***", Words: []stt.Word{matched(sure("***", 0, 900, 1))},
					Entities: []stt.Entity{{Category: "PHI", Type: "NAME", Content: "***", Span: span(0, 900)}}}}}),
		}},
		{name: "text-only", oneWay: true, events: []stt.Event{
			event(stt.Segment{ID: "1", Revision: 1, Span: span(1000, 2000), Alternatives: []stt.Alternative{{Text: "how are"}}}),
			event(stt.Segment{ID: "1", Revision: 2, Span: span(1000, 2200), Final: true, Alternatives: []stt.Alternative{{Text: "How are you?"}}}),
			event(stt.Segment{ID: "2", Revision: 1, Final: true, Alternatives: []stt.Alternative{{Text: "no times"}}}),
		}},
		{name: "unknown", speaker: transcribe.Speaker{Speakers: true}, oneWay: true, events: []stt.Event{
			{Kind: stt.EventSpeechStart}, {Kind: stt.EventProgress, At: ms(100)}, // the wire has no word for these
			event(stt.Segment{ID: "1", Revision: 1, Span: span(500, 900), Final: true, Speaker: "2",
				Alternatives: alternative(stt.Word{Text: "um"}, said("3", sure("so", 600, 900, 1)), stt.Word{Text: ",", Kind: stt.Punctuation, Glue: true})}),
			event(stt.Segment{ID: "2", Revision: 1, Alternatives: alternative(word("later", 1000, 1200), word("on", 1200, 1400))}),
		}},
	}
}

func TestConversations(t *testing.T) {
	for _, c := range conversations() {
		t.Run(c.name, func(t *testing.T) {
			c.speaker.Session = session
			var lines []string
			for i := range c.events {
				if ev := c.speaker.Event(&c.events[i]); ev != nil {
					lines = append(lines, jsonOf(t, ev))
				}
			}
			file := filepath.Join("testdata", c.name+".jsonl")
			got := strings.Join(lines, "\n") + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Fatalf("the wire says\n%swant\n%s", got, want)
			}
			if !c.oneWay {
				c.hear(t, lines)
			}
		})
	}
}

// hear wants the lines to become the conversation again.
func (c *conversation) hear(t *testing.T, lines []string) {
	l := transcribe.Listener{Partial: true, Channels: 2}
	var got []stt.Event
	for _, line := range lines {
		events, err := l.Events(readEvent(t, line), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events {
			if ev.Kind == stt.EventSegment {
				got = append(got, ev)
			}
		}
	}
	if len(got) != len(c.events) {
		t.Fatalf("%d events are heard of %d", len(got), len(c.events))
	}
	for i := range got {
		want := c.events[i].Segment.Clone()
		want.ID = resultID(want.ID)
		if !reflect.DeepEqual(got[i].Segment, want) {
			t.Errorf("event %d is heard as\n%+v\nwant\n%+v", i, got[i].Segment, want)
		}
	}
}

// The files are what clients are shown: every line must be one JSON object with keys in alphabetical order.
func TestGoldenKeysAreSorted(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) != len(conversations()) {
		t.Fatalf("%d files for %d conversations, %v", len(files), len(conversations()), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var any map[string]any
			if err := json.Unmarshal([]byte(line), &any); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			// Maps are written with sorted keys; numbers and escapes differ, so only the keys are compared.
			sorted := new(bytes.Buffer)
			enc := json.NewEncoder(sorted)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(any); err != nil {
				t.Fatal(err)
			}
			if got, want := keys(line), keys(sorted.String()); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: keys %v, sorted they are %v", file, got, want)
			}
		}
	}
}

func keys(text string) []string {
	var all []string
	for _, part := range strings.Split(text, `":`) {
		all = append(all, part[strings.LastIndexByte(part, '"')+1:])
	}
	return all[:len(all)-1]
}
