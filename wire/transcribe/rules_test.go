package transcribe_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// TestRules breaks every rule about parameters that depend on each other. What is wrong is told in the form of Amazon's
// validation errors: "value@member", and how the constraint begins.
func TestRules(t *testing.T) {
	const (
		null    = "Member must not be null"
		several = "Member must be null where identify-language or identify-multiple-languages is true"
		fixed   = "Member must be null unless identify-language or identify-multiple-languages is true"
		enum    = "Member must satisfy enum value set: "
		two     = "Member must list two language codes or more"
	)
	identify := func(more ...string) url.Values {
		return query(append([]string{"language-code", "identify-language=true", "language-options=en-US,es-US"}, more...)...)
	}
	many := func(more ...string) url.Values {
		return query(append([]string{"language-code", "identify-multiple-languages=TRUE", "language-options=en-US,es-US"}, more...)...)
	}
	for _, c := range []struct {
		query  url.Values
		faults []string // value, member, constraint; and so on
	}{
		{query("sample-rate"), []string{"", "mediaSampleRateHertz", null}},
		{query("media-encoding="), []string{"", "mediaEncoding", null}},
		{query("media-encoding= ", "sample-rate"), []string{"", "mediaSampleRateHertz", null, "", "mediaEncoding", null}},
		{query("language-code"), []string{"", "languageCode", null + " unless identify-language or"}},
		{query("language-code", "identify-language=false"), []string{"", "languageCode", null}},
		{identify("language-code=en-US"), []string{"en-US", "languageCode", several}},
		{many("language-code=en-US"), []string{"en-US", "languageCode", several}},
		{identify("identify-multiple-languages=true"), []string{"true", "identifyMultipleLanguages", "Member must be false where identify-language is true"}},
		{identify("language-options"), []string{"", "languageOptions", two}},
		{many("language-options=en-US,"), []string{"en-US,", "languageOptions", two}},
		{identify("language-options=en-US,en-GB"), []string{"en-US,en-GB", "languageOptions", "Member must list one dialect"}},
		{many("language-options=de-DE,en-US,de-CH"), []string{"de-DE,en-US,de-CH", "languageOptions", "Member must list one dialect"}},
		{identify("preferred-language=de-DE"), []string{"de-DE", "preferredLanguage", enum + "[en-US, es-US]"}},
		{many("preferred-language=en-US"), []string{"en-US", "preferredLanguage", "Member must be null unless identify-language is true"}},
		{query("language-options=en-US,es-US"), []string{"en-US,es-US", "languageOptions", fixed}},
		{query("preferred-language=en-US"), []string{"en-US", "preferredLanguage", "Member must be null unless identify-language is true"}},
		{identify("media-encoding=ogg-opus"), []string{"ogg-opus", "mediaEncoding", enum + "[pcm, flac]"}},
		{many("media-encoding=g711-ulaw"), []string{"g711-ulaw", "mediaEncoding", enum + "[pcm, flac]"}},
		{identify("language-model-name=m"), []string{"m", "languageModelName", several}},
		{identify("content-redaction-type=PII"), []string{"PII", "contentRedactionType", several}},
		{identify("vocabulary-name=v"), []string{"v", "vocabularyName", several + "; use vocabulary-names"}},
		{many("vocabulary-filter-name=f"), []string{"f", "vocabularyFilterName", several + "; use vocabulary-filter-names"}},
		{query("vocabulary-names=v"), []string{"v", "vocabularyNames", fixed + "; use vocabulary-name"}},
		{query("vocabulary-filter-names=f,g"), []string{"f,g", "vocabularyFilterNames", fixed + "; use vocabulary-filter-name"}},
		{query("content-identification-type=PII", "content-redaction-type=PII"), []string{"PII", "contentRedactionType", "Member must be null where content-identification-type"}},
		{query("pii-entity-types=NAME"), []string{"NAME", "piiEntityTypes", "Member must be null unless content-"}},
		{query("number-of-channels=2"), []string{"2", "numberOfChannels", "Member must be null unless enable-channel-identification"}},
		{query("number-of-channels=2", "enable-channel-identification=False"), []string{"2", "numberOfChannels", "Member must be null unless"}},
		{query("enable-channel-identification=true"), []string{"", "numberOfChannels", null + " where enable-channel-identification"}},
		{query("channel-identification=true"), []string{"", "numberOfChannels", null + " where enable-channel-identification"}},
		// Several at once, in the order of the rules.
		{query("number-of-channels=2", "pii-entity-types=NAME", "vocabulary-name=a", "vocabulary-names=b"), []string{"b", "vocabularyNames", fixed,
			"NAME", "piiEntityTypes", "Member must be null unless", "2", "numberOfChannels", "Member must be null unless"}},
	} {
		_, err := parse(t, c.query)
		wantFaults(t, c.query, err, c.faults)
	}
}

