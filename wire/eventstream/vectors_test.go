package eventstream_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// A vector is a message with its one encoding.
type vector struct {
	name string
	hex  string // spaces separate the parts
	m    eventstream.Message
}

func (v vector) bytes(tb testing.TB) []byte { return unhex(tb, v.hex) }

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func str(name, value string) eventstream.Header {
	return eventstream.Header{Name: name, Value: eventstream.String(value)}
}

func header(name string, v eventstream.Value) eventstream.Header {
	return eventstream.Header{Name: name, Value: v}
}

const (
	fooBar = `{'foo':'bar'}`

	oneStrHeader = "0000003d 00000020 07fd8396 0c636f6e74656e742d74797065070010 6170706c69636174696f6e2f6a736f6e 7b27666f6f273a27626172277d 8d9c08b1"
	noHeaders    = "0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936"

	// The worked example of a signed envelope.
	innerHex = "00000070 00000058 f940e660 0d3a6d6573736167652d747970650700056576656e74 0b3a6576656e742d7479706507000a417564696f4576656e74" +
		"0d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d 0001020304050607 273cfb44"
	signature1 = "cb6b9ae2a5a81d839f36c2370da4085b46adfe3a1a53dbff913a5620b85b0320"
	signature2 = "acc095ea6d3badcf8843b5bdb5380fe36b917173408b81f8d3fc8dbbe63b41fa"
	envelopes  = "053a64617465080000019b7ca98f2e 103a6368756e6b2d7369676e6174757265060020"
)

// vectors feed encoding, decoding, the stream decoder, the comparison with the AWS module and the fuzzers. The first five are published
// with Amazon's SDKs; two were recorded from the real service.
func vectors(tb testing.TB) []vector {
	date := header(":date", eventstream.Timestamp(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)))
	signature := func(s string) eventstream.Header { return header(":chunk-signature", eventstream.Bytes(unhex(tb, s))) }
	return []vector{
		{"empty_message", "00000010 00000000 05c248eb 7d98c8ff", eventstream.Message{}},
		{"payload_no_headers", noHeaders, eventstream.Message{Payload: []byte(fooBar)}},
		{"int32_header", "0000002d 00000010 41c424b8 0a6576656e742d74797065 04 0000a00c 7b27666f6f273a27626172277d 36f480a0", eventstream.Message{
			Headers: eventstream.Headers{header("event-type", eventstream.Int32(40972))},
			Payload: []byte(fooBar),
		}},
		{"payload_one_str_header", oneStrHeader, eventstream.Message{
			Headers: eventstream.Headers{str("content-type", "application/json")},
			Payload: []byte(fooBar),
		}},
		{"all_headers", "000000cc 000000af 0fae64ca 0a6576656e742d74797065040000a00c 0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e" +
			"0a626f6f6c2066616c736501 09626f6f6c207472756500 046279746502cf 08627974652062756606001449276d2061206c6974746c6520746561706f7421" +
			"0974696d657374616d70080000000000845fed 05696e74313603002a 05696e7436340500000000028757b2 0475756964090102030405060708090a0b0c0d0e0f10" +
			"7b27666f6f273a27626172277d aba5f10c", eventstream.Message{
			Headers: eventstream.Headers{
				header("event-type", eventstream.Int32(40972)),
				str("content-type", "application/json"),
				header("bool false", eventstream.Bool(false)),
				header("bool true", eventstream.Bool(true)),
				header("byte", eventstream.Int8(-49)),
				header("byte buf", eventstream.Bytes([]byte("I'm a little teapot!"))),
				header("timestamp", eventstream.Timestamp(time.UnixMilli(8675309))),
				header("int16", eventstream.Int16(42)),
				header("int64", eventstream.Int64(42424242)),
				header("uuid", eventstream.UUID([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})),
			},
			Payload: []byte(fooBar),
		}},
		{"error", "00000052 00000042 bf23637e 0d3a6d6573736167652d7479706507 0005 6572726f72 0b3a6572726f722d636f646507 0004 636f6465" +
			"0e3a6572726f722d6d65737361676507 0007 6d657373616765 6b6cea3d", eventstream.Message{
			Headers: eventstream.Headers{str(":message-type", "error"), str(":error-code", "code"), str(":error-message", "message")},
		}},
		{"service_empty_transcript", "00000082 00000055 b50599e0 0b3a6576656e742d7479706507000f5472616e7363726970744576656e74" +
			"0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e 0d3a6d6573736167652d747970650700056576656e74" +
			"7b225472616e736372697074223a7b22526573756c7473223a5b5d7d7d ac5a832a", eventstream.Message{
			Headers: eventHeaders("TranscriptEvent", "application/json"),
			Payload: []byte(`{"Transcript":{"Results":[]}}`),
		}},
		{"service_exception", "000000a3 00000061 68106be1 0f3a657863657074696f6e2d74797065070013 42616452657175657374457863657074696f6e" +
			"0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e 0d3a6d6573736167652d74797065070009657863657074696f6e" +
			"7b224d657373616765223a22556e657870656374656420576562536f636b6574206672616d652072656365697665642e227d bdce4b8a", eventstream.Message{
			Headers: eventstream.Headers{
				str(":exception-type", "BadRequestException"), str(":content-type", "application/json"), str(":message-type", "exception"),
			},
			Payload: []byte(`{"Message":"Unexpected WebSocket frame received."}`),
		}},
		{"bare_end_frame", "0000003f 0000002f ed82cd67 0d3a6d6573736167652d747970650700056576656e74 0b3a6576656e742d7479706507000a417564696f4576656e74 b2c1d135",
			eventstream.Message{Headers: eventstream.Headers{str(":message-type", "event"), str(":event-type", "AudioEvent")}}},
		{"signed_inner", innerHex, eventstream.Message{
			Headers: eventstream.Headers{
				str(":message-type", "event"), str(":event-type", "AudioEvent"), str(":content-type", "application/octet-stream"),
			},
			Payload: []byte{0, 1, 2, 3, 4, 5, 6, 7},
		}},
		{"signed_outer", "000000c3 00000043 24425d48" + envelopes + signature1 + innerHex + "00c5c9bf", eventstream.Message{
			Headers: eventstream.Headers{date, signature(signature1)},
			Payload: unhex(tb, innerHex),
		}},
		{"signed_end_frame", "00000053 00000043 f5447a58" + envelopes + signature2 + "6f40671c", eventstream.Message{
			Headers: eventstream.Headers{date, signature(signature2)},
		}},
	}
}

