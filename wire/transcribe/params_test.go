package transcribe_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// query is the ordinary request with more parameters, or others: "name=value" sets, "name" takes away.
func query(changes ...string) url.Values {
	q := url.Values{"language-code": {"en-US"}, "media-encoding": {"pcm"}, "sample-rate": {"16000"}}
	for _, c := range changes {
		name, value, ok := strings.Cut(c, "=")
		if !ok {
			q.Del(name)
			continue
		}
		q[name] = append(q[name][:0:0], value)
	}
	return q
}

// medical is the ordinary request to the medical operation, with more parameters or others.
func medical(changes ...string) url.Values {
	return query(append([]string{"specialty=PRIMARYCARE", "type=CONVERSATION"}, changes...)...)
}

// parse reads the parameters of a standard request.
func parse(t testing.TB, query url.Values) (transcribe.Params, error) {
	t.Helper()
	return parseAs(t, transcribe.Operations()[0], query)
}

// parseAs reads the parameters from a query, and again from headers that say the same, and wants the same of both.
func parseAs(t testing.TB, op transcribe.Operation, query url.Values) (transcribe.Params, error) {
	t.Helper()
	h := http.Header{}
	for name, values := range query {
		if strings.ToLower(name) != name {
			continue // headers do not tell Language-Code from language-code
		}
		for _, v := range values {
			h.Add("x-amzn-transcribe-"+name, v)
		}
	}
	p, err := transcribe.ParseQuery(op, query)
	q, failed := transcribe.ParseHeader(op, h)
	if p != q || fmt.Sprint(err) != fmt.Sprint(failed) {
		t.Fatalf("%v\nin a query: %+v, %v\nin headers: %+v, %v", query, p, err, q, failed)
	}
	return p, err
}

// ordinary is what query() means.
var ordinary = transcribe.Params{LanguageCode: "en-US", SampleRate: 16000, MediaEncoding: "pcm"}

