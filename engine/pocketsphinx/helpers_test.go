//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// engines are those that tests share. Reading and checking a model takes seconds under the race detector, and a stream finds
// nothing of the one before it, which a test of its own shows.
var (
	enginesMu sync.Mutex
	engines   = map[string]*Recognizer{}
)

// TestMain gives the memory of shared engines back, and so shows that it can be done.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, r := range engines {
		r.Close()
	}
	os.Exit(code)
}

// sharedEngine returns an engine that other tests use as well. It has more slots than tests run at a time.
func sharedEngine(t testing.TB, values map[string]string) *Recognizer {
	t.Helper()
	enginesMu.Lock()
	defer enginesMu.Unlock()
	key := fmt.Sprint(values)
	if engines[key] == nil {
		engines[key] = newEngine(t, with(values, "slots", "16"))
	}
	return engines[key]
}

// openEngine returns an engine for one test, which closes it.
func openEngine(t testing.TB, values map[string]string) *Recognizer {
	t.Helper()
	r := newEngine(t, values)
	t.Cleanup(func() { r.Close() })
	return r
}

func newEngine(t testing.TB, values map[string]string) *Recognizer {
	t.Helper()
	if _, err := os.Stat(modelFolder); err != nil {
		t.Skip("needs the Debian package " + modelPackage)
	}
	d := Driver()
	r, err := d.Open(t.Context(), values, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.(*Recognizer)
}

// samplesOf reads an audio file as 16 kHz mono.
func samplesOf(t testing.TB, path string) []int16 {
	t.Helper()
	args := []string{path}
	if strings.HasSuffix(path, ".raw") {
		args = []string{"-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", path}
	}
	b, err := exec.Command("sox", append(append([]string{"-D"}, args...), "-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-")...).Output()
	if err != nil {
		t.Skipf("needs sox and the Debian package pocketsphinx-testdata: %v", err)
	}
	s := make([]int16, len(b)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}

func bytesOf(samples []int16) []byte {
	b := make([]byte, 2*len(samples))
	for i, s := range samples {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(s))
	}
	return b
}

func config() stt.Config { return stt.Config{Audio: format} }

// transcribe sends audio in pieces of cut bytes (0: at once) and returns all events.
func transcribe(t testing.TB, r *Recognizer, cfg stt.Config, samples []int16, cut int) []stt.Event {
	t.Helper()
	s, err := r.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go send(t.Context(), s, bytesOf(samples), cut) // ends with the audio, or when the stream is closed
	return receive(t, s)
}

func send(ctx context.Context, s stt.Stream, data []byte, cut int) {
	if cut == 0 {
		cut = max(len(data), 1)
	}
	for len(data) > 0 {
		n := min(cut, len(data))
		if s.Send(ctx, stt.Chunk{Data: data[:n]}) != nil {
			return
		}
		data = data[n:]
	}
	s.CloseSend()
}

func receive(t testing.TB, s stt.Stream) []stt.Event {
	t.Helper()
	var events []stt.Event
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		ev, err := s.Recv(ctx)
		cancel()
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, ev)
	}
}

// finals returns the finals of events, in order.
func finals(events []stt.Event) []stt.Segment {
	var list []stt.Segment
	for _, ev := range events {
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			list = append(list, *ev.Segment)
		}
	}
	return list
}

func textOf(segments []stt.Segment) string {
	var texts []string
	for i := range segments {
		texts = append(texts, segments[i].Best().Text)
	}
	return strings.Join(texts, " ")
}

func wordsIn(segments []stt.Segment) []stt.Word {
	var words []stt.Word
	for i := range segments {
		words = append(words, segments[i].Best().Words...)
	}
	return words
}

// mistakes is the number of words to change, leave out or add to get from ref to hyp.
func mistakes(ref, hyp []string) int {
	prev := make([]int, len(hyp)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, r := range ref {
		cur := make([]int, len(hyp)+1)
		cur[0] = i + 1
		for j, h := range hyp {
			c := prev[j]
			if r != h {
				c++
			}
			cur[j+1] = min(c, prev[j+1]+1, cur[j]+1)
		}
		prev = cur
	}
	return prev[len(hyp)]
}

// small is a model with a few dozen words: the mechanics are the same and ten times as fast.
var small = map[string]string{"slots": "2", "models": stt.FormatRecords([]map[string]string{smallModel("turtle", "en-US")})}

func smallModel(name, language string) map[string]string {
	return map[string]string{"name": name, "language": language, "hmm": modelFolder + "en-us",
		"lm": testData + "turtle.lm.bin", "dict": testData + "turtle.dic"}
}

// join puts pieces of audio one behind the other.
func join(pieces ...[]int16) []int16 { return slices.Concat(pieces...) }

// quiet returns so many seconds of faint noise, about -70 dBFS.
func quiet(seconds float64) []int16 {
	r := rand.New(rand.NewPCG(1, 1))
	s := make([]int16, int(seconds*float64(format.Rate)))
	for i := range s {
		s[i] = int16(r.NormFloat64() * 10)
	}
	return s
}

// settle waits until the searches of streams that have been closed are back.
func settle(r *Recognizer) {
	for _, m := range r.served {
		m.pool.work.Wait()
	}
}
