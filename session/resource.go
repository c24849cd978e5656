package session

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
)

// equip finds the vocabularies and filters that a request names, and decides who does what of the features that it asks for.
// Of cfg it leaves the recognizer what the recognizer shall do: names that only an upstream can know, phrases for a model that
// makes them likelier, filters with their words for one that applies them.
func (s *Service) equip(ctx context.Context, r *Request, cfg *stt.Config, can *stt.Capabilities) (feature.Chain, error) {
	ours := *cfg // as the features here see it
	var err error
	if cfg.Filters, ours.Filters, err = s.filters(ctx, r, cfg, can); err != nil {
		return nil, err
	}
	var found []stt.Phrase
	if cfg.Vocabs, found, err = s.vocabularies(ctx, r, cfg, can); err != nil {
		return nil, err
	}
	ours.Phrases = append(slices.Clone(cfg.Phrases), found...)
	switch {
	case can.Has.Has(stt.FeaturePhrases):
		most := max(can.MaxPhrases, len(cfg.Phrases))
		if len(ours.Phrases) > most {
			s.warn(ctx, r, cfg, "the model takes fewer phrases than the vocabulary has", slog.Int("taken", most), slog.Int("phrases", len(ours.Phrases)))
		}
		cfg.Phrases = ours.Phrases[:min(most, len(ours.Phrases))]
	case len(found) > 0:
		s.warn(ctx, r, cfg, "the model makes no phrases likelier: those that it recognises are written as the vocabulary has them", slog.Int("phrases", len(found)))
	}
	has := can.Has
	if len(ours.Filters) > 0 {
		has &^= stt.FeatureFilters
	}
	chain, native := feature.Select(s.opts.Features, &ours, has)
	if len(cfg.Filters) > 0 {
		native |= stt.FeatureFilters & can.Has
	}
	if len(cfg.Vocabs) > 0 {
		native |= stt.FeatureVocabs & can.Has
	}
	if len(cfg.Phrases) > 0 {
		native |= stt.FeaturePhrases & can.Has
	}
	cfg.Native = native
	return chain, nil
}

func (s *Service) warn(ctx context.Context, r *Request, cfg *stt.Config, msg string, attrs ...slog.Attr) {
	s.opts.Log.LogAttrs(ctx, slog.LevelWarn, msg, append(append(r.attrs(), slog.String("model", cfg.Model)), attrs...)...)
}

// filters returns the filters that the recognizer shall apply, and those that are applied here. A name that is known here is ours,
// whatever an upstream has under it; one that is not is the upstream's, where it knows filters by name.
func (s *Service) filters(ctx context.Context, r *Request, cfg *stt.Config, can *stt.Capabilities) (theirs, ours []stt.Filter, err error) {
	native := can.Has.Has(stt.FeatureFilters)
	for _, f := range cfg.Filters {
		switch {
		case len(f.Words) > 0 && native:
			theirs = append(theirs, f)
			continue
		case len(f.Words) > 0:
			ours = append(ours, f)
			continue
		}
		var known *resource.Filter
		if s.opts.Resources != nil {
			known, err = s.opts.Resources.Filter(ctx, r.Account, f.Name)
		}
		switch {
		case known != nil:
			if err := speaks(cfg, "filters", "vocabulary filter", known.Name, known.Language); err != nil {
				return nil, nil, err
			}
			f.Language, f.Words = known.Language, known.Words
			ours = append(ours, f)
		case native && (err == nil || stt.CodeOf(err) == stt.NotFound):
			theirs = append(theirs, f)
		case err != nil:
			return nil, nil, err
		default:
			return nil, nil, noFilters(cfg)
		}
	}
	if len(ours) > 0 && !feature.Gives(s.opts.Features).Has(stt.FeatureFilters) {
		return nil, nil, noFilters(cfg)
	}
	return theirs, ours, nil
}

// vocabularies returns the names that are the upstream's, and the phrases of the vocabularies that are kept here.
func (s *Service) vocabularies(ctx context.Context, r *Request, cfg *stt.Config, can *stt.Capabilities) (theirs []stt.NamedRef, ours []stt.Phrase, err error) {
	native := can.Has.Has(stt.FeatureVocabs)
	for _, v := range cfg.Vocabs {
		var known *resource.Vocabulary
		if s.opts.Resources != nil {
			known, err = s.opts.Resources.Vocabulary(ctx, r.Account, v.Name)
		}
		switch {
		case known != nil:
			if err := speaks(cfg, "vocabularies", "vocabulary", known.Name, known.Language); err != nil {
				return nil, nil, err
			}
			ours = append(ours, known.Phrases...)
		case s.opts.Resources == nil, native && stt.CodeOf(err) == stt.NotFound:
			theirs = append(theirs, v) // whether it can be offered is looked at later
		default:
			return nil, nil, err
		}
	}
	return theirs, ours, nil
}

func noFilters(cfg *stt.Config) error {
	return &stt.Error{Code: stt.Unsupported, Op: "open", Option: "filters", Msg: fmt.Sprintf("model %q has no vocabulary filters", cfg.Model)}
}

// speaks checks that something is for a language of the stream. Regions count, as they do at Amazon.
func speaks(cfg *stt.Config, option, what, name, language string) error {
	tags := cfg.Languages.Tags
	if language == "" || len(tags) == 0 || slices.ContainsFunc(tags, func(tag string) bool { return strings.EqualFold(tag, language) }) {
		return nil
	}
	if cfg.Languages.Mode == stt.LanguageFixed {
		tags = tags[:1]
	}
	return &stt.Error{Code: stt.Invalid, Op: "open", Option: option,
		Msg: fmt.Sprintf("The %s %s is for the language %s, and the stream is in %s. Use one of the same language.", what, name, language, strings.Join(tags, " or "))}
}
