package script

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// FaultKind is a way to go wrong.
type FaultKind uint8

// The faults.
const (
	None   FaultKind = iota
	Die              // the stream fails with Unavailable
	Stall            // the engine stops taking audio and says nothing more
	Slow             // each second of audio takes Factor seconds
	Refuse           // Open fails with Exhausted
)

var faultNames = []string{"none", "die", "stall", "slow", "refuse"}

// Fault is a fault on request.
type Fault struct {
	Kind   FaultKind
	At     stt.Time // session time at which it sets in
	Factor float64  // for Slow: seconds per second of audio
	Times  int64    // how many streams suffer from it, the first ones; 0: all
}

// Options says how a scripted engine behaves.
type Options struct {
	Script    Script // is not changed, and must not be
	Fault     Fault
	Slots     int           // streams at the same time; 0: any number
	Languages []string      // claimed; nil: any
	MaxAhead  time.Duration // audio that waits for the engine before Send blocks; 0: as engine.Options has it
}

// Recognizer is a scripted engine. It implements stt.Recognizer and may be used concurrently.
type Recognizer struct {
	opts Options
	open atomic.Int64
	hurt atomic.Int64 // streams that have suffered from the fault
}

// New returns a scripted engine.
func New(opts Options) *Recognizer { return &Recognizer{opts: opts} }

// ModelID is the name of the engine's one model.
const ModelID = "script"

const abilities = stt.FeatureInterim | stt.FeatureFlush | stt.FeatureSpeechEvents | stt.FeatureProgress |
	stt.FeatureDeterministic | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureStable | stt.FeatureSpoken

// Models implements stt.Recognizer. Any rate is taken, because nobody listens.
func (r *Recognizer) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: ModelID, Title: "A script, for tests", Can: stt.Capabilities{
		Formats: []stt.Format{{Encoding: stt.PCM16, Channels: 1}}, Languages: slices.Clone(r.opts.Languages), Has: abilities}}}, nil
}

// Open implements stt.Recognizer.
func (r *Recognizer) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	models, _ := r.Models(ctx)
	if _, err := stt.FindModel(models, &cfg); err != nil {
		return nil, err
	}
	if !models[0].Can.Takes(cfg.Audio) || cfg.Audio.Rate <= 0 {
		return nil, stt.InvalidOption("audio", cfg.Audio.String(), "16-bit PCM with one channel")
	}
	slot := r.open.Add(1)
	full := r.opts.Slots > 0 && slot > int64(r.opts.Slots)
	var fault Fault
	if !full { // a stream that is not opened suffers from nothing
		fault = r.fault()
	}
	if full || fault.Kind == Refuse {
		r.open.Add(-1)
		return nil, &stt.Error{Code: stt.Exhausted, Op: "open", RetryAfter: time.Second, Msg: "all slots of the scripted engine are taken"}
	}
	d := &decoder{rec: r, fault: fault, cfg: cfg, now: cfg.Start, script: r.opts.Script.from(cfg.Start)}
	// To stall for ever is what this engine may be asked for.
	return engine.NewStream(engine.Options{Format: cfg.Audio, Start: cfg.Start, Block: block, MaxAhead: r.opts.MaxAhead, Patience: -1}, d), nil
}

// fault draws the fault of the next stream.
func (r *Recognizer) fault() Fault {
	f := r.opts.Fault
	if f.Kind == None || f.Times > 0 && r.hurt.Add(1) > f.Times {
		return Fault{}
	}
	return f
}

// from returns what the script says from a time on. A word that began before is left out: whoever resumes in the middle
// of a word has not heard it. The result shares memory with the script, for there may be thousands of streams.
func (s Script) from(start stt.Time) Script {
	for i, seg := range s {
		first := slices.IndexFunc(seg.Words, func(w Word) bool { return w.Start >= start })
		switch {
		case first < 0:
			continue
		case first == 0 && seg.Start >= start:
			return s[i:]
		}
		seg.Start, seg.Words = max(seg.Start, start), seg.Words[first:]
		return append(Script{seg}, s[i+1:]...)
	}
	return nil
}

// Driver describes the engine for configuration files: a server for other people's tests.
func Driver() stt.Driver {
	return stt.Driver{
		Name: "script", Title: "Scripted engine",
		Doc: "Says a script bound to audio time, whatever the audio holds, with faults on request. It serves tests of applications: no model, no microphone, the same words every time.",
		Options: []stt.Option{
			{Name: "script", Kind: stt.KindPath, Help: "Must be set: a text file with one segment a line: start and end in seconds, then the words (0.5-2.1 good morning everybody). The format, and the faults: docs/scripted-engine.md."},
			{Name: "fault", Default: "none", Enum: slices.Clone(faultNames), Help: "How streams go wrong: die (the stream fails as when an engine crashes), stall (no more audio is taken, and nothing said), slow (a second of audio takes fault_factor seconds), refuse (no stream is opened)."},
			{Name: "fault_at", Default: "0s", Kind: stt.KindDuration, Help: "Audio time at which the fault sets in."},
			{Name: "fault_factor", Default: "2", Kind: stt.KindInt, Help: "With fault slow: seconds that a second of audio takes."},
			{Name: "fault_times", Default: "0", Kind: stt.KindInt, Help: "How many streams suffer from the fault, the first ones; 0 means all."},
			{Name: "slots", Default: "0", Kind: stt.KindInt, Help: "Streams at the same time; 0 means any number."},
			{Name: "languages", Help: "Language tags served, separated by commas; empty means any."},
		},
		New: open,
	}
}

// example is a script to begin with.
const example = "0.5-2.1 good morning everybody"

func open(_ context.Context, v map[string]string) (stt.Recognizer, error) {
	if v["script"] == "" {
		return nil, &stt.Error{Code: stt.Invalid, Option: "script.script", Want: "a file", Msg: `option "script.script" must be set: it names a text file with what is to be said, for example with the one line "` +
			example + `" (seconds of audio, then words; docs/scripted-engine.md)`}
	}
	text, err := os.ReadFile(v["script"])
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Option: "script.script", Msg: `option "script.script" names a file that cannot be read`, Err: err}
	}
	s, err := Parse(string(text))
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Option: "script.script", Msg: err.Error()}
	}
	at, _ := time.ParseDuration(v["fault_at"]) // kinds have been checked
	factor, _ := strconv.Atoi(v["fault_factor"])
	times, _ := strconv.Atoi(v["fault_times"])
	slots, _ := strconv.Atoi(v["slots"])
	var tags []string
	if v["languages"] != "" {
		for tag := range strings.SplitSeq(v["languages"], ",") {
			tags = append(tags, strings.TrimSpace(tag))
		}
	}
	kind := FaultKind(slices.Index(faultNames, v["fault"]))
	return New(Options{Script: s, Slots: slots, Languages: tags,
		Fault: Fault{Kind: kind, At: at, Factor: float64(factor), Times: int64(times)}}), nil
}
