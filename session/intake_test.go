package session_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

const length = 5 * time.Second

// tone returns a sine of 440 Hz. Every other channel holds its negative.
func tone(f stt.Format, d time.Duration) []byte {
	frames := f.Bytes(d) / f.FrameBytes()
	var b []byte
	for i := range frames {
		v := int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(f.Rate)))
		for c := range f.Channels {
			if c > 0 {
				v = -v
			}
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	return b
}

// Whatever the caller's rate and channels, the words and their times are those of the audio.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, from := range []stt.Format{
		{Rate: 16000, Channels: 1}, {Rate: 8000, Channels: 1}, {Rate: 44100, Channels: 1}, {Rate: 48000, Channels: 1},
		{Rate: 16000, Channels: 2}, {Rate: 44100, Channels: 2}, {Rate: 22050, Channels: 6},
	} {
		t.Run(from.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}
				ses := open(t, session.NewService(session.Options{Recognizer: rec}), request(from))
				h := speak(t, ses, cut(tone(from, length), 1600*from.Channels)...)
				if h.err != io.EOF {
					t.Fatal(h.err)
				}
				sameWords(t, h, length)
				for i, want := range parse(t, conversation) {
					if got := h.finals[i].Span; got.Start != want.Start || got.End != want.End {
						t.Errorf("segment %d at %v-%v, expected %v-%v", i, got.Start, got.End, want.Start, want.End)
					}
				}
				if got := mono16k.Duration(int64(len(rec.heard))); got != length {
					t.Errorf("the recognizer got %v of audio, expected %v", got, length)
				}
				checkStarts(t, rec)
				checkTone(t, rec.heard, from.Channels)
			})
		})
	}
}

// checkStarts checks that chunks say where they start.
func checkStarts(t *testing.T, rec *picky) {
	t.Helper()
	if len(rec.starts) < 10 || rec.starts[0] != 0 || !slices.IsSorted(rec.starts) || rec.starts[len(rec.starts)-1] >= length {
		t.Errorf("%d chunks start at %v ... %v", len(rec.starts), rec.starts[0], rec.starts[len(rec.starts)-1])
	}
}

// checkTone checks that the tone is there, or gone where an even number of channels cancels it.
func checkTone(t *testing.T, pcm []byte, channels int) {
	t.Helper()
	least, most := 7900, 8100
	if channels > 1 { // the an even number of channels, half of them the negative
		least, most = 0, 2
	}
	top := 0
	for i := 3200; i < len(pcm)-3200; i += 2 { // away from the ends, where the filter meets silence
		v := int(int16(binary.LittleEndian.Uint16(pcm[i:])))
		top = max(top, v, -v)
	}
	if top < least || top > most {
		t.Errorf("the loudest sample is %d, expected %d to %d", top, least, most)
	}
}

// Each cut of the same bytes gives the recognizer the same samples.
func TestAnyCut(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, from := range []stt.Format{{Rate: 16000, Channels: 1}, {Rate: 44100, Channels: 2}} {
		whole := tone(from, 300*time.Millisecond)
		whole = append(whole, 7) // and the first byte of a frame that never comes
		var want []byte
		for try := range 12 {
			lengths := []int{len(whole)}
			switch {
			case try == 1:
				lengths = []int{1}
			case try > 1:
				lengths = nil
				for range whole {
					lengths = append(lengths, 1+r.IntN(1+r.IntN(3000)))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				rec := &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}
				ses := open(t, session.NewService(session.Options{Recognizer: rec}), request(from))
				if h := speak(t, ses, cut(whole, lengths...)...); h.err != io.EOF {
					t.Fatal(h.err)
				}
				if want == nil {
					want = rec.heard
				}
				if !bytes.Equal(rec.heard, want) {
					t.Errorf("%v: another cut gives other samples (%d bytes, expected %d); seed %d, try %d", from, len(rec.heard), len(want), seed, try)
				}
			})
		}
	}
}

// headers are how files begin that somebody may send where samples were announced.
var headers = map[string]string{
	"WAV":  "RIFF\x24\x7d\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00",
	"FLAC": "fLaC\x00\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00\x03\xe8\x00\xf0",
	"Ogg":  "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x00\x00\x00\x00",
}

