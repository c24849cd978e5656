package script_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

const conversation = `
# a greeting, a question with words of their own times, an answer that starts at once
0.5-1.6   good morning everybody
2.0-3.1   how@2.0-2.2 are@2.25-2.5 you@2.7-3.1
3.1-3.9   very well
`

var faults = map[stttest.Defect]script.Fault{
	stttest.Dies:    {Kind: script.Die, At: 2500 * time.Millisecond},
	stttest.Stalls:  {Kind: script.Stall, At: time.Second},
	stttest.Refuses: {Kind: script.Refuse},
}

func TestConformance(t *testing.T) {
	s, err := script.Parse(conversation)
	if err != nil {
		t.Fatal(err)
	}
	format := stt.Format{Rate: 16000, Channels: 1}
	stttest.Run(t, stttest.Harness{
		New: func(_ *testing.T, d stttest.Defect) stt.Recognizer {
			return script.New(script.Options{Script: s, Fault: faults[d]})
		},
		Defects: []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses},
		Config:  stt.Config{Audio: format},
		Audio:   make([]byte, format.Bytes(5*time.Second)),
		Words:   s.Text(5 * time.Second),
		Bubble:  true,
	})
}
