//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// built says whether the engine is part of this program.
const built = true

// Defaults and limits of stt.Endpointing and stt.Interim.
const (
	defaultSilence  = 500 * time.Millisecond
	defaultLongest  = 20 * time.Second
	defaultPartials = 250 * time.Millisecond
	leastSilence    = 100 * time.Millisecond
	mostSilence     = 10 * time.Second
	leastLongest    = 2 * time.Second
	mostLongest     = 60 * time.Second
)

const abilities = stt.FeatureInterim | stt.FeatureFlush | stt.FeatureSpeechEvents | stt.FeatureProgress |
	stt.FeatureDeterministic | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureEndpointing | stt.FeatureSpoken

var format = stt.Format{Encoding: stt.PCM16, Rate: vad.Rate, Channels: 1}

// Recognizer is the engine with one model. It implements stt.Recognizer, stt.Readier and io.Closer.
type Recognizer struct {
	opts  options
	model *model
	pool  *pool
}

// open checks the model and loads it once, so that a bad model is found when the program starts.
func open(ctx context.Context, opts options) (stt.Recognizer, error) {
	if err := ctx.Err(); err != nil {
		return nil, stt.AsError(err)
	}
	m, err := checkModel(opts.files)
	if err != nil {
		return nil, err
	}
	r := &Recognizer{opts: opts, model: m}
	r.pool = newPool(opts.slots, func() (*search, error) {
		s, err := loadSearch(opts.files.hmm, opts.files.lm, opts.files.dict)
		if err != nil {
			return nil, &stt.Error{Code: stt.Invalid, Op: "open", Option: "pocketsphinx.hmm", Err: err,
				Msg: fmt.Sprintf("the library refuses the model in %q", opts.files.hmm)}
		}
		return s, nil
	})
	s, err := r.pool.take()
	if err != nil {
		return nil, err
	}
	r.pool.give(s)
	return r, nil
}

// Models implements stt.Recognizer.
func (r *Recognizer) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: r.opts.name, Title: "PocketSphinx", Can: stt.Capabilities{
		Formats:   []stt.Format{format},
		Languages: []string{r.opts.language},
		Has:       abilities,
	}}}, nil
}

// Ready implements stt.Readier: the model was loaded when the recognizer was made.
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
	if _, err := stt.FindModel(models, &cfg); err != nil {
		return nil, err
	}
	set, err := settingsOf(&cfg)
	if err != nil {
		return nil, err
	}
	dec, err := r.decoder(set, cfg.Start)
	if err != nil {
		return nil, err
	}
	return engine.NewStream(engine.Options{Format: format, Start: cfg.Start}, dec), nil
}

func (r *Recognizer) decoder(set settings, start stt.Time) (*decoder, error) {
	s, err := r.pool.take()
	if err != nil {
		return nil, err
	}
	f, err := newFront(s)
	if err != nil {
		r.pool.give(s)
		return nil, failed("open", err)
	}
	return &decoder{set: set, start: start, search: s, front: f, pool: r.pool,
		detect: vad.New(vad.Options{}), mean: newMean(r.model.mean, s.size), rows: row{size: s.size}}, nil
}

// Close implements io.Closer: it waits for all streams to end and gives the memory back.
func (r *Recognizer) Close() error {
	r.pool.close()
	return nil
}

// settingsOf takes from cfg what the engine honours and refuses what it would have to ignore.
func settingsOf(cfg *stt.Config) (settings, error) {
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
	if set.silence, err = between("endpoint.silence", cfg.Endpoint.Silence, leastSilence, defaultSilence, mostSilence); err != nil {
		return none, err
	}
	set.longest, err = between("endpoint.max-segment", cfg.Endpoint.MaxSegment, leastLongest, defaultLongest, mostLongest)
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