func TestFileInsteadOfSamples(t *testing.T) {
	for kind, header := range headers {
		file := append([]byte(header), make([]byte, 4000)...)
		for name, lengths := range map[string][]int{"whole": {len(file)}, "bytes": {1}, "cut": {10, 53, 1, 4000}} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
					h := speak(t, ses, cut(file, lengths...)...)
					wantCode(t, h.err, stt.Malformed, kind+" header", "without the file's header")
				})
			})
		}
	}
}

// What only looks like a header in its first bytes, and any other PCM, is taken.
func TestSamplesAreNoFile(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	noise := make([]byte, 20000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for name, audio := range map[string][]byte{
		"tone": tone(mono16k, time.Second), "silence": make([]byte, 32000), "minus one": bytes.Repeat([]byte{0xff}, 32000),
		"noise": noise, "a frame": {1, 2}, "nothing": nil, "RIFF alone": append([]byte("RIFFabcdtext"), make([]byte, 3000)...),
	} {
		for _, n := range []int{1, 63, 64, 1000000} {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
				if h := speak(t, ses, cut(audio, n)...); h.err != io.EOF {
					t.Errorf("%s in pieces of %d: %v (seed %d)", name, n, h.err, seed)
				}
			})
		}
	}
}

// Channels that are to be transcribed separately are not mixed on the way.
func TestSeparateChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) {
			c.Formats, c.MaxChannels = []stt.Format{{Rate: 16000}}, 2
		}}
		service := session.NewService(session.Options{Recognizer: rec})
		r := request(stt.Format{Rate: 48000, Channels: 2})
		r.Config.Channels = stt.ChannelsSeparate
		ses := open(t, service, r)
		if h := speak(t, ses, tone(r.Config.Audio, time.Second)); h.err != io.EOF {
			t.Fatal(h.err)
		}
		if got, want := rec.opened[0].Audio, (stt.Format{Rate: 16000, Channels: 2}); got != want {
			t.Errorf("opened with %v, expected %v", got, want)
		}
		if got := len(rec.heard); got != 64000 {
			t.Errorf("the recognizer got %d bytes, expected 64000", got)
		}
		left, right := int16(binary.LittleEndian.Uint16(rec.heard[32020:])), int16(binary.LittleEndian.Uint16(rec.heard[32022:]))
		if left == 0 || left != -right {
			t.Errorf("left %d, right %d; expected one to be the negative of the other", left, right)
		}
	})
}

func TestAudioRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		format stt.Format
		can    func(*stt.Capabilities)
		code   stt.Code
		option string
		text   string
	}{
		{"encoding", stt.Format{Encoding: stt.Encoding(77), Rate: 16000, Channels: 1}, only(mono16k), stt.Unsupported, "encoding", "send 16-bit PCM"},
		{"no rate", stt.Format{Channels: 1}, only(mono16k), stt.Invalid, "audio", "4000 to 192000 Hz"},
		{"rate", stt.Format{Rate: 500000, Channels: 1}, only(mono16k), stt.Invalid, "audio", "4000 to 192000 Hz"},
		{"no channels", stt.Format{Rate: 16000}, only(mono16k), stt.Invalid, "audio", "1 to "},
		{"channels", stt.Format{Rate: 16000, Channels: 1000}, only(mono16k), stt.Invalid, "audio", "1 to "},
		{"model", mono16k, only(stt.Format{Encoding: stt.OggOpus, Rate: 48000, Channels: 1}), stt.Unsupported, "encoding", "16-bit PCM"},
	} {
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: c.can}
		_, err := session.NewService(session.Options{Recognizer: rec}).Open(t.Context(), request(c.format))
		if e := stt.AsError(err); e == nil || e.Code != c.code || e.Option != c.option || !strings.Contains(e.Msg, c.text) {
			t.Errorf("%s: got %v (option %q), expected %v of option %q with %q", c.name, err, stt.AsError(err).Option, c.code, c.option, c.text)
		}
	}
}
