package speechall

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

const ms = time.Millisecond

// hello is a segment with marks, and helloNoTimes one of a model that knows texts only.
func hello() *stt.Segment {
	return &stt.Segment{ID: "1", Final: true, Language: "en-US", Speaker: "spk_7", Span: stt.SpanOf(500*ms, 1400*ms),
		Alternatives: []stt.Alternative{{Text: "Hello world.", Confidence: stt.ConfidenceOf(0.95), Words: []stt.Word{
			{Text: "Hello", Span: stt.SpanOf(500*ms, 900*ms), Confidence: stt.ConfidenceOf(0.97)},
			{Text: "world", Span: stt.SpanOf(900*ms, 1400*ms)},
			{Text: ".", Kind: stt.Punctuation, Glue: true, Span: stt.SpanOf(1400*ms, 1400*ms)}}}}}
}

// frames is what the encoder and the decoder are fed with.
var frames = []struct {
	name  string
	make  func() Transcription
	frame string
}{
	{"a file", func() Transcription {
		return new(Scribe).File("txn_1", "de-DE", []stt.Segment{*hello()})
	}, `{"id":"txn_1","text":"Hello world.","language":"en","segments":[{"start":0.5,"end":1.4,"text":"Hello world.","speaker":"Speaker 0","confidence":0.95}],` +
		`"words":[{"word":"Hello","start":0.5,"end":0.9,"speaker":"Speaker 0","confidence":0.97},{"word":"world","start":0.9,"end":1.4,"speaker":"Speaker 0"}]}`},
	{"a stream's utterance", func() Transcription {
		return (&Scribe{Session: uuid.Nil, Stream: true}).Utterance(hello())
	}, `{"id":"` + uuid.NewSHA1(uuid.Nil, []byte("1")).String() + `","text":"Hello world.","language":"en","segments":[{"start":0.5,"end":1.4,"text":"Hello world.","speaker":"Speaker 0","confidence":0.95}],` +
		`"words":[{"word":"Hello","text":"Hello","start":0.5,"end":0.9,"speaker":"Speaker 0","confidence":0.97},{"word":"world","text":"world","start":0.9,"end":1.4,"speaker":"Speaker 0"}]}`},
	{"one that may change", func() Transcription {
		seg := hello()
		seg.Final, seg.Speaker, seg.Alternatives[0].Words = false, "", nil
		return (&Scribe{Session: uuid.Nil, Stream: true, Interim: true}).Utterance(seg)
	}, `{"id":"` + uuid.NewSHA1(uuid.Nil, []byte("1")).String() + `","text":"Hello world.","language":"en","segments":[{"start":0.5,"end":1.4,"text":"Hello world.","confidence":0.95}],"is_final":false}`},
	{"text only", func() Transcription {
		return new(Scribe).File("1", "de-DE", []stt.Segment{{Alternatives: []stt.Alternative{{Text: "Ja"}}}, {}, {Alternatives: []stt.Alternative{{Text: "<nein>"}}}})
	}, `{"id":"1","text":"Ja <nein>","language":"de","segments":[{"text":"Ja"},{"text":"<nein>"}]}`},
	{"words without times", func() Transcription {
		seg := hello()
		seg.Speaker, seg.Alternatives[0].Confidence = "", stt.Confidence{}
		seg.Alternatives[0].Words[1].Span = stt.Span{}
		return new(Scribe).File("1", "", []stt.Segment{*seg})
	}, `{"id":"1","text":"Hello world.","language":"en","segments":[{"start":0.5,"end":1.4,"text":"Hello world."}],` +
		`"words":[{"word":"Hello","start":0.5,"end":0.9,"confidence":0.97},{"word":"world","start":0.9,"end":0.9}]}`},
	{"nothing", func() Transcription { return new(Scribe).File("1", "", nil) }, `{"id":"1","text":""}`},
	{"whole seconds", func() Transcription {
		seg := hello()
		seg.Speaker, seg.Alternatives[0].Words, seg.Span = "", nil, stt.SpanOf(0, 2*time.Second)
		return new(Scribe).File("1", "", []stt.Segment{*seg})
	}, `{"id":"1","text":"Hello world.","language":"en","segments":[{"start":0.0,"end":2.0,"text":"Hello world.","confidence":0.95}]}`},
}