// A badVector is refused, with an error of the class and with these words in its text.
type badVector struct {
	name  string
	bytes []byte
	class error
	text  string
}

func badVectors(tb testing.TB) []badVector {
	oneHeader := func(parts ...string) []byte { return frame([]byte(strings.Join(parts, "")), nil) }
	flip := func(s string, at int, to byte) []byte {
		b := unhex(tb, s)
		b[at] = to
		return b
	}
	return []badVector{
		// Published with Amazon's SDKs.
		{"corrupted_header_len", flip(oneStrHeader, 7, 0x21), eventstream.ErrPreludeChecksum, "at byte 8"},
		{"corrupted_length", flip(oneStrHeader, 3, 0x3e), eventstream.ErrPreludeChecksum, "got 07fd8396"},
		{"corrupted_payload", flip(noHeaders, 12, 0x5b), eventstream.ErrMessageChecksum, "got c3653936"},
		{"corrupted_headers", flip(oneStrHeader, 20, 'x'), eventstream.ErrMessageChecksum, "at byte 57"},
		{"corrupted_checksum", flip(oneStrHeader, 60, 0), eventstream.ErrMessageChecksum, "got 8d9c0800"},

		// The prelude.
		{"nothing", nil, eventstream.ErrTruncated, `"message" at byte 0: want at least 16 bytes, got 0 bytes`},
		{"half a prelude", unhex(tb, noHeaders)[:11], eventstream.ErrTruncated, "got 11 bytes"},
		{"prelude alone", unhex(tb, noHeaders)[:12], eventstream.ErrTruncated, "want at least 29 bytes, got 12 bytes"},
		{"last byte missing", unhex(tb, noHeaders)[:28], eventstream.ErrTruncated, "want at least 29 bytes, got 28 bytes"},
		{"total of 0", prelude(0, 0), eventstream.ErrLength, `"total length" at byte 0: want at least 16 bytes, got 0 bytes`},
		{"total of 15", prelude(15, 0), eventstream.ErrLength, "got 15 bytes"},
		{"headers longer than message", prelude(16, 1), eventstream.ErrLength, `"headers length" at byte 4: want at most 0 bytes in a message of 16 bytes, got 1 byte`},
		{"headers of 4 GiB", prelude(100, 1<<32-1), eventstream.ErrLength, "got 4294967295 bytes"},
		{"total of 1 GiB", prelude(1<<30, 0), eventstream.ErrTooLong, `"payload" at byte 0: want at most 16777216 bytes, got 1073741808 bytes`},
		{"total of 4 GiB", prelude(1<<32-1, 1<<17), eventstream.ErrTooLong, `"payload"`},
		{"headers too long", prelude(1<<20, 1<<17+1), eventstream.ErrTooLong, `"headers" at byte 4: want at most 131072 bytes, got 131073 bytes`},

		// The headers. The first stands at byte 12.
		{"empty name", oneHeader("\x00\x00"), eventstream.ErrHeaderName, `"header name" at byte 12: want 1 to 255 bytes, got none`},
		{"name cut off", oneHeader("\x04nam"), eventstream.ErrHeader, `"header name" at byte 12: want 6 bytes in the headers block, got 4 bytes`},
		{"lone name length", oneHeader("\x04"), eventstream.ErrHeader, "got 1 byte"},
		{"type cut off", oneHeader("\x04name"), eventstream.ErrHeader, "want 6 bytes in the headers block, got 5 bytes"},
		{"unknown type", oneHeader("\x04name\x0a"), eventstream.ErrHeaderType, `"header value" of header "name" at byte 12: want a type of 0 to 9, got 10`},
		{"unknown type 255", oneHeader("\x04name\xff"), eventstream.ErrHeaderType, "got 255"},
		{"byte cut off", oneHeader("\x04name\x02"), eventstream.ErrHeader, "want 1 byte in"},
		{"short cut off", oneHeader("\x04name\x031"), eventstream.ErrHeader, "want 2 bytes in"},
		{"integer cut off", oneHeader("\x04name\x04123"), eventstream.ErrHeader, "want 4 bytes in"},
		{"long cut off", oneHeader("\x04name\x051234567"), eventstream.ErrHeader, "want 8 bytes in"},
		{"bytes without length", oneHeader("\x04name\x06\x00"), eventstream.ErrHeader, "want 2 bytes in"},
		{"bytes cut off", oneHeader("\x04name\x06\x00\x02x"), eventstream.ErrHeader, "want 4 bytes in the headers block, got 3 bytes"},
		{"string cut off", oneHeader("\x04name\x07\x00\x01"), eventstream.ErrHeader, "want 3 bytes in the headers block, got 2 bytes"},
		{"timestamp cut off", oneHeader("\x04name\x081234567"), eventstream.ErrHeader, "want 8 bytes in"},
		{"uuid cut off", oneHeader("\x04name\x09123456789012345"), eventstream.ErrHeader, "want 16 bytes in the headers block, got 15 bytes"},
		{"second header cut off", oneHeader("\x01a\x00", "\x01b\x02"), eventstream.ErrHeader, `of header "b" at byte 15`},
		{"name twice", oneHeader("\x01a\x00", "\x01b\x00", "\x01a\x01"), eventstream.ErrHeaderDuplicate, `"header name" of header "a" at byte 18`},
		{"name not UTF-8", oneHeader("\x02\xc3\x28\x00"), eventstream.ErrHeaderUTF8, `"header name" at byte 12: want UTF-8, got "\xc3("`},
		{"string not UTF-8", oneHeader("\x04name\x07\x00\x01\xff"), eventstream.ErrHeaderUTF8, `"header value" of header "name"`},
		{"string too long", oneHeader("\x04name\x07\x80\x00", strings.Repeat("x", 1<<15)), eventstream.ErrTooLong, "want at most 32767 bytes, got 32768 bytes"},
		{"bytes too long", oneHeader("\x04name\x06\xff\xff", strings.Repeat("x", 1<<16-1)), eventstream.ErrTooLong, "want at most 32767 bytes, got 65535 bytes"},
		{"too many headers", frame(manyHeaders(eventstream.MaxHeaders+1), nil), eventstream.ErrTooLong, `"headers" at byte 524: want at most 128 headers, got more`},
	}
}

