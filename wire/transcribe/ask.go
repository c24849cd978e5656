package transcribe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

// ParamsOf returns the parameters that ask the service for cfg. It fails with *stt.Error Unsupported, naming the option, for
// what the protocol cannot say, and Invalid for what the service would refuse. What only helps a recognizer (endpointing,
// prompt, temperature, the number of speakers, the distance of partials) is left out.
// A medical cfg is asked of the medical operation.
func ParamsOf(cfg *stt.Config) (Params, error) {
	if err := expressible(cfg); err != nil {
		return Params{}, err
	}
	p := Params{SampleRate: cfg.Audio.Rate, MediaEncoding: "pcm", ShowSpeakerLabel: cfg.Speakers.On}
	if _, err := uuid.Parse(cfg.Session); err == nil && len(cfg.Session) == 36 {
		p.SessionID = cfg.Session
	}
	if cfg.Medical != nil {
		return p, p.setMedical(cfg)
	}
	if err := p.setLanguages(&cfg.Languages); err != nil {
		return Params{}, err
	}
	if p.identifies() && cfg.PII.Mode == stt.PIIRedact {
		return Params{}, refuse(stt.Unsupported, "pii", "Amazon Transcribe redacts nothing where it is to identify the language")
	}
	if cfg.Interim.Stability != stt.StabilityOff {
		p.EnablePartialResultsStabilization = true
		p.PartialResultsStability = nameOf(stabilities, cfg.Interim.Stability)
	}
	if err := p.setResources(cfg); err != nil {
		return Params{}, err
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

// nameOf returns the name of a value in one of the tables, where the empty name stands for the service's default.
func nameOf[V comparable](table map[string]V, value V) string {
	for name, v := range table {
		if v == value && name != "" {
			return name
		}
	}
	return ""
}

func refuse(code stt.Code, option, format string, args ...any) error {
	return &stt.Error{Code: code, Op: "open", Option: option, Msg: fmt.Sprintf(format, args...)}
}

func expressible(cfg *stt.Config) error {
	switch {
	case cfg.Audio.Encoding != stt.PCM16 || cfg.Audio.Channels != 1:
		return refuse(stt.Unsupported, "encoding", "this client of Amazon Transcribe sends 16-bit PCM with one channel; got %s", cfg.Audio)
	case cfg.Audio.Rate < 8000 || cfg.Audio.Rate > 48000:
		return refuse(stt.Unsupported, "encoding", "Amazon Transcribe takes 8000 to 48000 Hz; got %s", cfg.Audio)
	case len(cfg.Phrases) > 0:
		return refuse(stt.Unsupported, "phrases", "Amazon Transcribe takes phrases as a vocabulary stored there, by name")
	case cfg.PII.PHI && cfg.Medical == nil:
		return refuse(stt.Unsupported, "pii", "Amazon Transcribe finds health information in medical streams only")
	case cfg.PII.Mode == stt.PIIOff && len(cfg.PII.Types) > 0:
		return refuse(stt.Invalid, "pii", "types of personal data are given, but not whether to identify or redact it")
	case cfg.Text.NoPunctuation || cfg.Text.NoCase:
		return refuse(stt.Unsupported, "text", "Amazon Transcribe writes punctuation and case always")
	}
	return nil
}

func (p *Params) setLanguages(l *stt.Languages) error {
	switch l.Mode {
	case stt.LanguageIdentify:
		// The service takes a preference here only.
		p.IdentifyLanguage, p.PreferredLanguage = true, l.Preferred
	case stt.LanguageIdentifyMany:
		p.IdentifyMultipleLanguages = true
	default:
		p.LanguageCode = "en-US" // the service has no default of its own
		if len(l.Tags) > 0 {
			p.LanguageCode = l.Tags[0]
		}
		return nil
	}
	if len(l.Tags) < 2 {
		return refuse(stt.Invalid, "identify", "Amazon Transcribe identifies a language among two or more; got %d", len(l.Tags))
	}
	if dialects(l.Tags) {
		return refuse(stt.Invalid, "identify", "Amazon Transcribe takes one dialect of each language; got %s", short(strings.Join(l.Tags, ", ")))
	}
	if l.Preferred != "" && !slices.Contains(l.Tags, l.Preferred) {
		return refuse(stt.Invalid, "identify", "the preferred language %q is not among the candidates %s", short(l.Preferred), short(strings.Join(l.Tags, ", ")))
	}
	p.LanguageOptions = strings.Join(l.Tags, ",")
	return nil
}

// setResources names vocabularies and filters. The singular goes with a language that is given, the plural with one that is
// to be found out.
func (p *Params) setResources(cfg *stt.Config) error {
	var vocabs, filters []string
	for _, v := range cfg.Vocabs {
		vocabs = append(vocabs, v.Name)
	}
	for i, f := range cfg.Filters {
		if i > 0 && f.Method != cfg.Filters[0].Method {
			return refuse(stt.Unsupported, "filters", "Amazon Transcribe treats the words of all vocabulary filters in one way; give one method")
		}
		filters = append(filters, f.Name)
		p.VocabularyFilterMethod = nameOf(methods, f.Method)
	}
	fixed := cfg.Languages.Mode == stt.LanguageFixed
	if err := setNames("vocabularies", vocabs, fixed, &p.VocabularyName, &p.VocabularyNames); err != nil {
		return err
	}
	return setNames("filters", filters, fixed, &p.VocabularyFilterName, &p.VocabularyFilterNames)
}

func setNames(option string, given []string, fixed bool, one, many *string) error {
	for _, n := range given {
		if isName(n) != "" {
			return refuse(stt.Unsupported, option, "Amazon Transcribe takes %s by the names they are stored under there, 1 to 200 of 0-9 a-z A-Z . _ -; got %q", option, short(n))
		}
	}
	switch {
	case !fixed:
		*many = strings.Join(given, ",")
	case len(given) > 1:
		return refuse(stt.Unsupported, option, "Amazon Transcribe takes one of %s where the language is given; got %d", option, len(given))
	case len(given) == 1:
		*one = given[0]
	}
	return nil
}
