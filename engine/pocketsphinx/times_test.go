//go:build pocketsphinx

package pocketsphinx

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/stt"
)

// digitNames are the words of recordings that are named by digits, with how they are said.
var digitNames = []struct{ word, phones string }{
	{"zero", "Z IH R OW"}, {"one", "W AH N"}, {"two", "T UW"}, {"three", "TH R IY"}, {"four", "F AO R"},
	{"five", "F AY V"}, {"six", "S IH K S"}, {"seven", "S EH V AH N"}, {"eight", "EY T"}, {"nine", "N AY N"},
}

// digitModel writes a model that knows digits in any order, and returns the engine's values for it.
func digitModel(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	var dict, lm strings.Builder
	fmt.Fprintf(&lm, "\\data\\\nngram 1=%d\n\n\\1-grams:\n-1.0 <s>\n-1.0 </s>\n", len(digitNames)+2)
	for _, d := range digitNames {
		fmt.Fprintf(&dict, "%s %s\n", d.word, d.phones)
		fmt.Fprintf(&lm, "-1.0 %s\n", d.word)
	}
	lm.WriteString("\n\\end\\\n")
	files := map[string]string{"hmm": modelFolder + "en-us", "name": "digits", "language": "en-US"}
	for key, text := range map[string]string{"dict": dict.String(), "lm": lm.String()} {
		files[key] = filepath.Join(dir, key)
		if err := os.WriteFile(files[key], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{"slots": "2", "models": stt.FormatRecords([]map[string]string{files})}
}

// spokenDigits reads the Free Spoken Digit Dataset: WAV files of one digit each, by speaker and digit.
func spokenDigits(t *testing.T) map[string][10][][]byte {
	t.Helper()
	file := filepath.Join(os.Getenv("EARSHOT_SHARED"), "speech", "fsdd.tar.gz")
	if _, err := os.Stat(file); err != nil {
		t.Skipf("needs recordings of digits, speech/fsdd.tar.gz in the folder that EARSHOT_SHARED names: %v", err)
	}
	unzipped, err := exec.CommandContext(t.Context(), "gzip", "-dc", file).Output() // which the race detector does not slow down
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][10][][]byte{}
	for archive := tar.NewReader(bytes.NewReader(unzipped)); ; {
		head, err := archive.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var digit, number int
		var speaker string
		name := strings.NewReplacer("_", " ", ".wav", "").Replace(filepath.Base(head.Name))
		if n, _ := fmt.Sscanf(name, "%d %s %d", &digit, &speaker, &number); n != 3 || digit > 9 || number > 9 {
			continue // ten of each are plenty
		}
		recording, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		digits := all[speaker]
		digits[digit] = append(digits[digit], recording)
		all[speaker] = digits
	}
}

// wav reads a WAV file as the engine wants it.
func wav(t *testing.T, file []byte) []int16 {
	t.Helper()
	r, err := audio.Open(bytes.NewReader(file), audio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	samples, buf := []int16(nil), make([]int16, 4096)
	for {
		n, err := r.ReadSamples(buf)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, buf[:n]...)
	}
	resampler, err := audio.NewResampler(r.Format().Rate, vad.Rate, 1)
	if err != nil {
		t.Fatal(err)
	}
	return resampler.Flush(resampler.Append(nil, samples))
}

// sounding returns where a recording of one word begins and ends to be heard: what is within 30 dB of its loudest 10 ms.
func sounding(samples []int16) (from, to int) {
	var power []float64
	loudest := 0.0
	for frame := range slices.Chunk(samples, vad.FrameSamples) {
		sum := 0.0
		for _, s := range frame {
			sum += float64(s) * float64(s)
		}
		power = append(power, sum)
		loudest = max(loudest, sum)
	}
	heard := func(p float64) bool { return p > loudest/1000 }
	from = slices.IndexFunc(power, heard)
	to = len(power)
	for to > from && !heard(power[to-1]) {
		to--
	}
	return from * vad.FrameSamples, min(to*vad.FrameSamples, len(samples))
}

// placed is a word and where it was put.
type placed struct {
	word       string
	start, end time.Duration
}

// place puts digits of one speaker one behind the other at places that are known to the sample, with pauses between them, all at
// about the same level over faint noise.
func place(t *testing.T, rng *rand.Rand, digits *[10][][]byte, n int) ([]int16, []placed) {
	t.Helper()
	pcm := quiet(0.3 + 0.4*rng.Float64())
	var words []placed
	for range n {
		d := rng.IntN(10)
		clip := wav(t, digits[d][rng.IntN(len(digits[d]))])
		loudest := 1
		for _, s := range clip {
			loudest = max(loudest, int(math.Abs(float64(s))))
		}
		from, to := sounding(clip)
		at := func(sample int) time.Duration { return time.Duration(len(pcm)+sample) * time.Second / vad.Rate }
		words = append(words, placed{digitNames[d].word, at(from), at(to)})
		gain := 12000 / float64(loudest)
		for _, s := range clip {
			pcm = append(pcm, int16(gain*float64(s)+10*rng.NormFloat64()))
		}
		pcm = append(pcm, quiet(0.05+0.3*rng.Float64())...)
	}
	return append(pcm, quiet(0.3)...), words
}

// Words are where they were put, at their beginning and at their end: recordings of single digits by several speakers, placed one
// behind the other. Nothing here comes from a recogniser, as the times of forced alignment do.
func TestTimesOfPlacedWords(t *testing.T) {
	t.Parallel()
	const each = 6
	strings := 24
	if raceEnabled { // which searches no differently, and slowly
		strings = 12
	}
	recordings := spokenDigits(t)
	r := openEngine(t, digitModel(t))
	speakers := []string{"george", "jackson", "lucas", "nicolas", "theo", "yweweler"}
	rng := rand.New(rand.NewPCG(11, 12)) // the engine is deterministic, and so is this
	var starts, ends []time.Duration
	for i := range strings {
		digits := recordings[speakers[i%len(speakers)]]
		pcm, want := place(t, rng, &digits, each)
		for _, w := range wordsIn(finals(transcribe(t, r, config(), pcm, 0))) {
			middle := (w.Span.Start + w.Span.End) / 2
			for _, p := range want {
				if p.word == w.Text && middle > p.start && middle < p.end {
					starts = append(starts, w.Span.Start-p.start)
					ends = append(ends, w.Span.End-p.end)
				}
			}
		}
	}
	if found := len(starts); found < strings*each*6/10 {
		t.Fatalf("%d of %d words were found; want six in ten at least for the times to say anything", found, strings*each)
	}
	for _, c := range []struct {
		what        string
		off         []time.Duration
		median, p90 time.Duration
	}{{"start", starts, 50 * time.Millisecond, 100 * time.Millisecond}, {"end", ends, 70 * time.Millisecond, 150 * time.Millisecond}} {
		signed := slices.Sorted(slices.Values(c.off))
		for i := range c.off {
			c.off[i] = c.off[i].Abs()
		}
		slices.Sort(c.off)
		median, p90 := c.off[len(c.off)/2], c.off[len(c.off)*9/10]
		t.Logf("%s of %d words: off by %v at the median (%v with its sign), %v at the 90th percentile, %v at most", c.what, len(c.off),
			median, signed[len(signed)/2], p90, c.off[len(c.off)-1])
		if median > c.median || p90 > c.p90 {
			t.Errorf("the %s of words is off by %v at the median and by %v at the 90th percentile; want %v and %v at most", c.what, median, p90, c.median, c.p90)
		}
	}
}
