package transcribe

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Params are the parameters of a streaming request (developer guide and API model, StartStreamTranscription and
// StartMedicalStreamTranscription). The zero value of a field means that the parameter was not given, or was given with a
// value that asks for nothing.
type Params struct {
	// Medical says that the parameters are those of the medical operation, which has Specialty and Type, and of the others
	// LanguageCode, SampleRate, MediaEncoding, SessionID, VocabularyName, ShowSpeakerLabel, ContentIdentificationType, and
	// those of channels.
	Medical bool

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
	Specialty                         string
	Type                              string
}

// Operation returns the operation that the parameters are of.
func (p *Params) Operation() Operation {
	if p.Medical {
		return medicalOperation()
	}
	return standardOperation()
}

// ResumeWindow returns for how long after its start the session may be resumed, or 0 when that was not asked for.
func (p *Params) ResumeWindow() time.Duration {
	return time.Duration(p.SessionResumeWindow) * time.Minute
}

// headerPrefix stands before the names of parameters where they are HTTP headers.
const headerPrefix = "x-amzn-transcribe-"

// ParseQuery reads the parameters of a WebSocket request to op. Names it does not know are passed over, as the service does;
// X-Amz-* are the signature's. It fails with *stt.Error Invalid, in the service's words where they are known, and names all
// values that are wrong at once; with Unsupported when op is not offered. It is more lenient than the service where nothing
// is lost by it: an empty value is none, space around a value does not count, booleans are read without case, one channel
// may be announced as such, and channel-identification, which the developer guide's own samples write, is taken for
// enable-channel-identification.
func ParseQuery(op Operation, query url.Values) (Params, error) {
	return parse(op, func(d *parameter) []string {
		values := query[d.name]
		if len(values) == 0 && d.alias != "" {
			values = query[d.alias]
		}
		return values
	})
}

// ParseHeader reads the parameters of an HTTP/2 request to op. It is ParseQuery in everything else: a parameter is the header
// x-amzn-transcribe- and the name it has in a query, and of the developer guide's samples x-amzn-channel-identification is
// taken as well. The keys of h are in their canonical form, as net/http leaves them.
func ParseHeader(op Operation, h http.Header) (Params, error) {
	return parse(op, func(d *parameter) []string {
		values := h.Values(headerPrefix + d.name)
		for _, prefix := range []string{headerPrefix, "x-amzn-"} {
			if len(values) == 0 && d.alias != "" {
				values = h.Values(prefix + d.alias)
			}
		}
		return values
	})
}

func parse(op Operation, given func(d *parameter) []string) (Params, error) {
	if !op.Offered {
		return Params{}, operationNotOffered(op)
	}
	p := Params{Medical: op.Medical}
	var faults []string
	table := p.table()
	for i := range table {
		d := &table[i]
		values := given(d)
		if len(values) > 1 {
			return Params{}, &stt.Error{Code: stt.Invalid, Op: "open", Msg: fmt.Sprintf("The parameter %s is given %d times; give it once.", d.name, len(values))}
		}
		value := ""
		if len(values) == 1 {
			value = strings.Trim(values[0], " \t") // which a header cannot have at its ends
		}
		switch {
		case value != "":
			if constraint := d.set(&p, value); constraint != "" {
				faults = append(faults, d.fault(value, constraint))
			}
		case d.required:
			faults = append(faults, d.fault("", "Member must not be null"))
		}
	}
	if len(faults) == 0 {
		faults = p.conflicts()
	}
	if len(faults) > 0 {
		return Params{}, &stt.Error{Code: stt.Invalid, Op: "open", Msg: validationText(faults)}
	}
	return p, nil
}

func operationNotOffered(op Operation) error {
	var offered []string
	for _, o := range Operations() {
		if o.Offered {
			offered = append(offered, o.Name)
		}
	}
	return &stt.Error{Code: stt.Unsupported, Op: "open", Msg: fmt.Sprintf("The operation %s is not offered by this server; %s are.",
		op.Name, strings.Join(offered, " and "))}
}

// Query returns the parameters as a WebSocket request carries them.
func (p *Params) Query() url.Values {
	q := url.Values{}
	p.write(false, q.Set)
	return q
}

// Header adds the parameters to h as an HTTP/2 request carries them.
func (p *Params) Header(h http.Header) {
	p.write(false, func(name, value string) { h.Set(headerPrefix+name, value) })
}

// Echo adds to h what the response of the HTTP/2 transport repeats of the request: every parameter that was given, and
// every boolean whether it was given or not. A session id that the server chose is repeated too: set p.SessionID before.
func (p *Params) Echo(h http.Header) {
	p.write(true, func(name, value string) { h.Set(headerPrefix+name, value) })
}

// write hands out the parameters that are set, and of the others the booleans where they are wanted.
func (p *Params) write(booleans bool, set func(name, value string)) {
	table := p.table()
	for i := range table {
		d := &table[i]
		value := d.value(p)
		if _, ok := d.field(p).(*bool); ok && value == "" && booleans {
			value = "false"
		}
		if value != "" {
			set(d.name, value)
		}
	}
}

// value returns the value of the parameter as it is written, or "" where it is not set.
func (d *parameter) value(p *Params) string {
	switch f := d.field(p).(type) {
	case *string:
		return *f
	case *int:
		if *f != 0 {
			return strconv.Itoa(*f)
		}
	case *bool:
		if *f {
			return "true"
		}
	}
	return ""
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

// fault words one validation error; no value is null.
func (d *parameter) fault(value, constraint string) string {
	if value == "" {
		return fmt.Sprintf("Value null at '%s' failed to satisfy constraint: %s", d.member, constraint)
	}
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
