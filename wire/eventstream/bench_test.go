package eventstream_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// The benchmarks compare with the AWS module at the two lengths that matter: a transcript of 300 bytes going out, and 100 ms of 16 kHz
// audio coming in, which a signed envelope makes 3,387 bytes. Run
//
//	go test -run '^$' -bench . -count 10 ./wire/eventstream | benchstat -col /impl -
//
// Both sides reuse all that their API lets them reuse.

type benchMessage struct {
	size int
	m    eventstream.Message
}

func benchMessages(tb testing.TB) []benchMessage {
	transcript := eventstream.Message{Headers: eventHeaders("TranscriptEvent", "application/json"), Payload: make([]byte, 300-101)} // 101 = overhead and headers
	audio := signedEnvelope(tb, make([]byte, 3200))
	return []benchMessage{{300, transcript}, {3387, audio}}
}

func eventHeaders(event, content string) eventstream.Headers {
	return eventstream.Headers{
		{Name: eventstream.HeaderEventType, Value: eventstream.String(event)},
		{Name: eventstream.HeaderContentType, Value: eventstream.String(content)},
		{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeEvent)},
	}
}

// signedEnvelope is an AudioEvent in an envelope whose signature is all zeros.
func signedEnvelope(tb testing.TB, audio []byte) eventstream.Message {
	inner := mustAppend(tb, nil, &eventstream.Message{Headers: eventHeaders("AudioEvent", "application/octet-stream"), Payload: audio})
	return eventstream.Message{
		Headers: eventstream.Headers{
			{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(time.UnixMilli(1767323045678))},
			{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(make([]byte, 32))},
		},
		Payload: inner,
	}
}

func mustAppend(tb testing.TB, dst []byte, m *eventstream.Message) []byte {
	tb.Helper()
	b, err := eventstream.Append(dst, m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkEncode(b *testing.B) {
	for _, bm := range benchMessages(b) {
		size := fmt.Sprintf("size=%d", bm.size)
		b.Run(size+"/impl=earshot", func(b *testing.B) {
			benchAppend(b, bm.size, func(dst []byte) ([]byte, error) { return eventstream.Append(dst, &bm.m) })
		})
		b.Run(size+"/impl=block", func(b *testing.B) {
			block := eventstream.MustBlock(bm.m.Headers...)
			benchAppend(b, bm.size, func(dst []byte) ([]byte, error) { return block.Append(dst, bm.m.Payload) })
		})
		b.Run(size+"/impl=aws", func(b *testing.B) {
			m, enc, buf := toAWS(b, &bm.m), aws.NewEncoder(), new(bytes.Buffer)
			b.SetBytes(int64(bm.size))
			b.ReportAllocs()
			for b.Loop() {
				buf.Reset()
				if err := enc.Encode(buf, m); err != nil || buf.Len() != bm.size {
					b.Fatal(buf.Len(), err)
				}
			}
		})
	}
}

func benchAppend(b *testing.B, size int, encode func(dst []byte) ([]byte, error)) {
	buf := make([]byte, 0, 2*size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		out, err := encode(buf)
		if err != nil || len(out) != size {
			b.Fatal(len(out), err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, bm := range benchMessages(b) {
		encoded := mustAppend(b, nil, &bm.m)
		size := fmt.Sprintf("size=%d", bm.size)
		b.Run(size+"/impl=earshot", func(b *testing.B) {
			var m eventstream.Message
			benchDecode(b, encoded, func() error { return eventstream.DecodeExact(encoded, &m) })
		})
		b.Run(size+"/impl=aws", func(b *testing.B) {
			dec, r, payload := aws.NewDecoder(), bytes.NewReader(nil), make([]byte, 0, 2*bm.size)
			benchDecode(b, encoded, func() error {
				r.Reset(encoded)
				_, err := dec.Decode(r, payload)
				return err
			})
		})
	}
}

// BenchmarkDecodeEnvelope is what a server does with each chunk of audio: the envelope and then the message inside it.
func BenchmarkDecodeEnvelope(b *testing.B) {
	envelope := signedEnvelope(b, make([]byte, 3200))
	encoded := mustAppend(b, nil, &envelope)
	b.Run("size=3387/impl=earshot", func(b *testing.B) {
		var outer, inner eventstream.Message
		benchDecode(b, encoded, func() error {
			if err := eventstream.DecodeExact(encoded, &outer); err != nil {
				return err
			}
			return eventstream.DecodeExact(outer.Payload, &inner)
		})
	})
	b.Run("size=3387/impl=aws", func(b *testing.B) {
		dec, r := aws.NewDecoder(), bytes.NewReader(nil)
		outerBuf, innerBuf := make([]byte, 0, 8192), make([]byte, 0, 8192)
		benchDecode(b, encoded, func() error {
			r.Reset(encoded)
			outer, err := dec.Decode(r, outerBuf)
			if err != nil {
				return err
			}
			r.Reset(outer.Payload)
			_, err = dec.Decode(r, innerBuf)
			return err
		})
	})
}

func benchDecode(b *testing.B, encoded []byte, decode func() error) {
	b.SetBytes(int64(len(encoded)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream decodes from a reader that never ends.
func BenchmarkStream(b *testing.B) {
	for _, bm := range benchMessages(b) {
		encoded := mustAppend(b, nil, &bm.m)
		size := fmt.Sprintf("size=%d", bm.size)
		b.Run(size+"/impl=earshot", func(b *testing.B) {
			var m eventstream.Message
			d := eventstream.NewDecoder(&repeater{b: encoded}, 0)
			benchDecode(b, encoded, func() error { return d.Next(&m) })
		})
		b.Run(size+"/impl=aws", func(b *testing.B) {
			dec, r, payload := aws.NewDecoder(), &repeater{b: encoded}, make([]byte, 0, 2*bm.size)
			benchDecode(b, encoded, func() error {
				_, err := dec.Decode(r, payload)
				return err
			})
		})
	}
}

// repeater reads b over and over.
type repeater struct {
	b  []byte
	at int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.b[r.at:])
	r.at = (r.at + n) % len(r.b)
	return n, nil
}
