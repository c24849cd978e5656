package eventstream

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Type says what a Value holds. From TypeInt8 on the numbers are those of the wire.
type Type uint8

// The types of header values.
const (
	// TypeNone is the type of the zero Value: no value at all.
	TypeNone Type = iota
	// TypeBool is true or false. The wire has a type for each: 0 is true and 1 is false.
	TypeBool
	// TypeInt8 is a signed integer of 1 byte.
	TypeInt8
	// TypeInt16 is a signed integer of 2 bytes.
	TypeInt16
	// TypeInt32 is a signed integer of 4 bytes.
	TypeInt32
	// TypeInt64 is a signed integer of 8 bytes.
	TypeInt64
	// TypeBytes is an array of at most MaxHeaderValue bytes.
	TypeBytes
	// TypeString is at most MaxHeaderValue bytes of UTF-8.
	TypeString
	// TypeTimestamp is a point in time to the millisecond, as an int64 of milliseconds since 1970-01-01 UTC.
	TypeTimestamp
	// TypeUUID is 16 bytes.
	TypeUUID
)

// Types that only the wire knows.
const (
	codeTrue  = 0
	codeFalse = 1
)

// String gives the name that Amazon's documentation uses.
func (t Type) String() string {
	switch t {
	case TypeNone:
		return "none"
	case TypeBool:
		return "bool"
	case TypeInt8:
		return "byte"
	case TypeInt16:
		return "short"
	case TypeInt32:
		return "integer"
	case TypeInt64:
		return "long"
	case TypeBytes:
		return "byte array"
	case TypeString:
		return "string"
	case TypeTimestamp:
		return "timestamp"
	case TypeUUID:
		return "uuid"
	}
	return "type " + strconv.Itoa(int(t))
}

// A Value is the value of a header: one of the nine types, or nothing. The zero Value is nothing. Making, copying and asking a Value
// does not allocate, with the exceptions said at Text and String.
//
// A Value that was decoded is a view of the decoded buffer if its type is bytes or string, and changes when that buffer does.
type Value struct {
	typ Type
	num uint64 // bool (0 or 1), integers and timestamp with their sign extended, the first half of a UUID
	low uint64 // the second half of a UUID

	// The content of bytes is data. The content of a string is data when decoded, or else text: that a string to encode stays a
	// string, and a decoded one stays a view, is what keeps both directions free of copies.
	text string
	data []byte
}

// Bool returns a value of TypeBool.
func Bool(b bool) Value {
	if b {
		return Value{typ: TypeBool, num: 1}
	}
	return Value{typ: TypeBool}
}

// Int8 returns a value of TypeInt8.
func Int8(n int8) Value { return Value{typ: TypeInt8, num: uint64(n)} }

// Int16 returns a value of TypeInt16.
func Int16(n int16) Value { return Value{typ: TypeInt16, num: uint64(n)} }

// Int32 returns a value of TypeInt32.
func Int32(n int32) Value { return Value{typ: TypeInt32, num: uint64(n)} }

// Int64 returns a value of TypeInt64.
func Int64(n int64) Value { return Value{typ: TypeInt64, num: uint64(n)} }

// Bytes returns a value of TypeBytes. It does not copy b, which must stay as it is until the value has been encoded.
func Bytes(b []byte) Value { return Value{typ: TypeBytes, data: b} }

// String returns a value of TypeString.
func String(s string) Value { return Value{typ: TypeString, text: s} }

// Timestamp returns a value of TypeTimestamp. What t has beyond the millisecond is cut off, towards the past.
func Timestamp(t time.Time) Value { return Value{typ: TypeTimestamp, num: uint64(t.UnixMilli())} }

// UUID returns a value of TypeUUID.
func UUID(u [16]byte) Value {
	return Value{typ: TypeUUID, num: binary.BigEndian.Uint64(u[:8]), low: binary.BigEndian.Uint64(u[8:])}
}

// Type returns the type of v, TypeNone for the zero Value: that of a header which is not there.
func (v Value) Type() Type { return v.typ }

// Is reports whether v is a string and equals s. Use it to tell message and event types apart.
func (v Value) Is(s string) bool {
	if v.typ != TypeString {
		return false
	}
	if v.data != nil {
		return string(v.data) == s // the compiler compares in place
	}
	return v.text == s
}

// Bool returns the content of a bool; ok is false if v is something else.
func (v Value) Bool() (b, ok bool) { return v.num != 0 && v.typ == TypeBool, v.typ == TypeBool }

// Int returns the content of an integer of any size; ok is false if v is something else.
func (v Value) Int() (n int64, ok bool) {
	if v.typ < TypeInt8 || v.typ > TypeInt64 {
		return 0, false
	}
	return int64(v.num), true
}

// Bytes returns the content of an array of bytes, without copying it; ok is false if v is something else, a string included.
func (v Value) Bytes() (b []byte, ok bool) {
	if v.typ != TypeBytes {
		return nil, false
	}
	return v.data, true
}

// Text returns the content of a string; ok is false if v is something else. A decoded string is copied, so that the result may be
// kept; that allocates. Is does not.
func (v Value) Text() (s string, ok bool) {
	switch {
	case v.typ != TypeString:
		return "", false
	case v.data != nil:
		return string(v.data), true
	}
	return v.text, true
}

// Time returns the content of a timestamp, in UTC; ok is false if v is something else.
func (v Value) Time() (t time.Time, ok bool) {
	if v.typ != TypeTimestamp {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(v.num)).UTC(), true
}

// UUID returns the content of a UUID; ok is false if v is something else.
func (v Value) UUID() (u [16]byte, ok bool) {
	if v.typ != TypeUUID {
		return u, false
	}
	binary.BigEndian.PutUint64(u[:8], v.num)
	binary.BigEndian.PutUint64(u[8:], v.low)
	return u, true
}

// Equal reports whether v and w have the same type and content.
func (v Value) Equal(w Value) bool {
	if v.typ != w.typ || v.num != w.num || v.low != w.low {
		return false
	}
	switch v.typ {
	case TypeBytes:
		return bytes.Equal(v.data, w.data)
	case TypeString:
		if w.data != nil {
			return v.Is(string(w.data))
		}
		return v.Is(w.text)
	}
	return true
}

// String describes v for logs and test failures: a string is itself, a timestamp RFC 3339, a UUID in its usual form. Of bytes only
// the length is told, since they may be a signature. Use Text, not String, to read a header.
func (v Value) String() string {
	switch v.typ {
	case TypeNone:
		return "none"
	case TypeBool:
		return strconv.FormatBool(v.num != 0)
	case TypeBytes:
		return byteCount(len(v.data))
	case TypeString:
		s, _ := v.Text()
		return s
	case TypeTimestamp:
		t, _ := v.Time()
		return t.Format("2006-01-02T15:04:05.000Z07:00")
	case TypeUUID:
		u, _ := v.UUID()
		h := hex.EncodeToString(u[:])
		return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	}
	return strconv.FormatInt(int64(v.num), 10)
}

// contentLen is the number of bytes of v's content if it is bytes or a string.
func (v *Value) contentLen() int {
	if v.data != nil {
		return len(v.data)
	}
	return len(v.text)
}
