package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// kind is what somebody streams.
type kind uint8

const (
	kindSilence kind = iota
	kindNoise
	kindMusic
	kindSpeech
	kindChurn
	kinds // how many there are
)

// String returns the name of the kind.
func (k kind) String() string {
	names := [kinds]string{"silence", "noise", "music", "speech", "churn"}
	if k < kinds {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// scene is one stream from its opening to its end.
type scene struct {
	number int
	kind   kind
	name   string  // for people
	pcm    []byte  // what is streamed
	pace   float64 // seconds of audio in a second
	cut    cut     // how a client of kindChurn goes away
}

// quiet reports whether no words may come of a scene.
func (s *scene) quiet() bool { return s.kind == kindSilence || s.kind == kindNoise }

// compose makes a scene with longest of audio at most, but for recordings. The same seed and number make the same scene.
func compose(seed uint64, number int, clips []rig.Clip, longest time.Duration) *scene {
	rng := rand.New(rand.NewPCG(seed, uint64(number))) //nolint:gosec // it must come out the same again
	s := &scene{number: number, pace: 1}
	length := longest/4 + time.Duration(rng.Int64N(int64(longest-longest/4)))
	switch at := rng.IntN(10); {
	case at < 1:
		s.kind, s.name, s.pcm, s.pace = kindSilence, "silence", silence(rng, length), 4
	case at < 2:
		s.kind, s.name, s.pcm, s.pace = kindNoise, "white noise", white(rng, length), 2
	case at < 3:
		s.kind, s.name, s.pcm, s.pace = kindNoise, "pink noise", pink(rng, length), 2
	case at < 4:
		s.kind, s.name, s.pcm = kindMusic, "chords", chords(rng, length)
	case at < 6:
		clip := &clips[rng.IntN(len(clips))]
		s.kind, s.name, s.pcm = kindSpeech, clip.Name, clip.PCM
	default:
		clip := &clips[rng.IntN(len(clips))]
		s.kind, s.cut, s.pcm, s.pace = kindChurn, drawCut(rng, len(clip.PCM)), clip.PCM, 2
		s.name = clip.Name + ", " + s.cut.String()
	}
	return s
}
