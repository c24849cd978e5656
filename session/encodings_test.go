package session_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// sounds are the bursts in every encoding, as somebody may announce and send them.
func sounds(t testing.TB) []struct {
	announced stt.Format
	channels  int // of what is sent
	audio     []byte
} {
	type sound = struct {
		announced stt.Format
		channels  int
		audio     []byte
	}
	var all []sound
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		for _, ch := range []int{1, 2} {
			s := bursts(rate, ch)
			var a, mu []byte
			for _, v := range s {
				a, mu = append(a, audio.EncodeALaw(v)), append(mu, audio.EncodeMuLaw(v))
			}
			for e, b := range map[stt.Encoding][]byte{stt.PCM16: pcmBytes(s), stt.ALaw: a, stt.MuLaw: mu} {
				if raced && e != stt.PCM16 && rate > 16000 && ch == 2 {
					continue // G.711 at high rates, which nobody has, differs from the others in how long it takes only
				}
				all = append(all, sound{stt.Format{Encoding: e, Rate: rate, Channels: ch}, ch, b})
			}
		}
	}
	for _, f := range []struct {
		name     string
		encoding stt.Encoding
		rate     int
		channels int
	}{
		{"bursts.flac", stt.FLAC, 16000, 1}, {"bursts-stereo.flac", stt.FLAC, 48000, 2},
		{"bursts-silk.ogg", stt.OggOpus, 16000, 1}, {"bursts-silk.ogg", stt.OggOpus, 48000, 1}, {"bursts-hybrid.ogg", stt.OggOpus, 8000, 1},
		{"bursts-silk-stereo.ogg", stt.OggOpus, 44100, 2}, {"bursts-celt-stereo.ogg", stt.OggOpus, 48000, 2},
	} {
		file := readFile(t, "../audio/testdata/"+f.name)
		for _, announced := range []int{1, 2} { // where channels are mixed, their number is the file's affair
			all = append(all, sound{stt.Format{Encoding: f.encoding, Rate: f.rate, Channels: announced}, f.channels, file})
		}
	}
	return all
}

// Whatever the encoding, the rate, the channels and the cut, what is heard lies where it was said, within 20 ms, and is as
// long as it was.
func TestEncodings(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	m := &meter{}
	services := map[int]*session.Service{} // by the engine's rate; making filters takes long
	for _, rate := range []int{8000, 16000} {
		services[rate] = session.NewService(session.Options{Recognizer: ear{rate}, Meter: m})
	}
	for _, s := range sounds(t) {
		container := s.announced.FrameBytes() == 0
		cuts := [][]int{{1 + r.IntN(50), 1 + r.IntN(5000), 1 + r.IntN(700)}}
		if container && s.announced.Channels == 1 || s.announced.Rate*s.channels == 8000 {
			cuts = append(cuts, []int{tiny}, []int{len(s.audio)})
		}
		for _, to := range []int{8000, 16000} {
			if to == 8000 && (s.announced.Channels == 2 || !container && s.announced.Rate < 48000) {
				continue
			}
			for _, lengths := range cuts[:min(len(cuts), to/4000-1)] { // bytes and the whole for one rate only
				synctest.Test(t, func(t *testing.T) {
					name := fmt.Sprintf("%v (%d ch) to %d Hz in %v (seed %d)", s.announced, s.channels, to, lengths, seed)
					ses := open(t, services[to], request(s.announced))
					h := speak(t, ses, cut(s.audio, lengths...)...)
					if h.err != io.EOF {
						t.Fatalf("%s: %v", name, h.err)
					}
					ses.Close(nil)
					if got := m.all[len(m.all)-1].Audio; got < burstLength-time.Millisecond || got > burstLength+time.Millisecond {
						t.Errorf("%s: %v of audio are counted, expected %v", name, got, burstLength)
					}
					want := burstSpans[s.channels]
					if len(h.finals) != len(want) {
						t.Fatalf("%s: %d sounds were heard, expected %d", name, len(h.finals), len(want))
					}
					for i, w := range want {
						if got := h.finals[i].Span; (got.Start-w.Start).Abs() > 20*time.Millisecond || (got.End-w.End).Abs() > 20*time.Millisecond {
							t.Errorf("%s: sound %d at %v to %v, expected %v to %v", name, i, got.Start, got.End, w.Start, w.End)
						}
					}
				})
			}
		}
	}
}

