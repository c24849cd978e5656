//go:build pocketsphinx

package pocketsphinx

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/stt"
)

const (
	goforward = testData + "goforward.raw"
	austen    = testData + "librivox/sense_and_sensibility_01_austen_64kb-"
)

// roomTone returns so many seconds of what is heard in clip when nobody speaks: its quietest fifth of a second, forwards
// and backwards in turn, so that it has no seams.
func roomTone(clip []int16, seconds int) []int16 {
	const n = vad.Rate / 5
	best, at := math.Inf(1), 0
	for i := 0; i+n <= len(clip); i += 160 {
		sum := 0.0
		for _, s := range clip[i : i+n] {
			sum += float64(s) * float64(s)
		}
		if sum < best {
			best, at = sum, i
		}
	}
	tone := make([]int16, 0, seconds*vad.Rate)
	for len(tone) < seconds*vad.Rate {
		tone = append(tone, clip[at:at+n]...)
		for i := n - 1; i >= 0; i-- {
			tone = append(tone, clip[at+i])
		}
	}
	return tone[:seconds*vad.Rate]
}

// A clip after three seconds of its own room tone has the same words, three seconds later.
func TestWordTimesAfterRoomTone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values map[string]string
		file   string
	}{
		"commands":   {small, goforward},
		"read aloud": {nil, austen + "0880.wav"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sharedEngine(t, c.values)
			clip := samplesOf(t, c.file)
			alone := wordsIn(alone(t, c.values, c.file))
			after := wordsIn(finals(transcribe(t, r, config(), join(roomTone(clip, 3), clip), 3200)))
			if len(alone) == 0 || len(alone) != len(after) {
				t.Fatalf("%q alone, %q after room tone", stt.JoinWords(alone), stt.JoinWords(after))
			}
			for i := range alone {
				a, b := alone[i], after[i]
				if a.Text != b.Text || off(a.Span.Start+3*time.Second, b.Span.Start) || off(a.Span.End+3*time.Second, b.Span.End) {
					t.Errorf("word %d is %q at %v alone, %q at %v after room tone", i, a.Text, a.Span, b.Text, b.Span)
				}
			}
		})
	}
}

func off(a, b time.Duration) bool { return (a - b).Abs() > 50*time.Millisecond }

// Two clips one behind the other give the words of both.
func TestClipsJoined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values map[string]string
		a, b   string
		wrong  int
	}{
		"commands":   {small, goforward, goforward, 0},
		"read aloud": {nil, austen + "0930.wav", austen + "0880.wav", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := sharedEngine(t, c.values)
			a, b := samplesOf(t, c.a), samplesOf(t, c.b)
			want := textOf(alone(t, c.values, c.a)) + " " + textOf(alone(t, c.values, c.b))
			got := textOf(finals(transcribe(t, r, config(), join(a, b), 0)))
			// The second clip knows the speaker better than it would alone, so what was wrong may be wrong otherwise.
			if n := mistakes(strings.Fields(want), strings.Fields(got)); n > c.wrong {
				t.Errorf("joined %q; expected %q", got, want)
			}
		})
	}
}

