package session

import (
	"fmt"
	"slices"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// demand is something a request may ask for that not every model can do.
type demand struct {
	option string // as package stt's errors name it
	what   string // for people
	needs  stt.Feature
	asked  func(c *stt.Config) bool
}

var demands = []demand{
	{"stability", "stable partial results", stt.FeatureStable, func(c *stt.Config) bool { return c.Interim.Stability != stt.StabilityOff }},
	{"speakers", "speaker labels", stt.FeatureSpeakers, func(c *stt.Config) bool { return c.Speakers.On }},
	{"identify", "language identification", stt.FeatureIdentify, func(c *stt.Config) bool { return c.Languages.Mode != stt.LanguageFixed }},
	{"phrases", "phrases to expect", stt.FeaturePhrases, func(c *stt.Config) bool { return len(c.Phrases) > 0 }},
	{"vocabularies", "custom vocabularies", stt.FeatureVocabs, func(c *stt.Config) bool { return len(c.Vocabs) > 0 }},
	{"filters", "vocabulary filters", stt.FeatureFilters, func(c *stt.Config) bool { return len(c.Filters) > 0 }},
	{"pii", "personal data to be found or redacted", stt.FeaturePII, func(c *stt.Config) bool { return c.PII.Mode != stt.PIIOff || c.PII.Types != nil }},
	{"spoken", "spoken-form text", stt.FeatureSpoken, func(c *stt.Config) bool { return c.Text.Spoken }},
}

// offered refuses what neither the model nor a feature can do, so that nothing asked for is silently left out.
func offered(cfg *stt.Config, can *stt.Capabilities, gives stt.Feature) error {
	for _, d := range demands {
		if d.asked(cfg) && !(can.Has | gives).Has(d.needs) {
			return &stt.Error{Code: stt.Unsupported, Op: "open", Option: d.option, Msg: fmt.Sprintf("model %q has no %s", cfg.Model, d.what)}
		}
	}
	if cfg.Channels == stt.ChannelsSeparate && max(can.MaxChannels, 1) < cfg.Audio.Channels {
		return &stt.Error{Code: stt.Unsupported, Op: "open", Option: "channels",
			Msg: fmt.Sprintf("model %q does not transcribe channels separately", cfg.Model)}
	}
	return nil
}

// newIntake finds the way from the caller's audio to what the model takes, and sets cfg.Audio to the latter.
func (s *Service) newIntake(cfg *stt.Config, can *stt.Capabilities) (intake, error) {
	from := cfg.Audio
	kind, container := containers[from.Encoding]
	if _, bare := sampleEncodings[from.Encoding]; !bare && !container {
		return intake{}, &stt.Error{Code: stt.Unsupported, Op: "open", Option: "encoding", Got: from.Encoding.String(), Want: "pcm",
			Msg: fmt.Sprintf("audio encoding %q; send 16-bit PCM", from.Encoding)}
	}
	if from.Rate < audio.MinRate || from.Rate > audio.MaxRate || from.Channels < 1 || from.Channels > audio.MaxChannels {
		return intake{}, stt.InvalidOption("audio", from.String(), fmt.Sprintf("%d to %d Hz, 1 to %d channels", audio.MinRate, audio.MaxRate, audio.MaxChannels))
	}
	in := intake{from: from, separate: cfg.Channels == stt.ChannelsSeparate, bank: s.bank}
	channels := 1
	if in.separate {
		channels = from.Channels
	}
	var err error
	if in.to, err = target(from, channels, can); err != nil {
		return intake{}, err
	}
	switch {
	case container:
		if in.dec, err = audio.NewDecoder(kind); err == nil {
			in.damage = new(damage)
			in.dec.Tolerate(in.damage.note)
		}
	case in.to != from:
		var bank *audio.Bank
		if bank, err = s.bank(from.Rate, in.to.Rate); err == nil {
			in.resampler, err = bank.Resampler(channels)
		}
	}
	if err != nil {
		return intake{}, &stt.Error{Code: stt.Internal, Op: "open", Msg: "no way to take " + from.String(), Err: err}
	}
	cfg.Audio = in.to
	return in, nil
}

// target returns the format to send, 16-bit PCM with so many channels: at the caller's rate where the model takes that, else
// at the model's.
func target(from stt.Format, channels int, can *stt.Capabilities) (stt.Format, error) {
	to := stt.Format{Encoding: stt.PCM16, Rate: from.Rate, Channels: channels}
	if can.Takes(to) {
		return to, nil
	}
	i := slices.IndexFunc(can.Formats, func(f stt.Format) bool {
		return f.Encoding == stt.PCM16 && (f.Channels == 0 || f.Channels == channels)
	})
	if i < 0 {
		return stt.Format{}, &stt.Error{Code: stt.Unsupported, Op: "open", Option: "encoding", Got: from.Encoding.String(),
			Msg: fmt.Sprintf("the model takes no 16-bit PCM with %d channels", channels)}
	}
	to.Rate = can.Formats[i].Rate // not 0, or the model would take any
	return to, nil
}
