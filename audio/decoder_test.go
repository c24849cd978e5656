package audio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mewkiz/flac/frame"
)

// bursts is what the files in testdata/bursts-* were made from: tones of 440 Hz
// from 0.2 to 0.5 and from 0.7 to 1.0 s, and in the right channel one of 700 Hz
// from 0.4 to 0.8 s. They were encoded by ffmpeg, as their names say.
func bursts(rate, channels int) []int16 {
	n := rate * 12 / 10
	left, right := tone(rate, n, 440, 12000), tone(rate, n, 700, 9000)
	s := make([]int16, 0, n*channels)
	for i := range n {
		t := float64(i) / float64(rate)
		if !(t >= 0.2 && t < 0.5 || t >= 0.7 && t < 1) {
			left[i] = 0
		}
		if t < 0.4 || t >= 0.8 {
			right[i] = 0
		}
		s = append(s, left[i])
		if channels == 2 {
			s = append(s, right[i])
		}
	}
	return s
}

// burstFiles are the files in testdata, which a Decoder reads to the end.
var burstFiles = []struct {
	name   string
	kind   Kind
	header Header
}{
	{"bursts.flac", KindFLAC, Header{Format{16000, 1}, 16000}},
	{"bursts-stereo.flac", KindFLAC, Header{Format{48000, 2}, 48000}},
	{"bursts-silk.ogg", KindOgg, Header{Format{48000, 1}, 16000}},
	{"bursts-hybrid.ogg", KindOgg, Header{Format{48000, 1}, 48000}},
	{"bursts-silk-stereo.ogg", KindOgg, Header{Format{48000, 2}, 16000}},
	{"bursts-celt-stereo.ogg", KindOgg, Header{Format{48000, 2}, 48000}},
}

// pushed is what a Decoder made of a stream.
type pushed struct {
	samples []int16
	after   []int // how many samples there were after each piece
	header  Header
	rest    int
	err     error
}

// push decodes pieces and ends the stream.
func push(t testing.TB, kind Kind, pieces ...[]byte) (p pushed) {
	t.Helper()
	d, err := NewDecoder(kind)
	if err != nil {
		t.Fatal(err)
	}
	keep := func(s []int16) error {
		h, ok := d.Header()
		if !ok || len(s) == 0 || len(s)%h.Format.Channels != 0 {
			t.Fatalf("%d samples of %v, header known: %v", len(s), h, ok)
		}
		p.samples = append(p.samples, s...)
		return nil
	}
	for _, piece := range pieces {
		mine := bytes.Clone(piece)
		if p.err = d.Decode(mine, keep); p.err != nil {
			if again := d.Decode(mine, keep); again != p.err {
				t.Errorf("the error %v does not stay: %v", p.err, again)
			}
			break
		}
		clear(mine) // it is not kept
		p.after = append(p.after, len(p.samples))
	}
	if p.err == nil {
		if p.rest, p.err = d.Finish(keep); p.err == nil {
			if err := d.Decode([]byte{1}, keep); err != io.EOF {
				t.Errorf("after Finish: want io.EOF, got %v", err)
			}
		}
	}
	p.header, _ = d.Header()
	return p
}

// cutAt cuts b into pieces of the lengths that next gives.
func cutAt(b []byte, next func() int) (pieces [][]byte) {
	for len(b) > 0 {
		n := min(next(), len(b))
		pieces = append(pieces, b[:n])
		b = b[n:]
	}
	return pieces
}

func single() int { return 1 }

