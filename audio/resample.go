package audio

import (
	"math"
	"time"
)

// block is how many input frames are taken up at once.
const block = 1024

// A Resampler changes the sample rate of one stream of 16-bit samples. Feed it
// with Append and end with Flush.
//
// Output frame k is the band-limited input at time k/out exactly: the filter's
// delay is compensated and its phase is zero, so that times in the output are
// times in the input. Beyond its ends the input counts as silence. After Flush,
// n input frames have become n·out/in output frames, rounded half up. Cutting the
// input in another way changes no output sample. Equal rates pass through
// untouched.
//
// With N for the lower of the two Nyquist frequencies, 0 to 0.9·N passes with
// less than 0.01 dB of ripple, and what would be folded or mirrored into the
// output lies 80 dB down or more: going down, all input above N; going up, the
// images of all input below 0.9·N. A tone louder than full scale after filtering
// clips.
//
// A Resampler is used by one goroutine at a time.
type Resampler struct {
	bank     *Bank
	channels int

	// Input still needed, by channel: lines[c][0] is frame first of the input.
	// All are of one fixed length; filled of it are valid.
	lines  [][]float32
	filled int
	first  int64

	column int     // channel that the next input sample belongs to
	part   []int16 // at equal rates: the incomplete frame itself
	taken  int64   // whole input frames
	given  int64   // output frames
	base   int64   // input frame at or before the next output frame
	phase  int     // and how far behind it that lies, in 1/bank.up of a frame
}

// NewResampler makes a Resampler for interleaved samples of the given number of
// channels, 1 to [MaxChannels]. Use [NewBank] and [Bank.Resampler] where several
// streams have the same rates.
func NewResampler(in, out, channels int) (*Resampler, error) {
	b, err := NewBank(in, out)
	if err != nil {
		return nil, err
	}
	return b.Resampler(channels)
}

// Resampler makes a Resampler that shares the bank's filters, for interleaved
// samples of the given number of channels, 1 to [MaxChannels].
func (b *Bank) Resampler(channels int) (*Resampler, error) {
	if channels < 1 || channels > MaxChannels {
		return nil, unsupported("resample: \"channels\": want 1 to %d, got %d", MaxChannels, channels)
	}
	r := &Resampler{bank: b, channels: channels, lines: make([][]float32, channels)}
	if b.up == b.down {
		r.part = make([]int16, 0, channels)
	} else {
		for c := range r.lines {
			r.lines[c] = make([]float32, 2*b.half+block)
		}
	}
	r.Reset()
	return r, nil
}

// Reset forgets all input, as if the Resampler were new.
func (r *Resampler) Reset() {
	for _, line := range r.lines {
		clear(line)
	}
	// Silence before the first frame.
	r.filled = max(r.bank.half-1, 0)
	r.first = -int64(r.filled)
	r.column, r.taken, r.given, r.base, r.phase = 0, 0, 0, 0, 0
	r.part = r.part[:0]
}

// Latency is how far the input must be ahead of an output frame for that to be
// given, rounded to the nanosecond: about 58 frames of the lower rate going down
// (3.7 ms to 16 kHz, 7.5 ms to 8 kHz), half as many going up (4 ms from 8 kHz),
// and 0 at equal rates.
func (r *Resampler) Latency() time.Duration {
	return FramesToDuration(int64(r.bank.half), r.bank.in)
}

// Append takes the next samples of the input and appends to dst the output that
// is complete with them. src may be cut anywhere, even inside a frame, and must
// not overlap the free part of dst. It allocates nothing if dst has room.
func (r *Resampler) Append(dst, src []int16) []int16 {
	if r.bank.up == r.bank.down {
		return r.pass(dst, src)
	}
	for len(src) > 0 {
		if r.filled == len(r.lines[0]) {
			r.discard()
		}
		n := min(len(src), (len(r.lines[0])-r.filled)*r.channels-r.column)
		r.take(src[:n])
		src = src[n:]
		dst = r.give(dst, math.MaxInt64)
	}
	return dst
}

