package audio

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"strconv"
	"testing"
	"time"
)

// ratios are the conversions that every property is tested with: usual ones, the
// extremes, one without a common divisor, and equal rates.
var ratios = []struct{ in, out int }{
	{44100, 16000}, {48000, 16000}, {22050, 16000}, {32000, 16000}, {24000, 16000},
	{8000, 16000}, {11025, 16000}, {12000, 16000}, {16000, 8000}, {16000, 24000},
	{44100, 48000}, {48000, 8000}, {8000, 48000}, {96000, 16000}, {192000, 4000},
	{47999, 16000}, {16001, 44101}, {16000, 16000},
}

// Which ratios a property speaks of.
func all(in, out int) bool     { return true }
func down(in, out int) bool    { return in > out }
func up(in, out int) bool      { return in < out }
func unequal(in, out int) bool { return in != out }

func eachRatio(t *testing.T, of func(in, out int) bool, f func(t *testing.T, b *Bank)) {
	for _, c := range ratios {
		if !of(c.in, c.out) {
			continue
		}
		t.Run(fmt.Sprintf("%d-%d", c.in, c.out), func(t *testing.T) { f(t, newBank(t, c.in, c.out)) })
	}
}

func newBank(t *testing.T, in, out int) *Bank {
	t.Helper()
	b, err := NewBank(in, out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newResampler(t *testing.T, b *Bank, channels int) *Resampler {
	t.Helper()
	r, err := b.Resampler(channels)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// resample converts a whole signal of one channel.
func resample(t *testing.T, b *Bank, s []int16) []int16 {
	t.Helper()
	r := newResampler(t, b, 1)
	return r.Flush(r.Append(nil, s))
}

func lowerNyquist(in, out int) float64 { return float64(min(in, out)) / 2 }

func TestResamplerLength(t *testing.T) {
	eachRatio(t, all, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		r := newResampler(t, b, 1)
		for _, n := range []int{0, 1, 2, 3, 10, 441, 1023, 1024, 1025, 9999} {
			want := int(math.Floor(float64(n)*float64(out)/float64(in) + 0.5))
			if got := len(r.Flush(r.Append(nil, make([]int16, n)))); got != want {
				t.Errorf("%d frames: want %d, got %d", n, want, got)
			}
		}
	})
}

func TestResamplerAnyChunking(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	eachRatio(t, all, func(t *testing.T, b *Bank) {
		src := noise(rng, 6000+rng.IntN(3000))
		want := resample(t, b, src)
		r := newResampler(t, b, 1)
		for range 2 { // the second time after a Flush
			var got []int16
			for rest := src; len(rest) > 0; {
				n := min(len(rest), rng.IntN(1+rng.IntN(3000)))
				got = r.Append(got, rest[:n])
				rest = rest[n:]
			}
			got = r.Flush(got)
			equalSamples(t, got, want)
		}
	})
}

// TestResamplerChannels wants channels that do not know of one another, whatever
// the cut, and nothing of an incomplete frame.
func TestResamplerChannels(t *testing.T) {
	rng := newRand(t)
	for _, c := range []struct{ in, out int }{{44100, 16000}, {8000, 16000}, {16000, 16000}} {
		const channels, frames = 3, 4000
		src := noise(rng, channels*frames)
		b := newBank(t, c.in, c.out)
		r := newResampler(t, b, channels)
		var got []int16
		for rest := append(src, 1, 2); len(rest) > 0; {
			n := min(len(rest), rng.IntN(700))
			got = r.Append(got, rest[:n])
			rest = rest[n:]
		}
		got = r.Flush(got)
		for ch := range channels {
			want := resample(t, b, AppendChannel(nil, src, channels, ch))
			equalSamples(t, AppendChannel(nil, got, channels, ch), want)
		}
	}
}

// TestResamplerSine compares with the sine itself at the output's times: any
// shift in time, gain or ripple is an error. Four errors of half a unit or less
// add up: rounding of input and output, ripple, and interpolation.
func TestResamplerSine(t *testing.T) {
	t.Parallel()
	const amp = 16000
	eachRatio(t, all, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		for _, share := range []float64{0.01, 0.1234, 0.5, 0.77, 0.89} {
			f := share * lowerNyquist(in, out)
			got := resample(t, b, tone(in, in/5, f, amp))
			edge := out / 50
			if in != out {
				edge = out * b.half / in
			}
			worst := 0.0
			for k := edge + 1; k < len(got)-edge-1; k++ {
				want := amp * math.Sin(2*math.Pi*f*float64(k)/float64(out))
				worst = max(worst, math.Abs(float64(got[k])-want))
			}
			if worst > 2 {
				t.Errorf("%.0f Hz: want the sine within 2 units, got %.2f away", f, worst)
			}
		}
	})
}

// TestResamplerImpulse wants an impulse to stay where it is, symmetrically.
func TestResamplerImpulse(t *testing.T) {
	eachRatio(t, all, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		at, k := in/10, out/10
		if at*out != k*in { // only impulses that lie on an output frame
			at, k = in, out
		}
		src := make([]int16, 2*at)
		src[at] = 32000
		got := resample(t, b, src)
		for d := range k {
			if got[k+d] != got[k-d] {
				t.Fatalf("%d frames beside the impulse: want equal values, got %d and %d", d, got[k-d], got[k+d])
			}
			if d > 0 && got[k+d] >= got[k] {
				t.Fatalf("want the peak %d at the impulse, got %d at %d frames from it", got[k], got[k+d], d)
			}
		}
	})
}

