package vad

import (
	"bufio"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stretch is speech from one time to another.
type stretch struct{ from, to time.Duration }

// stretches returns where frames hold speech; what is less than bridge apart is one.
func stretches(all []Frame, bridge time.Duration) []stretch {
	var list []stretch
	for i := 0; i < len(all); i++ {
		if !all[i].Speech {
			continue
		}
		s := stretch{time.Duration(i-all[i].Began) * FrameTime, 0}
		for i < len(all) && all[i].Speech {
			i++
		}
		s.to = time.Duration(i) * FrameTime
		if i < len(all) {
			s.to -= time.Duration(all[i].Ended) * FrameTime
		}
		if n := len(list); n > 0 && s.from-list[n-1].to < bridge {
			list[n-1].to = s.to
			continue
		}
		list = append(list, s)
	}
	return list
}

func detect(samples []int16) []Frame { return New(Options{}).Detect(samples, nil) }

// generate makes seconds of samples, clipped.
func generate(seconds float64, at func(t float64) float64) []int16 {
	s := make([]int16, int(seconds*Rate))
	for i := range s {
		s[i] = int16(max(-32768, min(32767, math.Round(at(float64(i)/Rate)))))
	}
	return s
}

// vowels is a synthetic voice: a pulse train with a moving pitch through two moving resonances, four syllables a second,
// from one time to another, in faint noise.
func vowels(seconds, from, to, level float64) []int16 {
	r := rand.New(rand.NewPCG(2, 2))
	phase := 0.0
	var y1, y2, z1, z2 float64
	return generate(seconds, func(t float64) float64 {
		noise := r.NormFloat64() * level / 3000
		if t < from || t >= to {
			return noise
		}
		phase += (120 + 30*math.Sin(3*t)) / Rate
		x := 0.0
		if phase >= 1 {
			phase--
			x = 1
		}
		syllable := math.Max(0.02, math.Pow(math.Sin(math.Pi*4*(t-from)), 2))
		y1, y2 = x+resonance(600+200*math.Sin(5*t), y1, y2), y1
		z1, z2 = y1+resonance(1500+500*math.Sin(4*t), z1, z2), z1
		return level*syllable*z1/20 + noise
	})
}

func resonance(hz, y1, y2 float64) float64 {
	const radius = 0.97
	return 2*radius*math.Cos(2*math.Pi*hz/Rate)*y1 - radius*radius*y2
}

func TestNoSpeech(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	white := func(level float64) func(float64) float64 {
		return func(float64) float64 { return level * r.NormFloat64() }
	}
	tone := func(hz, level float64) func(float64) float64 {
		return func(t float64) float64 { return level * math.Sin(2*math.Pi*hz*t) }
	}
	brown, low := 0.0, 0.0
	for name, at := range map[string]func(t float64) float64{
		"digital silence":   func(float64) float64 { return 0 },
		"one bit":           func(float64) float64 { return float64(r.IntN(2)) },
		"an offset":         func(float64) float64 { return -12000 },
		"noise at -70 dBFS": white(10),
		"noise at -50 dBFS": white(104),
		"noise at -30 dBFS": white(1036),
		"noise at -10 dBFS": white(10362),
		"rising noise":      func(t float64) float64 { return math.Exp(t/3) * r.NormFloat64() },
		"noise in steps":    func(t float64) float64 { return []float64{20, 2000}[int(t/2)%2] * r.NormFloat64() },
		"brown noise":       func(float64) float64 { brown = 0.99*brown + 100*r.NormFloat64(); return brown },
		"distant traffic":   func(float64) float64 { low += 0.05 * (3000*r.NormFloat64() - low); return low },
		"mains hum":         tone(50, 3000),
		"a tone of 440 Hz":  tone(440, 8000),
		"a tone of 1 kHz":   tone(1000, 20000),
		"a tone of 3 kHz":   tone(3000, 500),
		"beeps": func(t float64) float64 {
			return tone(880, 6000)(t) * float64(int(2*t)%2)
		},
		"clicks":       func(t float64) float64 { return 30000 * float64(1-min(1, int(math.Mod(t, 0.5)*Rate))) },
		"slams":        func(t float64) float64 { return 20000 * math.Exp(-20*math.Mod(t, 1.5)) * r.NormFloat64() },
		"a swept tone": func(t float64) float64 { return 5000 * math.Sin(2*math.Pi*(400*t+50*t*t)) },
	} {
		if got := stretches(detect(generate(8, at)), 0); got != nil {
			t.Errorf("%s: speech at %v", name, got)
		}
	}
}

func TestSyntheticVoice(t *testing.T) {
	for name, level := range map[string]float64{"quiet": 300, "usual": 3000, "loud": 20000} {
		got := stretches(detect(vowels(6, 2, 4, level)), 500*time.Millisecond)
		if len(got) != 1 || far(got[0].from, 2*time.Second) || far(got[0].to, 4*time.Second) {
			t.Errorf("%s: speech at %v; expected 2 s to 4 s", name, got)
		}
	}
}

// Speech that begins with the first sample is found, although nothing is known about the room.
func TestVoiceFromTheStart(t *testing.T) {
	got := stretches(detect(vowels(4, 0, 2, 3000)), 500*time.Millisecond)
	if len(got) != 1 || far(got[0].from, 0) || far(got[0].to, 2*time.Second) {
		t.Errorf("speech at %v; expected 0 to 2 s", got)
	}
}

func far(a, b time.Duration) bool { return (a - b).Abs() > 200*time.Millisecond }

// The result depends on the samples, not on the cut.
func TestCuts(t *testing.T) {
	samples := vowels(5, 1, 3, 3000)
	want := detect(samples)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		d := New(Options{})
		var got []Frame
		for rest := samples; len(rest) > 0; {
			n := min(len(rest), r.IntN(1500))
			got = d.Detect(rest[:n], got)
			rest = rest[n:]
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("another result in another cut; seed %d", seed)
		}
	}
}

