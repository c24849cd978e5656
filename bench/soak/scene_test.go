package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/bench/internal/rig"
)

func rngOf(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

func dBFS(pcm []byte) float64 {
	rms, _ := audio.Level(audio.AppendSamples(nil, pcm))
	return 20 * math.Log10(max(rms, 1e-9))
}

func TestSounds(t *testing.T) {
	rng := rngOf(t)
	for _, c := range []struct {
		name        string
		make        func(*rand.Rand, time.Duration) []byte
		least, most float64 // dBFS
	}{
		{"silence", silence, -1000, -69}, {"white", white, -61, -19}, {"pink", pink, -67, -13}, {"chords", chords, -45, -5},
	} {
		for range 10 {
			pcm := c.make(rng, 1500*time.Millisecond)
			if len(pcm) != rig.Format.Bytes(1500*time.Millisecond) {
				t.Errorf("%s: %d bytes", c.name, len(pcm))
			}
			if l := dBFS(pcm); l < c.least || l > c.most {
				t.Errorf("%s has %.1f dBFS; expected %g to %g", c.name, l, c.least, c.most)
			}
		}
	}
}

// difference is the level of the differences between neighbours, above that of the sound: high where high tones are strong.
func difference(pcm []byte) float64 {
	s := audio.AppendSamples(nil, pcm)
	var power, steps float64
	for i := 1; i < len(s); i++ {
		power += float64(s[i]) * float64(s[i])
		d := float64(s[i]) - float64(s[i-1])
		steps += d * d
	}
	return 10 * math.Log10(steps/power)
}

// White noise steps by 3 dB above its own level, pink noise by far less.
func TestColours(t *testing.T) {
	rng := rngOf(t)
	w, p := difference(white(rng, 4*time.Second)), difference(pink(rng, 4*time.Second))
	if math.Abs(w-3) > 0.5 || p > w-4 {
		t.Errorf("white noise steps by %.1f dB, pink noise by %.1f dB", w, p)
	}
}

func someClips() []rig.Clip {
	return []rig.Clip{{Name: "a", PCM: make([]byte, 100000)}, {Name: "b", PCM: make([]byte, 50000)}}
}

func TestCompose(t *testing.T) {
	clips := someClips()
	var seen [kinds]int
	cuts := map[manner]int{}
	for n := range 200 {
		a, b := compose(7, n, clips, 2*time.Second), compose(7, n, clips, 2*time.Second)
		if a.name != b.name || a.kind != b.kind || a.cut != b.cut || !bytes.Equal(a.pcm, b.pcm) {
			t.Fatalf("scene %d is not the same again", n)
		}
		if a.pace <= 0 || len(a.pcm) == 0 || a.name == "" || a.quiet() != (a.kind == kindSilence || a.kind == kindNoise) {
			t.Errorf("scene %d: %s of %v, pace %g, %d bytes", n, a.name, a.kind, a.pace, len(a.pcm))
		}
		if seen[a.kind]++; a.kind == kindChurn {
			cuts[a.cut.manner]++
			if a.cut.after < 0 || a.cut.after >= max(len(a.pcm), 5000) {
				t.Errorf("scene %d: %v", n, a.cut)
			}
		}
	}
	for k, n := range seen {
		if n < 5 {
			t.Errorf("%v comes %d times in 200 scenes", kind(k), n)
		}
	}
	if len(cuts) != int(manners) {
		t.Errorf("clients go away in these manners only: %v", cuts)
	}
	if a, b := compose(7, 0, clips, time.Second), compose(8, 0, clips, time.Second); a.name == b.name && bytes.Equal(a.pcm, b.pcm) {
		t.Error("another seed makes the same scene")
	}
}

// A connection ends after exactly so many bytes, wherever a write is.
func TestCutConn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	rng := rngOf(t)
	for _, after := range []int{0, 1, 99, 100, 101, 1000, -1} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		peer, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c := &cutConn{TCPConn: conn.(*net.TCPConn), left: after, cut: new(atomic.Bool)}
		sent := 0
		for sent < 5000 {
			n, err := c.Write(make([]byte, 1+rng.IntN(200)))
			if sent += n; err != nil {
				if !errors.Is(err, errCut) {
					t.Errorf("cut after %d: %v", after, err)
				}
				break
			}
		}
		if after >= 0 && sent != after || after < 0 && sent < 5000 {
			t.Errorf("cut after %d: %d were sent", after, sent)
		}
		c.Close()
		got, err := io.ReadAll(peer)
		if err != nil || len(got) != sent {
			t.Errorf("cut after %d: %d arrived, %v", after, len(got), err)
		}
		peer.Close()
	}
}

func TestNames(t *testing.T) {
	for k := range kinds {
		if k.String() == "" || k.String() == kinds.String() {
			t.Errorf("kind %d has no name", k)
		}
	}
	for m := range manners {
		if (cut{manner: m, after: 5}).String() == "" {
			t.Errorf("manner %d has no name", m)
		}
	}
}

func TestErrorsWithoutAddresses(t *testing.T) {
	_, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", "127.0.0.1:1")
	if err == nil {
		t.Skip("needs a port on which nobody listens: 127.0.0.1:1")
	}
	secret := errors.Join(errors.New("x"))
	if got := withoutQuery(&net.OpError{Op: "dial", Err: secret}); got == nil {
		t.Error("an error is lost")
	}
	if got := withoutQuery(errors.New("plain")); got.Error() != "plain" {
		t.Errorf("a plain error becomes %v", got)
	}
}