func TestResamplerConstant(t *testing.T) {
	eachRatio(t, all, func(t *testing.T, b *Bank) {
		in := b.In()
		for _, v := range []int16{32767, -32768, 12345} {
			src := make([]int16, in/8)
			for i := range src {
				src[i] = v
			}
			got := resample(t, b, src)
			for k := len(got) / 3; k < 2*len(got)/3; k++ {
				if got[k] != v {
					t.Fatalf("frame %d of a constant: want %d, got %d", k, v, got[k])
				}
			}
		}
	})
}

// TestResamplerAliases puts a tone where it must vanish, beside one that stays,
// so that rounding to 16 bits does not hide what is left of it, and looks for it
// where it would be folded to.
func TestResamplerAliases(t *testing.T) {
	t.Parallel()
	const amp = 15000
	eachRatio(t, down, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		nyquist, top, worst := float64(out)/2, float64(in)/2, -200.0
		for i := range 8 {
			f := nyquist*1.003 + (top*0.999-nyquist*1.003)*float64(i*i)/49
			n := less(in*2/5, 2)
			src := tone(in, n, f, amp)
			for j, v := range tone(in, n, nyquist*0.31, 9000) {
				src[j] += v
			}
			alias := math.Abs(f - math.Round(f/float64(out))*float64(out))
			if math.Abs(alias-nyquist*0.31) < nyquist*0.02 || alias < nyquist*0.01 {
				continue // cannot be told from the tone that stays
			}
			got := floats(resample(t, b, src))
			got = got[len(got)/10 : len(got)*9/10]
			db := decibels(cmplx.Abs(component(got, out, alias)) / amp)
			if worst = max(worst, db); db > -80 {
				t.Errorf("%.0f Hz, folded to %.0f Hz: want −80 dB or less, got %.1f", f, alias, db)
			}
		}
		t.Logf("worst alias %.1f dB", worst)
	})
}

// TestResamplerImages is the same going up: what may not appear is the mirror
// image above the input's Nyquist frequency.
func TestResamplerImages(t *testing.T) {
	const amp = 24000
	eachRatio(t, up, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		worst := -200.0
		for _, share := range []float64{0.3, 0.6, 0.8, 0.9} {
			f := share * float64(in) / 2
			image := float64(in) - f
			if image > float64(out)/2 {
				image = float64(out) - image
			}
			if math.Abs(image-f) < 200 {
				continue
			}
			got := floats(resample(t, b, tone(in, in*2/5, f, amp)))
			got = got[len(got)/10 : len(got)*9/10]
			db := decibels(cmplx.Abs(component(got, out, image)) / amp)
			if worst = max(worst, db); db > -80 {
				t.Errorf("%.0f Hz, mirrored to %.0f Hz: want −80 dB or less, got %.1f", f, image, db)
			}
		}
		t.Logf("worst image %.1f dB", worst)
	})
}

