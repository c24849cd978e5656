package main

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

const ms = time.Millisecond

func TestRoomTone(t *testing.T) {
	t.Parallel()
	pcm := make([]int16, 32000)
	for i := range pcm {
		pcm[i] = int16(1000 + i%100)
		if i >= 16000 && i < 19200 { // the quietest fifth of a second
			pcm[i] = int16(i - 16000 - 1600)
			pcm[i] %= 50
		}
	}
	quiet := pcm[16000:19200]
	tone := roomTone(pcm, 7000)
	if len(tone) != 7000 || !slices.Equal(tone[:3200], quiet) {
		t.Fatalf("%d samples that are not the quietest", len(tone))
	}
	back := slices.Clone(quiet)
	slices.Reverse(back)
	if !slices.Equal(tone[3200:6400], back) || !slices.Equal(tone[6400:], quiet[:600]) {
		t.Error("it does not go back and forth")
	}
	if got := roomTone(pcm, 0); got != nil {
		t.Errorf("%d samples of none", len(got))
	}
	if got := roomTone(nil, 100); got != nil {
		t.Errorf("%d samples out of nothing", len(got))
	}
	if got := roomTone([]int16{1, 2, 3}, 8); !slices.Equal(got, []int16{1, 2, 3, 3, 2, 1, 1, 2}) {
		t.Errorf("%v", got)
	}
}

// Whatever the recording: as many samples as asked for, all of them out of it, and no step that it has not.
func TestRoomToneHasNoSeams(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	draw := rand.New(rand.NewPCG(seed, 4))
	for range 50 {
		pcm := make([]int16, 1+draw.IntN(9000))
		at, step := 0, 0
		for i := range pcm {
			at += draw.IntN(21) - 10
			pcm[i] = int16(at)
			if i > 0 {
				step = max(step, int(pcm[i])-int(pcm[i-1]), int(pcm[i-1])-int(pcm[i]))
			}
		}
		n := draw.IntN(20000)
		tone := roomTone(pcm, n)
		if len(tone) != n {
			t.Fatalf("%d samples, expected %d (seed %d)", len(tone), n, seed)
		}
		for i := 1; i < n; i++ {
			if d := int(tone[i]) - int(tone[i-1]); max(d, -d) > step {
				t.Fatalf("a step of %d at %d, the recording has %d at most (seed %d)", d, i, step, seed)
			}
		}
	}
}

func TestTakes(t *testing.T) {
	t.Parallel()
	pcm := tones(32000) // two seconds
	listed := &clip{Name: "listed", Words: words("a"), PCM: pcm, Talk: span{500 * ms, 1300 * ms, true}}
	late := &clip{Name: "late", Words: words("a"), PCM: pcm, Talk: span{500 * ms, 1950 * ms, true}}
	mute := &clip{Name: "mute", Words: words("a"), PCM: make([]int16, 16000)}
	offsets := []time.Duration{0, 110 * ms}
	takes := takesOf([]*clip{listed, late, mute}, offsets, true, true)
	if len(takes) != 10 { // nobody speaks in mute: it cannot be trimmed
		t.Fatalf("%d takes", len(takes))
	}
	for _, x := range takes {
		front := samplesOf(x.offset)
		end := 32000
		switch {
		case x.clip == mute:
			end = 16000
		case x.trimmed && x.clip == listed:
			end = samplesOf(1400 * ms)
		}
		if len(x.pcm) != front+end || !slices.Equal(x.pcm[front:], x.clip.PCM[:end]) || !slices.Equal(x.pcm[:front], roomTone(x.clip.PCM, front)) {
			t.Errorf("%s: %d samples, expected %d and the clip behind its room tone", x.name(), len(x.pcm), front+end)
		}
		if x.clip == mute {
			if x.speech.known {
				t.Errorf("%s: somebody speaks at %v", x.name(), x.speech)
			}
			continue
		}
		if !x.speech.known || !x.speech.listed || x.speech.start != x.offset+500*ms || x.speech.end != x.offset+x.clip.Talk.end {
			t.Errorf("%s: speech %+v", x.name(), x.speech)
		}
	}
	for _, x := range takesOf([]*clip{listed, mute}, offsets, false, true) {
		if !x.trimmed || x.clip == mute {
			t.Errorf("%s is there, trimmed %v", x.name(), x.trimmed)
		}
	}
	if n := len(takesOf([]*clip{listed, mute}, offsets, true, false)); n != 4 {
		t.Errorf("%d takes of whole clips", n)
	}
}

// Without a list, speech is found by ear, near to where it is.
func TestSpeechByEar(t *testing.T) {
	t.Parallel()
	const file = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav"
	if _, err := os.Stat(file); err != nil {
		t.Skip("needs a recording of the Debian package pocketsphinx-testdata")
	}
	pcm, err := rig.ReadRecording(file)
	if err != nil {
		t.Fatal(err)
	}
	s := speechIn(&clip{PCM: pcm})
	// Forced alignment has it from 0.21 s to 2.74 s.
	if !s.known || s.listed || (s.start-210*ms).Abs() > 150*ms || (s.end-2740*ms).Abs() > 200*ms {
		t.Errorf("speech %+v", s)
	}
	moved := speechIn(&clip{PCM: slices.Concat(roomTone(pcm, 16000), pcm)})
	if (moved.start-s.start-time.Second).Abs() > 50*ms || (moved.end-s.end-time.Second).Abs() > 50*ms {
		t.Errorf("a second later %+v, before %+v", moved, s)
	}
}