// Each cut of the same container gives the recognizer the same samples.
func TestAnyCutOfContainers(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	rec := &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}
	service := session.NewService(session.Options{Recognizer: rec})
	for _, s := range sounds(t) {
		if s.announced.FrameBytes() > 0 || s.announced.Channels == 2 { // the number of channels that was announced makes no difference
			continue
		}
		var want []byte
		for try := range 3 {
			lengths := []int{len(s.audio)}
			switch {
			case try == 1:
				lengths = []int{tiny}
			case try > 1:
				lengths = nil
				for range 1000 {
					lengths = append(lengths, 1+r.IntN(1+r.IntN(3000)))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				rec.heard = nil
				ses := open(t, service, request(s.announced))
				if h := speak(t, ses, cut(s.audio, lengths...)...); h.err != io.EOF {
					t.Fatal(h.err)
				}
				if want == nil {
					want = rec.heard
				}
				if !bytes.Equal(rec.heard, want) || len(want) == 0 {
					t.Errorf("%v: another cut gives other samples (%d bytes, expected %d); seed %d, try %d", s.announced, len(rec.heard), len(want), seed, try)
				}
			})
		}
	}
}

// Separate channels of a container reach the recognizer as they are.
func TestSeparateChannelsOfContainers(t *testing.T) {
	for _, f := range []struct {
		name   string
		format stt.Format
	}{
		{"bursts-stereo.flac", stt.Format{Encoding: stt.FLAC, Rate: 48000, Channels: 2}},
		{"bursts-celt-stereo.ogg", stt.Format{Encoding: stt.OggOpus, Rate: 48000, Channels: 2}},
	} {
		synctest.Test(t, func(t *testing.T) {
			rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) {
				c.Formats, c.MaxChannels = []stt.Format{{Rate: 16000}}, 2
			}}
			r := request(f.format)
			r.Config.Channels = stt.ChannelsSeparate
			ses := open(t, session.NewService(session.Options{Recognizer: rec}), r)
			if h := speak(t, ses, readFile(t, "../audio/testdata/"+f.name)); h.err != io.EOF {
				t.Fatal(h.err)
			}
			level := func(channel, at int) (top int) {
				for i := range 320 {
					v := int(int16(binary.LittleEndian.Uint16(rec.heard[(at*16+i)*4+channel*2:])))
					top = max(top, v, -v)
				}
				return top
			}
			for _, at := range []struct {
				at          int // ms
				left, right bool
			}{{100, false, false}, {300, true, false}, {600, false, true}, {750, true, true}, {900, true, false}} {
				l, r := level(0, at.at), level(1, at.at)
				if l > 4000 != at.left || r > 4000 != at.right {
					t.Errorf("%s at %d ms: levels %d and %d", f.name, at.at, l, r)
				}
			}
		})
	}
}