func TestParameters(t *testing.T) {
	const id = "B4526fcf-5eee-4361-8192-d1cb9e9d6887"
	identify := []string{"language-code", "identify-language=true", "language-options=en-US,es-US"}
	for _, c := range []struct {
		changes []string
		want    func(p *transcribe.Params)
	}{
		{nil, func(p *transcribe.Params) {}},
		{[]string{"language-code=eo-EO"}, func(p *transcribe.Params) { p.LanguageCode = "eo-EO" }}, // not Amazon's: a model of the operator's may have it
		{[]string{"language-code=ckb-IQ"}, func(p *transcribe.Params) { p.LanguageCode = "ckb-IQ" }},
		{[]string{"sample-rate=8000"}, func(p *transcribe.Params) { p.SampleRate = 8000 }},
		{[]string{"sample-rate=48000"}, func(p *transcribe.Params) { p.SampleRate = 48000 }},
		{[]string{"media-encoding=ogg-opus"}, func(p *transcribe.Params) { p.MediaEncoding = "ogg-opus" }},
		{[]string{"media-encoding=g729"}, func(p *transcribe.Params) { p.MediaEncoding = "g729" }},
		{[]string{"session-id=" + id}, func(p *transcribe.Params) { p.SessionID = id }},
		{[]string{"vocabulary-name=my.words_1-a"}, func(p *transcribe.Params) { p.VocabularyName = "my.words_1-a" }},
		{append(identify, "vocabulary-names=a,b"), func(p *transcribe.Params) {
			p.LanguageCode, p.IdentifyLanguage, p.LanguageOptions, p.VocabularyNames = "", true, "en-US,es-US", "a,b"
		}},
		{[]string{"vocabulary-filter-name=bad", "vocabulary-filter-method=tag"}, func(p *transcribe.Params) {
			p.VocabularyFilterName, p.VocabularyFilterMethod = "bad", "tag"
		}},
		{append(identify, "vocabulary-filter-names=a, b"), func(p *transcribe.Params) {
			p.LanguageCode, p.IdentifyLanguage, p.LanguageOptions, p.VocabularyFilterNames = "", true, "en-US,es-US", "a, b"
		}},
		{[]string{"show-speaker-label=true"}, func(p *transcribe.Params) { p.ShowSpeakerLabel = true }},
		{[]string{"enable-channel-identification=true", "number-of-channels=2"}, func(p *transcribe.Params) {
			p.EnableChannelIdentification, p.NumberOfChannels = true, 2
		}},
		{[]string{"enable-partial-results-stabilization=true", "partial-results-stability=low"}, func(p *transcribe.Params) {
			p.EnablePartialResultsStabilization, p.PartialResultsStability = true, "low"
		}},
		{[]string{"content-identification-type=PII", "pii-entity-types=NAME, ADDRESS"}, func(p *transcribe.Params) {
			p.ContentIdentificationType, p.PIIEntityTypes = "PII", "NAME, ADDRESS"
		}},
		{[]string{"content-redaction-type=PII"}, func(p *transcribe.Params) { p.ContentRedactionType = "PII" }},
		{[]string{"language-model-name=mine"}, func(p *transcribe.Params) { p.LanguageModelName = "mine" }},
		{append(identify, "preferred-language=es-US"), func(p *transcribe.Params) {
			p.LanguageCode, p.IdentifyLanguage, p.LanguageOptions, p.PreferredLanguage = "", true, "en-US,es-US", "es-US"
		}},
		{[]string{"language-code", "identify-multiple-languages=true", "language-options=en-US,de-DE"}, func(p *transcribe.Params) {
			p.LanguageCode, p.IdentifyMultipleLanguages, p.LanguageOptions = "", true, "en-US,de-DE"
		}},
		{[]string{"session-resume-window=300"}, func(p *transcribe.Params) { p.SessionResumeWindow = 300 }},
		{[]string{"transcript-format=spoken"}, func(p *transcribe.Params) { p.TranscriptFormat = "spoken" }},

		// Lenient on purpose.
		{[]string{"show-speaker-label=TRUE"}, func(p *transcribe.Params) { p.ShowSpeakerLabel = true }},
		{[]string{"show-speaker-label=True"}, func(p *transcribe.Params) { p.ShowSpeakerLabel = true }},
		{[]string{"show-speaker-label=False"}, func(p *transcribe.Params) {}},
		{[]string{"identify-language=false", "identify-multiple-languages=FALSE"}, func(p *transcribe.Params) {}},
		{[]string{"session-id=", "vocabulary-name=", "show-speaker-label=", "number-of-channels="}, func(p *transcribe.Params) {}},
		{[]string{"language-code= en-US\t"}, func(p *transcribe.Params) {}},
		{[]string{"number-of-channels=1", "enable-channel-identification=true"}, func(p *transcribe.Params) {
			p.EnableChannelIdentification, p.NumberOfChannels = true, 1
		}},
		{[]string{"partial-results-stability=low"}, func(p *transcribe.Params) { p.PartialResultsStability = "low" }},
		{[]string{"vocabulary-filter-method=mask"}, func(p *transcribe.Params) { p.VocabularyFilterMethod = "mask" }},
		{[]string{"show-speaker-label=true", "enable-channel-identification=true", "number-of-channels=2"}, func(p *transcribe.Params) {
			p.ShowSpeakerLabel, p.EnableChannelIdentification, p.NumberOfChannels = true, true, 2
		}},
		{[]string{"specialty=DENTISTRY", "type=SONG"}, func(p *transcribe.Params) {}}, // the medical operation's
		{[]string{"number-of-channels=1"}, func(p *transcribe.Params) { p.NumberOfChannels = 1 }},
		{[]string{"channel-identification=TRUE", "number-of-channels=2"}, func(p *transcribe.Params) {
			p.EnableChannelIdentification, p.NumberOfChannels = true, 2
		}},
		{[]string{"enable-channel-identification=false", "channel-identification=true"}, func(p *transcribe.Params) {}},
		{[]string{"X-Amz-Signature=x", "x-amz-user-agent=y", "future-parameter=z", "Language-Code=xx"}, func(p *transcribe.Params) {}},
	} {
		want := ordinary
		c.want(&want)
		got, err := parse(t, query(c.changes...))
		if err != nil || got != want {
			t.Errorf("%v: %+v, %v\nwant %+v", c.changes, got, err, want)
			continue
		}
		if again, err := parse(t, got.Query()); err != nil || again != got {
			t.Errorf("%v: written and read again %+v, %v", c.changes, again, err)
		}
	}
}

