package stt

import "time"

// Config says what one stream shall do. The zero value of every field is its default; only Audio must be set.
type Config struct {
	// Model names the model as in [Model].ID; empty picks the first one that serves the languages.
	Model string
	// Audio is the format of the chunks to come.
	Audio Format
	// Session is an identifier chosen by the caller, passed upstream where the protocol has a place for it.
	Session string
	// Start is the session time of the first sample sent, above 0 after a resume or replay. All times in events count
	// from the beginning of the session, so they are never below Start.
	Start Time

	Languages Languages
	Interim   Interim
	Endpoint  Endpointing
	Channels  ChannelMode
	Speakers  Speakers
	Phrases   []Phrase   // words to expect, resolved
	Vocabs    []NamedRef // vocabularies that live at the upstream, by name
	Filters   []Filter
	PII       PII
	Text      TextStyle
	Medical   *Medical // nil: not medical
	Prompt    string   // free text that primes the model
	Temp      *float64 // sampling temperature, 0..1; nil: the model's own

	// Vendor carries options that only one provider has, by that provider's names.
	Vendor map[string]string
	// Native is the set of features the recognizer shall perform itself; sessions do the others.
	Native Feature
}

// Languages says which languages are spoken. The zero value means the model's own default.
type Languages struct {
	Mode      LanguageMode
	Tags      []string // BCP 47, such as "en-US"; the language in mode LanguageFixed, the candidates otherwise
	Preferred string   // the likeliest of Tags, or empty
}

// LanguageMode says who decides on the language.
type LanguageMode uint8

// The language modes.
const (
	LanguageFixed        LanguageMode = iota // the first of Tags is spoken
	LanguageIdentify                         // one of Tags is spoken throughout: find out which
	LanguageIdentifyMany                     // the language may change from segment to segment
)

// Interim says how partial results are wanted. The zero value asks for partials at the recognizer's own pace.
type Interim struct {
	Off       bool          // finals only
	Every     time.Duration // shortest distance in audio time between two partials of a segment; 0: the recognizer's own
	Stability Stability     // how early words of a partial are marked [Word].Stable
}

// Stability trades how early a word is promised not to change against how often it is right.
type Stability uint8

// The stabilities. Off marks no word of a partial.
const (
	StabilityOff Stability = iota
	StabilityLow
	StabilityMedium
	StabilityHigh
)

// Endpointing says where segments end. Zero fields mean the recognizer's own defaults.
type Endpointing struct {
	Silence    time.Duration // trailing silence that ends a segment, audio time
	MaxSegment time.Duration // longest segment, audio time
	MaxSilence time.Duration // silence after which an upstream may end the stream, audio time
}

// ChannelMode says what becomes of more than one channel.
type ChannelMode uint8

// The channel modes.
const (
	ChannelsMixed    ChannelMode = iota // averaged and transcribed as one
	ChannelsSeparate                    // each transcribed on its own; events carry the channel
)

// Speakers asks for speaker labels.
type Speakers struct {
	On       bool
	Min, Max int // expected number of speakers; 0: unknown
}

// Phrase is something likely to be said.
type Phrase struct {
	Text       string
	SoundsLike string  // hyphenated syllables, or empty
	IPA        string  // space-separated IPA, or empty
	DisplayAs  string  // how to write it, or empty for Text
	Boost      float32 // relative weight; 0: the recognizer's own default
}

// NamedRef names a resource that an upstream holds.
type NamedRef struct {
	Name     string
	Language string // BCP 47, or empty for all
}

// Filter is a list of words that shall not appear as they are.
type Filter struct {
	Name     string
	Language string // BCP 47, or empty for all
	Words    []string
	Method   FilterMethod
}

// FilterMethod says what becomes of a filtered word.
type FilterMethod uint8

// The filter methods.
const (
	FilterMask   FilterMethod = iota // replaced by ***
	FilterRemove                     // left out
	FilterTag                        // kept, with [Word].Match set
)

// PII asks for personal data to be found or hidden.
type PII struct {
	Mode  PIIMode
	PHI   bool     // health information instead
	Types []string // such as "NAME"; nil: all
}

// PIIMode says what becomes of personal data.
type PIIMode uint8

// The modes.
const (
	PIIOff      PIIMode = iota
	PIIIdentify         // reported in [Alternative].Entities, text untouched
	PIIRedact           // replaced by [TYPE] and reported
)

// TextStyle says how text is written. The zero value asks for punctuation, case and written numbers, as far as the
// recognizer has them.
type TextStyle struct {
	NoPunctuation bool
	NoCase        bool
	Spoken        bool // numbers as words
}

// Medical asks for a medical model.
type Medical struct {
	Specialty string
	Type      string // conversation or dictation, in the caller's words
}

// Update changes a running stream; nil and empty fields leave things as they are.
type Update struct {
	Endpoint *Endpointing
	Phrases  []Phrase
	Vendor   map[string]string
}
