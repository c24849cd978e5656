package stt_test

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// seed is fixed so that a failure repeats; each test draws from a generator of its own.
const seed = 20240607

func generator(t *testing.T) *rand.Rand {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

func TestFormatString(t *testing.T) {
	for _, c := range []struct {
		format stt.Format
		want   string
	}{
		{stt.Format{Rate: 16000, Channels: 1}, "pcm 16000 Hz 1 channel"},
		{stt.Format{Encoding: stt.FLAC, Rate: 44100, Channels: 2}, "flac 44100 Hz 2 channels"},
		{stt.Format{Encoding: stt.OggOpus, Rate: 48000, Channels: 1}, "ogg-opus 48000 Hz 1 channel"},
		{stt.Format{Encoding: stt.ALaw, Rate: 8000, Channels: 1}, "g711-alaw 8000 Hz 1 channel"},
		{stt.Format{Encoding: stt.MuLaw, Rate: 8000, Channels: 1}, "g711-ulaw 8000 Hz 1 channel"},
		{stt.Format{Encoding: 99}, "unknown(99) 0 Hz 0 channels"},
	} {
		if got := c.format.String(); got != c.want {
			t.Errorf("got %q, expected %q", got, c.want)
		}
	}
}

func TestFormatArithmetic(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		format stt.Format
		bytes  int64
		time   time.Duration
	}{
		{"nothing", stt.Format{Rate: 16000, Channels: 1}, 0, 0},
		{"100 ms", stt.Format{Rate: 16000, Channels: 1}, 3200, 100 * time.Millisecond},
		{"stereo", stt.Format{Rate: 48000, Channels: 2}, 192000, time.Second},
		{"law", stt.Format{Encoding: stt.MuLaw, Rate: 8000, Channels: 1}, 160, 20 * time.Millisecond},
		{"law stereo", stt.Format{Encoding: stt.ALaw, Rate: 8000, Channels: 2}, 320, 20 * time.Millisecond},
		{"one frame of an odd rate", stt.Format{Rate: 44100, Channels: 1}, 2, 22675 * time.Nanosecond},
		{"a third", stt.Format{Rate: 3, Channels: 1}, 2, 333333333 * time.Nanosecond},
		{"days", stt.Format{Rate: 192000, Channels: 8}, 192000 * 16 * 86400 * 40, 40 * day},
		{"days of an odd rate", stt.Format{Rate: 44101, Channels: 1}, 2 * (44101*86400*100 + 1), 100*day + 22675*time.Nanosecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.format.Duration(c.bytes); got != c.time {
				t.Errorf("%d bytes last %v, expected %v", c.bytes, got, c.time)
			}
			if got := c.format.Bytes(c.time); int64(got) != c.bytes {
				t.Errorf("%v hold %d bytes, expected %d", c.time, got, c.bytes)
			}
		})
	}
}

func TestFormatWithoutFixedFrames(t *testing.T) {
	for _, f := range []stt.Format{
		{Encoding: stt.FLAC, Rate: 16000, Channels: 1},
		{Encoding: stt.OggOpus, Rate: 48000, Channels: 1},
		{Encoding: 77, Rate: 48000, Channels: 1},
		{Rate: 16000},
		{Channels: 1},
		{Rate: -16000, Channels: 1},
		{},
	} {
		if d := f.Duration(3200); d != 0 {
			t.Errorf("%v: 3200 bytes last %v, expected 0", f, d)
		}
		if n := f.Bytes(time.Second); n != 0 {
			t.Errorf("%v: a second holds %d bytes, expected 0", f, n)
		}
	}
}

func TestFormatPartsDoNotCount(t *testing.T) {
	f := stt.Format{Rate: 8000, Channels: 2}
	for n, want := range map[int64]time.Duration{3: 0, 4: 125 * time.Microsecond, 7: 125 * time.Microsecond, 8: 250 * time.Microsecond} {
		if got := f.Duration(n); got != want {
			t.Errorf("%d bytes last %v, expected %v", n, got, want)
		}
	}
	if n := f.Bytes(-time.Second); n != 0 {
		t.Errorf("a negative time holds %d bytes, expected 0", n)
	}
	if n := f.Bytes(125*time.Microsecond - 2); n != 0 {
		t.Errorf("not quite a frame holds %d bytes, expected 0", n)
	}
}

// A position in bytes that goes through a time comes back as it was; otherwise a replay would start a frame early.
func TestFormatBytesInvertsDuration(t *testing.T) {
	r := generator(t)
	rates := []int{1, 3, 7999, 8000, 11025, 16000, 22050, 44100, 44101, 48000, 96000, 192000}
	for range 20_000 {
		f := stt.Format{Rate: rates[r.IntN(len(rates))], Channels: 1 + r.IntN(8)}
		if r.IntN(3) == 0 {
			f.Encoding = stt.MuLaw
		}
		if r.IntN(4) == 0 {
			f.Rate = 1 + r.IntN(400_000)
		}
		frames := r.Int64N(int64(f.Rate) * 86400 * 60)
		n := frames * int64(f.FrameBytes())
		d := f.Duration(n)

		exact := new(big.Int).Mul(big.NewInt(frames), big.NewInt(int64(time.Second)))
		exact.Quo(exact, big.NewInt(int64(f.Rate)))
		if exact.Int64() != int64(d) {
			t.Fatalf("%v: %d frames last %d ns, expected %d", f, frames, d, exact)
		}
		if got := int64(f.Bytes(d)); got != n {
			t.Fatalf("%v: %d bytes last %v, which holds %d bytes", f, n, d, got)
		}
	}
}

func TestFormatBytesIsTheMostThatFits(t *testing.T) {
	r := generator(t)
	for range 20_000 {
		f := stt.Format{Rate: 1 + r.IntN(400_000), Channels: 1 + r.IntN(4)}
		d := time.Duration(r.Int64N(int64(60 * 24 * time.Hour)))
		n := int64(f.Bytes(d))
		if n%int64(f.FrameBytes()) != 0 {
			t.Fatalf("%v: %v holds %d bytes, which is not whole frames", f, d, n)
		}
		if f.Duration(n) > d || f.Duration(n+int64(f.FrameBytes())) <= d {
			t.Fatalf("%v: %v holds %d bytes, which last %v, and a frame more %v", f, d, n, f.Duration(n), f.Duration(n+int64(f.FrameBytes())))
		}
	}
}