// What the header says and what was announced are both named where they do not fit.
func TestHeaderAndAnnouncement(t *testing.T) {
	t.Parallel()
	file := func(name string) []byte { return readFile(t, "../audio/testdata/"+name) }
	flac := func(rate, ch int) stt.Format { return stt.Format{Encoding: stt.FLAC, Rate: rate, Channels: ch} }
	opus := func(rate, ch int) stt.Format { return stt.Format{Encoding: stt.OggOpus, Rate: rate, Channels: ch} }
	for _, c := range []struct {
		name     string
		format   stt.Format
		separate bool
		audio    []byte
		texts    []string // nil: it fits
	}{
		{"rate", flac(8000, 1), false, file("bursts.flac"), []string{"the sample rate provided does not match the detected sample rate", "8000 Hz", "16000 Hz", "FLAC header"}},
		{"rate too low", flac(44100, 1), false, file("bursts-stereo.flac"), []string{"44100 Hz", "48000 Hz"}},
		{"rate, header only", flac(8000, 1), false, file("bursts.flac")[:8000], []string{"8000 Hz", "16000 Hz"}},
		{"more channels, mixed", flac(48000, 1), false, file("bursts-stereo.flac"), nil},
		{"fewer channels, mixed", flac(16000, 2), false, file("bursts.flac"), nil},
		{"fewer channels", flac(16000, 2), true, file("bursts.flac"), []string{"number of channels provided does not match", "2 were announced", "header says 1"}},
		{"fewer channels of Opus", opus(16000, 2), true, file("bursts-silk.ogg"), []string{"2 were announced", "Ogg header says 1"}},
		{"Opus has no rate", opus(8000, 1), false, file("bursts-celt-stereo.ogg"), nil},
		{"Vorbis", opus(16000, 1), false, file("bursts-vorbis.ogg"), []string{"ogg-opus", "Vorbis; want Opus"}},
	} {
		for _, n := range []int{1, 333, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) {
					c.Formats, c.MaxChannels = []stt.Format{{Rate: 16000}}, 2
				}}
				r := request(c.format)
				if c.separate {
					r.Config.Channels = stt.ChannelsSeparate
				}
				ses := open(t, session.NewService(session.Options{Recognizer: rec}), r)
				h := speak(t, ses, cut(c.audio, n)...)
				switch {
				case c.texts == nil && h.err != io.EOF:
					t.Errorf("%s in pieces of %d: %v", c.name, n, h.err)
				case c.texts != nil:
					wantCode(t, h.err, stt.Malformed, c.texts...)
					if len(rec.heard) > 0 {
						t.Errorf("%s: the recognizer got %d bytes all the same", c.name, len(rec.heard))
					}
				}
			})
		}
	}
}

// What is no container is told from what was announced, and what is another one is named.
func TestSamplesInsteadOfFile(t *testing.T) {
	wav := append([]byte(headers["WAV"]), make([]byte, 4000)...)
	ogg, flac := readFile(t, "../audio/testdata/bursts-silk.ogg"), readFile(t, "../audio/testdata/bursts.flac")
	pcm := tone(mono16k, time.Second)
	mpeg := append([]byte("ID3\x04\x00\x00\x00\x00\x00\x05hello\xff\xfb\x90\x00"), make([]byte, 2000)...)
	for _, c := range []struct {
		name     string
		encoding stt.Encoding
		audio    []byte
		texts    []string
	}{
		{"samples", stt.FLAC, pcm, []string{"flac was announced", "raw samples", `"fLaC"`}},
		{"samples", stt.OggOpus, pcm, []string{"ogg-opus was announced", "raw samples", `"OggS"`}},
		{"silence", stt.OggOpus, make([]byte, 3200), []string{"raw samples", "00 00 00 00"}},
		{"few samples", stt.FLAC, pcm[2:12], []string{"flac was announced", "raw samples"}},
		{"WAV", stt.FLAC, wav, []string{"flac was announced", "WAV header"}},
		{"WAV", stt.OggOpus, wav, []string{"ogg-opus was announced", "WAV header"}},
		{"Ogg", stt.FLAC, ogg, []string{"flac was announced", "an Ogg header"}},
		{"FLAC", stt.OggOpus, flac, []string{"ogg-opus was announced", "a FLAC header"}},
		{"MP3", stt.OggOpus, mpeg, []string{"MP3 header"}},
		{"a tag without FLAC", stt.FLAC, mpeg, []string{`"fLaC"`}},
		{"half a header", stt.FLAC, flac[:30], []string{"flac", "ends inside its header"}},
		{"half a header", stt.OggOpus, ogg[:20], []string{"ogg-opus", "ends inside its header"}},
		{"two bytes", stt.OggOpus, ogg[:2], []string{"ogg-opus", "ends inside its header"}},
	} {
		for _, n := range []int{1, 63, 64, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}),
					request(stt.Format{Encoding: c.encoding, Rate: 16000, Channels: 1}))
				h := speak(t, ses, cut(c.audio, n)...)
				wantCode(t, h.err, stt.Malformed, c.texts...)
			})
		}
	}
}