// Flush ends the input, appends to dst what is left of the output, and resets the
// Resampler for another input. Samples of an incomplete last frame are left out.
func (r *Resampler) Flush(dst []int16) []int16 {
	total := r.bank.Frames(r.taken)
	for r.given < total { // each turn adds silence; half the filter's length is enough
		if r.filled == len(r.lines[0]) {
			r.discard()
		}
		for _, line := range r.lines {
			clear(line[r.filled:])
		}
		r.filled = len(r.lines[0])
		dst = r.give(dst, total)
	}
	r.Reset()
	return dst
}

// Frames is the number of output frames that n input frames become:
// n·out/in, rounded half up. It is exact for n up to 10¹³.
func (b *Bank) Frames(n int64) int64 {
	return (2*n*int64(b.up) + int64(b.down)) / (2 * int64(b.down))
}

// pass hands whole frames through.
func (r *Resampler) pass(dst, src []int16) []int16 {
	if len(r.part) > 0 {
		n := min(r.channels-len(r.part), len(src))
		r.part = append(r.part, src[:n]...)
		if src = src[n:]; len(r.part) < r.channels {
			return dst
		}
		dst = append(dst, r.part...)
		r.part = r.part[:0]
	}
	whole := len(src) - len(src)%r.channels
	r.part = append(r.part, src[whole:]...)
	return append(dst, src[:whole]...)
}

// take stores samples, for which there is room.
func (r *Resampler) take(src []int16) {
	if r.channels == 1 {
		for i, line := 0, r.lines[0][r.filled:r.filled+len(src)]; i < len(line); i++ {
			line[i] = float32(src[i])
		}
		r.filled += len(src)
		r.taken += int64(len(src))
		return
	}
	for _, s := range src {
		r.lines[r.column][r.filled] = float32(s)
		if r.column++; r.column == r.channels {
			r.column = 0
			r.filled++
			r.taken++
		}
	}
}

// discard forgets input that no later output needs. It is called when the lines
// are full, so that no incomplete frame lies behind them.
func (r *Resampler) discard() {
	n := r.start()
	for _, line := range r.lines {
		copy(line, line[n:])
	}
	r.filled -= n
	r.first += int64(n)
}

// start is where in the lines the input of the next output frame begins.
func (r *Resampler) start() int { return int(r.base - int64(r.bank.half) + 1 - r.first) }

// give computes the output that the stored input allows, up to limit frames in
// all.
func (r *Resampler) give(dst []int16, limit int64) []int16 {
	b := r.bank
	step, rest := int64(b.down/b.up), b.down%b.up
	length := 2 * b.half
	for r.given < limit {
		from := r.start()
		if from+length > r.filled {
			break
		}
		for _, line := range r.lines {
			dst = append(dst, round16(float64(b.filter(line[from:from+length], r.phase))))
		}
		r.given++
		r.base += step
		if r.phase += rest; r.phase >= b.up {
			r.phase -= b.up
			r.base++
		}
	}
	return dst
}

// filter weighs a stretch of input for an output at the given phase.
func (b *Bank) filter(x []float32, phase int) float32 {
	if b.exact {
		return dot(b.taps[phase], x)
	}
	at := phase * b.phases
	i, between := at/b.up, float32(at%b.up)/float32(b.up)
	low, high := dot(b.taps[i], x), dot(b.taps[i+1], x)
	return low + between*(high-low)
}

// dot is the scalar product of two slices of the same length, a multiple of 8.
// Eight sums keep the processor's adders busy; the arrays spare the bounds checks. The race detector does not watch each of its
// reads, which took most of the time of all raced tests with sound: whoever writes what it reads is still watched.
//
//go:norace
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
		a, b = a[8:], b[8:]
	}
	return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
}
