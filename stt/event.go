package stt

import "time"

// Event is one thing a recognizer has to say. Kind decides which of the other fields mean something. An event and all
// it points to belong to the receiver.
type Event struct {
	Kind      Kind
	Channel   int             // from 0; always 0 unless channels are separate
	At        Time            // EventProgress, EventSpeechStart, EventSpeechEnd, EventEndpoint, EventFlushed
	Segment   *Segment        // EventSegment
	Endpoint  EndpointReason  // EventEndpoint
	Languages []LanguageScore // EventLanguage, best first
	Relabel   []Relabel       // EventRelabel
	Usage     *Usage          // EventUsage
	Warning   *Error          // EventWarning: the stream goes on
}

// Kind is the kind of an [Event].
type Kind uint8

// The kinds of events.
const (
	EventSegment           Kind = iota + 1 // one revision of one segment
	EventProgress                          // audio before At is decided; no later event speaks of it
	EventSpeechStart                       // somebody began to speak at At
	EventSpeechEnd                         // nobody has spoken since At
	EventEndpoint                          // the utterance is over, for the reason in Endpoint
	EventEndpointRetracted                 // it was not, after all
	EventFlushed                           // answers Flush: finals before At have been given
	EventLanguage                          // what is being spoken
	EventRelabel                           // speakers of earlier words, corrected
	EventUsage                             // what the upstream charges for, in addition to what was reported before
	EventWarning                           // something is not as asked, but the stream goes on
)

var kindNames = [...]string{"none", "segment", "progress", "speech-start", "speech-end", "endpoint", "endpoint-retracted",
	"flushed", "language", "relabel", "usage", "warning"}

// String returns the name of the kind, such as "segment".
func (k Kind) String() string { return nameOf(kindNames[:], uint8(k)) }

// EndpointReason says why an utterance was taken to be over.
type EndpointReason uint8

// The reasons.
const (
	EndpointUnknown    EndpointReason = iota
	EndpointSilence                   // long enough a pause
	EndpointMaxSegment                // the longest segment was reached
	EndpointFlush                     // the caller asked
	EndpointEnd                       // the audio ended
	EndpointSemantic                  // the sentence was complete
	EndpointSpeaker                   // somebody else began to speak
)

// LanguageScore is one candidate of language identification.
type LanguageScore struct {
	Language string  // BCP 47
	Score    float32 // 0..1
}

// Relabel corrects the speaker of words that were given before.
type Relabel struct {
	Segment string // its ID
	Word    int    // index into the first alternative's words; -1: the whole segment
	Speaker string
}

// Usage is what an upstream says it used.
type Usage struct {
	Audio     time.Duration // audio time
	TokensIn  int64
	TokensOut int64
}
