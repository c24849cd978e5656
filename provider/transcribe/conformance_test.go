package transcribe_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

const conversation = `
0.5-1.6   good morning everybody
2.0-3.1   how@2.0-2.2 are@2.25-2.5 you@2.7-3.1
3.1-3.9   very well
`

var faults = map[stttest.Defect]script.Fault{
	stttest.Dies:    {Kind: script.Die, At: 2500 * time.Millisecond},
	stttest.Stalls:  {Kind: script.Stall, At: time.Second},
	stttest.Refuses: {Kind: script.Refuse},
}

// TestConformance is the client in front of a small server that is not ours. dialect/transcribe has the same in front of ours.
func TestConformance(t *testing.T) { overBoth(t, testConformance) }

func testConformance(t *testing.T) {
	s, err := script.Parse(conversation)
	if err != nil {
		t.Fatal(err)
	}
	for _, signed := range []bool{false, true} {
		t.Run(map[bool]string{false: "bare frames", true: "signed frames"}[signed], func(t *testing.T) {
			format := stt.Format{Rate: 16000, Channels: 1}
			stttest.Run(t, stttest.Harness{
				New: func(t *testing.T, d stttest.Defect) stt.Recognizer {
					serve := scripted(script.New(script.Options{Script: s, Fault: faults[d]}), d == stttest.NeverEnds)
					var f *fake
					f = newFake(t, func(c *call) {
						serve(c)
						if d == stttest.Dies {
							f.net.Close() // for good: the next stream would say the script from its beginning
						}
					})
					return f.client(func(o *transcribe.Options) {
						o.SignFrames, o.FinishTimeout, o.ReconnectFor = signed, 10*time.Second, 5*time.Second
					})
				},
				Defects:   []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses, stttest.NeverEnds},
				Config:    stt.Config{Audio: format},
				Audio:     make([]byte, format.Bytes(5*time.Second)),
				Words:     s.Text(5 * time.Second),
				Also:      stt.FeatureDeterministic,
				Tolerance: time.Millisecond,
				Bubble:    true,
			})
		})
	}
}
