package channels_test

import (
	"slices"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/route/channels"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

const conversation = `
0.5-1.6   good morning everybody
2.0-3.1   how@2.0-2.2 are@2.25-2.45 you@2.7-3.1
3.1-3.9   very well
`

var stereo = stt.Format{Rate: 16000, Channels: 2}

func parse(t testing.TB, text string) script.Script {
	t.Helper()
	s, err := script.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// faults are what makes the scripted engine have a defect.
var faults = map[stttest.Defect]script.Fault{stttest.Sound: {}, stttest.Dies: {Kind: script.Die, At: 2 * time.Second},
	stttest.Stalls: {Kind: script.Stall, At: time.Second}, stttest.Refuses: {Kind: script.Refuse}}

func TestConformance(t *testing.T) {
	s := parse(t, conversation)
	for _, c := range []struct {
		name  string
		mode  stt.ChannelMode
		audio stt.Format
		words []string
	}{
		{"separate", stt.ChannelsSeparate, stereo, slices.Concat(s.Text(time.Hour), s.Text(time.Hour))},
		{"mixed", stt.ChannelsMixed, stereo, s.Text(time.Hour)},
		{"one channel", stt.ChannelsSeparate, stt.Format{Rate: 16000, Channels: 1}, s.Text(time.Hour)},
	} {
		for _, bubble := range []bool{true, false} {
			name := c.name
			if bubble {
				name += " in a bubble"
			}
			t.Run(name, func(t *testing.T) {
				stttest.Run(t, stttest.Harness{
					New: func(t *testing.T, d stttest.Defect) stt.Recognizer {
						return channels.New(script.New(script.Options{Script: s, Fault: faults[d]}), channels.Options{})
					},
					Defects: []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses},
					Config:  stt.Config{Audio: c.audio, Channels: c.mode},
					Audio:   make([]byte, c.audio.Bytes(5*time.Second)),
					Words:   c.words,
					Bubble:  bubble,
				})
			})
		}
	}
}
