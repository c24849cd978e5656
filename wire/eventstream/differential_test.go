package eventstream_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// The AWS module, version 1.7.26, is more lenient than this package, never stricter. These messages it decodes and we refuse; each kind
// is known and meant.
func awsAccepts() []badVector {
	return []badVector{
		// Of two headers with one name it keeps the last value and silently loses the first.
		{"name twice", frame([]byte("\x01a\x00\x01a\x01"), nil), eventstream.ErrHeaderDuplicate, ""},
		{"empty name", frame([]byte("\x00\x00"), nil), eventstream.ErrHeaderName, ""},
		{"name not UTF-8", frame([]byte("\x01\xff\x00"), nil), eventstream.ErrHeaderUTF8, ""},
		{"string not UTF-8", frame([]byte("\x01a\x07\x00\x01\xff"), nil), eventstream.ErrHeaderUTF8, ""},
		{"string not UTF-8, then replaced", frame([]byte("\x01a\x07\x00\x01\xff\x01a\x00"), nil), eventstream.ErrHeaderUTF8, ""},
		// It takes the end of the block after the length of a name for the end of the headers.
		{"lone name length", frame([]byte("\x01a\x00\x01"), nil), eventstream.ErrHeader, ""},
		// It holds to the limit of a value only when it encodes, and knows no other limits.
		{"long bytes", frame([]byte("\x01a\x06\x80\x00"+strings.Repeat("x", 1<<15)), nil), eventstream.ErrTooLong, ""},
		{"long string", frame([]byte("\x01a\x07\xff\xff"+strings.Repeat("x", 1<<16-1)), nil), eventstream.ErrTooLong, ""},
		{"many headers", frame(manyHeaders(eventstream.MaxHeaders+1), nil), eventstream.ErrTooLong, ""},
		{"long payload", frame(nil, make([]byte, eventstream.MaxPayload+1)), eventstream.ErrTooLong, ""},
		{"long block", frame(bytes.Join([][]byte{
			[]byte("\x01a\x06\xff\xff" + strings.Repeat("x", 1<<16-1)),
			[]byte("\x01b\x06\xff\xff" + strings.Repeat("x", 1<<16-1)),
		}, nil), nil), eventstream.ErrTooLong, ""},
	}
}

// knownDifference reports whether err, which is ours, is of one of the kinds above, and whether the bytes bear it out: what it says of
// the header at its offset, or of the lengths, must be so.
func knownDifference(err error, b []byte) bool {
	var e *eventstream.Error
	errors.As(err, &e)
	total, headers := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	switch {
	case e.Field == "headers" && e.Offset == 4:
		return e.Err == eventstream.ErrTooLong && headers > eventstream.MaxHeadersLen
	case e.Field == "headers":
		return e.Err == eventstream.ErrTooLong && e.Offset-12 >= 3*eventstream.MaxHeaders // the shortest header is 3 bytes
	case e.Field == "payload":
		return e.Err == eventstream.ErrTooLong && total-headers-16 > eventstream.MaxPayload
	}
	block := b[e.Offset : 12+headers]
	if e.Err == eventstream.ErrHeaderName || e.Err == eventstream.ErrHeader {
		return len(block) == 1 || block[0] == 0
	}
	name, value := block[1:1+block[0]], block[1+block[0]:]
	switch e.Err {
	case eventstream.ErrHeaderDuplicate:
		return bytes.Contains(b[12:e.Offset], block[:1+len(name)])
	case eventstream.ErrHeaderUTF8:
		return !utf8.Valid(name) || value[0] == 7 && !utf8.Valid(value[3:3+int(binary.BigEndian.Uint16(value[1:]))])
	case eventstream.ErrTooLong:
		return binary.BigEndian.Uint16(value[1:]) > eventstream.MaxHeaderValue
	}
	return false
}

// checkAgainstAWS decodes b with both and compares, and encodes with both what has been decoded.
func checkAgainstAWS(t *testing.T, b []byte) {
	t.Helper()
	var ours eventstream.Message
	n, err := eventstream.Decode(b, &ours)
	r := bytes.NewReader(b)
	theirs, awsErr := aws.NewDecoder().Decode(r, nil)
	switch {
	case err != nil && awsErr != nil:
		return
	case err != nil:
		if !knownDifference(err, b) {
			t.Fatalf("only the AWS module accepts %x\nour error: %v", b, err)
		}
		return
	case awsErr != nil:
		t.Fatalf("only we accept %x\nthe AWS module's error: %v", b, awsErr)
	}
	translated := fromAWS(t, theirs)
	if d := diff(&ours, &translated); d != "" {
		t.Fatalf("%x decodes differently: %s", b, d)
	}
	if left := len(b) - n; left != r.Len() {
		t.Fatalf("%x: we leave %d bytes, the AWS module %d", b, left, r.Len())
	}
	if awsMangles(&ours) {
		return
	}
	var buf bytes.Buffer
	if err := aws.NewEncoder().Encode(&buf, toAWS(t, &ours)); err != nil || !bytes.Equal(buf.Bytes(), b[:n]) {
		t.Fatalf("the AWS module encodes again to %x, %v; want %x", buf.Bytes(), err, b[:n])
	}
}

