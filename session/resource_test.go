package session_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/displayas"
	"github.com/earshot-stt/earshot/feature/vocabfilter"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// library is what one account, "ours", has.
type library struct{ err error }

func (l library) Vocabulary(_ context.Context, account, name string) (*resource.Vocabulary, error) {
	switch {
	case l.err != nil:
		return nil, l.err
	case account == "ours" && name == "places":
		return &resource.Vocabulary{Name: name, Language: "en-US", Phrases: []stt.Phrase{{Text: "good-morning", DisplayAs: "Guten Morgen"}, {Text: "zip"}}}, nil
	case account == "ours" && name == "young":
		return nil, &stt.Error{Code: stt.Invalid, Option: "vocabularies", Msg: "it is pending"}
	}
	return nil, &stt.Error{Code: stt.NotFound, Option: "vocabularies", Got: name, Msg: "none"}
}

func (l library) Filter(_ context.Context, account, name string) (*resource.Filter, error) {
	switch {
	case l.err != nil:
		return nil, l.err
	case account == "ours" && name == "rude":
		return &resource.Filter{Name: name, Language: "en-US", Words: []string{"Everybody"}}, nil
	}
	return nil, &stt.Error{Code: stt.NotFound, Option: "filters", Got: name, Msg: "none"}
}

// opened is a recognizer that keeps what it was opened with.
type opened struct {
	stt.Recognizer
	can func(*stt.Capabilities)
	cfg stt.Config
}

func (h *opened) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := h.Recognizer.Models(ctx)
	for i := range models {
		h.can(&models[i].Can)
	}
	return models, err
}

func (h *opened) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	h.cfg = cfg
	return h.Recognizer.Open(ctx, cfg)
}

func ownFeatures() []feature.Feature {
	return []feature.Feature{displayas.Feature(), vocabfilter.Feature()}
}

// What a request names is found here first, then left to a model that may know it, else refused.
func TestResources(t *testing.T) {
	const phrases, vocabs, filters = stt.FeaturePhrases, stt.FeatureVocabs, stt.FeatureFilters
	vocabulary := func(names ...string) func(*stt.Config) {
		return func(c *stt.Config) {
			for _, n := range names {
				c.Vocabs = append(c.Vocabs, stt.NamedRef{Name: n})
			}
		}
	}
	filter := func(name string, words ...string) func(*stt.Config) {
		return func(c *stt.Config) { c.Filters = append(c.Filters, stt.Filter{Name: name, Words: words}) }
	}
	in := func(language string, ask func(*stt.Config)) func(*stt.Config) {
		return func(c *stt.Config) { ask(c); c.Languages.Tags = []string{language} }
	}
	away := library{err: &stt.Error{Code: stt.Unavailable, Msg: "no database"}}
	for _, c := range []struct {
		name    string
		has     stt.Feature
		from    resource.Source
		account string
		ask     func(*stt.Config)
		code    stt.Code // of the refusal
		text    string   // in it
		left    string   // to the recognizer: phrases, names of vocabularies and filters
		native  stt.Feature
	}{
		{name: "phrases for a model that takes them", has: phrases, ask: vocabulary("places"), left: "good-morning zip", native: phrases},
		{name: "phrases for one that takes none", ask: vocabulary("places")},
		{name: "phrases for one that knows others by name", has: vocabs, ask: vocabulary("places")},
		{name: "a name that the upstream may know", has: vocabs, ask: vocabulary("theirs"), left: "theirs", native: vocabs},
		{name: "some here, some there", has: vocabs | phrases, ask: vocabulary("theirs", "places"), left: "good-morning zip theirs", native: vocabs | phrases},
		{name: "a name that nobody knows", ask: vocabulary("theirs"), code: stt.NotFound, text: "none"},
		{name: "another account's", account: "others", ask: vocabulary("places"), code: stt.NotFound, text: "none"},
		{name: "not ready", has: vocabs, ask: vocabulary("young"), code: stt.Invalid, text: "it is pending"},
		{name: "the wrong language", ask: in("en-GB", vocabulary("places")), code: stt.Invalid, text: "The vocabulary places is for the language en-US, and the stream is in en-GB."},
		{name: "the right language", ask: in("en-US", vocabulary("places"))},
		{name: "no database", from: away, has: vocabs, ask: vocabulary("places"), code: stt.Unavailable, text: "no database"},

		{name: "a filter of ours", ask: filter("rude")},
		{name: "a filter of ours, whatever the model can", has: filters, ask: filter("rude")},
		{name: "a filter that the upstream may know", has: filters, ask: filter("theirs"), left: "theirs", native: filters},
		{name: "a filter with words", ask: filter("given", "x")},
		{name: "a filter with words for a model that applies them", has: filters, ask: filter("given", "x"), left: "given", native: filters},
		{name: "a filter that nobody knows", ask: filter("theirs"), code: stt.NotFound, text: "none"},
		{name: "a filter in the wrong language", ask: in("fr-FR", filter("rude")), code: stt.Invalid, text: "The vocabulary filter rude is for the language en-US"},
		{name: "filters without a database", from: away, has: filters, ask: filter("rude"), code: stt.Unavailable, text: "no database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := &opened{Recognizer: scripted(t, script.Fault{}), can: func(can *stt.Capabilities) { can.Has |= c.has; can.MaxPhrases = 100 }}
			opts := session.Options{Recognizer: rec, Features: ownFeatures(), Resources: library{}}
			if c.from != nil {
				opts.Resources = c.from
			}
			r := request(mono16k)
			r.Account = "ours"
			if c.account != "" {
				r.Account = c.account
			}
			c.ask(&r.Config)
			ses, err := session.NewService(opts).Open(t.Context(), r)
			if err == nil {
				ses.Close(nil)
			}
			if stt.CodeOf(err) != c.code || c.code != 0 && !strings.HasPrefix(stt.AsError(err).Msg, c.text) {
				t.Fatalf("got %v, expected %v: %s", err, c.code, c.text)
			}
			if c.code != 0 {
				return
			}
			var left []string
			for _, p := range rec.cfg.Phrases {
				left = append(left, p.Text)
			}
			for _, v := range rec.cfg.Vocabs {
				left = append(left, v.Name)
			}
			for _, f := range rec.cfg.Filters {
				left = append(left, f.Name)
			}
			if got := strings.Join(left, " "); got != c.left || rec.cfg.Native != c.native {
				t.Errorf("the recognizer is left %q and shall do %q; expected %q and %q", got, rec.cfg.Native, c.left, c.native)
			}
		})
	}
}

