package provider_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
)

var pcm = stt.Format{Rate: 16000, Channels: 1}

// A tape against a plain slice of all the audio there ever was.
func TestTapeProperties(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		noise := rand.NewChaCha8([32]byte{byte(seed)})
		format := stt.Format{Rate: []int{8000, 11025, 16000, 44100}[r.IntN(4)], Channels: 1 + r.IntN(2)}
		keep := time.Duration(r.IntN(3000)) * time.Millisecond
		tape := provider.NewTape(format, keep)
		frame, limit := format.FrameBytes(), format.Bytes(keep)
		var all []byte
		next, decided, first := 0, 0, 0 // bytes
		for step := range 300 {
			switch r.IntN(6) {
			case 0, 1:
				more := make([]byte, frame*r.IntN(4000))
				noise.Read(more) // never fails
				all = append(all, more...)
				tape.Append(more)
				first = max(first, min(len(all)-limit, next))
			case 2, 3:
				b := make([]byte, frame*(1+r.IntN(4000)))
				n := tape.Next(b)
				if want := all[next:min(next+len(b), len(all))]; !bytes.Equal(b[:n], want) {
					t.Fatalf("seed %d, step %d: %d bytes of audio that are not the %d expected", seed, step, n, len(want))
				}
				next += n
			case 4:
				at := time.Duration(r.Int64N(int64(format.Duration(int64(len(all)))) + 1))
				tape.Decide(at)
				decided = max(decided, min(format.Bytes(at), next))
				first = max(first, decided)
			default:
				missing := tape.Rewind()
				if want := format.Duration(int64(max(first-decided, 0))); missing != want {
					t.Fatalf("seed %d, step %d: %v missing, expected %v", seed, step, missing, want)
				}
				if missing == 0 {
					next = decided
				}
			}
			if got, want := tape.Sent(), format.Duration(int64(next)); got != want {
				t.Fatalf("seed %d, step %d: sent %v, expected %v", seed, step, got, want)
			}
			if got, want := tape.Owed(), format.Duration(int64(len(all)-decided)); got != want {
				t.Fatalf("seed %d, step %d: owed %v, expected %v", seed, step, got, want)
			}
		}
	}
}

// A tape holds what it is to keep and not much more, and gives it back when it is decided.
func TestTapeMemory(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const tapes = 8
	minute := int64(tapes * pcm.Bytes(time.Minute))
	before := heap()
	all := make([]*provider.Tape, tapes)
	block := make([]byte, pcm.Bytes(100*time.Millisecond))
	play := func(d time.Duration) {
		for range d / (100 * time.Millisecond) {
			for _, tape := range all {
				tape.Append(block)
				tape.Next(block)
			}
		}
	}
	for i := range all {
		all[i] = provider.NewTape(pcm, time.Minute)
	}
	play(3 * time.Minute)
	if kept := heap() - before; kept < minute || kept > 3*minute {
		t.Errorf("after three minutes %d bytes are kept; a minute has %d", kept, minute)
	}
	for _, tape := range all {
		tape.Decide(3*time.Minute - 2*time.Second)
	}
	if kept := heap() - before; kept > minute/6 {
		t.Errorf("with two seconds undecided %d bytes are kept; a minute has %d", kept, minute)
	}
	for _, tape := range all {
		tape.Decide(3 * time.Minute)
	}
	if kept := heap() - before; kept > minute/30 {
		t.Errorf("with nothing undecided %d bytes are kept; a minute has %d", kept, minute)
	}
	runtime.KeepAlive(all)
}
