package transcribe_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

func TestOperations(t *testing.T) {
	want := map[string][2]string{
		"StartStreamTranscription":              {"/stream-transcription", "/stream-transcription-websocket"},
		"StartMedicalStreamTranscription":       {"/medical-stream-transcription", "/medical-stream-transcription-websocket"},
		"StartCallAnalyticsStreamTranscription": {"/call-analytics-stream-transcription", "/call-analytics-stream-transcription-websocket"},
		"StartMedicalScribeStream":              {"/medical-scribe-stream", "/medical-scribe-stream-websocket"},
	}
	got := map[string][2]string{}
	for _, op := range transcribe.Operations() {
		got[op.Name] = [2]string{op.HTTP2, op.WebSocket}
		for path, overHTTP2 := range map[string]bool{op.HTTP2: true, op.WebSocket: false} {
			if at, http2, ok := transcribe.OperationAt(path); at != op || http2 != overHTTP2 || !ok {
				t.Errorf("at %s: %+v, HTTP/2 %v, %v; want %+v", path, at, http2, ok, op)
			}
		}
		if op.Offered != (op.Name == "StartStreamTranscription" || op.Name == "StartMedicalStreamTranscription") ||
			op.Medical != (op.Name == "StartMedicalStreamTranscription") {
			t.Errorf("%+v", op)
		}
		if op.Offered && ordinaryOf(op).Operation() != op {
			t.Errorf("the parameters of %s are said to be of %s", op.Name, ordinaryOf(op).Operation().Name)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	for _, path := range []string{"", "/", "/stream-transcription/", "/Stream-Transcription", "/medical-scribe-stream/" + session.String()} {
		if op, _, ok := transcribe.OperationAt(path); ok {
			t.Errorf("at %q: %s", path, op.Name)
		}
	}
}

// What is not offered is refused by name, on either transport, whatever the parameters are.
func TestOperationsNotOffered(t *testing.T) {
	for _, op := range transcribe.Operations() {
		if op.Offered {
			continue
		}
		_, err := parseAs(t, op, query("sample-rate=bad"))
		x := transcribe.ExceptionOf(err)
		if want := "The operation " + op.Name + " is not offered by this server; StartStreamTranscription and StartMedicalStreamTranscription are."; x.Message != want ||
			x.Name != transcribe.BadRequest || stt.CodeOf(err) != stt.Unsupported {
			t.Errorf("%s: %+v\nwant %s", op.Name, x, want)
		}
	}
}

func TestMedicalParameters(t *testing.T) {
	op := transcribe.Operations()[1]
	for _, c := range []struct {
		changes []string
		want    func(p *transcribe.Params)
		config  func(c *stt.Config)
	}{
		{nil, func(p *transcribe.Params) {}, func(c *stt.Config) {}},
		{[]string{"specialty=UROLOGY", "type=DICTATION"}, func(p *transcribe.Params) { p.Specialty, p.Type = "UROLOGY", "DICTATION" },
			func(c *stt.Config) { c.Medical = &stt.Medical{Specialty: "UROLOGY", Type: "DICTATION"} }},
		{[]string{"content-identification-type=PHI"}, func(p *transcribe.Params) { p.ContentIdentificationType = "PHI" },
			func(c *stt.Config) { c.PII = stt.PII{Mode: stt.PIIIdentify, PHI: true} }},
		{[]string{"vocabulary-name=drugs"}, func(p *transcribe.Params) { p.VocabularyName = "drugs" },
			func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "drugs"}} }},
		{[]string{"show-speaker-label=True", "channel-identification=TRUE", "number-of-channels=2", "media-encoding=flac", "sample-rate=48000"},
			func(p *transcribe.Params) {
				p.ShowSpeakerLabel, p.EnableChannelIdentification, p.NumberOfChannels, p.MediaEncoding, p.SampleRate = true, true, 2, "flac", 48000
			}, func(c *stt.Config) {
				c.Speakers.On, c.Channels, c.Audio = true, stt.ChannelsSeparate, stt.Format{Encoding: stt.FLAC, Rate: 48000, Channels: 2}
			}},
		// What the standard operation has, this one does not know, and passes over.
		{[]string{"identify-language=maybe", "vocabulary-filter-name=f", "transcript-format=spoken", "session-resume-window=9"}, func(p *transcribe.Params) {}, func(c *stt.Config) {}},
	} {
		want := *ordinaryOf(op)
		c.want(&want)
		got, err := parseAs(t, op, medical(c.changes...))
		if err != nil || got != want {
			t.Errorf("%v: %+v, %v\nwant %+v", c.changes, got, err, want)
			continue
		}
		config := stt.Config{Audio: mono(16000), Languages: stt.Languages{Tags: []string{"en-US"}}, Medical: &stt.Medical{Specialty: "PRIMARYCARE", Type: "CONVERSATION"}}
		c.config(&config)
		if got, err := got.Config(); err != nil || !sameConfig(got, config) {
			t.Errorf("%v: %+v, %v\nwant %+v", c.changes, got, err, config)
		}
	}
}