// awsMangles reports whether m has a timestamp that the AWS module cannot encode: it counts nanoseconds in between, which overflow
// before 1678 and after 2262.
func awsMangles(m *eventstream.Message) bool {
	for _, h := range m.Headers {
		if at, ok := h.Value.Time(); ok && (at.UnixMilli() > math.MaxInt64/1_000_000 || at.UnixMilli() < math.MinInt64/1_000_000) {
			return true
		}
	}
	return false
}

func TestAWSAgrees(t *testing.T) {
	for _, v := range vectors(t) {
		checkAgainstAWS(t, v.bytes(t))
		checkAgainstAWS(t, append(v.bytes(t), "and more"...))
	}
	for _, v := range badVectors(t) {
		checkAgainstAWS(t, v.bytes)
	}
	for _, e := range extremes() {
		checkAgainstAWS(t, frame([]byte("\x01x"+e.wire), nil))
	}
	for seed := range uint64(1000) {
		m := randomMessage(rand.New(rand.NewPCG(seed, 99)))
		checkAgainstAWS(t, mustAppend(t, nil, &m))
		var buf bytes.Buffer
		if err := aws.NewEncoder().Encode(&buf, toAWS(t, &m)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var got eventstream.Message
		if err := eventstream.DecodeExact(buf.Bytes(), &got); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if d := diff(&got, &m); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// Should the AWS module grow stricter, this tells, and the difference is one no more.
func TestAWSKnownDifferences(t *testing.T) {
	for _, v := range awsAccepts() {
		t.Run(v.name, func(t *testing.T) {
			var m eventstream.Message
			err := eventstream.DecodeExact(v.bytes, &m)
			checkError(t, err, v.class, v.text)
			if _, err := aws.NewDecoder().Decode(bytes.NewReader(v.bytes), nil); err != nil {
				t.Fatalf("the AWS module refuses it now as well: %v", err)
			}
			if !knownDifference(err, v.bytes) {
				t.Errorf("not taken for a known difference: %v", err)
			}
		})
	}
	t.Run("timestamp overflow", func(t *testing.T) {
		m := eventstream.Message{Headers: eventstream.Headers{header("t", eventstream.Timestamp(time.UnixMilli(math.MaxInt64)))}}
		var buf bytes.Buffer
		if err := aws.NewEncoder().Encode(&buf, toAWS(t, &m)); err != nil || bytes.Equal(buf.Bytes(), mustAppend(t, nil, &m)) {
			t.Errorf("the AWS module encodes the last timestamp right by now: %v", err)
		}
	})
	t.Run("encoder takes a name twice", func(t *testing.T) {
		m := eventstream.Message{Headers: eventstream.Headers{str("n", "1"), str("n", "2")}}
		if err := aws.NewEncoder().Encode(io.Discard, toAWS(t, &m)); err != nil {
			t.Errorf("the AWS module refuses it now as well: %v", err)
		}
	})
}

// The module ships the published vectors as files: the copies in this package must be the same.
func TestAWSTestdata(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream").Output()
	if err != nil {
		t.Skipf("the go command, which finds the AWS module's folder, is missing: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "testdata", "encoded")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the AWS module came without its testdata: %v", err)
	}
	positive, negative := map[string]string{}, map[string]error{}
	for _, v := range vectors(t) {
		positive[v.name] = hex.EncodeToString(v.bytes(t))
	}
	for _, v := range badVectors(t) {
		negative[v.name] = v.class
	}
	files := func(folder string) []os.DirEntry {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil || len(entries) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(entries), err)
		}
		return entries
	}
	read := func(folder, name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, f := range files("positive") {
		if got, want := positive[f.Name()], hex.EncodeToString(read("positive", f.Name())); got != want {
			t.Errorf("%s: our vector is %q, the file %q", f.Name(), got, want)
		}
	}
	var m eventstream.Message
	for _, f := range files("negative") {
		b := read("negative", f.Name())
		if want, known := negative[f.Name()]; !known {
			t.Errorf("%s is not in our table", f.Name())
		} else if err := eventstream.DecodeExact(b, &m); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", f.Name(), err, want)
		}
		checkAgainstAWS(t, b)
	}
}
