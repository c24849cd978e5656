package audio

import (
	"bytes"
	"math"
	"testing"
)

func TestSamplesAndBytes(t *testing.T) {
	samples := []int16{0, 1, -1, 256, math.MaxInt16, math.MinInt16}
	raw := []byte{0, 0, 1, 0, 0xff, 0xff, 0, 1, 0xff, 0x7f, 0, 0x80}
	if got := AppendBytes([]byte{9}, samples); !bytes.Equal(got, append([]byte{9}, raw...)) {
		t.Errorf("AppendBytes: got % x", got)
	}
	equalSamples(t, AppendSamples([]int16{7}, raw), append([]int16{7}, samples...))
	equalSamples(t, AppendSamples(nil, raw[:5]), samples[:2]) // the odd byte is left out
}

func TestAppendMono(t *testing.T) {
	for _, c := range []struct {
		channels int
		src      []int16
		want     []int16
	}{
		{1, []int16{5, -5}, []int16{5, -5}},
		{2, []int16{10, 20, -10, -20}, []int16{15, -15}},
		{2, []int16{0, 1, 0, -1, 3, 4, -3, -4}, []int16{1, -1, 4, -4}}, // half away from zero
		{2, []int16{32767, 32767, -32768, -32768, 32767, -32768}, []int16{32767, -32768, -1}},
		{3, []int16{1, 1, 2, -1, -1, -2, 0, 0, 1}, []int16{1, -1, 0}},
		{2, []int16{4, 6, 8}, []int16{5}},
		{2, nil, nil},
	} {
		equalSamples(t, AppendMono(nil, c.src, c.channels), c.want)
		if c.channels > 1 {
			equalSamples(t, AppendMono(c.src[:0], c.src, c.channels), c.want) // in place
		}
	}
}

func TestAppendChannel(t *testing.T) {
	src := []int16{1, 2, 3, 4, 5, 6, 7}
	equalSamples(t, AppendChannel(nil, src, 3, 0), []int16{1, 4})
	equalSamples(t, AppendChannel(nil, src, 3, 2), []int16{3, 6})
	equalSamples(t, AppendChannel(src[:0], src, 2, 1), []int16{2, 4, 6})
}

func TestLevel(t *testing.T) {
	sine := tone(8000, 8000, 100, 16384)
	for _, c := range []struct {
		name      string
		s         []int16
		rms, peak float64
	}{
		{"nothing", nil, 0, 0},
		{"silence", make([]int16, 10), 0, 0},
		{"full scale", []int16{-32768, -32768}, 1, 1},
		{"half", []int16{16384, -16384}, 0.5, 0.5},
		{"sine", sine, 0.5 / math.Sqrt2, 0.5},
	} {
		if rms, peak := Level(c.s); math.Abs(rms-c.rms) > 1e-4 || math.Abs(peak-c.peak) > 1e-4 {
			t.Errorf("%s: want %.4f and %.4f, got %.4f and %.4f", c.name, c.rms, c.peak, rms, peak)
		}
	}
}

func TestRound16(t *testing.T) {
	for v, want := range map[float64]int16{
		0: 0, 0.5: 1, -0.5: -1, 0.49: 0, 1.5: 2, -1.49: -1, 32766.6: 32767, 1e9: 32767, -32767.6: -32768, -1e9: -32768,
		math.Inf(1): 32767, math.Inf(-1): -32768,
	} {
		if got := round16(v); got != want {
			t.Errorf("%v: want %d, got %d", v, want, got)
		}
	}
	if got := round16(math.NaN()); got != 0 {
		t.Errorf("NaN: want 0, got %d", got)
	}
}

func TestPCMAllocatesNothing(t *testing.T) {
	raw := make([]byte, 6400)
	samples, mono, back := make([]int16, 0, 3200), make([]int16, 0, 1600), make([]byte, 0, 6400)
	if n := testing.AllocsPerRun(20, func() {
		samples = AppendSamples(samples[:0], raw)
		mono = AppendMono(mono[:0], samples, 2)
		back = AppendBytes(back[:0], samples)
	}); n != 0 {
		t.Errorf("want no allocation, got %v", n)
	}
}