func TestMedicalParametersRefused(t *testing.T) {
	const enum, null = "Member must satisfy enum value set: ", "Member must not be null"
	specialties := enum + "[PRIMARYCARE, CARDIOLOGY, NEUROLOGY, ONCOLOGY, RADIOLOGY, UROLOGY]"
	for _, c := range []struct {
		changes, faults []string
	}{
		{[]string{"specialty"}, []string{"", "specialty", null}},
		{[]string{"type"}, []string{"", "type", null}},
		{[]string{"language-code", "sample-rate", "media-encoding", "specialty", "type"}, []string{"", "languageCode", null,
			"", "mediaSampleRateHertz", null, "", "mediaEncoding", null, "", "specialty", null, "", "type", null}},
		{[]string{"specialty=DENTISTRY"}, []string{"DENTISTRY", "specialty", specialties}},
		{[]string{"specialty=cardiology"}, []string{"cardiology", "specialty", specialties}},
		{[]string{"type=SONG"}, []string{"SONG", "type", enum + "[CONVERSATION, DICTATION]"}},
		{[]string{"language-code=en-GB"}, []string{"en-GB", "languageCode", enum + "[en-US]"}},
		{[]string{"sample-rate=8000"}, []string{"8000", "mediaSampleRateHertz", "Member must have value greater than or equal to 16000"}},
		{[]string{"sample-rate=48001"}, []string{"48001", "mediaSampleRateHertz", "Member must have value less than or equal to 48000"}},
		{[]string{"content-identification-type=PII"}, []string{"PII", "contentIdentificationType", enum + "[PHI]"}},
		{[]string{"number-of-channels=2"}, []string{"2", "numberOfChannels", "Member must be null unless enable-channel-identification"}},
		{[]string{"enable-channel-identification=true"}, []string{"", "numberOfChannels", null}},
	} {
		q := medical(c.changes...)
		_, err := parseAs(t, transcribe.Operations()[1], q)
		wantFaults(t, q, err, c.faults)
	}
}

// A response repeats what was given, and every boolean; here in the words of recorded traffic.
func TestEcho(t *testing.T) {
	for name, c := range map[string]struct {
		params transcribe.Params
		want   map[string]string
	}{
		"as recorded": {transcribe.Params{LanguageCode: "en-GB", MediaEncoding: "pcm", SampleRate: 8000, SessionID: "207abc31-4dc9-4e00-a586-d77f2e5c4c40"}, map[string]string{
			"enable-channel-identification": "false", "enable-partial-results-stabilization": "false", "language-code": "en-GB", "media-encoding": "pcm",
			"sample-rate": "8000", "session-id": "207abc31-4dc9-4e00-a586-d77f2e5c4c40", "show-speaker-label": "false",
			"identify-language": "false", "identify-multiple-languages": "false"}}, // newer than the recording
		"identification": {transcribe.Params{IdentifyLanguage: true, LanguageOptions: "en-US,es-US", PreferredLanguage: "es-US", MediaEncoding: "flac", SampleRate: 16000}, map[string]string{
			"enable-channel-identification": "false", "enable-partial-results-stabilization": "false", "identify-language": "true", "identify-multiple-languages": "false",
			"language-options": "en-US,es-US", "media-encoding": "flac", "preferred-language": "es-US", "sample-rate": "16000", "show-speaker-label": "false"}},
		"medical": {transcribe.Params{Medical: true, LanguageCode: "en-US", MediaEncoding: "pcm", SampleRate: 16000, Specialty: "UROLOGY", Type: "DICTATION",
			EnableChannelIdentification: true, NumberOfChannels: 2}, map[string]string{
			"enable-channel-identification": "true", "language-code": "en-US", "media-encoding": "pcm", "number-of-channels": "2", "sample-rate": "16000",
			"show-speaker-label": "false", "specialty": "UROLOGY", "type": "DICTATION"}},
	} {
		got := http.Header{"Date": {"stays"}}
		c.params.Echo(got)
		if len(got) != len(c.want)+1 || got.Get("Date") != "stays" {
			t.Errorf("%s: %d headers, want %d: %v", name, len(got), len(c.want)+1, got)
		}
		for header, value := range c.want {
			if v := got.Values("x-amzn-transcribe-" + header); len(v) != 1 || v[0] != value {
				t.Errorf("%s: %s is %q, want %q", name, header, v, value)
			}
		}
	}
}

func TestResumeWindow(t *testing.T) {
	p, err := parse(t, query("session-resume-window=300"))
	if err != nil || p.ResumeWindow() != 5*time.Hour {
		t.Errorf("%v, %v", p.ResumeWindow(), err)
	}
	if cfg, err := p.Config(); err != nil || cfg.Session != "" {
		t.Errorf("%+v, %v", cfg, err)
	}
	if ordinary.ResumeWindow() != 0 {
		t.Errorf("nobody asked for %v", ordinary.ResumeWindow())
	}
	wantCode(t, transcribe.NotOffered("session-resume-window", ""), stt.Unsupported, "The parameter session-resume-window asks for something that this server does not offer. Leave it out.")
	wantCode(t, transcribe.NotOffered("a", strings.Repeat("b", 100)), stt.Unsupported, "offer: "+strings.Repeat("b", 64)+"...")
}
