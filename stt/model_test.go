package stt_test

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestCapabilities(t *testing.T) {
	some := stt.Capabilities{Languages: []string{"en-US", "de-DE"}, Formats: []stt.Format{
		{Rate: 16000, Channels: 1},
		{Encoding: stt.MuLaw, Channels: 1},
		{Encoding: stt.OggOpus, Rate: 48000},
	}}
	bare := stt.Capabilities{Languages: []string{"fr", "zh"}}
	var any, none stt.Capabilities
	none.Languages = []string{}
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"its language", some.Serves("en-US"), true},
		{"in another case", some.Serves("DE-de"), true},
		{"no language at all", some.Serves(""), true},
		{"another language", some.Serves("fr-FR"), false},
		{"a longer tag", some.Serves("en-US-x-y"), false},
		{"any language", any.Serves("fr-FR"), true},
		{"a bare language is not among its tags", some.Serves("de"), false},
		{"a region of a bare language", bare.Serves("fr-CA"), true},
		{"a region of a bare language in another case", bare.Serves("FR-ca"), true},
		{"a longer tag of a bare language", bare.Serves("zh-Hant-TW"), true},
		{"the bare language itself", bare.Serves("Fr"), true},
		{"a language that begins with the same letters", bare.Serves("frr-DE"), false},
		{"a beginning of a bare language", bare.Serves("f"), false},
		{"a tag with an underscore", bare.Serves("fr_CA"), false},
		{"a tag without language", bare.Serves("-FR"), false},
		{"a list without entries serves none", none.Serves("fr-FR"), false},

		{"its format", some.Takes(stt.Format{Rate: 16000, Channels: 1}), true},
		{"another rate", some.Takes(stt.Format{Rate: 8000, Channels: 1}), false},
		{"more channels", some.Takes(stt.Format{Rate: 16000, Channels: 2}), false},
		{"any rate", some.Takes(stt.Format{Encoding: stt.MuLaw, Rate: 11025, Channels: 1}), true},
		{"any rate, more channels", some.Takes(stt.Format{Encoding: stt.MuLaw, Rate: 8000, Channels: 2}), false},
		{"any channels", some.Takes(stt.Format{Encoding: stt.OggOpus, Rate: 48000, Channels: 5}), true},
		{"another encoding", some.Takes(stt.Format{Encoding: stt.FLAC, Rate: 16000, Channels: 1}), false},
		{"no formats", any.Takes(stt.Format{Rate: 16000, Channels: 1}), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, expected %v", c.name, c.got, c.want)
		}
	}
}

func TestFeatureNames(t *testing.T) {
	seen := map[string]bool{}
	var all stt.Feature
	for f := stt.FeatureInterim; f <= stt.FeatureEndpointing; f <<= 1 {
		name := f.String()
		if name == "" || strings.ContainsAny(name, ", ") || strings.HasPrefix(name, "unknown") || seen[name] {
			t.Errorf("the feature of bit %d is called %q", bits.TrailingZeros64(uint64(f)), name)
		}
		seen[name] = true
		all |= f
	}
	if got := stt.FeatureEndpointing.String(); got != "endpointing" {
		t.Errorf("FeatureEndpointing is called %q", got)
	}
	if got := strings.Split(all.String(), ","); len(got) != len(seen) {
		t.Errorf("the set of all features has %d names, expected %d", len(got), len(seen))
	}
	for bit := bits.Len64(uint64(stt.FeatureEndpointing)); bit < 64; bit++ {
		if got := stt.Feature(1 << bit).String(); !strings.HasPrefix(got, "unknown") {
			t.Errorf("bit %d has the name %q, but no constant", bit, got)
		}
	}
	if got := stt.Feature(0).String(); got != "" {
		t.Errorf("the empty set is called %q", got)
	}
	if got := (stt.FeatureFlush | stt.FeatureInterim).String(); got != "interim,flush" {
		t.Errorf("two features are called %q", got)
	}
}

func TestFeatureHas(t *testing.T) {
	set := stt.FeatureInterim | stt.FeatureWords
	if !set.Has(stt.FeatureWords) || !set.Has(set) || !set.Has(0) {
		t.Error("the set has not what is in it")
	}
	if set.Has(stt.FeatureFlush) || set.Has(stt.FeatureWords|stt.FeatureFlush) {
		t.Error("the set has what is not in it")
	}
}

