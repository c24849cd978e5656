package session_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// asks is everything that a request may ask for and that not every model has.
var asks = []struct {
	option string
	needs  stt.Feature
	ask    func(*stt.Config)
}{
	{"stability", stt.FeatureStable, func(c *stt.Config) { c.Interim.Stability = stt.StabilityLow }},
	{"speakers", stt.FeatureSpeakers, func(c *stt.Config) { c.Speakers.On = true }},
	{"identify", stt.FeatureIdentify, func(c *stt.Config) { c.Languages.Mode = stt.LanguageIdentify }},
	{"identify", stt.FeatureIdentify, func(c *stt.Config) { c.Languages.Mode = stt.LanguageIdentifyMany }},
	{"phrases", stt.FeaturePhrases, func(c *stt.Config) { c.Phrases = []stt.Phrase{{Text: "earshot"}} }},
	{"vocabularies", stt.FeatureVocabs, func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "mine"}} }},
	{"filters", stt.FeatureFilters, func(c *stt.Config) { c.Filters = []stt.Filter{{Name: "rude", Words: []string{"damn"}}} }},
	{"pii", stt.FeaturePII, func(c *stt.Config) { c.PII.Mode = stt.PIIRedact }},
	{"pii", stt.FeaturePII, func(c *stt.Config) { c.PII.Types = []string{"NAME"} }},
	{"spoken", stt.FeatureSpoken, func(c *stt.Config) { c.Text.Spoken = true }},
}

type nothing struct{}

func (nothing) Rewrite(*stt.Event) {}

// What is asked for is refused, by name, where neither the model nor a feature has it, and taken where either has.
func TestOffered(t *testing.T) {
	for _, a := range asks {
		for _, who := range []string{"nobody", "model", "feature", "feature that is switched off"} {
			rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) {
				c.Has &^= a.needs
				if who == "model" {
					c.Has |= a.needs
				}
			}}
			opts := session.Options{Recognizer: rec}
			f := feature.Feature{Name: a.option, Native: a.needs, Wanted: func(*stt.Config) bool { return true }}
			switch who {
			case "feature":
				f.New = func(*stt.Config) feature.Rewriter { return nothing{} }
				opts.Features = []feature.Feature{f}
			case "feature that is switched off":
				opts.Features = []feature.Feature{f}
			}
			r := request(mono16k)
			a.ask(&r.Config)
			ses, err := session.NewService(opts).Open(t.Context(), r)
			if err == nil {
				ses.Close(nil)
			}
			e := stt.AsError(err)
			switch refused := who == "nobody" || who == "feature that is switched off"; {
			case !refused && err != nil:
				t.Errorf("%s, which the %s has: %v", a.option, who, err)
			case refused && (e == nil || e.Code != stt.Unsupported || e.Option != a.option || !strings.Contains(e.Msg, `model "script" has no`)):
				t.Errorf("%s, which %s has: got %v, expected it to be refused by name", a.option, who, err)
			}
		}
	}
}

// A request that asks for nothing special is served by a model that has nothing special.
func TestNothingAskedFor(t *testing.T) {
	rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) { c.Has = 0 }}
	open(t, session.NewService(session.Options{Recognizer: rec}), request(mono16k))
}

func TestChannels(t *testing.T) {
	for _, c := range []struct {
		have, want int // channels of the model and of the audio
		ok         bool
	}{{0, 1, true}, {0, 2, false}, {1, 2, false}, {2, 2, true}, {2, 1, true}, {2, 3, false}} {
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(m *stt.Capabilities) {
			m.MaxChannels, m.Formats = c.have, []stt.Format{{Rate: 16000}}
		}}
		r := request(stt.Format{Rate: 16000, Channels: c.want})
		r.Config.Channels = stt.ChannelsSeparate
		ses, err := session.NewService(session.Options{Recognizer: rec}).Open(t.Context(), r)
		if err == nil {
			ses.Close(nil)
		}
		if (err == nil) != c.ok || err != nil && stt.AsError(err).Option != "channels" {
			t.Errorf("%d separate channels of a model that has %d: %v", c.want, c.have, err)
		}
	}
}

