package eventstream

import "bytes"

// Limits, in bytes unless said otherwise. The first four are Amazon's, enforced by its SDKs of one generation or another.
const (
	// MaxHeaderName is the length of the longest name of a header; the shortest is 1.
	MaxHeaderName = 255
	// MaxHeaderValue is the length of the longest value of type bytes or string.
	MaxHeaderValue = 1<<15 - 1
	// MaxHeadersLen is the length of the longest block of headers.
	MaxHeadersLen = 128 << 10
	// MaxPayload is the length of the longest payload.
	MaxPayload = 16 << 20
	// MaxHeaders is the largest number of headers in a message. The limit is ours: it bounds the search for a name that is used
	// twice, and what a reused Message holds on to. Amazon Transcribe's messages carry three at most.
	MaxHeaders = 128
	// Overhead is what a message costs beside headers and payload, so also the length of the shortest message.
	Overhead = preludeLen + crcLen
)

const (
	lengthsLen = 8                   // the two lengths that the prelude's CRC covers
	crcLen     = 4                   // either CRC
	preludeLen = lengthsLen + crcLen // everything before the headers
)

// MediaType is the content type of a body made of these messages.
const MediaType = "application/vnd.amazon.eventstream"

// Names of the headers that Amazon's protocols give a meaning to. All hold strings but the last two.
const (
	// HeaderMessageType is MessageTypeEvent, MessageTypeException or MessageTypeError.
	HeaderMessageType = ":message-type"
	// HeaderEventType names the event, such as "AudioEvent"; events only.
	HeaderEventType = ":event-type"
	// HeaderExceptionType names the exception, such as "BadRequestException"; exceptions only.
	HeaderExceptionType = ":exception-type"
	// HeaderContentType is the payload's media type.
	HeaderContentType = ":content-type"
	// HeaderErrorCode names an error that the service's model does not know; errors only.
	HeaderErrorCode = ":error-code"
	// HeaderErrorMessage is that error's text.
	HeaderErrorMessage = ":error-message"
	// HeaderDate is the time, of type timestamp, at which a signed envelope was signed.
	HeaderDate = ":date"
	// HeaderChunkSignature is the signature, 32 bytes, of a signed envelope.
	HeaderChunkSignature = ":chunk-signature"
)

// Values of HeaderMessageType.
const (
	// MessageTypeEvent marks what a stream is for: audio, transcripts.
	MessageTypeEvent = "event"
	// MessageTypeException marks the end of a stream by an error that the service's model knows.
	MessageTypeException = "exception"
	// MessageTypeError marks the end of a stream by any other error.
	MessageTypeError = "error"
)

// A Message is one frame of an event stream. The zero value is the empty message, which is valid.
//
// Keep one Message for each stream and decode into it again and again. Decoding writes over the array of its Headers, which must
// therefore not be shared. One goroutine may use a Message at a time, but encoding only reads it.
type Message struct {
	// Headers in the order of the wire.
	Headers Headers
	// Payload is opaque to this package; at most MaxPayload bytes. After decoding it is a view of the input.
	Payload []byte
}

// Clone returns a copy that shares nothing with m or with the buffer m was decoded from.
func (m *Message) Clone() Message {
	c := Message{Payload: bytes.Clone(m.Payload)}
	if m.Headers != nil {
		c.Headers = make(Headers, len(m.Headers))
	}
	for i, h := range m.Headers {
		h.Value.data = bytes.Clone(h.Value.data)
		c.Headers[i] = h
	}
	return c
}

// clear empties m and keeps its memory.
func (m *Message) clear() {
	m.Headers[:cap(m.Headers)].forget(0) // a failed decoding leaves values beyond the length, too
	m.Headers, m.Payload = m.Headers[:0], nil
}

// Headers are the headers of one message in the order of the wire. Each name stands once.
type Headers []Header

// A Header is one name with its value.
type Header struct {
	// Name is 1 to MaxHeaderName bytes of UTF-8; case matters. The names that begin with a colon are Amazon's.
	Name string
	// Value must have a type; the zero Value cannot be encoded.
	Value Value
}

// Get returns the value of the header called name, and the zero Value, of TypeNone, if there is none. It does not allocate.
func (hs Headers) Get(name string) Value {
	for i := range hs {
		if hs[i].Name == name {
			return hs[i].Value
		}
	}
	return Value{}
}

// indexOf is the position of the header called name, or -1.
func (hs Headers) indexOf(name string) int {
	for i := range hs {
		if hs[i].Name == name {
			return i
		}
	}
	return -1
}

// forget drops the values from index i on, so that the buffers they view can be freed. The names stay, for the next message.
func (hs Headers) forget(i int) {
	for ; i < len(hs); i++ {
		hs[i].Value = Value{}
	}
}

// wellKnown returns the constant equal to name, or "".
func wellKnown(name []byte) string {
	switch string(name) {
	case HeaderMessageType:
		return HeaderMessageType
	case HeaderEventType:
		return HeaderEventType
	case HeaderExceptionType:
		return HeaderExceptionType
	case HeaderContentType:
		return HeaderContentType
	case HeaderErrorCode:
		return HeaderErrorCode
	case HeaderErrorMessage:
		return HeaderErrorMessage
	case HeaderDate:
		return HeaderDate
	case HeaderChunkSignature:
		return HeaderChunkSignature
	}
	return ""
}
