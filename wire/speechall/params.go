package speechall

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// Format is how a transcription is written.
type Format string

// The formats. VerboseJSON is another name for JSON.
const (
	FormatText        Format = "text"
	FormatJSONText    Format = "json_text"
	FormatJSON        Format = "json"
	FormatVerboseJSON Format = "verbose_json"
	FormatSRT         Format = "srt"
	FormatVTT         Format = "vtt"
)

// Formats returns all formats, the default first.
func Formats() []Format {
	return []Format{FormatText, FormatJSONText, FormatJSON, FormatVerboseJSON, FormatSRT, FormatVTT}
}

// Bounds of what a request may hold. The vendor publishes none but those of temperature and speakers.
const (
	MaxModel      = 256       // bytes of a model identifier
	MaxPrompt     = 16 << 10  // bytes of an initial prompt
	MaxVocabulary = 1000      // terms of a custom vocabulary
	MaxTerm       = 256       // bytes of a term
	MaxSpeakers   = 10        // expected speakers
	MaxRemoteBody = 1 << 20   // bytes of the body of a remote transcription
	MaxURL        = 8 << 10   // bytes of a file's address
	MaxID         = 128       // bytes of a ruleset's identifier
	MaxQuery      = 256 << 10 // bytes of a query: the longest vocabulary fits
)

// Params are the options of a transcription, the same ones for REST, remote files and the WebSocket.
type Params struct {
	Model       string   // "provider.model"; must be set
	Language    string   // a code of [Languages]; "en" where the request names none
	Format      Format   // [FormatText] where the request names none
	Ruleset     string   // identifier of stored replacement rules, or empty
	Punctuation bool     // true where the request does not say
	Diarization bool     // label speakers
	Prompt      string   // primes the model
	Temperature *float64 // 0..1; nil: the model's own
	Speakers    int      // expected, 1..10; 0: not said
	Vocabulary  []string // terms to expect
	// Interim asks for results while they may still change. It is ours: query parameter "interim_results", WebSocket only.
	Interim bool
}

// ParseQuery reads the parameters of a query; api_key is not among them. Empty values count as absent, and unknown parameters are
// passed over. The error is Invalid and names the parameter.
func ParseQuery(q url.Values) (Params, error) {
	r := reader{get: func(name string) (string, bool) {
		v := q.Get(name)
		return v, v != ""
	}}
	p := r.params()
	for _, term := range q["custom_vocabulary"] {
		if term = strings.TrimSpace(term); term != "" {
			p.Vocabulary = append(p.Vocabulary, term)
		}
	}
	if r.err == nil {
		r.err = p.check()
	}
	return p, r.err
}

// Query returns the query that [ParseQuery] reads as p.
func (p *Params) Query() url.Values {
	q := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			q.Set(name, value)
		}
	}
	set("model", p.Model, "")
	set("language", p.Language, usual)
	set("output_format", string(p.Format), string(FormatText))
	set("ruleset_id", p.Ruleset, "")
	set("punctuation", strconv.FormatBool(p.Punctuation), "true")
	set("diarization", strconv.FormatBool(p.Diarization), "false")
	set("initial_prompt", p.Prompt, "")
	if p.Temperature != nil {
		q.Set("temperature", strconv.FormatFloat(*p.Temperature, 'g', -1, 64))
	}
	set("speakers_expected", strconv.Itoa(p.Speakers), "0")
	for _, term := range p.Vocabulary {
		q.Add("custom_vocabulary", term)
	}
	set("interim_results", strconv.FormatBool(p.Interim), "false")
	return q
}

// Remote is the body of a transcription of a file somewhere else.
type Remote struct {
	Params
	URL   string // of the file: http or https
	Rules []Rule // applied after those of Params.Ruleset
}

// ParseRemote reads the body of a remote transcription. Unknown fields are passed over and null counts as absent. The error is
// Malformed for what is no JSON object and Invalid for a field that is not as it should be.
func ParseRemote(body []byte) (Remote, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return Remote{}, &stt.Error{Code: stt.Malformed, Op: "parse", Msg: "the body is not a JSON object", Err: err}
	}
	r := reader{get: func(name string) (string, bool) {
		return scalar(fields[name])
	}}
	remote := Remote{Params: r.params()}
	if vocabulary, err := terms(fields["custom_vocabulary"]); err != nil && r.err == nil {
		r.err = err
	} else {
		remote.Vocabulary = vocabulary
	}
	remote.URL = r.text("file_url", "", MaxURL)
	if r.err == nil {
		r.err = remote.check()
	}
	if r.err == nil && remote.URL == "" {
		r.err = &stt.Error{Code: stt.Invalid, Option: "file_url", Want: "an http or https address", Msg: `parameter "file_url" must be set: the address of the file`}
	}
	if rules := fields["replacement_ruleset"]; r.err == nil && rules != nil {
		remote.Rules, r.err = ParseRules(rules)
	}
	return remote, r.err
}