// What the model can do itself is left to it; the language of a model that has one is that of the stream.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name      string
		languages []string
		has       stt.Feature
		asked     []string
		tags      []string
		native    stt.Feature
		text      string // of the first final
	}{
		{"ours", []string{"en-US"}, stt.FeatureWords, nil, []string{"en-US"}, 0, "Good morning everybody."},
		{"half native", []string{"en-US"}, stt.FeaturePunctuation, nil, []string{"en-US"}, stt.FeaturePunctuation, "Good morning everybody"},
		{"all native", []string{"en-US"}, stt.FeaturePunctuation | stt.FeatureCase, nil, []string{"en-US"},
			stt.FeaturePunctuation | stt.FeatureCase, "good morning everybody"},
		{"Japanese model", []string{"ja-JP"}, 0, nil, []string{"ja-JP"}, 0, "Good morning everybody。"},
		{"several languages", []string{"ja-JP", "en-US"}, 0, nil, nil, 0, "Good morning everybody."},
		{"several regions", []string{"ja-JP", "JA"}, 0, nil, []string{"ja-JP"}, 0, "Good morning everybody。"},
		{"all regions", []string{"ja"}, 0, nil, []string{"ja"}, 0, "Good morning everybody。"},
		{"all regions, one asked for", []string{"ja"}, 0, []string{"ja-JP"}, []string{"ja-JP"}, 0, "Good morning everybody。"},
		{"any language", nil, 0, nil, nil, 0, "Good morning everybody."},
		{"several languages, one asked for", []string{"en-US", "ja-JP"}, 0, []string{"ja-JP"}, []string{"ja-JP"}, 0, "Good morning everybody。"},
	} {
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(m *stt.Capabilities) { m.Languages, m.Has = c.languages, c.has }}
		r := request(mono16k)
		r.Config.Languages.Tags = c.asked
		ses := open(t, session.NewService(session.Options{Recognizer: rec, Features: punctuate.Features()}), r)
		got := rec.opened[0]
		if !slices.Equal(got.Languages.Tags, c.tags) || got.Native != c.native || got.Model != script.ModelID {
			t.Errorf("%s: opened with languages %v, native %v, model %q; expected %v, %v", c.name, got.Languages.Tags, got.Native, got.Model, c.tags, c.native)
		}
		if len(r.Config.Languages.Tags) != len(c.asked) || r.Config.Model != "" {
			t.Errorf("%s: the request has been changed to %+v", c.name, r.Config)
		}
		h := speak(t, ses, make([]byte, mono16k.Bytes(length)))
		if len(h.finals) == 0 || h.finals[0].Best().Text != c.text {
			t.Errorf("%s: %+v (%v), expected %q", c.name, h.finals, h.err, c.text)
		}
	}
}

// multilingual has several models, all of which say the same.
type multilingual struct {
	stt.Recognizer
	models []stt.Model
}

func (m multilingual) Models(context.Context) ([]stt.Model, error) { return m.models, nil }

func (m multilingual) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	cfg.Model = ""
	return m.Recognizer.Open(ctx, cfg)
}

// The model that is named beforehand is the one that answers, in the session, in the log and in the account.
func TestModel(t *testing.T) {
	ctx := t.Context()
	var models []stt.Model
	for id, tags := range map[string][]string{"english": {"en-US", "en"}, "french": {"fr"}, "canadian": {"fr-CA"}} {
		models = append(models, stt.Model{ID: id, Can: stt.Capabilities{Formats: []stt.Format{mono16k}, Languages: tags}})
	}
	slices.SortFunc(models, func(a, b stt.Model) int { return strings.Compare(b.ID, a.ID) }) // French first
	var log strings.Builder
	m := &meter{}
	s := session.NewService(session.Options{Recognizer: multilingual{scripted(t, script.Fault{}), models}, Meter: m,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, c := range []struct{ tag, want string }{{"fr-FR", "french"}, {"fr-CA", "canadian"}, {"en-GB", "english"}, {"EN-us", "english"}, {"", "french"}} {
		log.Reset()
		r := request(mono16k)
		r.Config.Languages.Tags = []string{c.tag}
		model, err := s.Model(ctx, &r.Config)
		if err != nil || model.ID != c.want || !slices.Equal(r.Config.Languages.Tags, []string{c.tag}) || r.Config.Model != "" {
			t.Errorf("%q: model %q, %v; expected %q and nothing changed", c.tag, model.ID, err, c.want)
		}
		if n := s.Active(); n != 0 {
			t.Errorf("asking for the model opens %d streams", n)
		}
		ses, err := s.Open(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		ses.Close(nil)
		if got := m.all[len(m.all)-1].Model; ses.Model() != c.want || got != c.want || strings.Count(log.String(), " model="+c.want+" ") != 2 {
			t.Errorf("%q: session %q, account %q, log\n%s", c.tag, ses.Model(), got, log.String())
		}
	}
	_, err := s.Model(ctx, &stt.Config{Languages: stt.Languages{Tags: []string{"es-US"}}})
	wantCode(t, err, stt.Unsupported, "es-US", "en, en-US, fr, fr-CA")
	down := errors.New("down")
	if _, err := session.NewService(session.Options{Recognizer: modelless{err: down}}).Model(ctx, &stt.Config{}); !errors.Is(err, down) {
		t.Errorf("got %v, expected %v", err, down)
	}
}

func TestNoSuchModel(t *testing.T) {
	s := session.NewService(session.Options{Recognizer: script.New(script.Options{Languages: []string{"en-US"}})})
	r := request(mono16k)
	r.Config.Languages.Tags = []string{"de-DE"}
	_, err := s.Open(t.Context(), r)
	wantCode(t, err, stt.Unsupported, "de-DE", "en-US")
	r.Config.Model = "other"
	_, err = s.Open(t.Context(), r)
	wantCode(t, err, stt.NotFound, "other", "script")
}

// What the recognizer says of its models and of a stream that it refuses is what the caller hears.
func TestRecognizerRefuses(t *testing.T) {
	_, err := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Refuse})}).Open(t.Context(), request(mono16k))
	wantCode(t, err, stt.Exhausted, "slots")
	down := errors.New("down")
	_, err = session.NewService(session.Options{Recognizer: modelless{err: down}}).Open(t.Context(), request(mono16k))
	if !errors.Is(err, down) {
		t.Errorf("got %v, expected %v", err, down)
	}
}
