//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// built says whether the engine is part of this program.
const built = true

// defaultPartials is the distance of partials where the caller asks for no other.
const defaultPartials = 250 * time.Millisecond

// blockTime is how much audio is decoded at a time. Half of it is what the first words wait for on average.
const blockTime = 50 * time.Millisecond

const abilities = stt.FeatureInterim | stt.FeatureFlush | stt.FeatureSpeechEvents | stt.FeatureProgress |
	stt.FeatureDeterministic | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureEndpointing | stt.FeatureSpoken

var format = stt.Format{Encoding: stt.PCM16, Rate: vad.Rate, Channels: 1}

// Recognizer is the engine with its models. It implements stt.Recognizer, stt.Readier and io.Closer.
type Recognizer struct {
	opts   options
	gate   *gate
	cores  *cores
	served []*served // as in opts.models
}

// served is one model and what decodes with it.
type served struct {
	model  *model
	pool   *pool
	tuning *tuning // set before there is more than one search
	front  template
}

// open checks the models and loads each once, so that a bad one is found when the program starts.
func open(ctx context.Context, opts options) (stt.Recognizer, error) {
	r := &Recognizer{opts: opts, gate: newGate(opts.slots), cores: newCores(int(math.Ceil(thisMachine().cores)))}
	for i := range opts.models {
		m, err := serve(ctx, &opts, i)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.served = append(r.served, m)
	}
	return r, nil
}

// serve loads model i.
func serve(ctx context.Context, opts *options, i int) (*served, error) {
	if err := ctx.Err(); err != nil {
		return nil, stt.AsError(err)
	}
	files := opts.models[i].files
	m, err := checkModel(files)
	if err != nil {
		return nil, located(err, i)
	}
	how := once
	if opts.accurate {
		how = twice
	}
	sv := &served{model: m, tuning: tuningOf(files.hmm, m.streams)}
	sv.pool = newPool(2*opts.slots, func() (*search, error) {
		s, err := loadSearch(files, sv.tuning, how)
		if err != nil {
			return nil, located(&stt.Error{Code: stt.Invalid, Op: "open", Option: "hmm", Err: err,
				Msg: fmt.Sprintf("the library refuses the model in %q", files.hmm)}, i)
		}
		return s, nil
	})
	return sv, sv.warm(ctx)
}

// warm loads the first search. After an error nothing is left.
func (m *served) warm(ctx context.Context) error {
	s, err := m.pool.take(ctx)
	if err != nil {
		m.pool.close()
		return err
	}
	m.front = templateOf(s)
	if s.tuning != nil && s.adapt(nil) != nil { // where a pipe has no name, for example
		m.tuning = nil
		s.tuning = nil
	}
	m.pool.give(s)
	return nil
}

// Models implements stt.Recognizer.
func (r *Recognizer) Models(context.Context) ([]stt.Model, error) {
	models := make([]stt.Model, len(r.opts.models))
	for i, m := range r.opts.models {
		languages := []string{m.language}
		if base, _, regional := strings.Cut(m.language, "-"); regional {
			languages = append(languages, base) // it does for the other regions, too
		}
		models[i] = stt.Model{ID: m.name, Title: "PocketSphinx", Can: stt.Capabilities{
			Formats: []stt.Format{format}, Languages: languages, Has: abilities}}
	}
	return models, nil
}

// Ready implements stt.Readier: the models were loaded when the recognizer was made.
func (r *Recognizer) Ready(ctx context.Context) error { return ctx.Err() }

// Open implements stt.Recognizer. A stream holds a slot until it is closed or has ended.
func (r *Recognizer) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, stt.AsError(err)
	}
	models, err := r.Models(ctx)
	if err != nil {
		return nil, err
	}
	found, err := stt.FindModel(models, &cfg)
	if err != nil {
		return nil, err
	}
	set, err := r.settingsOf(&cfg)
	if err != nil {
		return nil, err
	}
	if err := r.gate.enter(); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(models, func(m stt.Model) bool { return m.ID == found.ID })
	dec, err := r.decoder(r.served[i], set, cfg.Start)
	if err != nil {
		r.gate.leave()
		return nil, err
	}
	return engine.NewStream(engine.Options{Format: format, Start: cfg.Start, Block: blockTime}, dec), nil
}

