package transcribe_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

func mono(rate int) stt.Format { return stt.Format{Rate: rate, Channels: 1} }

// identifying is what a request for language identification changes, and more; identified is what it asks for.
func identifying(more ...string) []string {
	return append([]string{"language-code", "identify-language=true", "language-options=en-US,de-DE"}, more...)
}

var identified = stt.Languages{Mode: stt.LanguageIdentify, Tags: []string{"en-US", "de-DE"}}

func sameConfig(a, b stt.Config) bool { return reflect.DeepEqual(a, b) }

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		changes []string
		want    func(c *stt.Config)
	}{
		{nil, func(c *stt.Config) {}},
		{[]string{"media-encoding=flac", "sample-rate=44100"}, func(c *stt.Config) { c.Audio = stt.Format{Encoding: stt.FLAC, Rate: 44100, Channels: 1} }},
		{[]string{"media-encoding=ogg-opus"}, func(c *stt.Config) { c.Audio.Encoding = stt.OggOpus }},
		{[]string{"media-encoding=g711-alaw", "sample-rate=8000"}, func(c *stt.Config) { c.Audio = stt.Format{Encoding: stt.ALaw, Rate: 8000, Channels: 1} }},
		{[]string{"media-encoding=g711-ulaw"}, func(c *stt.Config) { c.Audio.Encoding = stt.MuLaw }},
		{[]string{"session-id=" + session.String()}, func(c *stt.Config) { c.Session = session.String() }},
		{[]string{"number-of-channels=1"}, func(c *stt.Config) {}},
		{[]string{"enable-channel-identification=true", "number-of-channels=2"}, func(c *stt.Config) { c.Audio.Channels, c.Channels = 2, stt.ChannelsSeparate }},
		{[]string{"show-speaker-label=true"}, func(c *stt.Config) { c.Speakers.On = true }},
		{[]string{"enable-partial-results-stabilization=true"}, func(c *stt.Config) { c.Interim.Stability = stt.StabilityHigh }},
		{[]string{"enable-partial-results-stabilization=true", "partial-results-stability=medium"}, func(c *stt.Config) { c.Interim.Stability = stt.StabilityMedium }},
		{[]string{"partial-results-stability=medium"}, func(c *stt.Config) {}},
		{[]string{"vocabulary-name=v"}, func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "v"}} }},
		{identifying("vocabulary-names=v, w,,"), func(c *stt.Config) {
			c.Languages, c.Vocabs = identified, []stt.NamedRef{{Name: "v"}, {Name: "w"}}
		}},
		{[]string{"vocabulary-filter-name=f"}, func(c *stt.Config) { c.Filters = []stt.Filter{{Name: "f", Method: stt.FilterMask}} }},
		{identifying("vocabulary-filter-names=f,g", "vocabulary-filter-method=remove"), func(c *stt.Config) {
			c.Languages = identified
			c.Filters = []stt.Filter{{Name: "f", Method: stt.FilterRemove}, {Name: "g", Method: stt.FilterRemove}}
		}},
		{[]string{"vocabulary-filter-method=remove"}, func(c *stt.Config) {}},
		{[]string{"content-identification-type=PII"}, func(c *stt.Config) { c.PII.Mode = stt.PIIIdentify }},
		{[]string{"content-redaction-type=PII", "pii-entity-types=NAME, SSN"}, func(c *stt.Config) { c.PII = stt.PII{Mode: stt.PIIRedact, Types: []string{"NAME", "SSN"}} }},
		{[]string{"content-redaction-type=PII", "pii-entity-types=ALL"}, func(c *stt.Config) { c.PII.Mode = stt.PIIRedact }},
		{[]string{"language-code", "identify-language=true", "language-options=en-US, de-DE"}, nil}, // a space is not in the pattern
		{[]string{"language-code", "identify-language=true", "language-options=en-US,de-DE", "preferred-language=de-DE"}, func(c *stt.Config) {
			c.Languages = stt.Languages{Mode: stt.LanguageIdentify, Tags: []string{"en-US", "de-DE"}, Preferred: "de-DE"}
		}},
		{[]string{"language-code", "identify-multiple-languages=true", "language-options=en-US,de-DE"}, func(c *stt.Config) {
			c.Languages = stt.Languages{Mode: stt.LanguageIdentifyMany, Tags: []string{"en-US", "de-DE"}}
		}},
		{[]string{"transcript-format=spoken"}, func(c *stt.Config) { c.Text.Spoken = true }},
		{[]string{"transcript-format=written"}, func(c *stt.Config) {}},
	} {
		p, err := parse(t, query(c.changes...))
		if c.want == nil {
			if err == nil {
				t.Errorf("%v is taken", c.changes)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.changes, err)
			continue
		}
		want := stt.Config{Audio: mono(16000), Languages: stt.Languages{Tags: []string{"en-US"}}}
		c.want(&want)
		if got, err := p.Config(); err != nil || !sameConfig(got, want) {
			t.Errorf("%v: %+v, %v\nwant %+v", c.changes, got, err, want)
		}
	}
}

