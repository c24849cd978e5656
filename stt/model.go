package stt

import (
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Model is one model of a recognizer.
type Model struct {
	ID    string // as in [Config].Model
	Title string // for people
	Can   Capabilities
}

// Capabilities is what a model promises. The conformance suite fails a promise that is not kept.
type Capabilities struct {
	Formats   []Format // audio it takes, its favourite first; Rate 0 or Channels 0 in an entry means any
	Languages []string // BCP 47, see Serves; a bare language ("fr") stands for all its regions; nil: any
	Has       Feature

	MaxChannels     int           // channels it transcribes separately; 0: one
	MaxAlternatives int           // 0: one
	MaxSpeakers     int           // 0: no speaker labels
	MaxPhrases      int           // 0: none
	MinChunk        time.Duration // shorter chunks are refused by the upstream; adapters collect. 0: any
	MaxChunk        time.Duration // longer chunks are refused by the upstream; adapters split. 0: any
	MaxStream       time.Duration // audio time after which a stream ends; 0: none
	MaxIdle         time.Duration // wall time without audio after which a stream ends; 0: none
	MaxPace         float64       // multiple of real time at which audio may come; 0: any
}

// Serves reports whether the model takes the language: it lists the tag, or the bare language that the tag begins with, so
// that "fr" in the list serves "fr-CA" while "fr-FR" does not. Tags are compared without case (BCP 47, section 2.1.1) and
// have hyphens: "fr_CA" is none. An empty tag is served by all.
func (c *Capabilities) Serves(tag string) bool {
	language, _, _ := strings.Cut(tag, "-")
	return tag == "" || c.Languages == nil || c.lists(tag) || c.lists(language)
}

func (c *Capabilities) lists(tag string) bool {
	return slices.ContainsFunc(c.Languages, func(l string) bool { return strings.EqualFold(l, tag) })
}

// Takes reports whether the model takes audio in format f as it is.
func (c *Capabilities) Takes(f Format) bool {
	return slices.ContainsFunc(c.Formats, func(have Format) bool {
		return have.Encoding == f.Encoding && (have.Rate == 0 || have.Rate == f.Rate) &&
			(have.Channels == 0 || have.Channels == f.Channels)
	})
}

// Feature is a set of abilities.
type Feature uint64

// The abilities. Each is a promise that can be checked.
const (
	FeatureInterim       Feature = 1 << iota // partials before finals
	FeatureFlush                             // Flush gives finals and an EventFlushed
	FeatureSpeechEvents                      // EventSpeechStart and EventSpeechEnd
	FeatureProgress                          // progress passes through silence, not only at finals and at the end
	FeatureDeterministic                     // the same finals for any cut of the same audio
	FeatureOverlap                           // finals may overlap (several speakers at once)
	FeatureWords                             // words with times
	FeatureConfidence                        // word confidence in finals
	FeatureStable                            // stable words in partials
	FeaturePunctuation                       // punctuation marks
	FeatureCase                              // upper and lower case
	FeatureSpoken                            // numbers as words on request
	FeatureSpeakers                          // speaker labels
	FeatureIdentify                          // language identification
	FeaturePhrases                           // boosts phrases
	FeatureVocabs                            // vocabularies by name
	FeatureFilters                           // vocabulary filters
	FeaturePII                               // finds or redacts personal data
	FeatureMedical                           // medical models
	FeatureUpdate                            // streams implement Updater
	FeatureEndpointing                       // honours Endpointing
)

var featureNames = []string{"interim", "flush", "speech-events", "progress", "deterministic", "overlap", "words", "confidence",
	"stable", "punctuation", "case", "spoken", "speakers", "identify", "phrases", "vocabularies", "filters", "pii", "medical",
	"update", "endpointing"}

// Has reports whether f has all of want.
func (f Feature) Has(want Feature) bool { return f&want == want }

// String lists the names of the set, separated by commas.
func (f Feature) String() string {
	var names []string
	for f != 0 {
		i := bits.TrailingZeros64(uint64(f))
		names = append(names, nameOf(featureNames, uint8(i)))
		f &^= 1 << i
	}
	return strings.Join(names, ",")
}

// FindModel returns the model of models that cfg asks for: the one it names, else the first that lists its very tag, else
// the first that serves its language (see [Capabilities.Serves]), else, where no language is asked for, the first. So a
// model that lists "en-US" and "en" answers to every English tag that no other model lists. Only a fixed language is judged; candidates of an identification are not, because something else than the model may
// identify. It fails with [NotFound] or [Unsupported], naming what there is.
func FindModel(models []Model, cfg *Config) (Model, error) {
	tag := ""
	if cfg.Languages.Mode == LanguageFixed && len(cfg.Languages.Tags) > 0 {
		tag = cfg.Languages.Tags[0]
	}
	named := false // some model has the name, or none was asked for
	var second *Model
	var ids, tags []string
	for i := range models {
		m := &models[i]
		if cfg.Model != "" && cfg.Model != m.ID {
			ids = append(ids, m.ID)
			continue
		}
		if m.Can.lists(tag) {
			return *m, nil
		}
		if second == nil && m.Can.Serves(tag) {
			second = m
		}
		named = true
		tags = append(tags, m.Can.Languages...)
	}
	if second != nil {
		return *second, nil
	}
	if !named {
		msg := "no model is available"
		if cfg.Model != "" {
			msg = "model " + quote(cfg.Model) + " is not known; there are: " + orNone(ids)
		}
		return Model{}, &Error{Code: NotFound, Option: "model", Want: strings.Join(ids, ", "), Got: cfg.Model, Msg: msg}
	}
	slices.Sort(tags)
	tags = slices.Compact(tags)
	by := ""
	if cfg.Model != "" {
		by = " by model " + quote(cfg.Model)
	}
	return Model{}, &Error{Code: Unsupported, Option: "language", Want: strings.Join(tags, ", "), Got: tag,
		Msg: "language " + quote(tag) + " is not served" + by + "; served are: " + orNone(tags)}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
