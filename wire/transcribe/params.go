package transcribe

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// Params are the parameters of a standard streaming request (developer guide and API model, StartStreamTranscription). The
// zero value of a field means that the parameter was not given, or was given with a value that asks for nothing.
type Params struct {
	LanguageCode                      string
	SampleRate                        int // Hz
	MediaEncoding                     string
	SessionID                         string // a UUID
	VocabularyName                    string
	VocabularyNames                   string
	VocabularyFilterName              string
	VocabularyFilterNames             string
	VocabularyFilterMethod            string
	ShowSpeakerLabel                  bool
	EnableChannelIdentification       bool
	NumberOfChannels                  int
	EnablePartialResultsStabilization bool
	PartialResultsStability           string
	ContentIdentificationType         string
	ContentRedactionType              string
	PIIEntityTypes                    string
	LanguageModelName                 string
	IdentifyLanguage                  bool
	IdentifyMultipleLanguages         bool
	LanguageOptions                   string
	PreferredLanguage                 string
	SessionResumeWindow               int // minutes
	TranscriptFormat                  string
}

// parameter describes one parameter: its name on the wire, its member in the API model (which validation texts use), and
// the options of package stt that it sets, so that errors of the hub can be told in the client's words.
type parameter struct {
	name, member string
	options      []string
	check        func(value string) string // returns the constraint that is not met, or ""
	field        func(p *Params) any       // *string, *int or *bool
}

var parameters = []parameter{
	{name: "language-code", member: "languageCode", options: []string{"language"}, check: upTo(20), field: func(p *Params) any { return &p.LanguageCode }},
	{name: "sample-rate", member: "mediaSampleRateHertz", options: []string{"audio"}, check: between(8000, 48000), field: func(p *Params) any { return &p.SampleRate }},
	{name: "media-encoding", member: "mediaEncoding", options: []string{"encoding"}, check: oneOf("pcm", "ogg-opus", "flac", "g711-alaw", "g711-ulaw", "g729"), field: func(p *Params) any { return &p.MediaEncoding }},
	{name: "session-id", member: "sessionId", check: pattern(`[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}`), field: func(p *Params) any { return &p.SessionID }},
	{name: "vocabulary-name", member: "vocabularyName", options: []string{"vocabularies", "phrases"}, check: name(), field: func(p *Params) any { return &p.VocabularyName }},
	{name: "vocabulary-names", member: "vocabularyNames", options: []string{"vocabularies", "phrases"}, check: upTo(3000), field: func(p *Params) any { return &p.VocabularyNames }},
	{name: "vocabulary-filter-name", member: "vocabularyFilterName", options: []string{"filters"}, check: name(), field: func(p *Params) any { return &p.VocabularyFilterName }},
	{name: "vocabulary-filter-names", member: "vocabularyFilterNames", options: []string{"filters"}, check: upTo(3000), field: func(p *Params) any { return &p.VocabularyFilterNames }},
	{name: "vocabulary-filter-method", member: "vocabularyFilterMethod", check: oneOf("mask", "remove", "tag"), field: func(p *Params) any { return &p.VocabularyFilterMethod }},
	{name: "show-speaker-label", member: "showSpeakerLabel", options: []string{"speakers"}, field: func(p *Params) any { return &p.ShowSpeakerLabel }},
	{name: "enable-channel-identification", member: "enableChannelIdentification", options: []string{"channels"}, field: func(p *Params) any { return &p.EnableChannelIdentification }},
	{name: "number-of-channels", member: "numberOfChannels", check: between(1, 2), field: func(p *Params) any { return &p.NumberOfChannels }},
	{name: "enable-partial-results-stabilization", member: "enablePartialResultsStabilization", options: []string{"stability"}, field: func(p *Params) any { return &p.EnablePartialResultsStabilization }},
	{name: "partial-results-stability", member: "partialResultsStability", check: oneOf("high", "medium", "low"), field: func(p *Params) any { return &p.PartialResultsStability }},
	{name: "content-identification-type", member: "contentIdentificationType", options: []string{"pii"}, check: oneOf("PII"), field: func(p *Params) any { return &p.ContentIdentificationType }},
	{name: "content-redaction-type", member: "contentRedactionType", options: []string{"pii"}, check: oneOf("PII"), field: func(p *Params) any { return &p.ContentRedactionType }},
	{name: "pii-entity-types", member: "piiEntityTypes", check: pattern(`[A-Z_, ]{1,300}`), field: func(p *Params) any { return &p.PIIEntityTypes }},
	{name: "language-model-name", member: "languageModelName", options: []string{"model"}, check: name(), field: func(p *Params) any { return &p.LanguageModelName }},
	{name: "identify-language", member: "identifyLanguage", options: []string{"identify"}, field: func(p *Params) any { return &p.IdentifyLanguage }},
	{name: "identify-multiple-languages", member: "identifyMultipleLanguages", options: []string{"identify"}, field: func(p *Params) any { return &p.IdentifyMultipleLanguages }},
	{name: "language-options", member: "languageOptions", check: pattern(`[a-zA-Z,-]{1,200}`), field: func(p *Params) any { return &p.LanguageOptions }},
	{name: "preferred-language", member: "preferredLanguage", check: upTo(20), field: func(p *Params) any { return &p.PreferredLanguage }},
	{name: "session-resume-window", member: "sessionResumeWindow", check: between(1, 300), field: func(p *Params) any { return &p.SessionResumeWindow }},
	{name: "transcript-format", member: "transcriptFormat", options: []string{"spoken"}, check: oneOf("written", "spoken"), field: func(p *Params) any { return &p.TranscriptFormat }},
}

