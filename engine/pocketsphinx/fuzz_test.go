//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// longestFuzz bounds what a test decodes at once, in bytes: three seconds.
const longestFuzz = 3 * 2 * 16000

// flushAfter marks a cut that is followed by a flush.
const flushAfter = 0x80

type fuzzSound struct {
	name    string
	samples []int16
}

// fuzzSounds are what microphones, files and broken programs give.
func fuzzSounds(tb testing.TB) []fuzzSound {
	rng := rand.New(rand.NewPCG(1, 2))
	sound := func(n int, at func(i int) float64) []int16 {
		s := make([]int16, n)
		for i := range s {
			s[i] = int16(max(math.MinInt16, min(math.MaxInt16, at(i))))
		}
		return s
	}
	speech := samplesOf(tb, testData+"goforward.raw")
	upper := 0.0
	return []fuzzSound{
		{"nothing", nil},
		{"one sample", []int16{1}},
		{"a frame less", quiet(0.02)},
		{"silence", make([]int16, 16000)},
		{"hiss", quiet(1)},
		{"noise", sound(16000, func(int) float64 { return 5000 * rng.NormFloat64() })},
		{"full scale", sound(16000, func(i int) float64 { return math.MaxInt16 - float64(i%2)*65535 })},
		{"lowest sample", sound(16000, func(int) float64 { return math.MinInt16 })},
		{"a step", sound(16000, func(i int) float64 { return float64(i/8000) * 30000 })},
		{"clicks", sound(16000, func(i int) float64 { return 32000 * float64(i%1600/1599) })},
		{"a rising tone", sound(32000, func(i int) float64 { upper += float64(i) / 32000 * math.Pi; return 20000 * math.Sin(upper) })},
		{"speech", speech},
		{"loud speech", sound(len(speech), func(i int) float64 { return 40 * float64(speech[i]) })},
		{"faint speech", sound(len(speech), func(i int) float64 { return float64(speech[i]) / 100 })},
		{"speech backward", sound(len(speech), func(i int) float64 { return float64(speech[len(speech)-1-i]) })},
		{"bytes swapped", sound(len(speech), func(i int) float64 { s := uint16(speech[i]); return float64(int16(s<<8 | s>>8)) })},
	}
}

// fuzzCuts are the seeds for how audio comes in pieces.
var fuzzCuts = [][]byte{nil, {0}, {1}, {40}, {127}, {flushAfter}, {3, flushAfter | 20, 90}, {flushAfter | 127, 0, 0, 0, flushAfter}}

// pieceOf returns how many bytes the next piece has: one sample for 0, a second for 127, and in between by powers.
func pieceOf(cut byte) int {
	return 2 * int(math.Pow(16000, float64(cut&^flushAfter)/127))
}

// compose makes sound of instructions, two bytes for each 50 ms: what and how much of it. So a few bytes are a stream that the
// fuzzer can change in interesting ways, where it would need as many thousands of samples.
func compose(speech []int16, score []byte) []int16 {
	const step = 800
	var all []int16
	rng := rand.New(rand.NewPCG(3, 4))
	for ; len(score) >= 2 && len(all) < 40*step; score = score[2:] {
		what, much := score[0]%6, float64(score[1])
		from := min(int(much/256*float64(len(speech))), len(speech)-step)
		for i := range step {
			var v float64
			switch what {
			case 1:
				v = much * much / 4 * rng.NormFloat64()
			case 2:
				v = 10000 * math.Sin(2*math.Pi*(50+20*much)*float64(i)/16000)
			case 3:
				v = float64(speech[from+i])
			case 4:
				v = float64(speech[from+i]) * 30
			case 5:
				v = 32767 * float64(1-2*((i*int(1+much)/400)%2))
			}
			all = append(all, int16(max(math.MinInt16, min(math.MaxInt16, v))))
		}
	}
	return all
}

