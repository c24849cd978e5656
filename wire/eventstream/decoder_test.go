package eventstream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// readers deliver the same bytes in different pieces.
func readers(seed uint64) map[string]func([]byte) io.Reader {
	return map[string]func([]byte) io.Reader{
		"whole":         func(b []byte) io.Reader { return bytes.NewReader(b) },
		"byte by byte":  func(b []byte) io.Reader { return iotest.OneByteReader(bytes.NewReader(b)) },
		"halves":        func(b []byte) io.Reader { return iotest.HalfReader(bytes.NewReader(b)) },
		"EOF with data": func(b []byte) io.Reader { return iotest.DataErrReader(bytes.NewReader(b)) },
		"random pieces": func(b []byte) io.Reader { return &pieces{b: b, rng: rand.New(rand.NewPCG(seed, 1))} },
		"with timeouts": func(b []byte) io.Reader { return &pieces{b: b, rng: rand.New(rand.NewPCG(seed, 2)), timeouts: true} },
		"with data+fail": func(b []byte) io.Reader {
			return &pieces{b: b, rng: rand.New(rand.NewPCG(seed, 3)), timeouts: true, late: true}
		},
	}
}

// pieces reads b in pieces of random length, some of them empty.
type pieces struct {
	b        []byte
	rng      *rand.Rand
	timeouts bool // some reads fail, and the next goes on
	late     bool // they fail with bytes in hand
}

func (p *pieces) Read(dst []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	fails := p.timeouts && p.rng.IntN(4) == 0
	if fails && !p.late {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(dst, p.b[:min(len(p.b), p.rng.IntN(40))])
	p.b = p.b[n:]
	if fails {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

// next is Next for readers with timeouts: it tries again, more often than any message here can take.
func next(d *eventstream.Decoder, m *eventstream.Message) (err error) {
	for range 10_000 {
		if err = d.Next(m); !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	return err
}

// However a stream is cut into pieces, the messages are the same.
func TestDecoderChunking(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 0))
	var stream []byte
	var want []eventstream.Message
	add := func(m eventstream.Message) {
		stream, want = mustAppend(t, stream, &m), append(want, m)
	}
	for _, v := range vectors(t) {
		add(v.m)
	}
	for range 100 {
		add(randomMessage(rng))
	}
	add(eventstream.Message{Payload: make([]byte, 100_000)})
	add(signedEnvelope(t, make([]byte, 3200)))
	for name, reader := range readers(seed) {
		t.Run(name, func(t *testing.T) {
			d := eventstream.NewDecoder(reader(stream), 0)
			var m eventstream.Message
			for i := range want {
				if err := next(d, &m); err != nil {
					t.Fatalf("seed %d: message %d of %d: %v", seed, i, len(want), err)
				}
				if d := diff(&m, &want[i]); d != "" {
					t.Fatalf("seed %d: message %d: %.300s", seed, i, d)
				}
			}
			for range 2 {
				if err := next(d, &m); err != io.EOF {
					t.Errorf("at the end: %v, want io.EOF", err)
				}
			}
		})
	}
}

// A stream that ends inside a message says so, wherever that is.
func TestDecoderTruncated(t *testing.T) {
	first := mustAppend(t, nil, &eventstream.Message{Payload: []byte("first")})
	for _, v := range vectors(t) {
		b := v.bytes(t)
		for n := 1; n < len(b); n++ {
			d := eventstream.NewDecoder(bytes.NewReader(append(first[:len(first):len(first)], b[:n]...)), 0)
			var m eventstream.Message
			if err := d.Next(&m); err != nil {
				t.Fatal(err)
			}
			err := d.Next(&m)
			checkError(t, err, eventstream.ErrTruncated, "got "+itoa(n)+" byte")
			if m.Payload != nil || len(m.Headers) != 0 {
				t.Error("message is not empty after an error")
			}
		}
	}
}

// A malformed message is the end of a stream, even if sound bytes follow.
func TestDecoderRefuses(t *testing.T) {
	for _, v := range badVectors(t) {
		if v.class == eventstream.ErrTruncated {
			continue // sound so far: TestDecoderTruncated
		}
		t.Run(v.name, func(t *testing.T) {
			good := mustAppend(t, nil, &eventstream.Message{Payload: []byte("good")})
			stream := bytes.Join([][]byte{good, v.bytes, good}, nil)
			d := eventstream.NewDecoder(bytes.NewReader(stream), 0)
			var m eventstream.Message
			if err := d.Next(&m); err != nil {
				t.Fatal(err)
			}
			first := d.Next(&m)
			checkError(t, first, v.class, v.text)
			if again := d.Next(&m); again != first {
				t.Errorf("after %v came %v", first, again)
			}
			d.Reset(bytes.NewReader(good))
			if err := d.Next(&m); err != nil || string(m.Payload) != "good" {
				t.Errorf("after Reset: %q, %v", m.Payload, err)
			}
		})
	}
}

func TestDecoderLimit(t *testing.T) {
	tests := []struct {
		limit, payload int
		class          error
	}{
		{1, 0, nil},
		{1, 1, nil},
		{1, 2, eventstream.ErrTooLong},
		{32_768, 32_768, nil},
		{32_768, 32_769, eventstream.ErrTooLong},
		{0, eventstream.MaxPayload, nil},
		{0, eventstream.MaxPayload + 1, eventstream.ErrTooLong},
		{-1, 100, nil},
		{1 << 30, eventstream.MaxPayload + 1, eventstream.ErrTooLong},
	}
	for _, test := range tests {
		// The headers do not count.
		b := frame(manyHeaders(100), make([]byte, test.payload))
		d := eventstream.NewDecoder(bytes.NewReader(b), test.limit)
		var m eventstream.Message
		for range 2 { // Reset keeps the limit
			if err := d.Next(&m); !errors.Is(err, test.class) || err == nil && len(m.Payload) != test.payload {
				t.Errorf("limit %d, payload of %d: got %d, %v", test.limit, test.payload, len(m.Payload), err)
			}
			d.Reset(bytes.NewReader(b))
		}
	}
}

// A refused length has been read no further than its prelude, so it was not allocated either.
func TestDecoderReadsNoFurtherThanItMust(t *testing.T) {
	for _, b := range [][]byte{prelude(1<<30, 0), append(prelude(1<<30, 0)[:11], 0)} {
		r := iotest.OneByteReader(io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errors.New("read too far"))))
		var m eventstream.Message
		err := eventstream.NewDecoder(r, 0).Next(&m)
		if !errors.Is(err, eventstream.ErrTooLong) && !errors.Is(err, eventstream.ErrPreludeChecksum) {
			t.Errorf("got %v", err)
		}
	}
	// A message is given out as soon as its last byte is there.
	b := vectors(t)[4].bytes(t)
	r := io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errors.New("read too far")))
	var m eventstream.Message
	if err := eventstream.NewDecoder(r, 0).Next(&m); err != nil {
		t.Error(err)
	}
}

