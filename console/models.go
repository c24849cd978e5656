package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// modelsFor is how long the list of models is good: a recognizer may have to ask somebody.
const modelsFor = 5 * time.Second

// models is the list as it was. Its methods may be called concurrently.
type models struct {
	mu   sync.Mutex // guards what follows
	list []stt.Model
	at   time.Time
}

func (m *models) get(ctx context.Context, now time.Time, ask func(context.Context) ([]stt.Model, error)) ([]stt.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list != nil && now.Sub(m.at) < modelsFor && !now.Before(m.at) {
		return m.list, nil
	}
	list, err := ask(ctx)
	if err == nil {
		m.list, m.at = list, now
	}
	return list, err
}

// model is a model, with what can be asked for when it answers: what it can do itself, and what the server does for it.
type model struct {
	ID           string       `json:"id"`
	Title        string       `json:"title,omitempty"`
	Languages    []string     `json:"languages"`    // BCP 47; empty: any
	Rates        []int        `json:"sample_rates"` // Hz, that the server takes for it
	NativeRate   int          `json:"native_sample_rate,omitempty"`
	Capabilities capabilities `json:"capabilities"`
}

// capabilities are what the page has a switch for.
type capabilities struct {
	Partials        bool `json:"partials"`
	WordTimes       bool `json:"word_times"`
	Confidence      bool `json:"confidence"`
	Speakers        bool `json:"speakers"`
	MaxSpeakers     int  `json:"max_speakers"`
	Channels        int  `json:"channels"` // that are transcribed separately, at least 1
	Vocabulary      bool `json:"vocabulary"`
	Filter          bool `json:"vocabulary_filter"`
	Phrases         bool `json:"phrases"`
	Redaction       bool `json:"redaction"`
	Stabilization   bool `json:"stabilization"`
	Punctuation     bool `json:"punctuation"`
	Identification  bool `json:"language_identification"`
	Medical         bool `json:"medical"`
	MaxAlternatives int  `json:"max_alternatives"`
}

// modelList is what there is, and who answers whoever names none.
type modelList struct {
	Models  []model `json:"models"`
	Default string  `json:"default"`
}

func (c *Console) models(q *call) error {
	list, err := c.known.get(q.r.Context(), c.opts.Now(), c.opts.Models)
	if err != nil {
		return err
	}
	out := modelList{Models: make([]model, len(list))}
	for i := range list {
		out.Models[i] = c.model(&list[i])
	}
	if first, err := stt.FindModel(list, &stt.Config{}); err == nil {
		out.Default = first.ID
	}
	answer(q.w, http.StatusOK, out)
	return nil
}

func (c *Console) model(m *stt.Model) model {
	can := m.Can
	has := func(f stt.Feature) bool { return (can.Has | c.opts.Gives).Has(f) }
	out := model{ID: m.ID, Title: m.Title, Languages: can.Languages, Rates: c.opts.Rates, Capabilities: capabilities{
		Partials: has(stt.FeatureInterim), WordTimes: has(stt.FeatureWords), Confidence: has(stt.FeatureConfidence),
		Speakers: has(stt.FeatureSpeakers), MaxSpeakers: can.MaxSpeakers, Channels: max(can.MaxChannels, 1),
		Vocabulary: has(stt.FeatureVocabs) || c.opts.Vocabularies, Filter: has(stt.FeatureFilters), Phrases: has(stt.FeaturePhrases), Redaction: has(stt.FeaturePII),
		Stabilization: has(stt.FeatureStable), Punctuation: has(stt.FeaturePunctuation), Identification: has(stt.FeatureIdentify),
		Medical: has(stt.FeatureMedical), MaxAlternatives: max(can.MaxAlternatives, 1)}}
	if out.Languages == nil {
		out.Languages = []string{}
	}
	if out.Rates == nil {
		out.Rates = []int{}
	}
	if len(can.Formats) > 0 {
		out.NativeRate = can.Formats[0].Rate
	}
	return out
}
