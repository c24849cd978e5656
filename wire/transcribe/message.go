package transcribe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// TranscriptEvent is the one event that carries results, of the standard and of the medical operation: MedicalResult and
// what it holds have fewer members, which a Speaker leaves out. Field order is the service's, which prints keys
// alphabetically.
type TranscriptEvent struct {
	Transcript Transcript
}

// Transcript holds the results that changed. It is often empty.
type Transcript struct {
	Results []Result
}

// fill makes empty lists of those that are nil, which JSON would show as null.
func (t *Transcript) fill() {
	if t.Results == nil {
		t.Results = []Result{}
	}
	for i := range t.Results {
		r := &t.Results[i]
		if r.Alternatives == nil {
			r.Alternatives = []Alternative{}
		}
		for j := range r.Alternatives {
			if a := &r.Alternatives[j]; a.Items == nil {
				a.Items = []Item{}
			}
		}
	}
}

// Result is one revision of one segment.
type Result struct {
	Alternatives           []Alternative
	ChannelID              string `json:"ChannelId,omitempty"` // ch_0, ch_1; with channel identification only
	EndTime                Seconds
	IsPartial              bool
	LanguageCode           string          `json:",omitempty"` // with language identification only
	LanguageIdentification []LanguageScore `json:",omitempty"`
	ResultID               string          `json:"ResultId"` // a UUID, the same for all revisions of a segment
	StartTime              Seconds
}

// Alternative is one reading; the service sends one.
type Alternative struct {
	Entities   []Entity `json:",omitempty"`
	Items      []Item
	Transcript string
}

// The types of items.
const (
	ItemPronunciation = "pronunciation"
	ItemPunctuation   = "punctuation"
)

// Item is a word or a punctuation mark.
type Item struct {
	Confidence            *Fraction `json:",omitempty"` // words of finals only
	Content               string
	EndTime               Seconds
	Speaker               string `json:",omitempty"`
	Stable                *bool  `json:",omitempty"` // with stabilization only
	StartTime             Seconds
	Type                  string
	VocabularyFilterMatch *bool `json:",omitempty"` // always given, except by the medical operation, which has no filters
}

// Entity is something found by content identification or redaction.
type Entity struct {
	Category   string
	Confidence *Fraction `json:",omitempty"`
	Content    string
	EndTime    Seconds
	StartTime  Seconds
	Type       string `json:",omitempty"`
}

// LanguageScore is a candidate of language identification.
type LanguageScore struct {
	LanguageCode string
	Score        Fraction
}

// Seconds is audio time, on the wire a JSON number of seconds with milliseconds.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler: 1.67, 2.0. There is no time before 0.
func (s Seconds) MarshalJSON() ([]byte, error) {
	ms := max(time.Duration(s), 0).Round(time.Millisecond).Milliseconds()
	return appendDecimal(nil, ms, 3), nil
}

// UnmarshalJSON implements json.Unmarshaler. Times are taken to the millisecond; negative and absurd ones are refused, and
// null leaves s as it is.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e7 {
		return fmt.Errorf("%q is not a time in seconds", short(string(b)))
	}
	*s = Seconds(time.Duration(math.Round(f*1000)) * time.Millisecond)
	return nil
}

// Fraction is a number between 0 and 1, on the wire with four decimals at most.
type Fraction float64

// MarshalJSON implements json.Marshaler: 0.9871, 1.0. What is not in 0..1 is brought there.
func (f Fraction) MarshalJSON() ([]byte, error) {
	return appendDecimal(nil, int64(math.Round(f.bounded()*10000)), 4), nil
}

// bounded returns f within 0..1; what is not a number is 0.
func (f Fraction) bounded() float64 {
	if !(f > 0) {
		return 0
	}
	return min(float64(f), 1)
}

// appendDecimal writes n / 10^places, n not negative, with one decimal at least and none more than needed.
func appendDecimal(dst []byte, n int64, places int) []byte {
	unit := int64(math.Pow10(places))
	dst = strconv.AppendInt(dst, n/unit, 10)
	frac := strconv.AppendInt(nil, unit+n%unit, 10)[1:] // the leading 1 keeps the zeros
	frac = bytes.TrimRight(frac, "0")
	if len(frac) == 0 {
		frac = []byte{'0'}
	}
	return append(append(dst, '.'), frac...)
}

// appendJSON appends v as the service prints it: no escapes for HTML, no line end.
func appendJSON(dst []byte, v any) ([]byte, error) {
	w := bytes.NewBuffer(dst)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, err
	}
	return bytes.TrimSuffix(w.Bytes(), []byte{'\n'}), nil
}
