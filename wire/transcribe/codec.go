package transcribe

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// The names of events.
const (
	eventAudio      = "AudioEvent"
	eventTranscript = "TranscriptEvent"
)

const (
	typeJSON  = "application/json"
	typeAudio = "application/octet-stream"
)

// Headers that never change, encoded once. The orders are those of recorded traffic.
var (
	transcriptHeaders = eventstream.MustBlock(
		text(eventstream.HeaderEventType, eventTranscript),
		text(eventstream.HeaderContentType, typeJSON),
		text(eventstream.HeaderMessageType, eventstream.MessageTypeEvent))
	audioHeaders = eventstream.MustBlock(
		text(eventstream.HeaderContentType, typeAudio),
		text(eventstream.HeaderEventType, eventAudio),
		text(eventstream.HeaderMessageType, eventstream.MessageTypeEvent))
)

func text(name, value string) eventstream.Header {
	return eventstream.Header{Name: name, Value: eventstream.String(value)}
}

// AppendTranscript appends a message with an event to dst: what servers send. Lists of ev that are nil are made empty ones,
// because SDKs iterate over them without a check. On error it returns dst as it was.
func AppendTranscript(dst []byte, ev *TranscriptEvent) ([]byte, error) {
	ev.Transcript.fill()
	start := len(dst)
	dst, err := appendJSON(transcriptHeaders.Begin(dst), ev)
	if err != nil {
		return dst[:start], err
	}
	return eventstream.End(dst, start)
}

// AppendException appends the message that ends a stream in error. On error it returns dst as it was.
func AppendException(dst []byte, e Exception) ([]byte, error) {
	start := len(dst)
	dst, err := eventstream.Begin(dst, eventstream.Headers{
		text(":exception-type", e.Name), text(eventstream.HeaderContentType, typeJSON),
		text(eventstream.HeaderMessageType, eventstream.MessageTypeException)})
	if err != nil {
		return dst, err
	}
	dst, err = appendJSON(dst, struct{ Message string }{e.Message})
	if err != nil {
		return dst[:start], err
	}
	return eventstream.End(dst, start)
}

// AppendAudio appends an AudioEvent: what clients send. No audio at all is the end of the stream.
func AppendAudio(dst, audio []byte) ([]byte, error) { return audioHeaders.Append(dst, audio) }

// A Sealer wraps messages of a client in signed envelopes. One goroutine may use it.
type Sealer struct {
	Signer *sigv4.ChunkSigner
	inner  []byte
}

// AppendAudio appends an AudioEvent in its envelope, signed at now. No audio at all is the empty frame that ends a signed
// stream. Whatever has been appended must be sent, in this order: each signature covers the one before.
func (s *Sealer) AppendAudio(dst, audio []byte, now time.Time) ([]byte, error) {
	s.inner = s.inner[:0]
	if len(audio) > 0 {
		var err error
		if s.inner, err = AppendAudio(s.inner, audio); err != nil {
			return dst, err
		}
	}
	signature := s.Signer.Sign(now, s.inner)
	return eventstream.Append(dst, &eventstream.Message{Payload: s.inner, Headers: eventstream.Headers{
		{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(now)},
		{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(signature[:])}}})
}

// Input is a message of a client, read.
type Input struct {
	Audio []byte // of an AudioEvent; a view of the message it was read from
	End   bool   // the client says that no more audio follows
	// Date is when a signed message says that it was signed; zero for a bare one. See [Late].
	Date time.Time
}

// Reader reads the messages of one client, bare or signed. One goroutine may use it; it allocates nothing in steady state.
type Reader struct {
	// Verifier checks signed envelopes; nil leaves them unchecked. Bare messages are taken as they are: on WebSocket the
	// signature of the URL is what lets a client in.
	Verifier *sigv4.ChunkVerifier

	outer, inner eventstream.Message
	date         time.Time // of the envelope being read
}

