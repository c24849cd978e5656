package eventstream_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

func TestDecodeVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			b := v.bytes(t)
			var m eventstream.Message
			if err := eventstream.DecodeExact(b, &m); err != nil {
				t.Fatal(err)
			}
			if d := diff(&m, &v.m); d != "" {
				t.Error(d)
			}
			n, err := eventstream.Decode(append(b, "and more"...), &m)
			if n != len(b) || err != nil {
				t.Errorf("Decode with bytes after the message: %d, %v; want %d", n, err, len(b))
			}
			if d := diff(&m, &v.m); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, v := range badVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			m := eventstream.Message{Headers: eventstream.Headers{str("old", "old")}, Payload: []byte("old")}
			n, err := eventstream.Decode(v.bytes, &m)
			if n != 0 || len(m.Headers) != 0 || len(m.Payload) != 0 {
				t.Errorf("after an error: length %d, headers %v, payload %q", n, m.Headers, m.Payload)
			}
			checkError(t, err, v.class, v.text)
		})
	}
}

// checkError wants an *Error of one class, with text in it, that claims no other class.
func checkError(t *testing.T, err, class error, text string) {
	t.Helper()
	var e *eventstream.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if !strings.HasPrefix(err.Error(), "eventstream: "+class.Error()) || !strings.Contains(err.Error(), text) {
		t.Errorf("got text %q, want %q and %q in it", err, class, text)
	}
	for _, other := range classes() {
		is := other == class || errors.Is(class, other)
		if errors.Is(err, other) != is {
			t.Errorf("%v: errors.Is(err, %q) is %v", err, other, !is)
		}
	}
}

func classes() []error {
	return []error{
		eventstream.ErrTruncated, eventstream.ErrTrailing, eventstream.ErrPreludeChecksum, eventstream.ErrMessageChecksum,
		eventstream.ErrLength, eventstream.ErrTooLong, eventstream.ErrHeader, eventstream.ErrHeaderName, eventstream.ErrHeaderType,
		eventstream.ErrHeaderDuplicate, eventstream.ErrHeaderUTF8, io.ErrUnexpectedEOF,
	}
}

// Every beginning of a message is a truncated message, and every message with something behind it is not exact.
func TestDecodeCutAnywhere(t *testing.T) {
	var m eventstream.Message
	for _, v := range vectors(t) {
		b := v.bytes(t)
		for n := range b {
			if err := eventstream.DecodeExact(b[:n], &m); !errors.Is(err, eventstream.ErrTruncated) {
				t.Fatalf("%s cut at %d: %v", v.name, n, err)
			}
		}
		err := eventstream.DecodeExact(append(b, 0), &m)
		checkError(t, err, eventstream.ErrTrailing, "got "+itoa(len(b)+1)+" bytes")
		if len(m.Headers) != 0 || m.Payload != nil {
			t.Errorf("%s: message is not empty after an error", v.name)
		}
	}
}