// TestBankResponse measures the filters without 16-bit rounding: the response of
// every phase together, as the Fourier transform of the whole prototype.
func TestBankResponse(t *testing.T) {
	eachRatio(t, unequal, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		b, err := NewBank(in, out)
		if err != nil {
			t.Fatal(err)
		}
		low := lowerNyquist(in, out)
		stop := low
		if out > in {
			stop = 1.1 * low
		}
		for p, taps := range b.taps {
			sum := 0.0
			for _, v := range taps {
				sum += float64(v)
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Fatalf("phase %d: want a gain of 1 for a constant, got %v", p, sum)
			}
		}
		ripple, leak := 0.0, 0.0
		for i := range 40 {
			f := passband * low * float64(i) / 39
			ripple = max(ripple, math.Abs(decibels(b.response(f))))
			f = stop + 0.5*low*float64(i)/39
			leak = max(leak, b.response(f))
		}
		t.Logf("%d taps × %d phases (exact %v): ripple ±%.5f dB, stop band %.1f dB", 2*b.half, len(b.taps), b.exact, ripple, decibels(leak))
		if ripple > 0.01 {
			t.Errorf("0 to %.0f Hz: want ±0.01 dB, got ±%.4f", passband*low, ripple)
		}
		if decibels(leak) > -88 {
			t.Errorf("from %.0f Hz: want −88 dB or less, got %.1f", stop, decibels(leak))
		}
	})
}

// response is the magnitude of the filter at f Hz, its stored phases taken as
// one filter at phases times the input's rate.
func (b *Bank) response(f float64) float64 {
	var sum complex128
	w := 2 * math.Pi * f / float64(b.in)
	step := cmplx.Exp(complex(0, w)) // from tap to tap
	for p := range b.phases {
		turn := cmplx.Exp(complex(0, -w*(float64(p)/float64(b.phases)+float64(b.half-1))))
		for _, v := range b.taps[p] {
			sum += complex(float64(v), 0) * turn
			turn *= step
		}
	}
	return cmplx.Abs(sum) / float64(b.phases)
}

// TestResamplerAgainstSox compares with sox on a sweep through the passband and
// on noise-like tones.
func TestResamplerAgainstSox(t *testing.T) {
	eachRatio(t, unequal, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		top := 0.88 * lowerNyquist(in, out)
		src := make([]int16, in/2)
		for i := range src {
			x := float64(i) / float64(in)
			src[i] = round16(9000*math.Sin(2*math.Pi*top*x*x) + 5000*math.Sin(2*math.Pi*top*0.37*x) + 5000*math.Sin(2*math.Pi*top*0.93*x))
		}
		format := func(rate int) []string {
			return []string{"-t", "raw", "-r", strconv.Itoa(rate), "-e", "signed", "-b", "16", "-c", "1", "-"}
		}
		args := append(append([]string{"-D"}, format(in)...), format(out)...)
		want := AppendSamples(nil, command(t, AppendBytes(nil, src), "sox", append(args, "rate", "-v", strconv.Itoa(out))...))
		got := resample(t, b, src)
		if d := len(got) - len(want); d < -1 || d > 1 {
			t.Fatalf("want about %d samples as sox, got %d", len(want), len(got))
		}
		n := min(len(got), len(want))
		edge := n / 20 // the two filters end differently
		db := snr(t, got[edge:n-edge], want[edge:n-edge])
		t.Logf("%.1f dB", db)
		if db < 75 {
			t.Errorf("difference from sox: want 75 dB below the signal or less, got %.1f", db)
		}
	})
}

// TestResamplerClips: a square wave at full scale overshoots when it is filtered;
// what wrapped around would have the wrong sign.
func TestResamplerClips(t *testing.T) {
	const half = 2400 // of a period, in input samples; 800 of output
	src := make([]int16, 20*half)
	for i := range src {
		src[i] = 32767
		if i/half%2 == 1 {
			src[i] = -32768
		}
	}
	got := resample(t, newBank(t, 48000, 16000), src)
	clipped := 0
	for k, v := range got {
		if at := k % 800; at < 2 || at > 798 {
			continue // on the edge itself
		}
		if high := k/800%2 == 0; high != (v > 0) {
			t.Fatalf("sample %d wrapped around: %d", k, v)
		}
		if v == 32767 || v == -32768 {
			clipped++
		}
	}
	if clipped == 0 {
		t.Error("want overshoots clipped, found none")
	}
}

