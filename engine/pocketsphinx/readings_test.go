//go:build pocketsphinx

package pocketsphinx

import (
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// readings are recordings that the large model has gone through by itself, which takes as long as they do: tests that compare something
// with that share it.
var readings sync.Map // of *reading by file

// reading is what came of a recording, heard block by block.
type reading struct {
	once   sync.Once
	finals []stt.Segment
	speech stt.Time // when it began
	first  stt.Time // what had been heard when the first words came
}

// readingOf recognises a recording, or returns what came of it before.
func readingOf(t *testing.T, file string) *reading {
	t.Helper()
	known, _ := readings.LoadOrStore(file, &reading{speech: -1, first: -1})
	g := known.(*reading)
	g.once.Do(func() {
		out := &ear{}
		byHand(t, sharedEngine(t, nil), samplesOf(t, file), out, func(heard time.Duration) {
			for i := range out.events {
				switch ev := &out.events[i]; {
				case ev.Kind == stt.EventSpeechStart && g.speech < 0:
					g.speech = ev.At
				case ev.Kind == stt.EventSegment && g.first < 0:
					g.first = heard
				}
			}
		})
		g.finals = finals(out.events)
	})
	return g
}

// alone returns what an engine recognises in a recording by itself. values are the engine's, nil for all as it is.
func alone(t *testing.T, values map[string]string, file string) []stt.Segment {
	t.Helper()
	if values == nil {
		return readingOf(t, file).finals
	}
	return finals(transcribe(t, sharedEngine(t, values), config(), samplesOf(t, file), 3200))
}
