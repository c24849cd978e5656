package speechall

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Seconds is a point in audio. It travels as a number of seconds with three decimals at most.
type Seconds time.Duration

// MarshalJSON writes seconds, rounded to the millisecond; never an exponent, and a decimal point always, as the vendor's samples
// have it.
func (s Seconds) MarshalJSON() ([]byte, error) {
	ms := int64(time.Duration(s).Round(time.Millisecond) / time.Millisecond)
	text := strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// UnmarshalJSON reads a number of seconds; what a time cannot hold is an error.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e9 {
		return stt.Errorf(stt.Malformed, "a time is %s; expected seconds", clip(string(b)))
	}
	*s = Seconds(time.Duration(math.Round(f*1000)) * time.Millisecond)
	return nil
}

// Fraction is a probability. It travels with four decimals at most.
type Fraction float64

// MarshalJSON writes the fraction.
func (f Fraction) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(f)*1e4)/1e4, 'f', -1, 64), nil
}

// Transcription is what was said: the whole of a file, or one utterance of a stream. Text alone is the answer in the format
// json_text, all of it in the format json.
type Transcription struct {
	ID       string    `json:"id"`
	Text     string    `json:"text"`
	Language string    `json:"language,omitempty"` // ISO 639-1 where there is such a code
	Segments []Segment `json:"segments,omitempty"`
	Words    []Word    `json:"words,omitempty"`
	// Final is there only in streams that asked for interim results: whether the text will not change any more. It is ours.
	Final *bool `json:"is_final,omitempty"`
}

// Segment is what was said between two pauses.
type Segment struct {
	Start      *Seconds  `json:"start,omitempty"`
	End        *Seconds  `json:"end,omitempty"`
	Text       string    `json:"text"`
	Speaker    string    `json:"speaker,omitempty"`
	Confidence *Fraction `json:"confidence,omitempty"`
}

// Word is one word, without the marks around it.
type Word struct {
	Word string `json:"word"`
	// Text is Word again, in streams only: the vendor's page about streaming calls it so, and the vendor's specification does not.
	Text       string    `json:"text,omitempty"`
	Start      Seconds   `json:"start"`
	End        Seconds   `json:"end"`
	Speaker    string    `json:"speaker,omitempty"`
	Confidence *Fraction `json:"confidence,omitempty"`
}

// Created is the answer to a ruleset that is kept.
type Created struct {
	ID string `json:"id"`
}

// Detailed reports whether a format has more than the text in it.
func (f Format) Detailed() bool { return f == FormatJSON || f == FormatVerboseJSON }

// JSON reports whether a format is JSON.
func (f Format) JSON() bool { return f.Detailed() || f == FormatJSONText }

// ContentType returns the type of an answer in the format. Subtitles are plain text: some clients take nothing else.
func (f Format) ContentType() string {
	if f.JSON() {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}
