package vad

import "math"

// The analysis window is 32 ms that end with the frame.
const (
	window    = 512
	bands     = 12
	decimate  = 4
	lowWindow = window * 5 / 4 / decimate // 40 ms at 4 kHz, for the pitch
	minLag    = 10                        // 400 Hz
	maxLag    = 57                        // 70 Hz
)

// edges are the limits of the bands, in bins of 31.25 Hz: 125 Hz to 5.5 kHz, wider towards the top as hearing is.
var edges = [bands + 1]int{4, 7, 10, 14, 18, 23, 29, 37, 47, 61, 83, 119, 176}

// analysis is what is known about one frame by itself.
type analysis struct {
	level       float64        // dBFS
	bands       [bands]float64 // power, full scale = 1
	periodicity float64        // -1..1
	tone        bool           // nothing but a single tone
}

// analyser computes them. Its buffers are used again for every frame.
type analyser struct {
	hp      highpass
	history [window]float64
	low     [lowWindow]float64 // at 4 kHz
	lp      lowpass
	hann    [window]float64
	cos     [window / 2]float64
	sin     [window / 2]float64
	re, im  [window]float64
}

func (a *analyser) init() {
	for i := range a.hann {
		a.hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/window)
	}
	for i := range a.cos {
		a.sin[i], a.cos[i] = math.Sincos(-2 * math.Pi * float64(i) / window)
	}
}

func (a *analyser) analyse(samples []int16) analysis {
	copy(a.history[:], a.history[FrameSamples:])
	copy(a.low[:], a.low[FrameSamples/decimate:])
	fresh := a.history[window-FrameSamples:]
	lowFresh := a.low[lowWindow-FrameSamples/decimate:]
	energy := 0.0
	for i, s := range samples {
		x := a.hp.next(float64(s) / 32768)
		fresh[i] = x
		energy += x * x
		y := a.lp.next(x)
		if i%decimate == decimate-1 {
			lowFresh[i/decimate] = y
		}
	}
	r := analysis{level: decibel(energy/FrameSamples + 1e-9)}
	a.spectrum()
	a.measure(&r)
	r.periodicity = a.pitch()
	return r
}

// measure sums the bands and looks for a lonely tone.
func (a *analyser) measure(r *analysis) {
	// 4/window² undoes the gain of the transform, 8/3 the window's loss of power: a full-scale square wave sums to 1.
	const scale = 2.0 / window / window * 8 / 3
	peak, peakBin, total := 0.0, 0, 1e-12
	for b := range bands {
		for k := edges[b]; k < edges[b+1]; k++ {
			p := (a.re[k]*a.re[k] + a.im[k]*a.im[k]) * scale
			r.bands[b] += p
			total += p
			if p > peak {
				peak, peakBin = p, k
			}
		}
	}
	around := 0.0
	for k := max(peakBin-2, 0); k <= peakBin+2; k++ {
		around += (a.re[k]*a.re[k] + a.im[k]*a.im[k]) * scale
	}
	// Bin 12 is 375 Hz: below, a single partial may be the ground tone of a voice behind a closed mouth.
	r.tone = around > 0.97*total && peakBin >= 12 || around > 0.995*total
}

// spectrum transforms the window: a radix-2 transform in place, real input. It works on the stack, where nobody else can
// look: that is no slower, and several times as fast under the race detector.
func (a *analyser) spectrum() {
	var re, im [window]float64
	history, hann, cos, sin := a.history, a.hann, a.cos, a.sin
	for i, j := 0, 0; i < window; i++ {
		re[j] = history[i] * hann[i]
		bit := window >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
	}
	for size := 2; size <= window; size <<= 1 {
		half, step := size/2, window/size
		for start := 0; start < window; start += size {
			for k := range half {
				i, j := start+k, start+k+half
				c, s := cos[k*step], sin[k*step]
				x, y := re[j]*c-im[j]*s, re[j]*s+im[j]*c
				re[j], im[j] = re[i]-x, im[i]-y
				re[i], im[i] = re[i]+x, im[i]+y
			}
		}
	}
	a.re, a.im = re, im
}

// pitch returns the height of the best peak of the normalised autocorrelation at the lags of a voice. Peaks count only
// after the correlation has fallen to nearly zero once: rumble is alike at all short lags without being periodic.
func (a *analyser) pitch() float64 {
	low := a.low // on the stack, as in spectrum
	best, fallen := 0.0, false
	for lag := 2; lag <= maxLag; lag++ {
		var xy, xx, yy float64
		for i := lag; i < lowWindow; i++ {
			x, y := low[i], low[i-lag]
			xy += x * y
			xx += x * x
			yy += y * y
		}
		r := xy / math.Sqrt(xx*yy+1e-18)
		if r < 0.2 {
			fallen = true
		}
		if fallen && lag >= minLag {
			best = max(best, r)
		}
	}
	return best
}

// highpass removes a constant offset and rumble below about 60 Hz.
type highpass struct{ x, y float64 }

func (h *highpass) next(x float64) float64 {
	h.y = 0.9767*h.y + x - h.x
	h.x = x
	return h.y
}

// lowpass is two poles at about 1 kHz each, before taking every fourth sample.
type lowpass struct{ y1, y2 float64 }

func (l *lowpass) next(x float64) float64 {
	l.y1 += 0.32 * (x - l.y1)
	l.y2 += 0.32 * (l.y1 - l.y2)
	return l.y2
}
