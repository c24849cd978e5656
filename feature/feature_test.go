package feature_test

import (
	"testing"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// tag is a rewriter that writes its name behind the text.
type tag string

func (r tag) Rewrite(ev *stt.Event) { ev.Segment.Alternatives[0].Text += string(r) }

func always(*stt.Config) bool { return true }

func own(name string) func(*stt.Config) feature.Rewriter {
	return func(*stt.Config) feature.Rewriter { return tag(name) }
}

func TestSelect(t *testing.T) {
	pii := feature.Feature{Name: "pii", Native: stt.FeaturePII, New: own("p"),
		Wanted: func(cfg *stt.Config) bool { return cfg.PII.Mode != stt.PIIOff }}
	speakers := feature.Feature{Name: "speakers", Native: stt.FeatureSpeakers,
		Wanted: func(cfg *stt.Config) bool { return cfg.Speakers.On }}
	style := feature.Feature{Name: "style", Native: stt.FeatureCase | stt.FeaturePunctuation, Wanted: always, New: own("s")}
	stabilize := feature.Feature{Name: "stabilize", Wanted: always, New: own("z")}
	spoken := feature.Feature{Name: "spoken", Native: stt.FeatureSpoken, Wanted: always}
	all := []feature.Feature{pii, speakers, style, stabilize, spoken}

	if got, want := feature.Gives(all), stt.FeaturePII|stt.FeatureCase|stt.FeaturePunctuation; got != want {
		t.Errorf("rewriters give %q, expected %q", got, want)
	}
	wantsPII, wantsSpeakers := stt.Config{PII: stt.PII{Mode: stt.PIIRedact}}, stt.Config{Speakers: stt.Speakers{On: true}}
	for _, c := range []struct {
		name   string
		cfg    stt.Config
		has    stt.Feature
		chain  string
		native stt.Feature
	}{
		{name: "only what is wanted", has: stt.FeaturePII | stt.FeatureSpeakers, chain: "sz"},
		{name: "ours in order", cfg: wantsPII, chain: "psz"},
		{name: "native first", cfg: wantsPII, has: stt.FeaturePII, chain: "sz", native: stt.FeaturePII},
		{name: "half of it is not it", has: stt.FeatureCase, chain: "sz"},
		{name: "both halves", has: stt.FeatureCase | stt.FeaturePunctuation | stt.FeatureWords, chain: "z",
			native: stt.FeatureCase | stt.FeaturePunctuation},
		{name: "nobody", cfg: wantsSpeakers, has: stt.FeaturePII, chain: "sz"},
		{name: "the model only", cfg: wantsSpeakers, has: stt.FeatureSpeakers, chain: "sz", native: stt.FeatureSpeakers},
		{name: "native only", has: stt.FeatureSpoken, chain: "sz", native: stt.FeatureSpoken},
		{name: "no ability makes ours unnecessary", has: ^stt.FeatureInterim, chain: "z",
			native: stt.FeatureCase | stt.FeaturePunctuation | stt.FeatureSpoken},
	} {
		chain, native := feature.Select(all, &c.cfg, c.has)
		ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: make([]stt.Alternative, 1)}}
		chain.Rewrite(&ev)
		if got := ev.Segment.Best().Text; got != c.chain || native != c.native {
			t.Errorf("%s: rewriters %q, native %q; expected %q, %q", c.name, got, native, c.chain, c.native)
		}
	}
}

func TestNoFeatures(t *testing.T) {
	chain, native := feature.Select(nil, &stt.Config{}, ^stt.Feature(0))
	if chain != nil || native != 0 || feature.Gives(nil) != 0 {
		t.Errorf("nothing selected gives %v, %v, %v", chain, native, feature.Gives(nil))
	}
	chain.Rewrite(&stt.Event{Kind: stt.EventProgress}) // does nothing, and does not fail
}

func TestRetext(t *testing.T) {
	for _, c := range []struct{ word, want stt.Word }{
		{stt.Word{Text: "hello"}, stt.Word{Text: "X", Norm: "hello"}},
		{stt.Word{Text: "Hello,"}, stt.Word{Text: "X", Norm: "hello"}},
		{stt.Word{Text: "5", Norm: "five"}, stt.Word{Text: "X", Norm: "five"}},
		{stt.Word{Text: "X"}, stt.Word{Text: "X"}},
	} {
		w := c.word
		feature.Retext(&w, "X")
		if w != c.want || w.NormalForm() != c.word.NormalForm() {
			t.Errorf("%+v becomes %+v, expected %+v", c.word, w, c.want)
		}
	}
}
