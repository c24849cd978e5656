package session_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// ear is a recognizer that really listens: each stretch of sound is a segment with the word "beep". It takes 16-bit PCM with
// one channel at one rate.
type ear struct{ rate int }

func (e ear) format() stt.Format { return stt.Format{Rate: e.rate, Channels: 1} }

func (e ear) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: "ear", Can: stt.Capabilities{Formats: []stt.Format{e.format()}, Has: stt.FeatureWords}}}, nil
}

func (e ear) Open(_ context.Context, cfg stt.Config) (stt.Stream, error) {
	if cfg.Audio != e.format() {
		return nil, stt.InvalidOption("audio", cfg.Audio.String(), e.format().String())
	}
	return engine.NewStream(engine.Options{Format: cfg.Audio, Start: cfg.Start, Block: 5 * time.Millisecond}, &beeps{cfg: cfg, quiet: 1 << 40}), nil
}

// beeps listens to one stream in blocks of 5 ms.
type beeps struct {
	cfg    stt.Config
	blocks int
	first  int // block in which the sound began
	last   int // the last one that was loud
	quiet  int // blocks since then
	said   int
}

func (b *beeps) at(block int) stt.Time { return b.cfg.Start + time.Duration(block)*5*time.Millisecond }

func (b *beeps) Decode(_ context.Context, samples []int16, out engine.Output) error {
	sum := 0.0
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	if math.Sqrt(sum/float64(len(samples))) > 2500 {
		if b.quiet > 10 {
			b.first = b.blocks
		}
		b.last, b.quiet = b.blocks, 0
	} else if b.quiet++; b.quiet == 10 {
		if err := b.say(out); err != nil {
			return err
		}
	}
	b.blocks++
	return nil
}

func (b *beeps) say(out engine.Output) error {
	b.said++
	w := stt.Word{Text: "beep", Span: stt.SpanOf(b.at(b.first), b.at(b.last+1))}
	b.quiet = 1 << 40 // nothing is being said
	return out.Emit(stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: fmt.Sprint(b.said), Revision: 1, Final: true,
		Span: w.Span, Alternatives: []stt.Alternative{{Text: "beep", Words: []stt.Word{w}}}}})
}

func (b *beeps) Flush(context.Context, engine.Output) error { return nil }

func (b *beeps) Finish(_ context.Context, out engine.Output) error {
	if b.quiet < 10 {
		return b.say(out)
	}
	return nil
}

func (b *beeps) Close() {}

// bursts is what the files of that name in audio/testdata were made from: 1.2 s with a tone in the left channel from 0.2 to
// 0.5 and from 0.7 to 1.0 s, and one in the right channel from 0.4 to 0.8 s.
func bursts(rate, channels int) (samples []int16) {
	for i := range rate * 12 / 10 {
		t := float64(i) / float64(rate)
		var left, right float64
		if t >= 0.2 && t < 0.5 || t >= 0.7 && t < 1 {
			left = 12000 * math.Sin(2*math.Pi*440*t)
		}
		if t >= 0.4 && t < 0.8 {
			right = 9000 * math.Sin(2*math.Pi*700*t)
		}
		samples = append(samples, int16(left))
		if channels == 2 {
			samples = append(samples, int16(right))
		}
	}
	return samples
}

// burstLength is how long they are.
const burstLength = 1200 * time.Millisecond

// burstSpans are where the tones lie, of the left channel and of both mixed.
var burstSpans = map[int][]stt.Span{
	1: {stt.SpanOf(200*time.Millisecond, 500*time.Millisecond), stt.SpanOf(700*time.Millisecond, 1000*time.Millisecond)},
	2: {stt.SpanOf(200*time.Millisecond, 1000*time.Millisecond)},
}

func pcmBytes(samples []int16) (b []byte) {
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
