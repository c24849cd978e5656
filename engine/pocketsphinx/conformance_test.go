//go:build pocketsphinx

package pocketsphinx

import (
	"testing"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

func TestConformance(t *testing.T) {
	audio := samplesOf(t, testData+"goforward.raw")
	stttest.Run(t, stttest.Harness{
		New: func(t *testing.T, _ stttest.Defect) stt.Recognizer {
			return sharedEngine(t, small)
		},
		Config: config(),
		Audio:  bytesOf(join(audio, quiet(1), audio)),
		Words:  []string{"go", "forward", "ten", "meters", "go", "forward", "ten", "meters"},
	})
}
