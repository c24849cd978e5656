package eventstream_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Four ways to write a message give the same bytes, behind whatever the buffer holds.
func TestEncodeVectors(t *testing.T) {
	ways := map[string]func(dst []byte, m *eventstream.Message) ([]byte, error){
		"Append": eventstream.Append,
		"Begin and End": func(dst []byte, m *eventstream.Message) ([]byte, error) {
			start := len(dst)
			dst, err := eventstream.Begin(dst, m.Headers)
			if err != nil {
				return dst, err
			}
			return eventstream.End(append(dst, m.Payload...), start)
		},
		"Block.Append": func(dst []byte, m *eventstream.Message) ([]byte, error) {
			block, err := eventstream.NewBlock(m.Headers...)
			if err != nil {
				return dst, err
			}
			return block.Append(dst, m.Payload)
		},
		"Block.Begin and End": func(dst []byte, m *eventstream.Message) ([]byte, error) {
			start := len(dst)
			dst = eventstream.MustBlock(m.Headers...).Begin(dst)
			return eventstream.End(append(dst, m.Payload...), start)
		},
	}
	for name, encode := range ways {
		for _, v := range vectors(t) {
			for _, before := range []string{"", "before"} {
				got, err := encode([]byte(before), &v.m)
				if err != nil {
					t.Errorf("%s: %s: %v", name, v.name, err)
				} else if want := append([]byte(before), v.bytes(t)...); !bytes.Equal(got, want) {
					t.Errorf("%s: %s:\n got %x\nwant %x", name, v.name, got, want)
				}
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		name    string
		headers eventstream.Headers
		payload int
		class   error // nil: at the limit, and accepted
		text    string
	}{
		{name: "longest name", headers: eventstream.Headers{str(strings.Repeat("n", 255), "")}},
		{name: "longest string", headers: eventstream.Headers{str("n", strings.Repeat("v", 32767))}},
		{name: "longest bytes", headers: eventstream.Headers{header("n", eventstream.Bytes(make([]byte, 32767)))}},
		{name: "most headers", headers: namedHeaders(eventstream.MaxHeaders)},
		{name: "longest block", headers: headersOfLength(t, eventstream.MaxHeadersLen)},
		{name: "longest payload", payload: eventstream.MaxPayload},

		{name: "no name", headers: eventstream.Headers{str("", "v")},
			class: eventstream.ErrHeaderName, text: `"header name": want 1 to 255 bytes, got none`},
		{name: "name too long", headers: eventstream.Headers{str(strings.Repeat("n", 256), "")},
			class: eventstream.ErrTooLong, text: `"header name": want at most 255 bytes, got 256 bytes`},
		{name: "name not UTF-8", headers: eventstream.Headers{str("n\xff", "")},
			class: eventstream.ErrHeaderUTF8, text: `"header name": want UTF-8, got "n\xff"`},
		{name: "string too long", headers: eventstream.Headers{str("n", strings.Repeat("v", 32768))},
			class: eventstream.ErrTooLong, text: `"header value" of header "n": want at most 32767 bytes, got 32768 bytes`},
		{name: "bytes too long", headers: eventstream.Headers{header("n", eventstream.Bytes(make([]byte, 32768)))},
			class: eventstream.ErrTooLong, text: `"header value" of header "n"`},
		{name: "string not UTF-8", headers: eventstream.Headers{str("n", "\xff")},
			class: eventstream.ErrHeaderUTF8, text: `"header value" of header "n"`},
		{name: "no value", headers: eventstream.Headers{{Name: "n"}},
			class: eventstream.ErrHeaderType, text: `"header value" of header "n": want a value, got none`},
		{name: "name twice", headers: eventstream.Headers{str("n", "1"), str("N", "2"), str("n", "1")},
			class: eventstream.ErrHeaderDuplicate, text: `"header name" of header "n"`},
		{name: "too many headers", headers: namedHeaders(eventstream.MaxHeaders + 1),
			class: eventstream.ErrTooLong, text: `"headers": want at most 128 headers, got more`},
		{name: "block too long", headers: headersOfLength(t, eventstream.MaxHeadersLen+1),
			class: eventstream.ErrTooLong, text: `"headers": want at most 131072 bytes, got 131073 bytes`},
		{name: "payload too long", payload: eventstream.MaxPayload + 1,
			class: eventstream.ErrTooLong, text: `"payload": want at most 16777216 bytes, got 16777217 bytes`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := eventstream.Message{Headers: test.headers, Payload: make([]byte, test.payload)}
			got, err := eventstream.Append([]byte("before"), &m)
			checkEncoded(t, got, err, frameOf(&m), test.class, test.text)
			if test.payload > 0 {
				got, err := eventstream.Block{}.Append([]byte("before"), m.Payload)
				checkEncoded(t, got, err, frameOf(&m), test.class, test.text)
				got, err = eventstream.Begin([]byte("before"), nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err = eventstream.End(append(got, m.Payload...), len("before"))
				checkEncoded(t, got, err, frameOf(&m), test.class, test.text)
				return
			}
			block, err := eventstream.AppendHeaders([]byte("before"), m.Headers)
			checkEncoded(t, block, err, headersOf(&m), test.class, test.text)
			if test.class != nil {
				got, err := eventstream.Begin([]byte("before"), m.Headers)
				checkEncoded(t, got, err, nil, test.class, test.text)
			}
		})
	}
}

// checkEncoded wants "before" alone together with an error, or with want behind it.
func checkEncoded(t *testing.T, got []byte, err error, want []byte, class error, text string) {
	t.Helper()
	if class != nil {
		checkError(t, err, class, text)
		want = nil
	} else if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("buffer of %d bytes is not what it should be (%d)", len(got), len("before")+len(want))
	}
}

// frameOf encodes m, whose values are strings, bytes and bools, as simply as can be.
func frameOf(m *eventstream.Message) []byte { return frame(headersOf(m), m.Payload) }

func headersOf(m *eventstream.Message) []byte {
	var b []byte
	for _, h := range m.Headers {
		b = append(append(b, byte(len(h.Name))), h.Name...)
		var content []byte
		code := byte(6)
		if s, ok := h.Value.Text(); ok {
			content, code = []byte(s), 7
		} else if content, ok = h.Value.Bytes(); !ok {
			b = append(b, 0)
			continue
		}
		b = append(b, code, byte(len(content)>>8), byte(len(content)))
		b = append(b, content...)
	}
	return b
}

func namedHeaders(n int) eventstream.Headers {
	var hs eventstream.Headers
	for i := range n {
		hs = append(hs, header("name "+itoa(i), eventstream.Bool(true)))
	}
	return hs
}

// headersOfLength are headers whose block is n bytes long.
func headersOfLength(t *testing.T, n int) eventstream.Headers {
	t.Helper()
	var hs eventstream.Headers
	for left := n; left > 0; {
		size := min(left-5, 20_000) // 5 for the lengths, the type, and a name of one byte
		hs = append(hs, header(string(rune('a'+len(hs))), eventstream.Bytes(make([]byte, size))))
		left -= 5 + size
	}
	return hs
}

// End is told where the message began; it does not take another place's word for it.
func TestEndMisused(t *testing.T) {
	begun, err := eventstream.Begin([]byte("before"), eventstream.Headers{str("name", "value")})
	if err != nil {
		t.Fatal(err)
	}
	ended, err := eventstream.End(bytes.Clone(begun), len("before"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		dst   []byte
		start int
	}{
		{"negative start", begun, -1},
		{"start beyond the end", begun, len(begun) + 1},
		{"start at the end", begun, len(begun)},
		{"start too early", begun, 0},
		{"start too late", begun, len("before") + 4},
		{"headers cut off", begun[:len(begun)-1], len("before")},
		{"ended before", ended, len("before")},
		{"nothing begun", make([]byte, 11), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := eventstream.End(bytes.Clone(test.dst), test.start)
			checkError(t, err, eventstream.ErrLength, "got "+itoa(test.start))
			if !bytes.Equal(got, test.dst) {
				t.Errorf("buffer changed from %x to %x", test.dst, got)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	value := []byte("value")
	block, err := eventstream.NewBlock(header("name", eventstream.Bytes(value)))
	if err != nil {
		t.Fatal(err)
	}
	copy(value, "other")
	got, err := block.Append(nil, nil)
	if want := frame([]byte("\x04name\x06\x00\x05value"), nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v; want %x", got, err, want)
	}
	if _, err := eventstream.NewBlock(str("", "")); err == nil {
		t.Error("NewBlock took a header without a name")
	}
	defer func() {
		if recover() == nil {
			t.Error("MustBlock took a header without a name")
		}
	}()
	eventstream.MustBlock(str("", ""))
}
