package transcribe_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// recordedFinal is a final of the real service, abridged, with its keys in the service's order.
const recordedFinal = `{"Transcript":{"Results":[{"Alternatives":[{"Items":[{"Confidence":1.0,"Content":"Good","EndTime":0.28,"StartTime":0.13,"Type":"pronunciation","VocabularyFilterMatch":false},` +
	`{"Content":".","EndTime":1.67,"StartTime":1.67,"Type":"punctuation","VocabularyFilterMatch":false}],"Transcript":"Good day to you transcribe."}],` +
	`"EndTime":1.67,"IsPartial":false,"ResultId":"b5bddee0-4b64-4ab9-a7a6-7e777fd73ac8","StartTime":0.13}]}}`

// jsonOf returns the payload of what servers send for an event.
func jsonOf(t testing.TB, ev *transcribe.TranscriptEvent) string {
	t.Helper()
	msg, err := transcribe.AppendTranscript(nil, ev)
	if err != nil {
		t.Fatal(err)
	}
	var m eventstream.Message
	if err := eventstream.DecodeExact(msg, &m); err != nil {
		t.Fatal(err)
	}
	return string(m.Payload)
}

func readEvent(t testing.TB, payload string) *transcribe.TranscriptEvent {
	t.Helper()
	var m eventstream.Message
	out, err := transcribe.ReadOutput(message(t, payload, ":event-type", "TranscriptEvent", ":content-type", "application/json", ":message-type", "event"), &m)
	if err != nil || out.Event == nil {
		t.Fatalf("%s\nis read as %+v, %v", payload, out, err)
	}
	return out.Event
}

func TestRecordedFinal(t *testing.T) {
	ev := readEvent(t, recordedFinal)
	if got := jsonOf(t, ev); got != recordedFinal {
		t.Errorf("read and written again:\n%s\nwant\n%s", got, recordedFinal)
	}
	l := transcribe.Listener{Partial: true}
	events, err := l.Events(ev, time.Minute)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v; want a segment and progress", len(events), err)
	}
	seg := events[0].Segment
	if !seg.Final || seg.Span != span(130, 1670) || seg.Best().Text != "Good day to you transcribe." {
		t.Errorf("segment %+v", seg)
	}
	if seg.Best().Words != nil {
		t.Error("the recording is abridged: its items do not make its text, and words must not be made of them")
	}
	if p := events[1]; p.Kind != stt.EventProgress || p.At != ms(1670) {
		t.Errorf("second event %+v", p)
	}
}

func TestNumbers(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0", ms(130): "0.13", ms(1670): "1.67", ms(2000): "2.0", ms(5): "0.005", ms(1001): "1.001",
		499_999: "0.0", 500_000: "0.001", 4 * time.Hour: "14400.0", 3*time.Hour + ms(7): "10800.007", -time.Second: "0.0",
	} {
		got, err := json.Marshal(transcribe.Seconds(d))
		if err != nil || string(got) != want {
			t.Errorf("%v is written %s, %v; want %s", d, got, err, want)
		}
		var back transcribe.Seconds
		if err := json.Unmarshal(got, &back); err != nil || (max(d, 0)-time.Duration(back)).Abs() > 500*time.Microsecond {
			t.Errorf("%s is read as %v, %v", got, time.Duration(back), err)
		}
	}
	for f, want := range map[transcribe.Fraction]string{0: "0.0", 1: "1.0", 0.98714: "0.9871", 0.5: "0.5", 0.00004: "0.0", 0.00005: "0.0001", 2: "1.0", -1: "0.0"} {
		if got, err := json.Marshal(f); err != nil || string(got) != want {
			t.Errorf("%v is written %s, %v; want %s", float64(f), got, err, want)
		}
	}
	for text, want := range map[string]time.Duration{"1": time.Second, "1.5e0": ms(1500), "0.0004": 0, "null": 0, "1.67": ms(1670)} {
		var s transcribe.Seconds
		if err := json.Unmarshal([]byte(text), &s); err != nil || time.Duration(s) != want {
			t.Errorf("%s is read as %v, %v; want %v", text, time.Duration(s), err, want)
		}
	}
	for _, text := range []string{"-1", "-0.001", "1e8", `"1.5"`, "true", "[]", "{}", strings.Repeat("9", 3000)} {
		var s transcribe.Seconds
		if err := json.Unmarshal([]byte(text), &s); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.20s is read as %v, %.400v; want a short error", text, time.Duration(s), err)
		}
	}
}