// What nobody here has words for is refused in the client's own.
func TestConfigRefuses(t *testing.T) {
	for change, text := range map[string]string{
		"media-encoding=g729":      "The parameter media-encoding is g729, which this server does not offer. Use one of pcm, ogg-opus, flac, g711-alaw, g711-ulaw.",
		"language-model-name=mine": "The parameter language-model-name asks for something that this server does not offer: mine. Leave it out.",
	} {
		p, err := parse(t, query(change))
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Config()
		if x := transcribe.ExceptionOf(err); stt.CodeOf(err) != stt.Unsupported || x.Name != transcribe.BadRequest || x.Message != text {
			t.Errorf("%s: %+v, want %s", change, x, text)
		}
	}
}

// What can be said at all comes back as it was, over the query as well.
func TestParamsOfRoundTrip(t *testing.T) {
	r := randomSeed(t)
	for range 500 {
		want := randomConfig(r)
		p, err := transcribe.ParamsOf(&want)
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		p, err = parseAs(t, p.Operation(), p.Query())
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if got, err := p.Config(); err != nil || !sameConfig(got, want) {
			t.Fatalf("%+v\nbecomes\n%+v, %v", want, got, err)
		}
	}
}

func randomConfig(r *rand.Rand) stt.Config {
	cfg := stt.Config{Audio: mono(8000 + r.IntN(40001)), Languages: stt.Languages{Tags: []string{"de-DE"}}}
	if r.IntN(2) == 0 {
		cfg.Session = session.String()
	}
	many := 1 // names: one where the language is given
	if mode := stt.LanguageMode(r.IntN(3)); mode != stt.LanguageFixed {
		many = 3
		cfg.Languages = stt.Languages{Mode: mode, Tags: []string{"en-US", "de-DE", "ja-JP"}}
		if mode == stt.LanguageIdentify && r.IntN(2) == 0 {
			cfg.Languages.Preferred = "ja-JP"
		}
	}
	if cfg.Languages.Mode == stt.LanguageFixed && r.IntN(3) == 0 {
		return randomMedical(r, cfg)
	}
	cfg.Interim.Stability = stt.Stability(r.IntN(4))
	cfg.Speakers.On = r.IntN(2) == 0
	cfg.Text.Spoken = r.IntN(2) == 0
	names := []string{"a", "b.c", "d-e_f"}
	method := stt.FilterMethod(r.IntN(3))
	for _, name := range names[:r.IntN(many+1)] {
		cfg.Vocabs = append(cfg.Vocabs, stt.NamedRef{Name: name})
	}
	for _, name := range names[:r.IntN(many+1)] {
		cfg.Filters = append(cfg.Filters, stt.Filter{Name: name, Method: method})
	}
	if cfg.PII.Mode = stt.PIIMode(r.IntN(3)); cfg.PII.Mode == stt.PIIRedact && cfg.Languages.Mode != stt.LanguageFixed {
		cfg.PII.Mode = stt.PIIIdentify
	}
	if cfg.PII.Mode != stt.PIIOff && r.IntN(2) == 0 {
		cfg.PII.Types = []string{"NAME", "BANK_ROUTING"}
	}
	return cfg
}

