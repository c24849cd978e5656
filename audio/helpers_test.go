package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// tone is n samples of amp·sin(2πft) at rate Hz.
func tone(rate, n int, f, amp float64) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = round16(amp * math.Sin(2*math.Pi*f*float64(i)/float64(rate)))
	}
	return s
}

// component is the complex amplitude of frequency f in s, seen through a
// Blackman-Harris window, whose side lobes lie 92 dB down.
func component(s []float64, rate int, f float64) complex128 {
	// Window and frequency turn by a fixed angle from sample to sample.
	turn := func(angle float64) complex128 { return cmplx.Exp(complex(0, angle)) }
	wave, waveStep := complex128(1), turn(-2*math.Pi*f/float64(rate))
	bell, bellStep := complex128(1), turn(2*math.Pi/float64(len(s)-1))
	var sum complex128
	var weight float64
	for _, v := range s {
		bell2 := bell * bell
		w := 0.35875 - 0.48829*real(bell) + 0.14128*real(bell2) - 0.01168*real(bell2*bell)
		weight += w
		sum += complex(w*v, 0) * wave
		wave *= waveStep
		bell *= bellStep
	}
	return 2 * sum / complex(weight, 0)
}

func floats(s []int16) []float64 {
	f := make([]float64, len(s))
	for i, v := range s {
		f[i] = float64(v)
	}
	return f
}

func decibels(ratio float64) float64 { return 20 * math.Log10(ratio) }

// snr is the power of want over that of got−want, in dB.
func snr(t *testing.T, got, want []int16) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("want %d samples, got %d", len(want), len(got))
	}
	var signal, noise float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}

func equalSamples(t *testing.T, got, want []int16) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("want %d samples, got %d", len(want), len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sample %d: want %d, got %d", i, want[i], got[i])
		}
	}
}

// newRand gives random numbers and prints their seed if the test fails.
func newRand(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %#x", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

func noise(rng *rand.Rand, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(rng.Uint32())
	}
	return s
}

// readAll reads r to its end in pieces of the given number of samples.
func readAll(r *Reader, piece int) ([]int16, error) {
	var all []int16
	buf := make([]int16, piece)
	for {
		n, err := r.ReadSamples(buf)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, buf[:n]...)
	}
}

// openAll opens and reads a whole file.
func openAll(t *testing.T, file []byte, opt Options) (*Reader, []int16) {
	t.Helper()
	r, err := Open(bytes.NewReader(file), opt)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readAll(r, 1000*MaxChannels)
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// checkKnownError wants one of the errors that Open and ReadSamples promise for
// an input that does not itself fail.
func checkKnownError(t testing.TB, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) {
		t.Fatalf("want an error marked malformed or unsupported, got %v", err)
	}
}

// command runs a program with input on its standard input, or skips the test.
func command(t *testing.T, input []byte, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("needs the command %q of the Debian package %q", name, name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(input)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, words.String())
	}
	return out.Bytes()
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// less is n, or under the race detector a part of it: as many cases, on shorter inputs.
func less(n, part int) int {
	if raced {
		return n / part
	}
	return n
}
