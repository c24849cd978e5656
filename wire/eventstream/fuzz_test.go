package eventstream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// addSeeds gives a fuzzer all that the tables have, and some of what a random generator makes.
func addSeeds(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.bytes(f))
	}
	for _, table := range [][]badVector{badVectors(f), awsAccepts()} {
		for _, v := range table {
			if len(v.bytes) < 1<<20 {
				f.Add(v.bytes)
			}
		}
	}
	for _, e := range extremes() {
		f.Add(frame([]byte("\x01x"+e.wire), nil))
	}
	for seed := range uint64(20) {
		m := randomMessage(rand.New(rand.NewPCG(seed, 5)))
		f.Add(mustAppend(f, nil, &m))
	}
}

// withSums returns a copy of b with lengths that are possible and checksums that match, for a fuzzer would not guess these. The rest is
// as the fuzzer made it.
func withSums(b []byte) []byte {
	b = bytes.Clone(b)
	n := len(b)
	if n < eventstream.Overhead {
		return b
	}
	binary.BigEndian.PutUint32(b, uint32(n))
	headers := binary.BigEndian.Uint32(b[4:]) % uint32(n-eventstream.Overhead+1)
	binary.BigEndian.PutUint32(b[4:], headers)
	binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
	binary.BigEndian.PutUint32(b[n-4:], crc32.ChecksumIEEE(b[:n-4]))
	return b
}

// FuzzDecode: whatever decodes encodes again to the same bytes, whatever does not gives an error that can be told, and the stream
// decoder agrees in both.
func FuzzDecode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecode(t, b)
		checkDecode(t, withSums(b))
	})
}

func checkDecode(t *testing.T, b []byte) {
	var m, streamed eventstream.Message
	n, err := eventstream.Decode(b, &m)
	streamErr := eventstream.NewDecoder(iotest.HalfReader(bytes.NewReader(b)), 0).Next(&streamed)
	if err != nil {
		var e *eventstream.Error
		if !errors.As(err, &e) || n != 0 || len(m.Headers) > 0 || m.Payload != nil {
			t.Fatalf("%x: after %v: length %d, %s, payload %x", b, err, n, describe(&m), m.Payload)
		}
		if len(b) == 0 && streamErr == io.EOF {
			return
		}
		if streamErr == nil || streamErr.Error() != err.Error() {
			t.Fatalf("%x: Decode says %v, the Decoder %v", b, err, streamErr)
		}
		return
	}
	if streamErr != nil {
		t.Fatalf("%x: Decode accepts it, the Decoder says %v", b, streamErr)
	}
	if d := diff(&streamed, &m); d != "" {
		t.Fatalf("%x: the Decoder differs: %s", b, d)
	}
	if again := mustAppend(t, nil, &m); !bytes.Equal(again, b[:n]) {
		t.Fatalf("%x encodes again to %x", b[:n], again)
	}
	err = eventstream.DecodeExact(b, &m)
	if exact := n == len(b); (err == nil) != exact || !exact && !errors.Is(err, eventstream.ErrTrailing) {
		t.Fatalf("%x: %d bytes of %d decoded, DecodeExact says %v", b, n, len(b), err)
	}
}

// FuzzDifferential: what this package and the AWS module both accept has the same content, and the differences are the known ones.
func FuzzDifferential(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAgainstAWS(t, b)
		checkAgainstAWS(t, withSums(b))
	})
}
