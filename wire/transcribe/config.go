package transcribe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

var encodings = map[string]stt.Encoding{"pcm": stt.PCM16, "flac": stt.FLAC, "ogg-opus": stt.OggOpus,
	"g711-alaw": stt.ALaw, "g711-ulaw": stt.MuLaw}

var stabilities = map[string]stt.Stability{"": stt.StabilityHigh, "high": stt.StabilityHigh,
	"medium": stt.StabilityMedium, "low": stt.StabilityLow}

var methods = map[string]stt.FilterMethod{"": stt.FilterMask, "mask": stt.FilterMask, "remove": stt.FilterRemove, "tag": stt.FilterTag}

// Config returns what the parameters ask of a recognizer. Whether it can be done is for the session to say; Config fails
// with *stt.Error Unsupported only for what package stt has no words for. The parameters are those of ParseQuery, ParseHeader
// or ParamsOf. A window for resuming the session is not part of it: see [Params.ResumeWindow].
func (p *Params) Config() (stt.Config, error) {
	encoding, ok := encodings[p.MediaEncoding]
	if !ok {
		return stt.Config{}, &stt.Error{Code: stt.Unsupported, Op: "open", Msg: fmt.Sprintf("The parameter media-encoding is %s, which this server does not offer. Use one of %s.",
			short(p.MediaEncoding), strings.Join(served, ", "))}
	}
	if p.LanguageModelName != "" {
		return stt.Config{}, NotOffered("language-model-name", p.LanguageModelName)
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
		cfg.PII.Mode, cfg.PII.PHI = stt.PIIIdentify, p.Medical
	}
	if types := names("", p.PIIEntityTypes); !slices.Contains(types, "ALL") {
		cfg.PII.Types = types
	}
	cfg.Text.Spoken = p.TranscriptFormat == "spoken"
	if p.Medical {
		cfg.Medical = &stt.Medical{Specialty: p.Specialty, Type: p.Type}
	}
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

// NotOffered returns the refusal of a parameter, *stt.Error Unsupported. The value is told unless it is empty.
func NotOffered(name, value string) error {
	msg := "The parameter " + name + " asks for something that this server does not offer"
	if value != "" {
		msg += ": " + short(value)
	}
	return &stt.Error{Code: stt.Unsupported, Op: "open", Msg: msg + ". Leave it out."}
}
