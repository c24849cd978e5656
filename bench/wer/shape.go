package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
)

const (
	toneTime = 200 * time.Millisecond // the stretch that room tone is made of
	toneStep = 10 * time.Millisecond  // where it may begin
	tail     = 100 * time.Millisecond // what trimmed clips keep behind the last word
)

// roomTone returns n samples of what is heard in a recording when nobody speaks: its quietest stretch, forwards and backwards
// in turn, so that it has no seams. A recording shorter than the stretch is taken whole.
func roomTone(pcm []int16, n int) []int16 {
	if len(pcm) == 0 || n <= 0 {
		return nil
	}
	size := min(samplesOf(toneTime), len(pcm))
	best, at := math.Inf(1), 0
	for i := 0; i+size <= len(pcm); i += samplesOf(toneStep) {
		power := 0.0
		for _, s := range pcm[i : i+size] {
			power += float64(s) * float64(s)
		}
		if power < best {
			best, at = power, i
		}
	}
	tone := make([]int16, 0, n+2*size)
	for len(tone) < n {
		tone = append(tone, pcm[at:at+size]...)
		tone = append(tone, pcm[at:at+size]...)
		slices.Reverse(tone[len(tone)-size:])
	}
	return tone[:n]
}

// speech is where somebody speaks in a recording, from the first word to the end of the last.
type speech struct {
	span        // not known when nobody could be heard
	listed bool // from word-times.tsv, else from audio/vad
}

// speechIn finds the speech of a clip.
func speechIn(c *clip) speech {
	if c.Talk.known {
		return speech{span: c.Talk, listed: true}
	}
	frames := vad.New(vad.Options{}).Detect(c.PCM, nil)
	var found speech
	speaking := false
	for i, f := range frames {
		switch {
		case f.Speech && !speaking:
			if !found.known {
				found.start = time.Duration(i-f.Began) * vad.FrameTime
			}
			found.known = true
		case !f.Speech && speaking:
			found.end = time.Duration(i-f.Ended) * vad.FrameTime
		}
		speaking = f.Speech
	}
	if speaking {
		found.end = timeOf(len(c.PCM))
	}
	return found
}

// take is one way in which a clip is streamed.
type take struct {
	clip    *clip
	offset  time.Duration // of its own room tone before it
	trimmed bool          // ends shortly after the last word
	pcm     []int16
	speech  speech // in pcm, so with the offset
}

// takesOf returns all takes of the clips: each at every offset, whole and, where it is known when they stop speaking, trimmed.
func takesOf(clips []*clip, offsets []time.Duration, whole, trimmed bool) []take {
	var takes []take
	for _, c := range clips {
		s := speechIn(c)
		for _, offset := range offsets {
			front := roomTone(c.PCM, samplesOf(offset))
			moved := s
			moved.start += timeOf(len(front))
			moved.end += timeOf(len(front))
			if whole {
				takes = append(takes, take{clip: c, offset: offset, pcm: slices.Concat(front, c.PCM), speech: moved})
			}
			if trimmed && s.known {
				end := min(samplesOf(s.end+tail), len(c.PCM))
				takes = append(takes, take{clip: c, offset: offset, trimmed: true, pcm: slices.Concat(front, c.PCM[:end]), speech: moved})
			}
		}
	}
	return takes
}

// name returns what errors call a take.
func (t *take) name() string {
	name := fmt.Sprintf("%s at %d ms", t.clip.Name, t.offset.Milliseconds())
	if t.trimmed {
		name += ", trimmed"
	}
	return name
}
