package eventstream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Append appends the encoding of m to dst and returns the longer slice. It allocates only if dst must grow. On error it returns dst as
// it was. m.Payload must not lie in the free capacity of dst.
func Append(dst []byte, m *Message) ([]byte, error) {
	if len(m.Payload) > MaxPayload {
		return dst, tooLongError(fieldPayload, MaxPayload, int64(len(m.Payload)))
	}
	size, err := m.Headers.check()
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = slices.Grow(dst, Overhead+size+len(m.Payload))
	dst = m.Headers.append(appendPrelude(dst, size))
	dst = append(dst, m.Payload...)
	return seal(dst, start), nil
}

// Begin appends the start of a message, up to its payload, to dst. The caller appends the payload to the result and gives it to End:
//
//	start := len(buf)
//	buf, err := eventstream.Begin(buf, headers)
//	...
//	buf = appendJSON(buf, event)
//	buf, err = eventstream.End(buf, start)
//
// Messages nest: the payload may itself be written by Append, or by Begin and End, and header values of a fixed length may be filled in
// before End, for all checksums are made there. On error Begin returns dst as it was.
func Begin(dst []byte, hs Headers) ([]byte, error) {
	size, err := hs.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, Overhead+size)
	return hs.append(appendPrelude(dst, size)), nil
}

// End completes the message that Begin, or Block.Begin, began when the length of the buffer was start: it puts in the total length and
// both checksums. A payload that is too long gives ErrTooLong and dst[:start], the buffer without the message; a start at which no
// message was begun, or whose message has been ended, gives ErrLength and dst as it was.
func End(dst []byte, start int) ([]byte, error) {
	if start < 0 || len(dst)-start < preludeLen || binary.BigEndian.Uint32(dst[start:]) != 0 {
		return dst, notBegunError(start)
	}
	headers := int64(binary.BigEndian.Uint32(dst[start+4:]))
	payload := int64(len(dst)-start-preludeLen) - headers
	switch {
	case headers > MaxHeadersLen || payload < 0:
		return dst, notBegunError(start)
	case payload > MaxPayload:
		return dst[:start], tooLongError(fieldPayload, MaxPayload, payload)
	}
	return seal(dst, start), nil
}

// AppendHeaders appends the encoding of hs alone, without a message around it: what the signature of a signed envelope covers of its
// own headers. On error it returns dst as it was.
func AppendHeaders(dst []byte, hs Headers) ([]byte, error) {
	size, err := hs.check()
	if err != nil {
		return dst, err
	}
	return hs.append(slices.Grow(dst, size)), nil
}

// A Block is a headers block that has been checked and encoded beforehand, for messages whose headers are always the same. It cannot
// change and may be used from any goroutine. The zero Block has no headers.
type Block struct{ encoded string }

// NewBlock checks and encodes headers. The Block keeps nothing of their values.
func NewBlock(headers ...Header) (Block, error) {
	b, err := AppendHeaders(nil, headers)
	return Block{string(b)}, err
}

// MustBlock is NewBlock for headers written out in the program, such as those of package variables: it panics on error.
func MustBlock(headers ...Header) Block {
	b, err := NewBlock(headers...)
	if err != nil {
		panic(err)
	}
	return b
}

// Append appends a message with these headers and payload to dst, as the function Append does.
func (b Block) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload {
		return dst, tooLongError(fieldPayload, MaxPayload, int64(len(payload)))
	}
	start := len(dst)
	dst = slices.Grow(dst, Overhead+len(b.encoded)+len(payload))
	dst = append(b.Begin(dst), payload...)
	return seal(dst, start), nil
}

// Begin appends the start of a message with these headers, as the function Begin does. It cannot fail.
func (b Block) Begin(dst []byte) []byte {
	return append(appendPrelude(dst, len(b.encoded)), b.encoded...)
}

// appendPrelude leaves the total length and the checksum for seal to fill in.
func appendPrelude(dst []byte, headers int) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(headers))
	return append(dst, 0, 0, 0, 0)
}

