package eventstream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"unicode/utf8"
)

// Decode decodes the message at the start of b into m and returns its length in bytes; what follows it in b is not looked at.
//
// m borrows from b: payload and header values are views of it. m's Headers are reused, so that decoding one message after another into
// the same m does not allocate. On error n is 0 and m is empty. A b that is the beginning of a message, of whatever length, gives
// ErrTruncated; nothing at all does too.
func Decode(b []byte, m *Message) (n int, err error) {
	p, err := parsePrelude(b, MaxPayload)
	if err == nil && len(b) < p.total {
		err = truncatedError(p.total, len(b))
	}
	if err != nil {
		m.clear()
		return 0, err
	}
	if err := decodeBody(b[:p.total], p, m); err != nil {
		return 0, err
	}
	return p.total, nil
}

// DecodeExact is Decode for a b that must be one message and no more, as a WebSocket message or the payload of a signed envelope must:
// bytes after the message give ErrTrailing.
func DecodeExact(b []byte, m *Message) error {
	n, err := Decode(b, m)
	if err != nil {
		return err
	}
	if n < len(b) {
		m.clear()
		return &Error{Err: ErrTrailing, Field: fieldMessage, Offset: n, Want: byteCount(n), Got: byteCount(len(b))}
	}
	return nil
}

// prelude is what the first twelve bytes say, found to be possible and within the limits.
type prelude struct {
	total   int    // length of the whole message
	headers int    // length of the headers block
	crc     uint32 // of the two lengths
}

// parsePrelude looks at the checksum first: until it has passed, the lengths are noise.
func parsePrelude(b []byte, maxPayload int) (prelude, error) {
	if len(b) < preludeLen {
		return prelude{}, truncatedError(Overhead, len(b))
	}
	crc := crc32.ChecksumIEEE(b[:lengthsLen])
	if found := binary.BigEndian.Uint32(b[lengthsLen:]); found != crc {
		return prelude{}, checksumError(ErrPreludeChecksum, lengthsLen, crc, found)
	}
	total, headers := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	payload := total - headers - Overhead
	switch {
	case total < Overhead:
		return prelude{}, &Error{Err: ErrLength, Field: fieldTotal, Want: "at least " + byteCount(Overhead), Got: byteCount(total)}
	case payload < 0:
		return prelude{}, &Error{Err: ErrLength, Field: fieldHdrLen, Offset: 4,
			Want: "at most " + byteCount(total-Overhead) + " in a message of " + byteCount(total), Got: byteCount(headers)}
	case headers > MaxHeadersLen:
		e := tooLongError(fieldHeaders, MaxHeadersLen, headers)
		e.Offset = 4
		return prelude{}, e
	case payload > int64(maxPayload):
		e := tooLongError(fieldPayload, int64(maxPayload), payload)
		e.Offset = 0
		return prelude{}, e
	}
	return prelude{total: int(total), headers: int(headers), crc: crc}, nil
}

// decodeBody decodes b, which is one whole message with the prelude p.
func decodeBody(b []byte, p prelude, m *Message) error {
	end := len(b) - crcLen
	crc := crc32.Update(p.crc, crc32.IEEETable, b[lengthsLen:end])
	if found := binary.BigEndian.Uint32(b[end:]); found != crc {
		m.clear()
		return checksumError(ErrMessageChecksum, end, crc, found)
	}
	body := preludeLen + p.headers
	if e := m.parseHeaders(b[preludeLen:body]); e != nil {
		m.clear()
		return e
	}
	m.Payload = b[body:end:end] // capped, lest an append write over the checksum
	return nil
}

func (m *Message) parseHeaders(block []byte) *Error {
	before := m.Headers
	m.Headers = m.Headers[:0]
	for rest := block; len(rest) > 0; {
		offset := preludeLen + len(block) - len(rest)
		if len(m.Headers) == MaxHeaders {
			return tooManyHeadersError(offset)
		}
		n, e := m.parseHeader(rest)
		if e != nil {
			e.Offset = offset
			return e
		}
		rest = rest[n:]
	}
	if len(m.Headers) < len(before) {
		before.forget(len(m.Headers))
	}
	return nil
}

