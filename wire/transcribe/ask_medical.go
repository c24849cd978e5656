package transcribe

import (
	"cmp"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// setMedical sets what the medical operation has beside the audio. A specialty or type of speech that is not given is the
// first that the service knows: primary care, a conversation.
func (p *Params) setMedical(cfg *stt.Config) error {
	if err := medicallyExpressible(cfg); err != nil {
		return err
	}
	p.Medical, p.LanguageCode = true, medicalLanguage
	p.Specialty = cmp.Or(strings.ToUpper(cfg.Medical.Specialty), specialties[0])
	p.Type = cmp.Or(strings.ToUpper(cfg.Medical.Type), speechTypes[0])
	switch {
	case !slices.Contains(specialties, p.Specialty):
		return refuse(stt.Invalid, "medical", "Amazon Transcribe knows the specialties %s; got %q", strings.Join(specialties, ", "), short(p.Specialty))
	case !slices.Contains(speechTypes, p.Type):
		return refuse(stt.Invalid, "medical", "Amazon Transcribe knows the types of speech %s; got %q", strings.Join(speechTypes, ", "), short(p.Type))
	}
	if cfg.PII.Mode == stt.PIIIdentify {
		p.ContentIdentificationType = "PHI"
	}
	for _, v := range cfg.Vocabs {
		if isName(v.Name) != "" || len(cfg.Vocabs) > 1 {
			return refuse(stt.Unsupported, "vocabularies", "Amazon Transcribe takes one medical vocabulary by the name it is stored under there, 1 to 200 of 0-9 a-z A-Z . _ -; got %d, the first %q", len(cfg.Vocabs), short(cfg.Vocabs[0].Name))
		}
		p.VocabularyName = v.Name
	}
	return nil
}

// medicalLanguage is the only one.
const medicalLanguage = "en-US"

// medicallyExpressible refuses what the standard operation has and the medical one has not.
func medicallyExpressible(cfg *stt.Config) error {
	tags := cfg.Languages.Tags
	switch {
	case cfg.Languages.Mode != stt.LanguageFixed, len(tags) > 0 && !strings.EqualFold(tags[0], medicalLanguage):
		return refuse(stt.Unsupported, "language", "Amazon Transcribe takes medical speech in en-US only; got %s", short(strings.Join(tags, ", ")))
	case cfg.Audio.Rate < 16000:
		return refuse(stt.Unsupported, "encoding", "Amazon Transcribe takes medical speech at 16000 to 48000 Hz; got %s", cfg.Audio)
	case cfg.Interim.Stability != stt.StabilityOff:
		return refuse(stt.Unsupported, "stability", "Amazon Transcribe has no stable partial results in medical streams")
	case len(cfg.Filters) > 0:
		return refuse(stt.Unsupported, "filters", "Amazon Transcribe has no vocabulary filters in medical streams")
	case cfg.PII.Mode == stt.PIIRedact || cfg.PII.Mode == stt.PIIIdentify && !cfg.PII.PHI || len(cfg.PII.Types) > 0:
		return refuse(stt.Unsupported, "pii", "Amazon Transcribe identifies health information as a whole in medical streams, and nothing else")
	case cfg.Text.Spoken:
		return refuse(stt.Unsupported, "spoken", "Amazon Transcribe has no spoken form of text in medical streams")
	}
	return nil
}