// TestResamplerLatency feeds frame by frame and wants each output frame as soon
// as, and no sooner than, the input is Latency ahead of it.
func TestResamplerLatency(t *testing.T) {
	eachRatio(t, unequal, func(t *testing.T, b *Bank) {
		in, out := b.In(), b.Out()
		r := newResampler(t, b, 1)
		var got []int16
		for n := 1; n <= 3000; n++ {
			got = r.Append(got[:0], []int16{1})
			for range got {
				k := r.given - 1
				if ahead := FramesToDuration(int64(n), in) - FramesToDuration(k, out); ahead < r.Latency() {
					t.Fatalf("output frame %d came %v ahead, before Latency %v", k, ahead, r.Latency())
				}
			}
			if behind := FramesToDuration(int64(n), in) - FramesToDuration(r.given, out); behind > r.Latency()+1 { // of rounding
				t.Fatalf("after %d frames output is %v behind; want Latency %v at most", n, behind, r.Latency())
			}
		}
		if out == 16000 && in >= 8000 && r.Latency() > 5*time.Millisecond {
			t.Errorf("latency to 16 kHz: want 5 ms at most, got %v", r.Latency())
		}
	})
	same := newResampler(t, newBank(t, 16000, 16000), 1)
	if got := same.Append(nil, []int16{1, 2}); len(got) != 2 || same.Latency() != 0 {
		t.Errorf("equal rates: want 2 samples at once and no latency, got %d and %v", len(got), same.Latency())
	}
}

func TestResamplerAllocatesNothing(t *testing.T) {
	for _, channels := range []int{1, 2} {
		r := newResampler(t, newBank(t, 44100, 16000), channels)
		src := make([]int16, 4410*channels)
		dst := make([]int16, 0, len(src))
		if n := testing.AllocsPerRun(less(50, 10), func() { dst = r.Append(dst[:0], src) }); n != 0 {
			t.Errorf("%d channels: want no allocation, got %v", channels, n)
		}
	}
}

func TestResamplerReset(t *testing.T) {
	rng := newRand(t)
	src := noise(rng, 5000)
	for _, in := range []int{44100, 16000} {
		b := newBank(t, in, 16000)
		r := newResampler(t, b, 2)
		r.Append(nil, noise(rng, 3001))
		r.Reset()
		fresh := newResampler(t, b, 2)
		equalSamples(t, r.Flush(r.Append(nil, src)), fresh.Flush(fresh.Append(nil, src)))
	}
}

func TestNewResamplerRefuses(t *testing.T) {
	for _, c := range []struct{ in, out, channels int }{
		{0, 16000, 1}, {16000, 0, 1}, {-1, 16000, 1}, {MinRate - 1, 16000, 1}, {16000, MaxRate + 1, 1}, {16000, 8000, 0}, {16000, 8000, MaxChannels + 1},
	} {
		if _, err := NewResampler(c.in, c.out, c.channels); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v: want an error marked unsupported, got %v", c, err)
		}
	}
}

// TestBankIsSmall holds the promise about memory for the worst ratios.
func TestBankIsSmall(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	rates := []int{4000, 4001, 8000, 11025, 16000, 44100, 47999, 48000, 191999, 192000}
	for range less(10, 4) {
		rates = append(rates, MinRate+rng.IntN(MaxRate-MinRate))
	}
	for _, in := range rates {
		for _, out := range rates {
			b, err := NewBank(in, out)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(b.taps) * 2 * b.half * 4; n > 1<<20 {
				t.Errorf("%d to %d Hz: want 1 MiB of taps at most, got %d bytes", in, out, n)
			}
		}
	}
}

func FuzzResampler(f *testing.F) {
	for i, c := range ratios {
		f.Add(uint32(c.in), uint32(c.out), uint8(1+i%3), []byte{3, 250, 0, 77, byte(i)}, int64(i))
	}
	f.Fuzz(func(t *testing.T, in, out uint32, channels uint8, cuts []byte, seed int64) {
		r, err := NewResampler(int(in%200000), int(out%200000), int(channels))
		if err != nil {
			return
		}
		ch := int(channels)
		total := 0
		var got []int16
		x := uint32(seed)
		for _, c := range cuts[:min(len(cuts), 64)] {
			piece := make([]int16, int(c)*3)
			for i := range piece {
				x = x*1664525 + 1013904223
				piece[i] = int16(x >> 16)
			}
			got = r.Append(got, piece)
			total += len(piece)
		}
		got = r.Flush(got)
		frames := int64(total / ch)
		want := (2*frames*int64(r.bank.out) + int64(r.bank.in)) / (2 * int64(r.bank.in)) * int64(ch)
		if int64(len(got)) != want {
			t.Fatalf("%d frames from %d to %d Hz, %d channels: want %d samples, got %d", frames, r.bank.in, r.bank.out, ch, want, len(got))
		}
		if again := r.Flush(nil); len(again) != 0 {
			t.Fatalf("second Flush: want nothing, got %d samples", len(again))
		}
	})
}
