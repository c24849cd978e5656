package transcribe_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// 100 ms of audio at 16 kHz.
var block = make([]byte, 3200)

func BenchmarkReadBare(b *testing.B) {
	msg, _ := transcribe.AppendAudio(nil, block)
	var r transcribe.Reader
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, err := r.Read(msg); err != nil {
			b.Fatal(err)
		}
	}
}

// A signed message is good once in a chain, so that writing it is measured too.
func BenchmarkSealAndRead(b *testing.B) {
	s := newSealer(b)
	r := transcribe.Reader{Verifier: newVerifier(b, secret)}
	var msg []byte
	var err error
	b.ReportAllocs()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if msg, err = s.AppendAudio(msg[:0], block, signingTime); err != nil {
			b.Fatal(err)
		}
		if _, err = r.Read(msg); err != nil {
			b.Fatal(err)
		}
	}
}

func sentenceOf20() stt.Event {
	var words []stt.Word
	for i := range 20 {
		words = append(words, sure("word", i*300, i*300+280, 0.9871))
	}
	return event(stt.Segment{ID: "1", Revision: 1, Final: true, Span: span(0, 6000), Alternatives: alternative(words...)})
}

func BenchmarkSay(b *testing.B) {
	ev := sentenceOf20()
	s := transcribe.Speaker{Session: session, Stability: true}
	var msg []byte
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if msg, err = transcribe.AppendTranscript(msg[:0], s.Event(&ev)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHear(b *testing.B) {
	ev := sentenceOf20()
	ev.Segment.Final = false
	s := transcribe.Speaker{Session: session, Stability: true}
	msg, err := transcribe.AppendTranscript(nil, s.Event(&ev))
	if err != nil {
		b.Fatal(err)
	}
	l := transcribe.Listener{Partial: true}
	var m eventstream.Message
	b.ReportAllocs()
	for b.Loop() {
		out, err := transcribe.ReadOutput(msg, &m)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.Events(out.Event, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