// A file where samples in G.711 were announced is recognised, and what people say in G.711 never is.
func TestFileInsteadOfG711(t *testing.T) {
	for _, e := range []stt.Encoding{stt.ALaw, stt.MuLaw} {
		for kind, header := range headers {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(stt.Format{Encoding: e, Rate: 8000, Channels: 1}))
				h := speak(t, ses, cut(append([]byte(header), make([]byte, 4000)...), 160)...)
				texts := []string{kind + " header", e.String(), "without the file's header"}
				switch kind {
				case "FLAC":
					texts = append(texts, "or announce flac")
				case "Ogg":
					texts = append(texts, "or announce ogg-opus")
				}
				wantCode(t, h.err, stt.Malformed, texts...)
			})
		}
	}
	// Two layer III frames of 24 bytes each, as silence might look: nobody is refused for it.
	var quiet []byte
	for i := range 200 {
		quiet = append(quiet, "\xff\xf3\x14\x00"...)
		quiet = append(quiet, bytes.Repeat([]byte{0xff, byte(i)}, 10)...)
	}
	if audio.Sniff(quiet) == audio.KindUnknown {
		t.Fatal("this should look like MP3")
	}
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(stt.Format{Encoding: stt.MuLaw, Rate: 8000, Channels: 1}))
		if h := speak(t, ses, quiet); h.err != io.EOF {
			t.Error(h.err)
		}
	})
}

// Where the audio breaks off, what was complete is heard, nothing fails, and the log says so.
func TestTruncatedContainers(t *testing.T) {
	for name, e := range map[string]stt.Encoding{"bursts.flac": stt.FLAC, "bursts-hybrid.ogg": stt.OggOpus} {
		file := readFile(t, "../audio/testdata/"+name)
		for _, n := range []int{len(file) - 1, len(file) * 9 / 10, len(file) * 8 / 10} {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				rate := map[stt.Encoding]int{stt.FLAC: 16000, stt.OggOpus: 48000}[e]
				m := &meter{}
				service := session.NewService(session.Options{Recognizer: ear{16000}, Meter: m, Log: slog.New(slog.NewTextHandler(&log, nil))})
				ses := open(t, service, request(stt.Format{Encoding: e, Rate: rate, Channels: 1}))
				if h := speak(t, ses, cut(file[:n], 100)...); h.err != io.EOF {
					t.Fatalf("%s cut at %d: %v", name, n, h.err)
				}
				ses.Close(nil)
				if !strings.Contains(log.String(), "ended inside a frame or page") || strings.Count(log.String(), "ended inside") != 1 {
					t.Errorf("%s cut at %d: the log does not say so once: %s", name, n, &log)
				}
				if got := m.all[0].Audio; got >= burstLength {
					t.Errorf("%s cut at %d: %v were heard", name, n, got)
				}
			})
		}
	}
}

// Bytes that are no audio, and more of them than two pages, end the stream, after the finals of what came before.
func TestJunkInContainers(t *testing.T) {
	for name, e := range map[string]stt.Encoding{"bursts.flac": stt.FLAC, "bursts-silk.ogg": stt.OggOpus} {
		file := readFile(t, "../audio/testdata/"+name)
		file = append(file, readFile(t, "../audio/testdata/"+name)...) // FLAC has no second stream behind the first; Ogg has
		if e == stt.FLAC {
			file = file[:len(file)/2]
			file = append(file[:len(file)-3], 1, 2, 3) // its last checksum
		}
		file = append(file, bytes.Repeat([]byte("this is no page at all"), 10_000)...)
		synctest.Test(t, func(t *testing.T) {
			ses := open(t, session.NewService(session.Options{Recognizer: ear{16000}}), request(stt.Format{Encoding: e, Rate: 16000, Channels: 1}))
			h := speak(t, ses, cut(file, 1000)...)
			wantCode(t, h.err, stt.Malformed, "at byte ")
			if len(h.finals) < 2 {
				t.Errorf("%s: %d finals before the failure", name, len(h.finals))
			}
			if err := ses.Write(t.Context(), []byte{1}); stt.CodeOf(err) != stt.Malformed {
				t.Errorf("%s: a Write afterwards: %v", name, err)
			}
		})
	}
}