// SDKs iterate over lists without asking whether they are there.
func TestListsAreNeverNull(t *testing.T) {
	for want, ev := range map[string]transcribe.TranscriptEvent{
		`{"Transcript":{"Results":[]}}`: {},
		`{"Transcript":{"Results":[{"Alternatives":[],"EndTime":0.0,"IsPartial":false,"ResultId":"","StartTime":0.0}]}}`: {Transcript: transcribe.Transcript{Results: []transcribe.Result{{}}}},
		`{"Transcript":{"Results":[{"Alternatives":[{"Items":[],"Transcript":""}],"EndTime":0.0,"IsPartial":false,"ResultId":"","StartTime":0.0}]}}`: {
			Transcript: transcribe.Transcript{Results: []transcribe.Result{{Alternatives: []transcribe.Alternative{{}}}}}},
	} {
		if got := jsonOf(t, &ev); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

func TestNoEscapesForHTML(t *testing.T) {
	ev := transcribe.TranscriptEvent{Transcript: transcribe.Transcript{Results: []transcribe.Result{{Alternatives: []transcribe.Alternative{{Transcript: `R&D <"ü" 日本>`}}}}}}
	if got := jsonOf(t, &ev); !strings.Contains(got, `"Transcript":"R&D <\"ü\" 日本>"`) {
		t.Errorf("got %s", got)
	}
}

func TestReadOutput(t *testing.T) {
	exception := func(name, msg string) transcribe.Output {
		return transcribe.Output{Exception: &transcribe.Exception{Name: name, Message: msg}}
	}
	for _, c := range []struct {
		name string
		msg  []byte
		want transcribe.Output
	}{
		{"an unknown event", message(t, "???", ":message-type", "event", ":event-type", "FutureEvent"), transcribe.Output{}},
		{"an event without a name", message(t, "", ":message-type", "event"), transcribe.Output{}},
		{"an exception", message(t, `{"Message":"no"}`, ":message-type", "exception", ":exception-type", "ConflictException"), exception("ConflictException", "no")},
		{"a message with a small m", message(t, `{"message":"no"}`, ":message-type", "exception", ":exception-type", "X"), exception("X", "no")},
		{"an exception without a body", message(t, "", ":message-type", "exception", ":exception-type", "X"), exception("X", "")},
		{"an exception with another body", message(t, `"no"`, ":message-type", "exception", ":exception-type", "X"), exception("X", "")},
		{"an exception without a name", message(t, `{"Message":"no"}`, ":message-type", "exception"), exception("an exception without a name", "no")},
		{"an error", message(t, "", ":message-type", "error", ":error-code", "Throttled", ":error-message", "slow"), exception("Throttled", "slow")},
		{"an error without headers", message(t, "", ":message-type", "error"), exception("an exception without a name", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m eventstream.Message
			out, err := transcribe.ReadOutput(c.msg, &m)
			if err != nil || (out.Exception == nil) != (c.want.Exception == nil) || out.Event != nil {
				t.Fatalf("read as %+v, %v", out, err)
			}
			if out.Exception != nil && *out.Exception != *c.want.Exception {
				t.Errorf("read as %+v, want %+v", *out.Exception, *c.want.Exception)
			}
		})
	}
}

func TestReadOutputRefuses(t *testing.T) {
	transcript := func(payload string) []byte {
		return message(t, payload, ":message-type", "event", ":event-type", "TranscriptEvent")
	}
	for name, c := range map[string]struct {
		msg  []byte
		text string
	}{
		"noise":                 {[]byte("noise"), "event-stream"},
		"nothing":               {nil, "event-stream"},
		"no message type":       {message(t, "{}", ":event-type", "TranscriptEvent"), ":message-type is missing"},
		"other message type":    {message(t, "{}", ":message-type", "gossip"), `"gossip"`},
		"no JSON":               {transcript("no"), "cannot be read"},
		"no payload":            {transcript(""), "cannot be read"},
		"another shape":         {transcript(`{"Transcript":[]}`), "cannot be read"},
		"a negative time":       {transcript(`{"Transcript":{"Results":[{"StartTime":-1}]}}`), "cannot be read"},
		"a confidence of 1e999": {transcript(`{"Transcript":{"Results":[{"Alternatives":[{"Items":[{"Confidence":1e999}]}]}]}}`), "cannot be read"},
	} {
		var m eventstream.Message
		out, err := transcribe.ReadOutput(c.msg, &m)
		if err == nil {
			t.Errorf("%s: read as %+v", name, out)
			continue
		}
		wantCode(t, err, stt.Malformed, c.text)
	}
}