// What one caller said leaves nothing behind for the next one on the same decoder.
func TestTenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]string{"commands": small, "everything": nil} {
		t.Run(name, func(t *testing.T) {
			first := openEngine(t, with(values, "slots", "1"))
			alone := alone(t, values, austen+"0880.wav") // by an engine of others
			if len(alone) == 0 {
				t.Fatal("nothing was recognised")
			}
			// Somebody else, loud and with another microphone; then somebody who left in the middle of a word.
			transcribe(t, first, config(), louder(samplesOf(t, goforward), 3), 3200)
			s, err := first.Open(t.Context(), config())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Send(t.Context(), stt.Chunk{Data: bytesOf(samplesOf(t, goforward)[:24000])}); err != nil {
				t.Fatal(err)
			}
			for ev := (stt.Event{}); ev.Kind != stt.EventSegment; {
				if ev, err = s.Recv(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
			settle(first) // for the searches
			for _, s := range first.served[0].pool.idle {
				if s.bias != nil || s.open {
					t.Errorf("a search is kept with the bias %v, open %v", s.bias, s.open)
				}
			}
			if after := finals(transcribe(t, first, config(), samplesOf(t, austen+"0880.wav"), 3200)); !sameWords(after, alone) {
				t.Errorf("after others %+v; alone %+v", after, alone)
			}
		})
	}
}

func with(values map[string]string, name, value string) map[string]string {
	m := map[string]string{name: value}
	for k, v := range values {
		if k != name {
			m[k] = v
		}
	}
	return m
}

func louder(s []int16, gain float64) []int16 {
	out := make([]int16, len(s))
	for i, x := range s {
		out[i] = int16(max(-32768, min(32767, gain*float64(x))))
	}
	return out
}

// Finals do not depend on how the audio was cut.
func TestCuts(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	audio := join(samplesOf(t, goforward), quiet(0.7), samplesOf(t, testData+"something.raw"))
	audio = audio[:len(audio)-77] // no whole frame at the end
	want := finals(transcribe(t, r, config(), audio, 0))
	if len(want) < 2 {
		t.Fatalf("finals %+v; expected two or more", want)
	}
	for name, cut := range map[string]int{"one frame": 320, "37 ms": 1184, "one second": 32000, "odd": 2 * 1237} {
		if got := finals(transcribe(t, r, config(), audio, cut)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v; expected %+v", name, got, want)
		}
	}
}

// A minute of silence or noise has no words.
func TestNoWordsInNoise(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	rnd := rand.New(rand.NewPCG(7, 7))
	white := func(level float64) func(int) float64 { return func(int) float64 { return level * rnd.NormFloat64() } }
	brown := 0.0
	for name, at := range map[string]func(i int) float64{
		"digital silence": func(int) float64 { return 0 },
		"an offset":       func(int) float64 { return 3000 },
		"faint noise":     white(3),
		"room noise":      white(100),
		"loud noise":      white(3000),
		"rumble": func(int) float64 {
			brown = 0.995*brown + 40*rnd.NormFloat64()
			return brown
		},
		"mains hum": func(i int) float64 { return 500*math.Sin(2*math.Pi*50*float64(i)/vad.Rate) + rnd.NormFloat64()*20 },
		"clicks": func(i int) float64 {
			if i%16000 < 8 {
				return 20000
			}
			return 10 * rnd.NormFloat64()
		},
		"slamming": func(i int) float64 {
			return 8000*math.Exp(-float64(i%40000)/800)*rnd.NormFloat64() + 10*rnd.NormFloat64()
		},
		"a tone": func(i int) float64 { return 8000 * math.Sin(2*math.Pi*1000*float64(i)/vad.Rate) },
	} {
		seconds := 60
		if raceEnabled {
			seconds = 15 // the detector takes ten times as long then
		}
		samples := make([]int16, seconds*vad.Rate)
		for i := range samples {
			samples[i] = int16(max(-32768, min(32767, at(i))))
		}
		for _, ev := range transcribe(t, r, config(), samples, 32000) {
			if ev.Kind == stt.EventSegment {
				t.Errorf("%s: %+v", name, ev.Segment)
			}
		}
	}
}

// Progress follows through silence, and speech is bracketed.
func TestEvents(t *testing.T) {
	r := sharedEngine(t, small)
	events := transcribe(t, r, config(), join(quiet(4), samplesOf(t, goforward), quiet(4)), 3200)
	var order []string
	progress := map[bool]int{}
	spoken := false
	for _, ev := range events {
		switch {
		case ev.Kind == stt.EventProgress:
			progress[spoken]++
			continue
		case ev.Kind == stt.EventSegment && !ev.Segment.Final:
			order = append(order, "partial")
		case ev.Kind == stt.EventSegment:
			spoken = true
			order = append(order, "final")
		default:
			order = append(order, ev.Kind.String())
		}
		if n := len(order); n > 1 && order[n-1] == "partial" && order[n-2] == "partial" {
			order = order[:n-1]
		}
	}
	if got, want := strings.Join(order, " "), "speech-start partial speech-end final endpoint"; got != want {
		t.Errorf("events %s; expected %s", got, want)
	}
	if progress[false] < 5 || progress[true] < 5 {
		t.Errorf("progress came %d times before the words and %d after; expected many, although whoever is late gets the latest only", progress[false], progress[true])
	}
}

// The last word is there although the audio ends with it.
func TestEndWithinSpeech(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	audio := samplesOf(t, goforward)
	words := wordsIn(finals(transcribe(t, r, config(), audio, 0)))
	if got := stt.JoinWords(words); got != "go forward ten meters" {
		t.Fatalf("recognised %q", got)
	}
	for _, margin := range []time.Duration{0, 30 * time.Millisecond} {
		end := int((words[3].Span.End + margin) * vad.Rate / time.Second)
		if got := textOf(finals(transcribe(t, r, config(), audio[:end], 0))); got != "go forward ten meters" {
			t.Errorf("cut %v behind the last word: %q", margin, got)
		}
		start := int((words[0].Span.Start - margin) * vad.Rate / time.Second)
		if got := textOf(finals(transcribe(t, r, config(), audio[start:], 0))); got != "go forward ten meters" {
			t.Errorf("cut %v before the first word: %q", margin, got)
		}
	}
}

// A segment is never longer than allowed, and a word at the seam is in one final, whole.
func TestLongSpeech(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	clip := samplesOf(t, goforward)
	words := wordsIn(finals(transcribe(t, r, config(), clip, 0)))
	from, to := int(words[0].Span.Start*vad.Rate/time.Second), int(words[3].Span.End*vad.Rate/time.Second)
	breathless := clip[from:to]
	cfg := config()
	cfg.Endpoint.MaxSegment = 3 * time.Second
	got := finals(transcribe(t, r, cfg, join(quiet(1), breathless, breathless, breathless, breathless, quiet(1)), 3200))
	if len(got) < 3 {
		t.Fatalf("%d finals in %v of speech; expected more", len(got), 4*(words[3].Span.End-words[0].Span.Start))
	}
	for _, seg := range got {
		if d := seg.Span.End - seg.Span.Start; d > cfg.Endpoint.MaxSegment {
			t.Errorf("a segment of %v: %+v", d, seg)
		}
	}
	want := strings.Repeat("go forward ten meters ", 4)
	if n := mistakes(strings.Fields(want), strings.Fields(textOf(got))); n > 2 {
		t.Errorf("recognised %q; expected %q", textOf(got), want)
	}
}

// Somebody who speaks so slowly that segments are cut within words gets them all the same, in order.
func TestSlowSpeech(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	for _, tempo := range []int{3, 8} {
		var slow []int16 // each 10 ms several times over: a drawl that no pause ends
		for frame := range slices.Chunk(samplesOf(t, goforward), vad.FrameSamples) {
			for range tempo {
				slow = append(slow, frame...)
			}
		}
		cfg := config()
		cfg.Endpoint.MaxSegment = 2 * time.Second
		last := stt.Time(0)
		for _, seg := range finals(transcribe(t, r, cfg, slow, 3200)) {
			if seg.Span.Start < last {
				t.Errorf("tempo 1/%d: %v begins before the end of the one before, %v", tempo, seg.Span, last)
			}
			last = seg.Span.End
		}
	}
}

// Silence shorter than asked for ends nothing.
func TestEndpointSilence(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	audio := join(samplesOf(t, goforward), quiet(0.4), samplesOf(t, goforward))
	for silence, want := range map[time.Duration]int{0: 2, 3 * time.Second: 1} {
		cfg := config()
		cfg.Endpoint.Silence = silence
		if got := finals(transcribe(t, r, cfg, audio, 3200)); len(got) != want {
			t.Errorf("silence %v: %d finals, %q; expected %d", silence, len(got), textOf(got), want)
		}
	}
}

func TestInterim(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	audio := samplesOf(t, goforward)
	count := func(in stt.Interim) (n int) {
		cfg := config()
		cfg.Interim = in
		for _, ev := range transcribe(t, r, cfg, audio, 320) {
			if ev.Kind == stt.EventSegment && !ev.Segment.Final {
				n++
			}
		}
		return n
	}
	if n := count(stt.Interim{}); n < 2 {
		t.Errorf("%d partials; expected some", n)
	}
	if n := count(stt.Interim{Off: true}); n != 0 {
		t.Errorf("%d partials although they are off", n)
	}
	if n := count(stt.Interim{Every: time.Minute}); n > 1 {
		t.Errorf("%d partials at most once a minute", n)
	}
}

// Whatever bytes come, the stream ends in order.
func TestHostileAudio(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	rnd := rand.New(rand.NewPCG(3, 3))
	for name, at := range map[string]func(i int) int16{
		"square wave": func(i int) int16 { return int16(32767 - 65535*(i/80%2)) },
		"random":      func(int) int16 { return int16(rnd.Uint32()) },
		"extremes":    func(i int) int16 { return []int16{-32768, 32767, 0}[rnd.IntN(3)] },
		"bursts": func(i int) int16 {
			if i/4000%2 == 0 {
				return 0
			}
			return int16(32767 - 65535*(i/73%2))
		},
	} {
		samples := make([]int16, 8*vad.Rate)
		for i := range samples {
			samples[i] = at(i)
		}
		events := transcribe(t, r, config(), samples, 4000)
		if last := events[len(events)-1]; last.Kind != stt.EventProgress || last.At != 8*time.Second {
			t.Errorf("%s: ends with %v at %v", name, last.Kind, last.At)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	r := sharedEngine(f, small)
	f.Add([]byte{}, uint16(1))
	f.Add(bytesOf(samplesOf(f, goforward)[8000:24000]), uint16(160))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		data = data[:min(len(data)&^1, 64000)]
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		transcribe(t, r, config(), samples, 2*int(cut))
	})
}
