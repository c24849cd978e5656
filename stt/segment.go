package stt

import "math"

import "slices"

// Segment is what was said between two pauses, in one revision.
type Segment struct {
	// ID is unique within a session, across reconnects too, and the same for all revisions of the segment.
	ID string
	// Revision grows from one revision of a segment to the next; not every number need be seen.
	Revision int
	// Channel is the audio channel, from 0.
	Channel int
	// Span is where the segment lies. In a partial it may reach to the audio heard so far.
	Span Span
	// Final says that no further revision follows.
	Final bool
	// Language is the BCP 47 tag of what is spoken, or empty when it was not asked for.
	Language string
	// Languages are the candidates of language identification, best first.
	Languages []LanguageScore
	// Speaker is who speaks throughout, or empty. The string has no meaning of its own.
	Speaker string
	// Alternatives are the readings, best first. A final without any withdraws the segment.
	Alternatives []Alternative
}

// Best returns the first alternative, or a zero one when the segment has been withdrawn.
func (s *Segment) Best() Alternative {
	if len(s.Alternatives) == 0 {
		return Alternative{}
	}
	return s.Alternatives[0]
}

// Clone returns a copy that shares nothing with s.
func (s *Segment) Clone() *Segment {
	c := *s
	c.Languages = slices.Clone(s.Languages)
	c.Alternatives = slices.Clone(s.Alternatives)
	for i := range c.Alternatives {
		a := &c.Alternatives[i]
		a.Words, a.Entities = slices.Clone(a.Words), slices.Clone(a.Entities)
	}
	return &c
}

// Span is a stretch of audio. An unknown span is Known: false, never 0..0.
type Span struct {
	Start, End Time
	Known      bool
}

// SpanOf returns the known span from start to end.
func SpanOf(start, end Time) Span { return Span{Start: start, End: end, Known: true} }

// Confidence is a probability, or the statement that there is none.
type Confidence struct {
	Value float32 // 0..1
	Known bool
}

// ConfidenceOf returns the known confidence v, brought into 0..1, or an unknown one when v is not a number.
func ConfidenceOf(v float64) Confidence {
	if math.IsNaN(v) {
		return Confidence{}
	}
	return Confidence{Value: float32(min(max(v, 0), 1)), Known: true}
}

// Alternative is one reading of a segment.
type Alternative struct {
	// Text is authoritative. Where Words is not nil, Text is [JoinWords] of them.
	Text       string
	Confidence Confidence
	// Words are the words and punctuation marks; nil means that the model gives none, never that nobody spoke.
	Words    []Word
	Entities []Entity
}

// Word is a word or a punctuation mark.
type Word struct {
	Text       string // as written
	Norm       string // normal form, without case and punctuation; empty: the same as Text
	Span       Span
	Confidence Confidence
	Kind       WordKind
	Glue       bool   // no space before it (punctuation, languages without spaces)
	Stable     bool   // later revisions keep it; see the contract
	Match      bool   // a word of a vocabulary filter
	Speaker    string // empty: unknown, or as the segment says
	Language   string // empty: as the segment says
}

// WordKind tells words from marks.
type WordKind uint8

// The kinds.
const (
	Pronunciation WordKind = iota // something that was said
	Punctuation                   // a mark
	Redaction                     // stands for something hidden, such as [NAME]
)

// Entity is something found in a text, such as a name.
type Entity struct {
	Category   string // such as "PII"
	Type       string // such as "NAME"
	Content    string
	First, End int // words First..End-1 of the alternative; both 0 when there are no words
	Span       Span
	Confidence Confidence
}