// ParseQuery reads the parameters of a WebSocket request. Names it does not know are passed over, as the service does;
// X-Amz-* are the signature's. It fails with *stt.Error Invalid, in the service's words where they are known, and names all
// values that are wrong at once. It is more lenient than the service where nothing is lost by it: an empty value is none,
// booleans are read without case, and one channel may be announced as such.
func ParseQuery(query url.Values) (Params, error) {
	var p Params
	var faults []string
	for i := range parameters {
		d := &parameters[i]
		values := query[d.name]
		if d.name == "enable-channel-identification" && len(values) == 0 {
			values = query["channel-identification"] // the developer guide's own samples spell it so
		}
		if len(values) > 1 {
			return Params{}, &stt.Error{Code: stt.Invalid, Op: "open", Msg: fmt.Sprintf("The parameter %s is given %d times; give it once.", d.name, len(values))}
		}
		if len(values) == 0 || values[0] == "" {
			continue
		}
		if constraint := d.set(&p, values[0]); constraint != "" {
			faults = append(faults, d.fault(values[0], constraint))
		}
	}
	if len(faults) > 0 {
		return Params{}, &stt.Error{Code: stt.Invalid, Op: "open", Msg: validationText(faults)}
	}
	return p, p.require()
}

func (d *parameter) fault(value, constraint string) string {
	return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", short(value), d.member, constraint)
}

// validationText words validation errors as AWS services do.
func validationText(faults []string) string {
	plural := ""
	if len(faults) > 1 {
		plural = "s"
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(faults), plural, strings.Join(faults, "; "))
}

func (d *parameter) set(p *Params, value string) (constraint string) {
	switch f := d.field(p).(type) {
	case *bool: // SDKs and guides write true, True and TRUE
		switch strings.ToLower(value) {
		case "true":
			*f = true
		case "false":
		default:
			return "Member must be true or false"
		}
	case *int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return "Member must be a whole number"
		}
		if c := d.check(value); c != "" {
			return c
		}
		*f = n
	case *string:
		if c := d.check(value); c != "" {
			return c
		}
		*f = value
	}
	return ""
}

// Query returns the parameters as a WebSocket request carries them.
func (p *Params) Query() url.Values {
	q := url.Values{}
	for i := range parameters {
		switch f := parameters[i].field(p).(type) {
		case *string:
			if *f != "" {
				q.Set(parameters[i].name, *f)
			}
		case *int:
			if *f != 0 {
				q.Set(parameters[i].name, strconv.Itoa(*f))
			}
		case *bool:
			if *f {
				q.Set(parameters[i].name, "true")
			}
		}
	}
	return q
}