func (r *Recognizer) decoder(m *served, set settings, start stt.Time) (*decoder, error) {
	f, err := newFront(m.front)
	if err != nil {
		return nil, failed("open", err)
	}
	return &decoder{set: set, start: start, front: f, pool: m.pool, cores: r.cores, gate: r.gate,
		detect: vad.New(vad.Options{}), mean: newMean(m.model.mean, m.front.size), rows: row{size: m.front.size}}, nil
}

// Close implements io.Closer: it waits for all streams to end and gives the memory back.
func (r *Recognizer) Close() error {
	r.gate.close()
	for _, m := range r.served {
		m.pool.close()
	}
	return nil
}

// settingsOf takes from cfg what the engine honours and refuses what it would have to ignore.
func (r *Recognizer) settingsOf(cfg *stt.Config) (settings, error) {
	var none settings
	if cfg.Audio != format {
		return none, stt.InvalidOption("audio", cfg.Audio.String(), format.String())
	}
	if err := refuse(cfg); err != nil {
		return none, err
	}
	set := settings{partials: frames(defaultPartials)}
	if cfg.Languages.Tags != nil {
		set.language = cfg.Languages.Tags[0]
	}
	if cfg.Interim.Every > 0 {
		set.partials = max(1, frames(cfg.Interim.Every))
	}
	if cfg.Interim.Off {
		set.partials = 0
	}
	var err error
	if set.silence, err = between("endpoint.silence", cfg.Endpoint.Silence, leastSilence, r.opts.silence, mostSilence); err != nil {
		return none, err
	}
	set.longest, err = between("endpoint.max-segment", cfg.Endpoint.MaxSegment, leastLongest, r.opts.longest, mostLongest)
	return set, err
}

// refuse names the first thing cfg asks for that the engine has not.
func refuse(cfg *stt.Config) error {
	for _, o := range []struct {
		name  string
		asked bool
	}{
		{"languages.mode", cfg.Languages.Mode != stt.LanguageFixed},
		{"channels", cfg.Channels != stt.ChannelsMixed},
		{"speakers", cfg.Speakers.On},
		{"phrases", len(cfg.Phrases) > 0},
		{"vocabularies", len(cfg.Vocabs) > 0},
		{"filters", len(cfg.Filters) > 0},
		{"pii", cfg.PII.Mode != stt.PIIOff},
		{"medical", cfg.Medical != nil},
		{"interim.stability", cfg.Interim.Stability != stt.StabilityOff},
		{"endpoint.max-silence", cfg.Endpoint.MaxSilence != 0},
		{"prompt", cfg.Prompt != ""},
		{"temperature", cfg.Temp != nil},
		{"vendor", len(cfg.Vendor) > 0},
		{"native", !abilities.Has(cfg.Native)},
	} {
		if o.asked {
			return &stt.Error{Code: stt.Unsupported, Op: "open", Option: o.name,
				Msg: fmt.Sprintf("option %q is not offered by the pocketsphinx engine", o.name)}
		}
	}
	return nil
}

func between(option string, v, least, usual, most time.Duration) (int, error) {
	if v == 0 {
		v = usual
	}
	if v < least || v > most {
		return 0, stt.InvalidOption(option, v.String(), fmt.Sprintf("%v to %v", least, most))
	}
	return frames(v), nil
}

func frames(t time.Duration) int { return int(t / frameTime) }

// failed is the error for what the library should never do.
func failed(op string, err error) *stt.Error {
	var known *stt.Error
	if errors.As(err, &known) {
		return known
	}
	code := stt.Internal
	if errors.Is(err, errFatal) {
		code = stt.Unavailable // another stream, on another decoder, may do better
	}
	return &stt.Error{Code: code, Op: op, Msg: "the speech recogniser failed", Err: err}
}

var (
	_ stt.Recognizer = (*Recognizer)(nil)
	_ stt.Readier    = (*Recognizer)(nil)
)