// seal completes the message that starts at start: lengths have been checked by then.
func seal(dst []byte, start int) []byte {
	m := dst[start:]
	binary.BigEndian.PutUint32(m, uint32(len(m)+crcLen))
	crc := crc32.ChecksumIEEE(m[:lengthsLen])
	binary.BigEndian.PutUint32(m[lengthsLen:], crc)
	// The message's checksum covers the prelude's bytes too, so it goes on where the prelude's ended.
	crc = crc32.Update(crc, crc32.IEEETable, m[lengthsLen:])
	return binary.BigEndian.AppendUint32(dst, crc)
}

// check returns the length of the encoded headers, or why they cannot be encoded.
func (hs Headers) check() (size int, err error) {
	if len(hs) > MaxHeaders {
		return 0, tooManyHeadersError(-1)
	}
	for i := range hs {
		h := &hs[i]
		n, e := h.check()
		if e == nil && hs[:i].indexOf(h.Name) >= 0 {
			e = &Error{Err: ErrHeaderDuplicate, Field: fieldName}
		}
		if e != nil {
			e.Offset = -1
			if e.Field == fieldValue || errors.Is(e, ErrHeaderDuplicate) {
				e.Header = h.Name
			}
			return 0, e
		}
		size += n
	}
	if size > MaxHeadersLen {
		return 0, tooLongError(fieldHeaders, MaxHeadersLen, int64(size))
	}
	return size, nil
}

// check returns the length of the encoded header, or what is wrong with it; the caller adds name and offset.
func (h *Header) check() (size int, e *Error) {
	switch {
	case h.Name == "":
		return 0, &Error{Err: ErrHeaderName, Field: fieldName, Want: "1 to 255 bytes", Got: "none"}
	case len(h.Name) > MaxHeaderName:
		return 0, tooLongError(fieldName, MaxHeaderName, int64(len(h.Name)))
	case !utf8.ValidString(h.Name):
		return 0, &Error{Err: ErrHeaderUTF8, Field: fieldName, Want: "UTF-8", Got: strconv.Quote(h.Name)}
	}
	size = 1 + len(h.Name) + 1
	switch v := &h.Value; v.typ {
	case TypeBool:
		return size, nil
	case TypeBytes, TypeString:
		n := v.contentLen()
		if n > MaxHeaderValue {
			return 0, tooLongError(fieldValue, MaxHeaderValue, int64(n))
		}
		if v.typ == TypeString && !(utf8.ValidString(v.text) && utf8.Valid(v.data)) {
			return 0, &Error{Err: ErrHeaderUTF8, Field: fieldValue, Want: "UTF-8", Got: "other bytes"}
		}
		return size + 2 + n, nil
	default:
		n := fixedSize(byte(v.typ))
		if n == 0 {
			return 0, &Error{Err: ErrHeaderType, Field: fieldValue, Want: "a value", Got: v.typ.String()}
		}
		return size + n, nil
	}
}

// append encodes headers that check has passed.
func (hs Headers) append(dst []byte) []byte {
	for i := range hs {
		h := &hs[i]
		dst = append(dst, byte(len(h.Name)))
		dst = append(dst, h.Name...)
		dst = h.Value.append(dst)
	}
	return dst
}

func (v *Value) append(dst []byte) []byte {
	if v.typ == TypeBool {
		return append(dst, codeFalse-byte(v.num)) // true is 0 on the wire, false is 1
	}
	dst = append(dst, byte(v.typ))
	switch v.typ {
	case TypeInt8:
		return append(dst, byte(v.num))
	case TypeInt16:
		return binary.BigEndian.AppendUint16(dst, uint16(v.num))
	case TypeInt32:
		return binary.BigEndian.AppendUint32(dst, uint32(v.num))
	case TypeBytes, TypeString:
		dst = binary.BigEndian.AppendUint16(dst, uint16(v.contentLen()))
		return append(append(dst, v.text...), v.data...) // one of the two is empty
	case TypeUUID:
		dst = binary.BigEndian.AppendUint64(dst, v.num)
		return binary.BigEndian.AppendUint64(dst, v.low)
	}
	return binary.BigEndian.AppendUint64(dst, v.num)
}