// parseHeader appends the header at the start of b, which is not empty, to m and returns its length.
func (m *Message) parseHeader(b []byte) (n int, e *Error) {
	n = 1 + int(b[0])
	switch {
	case n == 1:
		return 0, &Error{Err: ErrHeaderName, Field: fieldName, Want: "1 to 255 bytes", Got: "none"}
	case len(b) <= n: // the value takes one byte at least, its type
		return 0, cutOffError(fieldName, n+1, len(b))
	}
	h := m.addHeader()
	if e := h.setName(b[1:n]); e != nil {
		return 0, e
	}
	size, e := h.Value.parse(b[n:])
	if e == nil && m.Headers[:len(m.Headers)-1].indexOf(h.Name) >= 0 {
		e = &Error{Err: ErrHeaderDuplicate, Field: fieldName}
	}
	if e != nil {
		e.Header = h.Name
		return 0, e
	}
	return n + size, nil
}

// addHeader makes room for one more header. What stood in its place before, if anything, is still there.
func (m *Message) addHeader() *Header {
	n := len(m.Headers)
	if n < cap(m.Headers) {
		m.Headers = m.Headers[:n+1]
	} else {
		m.Headers = append(m.Headers, Header{})
	}
	return &m.Headers[n]
}

// setName makes a string of b, without allocating if the name is one of Amazon's or if the header that stood here before had the same
// name, as in a stream of like messages it had.
func (h *Header) setName(b []byte) *Error {
	if name := wellKnown(b); name != "" {
		h.Name = name
		return nil
	}
	if !utf8.Valid(b) {
		return &Error{Err: ErrHeaderUTF8, Field: fieldName, Want: "UTF-8", Got: strconv.Quote(string(b))}
	}
	if h.Name != string(b) { // the compiler compares in place
		h.Name = string(b)
	}
	return nil
}

// parse reads type and content from b, which is not empty, and returns the length of both. v becomes a view of b.
func (v *Value) parse(b []byte) (n int, e *Error) {
	code, content := b[0], b[1:]
	switch code {
	case codeTrue, codeFalse:
		*v = Value{typ: TypeBool, num: uint64(codeFalse - code)}
		return 1, nil
	case byte(TypeBytes), byte(TypeString):
		n, e = v.parseContent(Type(code), content)
		return 1 + n, e
	}
	n = fixedSize(code)
	switch {
	case n == 0:
		return 0, &Error{Err: ErrHeaderType, Field: fieldValue, Want: "a type of 0 to 9", Got: fmt.Sprint(code)}
	case len(content) < n:
		return 0, cutOffError(fieldValue, n, len(content))
	}
	*v = Value{typ: Type(code), num: leadingInt(content, n)}
	if n == 16 {
		v.low = binary.BigEndian.Uint64(content[8:])
	}
	return 1 + n, nil
}

// parseContent reads the length and content of a string or an array of bytes.
func (v *Value) parseContent(t Type, b []byte) (n int, e *Error) {
	if len(b) < 2 {
		return 0, cutOffError(fieldValue, 2, len(b))
	}
	n = 2 + int(binary.BigEndian.Uint16(b))
	switch {
	case n-2 > MaxHeaderValue:
		return 0, tooLongError(fieldValue, MaxHeaderValue, int64(n-2))
	case len(b) < n:
		return 0, cutOffError(fieldValue, n, len(b))
	}
	data := b[2:n:n]
	if t == TypeString && !utf8.Valid(data) {
		return 0, &Error{Err: ErrHeaderUTF8, Field: fieldValue, Want: "UTF-8", Got: "other bytes"}
	}
	*v = Value{typ: t, data: data}
	return n, nil
}

// fixedSize is the length of a value of a type that always has the same, in bytes; 0 for the other types and for unknown ones.
func fixedSize(code byte) int {
	switch Type(code) {
	case TypeInt8:
		return 1
	case TypeInt16:
		return 2
	case TypeInt32:
		return 4
	case TypeInt64, TypeTimestamp:
		return 8
	case TypeUUID:
		return 16
	}
	return 0
}

// leadingInt is the integer of size bytes at the start of b, its sign extended; of 16 bytes it is the first half.
func leadingInt(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(int8(b[0]))
	case 2:
		return uint64(int16(binary.BigEndian.Uint16(b)))
	case 4:
		return uint64(int32(binary.BigEndian.Uint32(b)))
	}
	return binary.BigEndian.Uint64(b)
}
