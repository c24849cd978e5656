package transcribe

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
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
// the option of package stt that it sets, so that errors of the hub can be told in the client's words.
type parameter struct {
	name, member string
	options      []string
	check        func(value string) string // returns the constraint that is not met, or ""
	field        func(p *Params) any       // *string, *int or *bool
}

var parameters = []parameter{
	{name: "language-code", member: "languageCode", options: []string{"language"}, check: length(1, 20), field: func(p *Params) any { return &p.LanguageCode }},
	{name: "sample-rate", member: "mediaSampleRateHertz", check: between(8000, 48000), field: func(p *Params) any { return &p.SampleRate }},
	{name: "media-encoding", member: "mediaEncoding", options: []string{"encoding"}, check: oneOf("pcm", "ogg-opus", "flac", "g711-alaw", "g711-ulaw", "g729"), field: func(p *Params) any { return &p.MediaEncoding }},
	{name: "session-id", member: "sessionId", check: pattern(`[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}`), field: func(p *Params) any { return &p.SessionID }},
	{name: "vocabulary-name", member: "vocabularyName", options: []string{"vocabularies", "phrases"}, check: name(200), field: func(p *Params) any { return &p.VocabularyName }},
	{name: "vocabulary-names", member: "vocabularyNames", check: length(1, 3000), field: func(p *Params) any { return &p.VocabularyNames }},
	{name: "vocabulary-filter-name", member: "vocabularyFilterName", options: []string{"filters"}, check: name(200), field: func(p *Params) any { return &p.VocabularyFilterName }},
	{name: "vocabulary-filter-names", member: "vocabularyFilterNames", check: length(1, 3000), field: func(p *Params) any { return &p.VocabularyFilterNames }},
	{name: "vocabulary-filter-method", member: "vocabularyFilterMethod", check: oneOf("mask", "remove", "tag"), field: func(p *Params) any { return &p.VocabularyFilterMethod }},
	{name: "show-speaker-label", member: "showSpeakerLabel", options: []string{"speakers"}, field: func(p *Params) any { return &p.ShowSpeakerLabel }},
	{name: "enable-channel-identification", member: "enableChannelIdentification", options: []string{"channels"}, field: func(p *Params) any { return &p.EnableChannelIdentification }},
	{name: "number-of-channels", member: "numberOfChannels", check: between(1, 2), field: func(p *Params) any { return &p.NumberOfChannels }},
	{name: "enable-partial-results-stabilization", member: "enablePartialResultsStabilization", options: []string{"stability"}, field: func(p *Params) any { return &p.EnablePartialResultsStabilization }},
	{name: "partial-results-stability", member: "partialResultsStability", check: oneOf("high", "medium", "low"), field: func(p *Params) any { return &p.PartialResultsStability }},
	{name: "content-identification-type", member: "contentIdentificationType", check: oneOf("PII"), field: func(p *Params) any { return &p.ContentIdentificationType }},
	{name: "content-redaction-type", member: "contentRedactionType", check: oneOf("PII"), field: func(p *Params) any { return &p.ContentRedactionType }},
	{name: "pii-entity-types", member: "piiEntityTypes", options: []string{"pii"}, check: pattern(`[A-Z_, ]{1,300}`), field: func(p *Params) any { return &p.PIIEntityTypes }},
	{name: "language-model-name", member: "languageModelName", options: []string{"model"}, check: name(200), field: func(p *Params) any { return &p.LanguageModelName }},
	{name: "identify-language", member: "identifyLanguage", options: []string{"identify"}, field: func(p *Params) any { return &p.IdentifyLanguage }},
	{name: "identify-multiple-languages", member: "identifyMultipleLanguages", field: func(p *Params) any { return &p.IdentifyMultipleLanguages }},
	{name: "language-options", member: "languageOptions", check: pattern(`[a-zA-Z,-]{1,200}`), field: func(p *Params) any { return &p.LanguageOptions }},
	{name: "preferred-language", member: "preferredLanguage", check: length(1, 20), field: func(p *Params) any { return &p.PreferredLanguage }},
	{name: "session-resume-window", member: "sessionResumeWindow", check: between(1, 300), field: func(p *Params) any { return &p.SessionResumeWindow }},
	{name: "transcript-format", member: "transcriptFormat", options: []string{"spoken"}, check: oneOf("written", "spoken"), field: func(p *Params) any { return &p.TranscriptFormat }},
}

// ParseQuery reads the parameters of a WebSocket request. Names it does not know are passed over, as the service does;
// X-Amz-* are the signature's. It fails with *stt.Error Invalid in the service's words, all faults at once.
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

// require checks what must be there, and what goes together.
func (p *Params) require() error {
	missing := func(name string) error {
		return &stt.Error{Code: stt.Invalid, Op: "open", Want: name, Msg: fmt.Sprintf("The parameter %s is missing.", name)}
	}
	languages := 0
	for _, given := range []bool{p.LanguageCode != "", p.IdentifyLanguage, p.IdentifyMultipleLanguages} {
		if given {
			languages++
		}
	}
	switch {
	case p.SampleRate == 0:
		return missing("sample-rate")
	case p.MediaEncoding == "":
		return missing("media-encoding")
	case languages != 1:
		return &stt.Error{Code: stt.Invalid, Op: "open", Option: "language", Msg: "Give exactly one of the parameters language-code, identify-language=true and identify-multiple-languages=true."}
	case p.NumberOfChannels > 1 && !p.EnableChannelIdentification:
		return &stt.Error{Code: stt.Invalid, Op: "open", Msg: "The parameter number-of-channels needs enable-channel-identification=true."}
	}
	return nil
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

// parameterOf returns the parameter that sets an option of package stt, or nil.
func parameterOf(option string) *parameter {
	i := slices.IndexFunc(parameters, func(d parameter) bool { return slices.Contains(d.options, option) })
	if option == "" || i < 0 {
		return nil
	}
	return &parameters[i]
}

// explain tells an error of the hub in the words of the protocol.
func (d *parameter) explain(e *stt.Error) string {
	switch {
	case d.name == "language-code" && e.Got != "":
		return validationText([]string{d.fault(e.Got, "Member must satisfy enum value set: ["+e.Want+"]")})
	case e.Code == stt.Unsupported:
		return fmt.Sprintf("The parameter %s asks for something that this server does not offer: %s.", d.name, e.Msg)
	}
	return e.Msg
}

// short keeps what a client sent from filling an error text.
func short(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

func between(low, high int) func(string) string {
	return func(s string) string {
		n, _ := strconv.Atoi(s)
		switch {
		case n < low:
			return fmt.Sprintf("Member must have value greater than or equal to %d", low)
		case n > high:
			return fmt.Sprintf("Member must have value less than or equal to %d", high)
		}
		return ""
	}
}

func oneOf(values ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		return "Member must satisfy enum value set: [" + strings.Join(values, ", ") + "]"
	}
}

func length(low, high int) func(string) string {
	return func(s string) string {
		if len(s) < low || len(s) > high {
			return fmt.Sprintf("Member must have length between %d and %d, inclusive", low, high)
		}
		return ""
	}
}

func pattern(expr string) func(string) string {
	re := regexp.MustCompile("^(?:" + expr + ")$")
	return func(s string) string {
		if re.MatchString(s) {
			return ""
		}
		return "Member must satisfy regular expression pattern: " + expr
	}
}

func name(longest int) func(string) string {
	return pattern(fmt.Sprintf(`[0-9a-zA-Z._-]{1,%d}`, longest))
}
