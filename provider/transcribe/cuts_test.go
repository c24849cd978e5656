package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// heard is what came of a stream.
type heard struct {
	finals   []stt.Segment
	warnings []string
	partials int
	err      error
}

// converse says everything, hears everything, and judges every event. The stream is opened again for as long as a cut falls
// into its opening.
func converse(t *testing.T, r stt.Recognizer, cfg stt.Config, audio []byte, piece, pause time.Duration) heard {
	t.Helper()
	cfg.Audio = narrow
	var s stt.Stream
	var err error
	for range 200 {
		if s, err = r.Open(context.Background(), cfg); err == nil {
			break
		}
		if stt.CodeOf(err) != stt.Unavailable {
			t.Fatalf("opening: %v", err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sent := make(chan error, 1)
	go func() { // owned by converse, which receives from sent; ends with the audio or the stream
		for chunk := range slices.Chunk(audio, narrow.Bytes(piece)) {
			if err := s.Send(context.Background(), stt.Chunk{Data: chunk}); err != nil {
				sent <- err
				return
			}
			if pause > 0 {
				<-time.After(pause)
			}
		}
		sent <- s.CloseSend()
	}()
	checker := stttest.Checker{Start: cfg.Start, Tolerance: time.Millisecond}
	end := cfg.Start + narrow.Duration(int64(len(audio)))
	var h heard
	for h.err == nil {
		var ev stt.Event
		if ev, h.err = s.Recv(context.Background()); h.err != nil {
			break
		}
		if err := checker.Event(ev, end); err != nil {
			t.Error(err)
		}
		if ev.Kind == stt.EventWarning {
			h.warnings = append(h.warnings, ev.Warning.Msg)
		}
	}
	if errors.Is(h.err, io.EOF) {
		if err := checker.End(end); err != nil {
			t.Error(err)
		}
		if err := <-sent; err != nil {
			t.Errorf("sending: %v", err)
		}
	} else {
		s.Close()
		<-sent
	}
	h.finals, h.partials = checker.Finals(), checker.Partials()
	return h
}

// same compares finals with those of an unbroken run: words, times to 1 ms, and ids that are all different.
func same(t *testing.T, got, want []stt.Segment) {
	t.Helper()
	ids := map[string]bool{}
	near := func(a, b stt.Span) bool {
		return a.Known == b.Known && (a.Start-b.Start).Abs() <= time.Millisecond && (a.End-b.End).Abs() <= time.Millisecond
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) {
			t.Fatalf("%d finals, expected %d; the last is %q", len(got), len(want), line(got[max(len(got)-1, 0):]))
		}
		a, b := got[i].Best(), want[i].Best()
		ok := a.Text == b.Text && near(got[i].Span, want[i].Span) && len(a.Words) == len(b.Words) && !ids[got[i].ID]
		for j := 0; ok && j < len(a.Words); j++ {
			x, y := a.Words[j], b.Words[j]
			ok = x.Text == y.Text && near(x.Span, y.Span) && x.Confidence == y.Confidence
		}
		if !ok {
			t.Fatalf("final %d is %q %v %q %v\nexpected %q %v %v", i, got[i].ID, got[i].Span, a.Text, a.Words, b.Text, want[i].Span, b.Words)
		}
		ids[got[i].ID] = true
	}
}

func line(finals []stt.Segment) string {
	var texts []string
	for i := range finals {
		texts = append(texts, finals[i].Best().Text)
	}
	return strings.Join(texts, " / ")
}

// cutClient returns a client on a network that is cut, with patience.
func cutClient(t *testing.T, s *shears, change ...func(*transcribe.Options)) *transcribe.Recognizer {
	t.Helper()
	f := &fake{t: t, net: s.Network}
	return f.client(append([]func(*transcribe.Options){func(o *transcribe.Options) {
		o.Client, o.ReconnectFor = s.client(), 30*time.Second
		o.Credentials = transcribe.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret})
	}}, change...)...)
}

// TestOneHundredCuts cuts the wire to our own server one hundred times: four times at most in each of some streams, at
// random bytes of either direction, those of the handshake and of the goodbye included.
func TestOneHundredCuts(t *testing.T) { overBoth(t, testOneHundredCuts) }