// A sound prelude that announces 16 MiB costs what was sent, not 16 MiB.
func TestDecoderMemoryFollowsBytes(t *testing.T) {
	for _, sent := range []int{0, 5_000, 100_000} {
		stream := append(prelude(eventstream.MaxPayload+eventstream.Overhead, 0), make([]byte, sent)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := eventstream.NewDecoder(bytes.NewReader(stream), 0).Next(new(eventstream.Message))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, eventstream.ErrTruncated) {
			t.Fatal(err)
		}
		// Buffers of 4, 8, 16 ... KiB, the last shorter than twice what was sent: four times that in all, and change.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<10+4*sent); got > most {
			t.Errorf("%d bytes sent made the decoder allocate %d, more than %d", sent, got, most)
		}
	}
}

func TestDecoderReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	half := vectors(t)[4].bytes(t)[:100]
	tests := []struct {
		name string
		r    io.Reader
		want error
	}{
		{"nothing", bytes.NewReader(nil), io.EOF},
		{"error at once", iotest.ErrReader(broken), broken},
		{"error inside", io.MultiReader(bytes.NewReader(half), iotest.ErrReader(broken)), broken},
		{"no progress", readerFunc(func([]byte) (int, error) { return 0, nil }), io.ErrNoProgress},
		{"no progress inside", io.MultiReader(bytes.NewReader(half), readerFunc(func([]byte) (int, error) { return 0, nil })), io.ErrNoProgress},
	}
	for _, test := range tests {
		d := eventstream.NewDecoder(test.r, 0)
		m := eventstream.Message{Payload: []byte("old")}
		for range 2 {
			if err := d.Next(&m); err != test.want || m.Payload != nil {
				t.Errorf("%s: got %v, want %v", test.name, err, test.want)
			}
		}
	}
	for _, count := range []int{-1, 1 << 20} {
		d := eventstream.NewDecoder(readerFunc(func([]byte) (int, error) { return count, nil }), 0)
		if err := d.Next(new(eventstream.Message)); err == nil {
			t.Errorf("a count of %d was believed", count)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