// bomb is a FLAC stream of 65535 equal samples in each frame of some 14 bytes.
func bomb(t *testing.T, frames int) []byte {
	t.Helper()
	b := []byte("fLaC\x80\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00")
	b = binary.BigEndian.AppendUint64(b, 8000<<44|15<<36)
	b = append(b, make([]byte, 16)...)
	for range frames {
		f := []byte{0xff, 0xf8, 0x70, 0x08, 0, 0xff, 0xfe}
		var c8 byte
		for _, v := range f {
			c8 ^= v
			for range 8 {
				c8 = c8<<1 ^ 0x07*(c8>>7)
			}
		}
		f = append(f, c8, 0x00, 0x12, 0x34)
		var c16 uint16
		for _, v := range f {
			c16 ^= uint16(v) << 8
			for range 8 {
				c16 = c16<<1 ^ 0x8005*(c16>>15)
			}
		}
		b = append(b, binary.BigEndian.AppendUint16(f, c16)...)
	}
	return b
}

// A few bytes may hold hours of audio: the recognizer gets a second at a time, and who sends them waits for it.
func TestBombs(t *testing.T) {
	flac8k := stt.Format{Encoding: stt.FLAC, Rate: 8000, Channels: 1}
	synctest.Test(t, func(t *testing.T) {
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}
		ses := open(t, session.NewService(session.Options{Recognizer: rec}), request(flac8k))
		if h := speak(t, ses, bomb(t, 3)); h.err != io.EOF {
			t.Fatal(h.err)
		}
		for i := 1; i < len(rec.starts); i++ {
			if d := rec.starts[i] - rec.starts[i-1]; d > time.Second {
				t.Fatalf("a chunk of %v", d)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		stalled := scripted(t, script.Fault{Kind: script.Stall, At: time.Second})
		ses := open(t, session.NewService(session.Options{Recognizer: stalled, Limits: session.Limits{Lag: 3 * time.Second}}), request(flac8k))
		start := time.Now()
		h := speak(t, ses, bomb(t, 1000))
		wantCode(t, h.err, stt.Unavailable, "has taken no audio for 3s")
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // whoever waits in the middle of a frame can be told to stop
		stalled := scripted(t, script.Fault{Kind: script.Stall, At: time.Second})
		ses := open(t, session.NewService(session.Options{Recognizer: stalled}), request(flac8k))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ses.Write(ctx, bomb(t, 1000)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := ses.Write(t.Context(), []byte{1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a Write after audio was lost: %v", err)
		}
		ses.Close(nil)
	})
}

// A medical model is not insisted upon: a general one answers, and the log says so.
func TestMedical(t *testing.T) {
	for _, medical := range []bool{false, true} {
		var log bytes.Buffer
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: func(c *stt.Capabilities) {
			if medical {
				c.Has |= stt.FeatureMedical
			}
		}}
		r := request(mono16k)
		r.Config.Medical = &stt.Medical{Specialty: "CARDIOLOGY", Type: "DICTATION"}
		ses := open(t, session.NewService(session.Options{Recognizer: rec, Log: slog.New(slog.NewTextHandler(&log, nil))}), r)
		ses.Close(nil)
		if got := rec.opened[0].Medical != nil; got != medical {
			t.Errorf("model is medical: %v, and was asked to be: %v", medical, got)
		}
		if got := strings.Contains(log.String(), "a general one answers"); got == medical {
			t.Errorf("model is medical: %v, log: %s", medical, &log)
		}
		if r.Config.Medical == nil {
			t.Error("the request has been changed")
		}
	}
}
