package audio

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"
)

func TestFormatValidate(t *testing.T) {
	for _, c := range []struct {
		f  Format
		ok bool
	}{
		{Format{16000, 1}, true}, {Format{1, 1}, true}, {Format{MaxFormatRate, MaxChannels}, true},
		{Format{}, false}, {Format{0, 1}, false}, {Format{16000, 0}, false}, {Format{-1, 1}, false},
		{Format{MaxFormatRate + 1, 1}, false}, {Format{16000, MaxChannels + 1}, false},
	} {
		if err := c.f.Validate(); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: want valid %v, got %v", c.f, c.ok, err)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		frames int64
		rate   int
		want   time.Duration
	}{
		{0, 16000, 0}, {16000, 16000, time.Second}, {1, 16000, 62500}, {1, 44100, 22676}, {2, 44100, 45351},
		{441, 44100, 10 * time.Millisecond}, {1, 3, 333333333}, {2, 3, 666666667}, {-5, 8000, 0},
		{1, 2_000_000_000, 1}, {3, 2_000_000_000, 2}, // half a nanosecond goes up
		{math.MaxInt64, 1, math.MaxInt64}, {math.MaxInt64, 192000, math.MaxInt64}, // too long
	} {
		if got := FramesToDuration(c.frames, c.rate); got != c.want {
			t.Errorf("%d frames at %d Hz: want %d ns, got %d ns", c.frames, c.rate, c.want, got)
		}
	}
}

// TestDurationsInvert: every frame number comes back from its time, and both
// directions round as exact arithmetic does.
func TestDurationsInvert(t *testing.T) {
	rng := newRand(t)
	nearest := func(a, b, c int64) int64 { // a·b/c, rounded half up
		x := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		x.Mul(x, big.NewInt(2)).Add(x, big.NewInt(c)).Div(x, big.NewInt(2*c))
		return x.Int64()
	}
	for range 20000 {
		rate := 1 + rng.IntN(MaxFormatRate)
		frames := rng.Int64N(1 << (1 + rng.IntN(46)))
		d := FramesToDuration(frames, rate)
		if want := nearest(frames, 1e9, int64(rate)); frames/int64(rate) < maxSeconds && int64(d) != want {
			t.Fatalf("%d frames at %d Hz: want %d ns, got %d", frames, rate, want, d)
		}
		if back := DurationToFrames(d, rate); d < math.MaxInt64 && back != frames {
			t.Fatalf("%d frames at %d Hz: %v came back as %d frames", frames, rate, d, back)
		}
		any := time.Duration(rng.Int64N(1 << (1 + rng.IntN(60))))
		if got, want := DurationToFrames(any, rate), nearest(int64(any), int64(rate), 1e9); got != want {
			t.Fatalf("%d ns at %d Hz: want %d frames, got %d", any, rate, want, got)
		}
	}
	if got := DurationToFrames(-time.Second, 8000); got != 0 {
		t.Errorf("negative duration: want 0, got %d", got)
	}
	if got := DurationToFrames(math.MaxInt64, math.MaxInt32); got <= 0 {
		t.Errorf("longest duration: want a positive number, got %d", got)
	}
}