func TestParametersRefused(t *testing.T) {
	one := func(value, member, constraint string) string {
		return fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
	}
	const enum = "Member must satisfy enum value set: "
	codes := enum + "[" + strings.Join(transcribe.Languages(), ", ") + "]"
	for _, c := range []struct {
		change, text string
	}{
		{"language-code=xx", one("xx", "languageCode", codes)},
		{"language-code=en-us", one("en-us", "languageCode", codes)},
		{"language-code=english", one("english", "languageCode", codes)},
		{"sample-rate=7999", one("7999", "mediaSampleRateHertz", "Member must have value greater than or equal to 8000")},
		{"sample-rate=48001", one("48001", "mediaSampleRateHertz", "Member must have value less than or equal to 48000")},
		{"sample-rate=16k", one("16k", "mediaSampleRateHertz", "Member must be a whole number")},
		{"sample-rate=99999999999999999999", one("99999999999999999999", "mediaSampleRateHertz", "Member must be a whole number")},
		{"media-encoding=PCM", one("PCM", "mediaEncoding", enum+"[pcm, ogg-opus, flac, g711-alaw, g711-ulaw]")},
		{"session-id=no", one("no", "sessionId", "Member must satisfy regular expression pattern: [a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}")},
		{"vocabulary-name=a b", one("a b", "vocabularyName", "Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}")},
		{"vocabulary-names=" + strings.Repeat("x", 3001), one(strings.Repeat("x", 64)+"...", "vocabularyNames", "Member must have length between 1 and 3000, inclusive")},
		{"vocabulary-filter-name=ä", one("ä", "vocabularyFilterName", "Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}")},
		{"vocabulary-filter-names=" + strings.Repeat("x", 3001), one(strings.Repeat("x", 64)+"...", "vocabularyFilterNames", "Member must have length between 1 and 3000, inclusive")},
		{"vocabulary-filter-method=hide", one("hide", "vocabularyFilterMethod", enum+"[mask, remove, tag]")},
		{"show-speaker-label=yes", one("yes", "showSpeakerLabel", "Member must be true or false")},
		{"enable-channel-identification=1", one("1", "enableChannelIdentification", "Member must be true or false")},
		{"number-of-channels=3", one("3", "numberOfChannels", "Member must have value less than or equal to 2")},
		{"number-of-channels=0", one("0", "numberOfChannels", "Member must have value greater than or equal to 1")},
		{"enable-partial-results-stabilization=on", one("on", "enablePartialResultsStabilization", "Member must be true or false")},
		{"partial-results-stability=HIGH", one("HIGH", "partialResultsStability", enum+"[high, medium, low]")},
		{"content-identification-type=PHI", one("PHI", "contentIdentificationType", enum+"[PII]")},
		{"content-redaction-type=pii", one("pii", "contentRedactionType", enum+"[PII]")},
		{"pii-entity-types=name", one("name", "piiEntityTypes", "Member must satisfy regular expression pattern: [A-Z_, ]{1,300}")},
		{"language-model-name=a/b", one("a/b", "languageModelName", "Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}")},
		{"identify-language=maybe", one("maybe", "identifyLanguage", "Member must be true or false")},
		{"identify-multiple-languages=maybe", one("maybe", "identifyMultipleLanguages", "Member must be true or false")},
		{"language-options=en_US", one("en_US", "languageOptions", "Member must satisfy regular expression pattern: [a-zA-Z,-]{1,200}")},
		{"language-options=en-US,xx", one("en-US,xx", "languageOptions", codes)},
		{"preferred-language=xx", one("xx", "preferredLanguage", codes)},
		{"vocabulary-names=,", one(",", "vocabularyNames", "Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}")},
		{"vocabulary-names=a,\nb", one("a,\nb", "vocabularyNames", "Member must satisfy regular expression pattern: [0-9a-zA-Z._, -]+")},
		{"vocabulary-filter-names=a,b c", one("a,b c", "vocabularyFilterNames", "Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}")},
		{"session-resume-window=0", one("0", "sessionResumeWindow", "Member must have value greater than or equal to 1")},
		{"session-resume-window=301", one("301", "sessionResumeWindow", "Member must have value less than or equal to 300")},
		{"transcript-format=Spoken", one("Spoken", "transcriptFormat", enum+"[written, spoken]")},
	} {
		_, err := parse(t, query(c.change))
		if err == nil {
			t.Errorf("%.60s is taken", c.change)
			continue
		}
		x := transcribe.ExceptionOf(err)
		if e := asError(t, err); e.Code != stt.Invalid || x.Name != transcribe.BadRequest || x.Status != 400 || x.Message != c.text {
			t.Errorf("%.60s: %v %+v\nwant the text %s", c.change, e.Code, x, c.text)
		}
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	_, err := parse(t, query("sample-rate=1", "media-encoding=mp3", "show-speaker-label=x"))
	want := "3 validation errors detected: Value '1' at 'mediaSampleRateHertz' failed to satisfy constraint: Member must have value greater than or equal to 8000; " +
		"Value 'mp3' at 'mediaEncoding' failed to satisfy constraint: Member must satisfy enum value set: [pcm, ogg-opus, flac, g711-alaw, g711-ulaw]; " +
		"Value 'x' at 'showSpeakerLabel' failed to satisfy constraint: Member must be true or false"
	if err == nil || asError(t, err).Msg != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	// What came is repeated as valid text, whatever it was.
	_, err = parse(t, query("media-encoding=\xff\xfe"+strings.Repeat("é", 40)))
	if msg := asError(t, err).Msg; !strings.Contains(msg, "...' at 'mediaEncoding'") || strings.ToValidUTF8(msg, "") != msg {
		t.Errorf("%q", msg)
	}
}

// Whatever parameters can be written can be read, on either transport.
func TestParametersRoundTrip(t *testing.T) {
	r := randomSeed(t)
	for range 500 {
		want := randomParams(r)
		got, err := parseAs(t, want.Operation(), want.Query())
		if err != nil || got != want {
			t.Fatalf("%+v\nis written %v\nand read %+v, %v", want, want.Query().Encode(), got, err)
		}
		h := http.Header{"X-Amz-Date": {"other headers stay"}}
		want.Header(h)
		if got, err := transcribe.ParseHeader(want.Operation(), h); err != nil || got != want || len(h) != len(want.Query())+1 {
			t.Fatalf("%+v\nis written %v\nand read %+v, %v", want, h, got, err)
		}
	}
}

// randomParams fills every field of Params with one of its values or leaves it out, and mends what cannot go together. A field
// that is added without values here fails.
func randomParams(r *rand.Rand) transcribe.Params {
	values := map[string][]string{"LanguageCode": {"en-US", "de-DE"}, "MediaEncoding": {"pcm", "flac", "g711-alaw"},
		"SessionID": {session.String()}, "VocabularyName": {"a", "b.c"}, "VocabularyNames": {"a,b"}, "VocabularyFilterName": {"a"},
		"VocabularyFilterNames": {"a, b"}, "VocabularyFilterMethod": {"mask", "remove", "tag"}, "PartialResultsStability": {"high", "low"},
		"ContentIdentificationType": {"PII"}, "ContentRedactionType": {"PII"}, "PIIEntityTypes": {"ALL", "NAME,SSN"}, "LanguageModelName": {"m"},
		"LanguageOptions": {"en-US,de-DE", "fr-FR,en-US,de-DE"}, "PreferredLanguage": {"en-US", "de-DE"}, "TranscriptFormat": {"written", "spoken"},
		"Specialty": {"CARDIOLOGY"}, "Type": {"DICTATION"}}
	var p transcribe.Params
	v := reflect.ValueOf(&p).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			all := values[v.Type().Field(i).Name]
			if pick := all[r.IntN(len(all)):]; r.IntN(2) == 0 {
				f.SetString(pick[0])
			}
		case reflect.Bool:
			f.SetBool(r.IntN(2) == 0)
		case reflect.Int:
			f.SetInt(int64(r.IntN(3)))
		}
	}
	p.SampleRate = 8000 + r.IntN(40001)
	if p.MediaEncoding == "" {
		p.MediaEncoding = "pcm"
	}
	mode := r.IntN(3)
	p.IdentifyLanguage, p.IdentifyMultipleLanguages = mode == 1, mode == 2
	switch mode {
	case 0:
		p.LanguageCode, p.LanguageOptions, p.PreferredLanguage = "en-US", "", ""
		p.VocabularyNames, p.VocabularyFilterNames = "", ""
	default:
		p.LanguageCode, p.LanguageOptions = "", "en-US,de-DE"
		p.VocabularyName, p.VocabularyFilterName, p.ContentRedactionType, p.LanguageModelName = "", "", "", ""
		if p.MediaEncoding != "pcm" {
			p.MediaEncoding = "flac"
		}
		if !p.IdentifyLanguage {
			p.PreferredLanguage = ""
		}
	}
	p.NumberOfChannels = 0
	if p.EnableChannelIdentification {
		p.NumberOfChannels = 2
	}
	if p.Medical {
		return transcribe.Params{Medical: true, LanguageCode: "en-US", SampleRate: 16000 + r.IntN(32001), MediaEncoding: p.MediaEncoding, SessionID: p.SessionID,
			VocabularyName: p.VocabularyName, ShowSpeakerLabel: p.ShowSpeakerLabel, EnableChannelIdentification: p.EnableChannelIdentification,
			NumberOfChannels: p.NumberOfChannels, Specialty: "CARDIOLOGY", Type: "DICTATION"}
	}
	p.Specialty, p.Type = "", ""
	if p.ContentRedactionType != "" {
		p.ContentIdentificationType = ""
	} else if p.ContentIdentificationType == "" {
		p.PIIEntityTypes = ""
	}
	return p
}
