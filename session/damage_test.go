package session_test

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A page or frame that is broken or lost is silence of its length: what follows is heard where it was said, and the log warns.
func TestDamagedContainers(t *testing.T) {
	flac, ogg := readFile(t, "../audio/testdata/bursts.flac"), readFile(t, "../audio/testdata/bursts-silk.ogg")
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x10
		return b
	}
	broken := bytes.Clone(ogg[:len(ogg):len(ogg)])
	second := bytes.LastIndex(broken, []byte("OggS"))
	broken = slices.Insert(broken, second, broken[second-40:second]...) // a piece of the page before, once more
	// The files have tones from 0.2 to 0.5 s and from 0.7 to 1.0 s.
	for _, c := range []struct {
		name   string
		format stt.Format
		audio  []byte
		warns  string
	}{
		{"FLAC", stt.Format{Encoding: stt.FLAC, Rate: 16000, Channels: 1}, flip(flac, bytes.Index(flac, []byte{0xff, 0xf8})+300), "FLAC"},
		{"Opus", stt.Format{Encoding: stt.OggOpus, Rate: 16000, Channels: 1}, ogg, ""},
		{"Opus, a piece twice", stt.Format{Encoding: stt.OggOpus, Rate: 16000, Channels: 1}, broken, "Ogg"},
	} {
		for _, n := range []int{1, 700, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				m := &meter{}
				service := session.NewService(session.Options{Recognizer: ear{16000}, Meter: m, Log: slog.New(slog.NewTextHandler(&log, nil))})
				ses := open(t, service, request(c.format))
				h := speak(t, ses, cut(c.audio, n)...)
				if h.err != io.EOF {
					t.Fatalf("%s: %v", c.name, h.err)
				}
				ses.Close(nil)
				if got := m.all[0].Audio; got < burstLength-time.Millisecond || got > burstLength+time.Millisecond {
					t.Errorf("%s: %v of audio are counted, expected %v", c.name, got, burstLength)
				}
				if len(h.finals) == 0 {
					t.Fatalf("%s: nothing is heard", c.name)
				}
				last, want := h.finals[len(h.finals)-1].Span, burstSpans[1][1]
				if (last.End - want.End).Abs() > 20*time.Millisecond {
					t.Errorf("%s: the last tone ends at %v, expected %v", c.name, last.End, want.End)
				}
				if warned := strings.Count(log.String(), "the audio is damaged"); warned != min(len(c.warns), 1) || !strings.Contains(log.String(), c.warns) {
					t.Errorf("%s: the log has\n%s", c.name, &log)
				}
			})
		}
	}
}

// What never stops being broken ends the stream, with finals of what was said before and a text that says what is wrong.
func TestTooMuchDamage(t *testing.T) {
	ogg := readFile(t, "../audio/testdata/bursts-silk.ogg")
	junk := bytes.Repeat([]byte("this is no audio "), 20000)
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: ear{16000}}), request(stt.Format{Encoding: stt.OggOpus, Rate: 16000, Channels: 1}))
		h := speak(t, ses, cut(append(bytes.Clone(ogg), junk...), 5000)...)
		wantCode(t, h.err, stt.Malformed, "the audio cannot be decoded as ogg-opus", "no page of Ogg begins within")
		if len(h.finals) != 2 {
			t.Errorf("%d tones were heard before; expected 2", len(h.finals))
		}
	})
}
