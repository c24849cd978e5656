package eventstream_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// noAllocs runs f a few times to let buffers grow, and then wants it not to allocate.
func noAllocs(t *testing.T, what string, f func() error) {
	t.Helper()
	for range 3 {
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if n := testing.AllocsPerRun(200, func() { _ = f() }); n != 0 {
		t.Errorf("%s: %v allocations, want none", what, n)
	}
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64<<10)
	for _, v := range vectors(t) {
		noAllocs(t, v.name, func() error {
			_, err := eventstream.Append(buf, &v.m)
			return err
		})
		block := eventstream.MustBlock(v.m.Headers...)
		noAllocs(t, v.name+" as a block", func() error {
			_, err := block.Append(buf, v.m.Payload)
			return err
		})
	}
	// An envelope with new headers each time and its inner message written in place.
	audio, signature := make([]byte, 3200), make([]byte, 32)
	inner := eventstream.MustBlock(eventHeaders("AudioEvent", "application/octet-stream")...)
	at := time.UnixMilli(1767323045678)
	noAllocs(t, "envelope in place", func() error {
		at = at.Add(100 * time.Millisecond)
		headers := [...]eventstream.Header{
			header(eventstream.HeaderDate, eventstream.Timestamp(at)),
			header(eventstream.HeaderChunkSignature, eventstream.Bytes(signature)),
		}
		b, err := eventstream.Begin(buf, headers[:])
		if err != nil {
			return err
		}
		if b, err = inner.Append(b, audio); err != nil {
			return err
		}
		_, err = eventstream.End(b, 0)
		return err
	})
	noAllocs(t, "the signed part of the headers", func() error {
		_, err := eventstream.AppendHeaders(buf, eventstream.Headers{header(eventstream.HeaderDate, eventstream.Timestamp(at))})
		return err
	})
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	var m eventstream.Message
	for _, v := range vectors(t) {
		b := v.bytes(t)
		noAllocs(t, v.name, func() error { return eventstream.DecodeExact(b, &m) })
	}
	// A stream of mixed messages, with names that are not Amazon's in some.
	var mixed [][]byte
	for _, v := range vectors(t) {
		mixed = append(mixed, v.bytes(t))
	}
	i := 0
	noAllocs(t, "mixed", func() error {
		i++
		return eventstream.DecodeExact(mixed[i%2*4], &m) // no headers; ten
	})
}

// What a server does with each chunk: take the envelope apart, look at it and at the message inside, and ask for the audio.
func TestDecodeEnvelopeDoesNotAllocate(t *testing.T) {
	envelope := signedEnvelope(t, make([]byte, 3200))
	b := mustAppend(t, nil, &envelope)
	var outer, inner eventstream.Message
	var signed []byte
	noAllocs(t, "envelope", func() error {
		if err := eventstream.DecodeExact(b, &outer); err != nil {
			return err
		}
		date := outer.Headers.Get(eventstream.HeaderDate)
		at, ok := date.Time()
		signature, ok2 := outer.Headers.Get(eventstream.HeaderChunkSignature).Bytes()
		var err error
		signed, err = eventstream.AppendHeaders(signed[:0], eventstream.Headers{header(eventstream.HeaderDate, date)})
		if err != nil || !ok || !ok2 || at.IsZero() || len(signature) != 32 || len(signed) != 15 {
			t.Error("the envelope is not what it should be")
		}
		if err := eventstream.DecodeExact(outer.Payload, &inner); err != nil {
			return err
		}
		if !inner.Headers.Get(eventstream.HeaderMessageType).Is("event") || !inner.Headers.Get(eventstream.HeaderEventType).Is("AudioEvent") ||
			len(inner.Payload) != 3200 {
			t.Error("the message inside is not what it should be")
		}
		return nil
	})
	// The same Message may serve for both.
	noAllocs(t, "envelope, one message", func() error {
		if err := eventstream.DecodeExact(b, &outer); err != nil {
			return err
		}
		return eventstream.DecodeExact(outer.Payload, &outer)
	})
}

func TestDecoderDoesNotAllocate(t *testing.T) {
	for _, bm := range benchMessages(t) {
		d := eventstream.NewDecoder(&repeater{b: mustAppend(t, nil, &bm.m)}, 0)
		var m eventstream.Message
		noAllocs(t, "stream", func() error { return d.Next(&m) })
	}
}
