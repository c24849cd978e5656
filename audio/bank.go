package audio

import "math"

// Sample rates that a [Bank] converts from and to, in Hz.
const (
	MinRate = 4000
	MaxRate = 192000
)

// The low-pass filter is a sinc under a Kaiser window. Its figures, with N for
// the lower of the two Nyquist frequencies:
//
//   - passband: 0 to 0.9·N
//   - stop band: from N when going down, so that nothing is folded; from 1.1·N
//     when going up, where the mirror image of the passband begins. What the
//     source holds between 0.9·N and N is damped (6 dB at N) and mirrored.
//   - damping in the stop band: filterDamping
const (
	filterDamping = 92.0 // dB
	passband      = 0.9  // share of N

	// Window lengths by Kaiser's formula, (A−7.95)/(14.36·Δf), to one side, in
	// samples of the lower rate; Δf is the transition as a share of that rate.
	halfDown = (filterDamping - 7.95) / (14.36 * (1 - passband) / 2) / 2
	halfUp   = halfDown / 2
)

const (
	// maxExact is how many taps a bank with one filter for every phase may have.
	maxExact = 1 << 17
	// subPhases is the number of filters for one sample of the lower rate where
	// that would be more. Between two of them taps are interpolated linearly,
	// with an error of (π/512)²/8 = −107 dB at the highest frequency.
	subPhases = 512
)

// A Bank holds the filters that convert between two sample rates. It is
// immutable: any number of Resamplers may share it, on any goroutines. Making one
// takes about as long as resampling a second of audio, so a server keeps those
// of its usual rates.
type Bank struct {
	in, out int // Hz
	up      int // out and in without their common divisor
	down    int

	half   int         // taps on each side; a multiple of 4
	phases int         // filters for one sample of input, phases+1 when interpolated
	exact  bool        // phases == up
	taps   [][]float32 // by phase; each 2·half long, reaching from half−1 samples back to half ahead
}

// NewBank makes the filters for in to out, both MinRate to MaxRate Hz; any two
// are possible. Taps take at most 1 MiB of memory.
func NewBank(in, out int) (*Bank, error) {
	for _, r := range []struct {
		name string
		hz   int
	}{{"input rate", in}, {"output rate", out}} {
		if r.hz < MinRate || r.hz > MaxRate {
			return nil, unsupported("resample: %q: want %d to %d Hz, got %d", r.name, MinRate, MaxRate, r.hz)
		}
	}
	g := gcd(in, out)
	b := &Bank{in: in, out: out, up: out / g, down: in / g}
	if in == out {
		return b, nil
	}
	// Seen from the input's samples, the filter is as long and its phases are as
	// far apart as the lower rate wants.
	scale := max(1, float64(in)/float64(out))
	side, cutoff := halfUp*scale, 1.0
	if in > out {
		side, cutoff = halfDown*scale, (1+passband)/2/scale
	}
	b.half = (int(math.Ceil(side)) + 3) &^ 3
	b.phases, b.exact = b.up, true
	if b.up*2*b.half > maxExact {
		b.phases, b.exact = int(math.Ceil(subPhases/scale)), false
	}
	b.taps = makeTaps(b.half, b.phases, !b.exact, cutoff, side)
	return b, nil
}

// In and Out are the two rates in Hz.
func (b *Bank) In() int { return b.in }

// Out is the rate of the output in Hz.
func (b *Bank) Out() int { return b.out }

// makeTaps samples the filter at every phase. Filter p is for an output that lies
// p/phases of a sample behind an input; last asks for the one at p == phases too.
// cutoff is the middle of the transition as a share of the input's Nyquist
// frequency, side the length of the window to one side in input samples.
func makeTaps(half, phases int, last bool, cutoff, side float64) [][]float32 {
	beta := 0.1102 * (filterDamping - 8.7)
	scale := 1 / bessel0(beta)
	// The filter is even, so that one side serves both.
	curve := make([]float64, half*phases+1)
	for i := range curve {
		t := float64(i) / float64(phases)
		if u := t / side; u < 1 {
			curve[i] = cutoff * sinc(cutoff*t) * scale * bessel0(beta*math.Sqrt(1-u*u))
		}
	}
	count := phases
	if last {
		count++
	}
	store := make([]float32, count*2*half)
	taps := make([][]float32, count)
	for p := range taps {
		taps[p], store = store[:2*half:2*half], store[2*half:]
		sum := 0.0
		for i := range taps[p] {
			sum += curve[abs(p-(i-half+1)*phases)]
		}
		// Every filter passes a constant as it is; without this, the small
		// differences between phases would be heard as a tone.
		for i := range taps[p] {
			taps[p][i] = float32(curve[abs(p-(i-half+1)*phases)] / sum)
		}
	}
	return taps
}

// bessel0 is the modified Bessel function of the first kind and order 0.
func bessel0(x float64) float64 {
	sum, term, q := 1.0, 1.0, x*x/4
	for k := 1.0; k < 1000 && term > sum*1e-17; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func abs(x int) int { return max(x, -x) }