func randomMedical(r *rand.Rand, cfg stt.Config) stt.Config {
	cfg.Languages.Tags = []string{"en-US"}
	cfg.Audio.Rate = 16000 + r.IntN(32001)
	cfg.Medical = &stt.Medical{Specialty: "UROLOGY", Type: []string{"CONVERSATION", "DICTATION"}[r.IntN(2)]}
	cfg.Speakers.On = r.IntN(2) == 0
	if r.IntN(2) == 0 {
		cfg.PII = stt.PII{Mode: stt.PIIIdentify, PHI: true}
	}
	if r.IntN(2) == 0 {
		cfg.Vocabs = []stt.NamedRef{{Name: "drugs"}}
	}
	return cfg
}

func TestParamsOfDefaults(t *testing.T) {
	p, err := transcribe.ParamsOf(&stt.Config{Audio: mono(16000), Session: "call 17", Prompt: "hints are left out"})
	if want := (transcribe.Params{SampleRate: 16000, MediaEncoding: "pcm", LanguageCode: "en-US"}); err != nil || p != want {
		t.Errorf("%+v, %v; want %+v", p, err, want)
	}
	p, err = transcribe.ParamsOf(&stt.Config{Audio: mono(16000), Medical: &stt.Medical{}})
	if want := (transcribe.Params{Medical: true, SampleRate: 16000, MediaEncoding: "pcm", LanguageCode: "en-US", Specialty: "PRIMARYCARE", Type: "CONVERSATION"}); err != nil || p != want {
		t.Errorf("medical: %+v, %v; want %+v", p, err, want)
	}
	p, err = transcribe.ParamsOf(&stt.Config{Audio: mono(16000), Medical: &stt.Medical{Specialty: "neurology", Type: "dictation"}})
	if err != nil || p.Specialty != "NEUROLOGY" || p.Type != "DICTATION" || p.Operation().WebSocket != transcribe.PathMedicalWebSocket {
		t.Errorf("medical, in small letters: %+v, %v", p, err)
	}
}

