package transcribe

import (
	"strings"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

var encodings = map[string]stt.Encoding{"pcm": stt.PCM16, "flac": stt.FLAC, "ogg-opus": stt.OggOpus,
	"g711-alaw": stt.ALaw, "g711-ulaw": stt.MuLaw}

var stabilities = map[string]stt.Stability{"": stt.StabilityHigh, "high": stt.StabilityHigh,
	"medium": stt.StabilityMedium, "low": stt.StabilityLow}

var methods = map[string]stt.FilterMethod{"": stt.FilterMask, "mask": stt.FilterMask, "remove": stt.FilterRemove, "tag": stt.FilterTag}

// Config returns what the parameters ask of a recognizer. Whether it can be done is for the session to say; Config fails
// with *stt.Error Unsupported only for what package stt has no words for.
func (p *Params) Config() (stt.Config, error) {
	encoding, ok := encodings[p.MediaEncoding]
	if !ok {
		return stt.Config{}, notOffered("media-encoding", p.MediaEncoding)
	}
	switch {
	case p.LanguageModelName != "":
		return stt.Config{}, notOffered("language-model-name", p.LanguageModelName)
	case p.SessionResumeWindow != 0:
		return stt.Config{}, notOffered("session-resume-window", "")
	}
	cfg := stt.Config{
		Audio:   stt.Format{Encoding: encoding, Rate: p.SampleRate, Channels: max(p.NumberOfChannels, 1)},
		Session: p.SessionID,
	}
	cfg.Languages = p.languages()
	if p.EnablePartialResultsStabilization {
		cfg.Interim.Stability = stabilities[p.PartialResultsStability]
	}
	if p.EnableChannelIdentification {
		cfg.Channels = stt.ChannelsSeparate
	}
	cfg.Speakers.On = p.ShowSpeakerLabel
	for _, name := range names(p.VocabularyName, p.VocabularyNames) {
		cfg.Vocabs = append(cfg.Vocabs, stt.NamedRef{Name: name})
	}
	for _, name := range names(p.VocabularyFilterName, p.VocabularyFilterNames) {
		cfg.Filters = append(cfg.Filters, stt.Filter{Name: name, Method: methods[p.VocabularyFilterMethod]})
	}
	switch {
	case p.ContentRedactionType != "":
		cfg.PII.Mode = stt.PIIRedact
	case p.ContentIdentificationType != "":
		cfg.PII.Mode = stt.PIIIdentify
	}
	if p.PIIEntityTypes != "" && p.PIIEntityTypes != "ALL" {
		cfg.PII.Types = names("", p.PIIEntityTypes)
	}
	cfg.Text.Spoken = p.TranscriptFormat == "spoken"
	return cfg, nil
}

func (p *Params) languages() stt.Languages {
	options := names("", p.LanguageOptions)
	switch {
	case p.IdentifyMultipleLanguages:
		return stt.Languages{Mode: stt.LanguageIdentifyMany, Tags: options, Preferred: p.PreferredLanguage}
	case p.IdentifyLanguage:
		return stt.Languages{Mode: stt.LanguageIdentify, Tags: options, Preferred: p.PreferredLanguage}
	default:
		return stt.Languages{Tags: []string{p.LanguageCode}}
	}
}

// names returns one name, or the names of a comma list.
func names(one, list string) []string {
	if one != "" {
		return []string{one}
	}
	var all []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func notOffered(name, value string) error {
	msg := "The parameter " + name + " asks for something that this server does not offer"
	if value != "" {
		msg += ": " + short(value)
	}
	return &stt.Error{Code: stt.Unsupported, Op: "open", Msg: msg + ". Leave it out."}
}

// ParamsOf returns the parameters that ask the service for cfg. It fails with *stt.Error Unsupported, naming the option, for
// what the protocol cannot say.
func ParamsOf(cfg *stt.Config) (Params, error) {
	unsupported := func(option, msg string) error {
		return &stt.Error{Code: stt.Unsupported, Op: "open", Option: option, Peer: "", Msg: msg}
	}
	switch {
	case cfg.Audio.Encoding != stt.PCM16 || cfg.Audio.Channels != 1:
		return Params{}, unsupported("encoding", "this client of Amazon Transcribe sends 16-bit PCM with one channel; got "+cfg.Audio.String())
	case cfg.Audio.Rate < 8000 || cfg.Audio.Rate > 48000:
		return Params{}, unsupported("encoding", "Amazon Transcribe takes 8000 to 48000 Hz; got "+cfg.Audio.String())
	case len(cfg.Phrases) > 0:
		return Params{}, unsupported("phrases", "Amazon Transcribe takes phrases as a vocabulary stored there, by name")
	case cfg.Medical != nil:
		return Params{}, unsupported("medical", "medical streams are not offered by this client of Amazon Transcribe")
	}
	p := Params{SampleRate: cfg.Audio.Rate, MediaEncoding: "pcm", ShowSpeakerLabel: cfg.Speakers.On}
	if _, err := uuid.Parse(cfg.Session); err == nil && len(cfg.Session) == 36 {
		p.SessionID = cfg.Session
	}
	p.setLanguages(&cfg.Languages)
	if cfg.Interim.Stability != stt.StabilityOff {
		p.EnablePartialResultsStabilization = true
		p.PartialResultsStability = [...]string{stt.StabilityLow: "low", stt.StabilityMedium: "medium", stt.StabilityHigh: "high"}[cfg.Interim.Stability]
	}
	var vocabs, filters []string
	for _, v := range cfg.Vocabs {
		vocabs = append(vocabs, v.Name)
	}
	for _, f := range cfg.Filters {
		filters = append(filters, f.Name)
		p.VocabularyFilterMethod = [...]string{stt.FilterMask: "mask", stt.FilterRemove: "remove", stt.FilterTag: "tag"}[f.Method]
	}
	// The singular goes with a language that is given, the plural with one to be found out.
	if cfg.Languages.Mode == stt.LanguageFixed {
		p.VocabularyName, p.VocabularyFilterName = strings.Join(vocabs, ","), strings.Join(filters, ",")
	} else {
		p.VocabularyNames, p.VocabularyFilterNames = strings.Join(vocabs, ","), strings.Join(filters, ",")
	}
	switch cfg.PII.Mode {
	case stt.PIIIdentify:
		p.ContentIdentificationType = "PII"
	case stt.PIIRedact:
		p.ContentRedactionType = "PII"
	}
	p.PIIEntityTypes = strings.Join(cfg.PII.Types, ",")
	if cfg.Text.Spoken {
		p.TranscriptFormat = "spoken"
	}
	return p, nil
}

func (p *Params) setLanguages(l *stt.Languages) {
	switch l.Mode {
	case stt.LanguageIdentify:
		p.IdentifyLanguage = true
	case stt.LanguageIdentifyMany:
		p.IdentifyMultipleLanguages = true
	default:
		p.LanguageCode = "en-US" // the service has no default of its own
		if len(l.Tags) > 0 {
			p.LanguageCode = l.Tags[0]
		}
		return
	}
	p.LanguageOptions, p.PreferredLanguage = strings.Join(l.Tags, ","), l.Preferred
}