// An offset and the volume do not move speech.
func TestOffsetAndVolume(t *testing.T) {
	base := vowels(6, 2, 4, 4000)
	for name, edit := range map[string]func(float64) float64{
		"a tenth": func(x float64) float64 { return x / 10 },
		"half":    func(x float64) float64 { return x / 2 },
		"twice":   func(x float64) float64 { return x * 2 },
		"4 times": func(x float64) float64 { return x * 4 },
		"offset":  func(x float64) float64 { return x + 5000 },
	} {
		got := stretches(detect(generate(6, func(t float64) float64 { return edit(float64(base[int(math.Round(t*Rate))])) })), 500*time.Millisecond)
		if len(got) != 1 || far(got[0].from, 2*time.Second) || far(got[0].to, 4*time.Second) {
			t.Errorf("%s: speech at %v; expected 2 s to 4 s", name, got)
		}
	}
}

func TestOptions(t *testing.T) {
	samples := vowels(6, 2, 4, 3000)
	for name, o := range map[string]Options{
		"a level never reached":    {MinLevel: -1},
		"a distance never reached": {StartSNR: 90},
		"nothing is that periodic": {Voicing: 1.1},
		"voice is never that long": {MinVoice: time.Second},
	} {
		if got := stretches(New(o).Detect(samples, nil), 0); got != nil {
			t.Errorf("%s: speech at %v", name, got)
		}
	}
}

// Level and SNR are what they say.
func TestLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	all := detect(generate(5, func(float64) float64 { return 1036 * r.NormFloat64() }))
	level, snr := 0.0, 0.0
	for _, f := range all[300:] {
		level += float64(f.Level) / float64(len(all)-300)
		snr += float64(f.SNR) / float64(len(all)-300)
	}
	if math.Abs(level+30) > 1 || snr > 3 {
		t.Errorf("noise of -30 dBFS has level %.1f, %.1f dB above its own floor", level, snr)
	}
	if f := detect(make([]int16, FrameSamples)); len(f) != 1 || f[0].Level > -85 || f[0].SNR != 0 {
		t.Errorf("digital silence: %+v", f)
	}
}

func TestNoAllocation(t *testing.T) {
	d := New(Options{})
	samples := vowels(1, 0, 1, 3000)
	out := make([]Frame, 0, len(samples)/FrameSamples+1)
	if n := testing.AllocsPerRun(20, func() { d.Detect(samples, out) }); n != 0 {
		t.Errorf("%v allocations for a second of audio", n)
	}
}

// Real clips: speech is where people hear it, at any volume.
func TestClips(t *testing.T) {
	dir := os.Getenv("EARSHOT_SHARED")
	if dir == "" {
		t.Skip("EARSHOT_SHARED is not set: it names the folder with speech/dev")
	}
	dir = filepath.Join(dir, "speech", "dev")
	for name, want := range heard(t, filepath.Join(dir, "word-times.tsv")) {
		// Breath before the first word and the fading end of the last one are matters of taste, more so when quiet.
		for volume, tolerance := range map[string]time.Duration{"0.1": 350 * time.Millisecond,
			"0.3": 250 * time.Millisecond, "1": 250 * time.Millisecond, "2": 250 * time.Millisecond} {
			b, err := exec.Command("sox", "-D", filepath.Join(dir, name), "-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-", "vol", volume).Output()
			if err != nil {
				t.Skipf("needs sox: %v", err)
			}
			samples := make([]int16, len(b)/2)
			for i := range samples {
				samples[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
			}
			got := stretches(detect(samples), 500*time.Millisecond)
			if len(got) != 1 || (got[0].from-want.from).Abs() > tolerance || (got[0].to-want.to).Abs() > tolerance {
				t.Errorf("%s at volume %s: speech at %v; expected %v", name, volume, got, want)
			}
		}
	}
}

// heard reads where the first word of each clip begins and the last one ends.
func heard(t *testing.T, path string) map[string]stretch {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]stretch{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		c := strings.Split(lines.Text(), "\t")
		if len(c) < 4 || c[0] == "file" {
			continue
		}
		from, err1 := strconv.ParseFloat(c[2], 64)
		to, err2 := strconv.ParseFloat(c[3], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %q", path, lines.Text())
		}
		s, known := all[c[0]]
		if !known {
			s.from = time.Duration(from * float64(time.Second))
		}
		s.to = time.Duration(to * float64(time.Second))
		all[c[0]] = s
	}
	return all
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte{}, uint16(1))
	f.Add([]byte("some bytes that are not audio at all"), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		d := New(Options{})
		var got []Frame
		for rest := samples; len(rest) > 0; {
			n := min(len(rest), int(cut)+1)
			got = d.Detect(rest[:n], got)
			rest = rest[n:]
		}
		if len(got) != len(samples)/FrameSamples {
			t.Fatalf("%d frames for %d samples", len(got), len(samples))
		}
		for i, frame := range got {
			if frame.Began > i || frame.Ended > i || frame.SNR < 0 || frame.Level > 0.5 || math.IsNaN(float64(frame.SNR+frame.Level)) {
				t.Fatalf("frame %d: %+v", i, frame)
			}
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	d := New(Options{})
	samples := vowels(1, 0, 1, 3000)
	out := make([]Frame, 0, len(samples)/FrameSamples+1)
	for b.Loop() {
		d.Detect(samples, out)
	}
}