func TestParamsOfRefuses(t *testing.T) {
	medical := func(change func(c *stt.Config)) func(c *stt.Config) {
		return func(c *stt.Config) { c.Medical = &stt.Medical{}; change(c) }
	}
	for name, c := range map[string]struct {
		change func(c *stt.Config)
		code   stt.Code
		option string
	}{
		"FLAC":                 {func(c *stt.Config) { c.Audio.Encoding = stt.FLAC }, stt.Unsupported, "encoding"},
		"two channels":         {func(c *stt.Config) { c.Audio.Channels = 2 }, stt.Unsupported, "encoding"},
		"no channels":          {func(c *stt.Config) { c.Audio.Channels = 0 }, stt.Unsupported, "encoding"},
		"a low rate":           {func(c *stt.Config) { c.Audio.Rate = 7999 }, stt.Unsupported, "encoding"},
		"a high rate":          {func(c *stt.Config) { c.Audio.Rate = 48001 }, stt.Unsupported, "encoding"},
		"phrases":              {func(c *stt.Config) { c.Phrases = []stt.Phrase{{Text: "x"}} }, stt.Unsupported, "phrases"},
		"health information":   {func(c *stt.Config) { c.PII = stt.PII{Mode: stt.PIIIdentify, PHI: true} }, stt.Unsupported, "pii"},
		"types of nothing":     {func(c *stt.Config) { c.PII.Types = []string{"NAME"} }, stt.Invalid, "pii"},
		"no punctuation":       {func(c *stt.Config) { c.Text.NoPunctuation = true }, stt.Unsupported, "text"},
		"no case":              {func(c *stt.Config) { c.Text.NoCase = true }, stt.Unsupported, "text"},
		"two vocabularies":     {func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "a"}, {Name: "b"}} }, stt.Unsupported, "vocabularies"},
		"a list as a name":     {func(c *stt.Config) { c.Languages, c.Vocabs = identified, []stt.NamedRef{{Name: "a,b"}} }, stt.Unsupported, "vocabularies"},
		"words without a name": {func(c *stt.Config) { c.Filters = []stt.Filter{{Words: []string{"x"}}} }, stt.Unsupported, "filters"},
		"two methods": {func(c *stt.Config) {
			c.Languages, c.Filters = identified, []stt.Filter{{Name: "a"}, {Name: "b", Method: stt.FilterTag}}
		}, stt.Unsupported, "filters"},
		"one candidate": {func(c *stt.Config) { c.Languages = stt.Languages{Mode: stt.LanguageIdentify, Tags: []string{"en-US"}} }, stt.Invalid, "identify"},
		"no candidate":  {func(c *stt.Config) { c.Languages = stt.Languages{Mode: stt.LanguageIdentifyMany} }, stt.Invalid, "identify"},
		"a stranger":    {func(c *stt.Config) { c.Languages, c.Languages.Preferred = identified, "fr-FR" }, stt.Invalid, "identify"},
		"two dialects": {func(c *stt.Config) {
			c.Languages = stt.Languages{Mode: stt.LanguageIdentifyMany, Tags: []string{"en-US", "en-GB"}}
		}, stt.Invalid, "identify"},
		"redaction in an unknown language": {func(c *stt.Config) { c.Languages, c.PII.Mode = identified, stt.PIIRedact }, stt.Unsupported, "pii"},

		"medical, in German":          {medical(func(c *stt.Config) { c.Languages.Tags = []string{"de-DE"} }), stt.Unsupported, "language"},
		"medical, in some language":   {medical(func(c *stt.Config) { c.Languages = identified }), stt.Unsupported, "language"},
		"medical, by telephone":       {medical(func(c *stt.Config) { c.Audio.Rate = 15999 }), stt.Unsupported, "encoding"},
		"medical, FLAC":               {medical(func(c *stt.Config) { c.Audio.Encoding = stt.FLAC }), stt.Unsupported, "encoding"},
		"medical, stable":             {medical(func(c *stt.Config) { c.Interim.Stability = stt.StabilityLow }), stt.Unsupported, "stability"},
		"medical, filtered":           {medical(func(c *stt.Config) { c.Filters = []stt.Filter{{Name: "a"}} }), stt.Unsupported, "filters"},
		"medical, personal data":      {medical(func(c *stt.Config) { c.PII.Mode = stt.PIIIdentify }), stt.Unsupported, "pii"},
		"medical, redacted":           {medical(func(c *stt.Config) { c.PII = stt.PII{Mode: stt.PIIRedact, PHI: true} }), stt.Unsupported, "pii"},
		"medical, some types":         {medical(func(c *stt.Config) { c.PII = stt.PII{Mode: stt.PIIIdentify, PHI: true, Types: []string{"NAME"}} }), stt.Unsupported, "pii"},
		"medical, spoken":             {medical(func(c *stt.Config) { c.Text.Spoken = true }), stt.Unsupported, "spoken"},
		"medical, two vocabularies":   {medical(func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "a"}, {Name: "b"}} }), stt.Unsupported, "vocabularies"},
		"medical, a vocabulary's URL": {medical(func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "s3://a"}} }), stt.Unsupported, "vocabularies"},
		"medical, of no specialty":    {medical(func(c *stt.Config) { c.Medical.Specialty = "DENTISTRY" }), stt.Invalid, "medical"},
		"medical, of no type":         {medical(func(c *stt.Config) { c.Medical.Type = "SONG" }), stt.Invalid, "medical"},
	} {
		cfg := stt.Config{Audio: mono(16000)}
		c.change(&cfg)
		p, err := transcribe.ParamsOf(&cfg)
		if err == nil {
			t.Errorf("%s: asked for as %+v", name, p)
			continue
		}
		if e := asError(t, err); e.Code != c.code || e.Option != c.option || strings.HasSuffix(e.Msg, ".") {
			t.Errorf("%s: %v, option %q, %q", name, e.Code, e.Option, e.Msg)
		}
	}
}