// streams are whole streams of many shapes, by name.
func streams(t testing.TB) map[string]struct {
	kind Kind
	file []byte
} {
	all := map[string]struct {
		kind Kind
		file []byte
	}{}
	for _, f := range burstFiles {
		file := readFile(t, "testdata/"+f.name)
		if raced && f.kind == KindOgg {
			file = remux(t, f.name, func(_ []byte, audio *[][]byte, _ *muxer) { *audio = (*audio)[:20] })
		}
		all[f.name] = struct {
			kind Kind
			file []byte
		}{f.kind, file}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []flacSpec{
		{16000, 16, frame.ChannelsMono, 400, frame.PredVerbatim}, {8000, 8, frame.ChannelsMono, 16, frame.PredVerbatim},
		{24000, 16, frame.ChannelsMono, 300, frame.PredVerbatim}, {44100, 24, frame.ChannelsMidSide, 4096, frame.PredVerbatim},
		{48000, 12, frame.ChannelsLeftSide, 1000, frame.PredVerbatim}, {22050, 16, frame.ChannelsLRCLfeLsRsSlSr, 700, frame.PredVerbatim},
	} {
		file := flacFile(t, s, speechLike(rng, 2003*s.channels.Count(), s.width))
		all[fmt.Sprintf("FLAC %d Hz %d bits %d", s.rate, s.width, s.channels)] = struct {
			kind Kind
			file []byte
		}{KindFLAC, file}
		if s.block == 400 {
			all["FLAC behind a tag"] = struct {
				kind Kind
				file []byte
			}{KindFLAC, append([]byte(id3(1000)), file...)}
			all["FLAC before a tag"] = struct {
				kind Kind
				file []byte
			}{KindFLAC, append(bytes.Clone(file), "TAG"+strings.Repeat("x", 125)...)}
		}
	}
	return all
}

// Whatever the cut, the samples are those that Open reads of the same stream, and each is there as soon as it can be: after
// any number of bytes a Decoder has given what Open can read of a file that ends there.
func TestDecoderAnyCut(t *testing.T) {
	for name, s := range streams(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			_, want := openAll(t, s.file, Options{Kind: s.kind})
			bytewise := push(t, s.kind, cutAt(s.file, single)...)
			whole := push(t, s.kind, s.file)
			for _, p := range []pushed{bytewise, whole} {
				if p.err != nil || p.rest != 0 {
					t.Fatalf("got %v, %d bytes of rest", p.err, p.rest)
				}
				equalSamples(t, p.samples, want)
			}
			for range 4 {
				most := 1 + rng.IntN(len(s.file))
				p := push(t, s.kind, cutAt(s.file, func() int { return 1 + rng.IntN(most) })...)
				if p.err != nil {
					t.Fatal(p.err)
				}
				equalSamples(t, p.samples, want)
			}
			step := max(1, len(s.file)/20)
			for n := 0; n < len(s.file); n += 1 + rng.IntN(step) {
				r, err := Open(bytes.NewReader(s.file[:n]), Options{Kind: s.kind})
				given := 0
				if n > 0 {
					given = bytewise.after[n-1]
				}
				if err != nil {
					if given != 0 {
						t.Fatalf("%d samples after %d bytes, of which Open makes nothing: %v", given, n, err)
					}
					continue
				}
				if got, _ := readAll(r, 4096); len(got) != given {
					t.Fatalf("after %d bytes: %d samples, expected %d", n, given, len(got))
				}
			}
		})
	}
}

// A stream that breaks off gives what was complete and says how much was not; one without its header is malformed.
func TestDecoderTruncated(t *testing.T) {
	for name, s := range streams(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := push(t, s.kind, s.file)
			headed := false
			for n := 0; n <= len(s.file); n += 1 + n/less(20, 3) {
				p := push(t, s.kind, s.file[:n])
				switch {
				case p.err == nil && n > 0:
					headed = true
				case n == 0 && (p.err != nil || p.rest != 0):
					t.Fatalf("nothing at all gives %v and %d bytes of rest", p.err, p.rest)
				case n > 0 && (headed || !errors.Is(p.err, ErrMalformed) || !errors.Is(p.err, io.ErrUnexpectedEOF)):
					t.Fatalf("cut at %d: %v", n, p.err)
				}
				if len(p.samples) > len(whole.samples) {
					t.Fatalf("cut at %d: %d samples, more than the whole has", n, len(p.samples))
				}
				equalSamples(t, p.samples, whole.samples[:len(p.samples)])
				if p.rest > n || p.rest < 0 {
					t.Fatalf("cut at %d: %d bytes of rest", n, p.rest)
				}
			}
			if !headed {
				t.Error("no cut was behind the header")
			}
		})
	}
}

