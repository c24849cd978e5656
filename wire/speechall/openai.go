package speechall

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Form is a request to the routes that are compatible with OpenAI's. Format is "json" where the form names none, and Language
// [LanguageAuto].
type Form struct {
	Params
	Words    bool // times of words are asked for
	Segments bool // times of segments are; they are where the form says nothing
	Stream   bool // the answer is to be server-sent events
}

// formFormats are the formats of these routes, the default first.
var formFormats = []Format{FormatJSON, FormatText, FormatSRT, FormatVerboseJSON, FormatVTT}

// ParseForm reads the fields of a form besides the file. Empty fields count as absent, and unknown ones are passed over. The error
// is Invalid and names the field.
func ParseForm(fields url.Values) (Form, error) {
	r := reader{get: func(name string) (string, bool) {
		v := fields.Get(name)
		return v, v != ""
	}}
	f := Form{Params: Params{Model: r.text("model", "", MaxModel), Language: r.text("language", LanguageAuto, 32), Prompt: r.text("prompt", "", MaxPrompt),
		Format: Format(r.text("response_format", string(FormatJSON), 32)), Temperature: r.number("temperature"), Punctuation: true}, Stream: r.flag("stream", false)}
	granularities := append(slices.Clone(fields["timestamp_granularities[]"]), fields["timestamp_granularities"]...)
	for _, g := range granularities {
		switch g {
		case "word":
			f.Words = true
		case "segment":
			f.Segments = true
		case "":
		default:
			r.fail(invalid("timestamp_granularities", clip(g), "word or segment"))
		}
	}
	f.Segments = f.Segments || !f.Words
	if r.err == nil && !slices.Contains(formFormats, f.Format) {
		var names []string
		for _, known := range formFormats {
			names = append(names, string(known))
		}
		r.fail(invalid("response_format", clip(string(f.Format)), "one of "+strings.Join(names, ", ")))
	}
	if r.err == nil {
		r.err = f.check()
	}
	return f, r.err
}

// formText is the answer in the format "json".
type formText struct {
	Text string `json:"text"`
}

// FormVerbose is the answer in the format "verbose_json".
type FormVerbose struct {
	Task     string          `json:"task"` // transcribe or translate
	Language string          `json:"language"`
	Duration json.RawMessage `json:"duration"` // a number; of a translation a string, as the specification has it
	Text     string          `json:"text"`
	Words    []FormWord      `json:"words,omitempty"`
	Segments []FormSegment   `json:"segments,omitempty"`
}

// FormWord is a word in that answer.
type FormWord struct {
	Word  string  `json:"word"`
	Start Seconds `json:"start"`
	End   Seconds `json:"end"`
}

// FormSegment is a segment in that answer. What only one model could know is zero, which no client takes for a bad result.
type FormSegment struct {
	ID           int      `json:"id"`
	Seek         int      `json:"seek"`
	Start        Seconds  `json:"start"`
	End          Seconds  `json:"end"`
	Text         string   `json:"text"`
	Tokens       []int    `json:"tokens"`
	Temperature  float64  `json:"temperature"`
	AvgLogprob   Fraction `json:"avg_logprob"`
	Compression  float64  `json:"compression_ratio"`
	NoSpeechProb float64  `json:"no_speech_prob"`
}

// Answer returns what to encode for a transcription in one of the two JSON formats.
func (f *Form) Answer(t *Transcription, duration time.Duration, translation bool) any {
	if f.Format != FormatVerboseJSON {
		return formText{t.Text}
	}
	length, _ := Seconds(duration).MarshalJSON() // never fails
	v := FormVerbose{Task: "transcribe", Language: t.Language, Duration: length, Text: t.Text}
	if translation {
		v.Task, v.Duration = "translate", fmt.Appendf(nil, "%q", length)
	}
	if f.Words {
		for _, w := range t.Words {
			v.Words = append(v.Words, FormWord{w.Word, w.Start, w.End})
		}
	}
	if f.Segments {
		last := Seconds(0)
		for i, s := range t.Segments {
			seg := FormSegment{ID: i, Start: last, End: last, Text: s.Text, Tokens: []int{}}
			if s.Start != nil && s.End != nil {
				seg.Start, seg.End, last = *s.Start, *s.End, *s.End
			}
			if f.Temperature != nil {
				seg.Temperature = *f.Temperature
			}
			if s.Confidence != nil {
				seg.AvgLogprob = Fraction(math.Log(max(float64(*s.Confidence), 1e-3)))
			}
			v.Segments = append(v.Segments, seg)
		}
	}
	return v
}

// event is a server-sent event of a stream.
type event struct {
	Type  string    `json:"type,omitempty"`
	Delta string    `json:"delta,omitempty"`
	Text  *string   `json:"text,omitempty"`
	Error *apiError `json:"error,omitempty"`
}

type apiError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

// AppendDelta appends the event that says more of the text.
func AppendDelta(dst []byte, text string) []byte {
	return appendEvent(dst, event{Type: "transcript.text.delta", Delta: text})
}

// AppendDone appends the last event, which says the whole text.
func AppendDone(dst []byte, text string) []byte {
	return appendEvent(dst, event{Type: "transcript.text.done", Text: &text})
}

// AppendFault appends the event that ends a stream for an error.
func AppendFault(dst []byte, x Error) []byte {
	return appendEvent(dst, event{Error: &apiError{Message: x.Message, Type: x.Code, Code: x.Code}})
}

func appendEvent(dst []byte, e event) []byte {
	dst = append(dst, "data: "...)
	dst, _ = AppendJSON(dst, e) // strings can always be encoded
	return append(dst, "\n\n"...)
}

// OpenAIBody returns the error as clients of OpenAI's own routes read it: one object within another.
func (x Error) OpenAIBody() []byte {
	b, _ := json.Marshal(event{Error: &apiError{Message: x.Message, Type: x.Code, Code: x.Code}}) // strings can always be encoded
	return b
}

// Delta returns what follows a text when another is joined to it: see [Join].
func Delta(before, text string) string {
	return strings.TrimPrefix(Join([]string{before, text}), strings.TrimSpace(before))
}

// errTranslate is the answer to who wants a language that no model gives.
var errTranslate = &stt.Error{Code: stt.Unsupported, Op: "open", Option: "model", Msg: "no model here translates: only what is said in English can be had in English, and this model has no English"}

// English returns the parameters of a translation, which is into English: a transcription of what is said in English. The error is
// Unsupported for a model without that language.
func (f *Form) English(can *stt.Capabilities) error {
	f.Language = "en"
	if tag := closest("en", can); !can.Serves(tag) {
		return errTranslate
	}
	return nil
}