// scalar returns a JSON string as it is, and a number or a boolean as it is written. Anything else is returned as JSON, which no
// parameter takes.
func scalar(raw json.RawMessage) (string, bool) {
	var s string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", false
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s, s != ""
	}
	return string(raw), true
}

// terms reads a vocabulary: an array of strings, or one string.
func terms(raw json.RawMessage) ([]string, error) {
	var list []string
	var one string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, nil
	case json.Unmarshal(raw, &one) == nil:
		list = []string{one}
	case json.Unmarshal(raw, &list) != nil:
		return nil, invalid("custom_vocabulary", clip(string(raw)), "an array of strings")
	}
	var all []string
	for _, term := range list {
		if term = strings.TrimSpace(term); term != "" {
			all = append(all, term)
		}
	}
	return all, nil
}

// reader takes parameters one by one and keeps the first error.
type reader struct {
	get func(name string) (string, bool)
	err error
}

func (r *reader) params() Params {
	p := Params{
		Model:       r.text("model", "", MaxModel),
		Language:    r.text("language", usual, 32),
		Format:      Format(r.text("output_format", string(FormatText), 32)),
		Ruleset:     r.text("ruleset_id", "", MaxID),
		Punctuation: r.flag("punctuation", true),
		Diarization: r.flag("diarization", false),
		Prompt:      r.text("initial_prompt", "", MaxPrompt),
		Interim:     r.flag("interim_results", false),
	}
	p.Temperature = r.number("temperature")
	if s, ok := r.get("speakers_expected"); ok {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > MaxSpeakers {
			r.fail(invalid("speakers_expected", clip(s), fmt.Sprintf("a whole number from 1 to %d", MaxSpeakers)))
		}
		p.Speakers = n
	}
	return p
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(name, usual string, longest int) string {
	s, ok := r.get(name)
	if !ok {
		return usual
	}
	if len(s) > longest {
		r.fail(invalid(name, fmt.Sprintf("%d bytes", len(s)), fmt.Sprintf("%d bytes at most", longest)))
		return usual
	}
	return s
}

func (r *reader) flag(name string, usual bool) bool {
	s, ok := r.get(name)
	if !ok {
		return usual
	}
	b, err := strconv.ParseBool(strings.ToLower(s))
	if err != nil {
		r.fail(invalid(name, clip(s), "true or false"))
	}
	return b
}

func (r *reader) number(name string) *float64 {
	s, ok := r.get(name)
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1 {
		r.fail(invalid(name, clip(s), "a number from 0 to 1"))
		return nil
	}
	f += 0 // no negative zero
	return &f
}

// check judges what does not depend on how the parameters came.
func (p *Params) check() error {
	if p.Model == "" {
		return &stt.Error{Code: stt.Invalid, Option: "model", Want: "provider.model", Msg: `parameter "model" must be set, for example to "local.MODEL"; GET /v1/speech-to-text-models lists what there is`}
	}
	if _, ok := Tag(p.Language); !ok {
		return invalid("language", clip(p.Language), "one of "+strings.Join(Languages(), ", "))
	}
	known := false
	var names []string
	for _, f := range Formats() {
		known = known || p.Format == f
		names = append(names, string(f))
	}
	if !known {
		return invalid("output_format", clip(string(p.Format)), "one of "+strings.Join(names, ", "))
	}
	if len(p.Vocabulary) > MaxVocabulary {
		return invalid("custom_vocabulary", fmt.Sprintf("%d terms", len(p.Vocabulary)), fmt.Sprintf("%d terms at most", MaxVocabulary))
	}
	for _, term := range p.Vocabulary {
		if len(term) > MaxTerm {
			return invalid("custom_vocabulary", clip(term), fmt.Sprintf("terms of %d bytes at most", MaxTerm))
		}
	}
	return nil
}

// invalid is an error about a parameter's value, which is not repeated beyond what fits in a line.
func invalid(name, got, want string) *stt.Error {
	return &stt.Error{Code: stt.Invalid, Op: "parse", Option: name, Got: got, Want: want,
		Msg: fmt.Sprintf("parameter %q is %q; expected %s", name, got, want)}
}

// clip cuts a value down to what an error may repeat.
func clip(s string) string {
	const longest = 64
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