func TestFindModel(t *testing.T) {
	model := func(id string, languages ...string) stt.Model {
		return stt.Model{ID: id, Can: stt.Capabilities{Languages: languages}}
	}
	english, german, any := model("small", "en-US", "en-GB"), model("large", "de-DE", "en-US"), model("any")
	french, canadian := model("french", "fr"), model("canadian", "fr-CA")
	english2 := model("every-english", "en-US", "en")
	mute := stt.Model{ID: "mute", Can: stt.Capabilities{Languages: []string{}}}
	both := []stt.Model{english, german}
	for _, c := range []struct {
		name   string
		models []stt.Model
		model  string
		langs  stt.Languages
		want   string // ID, or the error's text
		code   stt.Code
	}{
		{name: "the first", models: both, want: "small"},
		{name: "by name", models: both, model: "large", want: "large"},
		{name: "by language", models: both, langs: stt.Languages{Tags: []string{"de-de"}}, want: "large"},
		{name: "the first of two that serve", models: both, langs: stt.Languages{Tags: []string{"en-US"}}, want: "small"},
		{name: "by name and language", models: both, model: "large", langs: stt.Languages{Tags: []string{"en-US"}}, want: "large"},
		{name: "one for all languages", models: []stt.Model{english, any}, langs: stt.Languages{Tags: []string{"fr-FR"}}, want: "any"},
		{name: "a region of a bare language", models: []stt.Model{english, french}, langs: stt.Languages{Tags: []string{"fr-CA"}}, want: "french"},
		{name: "an exact tag wins over the bare language", models: []stt.Model{french, canadian}, langs: stt.Languages{Tags: []string{"FR-ca"}}, want: "canadian"},
		{name: "the exact tag of another region does not", models: []stt.Model{canadian, french}, langs: stt.Languages{Tags: []string{"fr-FR"}}, want: "french"},
		{name: "a bare language asked for", models: []stt.Model{canadian, french}, langs: stt.Languages{Tags: []string{"fr"}}, want: "french"},
		{name: "the first of two bare languages", models: []stt.Model{french, model("other", "fr")}, langs: stt.Languages{Tags: []string{"fr-CH"}}, want: "french"},
		{name: "an exact tag wins over any", models: []stt.Model{any, french, canadian}, langs: stt.Languages{Tags: []string{"fr-CA"}}, want: "canadian"},
		{name: "any and bare go by order", models: []stt.Model{any, french}, langs: stt.Languages{Tags: []string{"fr-CA"}}, want: "any"},
		{name: "all English codes", models: []stt.Model{french, english2, english}, langs: stt.Languages{Tags: []string{"en-NZ"}}, want: "every-english"},
		{name: "all English codes but those of others", models: []stt.Model{french, english2, english}, langs: stt.Languages{Tags: []string{"en-GB"}}, want: "small"},
		{name: "no language, the first whatever it lists", models: []stt.Model{french, english2}, want: "french"},
		{name: "an empty tag is no language", models: []stt.Model{french, english2}, langs: stt.Languages{Tags: []string{""}}, want: "french"},
		{name: "by name, a region", models: []stt.Model{canadian, french}, model: "french", langs: stt.Languages{Tags: []string{"fr-CA"}}, want: "french"},
		{name: "candidates are not judged", models: both, want: "small",
			langs: stt.Languages{Mode: stt.LanguageIdentify, Tags: []string{"fr-FR", "de-DE"}}},

		{name: "a name that is not known", models: both, model: "huge", code: stt.NotFound,
			want: `model "huge" is not known; there are: small, large`},
		{name: "no models", code: stt.NotFound, want: `no model is available`},
		{name: "no models by name", model: "huge", code: stt.NotFound, want: `model "huge" is not known; there are: none`},
		{name: "a language that nobody serves", models: both, langs: stt.Languages{Tags: []string{"fr-FR"}}, code: stt.Unsupported,
			want: `language "fr-FR" is not served; served are: de-DE, en-GB, en-US`},
		{name: "a language that the model does not serve", models: both, model: "small",
			langs: stt.Languages{Tags: []string{"de-DE"}}, code: stt.Unsupported,
			want: `language "de-DE" is not served by model "small"; served are: en-GB, en-US`},
		{name: "a language that is served bare elsewhere", models: []stt.Model{canadian, french, english2}, langs: stt.Languages{Tags: []string{"es-US"}},
			code: stt.Unsupported, want: `language "es-US" is not served; served are: en, en-US, fr, fr-CA`},
		{name: "a bare language is not asked of its regions", models: []stt.Model{canadian}, langs: stt.Languages{Tags: []string{"fr"}},
			code: stt.Unsupported, want: `language "fr" is not served; served are: fr-CA`},
		{name: "a model without languages", models: []stt.Model{mute}, model: "mute",
			langs: stt.Languages{Tags: []string{"de-DE"}}, code: stt.Unsupported,
			want: `language "de-DE" is not served by model "mute"; served are: none`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := stt.FindModel(c.models, &stt.Config{Model: c.model, Languages: c.langs})
			if c.code == 0 {
				if err != nil || got.ID != c.want {
					t.Fatalf("got %q, %v; expected %q", got.ID, err, c.want)
				}
				return
			}
			e := stt.AsError(err)
			if e == nil || e.Code != c.code || e.Msg != c.want || e.Option == "" {
				t.Fatalf("got %+v; expected code %v, text %q, and an option", e, c.code, c.want)
			}
		})
	}
}
