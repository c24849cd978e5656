package speechall

import (
	"encoding/json"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// forms is what the reader and the fuzzer are fed with.
var forms = []struct {
	name, fields string
	want         Form
	option       string
}{
	{name: "least", fields: "model=whisper-1", want: Form{Params: Params{Model: "whisper-1", Language: "auto", Format: "json", Punctuation: true}, Segments: true}},
	{name: "most", fields: "model=a.b&language=en&prompt=p&response_format=verbose_json&temperature=0.5&stream=true&timestamp_granularities[]=word&timestamp_granularities[]=segment",
		want: Form{Params: Params{Model: "a.b", Language: "en", Prompt: "p", Format: "verbose_json", Temperature: half(), Punctuation: true}, Words: true, Segments: true, Stream: true}},
	{name: "words only, without brackets", fields: "model=a.b&timestamp_granularities=word&include[]=logprobs&chunking_strategy=auto",
		want: Form{Params: Params{Model: "a.b", Language: "auto", Format: "json", Punctuation: true}, Words: true}},
	{name: "no model", fields: "language=en", option: "model"},
	{name: "format of the other routes", fields: "model=a.b&response_format=json_text", option: "response_format"},
	{name: "granularity", fields: "model=a.b&timestamp_granularities[]=letter", option: "timestamp_granularities"},
	{name: "language", fields: "model=a.b&language=english", option: "language"},
	{name: "temperature", fields: "model=a.b&temperature=1.5", option: "temperature"},
	{name: "stream", fields: "model=a.b&stream=perhaps", option: "stream"},
}

func TestForms(t *testing.T) {
	for _, c := range forms {
		t.Run(c.name, func(t *testing.T) {
			fields, err := url.ParseQuery(c.fields)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseForm(fields)
			if c.option != "" {
				fault(t, err, c.option)
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v; expected %+v", got, err, c.want)
			}
		})
	}
}

// Whatever is asked for, the answer has the fields that clients insist on.
func FuzzForm(f *testing.F) {
	for _, c := range forms {
		f.Add(c.fields, int64(1500), 0.5)
	}
	f.Fuzz(func(t *testing.T, query string, ms int64, confidence float64) {
		fields, _ := url.ParseQuery(query)
		form, err := ParseForm(fields)
		if err != nil {
			if ErrorOf(err).Status != 400 {
				t.Fatal(err)
			}
			return
		}
		seg := stt.Segment{Span: stt.SpanOf(0, time.Duration(ms%1e9)*time.Millisecond), Alternatives: []stt.Alternative{{Text: "x", Confidence: stt.ConfidenceOf(confidence)}}}
		tr := new(Scribe).File("1", "en", []stt.Segment{seg})
		for _, translation := range []bool{false, true} {
			b, err := AppendJSON(nil, form.Answer(&tr, seg.Span.End, translation))
			if err != nil {
				t.Fatal(err)
			}
			var raw map[string]any
			if err := json.Unmarshal(b, &raw); err != nil || raw["text"] != "x" {
				t.Fatalf("%s, %v", b, err)
			}
			if form.Format != FormatVerboseJSON {
				continue
			}
			if _, number := raw["duration"].(float64); number == translation {
				t.Errorf("%s", b)
			}
			if segments, _ := raw["segments"].([]any); form.Segments && (len(segments) != 1 || len(segments[0].(map[string]any)) != 10) {
				t.Errorf("%s", b)
			}
		}
	})
}

func TestEvents(t *testing.T) {
	b := AppendDone(AppendDelta(AppendDelta(nil, "a \"b\""), " c"), "")
	b = AppendFault(b, Error{Message: "m", Code: "c"})
	want := "data: {\"type\":\"transcript.text.delta\",\"delta\":\"a \\\"b\\\"\"}\n\n" + "data: {\"type\":\"transcript.text.delta\",\"delta\":\" c\"}\n\n" +
		"data: {\"type\":\"transcript.text.done\",\"text\":\"\"}\n\n" + "data: {\"error\":{\"message\":\"m\",\"type\":\"c\",\"param\":null,\"code\":\"c\"}}\n\n"
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

// Deltas, one behind the other, are what Join makes of the texts.
func TestDelta(t *testing.T) {
	for _, texts := range [][]string{{"a", "b"}, {"你好。", "世界", "x", "y"}, {"", "a", " ", "b "}} {
		all := ""
		for _, text := range texts {
			all += Delta(all, text)
		}
		if all != Join(texts) {
			t.Errorf("%q became %q, expected %q", texts, all, Join(texts))
		}
	}
}

func TestEnglish(t *testing.T) {
	var f Form
	if err := f.English(&stt.Capabilities{Languages: []string{"en-US"}}); err != nil || f.Language != "en" {
		t.Errorf("%q, %v", f.Language, err)
	}
	if err := f.English(&stt.Capabilities{Languages: []string{"fr-FR"}}); stt.CodeOf(err) != stt.Unsupported {
		t.Errorf("%v", err)
	}
}