// Without a library, or without the feature, what cannot be done is refused by name.
func TestNoResources(t *testing.T) {
	for option, ask := range map[string]func(*stt.Config){
		"vocabularies": func(c *stt.Config) { c.Vocabs = []stt.NamedRef{{Name: "places"}} },
		"filters":      func(c *stt.Config) { c.Filters = []stt.Filter{{Name: "rude"}} },
	} {
		r := request(mono16k)
		ask(&r.Config)
		_, err := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Features: ownFeatures()}).Open(t.Context(), r)
		if e := stt.AsError(err); e == nil || e.Code != stt.Unsupported || e.Option != option {
			t.Errorf("%s: %v", option, err)
		}
	}
	r := request(mono16k)
	r.Account, r.Config.Filters = "ours", []stt.Filter{{Name: "rude"}}
	_, err := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Resources: library{}}).Open(t.Context(), r)
	if e := stt.AsError(err); e == nil || e.Code != stt.Unsupported || e.Option != "filters" {
		t.Errorf("without the feature: %v", err)
	}
}

// A model that takes fewer phrases than there are gets the first ones, and the log says so.
func TestTooManyPhrases(t *testing.T) {
	var log bytes.Buffer
	rec := &opened{Recognizer: scripted(t, script.Fault{}), can: func(can *stt.Capabilities) { can.Has |= stt.FeaturePhrases; can.MaxPhrases = 1 }}
	r := request(mono16k)
	r.Account, r.Config.Vocabs = "ours", []stt.NamedRef{{Name: "places"}}
	ses, err := session.NewService(session.Options{Recognizer: rec, Resources: library{}, Log: slog.New(slog.NewTextHandler(&log, nil))}).Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	ses.Close(nil)
	if len(rec.cfg.Phrases) != 1 || !strings.Contains(log.String(), "fewer phrases than the vocabulary has") {
		t.Errorf("%v; %s", rec.cfg.Phrases, &log)
	}
}

// What a stream says has been through the vocabulary and the filter that it named.
func TestResourcesInAStream(t *testing.T) {
	r := request(mono16k)
	r.Account, r.Config.Vocabs = "ours", []stt.NamedRef{{Name: "places"}}
	r.Config.Filters = []stt.Filter{{Name: "rude"}}
	words, err := script.Parse("0.5-2.1 good morning everybody\n")
	if err != nil {
		t.Fatal(err)
	}
	ses, err := session.NewService(session.Options{Recognizer: script.New(script.Options{Script: words}), Features: ownFeatures(), Resources: library{}}).Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer ses.Close(nil)
	if err := ses.Write(t.Context(), make([]byte, 3*32000)); err != nil {
		t.Fatal(err)
	}
	if err := ses.CloseSend(t.Context()); err != nil {
		t.Fatal(err)
	}
	var finals []string
	for {
		ev, err := ses.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == stt.EventSegment {
			if text := ev.Segment.Best().Text; strings.Contains(text, "everybody") {
				t.Errorf("it says %q", text)
			}
			if ev.Segment.Final {
				finals = append(finals, ev.Segment.Best().Text)
			}
		}
	}
	if !slices.Equal(finals, []string{"Guten Morgen ***"}) {
		t.Errorf("finals %q", finals)
	}
}