// The samples are the ones that were encoded: exactly for FLAC, where and how loud they were for Opus.
func TestDecoderBursts(t *testing.T) {
	for _, f := range burstFiles {
		t.Run(f.name, func(t *testing.T) {
			p := push(t, f.kind, readFile(t, "testdata/"+f.name))
			if p.err != nil || p.rest != 0 {
				t.Fatalf("%v, %d bytes of rest", p.err, p.rest)
			}
			if p.header != f.header {
				t.Errorf("header %v, expected %v", p.header, f.header)
			}
			want := bursts(f.header.Format.Rate, f.header.Format.Channels)
			if f.kind == KindFLAC {
				equalSamples(t, p.samples, want)
				return
			}
			if len(p.samples) != len(want) {
				t.Fatalf("%d samples, expected %d", len(p.samples), len(want))
			}
			for c := range f.header.Format.Channels {
				ch := f.header.Format.Channels
				sameEnvelope(t, AppendChannel(nil, p.samples, ch, c), AppendChannel(nil, want, ch, c), opusRate)
			}
		})
	}
}

// sameEnvelope compares loudness in blocks of 20 ms, away from where it changes by itself: so tones begin and end within
// 20 ms of where they should.
func sameEnvelope(t *testing.T, got, want []int16, rate int) {
	t.Helper()
	n := rate / 50
	var levels []float64
	for i := 0; i+n <= len(want); i += n {
		rms, _ := Level(want[i : i+n])
		levels = append(levels, rms)
	}
	for i := 1; i+1 < len(levels); i++ {
		if levels[i-1] != 0 != (levels[i] != 0) || levels[i] != 0 != (levels[i+1] != 0) {
			continue
		}
		rms, _ := Level(got[i*n : (i+1)*n])
		if levels[i] == 0 && rms > 0.05 || levels[i] != 0 && (rms < 0.7*levels[i] || rms > 1.4*levels[i]) {
			t.Errorf("at %d ms the level is %.3f, expected %.3f", i*20, rms, levels[i])
		}
	}
}

// Bytes that are no frame or page are named by where they stand.
func TestDecoderJunk(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	for name, s := range streams(t) {
		if strings.Contains(name, "before a tag") {
			continue // what follows a stream that is complete is a tag
		}
		whole := push(t, s.kind, cutAt(s.file, single)...)
		// A place where something whole ends, in the middle.
		at := slices.IndexFunc(whole.after, func(n int) bool { return n > len(whole.samples)/4 }) + 1
		given := whole.after[at-1]
		if at == len(s.file) {
			continue // all of it in one frame: the same
		}
		junk := make([]byte, 4000)
		for i := range junk {
			junk[i] = byte(rng.Uint32())
		}
		junk[0] = 'x'
		p := push(t, s.kind, s.file[:at], junk, s.file[at:])
		if !errors.Is(p.err, ErrMalformed) || !strings.Contains(p.err.Error(), fmt.Sprintf("at byte %d:", at)) {
			t.Errorf("%s: junk at %d: got %v", name, at, p.err)
		}
		equalSamples(t, p.samples, whole.samples[:given])
	}
}

// Each damage is noticed, and no sample is made up.
func TestDecoderDamage(t *testing.T) {
	for name, s := range streams(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			whole := push(t, s.kind, s.file)
			from := 0
			if s.kind == KindFLAC {
				from = firstFrame(s.file) // metadata have no checksum
			}
			for range less(40, 3) {
				bit := 8*from + rng.IntN(8*(len(s.file)-from))
				b := bytes.Clone(s.file)
				b[bit/8] ^= 1 << (bit % 8)
				p := push(t, s.kind, b)
				equalSamples(t, p.samples, whole.samples[:min(len(whole.samples), len(p.samples))])
				tag := strings.Contains(name, "before") && bit/8 >= len(s.file)-128
				if lost := p.rest > 0 && len(p.samples) < len(whole.samples); !tag && p.err == nil && !lost {
					t.Fatalf("bit %d: nothing is said; %d of %d samples", bit, len(p.samples), len(whole.samples))
				}
				checkKnownError(t, p.err)
			}
		})
	}
}

// firstFrame is where the frames of a FLAC stream begin.
func firstFrame(file []byte) int {
	return slices.IndexFunc(file, func(b byte) bool { return b == 0xff })
}

// An error of the one who takes the samples ends it all, and is not taken for one of the stream.
func TestDecoderGivesUp(t *testing.T) {
	stop := errors.New("enough")
	for _, f := range burstFiles {
		d, err := NewDecoder(f.kind)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		give := func([]int16) error { calls++; return stop }
		if err := d.Decode(readFile(t, "testdata/"+f.name), give); err != stop {
			t.Errorf("%s: got %v", f.name, err)
		}
		if _, err := d.Finish(give); err != stop || calls != 1 {
			t.Errorf("%s: then %v after %d calls", f.name, err, calls)
		}
	}
}