func TestFrames(t *testing.T) {
	for _, c := range frames {
		t.Run(c.name, func(t *testing.T) {
			got, err := AppendJSON(nil, c.make())
			if err != nil || string(got) != c.frame {
				t.Fatalf("got      %s, %v\nexpected %s", got, err, c.frame)
			}
			again, err := ParseTranscription(got)
			if err != nil || again.Text != c.make().Text {
				t.Errorf("read again: %+v, %v", again, err)
			}
		})
	}
}

func FuzzTranscription(f *testing.F) {
	for _, c := range frames {
		f.Add([]byte(c.frame))
	}
	f.Add([]byte(`{"id":"1","text":"x","words":[{"word":"x","start":-1e3,"end":1E-9}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		v, err := ParseTranscription(frame)
		if err != nil {
			if stt.CodeOf(err) != stt.Malformed {
				t.Fatal(err)
			}
			return
		}
		once, err := AppendJSON(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		w, err := ParseTranscription(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		twice, err := AppendJSON(nil, w)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
	})
}

// Speakers are numbered as they are heard, and stay who they are.
func TestSpeakers(t *testing.T) {
	var s Scribe
	seg := hello()
	seg.Alternatives[0].Words[1].Speaker = "other"
	for range 2 {
		u := s.Utterance(seg)
		if u.Segments[0].Speaker != "Speaker 0" || u.Words[0].Speaker != "Speaker 0" || u.Words[1].Speaker != "Speaker 1" {
			t.Errorf("%+v", u)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{nil, ""}, {[]string{"a", "b"}, "a b"}, {[]string{" a ", "", "b."}, "a b."}, {[]string{"你好。", "世界"}, "你好。世界"},
		{[]string{"สวัสดี", "โลก"}, "สวัสดีโลก"}, {[]string{"안녕", "하세요"}, "안녕 하세요"}, {[]string{"東京", "Tower"}, "東京Tower"},
	} {
		if got := Join(c.texts); got != c.want {
			t.Errorf("%q became %q, expected %q", c.texts, got, c.want)
		}
	}
}

func TestControls(t *testing.T) {
	for msg, want := range map[string]Control{`{"type":"Finalize"}`: Finalize, `{"type":"KeepAlive"}`: KeepAlive, ` {"type":"CloseStream","x":1}`: CloseStream, `{"type":"closestream"}`: CloseStream} {
		if c, err := ParseControl([]byte(msg)); err != nil || c != want {
			t.Errorf("%s is %v, %v", msg, c, err)
		}
	}
	for _, bad := range []string{"", "end", `{}`, `{"type":"Dance"}`, `"Finalize"`, `{"type":1}`} {
		if c, err := ParseControl([]byte(bad)); stt.CodeOf(err) != stt.Malformed {
			t.Errorf("%q is %v, %v", bad, c, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		want := map[bool]string{true: "application/json", false: "text/plain; charset=utf-8"}[f == "json" || f == "json_text" || f == "verbose_json"]
		if f.ContentType() != want || f.Detailed() != (f == "json" || f == "verbose_json") {
			t.Errorf("%s is %s", f, f.ContentType())
		}
	}
}

func TestModels(t *testing.T) {
	m := &stt.Model{ID: "sphinx", Title: "PocketSphinx"}
	can := &stt.Capabilities{Languages: []string{"en-US"}, Has: stt.FeatureWords | stt.FeaturePunctuation | stt.FeatureIdentify}
	one := ModelOf("local.sphinx", m, can, ModelLimits{Seconds: 60, Bytes: 1 << 20})
	if one.Provider != "local" || !*one.Punctuation || !*one.WordTimestamps || *one.Diarization || *one.MaxDuration != 60 || *one.MaxFileSize != 1<<20 ||
		!reflect.DeepEqual(one.Languages, []string{"en-US", "auto"}) {
		t.Errorf("%+v", one)
	}
	if n := reflect.TypeFor[Model]().NumField(); n != 29 {
		t.Errorf("%d fields, expected 29", n)
	}
	alias := ModelOf("deepgram.nova-2", m, can, ModelLimits{})
	if alias.Provider != "deepgram" || alias.DisplayName != "nova-2" || *alias.Description != "Answered on this server by local.sphinx." || alias.MaxDuration != nil {
		t.Errorf("%+v", alias)
	}
	for id, want := range map[string]bool{"deepgram.nova-2": true, "gemini.gemini-2.5-pro": true, "local.sphinx": false, "deepgram": false, "deepgram.": false, "xai.grok-stt": false} {
		if Known(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