// fuzzScores are the seeds for compose.
var fuzzScores = [][]byte{
	nil,
	{0, 0, 3, 20, 3, 25, 3, 30, 3, 35, 3, 40, 3, 45, 3, 50, 3, 55, 3, 60, 0, 0, 0, 0},
	{1, 20, 3, 60, 3, 65, 3, 70, 1, 20, 1, 255, 3, 80, 3, 90, 3, 100, 3, 110, 3, 120, 3, 130, 3, 140},
	{4, 60, 5, 1, 4, 65, 5, 200, 2, 10, 2, 200, 4, 100, 4, 110, 4, 120},
	{2, 0, 2, 20, 2, 40, 2, 60, 2, 80, 2, 100, 2, 120, 2, 140, 2, 160, 2, 180, 2, 200, 2, 220},
	{3, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 100, 3, 105},
}

// FuzzPCM feeds the engine any samples in any cuts with flushes anywhere: sound that is composed, and then the bytes of pcm as they
// are. It must not fail, crash or stall, it must keep to the contract, and where nobody flushed the same samples in other cuts
// must give the same words.
func FuzzPCM(f *testing.F) {
	speech := samplesOf(f, testData+"goforward.raw")
	for i, score := range fuzzScores {
		f.Add(score, []byte(nil), fuzzCuts[i%len(fuzzCuts)])
		f.Add(score, []byte{255, 127, 0, 128, 0}, fuzzCuts[len(fuzzCuts)-1-i%len(fuzzCuts)])
	}
	f.Fuzz(func(t *testing.T, score, pcm, cuts []byte) {
		data := append(bytesOf(compose(speech, score)), pcm[:min(len(pcm), longestFuzz/3)&^1]...)
		cuts = cuts[:min(len(cuts), 1000)]
		r := sharedEngine(t, small)
		said, flushes := fuzzStream(t, r, data, cuts)
		if flushes > 0 {
			return
		}
		if again, _ := fuzzStream(t, r, data, []byte{90}); again != said {
			t.Fatalf("in other cuts the same samples say\n  %s\ninstead of\n  %s", again, said)
		}
	})
}

// TestFlushAnywhere plays every sound with flushes in uneven places.
func TestFlushAnywhere(t *testing.T) {
	r := sharedEngine(t, small)
	for _, s := range fuzzSounds(t) {
		data := bytesOf(s.samples)
		data = data[:min(len(data), longestFuzz)]
		for _, cuts := range fuzzCuts[len(fuzzCuts)-2:] {
			t.Run(fmt.Sprintf("%s in cuts of %v", s.name, cuts), func(t *testing.T) { fuzzStream(t, r, data, cuts) })
		}
	}
}

// fuzzStream plays one stream, judges it, and returns what was said with its times, and the number of flushes.
func fuzzStream(t *testing.T, r *Recognizer, data, cuts []byte) (said string, flushes int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s, err := r.Open(ctx, config())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var accepted, flushed atomic.Int64 // bytes, flushes
	sent := make(chan error, 1)
	go func() { // ends with the audio, or with the stream, which is closed above
		sent <- sendCut(ctx, s, data, cuts, &accepted, &flushed)
	}()
	var check stttest.Checker
	var answered int64
	for {
		ev, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the stream failed after %d bytes: %v", accepted.Load(), err)
		}
		if ev.Kind == stt.EventFlushed {
			answered++
		}
		if err := check.Event(ev, format.Duration(accepted.Load())); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := check.End(format.Duration(int64(len(data)))); err != nil {
		t.Fatal(err)
	}
	if answered != flushed.Load() {
		t.Fatalf("%d flushes, %d answers", flushed.Load(), answered)
	}
	for _, seg := range check.Finals() {
		said += fmt.Sprintf("%v-%v %s; ", seg.Span.Start, seg.Span.End, seg.Best().Text)
	}
	return said, answered
}

// sendCut sends data in the pieces that cuts say, over and over; no cuts: all at once. It counts what it sends before it does.
func sendCut(ctx context.Context, s stt.Stream, data, cuts []byte, accepted, flushed *atomic.Int64) error {
	for i := 0; len(data) > 0; i++ {
		n, flush := len(data), false
		if len(cuts) > 0 {
			cut := cuts[i%len(cuts)]
			n, flush = min(pieceOf(cut), n), cut&flushAfter != 0
		}
		accepted.Add(int64(n))
		if err := s.Send(ctx, stt.Chunk{Data: data[:n]}); err != nil {
			return err
		}
		data = data[n:]
		if flush && flushed.Load() < 200 { // each is a final of its own: enough is enough
			flushed.Add(1)
			if err := s.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return s.CloseSend()
}
