package audio

import (
	"encoding/binary"
	"math"
)

// AppendSamples appends the little-endian 16-bit samples in b to dst. The last
// byte of an odd number is left out.
func AppendSamples(dst []int16, b []byte) []int16 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(b)))
	}
	return dst
}

// AppendBytes appends samples to dst as little-endian 16-bit values.
func AppendBytes(dst []byte, samples []int16) []byte {
	for _, s := range samples {
		dst = append(dst, byte(s), byte(uint16(s)>>8))
	}
	return dst
}

// AppendMono appends to dst the average of each frame of src, which holds
// interleaved samples of the given number of channels; it is rounded to the
// nearest value, half away from zero, and cannot overflow. An incomplete last
// frame is left out. dst may be src[:0]. It panics when channels is not
// positive.
func AppendMono(dst, src []int16, channels int) []int16 {
	if channels <= 0 {
		panic("audio: AppendMono: channels must be positive")
	}
	if channels == 1 {
		return append(dst, src...)
	}
	for ; len(src) >= channels; src = src[channels:] {
		sum := 0
		for _, s := range src[:channels] {
			sum += int(s)
		}
		dst = append(dst, divRound(sum, channels))
	}
	return dst
}

// divRound is sum/n, rounded to the nearest, half away from zero.
func divRound(sum, n int) int16 {
	if sum < 0 {
		return int16((2*sum - n) / (2 * n))
	}
	return int16((2*sum + n) / (2 * n))
}

// AppendChannel appends one channel of the interleaved src to dst, counted from
// 0. An incomplete last frame is left out. dst may be src[:0]. It panics unless
// 0 ≤ channel < channels.
func AppendChannel(dst, src []int16, channels, channel int) []int16 {
	if channel < 0 || channel >= channels {
		panic("audio: AppendChannel: channel out of range")
	}
	for ; len(src) >= channels; src = src[channels:] {
		dst = append(dst, src[channel])
	}
	return dst
}

// Level gives the root mean square and the largest magnitude of the samples,
// both as a share of full scale, 0 to 1. The level in dBFS is 20·log₁₀ of it; a
// sine that just fits has an RMS of 0.707. Both are 0 when there are no samples.
func Level(samples []int16) (rms, peak float64) {
	if len(samples) == 0 {
		return 0, 0
	}
	var sum uint64 // 2³⁰ per sample: enough for 2³⁴ of them
	var top int
	for _, s := range samples {
		v := int(s)
		sum += uint64(v * v)
		top = max(top, v, -v)
	}
	return math.Sqrt(float64(sum)/float64(len(samples))) / 32768, float64(top) / 32768
}

// round16 rounds to the nearest sample, half away from zero, and clips. NaN
// becomes 0.
func round16(v float64) int16 {
	switch {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v >= 0:
		return int16(v + 0.5)
	case v < 0:
		return int16(v - 0.5)
	}
	return 0
}