// wantFaults wants a validation error with these faults and no others: value, member, beginning of the constraint.
func wantFaults(t *testing.T, query url.Values, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Errorf("%v is taken", query)
		return
	}
	x := transcribe.ExceptionOf(err)
	head, rest, _ := strings.Cut(x.Message, " detected: ")
	if plural := map[bool]string{true: "1 validation error", false: string('0'+rune(len(want)/3)) + " validation errors"}[len(want) == 3]; stt.CodeOf(err) != stt.Invalid || x.Name != transcribe.BadRequest || head != plural {
		t.Errorf("%v: %+v, want %s", query, x, plural)
		return
	}
	for i, fault := range strings.Split(rest, "; Value ") {
		value := "'" + want[3*i] + "'"
		if want[3*i] == "" {
			value = "null"
		}
		if text := value + " at '" + want[3*i+1] + "' failed to satisfy constraint: " + want[3*i+2]; !strings.HasPrefix(strings.TrimPrefix(fault, "Value "), text) {
			t.Errorf("%v: %s\nwant %s", query, fault, text)
		}
	}
}

// A wrong value is told alone: what it would have meant for the others is not known.
func TestRulesWaitForValues(t *testing.T) {
	_, err := parse(t, query("sample-rate=1", "number-of-channels=2"))
	wantFaults(t, nil, err, []string{"1", "mediaSampleRateHertz", "Member must have value greater than or equal to 8000"})
	_, err = parse(t, query("sample-rate", "language-code=xx"))
	wantFaults(t, nil, err, []string{"xx", "languageCode", "Member must satisfy enum value set", "", "mediaSampleRateHertz", "Member must not be null"})
}

func TestParametersGivenTwice(t *testing.T) {
	for _, name := range []string{"language-code", "number-of-channels", "channel-identification"} {
		twice := query("number-of-channels=2", "channel-identification=true")
		twice[name] = append(twice[name], twice[name]...)
		_, err := parse(t, twice)
		wantCode(t, err, stt.Invalid, "is given 2 times; give it once.")
	}
}

// The developer guide's samples spell the header of channel identification so.
func TestChannelIdentificationIsSpeltInThreeWays(t *testing.T) {
	for _, name := range []string{"x-amzn-channel-identification", "x-amzn-transcribe-channel-identification", "x-amzn-transcribe-enable-channel-identification"} {
		for _, op := range transcribe.Operations()[:2] {
			h := http.Header{}
			ordinaryOf(op).Header(h)
			h.Set("x-amzn-transcribe-number-of-channels", "2")
			h.Set(name, "TRUE")
			if p, err := transcribe.ParseHeader(op, h); err != nil || !p.EnableChannelIdentification || p.NumberOfChannels != 2 {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	}
}

// ordinaryOf is a request of the kind that the operation takes.
func ordinaryOf(op transcribe.Operation) *transcribe.Params {
	p := ordinary
	if op.Medical {
		p.Medical, p.Specialty, p.Type = true, "PRIMARYCARE", "CONVERSATION"
	}
	return &p
}

func TestLanguages(t *testing.T) {
	all := transcribe.Languages()
	sorted := slices.Compact(slices.Sorted(slices.Values(all)))
	if len(all) != 99 || len(sorted) != 99 {
		t.Fatalf("%d languages, %d different ones; the API model has 99", len(all), len(sorted))
	}
	for _, code := range all {
		if p, err := parse(t, query("language-code="+code)); err != nil || p.LanguageCode != code {
			t.Errorf("%s: %+v, %v", code, p, err)
		}
	}
}
