package eventstream_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// randomMessage has up to 12 headers of all types and up to 600 bytes of payload. Its timestamps lie within the years that the AWS
// module can encode, 1678 to 2262.
func randomMessage(rng *rand.Rand) eventstream.Message {
	var m eventstream.Message
	for i := range rng.IntN(13) {
		name := randomText(rng, 1+rng.IntN(20)) + itoa(i) // the number makes it unique
		m.Headers = append(m.Headers, header(name, randomValue(rng)))
	}
	if n := rng.IntN(600); n > 0 {
		m.Payload = randomBytes(rng, n)
	}
	return m
}

func randomValue(rng *rand.Rand) eventstream.Value {
	n := rng.Uint64() >> rng.IntN(64) // all magnitudes
	if rng.IntN(2) == 0 {
		n = -n
	}
	switch rng.IntN(9) {
	case 0:
		return eventstream.Bool(n%2 == 0)
	case 1:
		return eventstream.Int8(int8(n))
	case 2:
		return eventstream.Int16(int16(n))
	case 3:
		return eventstream.Int32(int32(n))
	case 4:
		return eventstream.Int64(int64(n))
	case 5:
		return eventstream.Bytes(randomBytes(rng, rng.IntN(60)))
	case 6:
		return eventstream.String(randomText(rng, rng.IntN(20)))
	case 7:
		return eventstream.Timestamp(time.UnixMilli(int64(n) % 9_200_000_000_000))
	}
	return eventstream.UUID([16]byte(randomBytes(rng, 16)))
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func randomText(rng *rand.Rand, runes int) string {
	alphabet := []rune(":-_ azAZ09\x00éλ語🎙")
	s := make([]rune, runes)
	for i := range s {
		s[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(s)
}

// Whatever is encoded decodes to the same, whatever decodes encodes to the same bytes, and encoding into a buffer with contents
// changes nothing but where.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(2000) {
		m := randomMessage(rand.New(rand.NewPCG(seed, 0)))
		b := mustAppend(t, nil, &m)
		var got eventstream.Message
		if err := eventstream.DecodeExact(b, &got); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if d := diff(&got, &m); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		if again := mustAppend(t, []byte("x"), &got); !bytes.Equal(again[1:], b) {
			t.Fatalf("seed %d: encodes again to %x, want %x", seed, again[1:], b)
		}
		clone := got.Clone()
		if d := diff(&clone, &m); d != "" {
			t.Fatalf("seed %d: clone: %s", seed, d)
		}
	}
}

// Messages nest to any depth, written from the outside in or from the inside out.
func TestNesting(t *testing.T) {
	const seed, depth = 3, 6
	rng := rand.New(rand.NewPCG(seed, 0))
	headers := make([]eventstream.Headers, depth)
	for i := range headers {
		headers[i] = randomMessage(rng).Headers
	}
	var inside []byte
	for i := range depth {
		inside = mustAppend(t, nil, &eventstream.Message{Headers: headers[depth-1-i], Payload: inside})
	}
	var outside []byte
	var starts [depth]int
	for i, hs := range headers {
		starts[i] = len(outside)
		var err error
		if outside, err = eventstream.Begin(outside, hs); err != nil {
			t.Fatal(err)
		}
	}
	for i := range starts {
		var err error
		if outside, err = eventstream.End(outside, starts[depth-1-i]); err != nil {
			t.Fatal(err)
		}
	}
	// The innermost message was given no payload the second way and an empty one the first.
	if !bytes.Equal(inside, outside) {
		t.Errorf("seed %d: inside out %x, outside in %x", seed, inside, outside)
	}
}
