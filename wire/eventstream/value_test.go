package eventstream_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// Each value answers to its own type and to no other, when made and when decoded.
func TestValueAccessors(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	id := [16]byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}
	tests := []struct {
		v      eventstream.Value
		typ    eventstream.Type
		name   string // of the type
		text   string
		wanted any
	}{
		{eventstream.Value{}, eventstream.TypeNone, "none", "none", nil},
		{eventstream.Bool(true), eventstream.TypeBool, "bool", "true", true},
		{eventstream.Bool(false), eventstream.TypeBool, "bool", "false", false},
		{eventstream.Int8(-8), eventstream.TypeInt8, "byte", "-8", int64(-8)},
		{eventstream.Int16(-16), eventstream.TypeInt16, "short", "-16", int64(-16)},
		{eventstream.Int32(-32), eventstream.TypeInt32, "integer", "-32", int64(-32)},
		{eventstream.Int64(-64), eventstream.TypeInt64, "long", "-64", int64(-64)},
		{eventstream.Bytes([]byte("secret")), eventstream.TypeBytes, "byte array", "6 bytes", []byte("secret")},
		{eventstream.Bytes([]byte("s")), eventstream.TypeBytes, "byte array", "1 byte", []byte("s")},
		{eventstream.String("text"), eventstream.TypeString, "string", "text", "text"},
		{eventstream.Timestamp(at), eventstream.TypeTimestamp, "timestamp", "2026-01-02T02:04:05.678Z", time.Date(2026, 1, 2, 2, 4, 5, 678e6, time.UTC)},
		{eventstream.UUID(id), eventstream.TypeUUID, "uuid", "12345678-9abc-def0-fedc-ba9876543210", id},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.text, func(t *testing.T) {
			checkValue(t, test.v, test.typ, test.text, test.wanted)
			if test.typ.String() != test.name {
				t.Errorf("type is called %q, want %q", test.typ, test.name)
			}
			if test.typ == eventstream.TypeNone {
				return
			}
			b := mustAppend(t, nil, &eventstream.Message{Headers: eventstream.Headers{header("n", test.v)}})
			var m eventstream.Message
			if err := eventstream.DecodeExact(b, &m); err != nil {
				t.Fatal(err)
			}
			checkValue(t, m.Headers.Get("n"), test.typ, test.text, test.wanted)
		})
	}
	if got := eventstream.Type(77).String(); got != "type 77" {
		t.Errorf("unknown type is called %q", got)
	}
}

func checkValue(t *testing.T, v eventstream.Value, typ eventstream.Type, text string, wanted any) {
	t.Helper()
	if v.Type() != typ || v.String() != text {
		t.Errorf("got %s %q, want %s %q", v.Type(), v, typ, text)
	}
	check := func(accessor string, got any, ok bool, zero any, owns bool) {
		t.Helper()
		want := zero
		if owns {
			want = wanted
		}
		if ok != owns || got != want {
			t.Errorf("%s of a %s: got %v, %v; want %v, %v", accessor, typ, got, ok, want, owns)
		}
	}
	b, ok := v.Bool()
	check("Bool", b, ok, false, typ == eventstream.TypeBool)
	n, ok := v.Int()
	check("Int", n, ok, int64(0), typ >= eventstream.TypeInt8 && typ <= eventstream.TypeInt64)
	s, ok := v.Text()
	check("Text", s, ok, "", typ == eventstream.TypeString)
	at, ok := v.Time()
	check("Time", at, ok, time.Time{}, typ == eventstream.TypeTimestamp)
	id, ok := v.UUID()
	check("UUID", id, ok, [16]byte{}, typ == eventstream.TypeUUID)
	data, ok := v.Bytes()
	if want, owns := wanted.([]byte); ok != owns || string(data) != string(want) {
		t.Errorf("Bytes of a %s: got %q, %v", typ, data, ok)
	}
	if v.Is("text") != (wanted == "text") || v.Is("") {
		t.Errorf("Is of a %s %q: %v, %v", typ, v, v.Is("text"), v.Is(""))
	}
}

// Values are equal if type and content are, whether they were made or decoded.
func TestValueEqual(t *testing.T) {
	made := []eventstream.Value{{}}
	for _, e := range extremes() {
		made = append(made, e.v)
	}
	decoded := []eventstream.Value{{}}
	for _, e := range extremes() {
		var m eventstream.Message
		if err := eventstream.DecodeExact(frame([]byte("\x01x"+e.wire), nil), &m); err != nil {
			t.Fatal(err)
		}
		decoded = append(decoded, m.Headers[0].Value)
	}
	for i := range made {
		for j := range made {
			for _, pair := range [][2]eventstream.Value{{made[i], made[j]}, {made[i], decoded[j]}, {decoded[i], made[j]}, {decoded[i], decoded[j]}} {
				if pair[0].Equal(pair[1]) != (i == j) {
					t.Errorf("%s %.20s equals %s %.20s: %v", pair[0].Type(), pair[0], pair[1].Type(), pair[1], i != j)
				}
			}
		}
	}
}

// A timestamp before 1970 is cut off towards the past as well, not towards 1970.
func TestTimestampRounding(t *testing.T) {
	v := eventstream.Timestamp(time.UnixMilli(-5).Add(-time.Nanosecond))
	if got, _ := v.Time(); got.UnixMilli() != -6 {
		t.Errorf("got %d ms, want -6", got.UnixMilli())
	}
}

func TestHeadersGet(t *testing.T) {
	hs := eventstream.Headers{str(":a", "1"), str(":b", "2")}
	if v := hs.Get(":b"); !v.Is("2") {
		t.Errorf("got %s", v)
	}
	for _, name := range []string{"", ":c", ":A", "a", ":bb"} {
		if v := hs.Get(name); v.Type() != eventstream.TypeNone {
			t.Errorf("%q: got %s %s", name, v.Type(), v)
		}
	}
}