// manyHeaders is a block of n headers with names of two bytes.
func manyHeaders(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, 2, 'a'+byte(i/26%26), 'a'+byte(i%26), 0)
	}
	return b
}

// frame puts a headers block and a payload into a message with correct lengths and checksums, whatever is in them. It owes nothing to
// the encoder under test.
func frame(headers, payload []byte) []byte {
	b := prelude(uint32(16+len(headers)+len(payload)), uint32(len(headers)))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// prelude is the first twelve bytes of a message, with a correct checksum.
func prelude(total, headers uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, total)
	b = binary.BigEndian.AppendUint32(b, headers)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// diff says in what two messages differ; "" if in nothing. A nil payload is an empty payload.
func diff(got, want *eventstream.Message) string {
	if len(got.Headers) != len(want.Headers) {
		return "headers: got " + describe(got) + ", want " + describe(want)
	}
	for i, h := range got.Headers {
		if w := want.Headers[i]; h.Name != w.Name || !h.Value.Equal(w.Value) {
			return "headers: got " + describe(got) + ", want " + describe(want)
		}
	}
	if !bytes.Equal(got.Payload, want.Payload) {
		return "payload: got " + hex.EncodeToString(got.Payload) + ", want " + hex.EncodeToString(want.Payload)
	}
	return ""
}

func describe(m *eventstream.Message) string {
	var s strings.Builder
	for _, h := range m.Headers {
		s.WriteString("[" + h.Name + " " + h.Value.Type().String() + " " + h.Value.String() + "]")
	}
	return s.String()
}