func TestDecoderOtherKinds(t *testing.T) {
	for _, k := range []Kind{KindUnknown, KindRaw, KindWAV, KindMP3, KindWebM} {
		if _, err := NewDecoder(k); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v: got %v", k, err)
		}
	}
}

// longestHeld feeds a stream that never ends in small pieces and returns the most that a Decoder held.
func longestHeld(t *testing.T, kind Kind, head []byte, more func() []byte, total int) int {
	t.Helper()
	d, err := NewDecoder(kind)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	piece := head
	for n := 0; n < total; n += len(piece) {
		err := d.Decode(piece, func([]int16) error { return nil })
		most = max(most, cap(d.held))
		if err != nil {
			checkKnownError(t, err)
			break
		}
		piece = more()
	}
	return most
}

// What is held is bounded although nothing ever becomes complete.
func TestDecoderMemory(t *testing.T) {
	rng := newRand(t)
	noise := func() []byte {
		b := make([]byte, 1000)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	zeros := func() []byte { return make([]byte, 1000) }
	stereo := []byte("fLaC" + lastBlock(streamInfoBlock(16000, 2, 24, 0)))
	metadata := []byte("fLaC" + streamInfoBlock(16000, 2, 24, 0))
	// A frame of 65535 samples of 24 bits whose first subframe is verbatim.
	framed := append(bytes.Clone(stereo), flacHead(0x70, 0x18, 0xff, 0xfe)...)
	framed = append(framed, 0x02)
	ogg := readFile(t, "testdata/bursts-silk.ogg")
	for name, c := range map[string]struct {
		kind Kind
		head []byte
		more func() []byte
		most int
	}{
		"noise in a frame":     {KindFLAC, framed, noise, 1 << 20},
		"zeros in a frame":     {KindFLAC, framed, zeros, 1 << 20},
		"metadata for ever":    {KindFLAC, metadata, func() []byte { return []byte("\x04\xff\xff\xff" + strings.Repeat("x", 0xffffff)) }, 40 << 20},
		"a tag for ever":       {KindFLAC, []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), noise, 4096},
		"comments for ever":    {KindOgg, firstPages(ogg, 1), tagPages(), 200 << 10},
		"packet without end":   {KindOgg, firstPages(ogg, 2), packetPages(), 200 << 10},
		"another stream's own": {KindOgg, firstPages(ogg, 2), otherPages(), 200 << 10},
	} {
		if got := longestHeld(t, c.kind, c.head, c.more, less(100<<20/10, 3)); got > c.most {
			t.Errorf("%s: held %d bytes, expected %d at most", name, got, c.most)
		}
	}
}

// flacHead is a frame header with the given codes and block size, and its checksum.
func flacHead(sizeRate, channelsBits byte, size ...byte) []byte {
	h := append([]byte{0xff, 0xf8, sizeRate, channelsBits, 0}, size...)
	return append(h, flacHeaderCRC(h))
}