// Read reads one message, the whole of msg. It fails with *stt.Error Malformed, also for a signature that does not match: the
// stream is what is wrong then, for who speaks has been settled before. Three things mean the end: an empty msg, a signed
// envelope without content, an AudioEvent without audio.
func (r *Reader) Read(msg []byte) (Input, error) {
	if len(msg) == 0 {
		return Input{End: true}, nil
	}
	if err := eventstream.DecodeExact(msg, &r.outer); err != nil {
		return Input{}, malformed("the message is not a valid event-stream message", err)
	}
	r.date = time.Time{}
	m := &r.outer
	if signature, ok := m.Headers.Get(eventstream.HeaderChunkSignature).Bytes(); ok {
		if err := r.open(signature); err != nil {
			return Input{}, err
		}
		if len(m.Payload) == 0 {
			return Input{End: true, Date: r.date}, nil
		}
		if err := eventstream.DecodeExact(m.Payload, &r.inner); err != nil {
			return Input{}, malformed("the signed message does not hold a valid event-stream message", err)
		}
		m = &r.inner
	}
	in, err := event(m)
	in.Date = r.date
	return in, err
}

func (r *Reader) open(signature []byte) error {
	date, ok := r.outer.Headers.Get(eventstream.HeaderDate).Time()
	if !ok {
		return malformed("a signed message needs a :date header of type timestamp", nil)
	}
	r.date = date
	if r.Verifier == nil {
		return nil
	}
	if err := r.Verifier.Verify(date, r.outer.Payload, signature); err != nil {
		if sigv4.ReasonOf(err) == sigv4.Malformed {
			return malformed("the message is not signed as it should be", err)
		}
		return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: TextSignatureMismatch, Err: err}
	}
	return nil
}

func event(m *eventstream.Message) (Input, error) {
	if typ := m.Headers.Get(eventstream.HeaderMessageType); !typ.Is(eventstream.MessageTypeEvent) {
		return Input{}, malformed(fmt.Sprintf("the header :message-type is %s; expected event", show(typ)), nil)
	}
	name := m.Headers.Get(eventstream.HeaderEventType)
	if !name.Is(eventAudio) {
		return Input{}, malformed(fmt.Sprintf("the header :event-type is %s; expected AudioEvent", show(name)), nil)
	}
	return Input{Audio: m.Payload, End: len(m.Payload) == 0}, nil
}

// show describes a header for an error text. What a client sends is cut short.
func show(v eventstream.Value) string {
	s, ok := v.Text()
	if !ok {
		return "missing or not a string"
	}
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return fmt.Sprintf("%q", s)
}

func malformed(msg string, cause error) error {
	var frame *eventstream.Error
	var signature *sigv4.Error
	switch { // both speak of the form only, never of content
	case errors.As(cause, &frame):
		msg += ": " + frame.Error()
	case errors.As(cause, &signature):
		msg += ": " + signature.Field + ": " + signature.Detail
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: msg, Err: cause}
}

// Output is a message of a server, read.
type Output struct {
	Event     *TranscriptEvent // nil for events that are not known, which are passed over
	Exception *Exception       // the end of the stream in error
}

// ReadOutput reads one message of a server, the whole of msg. m is working space, reused from call to call.
func ReadOutput(msg []byte, m *eventstream.Message) (Output, error) {
	if err := eventstream.DecodeExact(msg, m); err != nil {
		return Output{}, malformed("the server's message is not a valid event-stream message", err)
	}
	switch typ := m.Headers.Get(eventstream.HeaderMessageType); {
	case typ.Is(eventstream.MessageTypeException):
		var body struct{ Message string }
		// A body that cannot be read leaves the name, which says more than an error of ours would.
		_ = json.Unmarshal(m.Payload, &body)
		name, _ := m.Headers.Get(eventstream.HeaderExceptionType).Text()
		return exception(name, body.Message), nil
	case typ.Is(eventstream.MessageTypeError):
		name, _ := m.Headers.Get(eventstream.HeaderErrorCode).Text()
		msg, _ := m.Headers.Get(eventstream.HeaderErrorMessage).Text()
		return exception(name, msg), nil
	case !typ.Is(eventstream.MessageTypeEvent):
		return Output{}, malformed(fmt.Sprintf("the server's header :message-type is %s", show(typ)), nil)
	}
	if !m.Headers.Get(eventstream.HeaderEventType).Is(eventTranscript) {
		return Output{}, nil
	}
	ev := new(TranscriptEvent)
	if err := json.Unmarshal(m.Payload, ev); err != nil {
		return Output{}, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the server's TranscriptEvent cannot be read", Err: err}
	}
	return Output{Event: ev}, nil
}

func exception(name, message string) Output {
	if name == "" {
		name = "an exception without a name"
	}
	return Output{Exception: &Exception{Name: name, Message: message}}
}
