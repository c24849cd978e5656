package eventstream

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The classes of error, for errors.Is. The error itself is always an *Error around one of them, with the detail.
var (
	// ErrTruncated: the input ends inside a message. It is an io.ErrUnexpectedEOF as well.
	ErrTruncated = fmt.Errorf("message is cut off: %w", io.ErrUnexpectedEOF)
	// ErrTrailing: DecodeExact found bytes after the message.
	ErrTrailing = errors.New("bytes after the message")
	// ErrPreludeChecksum: the two lengths and the prelude's CRC do not belong together. The lengths were not believed.
	ErrPreludeChecksum = errors.New("prelude checksum does not match")
	// ErrMessageChecksum: the message and its CRC do not belong together.
	ErrMessageChecksum = errors.New("message checksum does not match")
	// ErrLength: the lengths in the prelude are impossible, or End was not given what Begin began.
	ErrLength = errors.New("length is impossible")
	// ErrTooLong: one of this package's limits, or the Decoder's own, is exceeded.
	ErrTooLong = errors.New("too long")

	// ErrHeader: the headers block is malformed. The four below are ErrHeader as well; alone it means that a header runs past the
	// end of its block.
	ErrHeader = errors.New("malformed header")
	// ErrHeaderName: the name of a header is empty.
	ErrHeaderName = fmt.Errorf("%w: no name", ErrHeader)
	// ErrHeaderType: the type of a header's value is unknown, or a header to encode has no value.
	ErrHeaderType = fmt.Errorf("%w: unknown type", ErrHeader)
	// ErrHeaderDuplicate: two headers of one message have the same name.
	ErrHeaderDuplicate = fmt.Errorf("%w: name is used twice", ErrHeader)
	// ErrHeaderUTF8: a header's name or string value is not valid UTF-8.
	ErrHeaderUTF8 = fmt.Errorf("%w: not valid UTF-8", ErrHeader)
)

// Error says what is wrong with a message, and where.
type Error struct {
	// Err is the class: one of the Err values of this package.
	Err error
	// Field is the part of the message at fault: "total length", "headers length", "headers", "payload", "header name",
	// "header value", "message".
	Field string
	// Header is the name of the header at fault; empty where none is known or where the name itself is the fault.
	Header string
	// Offset is the position of Field, or of the header at fault, in bytes from the start of the message; -1 when encoding.
	Offset int
	// Want and Got say what was expected and what came; empty where the class says it all.
	Want, Got string
}

// Error gives class, place, expectation and finding in one line.
func (e *Error) Error() string {
	var s strings.Builder
	s.WriteString("eventstream: " + e.Err.Error())
	if e.Field != "" {
		s.WriteString(": " + strconv.Quote(e.Field))
	}
	if e.Header != "" {
		s.WriteString(" of header " + strconv.Quote(e.Header))
	}
	if e.Offset >= 0 {
		s.WriteString(" at byte " + strconv.Itoa(e.Offset))
	}
	if e.Want != "" || e.Got != "" {
		s.WriteString(": want " + e.Want + ", got " + e.Got)
	}
	return s.String()
}

// Unwrap gives the class, for errors.Is.
func (e *Error) Unwrap() error { return e.Err }

// The parts that errors name more than once.
const (
	fieldTotal   = "total length"
	fieldHdrLen  = "headers length"
	fieldHeaders = "headers"
	fieldPayload = "payload"
	fieldName    = "header name"
	fieldValue   = "header value"
	fieldMessage = "message"
)

func checksumError(class error, offset int, computed, found uint32) *Error {
	return &Error{Err: class, Offset: offset, Want: fmt.Sprintf("%08x", computed), Got: fmt.Sprintf("%08x", found)}
}

func truncatedError(want, got int) *Error {
	return &Error{Err: ErrTruncated, Field: fieldMessage, Offset: got, Want: "at least " + byteCount(want), Got: byteCount(got)}
}

// tooLongError is of any offset; the caller that knows a better one than -1 sets it.
func tooLongError(field string, limit, got int64) *Error {
	return &Error{Err: ErrTooLong, Field: field, Offset: -1, Want: "at most " + byteCount(limit), Got: byteCount(got)}
}

func tooManyHeadersError(offset int) *Error {
	return &Error{Err: ErrTooLong, Field: fieldHeaders, Offset: offset, Want: fmt.Sprintf("at most %d headers", MaxHeaders), Got: "more"}
}

// cutOffError speaks of a header that needs more bytes than are left in its block.
func cutOffError(field string, want, left int) *Error {
	return &Error{Err: ErrHeader, Field: field, Want: byteCount(want) + " in the headers block", Got: byteCount(left)}
}

func notBegunError(start int) *Error {
	return &Error{Err: ErrLength, Field: fieldMessage, Offset: -1, Want: "a message begun and not ended at the start given", Got: strconv.Itoa(start)}
}

func byteCount[T int | int64](n T) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatInt(int64(n), 10) + " bytes"
}
