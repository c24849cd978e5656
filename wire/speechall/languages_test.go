package speechall

import (
	"slices"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestLanguages(t *testing.T) {
	if n := len(Languages()); n != 103 {
		t.Errorf("%d codes, expected 103", n)
	}
	for _, code := range Languages() {
		tag, ok := Tag(code)
		if !ok || (tag == "") != (code == LanguageAuto) {
			t.Errorf("%q is %q, %v", code, tag, ok)
		}
		if code != LanguageAuto && Code(tag) != code {
			t.Errorf("%q becomes %q and that %q", code, tag, Code(tag))
		}
	}
	for code, want := range map[string]string{"en_us": "en-US", "en-US": "en-US", "EN": "en", "en_uk": "en-GB", "uk": "uk", "pt-br": "pt-BR", "jw": "jv", "auto": "", "en_gb": "en-GB"} {
		if tag, ok := Tag(code); !ok || tag != want {
			t.Errorf("%q is %q, %v; expected %q", code, tag, ok, want)
		}
	}
	for _, bad := range []string{"", "xx", "en_", "en_usa", "en_us_x", "auto_us", "klingon", "en us"} {
		if tag, ok := Tag(bad); ok {
			t.Errorf("%q passes as %q", bad, tag)
		}
	}
	for tag, want := range map[string]string{"fr-CA": "fr", "en-US": "en_us", "en-NZ": "en", "tlh": "tlh"} {
		if got := Code(tag); got != want {
			t.Errorf("the code of %q is %q, expected %q", tag, got, want)
		}
	}
}

// A request that names a language without a region gets the model's own.
func TestConfigLanguages(t *testing.T) {
	for _, c := range []struct {
		language string
		can      stt.Capabilities
		tags     []string
		mode     stt.LanguageMode
		ignored  []string
	}{
		{"en", stt.Capabilities{Languages: []string{"de-DE", "en-US", "en-GB"}}, []string{"en-US"}, stt.LanguageFixed, nil},
		{"en", stt.Capabilities{Languages: []string{"en-US", "en"}}, []string{"en"}, stt.LanguageFixed, nil},
		{"en", stt.Capabilities{}, []string{"en"}, stt.LanguageFixed, nil},
		{"en_uk", stt.Capabilities{Languages: []string{"en-US"}}, []string{"en-GB"}, stt.LanguageFixed, nil},
		{"fr", stt.Capabilities{Languages: []string{"en-US"}}, []string{"fr"}, stt.LanguageFixed, nil},
		{"auto", stt.Capabilities{Languages: []string{"en-US"}}, []string{"en-US"}, stt.LanguageFixed, nil},
		{"auto", stt.Capabilities{Languages: []string{"fr-FR", "en-US"}}, []string{"en-US"}, stt.LanguageFixed, []string{"language"}},
		{"auto", stt.Capabilities{Languages: []string{"fr-FR", "de-DE"}}, nil, stt.LanguageFixed, []string{"language"}},
		{"auto", stt.Capabilities{Has: stt.FeatureIdentify}, nil, stt.LanguageIdentify, nil},
	} {
		p := Params{Language: c.language, Punctuation: true}
		cfg, ignored := p.Config(&c.can)
		if !slices.Equal(cfg.Languages.Tags, c.tags) || cfg.Languages.Mode != c.mode || !slices.Equal(ignored, c.ignored) {
			t.Errorf("%q of %v: %+v, ignored %v", c.language, c.can.Languages, cfg.Languages, ignored)
		}
	}
}

func TestConfigHints(t *testing.T) {
	p := Params{Language: "en", Diarization: true, Speakers: 3, Vocabulary: []string{"a b"}, Prompt: "p", Temperature: half(), Interim: true}
	cfg, ignored := p.Config(&stt.Capabilities{})
	if cfg.Speakers.On || cfg.Phrases != nil || !slices.Equal(ignored, []string{"diarization", "custom_vocabulary"}) {
		t.Errorf("of a model that has neither: %+v, ignored %v", cfg, ignored)
	}
	cfg, ignored = p.Config(&stt.Capabilities{Has: stt.FeatureSpeakers | stt.FeaturePhrases})
	if !cfg.Speakers.On || cfg.Speakers.Max != 3 || len(cfg.Phrases) != 1 || cfg.Phrases[0].Text != "a b" || ignored != nil ||
		!cfg.Text.NoPunctuation || cfg.Prompt != "p" || *cfg.Temp != 0.5 || cfg.Interim.Off || cfg.Audio != StreamFormat {
		t.Errorf("of a model that has both: %+v, ignored %v", cfg, ignored)
	}
}
