package transcribe_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// narrow is the format of such audio: half as many bytes as usual.
var narrow = stt.Format{Rate: 8000, Channels: 1}

// speech is audio that says what is in it, so that a server hears the same in it wherever it begins to listen: every sample
// of the n-th word of the script is n, every sample of a pause within its n-th segment is -n, and silence is 0.
func speech(s script.Script, length time.Duration) []byte {
	samples := make([]int16, narrow.Bytes(length)/2)
	fill := func(from, to time.Duration, v int) {
		for i := narrow.Bytes(from) / 2; i < min(narrow.Bytes(to)/2, len(samples)); i++ {
			samples[i] = int16(v)
		}
	}
	n := 0
	for i, seg := range s {
		fill(seg.Start, seg.End, -i-1)
		for _, w := range seg.Words {
			n++
			fill(w.Start, w.End, n)
		}
	}
	raw := make([]byte, 0, 2*len(samples))
	for _, v := range samples {
		raw = append(raw, byte(v), byte(uint16(v)>>8))
	}
	return raw
}

// talkative returns a script of a length, with pauses, words and segments of all kinds, on whole milliseconds.
func talkative(r *rand.Rand, length time.Duration) script.Script {
	ms := func(least, most int) time.Duration { return time.Duration(least+r.IntN(most-least)) * time.Millisecond }
	var s script.Script
	for at, n := ms(0, 900), 0; at < length-2*time.Second; n++ {
		seg := script.Segment{Start: at}
		for range 1 + r.IntN(4) {
			w := script.Word{Text: fmt.Sprint("word", len(s), "-", len(seg.Words)), Start: at, End: at + ms(60, 300)}
			seg.Words = append(seg.Words, w)
			at = w.End
			if r.IntN(3) == 0 {
				at += ms(1, 100)
			}
		}
		seg.End = at
		if r.IntN(3) > 0 {
			at += ms(20, 1200) // else the next segment begins where this one ends
		}
		s = append(s, seg)
	}
	return s
}

// listener hears such audio. It implements stt.Recognizer; its streams know nothing of each other.
type listener struct{ script script.Script }

func (l *listener) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: "listener", Can: stt.Capabilities{Formats: []stt.Format{{Encoding: stt.PCM16, Channels: 1}},
		Has: stt.FeatureInterim | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureStable | stt.FeatureProgress | stt.FeatureDeterministic}}}, nil
}

func (l *listener) Open(_ context.Context, cfg stt.Config) (stt.Stream, error) {
	h := &hearing{stable: cfg.Interim.Stability != stt.StabilityOff}
	for i, seg := range l.script {
		for _, w := range seg.Words {
			h.words, h.segments = append(h.words, w.Text), append(h.segments, i+1)
		}
	}
	return engine.NewStream(engine.Options{Format: cfg.Audio, Start: cfg.Start, Block: 20 * time.Millisecond}, h), nil
}

// hearing is one stream of a listener.
type hearing struct {
	stable   bool
	words    []string // of the whole script
	segments []int    // of each word

	samples  int64
	last     int // the sample before
	segment  int // that is being said; 0: none
	start    stt.Time
	heard    []stt.Word
	revision int
	changed  bool // there are words that no partial has shown
}

func (h *hearing) of(sample int) int {
	if sample > 0 {
		return h.segments[sample-1]
	}
	return -sample
}

func (h *hearing) now() stt.Time { return narrow.Duration(2 * h.samples) }

func (h *hearing) Decode(_ context.Context, block []int16, out engine.Output) error {
	began := h.samples
	for i, v := range block {
		if int(v) == h.last {
			continue
		}
		h.samples = began + int64(i)
		if err := h.change(int(v), out); err != nil {
			return err
		}
	}
	h.samples = began + int64(len(block))
	if h.changed {
		return h.say(out, false)
	}
	return nil
}

// change hears a sample that differs from the one before.
func (h *hearing) change(v int, out engine.Output) error {
	if h.last > 0 {
		h.heard[len(h.heard)-1].Span.End = h.now()
		h.changed = true
	}
	h.last = v
	if g := h.of(v); g != h.segment {
		if err := h.Flush(context.Background(), out); err != nil {
			return err
		}
		h.segment, h.start = g, h.now()
	}
	if v > 0 {
		h.heard = append(h.heard, stt.Word{Text: h.words[v-1], Span: stt.SpanOf(h.now(), h.now()), Confidence: stt.ConfidenceOf(float64(v%10) / 10)})
	}
	return nil
}

func (h *hearing) say(out engine.Output, final bool) error {
	h.changed = false
	h.revision++
	words := append([]stt.Word(nil), h.heard...)
	if !final && len(words) > 0 && h.last > 0 {
		words = words[:len(words)-1] // it is being said
	}
	for i := range words {
		words[i].Stable = h.stable && (final || i < len(words)-1)
	}
	seg := &stt.Segment{ID: fmt.Sprint(h.start), Revision: h.revision, Span: stt.SpanOf(h.start, h.now()), Final: final,
		Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}}
	return out.Emit(stt.Event{Kind: stt.EventSegment, Segment: seg})
}

// Flush ends the segment.
func (h *hearing) Flush(_ context.Context, out engine.Output) error {
	if len(h.heard) > 0 {
		if err := h.say(out, true); err != nil {
			return err
		}
	}
	h.heard, h.revision, h.changed, h.segment = nil, 0, false, 0
	return out.Emit(stt.Event{Kind: stt.EventProgress, At: h.now()})
}

func (h *hearing) Finish(ctx context.Context, out engine.Output) error {
	if h.last > 0 {
		h.heard[len(h.heard)-1].Span.End = h.now()
	}
	return h.Flush(ctx, out)
}

func (h *hearing) Close() {}

// house runs our own server in front of a recognizer until the test ends, which waits for every handler.
func house(t *testing.T, rec stt.Recognizer) (*testkit.Network, *session.Service) {
	t.Helper()
	n := testkit.NewNetwork()
	sessions := session.NewService(session.Options{Recognizer: rec, Limits: session.Limits{Idle: 15 * time.Second}})
	handler := dialect.New(dialect.Options{Sessions: sessions, Keys: auth.Static{keyID: secret}})
	var handling atomic.Int64
	ended := make(chan struct{}, 1<<16)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handling.Add(1)
		defer func() {
			handling.Add(-1)
			ended <- struct{}{}
		}()
		handler.ServeHTTP(w, r)
	}), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	bothProtocols(server)
	stopped := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(stopped)
		server.Serve(n)
	}()
	t.Cleanup(func() {
		server.Close()
		<-stopped
		for handling.Load() > 0 {
			<-ended
		}
	})
	return n, sessions
}