// Whatever single bit is flipped, a checksum finds it.
func TestDecodeFindsFlippedBits(t *testing.T) {
	b := vectors(t)[4].bytes(t)
	var m eventstream.Message
	for bit := range 8 * len(b) {
		b[bit/8] ^= 1 << (bit % 8)
		want := eventstream.ErrMessageChecksum
		if bit < 8*12 {
			want = eventstream.ErrPreludeChecksum
		}
		if err := eventstream.DecodeExact(b, &m); !errors.Is(err, want) {
			t.Fatalf("bit %d: got %v, want %v", bit, err, want)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestDecodeLimits(t *testing.T) {
	name := strings.Repeat("n", eventstream.MaxHeaderName)
	value := strings.Repeat("v", eventstream.MaxHeaderValue)
	var block []byte // of exactly MaxHeadersLen: 3 full values, and one that fills up
	for i := range byte(4) {
		n := min(eventstream.MaxHeaderValue, eventstream.MaxHeadersLen-len(block)-5)
		block = append(block, 1, 'a'+i, 6, byte(n>>8), byte(n))
		block = append(block, value[:n]...)
	}
	if len(block) != eventstream.MaxHeadersLen {
		t.Fatalf("block of %d bytes", len(block))
	}
	tests := []struct {
		name    string
		headers []byte
		payload int
		class   error
	}{
		{"longest name", []byte("\xff" + name + "\x00"), 0, nil},
		{"longest string", []byte("\x01s\x07\x7f\xff" + value), 0, nil},
		{"longest bytes", []byte("\x01s\x06\x7f\xff" + value), 0, nil},
		{"shortest values", []byte("\x01s\x06\x00\x00\x01b\x07\x00\x00"), 0, nil},
		{"most headers", manyHeaders(eventstream.MaxHeaders), 0, nil},
		{"longest block", block, 0, nil},
		{"block one too long", append(block[:len(block):len(block)], 0), 0, eventstream.ErrTooLong},
		{"longest payload", nil, eventstream.MaxPayload, nil},
		{"longest of all", block, eventstream.MaxPayload, nil},
		{"payload one too long", nil, eventstream.MaxPayload + 1, eventstream.ErrTooLong},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := frame(test.headers, make([]byte, test.payload))
			var m eventstream.Message
			err := eventstream.DecodeExact(b, &m)
			if !errors.Is(err, test.class) {
				t.Fatalf("got %v, want %v", err, test.class)
			}
			if err == nil && !bytes.Equal(mustAppend(t, nil, &m), b) {
				t.Error("encodes again to other bytes")
			}
		})
	}
}

// A string may hold any character, and what is cut within one is no string.
func TestDecodeUTF8(t *testing.T) {
	var m eventstream.Message
	const text = "né 語 🎙\x00"
	b := frame([]byte("\x06naïve\x07\x00\x0d"+text), nil)
	if err := eventstream.DecodeExact(b, &m); err != nil {
		t.Fatal(err)
	}
	if v := m.Headers.Get("naïve"); !v.Is(text) {
		t.Errorf("got %q", v)
	}
	for _, bad := range []string{"\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "é"[:1]} {
		b := frame([]byte("\x01n\x07\x00"+string(rune(len(bad)))+bad), nil)
		if err := eventstream.DecodeExact(b, &m); !errors.Is(err, eventstream.ErrHeaderUTF8) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The extremes of each type, as they stand on the wire.
func TestDecodeExtremes(t *testing.T) {
	for _, test := range extremes() {
		t.Run(test.name, func(t *testing.T) {
			b := frame([]byte("\x01x"+test.wire), nil)
			var m eventstream.Message
			if err := eventstream.DecodeExact(b, &m); err != nil {
				t.Fatal(err)
			}
			if v := m.Headers.Get("x"); !v.Equal(test.v) {
				t.Errorf("decoded %s %s, want %s %s", v.Type(), v, test.v.Type(), test.v)
			}
			encoded := mustAppend(t, nil, &eventstream.Message{Headers: eventstream.Headers{header("x", test.v)}})
			if !bytes.Equal(encoded, b) {
				t.Errorf("encoded %x, want %x", encoded, b)
			}
		})
	}
}

type extreme struct {
	name, wire string
	v          eventstream.Value
}

func extremes() []extreme {
	const ff7, zero7 = "\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\x00\x00\x00\x00"
	longest := strings.Repeat("v", eventstream.MaxHeaderValue)
	millis := func(n int64) eventstream.Value { return eventstream.Timestamp(time.UnixMilli(n)) }
	return []extreme{
		{"true", "\x00", eventstream.Bool(true)},
		{"false", "\x01", eventstream.Bool(false)},
		{"int8 min", "\x02\x80", eventstream.Int8(math.MinInt8)},
		{"int8 max", "\x02\x7f", eventstream.Int8(math.MaxInt8)},
		{"int8 -1", "\x02\xff", eventstream.Int8(-1)},
		{"int16 min", "\x03\x80\x00", eventstream.Int16(math.MinInt16)},
		{"int16 max", "\x03\x7f\xff", eventstream.Int16(math.MaxInt16)},
		{"int32 min", "\x04\x80\x00\x00\x00", eventstream.Int32(math.MinInt32)},
		{"int32 max", "\x04\x7f\xff\xff\xff", eventstream.Int32(math.MaxInt32)},
		{"int64 min", "\x05\x80" + zero7, eventstream.Int64(math.MinInt64)},
		{"int64 max", "\x05\x7f" + ff7, eventstream.Int64(math.MaxInt64)},
		{"no bytes", "\x06\x00\x00", eventstream.Bytes(nil)},
		{"most bytes", "\x06\x7f\xff" + longest, eventstream.Bytes([]byte(longest))},
		{"empty string", "\x07\x00\x00", eventstream.String("")},
		{"longest string", "\x07\x7f\xff" + longest, eventstream.String(longest)},
		{"epoch", "\x08\x00" + zero7, millis(0)},
		{"just before the epoch", "\x08\xff" + ff7, millis(-1)},
		{"first time", "\x08\x80" + zero7, millis(math.MinInt64)},
		{"last time", "\x08\x7f" + ff7, millis(math.MaxInt64)},
		{"uuid zero", "\x09\x00" + zero7 + "\x00" + zero7, eventstream.UUID([16]byte{})},
		{"uuid one", "\x09\x00" + zero7 + zero7 + "\x01", eventstream.UUID([16]byte{15: 1})},
		{"uuid ones", "\x09\xff" + ff7 + "\xff" + ff7, eventstream.UUID([16]byte(bytes.Repeat([]byte{255}, 16)))},
	}
}

// A decoded message is a view of the input, but for the names; a clone is not.
func TestDecodeBorrows(t *testing.T) {
	b := frame([]byte("\x05:date\x06\x00\x01b"+"\x05other\x07\x00\x01s"), []byte("p"))
	var m eventstream.Message
	if err := eventstream.DecodeExact(b, &m); err != nil {
		t.Fatal(err)
	}
	clone := m.Clone()
	want := describe(&clone)
	for i := range b {
		b[i] = 'X'
	}
	if got := m.Headers.Get("other"); !got.Is("X") || string(m.Payload) != "X" {
		t.Errorf("decoding made a copy: %q, %q", got, m.Payload)
	}
	if data, _ := m.Headers.Get(":date").Bytes(); string(data) != "X" {
		t.Errorf("decoding made a copy: %q", data)
	}
	if describe(&clone) != want || string(clone.Payload) != "p" || !clone.Headers.Get("other").Is("s") {
		t.Errorf("the clone changed: %s, %q", describe(&clone), clone.Payload)
	}
	// Views end where their content ends: an append to one makes a copy.
	data, _ := m.Headers.Get(":date").Bytes()
	_ = append(data, '!')
	_ = append(m.Payload, '!')
	if bytes.IndexByte(b, '!') >= 0 {
		t.Error("an append to a view wrote into the input")
	}
}

// A message reused for others shows nothing of what it held before.
func TestDecodeReuse(t *testing.T) {
	var m eventstream.Message
	vs := vectors(t)
	for i := range vs {
		for j := range vs {
			for _, v := range []vector{vs[i], vs[j]} {
				if err := eventstream.DecodeExact(v.bytes(t), &m); err != nil {
					t.Fatal(err)
				}
				if d := diff(&m, &v.m); d != "" {
					t.Fatalf("%s among others: %s", v.name, d)
				}
			}
		}
	}
	// Values of longer messages before do not keep their input alive, be what follows them sound or not.
	long, short := vs[4].bytes(t), vs[2].bytes(t)
	late := frame(append(bytes.Clone(long[12:12+0xaf]), 0), nil) // fails after ten headers
	early := frame([]byte("\x01a\xff"), nil)                     // fails at the first
	for _, follows := range [][]byte{short, short[:20], late, early} {
		if err := eventstream.DecodeExact(long, &m); err != nil {
			t.Fatal(err)
		}
		_ = eventstream.DecodeExact(follows, &m)
		for _, h := range m.Headers[len(m.Headers):cap(m.Headers)] {
			if h.Value.Type() != eventstream.TypeNone {
				t.Errorf("after %x: header %q still holds a %s", follows, h.Name, h.Value.Type())
			}
		}
	}
}
