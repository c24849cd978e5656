//go:build pocketsphinx

package server_test

import (
	"encoding/binary"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// goForward is a recording of somebody who says "go forward ten meters", 16 kHz.
const goForward = "/usr/share/pocketsphinx/test/data/goforward.raw"

// turtle is the recognizer of a server whose engine knows a few dozen words.
func turtle(t *testing.T) stt.Recognizer {
	t.Helper()
	const data = "/usr/share/pocketsphinx/test/data/"
	yaml := "engine: pocketsphinx\nengines:\n  pocketsphinx:\n    slots: 2\n    models:\n      - {name: turtle, language: en-US, hmm: /usr/share/pocketsphinx/model/en-us/en-us, lm: " +
		data + "turtle.lm.bin, dict: " + data + "turtle.dic}\n"
	cfg, _, err := config.Load(config.Options{File: "f", ReadFile: func(string) ([]byte, error) { return []byte(yaml), nil }})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := server.OpenRecognizer(t.Context(), cfg, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeRecognizer(t, rec) })
	return rec
}

func closeRecognizer(t *testing.T, rec stt.Recognizer) {
	t.Helper()
	c, ok := rec.(io.Closer)
	if !ok {
		t.Fatal("a recognizer that holds a model must be closed")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// recording returns the samples of goForward.
func recording(t *testing.T) (samples []int16) {
	t.Helper()
	raw, err := os.ReadFile(goForward)
	if os.IsNotExist(err) {
		t.Skipf("needs %s of the Debian package \"pocketsphinx-testdata\"", goForward)
	}
	if err != nil {
		t.Fatal(err)
	}
	for ; len(raw) > 1; raw = raw[2:] {
		samples = append(samples, int16(binary.LittleEndian.Uint16(raw)))
	}
	return samples
}

// twoPeople is the recording on both channels, the second time two seconds later.
func twoPeople(samples []int16, rate int) (b []byte) {
	later := 2 * rate
	for i := range len(samples) + later {
		var left, right int16
		if i < len(samples) {
			left = samples[i]
		}
		if i >= later {
			right = samples[i-later]
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(left))
		b = binary.LittleEndian.AppendUint16(b, uint16(right))
	}
	return b
}

// Two people, each on a channel of his own, are told apart by the default engine as the server wires it.
func TestChannelsOfSphinx(t *testing.T) {
	speech := twoPeople(recording(t), 16000)
	service := session.NewService(session.Options{Recognizer: turtle(t)})
	ses, err := service.Open(t.Context(), &session.Request{ID: "s", Config: stt.Config{Audio: stt.Format{Rate: 16000, Channels: 2}, Channels: stt.ChannelsSeparate}})
	if err != nil {
		t.Fatal(err)
	}
	defer ses.Close(nil)
	sent := make(chan error, 1)
	go func() { // owned by the test, which receives
		if err := ses.Write(t.Context(), speech); err != nil {
			sent <- err
			return
		}
		sent <- ses.CloseSend(t.Context())
	}()
	words, starts := map[int][]string{}, map[int]stt.Time{}
	var checker stttest.Checker
	for {
		ev, err := ses.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := checker.Event(ev, time.Minute); err != nil {
			t.Error(err)
		}
		if ev.Segment == nil || !ev.Segment.Final {
			continue
		}
		for _, w := range ev.Segment.Best().Words {
			if len(words[ev.Channel]) == 0 {
				starts[ev.Channel] = w.Span.Start
			}
			words[ev.Channel] = append(words[ev.Channel], w.NormalForm())
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	for channel := range 2 {
		if want := []string{"go", "forward", "ten", "meters"}; !slices.Equal(words[channel], want) {
			t.Errorf("channel %d: %q, expected %q", channel, words[channel], want)
		}
	}
	if d := starts[1] - starts[0] - 2*time.Second; d.Abs() > 50*time.Millisecond {
		t.Errorf("the channels begin %v and %v, expected two seconds between them", starts[0], starts[1])
	}
}