func testOneHundredCuts(t *testing.T) {
	cuts := 0
	for seed := uint64(0); cuts < 100; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				const length = 5 * time.Second
				s := talkative(r, length)
				audio := speech(s, length)
				net, sessions := house(t, &listener{s})
				whole := &shears{Network: net}
				cfg := stt.Config{Start: []time.Duration{0, time.Hour}[r.IntN(2)], Session: []string{"", "b4526fcf-5eee-4361-8192-d1cb9e9d6887"}[r.IntN(2)],
					Interim: stt.Interim{Off: r.IntN(4) == 0, Stability: []stt.Stability{stt.StabilityOff, stt.StabilityHigh}[r.IntN(2)]}}
				piece, pause := 100*time.Millisecond, time.Duration(0)
				switch r.IntN(3) {
				case 0:
					pause = piece
				case 1:
					piece = 1300 * time.Millisecond
				}
				signed := func(o *transcribe.Options) { o.SignFrames = seed%2 == 1 }
				want := converse(t, cutClient(t, whole, signed), cfg, audio, piece, pause)
				synctest.Wait() // connections over HTTP/2 end a moment after their streams
				if want.err != io.EOF || whole.cuts != 0 || len(want.finals) != len(s) {
					t.Fatalf("unbroken: %d finals of %d, %d cuts, %v", len(want.finals), len(s), whole.cuts, want.err)
				}
				left := 1 + r.IntN(4)
				sent, received := whole.carried()
				broken := &shears{Network: net, next: func() (up, down int) {
					if left == 0 {
						return -1, -1
					}
					left--
					if r.IntN(2) == 0 {
						return r.IntN(sent), -1
					}
					return -1, r.IntN(received)
				}}
				got := converse(t, cutClient(t, broken, signed), cfg, audio, piece, pause)
				synctest.Wait()
				if got.err != io.EOF {
					t.Errorf("ends with %v after %q", got.err, got.warnings)
				}
				same(t, got.finals, want.finals)
				if cfg.Interim.Off && got.partials > 0 {
					t.Errorf("%d partials that nobody asked for", got.partials)
				}
				cuts += broken.cuts
				synctest.Wait()
				if n := sessions.Active(); n != 0 {
					t.Errorf("%d sessions are left over", n)
				}
			})
		})
		if t.Failed() {
			t.Fatalf("repeat with -run 'TestOneHundredCuts/seed_%d$'", seed)
		}
		if seed > 400 {
			t.Fatalf("%d cuts in %d streams", cuts, seed)
		}
	}
}

// One stream may be cut a hundred times: the patience is for each trouble anew.
func TestOneStreamCutAHundredTimes(t *testing.T) { overBoth(t, testOneStreamCutAHundredTimes) }

func testOneStreamCutAHundredTimes(t *testing.T) {
	for seed := range uint64(1) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 8))
				const length = 5 * time.Minute
				s := talkative(r, length)
				audio := speech(s, length)
				net, _ := house(t, &listener{s})
				want := converse(t, cutClient(t, &shears{Network: net}), stt.Config{}, audio, time.Second, 0)
				broken := &shears{Network: net}
				broken.next = func() (up, down int) {
					switch {
					case broken.cuts >= 100:
						return -1, -1
					case r.IntN(3) == 0:
						return -1, r.IntN(6 << 10)
					}
					return r.IntN(60 << 10), -1
				}
				got := converse(t, cutClient(t, broken), stt.Config{}, audio, 100*time.Millisecond, 100*time.Millisecond)
				synctest.Wait()
				if got.err != io.EOF || broken.cuts != 100 {
					t.Errorf("%d cuts, ends with %v", broken.cuts, got.err)
				}
				same(t, got.finals, want.finals)
				lost := slices.DeleteFunc(slices.Clone(got.warnings), func(w string) bool { return !strings.HasPrefix(w, "connection lost (") })
				if back := len(got.warnings) - len(lost); len(lost) < 30 || len(lost) != back {
					t.Errorf("%d times lost, %d times back", len(lost), back)
				}
			})
		})
	}
}