// Whoever keeps the checksum at 0 does not buy decoding with every byte.
func TestFLACChecksumZero(t *testing.T) {
	head := append([]byte("fLaC"+lastBlock(streamInfoBlock(16000, 1, 16, 0))), flacHead(0x70, 0x08, 0xff, 0xfe)...)
	head = append(head, 0x02) // one verbatim subframe of 65535 samples
	u := newFlacUnpacker()
	used, _, err := u.unpack(head, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	body := head[used:]
	var crc uint16
	for _, b := range body {
		crc = u.dec.src.sum16(crc, b)
	}
	body = append(body, byte(crc>>8), byte(crc)) // from here on the checksum is 0, and every further 0 leaves it so
	body = append(body, make([]byte, 100000)...)
	if _, s, err := u.unpack(body, int64(used), false); err != nil || s != nil {
		t.Fatalf("got %d samples, %v", len(s), err)
	}
	if u.spent > 5*len(body) {
		t.Errorf("%d bytes were decoded in vain of %d", u.spent, len(body))
	}
	// And the frame is found all the same when it ends.
	body = append(body[:len(body)-2-(len(body)-14-2*65535-0)%2], make([]byte, 2*65535)...)
	p := push(t, KindFLAC, head[:used], body)
	if p.err != nil && !errors.Is(p.err, ErrMalformed) {
		t.Error(p.err)
	}
}

// A few bytes of a container may hold hours: they are given piece by piece, and the memory stays small.
func TestDecoderBombs(t *testing.T) {
	flac := []byte("fLaC" + lastBlock(streamInfoBlock(8000, 1, 16, 0)))
	const bombs = 200
	for range less(bombs, 4) { // constant subframes
		f := append(flacHead(0x70, 0x08, 0xff, 0xfe), 0x00, 0x12, 0x34)
		s := newFlacFrames(nil, 0)
		s.add(f)
		flac = append(flac, f...)
		flac = append(flac, byte(s.crc>>8), byte(s.crc))
	}
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := NewDecoder(KindFLAC)
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	var top uint64
	err = d.Decode(flac, func(s []int16) error {
		if frames += len(s); frames%(65535*20) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			top = max(top, now.HeapAlloc)
		}
		return nil
	})
	if err != nil || frames != less(bombs, 4)*65535 {
		t.Errorf("%d frames, %v", frames, err)
	}
	if top > before.HeapAlloc+8<<20 {
		t.Errorf("%d MB in use, %d before", top>>20, before.HeapAlloc>>20)
	}
}

func FuzzDecoder(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []flacSpec{
		{16000, 16, frame.ChannelsMono, 64, frame.PredVerbatim}, {24000, 16, frame.ChannelsMono, 300, frame.PredVerbatim},
		{44100, 24, frame.ChannelsMidSide, 192, frame.PredVerbatim}, {8000, 8, frame.ChannelsLeftSide, 576, frame.PredVerbatim},
	} {
		f.Add(flacFile(f, s, speechLike(rng, 300*s.channels.Count(), s.width)), false, uint16(7))
	}
	for _, name := range []string{"bursts-silk.ogg", "bursts-hybrid.ogg", "bursts-silk-stereo.ogg", "bursts-celt-stereo.ogg"} {
		file := remux(f, name, func(_ []byte, audio *[][]byte, m *muxer) {
			m.segments = func() int { return 4 }
			*audio = (*audio)[:min(len(*audio), 10)]
		})
		f.Add(file, true, uint16(100))
	}
	for _, h := range hostileHeaders {
		f.Add(h.file, h.kind == KindOgg, uint16(1))
	}
	f.Fuzz(func(t *testing.T, file []byte, ogg bool, cut uint16) {
		if len(file) > 4<<10 {
			return
		}
		kind := KindFLAC
		if ogg {
			kind = KindOgg
			file = mendOgg(bytes.Clone(file))
		}
		whole := push(t, kind, file)
		checkKnownError(t, whole.err)
		pieces := push(t, kind, cutAt(file, func() int { return 1 + int(cut)%997 })...)
		checkKnownError(t, pieces.err)
		equalSamples(t, pieces.samples, whole.samples)
		if fmt.Sprint(whole.err) != fmt.Sprint(pieces.err) && !(whole.err != nil && pieces.err != nil) {
			t.Fatalf("in one piece %v, cut %v", whole.err, pieces.err)
		}
		// With damage borne there is never less, and cuts change nothing either.
		borne, _ := bear(t, kind, file)
		checkKnownError(t, borne.err)
		again, _ := bear(t, kind, cutAt(file, func() int { return 1 + int(cut)%997 })...)
		equalSamples(t, again.samples, borne.samples)
		if len(borne.samples) < len(whole.samples) || (borne.err == nil) != (again.err == nil) {
			t.Fatalf("%d samples of %d with damage borne, %v; cut, %v", len(borne.samples), len(whole.samples), borne.err, again.err)
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	for _, f := range burstFiles {
		b.Run(f.name, func(b *testing.B) {
			file := readFile(b, "testdata/"+f.name)
			b.ReportAllocs()
			frames := 0
			for b.Loop() {
				d, err := NewDecoder(f.kind)
				if err != nil {
					b.Fatal(err)
				}
				for _, piece := range cutAt(file, func() int { return 1000 }) {
					if err := d.Decode(piece, func(s []int16) error { frames += len(s) / f.header.Format.Channels; return nil }); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(frames)/float64(f.header.Format.Rate)/b.Elapsed().Seconds(), "x-realtime")
		})
	}
}
