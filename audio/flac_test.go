package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

// flacSpec says how a test file is made.
type flacSpec struct {
	rate, width int
	channels    frame.Channels
	block       int
	pred        frame.Pred // PredVerbatim lets the encoder choose
}

// flacFile encodes interleaved samples of the given width with the library's
// encoder.
func flacFile(t testing.TB, spec flacSpec, samples []int32) []byte {
	t.Helper()
	ch := spec.channels.Count()
	var b bytes.Buffer
	enc, err := flac.NewEncoder(&b, &meta.StreamInfo{
		BlockSizeMin: 16, BlockSizeMax: uint16(max(spec.block, 16)), SampleRate: uint32(spec.rate),
		NChannels: uint8(ch), BitsPerSample: uint8(spec.width), NSamples: uint64(len(samples) / ch),
	})
	if err != nil {
		t.Fatal(err)
	}
	for rest := samples; len(rest) > 0; {
		n := min(spec.block, len(rest)/ch)
		f := &frame.Frame{Header: frame.Header{
			HasFixedBlockSize: false, BlockSize: uint16(n), SampleRate: uint32(spec.rate),
			Channels: spec.channels, BitsPerSample: uint8(spec.width),
		}}
		for c := range ch {
			sub := &frame.Subframe{SubHeader: frame.SubHeader{Pred: spec.pred}, NSamples: n}
			for i := range n {
				sub.Samples = append(sub.Samples, rest[i*ch+c])
			}
			f.Subframes = append(f.Subframes, sub)
		}
		if err := enc.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
		rest = rest[n*ch:]
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// speechLike is a slow wave with noise on it, so that prediction pays.
func speechLike(rng *rand.Rand, n, width int) []int32 {
	s := make([]int32, n)
	top := int32(1)<<(width-1) - 1
	var v float64
	for i := range s {
		v = 0.97*v + 0.02*(rng.Float64()*2-1)
		s[i] = int32(max(-1, min(1, 3*v)) * float64(top))
	}
	s[0], s[n-1] = top, -top-1
	return s
}

func scaled(s []int32, width int) []int16 {
	out := make([]int16, len(s))
	for i, v := range s {
		out[i] = scale16(v, width)
	}
	return out
}

func TestOpenFLAC(t *testing.T) {
	rng := newRand(t)
	for _, spec := range []flacSpec{
		{16000, 16, frame.ChannelsMono, 4096, frame.PredVerbatim},
		{8000, 8, frame.ChannelsMono, 192, frame.PredVerbatim},
		{44100, 12, frame.ChannelsLR, 1000, frame.PredVerbatim},
		{48000, 20, frame.ChannelsLeftSide, 576, frame.PredVerbatim},
		{96000, 24, frame.ChannelsMidSide, 1152, frame.PredVerbatim},
		{22050, 16, frame.ChannelsSideRight, 17, frame.PredVerbatim},
		{16000, 16, frame.ChannelsLRCLfeLsRsSlSr, 700, frame.PredVerbatim},
		{11025, 16, frame.ChannelsMono, 16, frame.PredVerbatim},
		{24000, 16, frame.ChannelsMono, 300, frame.PredVerbatim},
		{24000, 24, frame.ChannelsMidSide, 4096, frame.PredVerbatim},
		{176400, 16, frame.ChannelsLR, 200, frame.PredVerbatim},
	} {
		t.Run(fmt.Sprintf("%d Hz %d bits %d ch", spec.rate, spec.width, spec.channels), func(t *testing.T) {
			ch := spec.channels.Count()
			samples := speechLike(rng, 5003*ch, spec.width)
			file := flacFile(t, spec, samples)
			r, got := openAll(t, file, Options{})
			if want := (Format{spec.rate, ch}); r.Kind() != KindFLAC || r.Format() != want || r.Frames() != 5003 {
				t.Errorf("want FLAC, %v, 5003 frames; got %v, %v, %d", want, r.Kind(), r.Format(), r.Frames())
			}
			equalSamples(t, got, scaled(samples, spec.width))
			r, err := Open(bytes.NewReader(file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err = readAll(r, 13*ch+1)
			if err != nil {
				t.Fatal(err)
			}
			equalSamples(t, got, scaled(samples, spec.width))
		})
	}
}

// TestFLACAgainstCommand reads what the reference encoder makes of WAV files of
// every width that those can have.
func TestFLACAgainstCommand(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	for width := 4; width <= 24; width++ {
		for _, rate := range []int{8000, 24000, 44100} {
			size := (width + 7) / 8
			const length = 9001
			samples := speechLike(rng, 2*less(length, 3), width)
			var body []byte
			for _, v := range samples { // WAV has narrow samples in the upper bits
				v <<= 8*size - width
				if size == 1 {
					v ^= 0x80
				}
				body = append(body, binary.LittleEndian.AppendUint32(nil, uint32(v))[:size]...)
			}
			wav := riff(chunk("fmt ", extensible(tagPCM, 2, rate, 8*size, width)), chunk("data", string(body)))
			file := command(t, wav, "flac", "-s", "-8", "-c", "--lax", "-")
			r, got := openAll(t, file, Options{})
			if r.Format() != (Format{rate, 2}) || r.Frames() != int64(less(length, 3)) {
				t.Errorf("%d bits: got %v, %d frames", width, r.Format(), r.Frames())
			}
			equalSamples(t, got, scaled(samples, width))
		}
	}
}

func TestFLACWide(t *testing.T) {
	file := command(t, make([]byte, 4000), "flac", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", "--channels=1",
		"--bps=32", "--sample-rate=16000", "-")
	if _, err := Open(bytes.NewReader(file), Options{}); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "32") {
		t.Errorf("32 bits: want unsupported, got %v", err)
	}
}

var monoSpec = flacSpec{16000, 16, frame.ChannelsMono, 400, frame.PredVerbatim}

func TestFLACMetadataAndTags(t *testing.T) {
	samples := speechLike(newRand(t), 2000, 16)
	file := flacFile(t, monoSpec, samples)
	const head = 8 + streamInfoLen
	more := bytes.Clone(file[:head])
	more[4] &^= 0x80 // STREAMINFO is not the last block any more
	more = append(more, "\x04\x00\x01\x00"+strings.Repeat("c", 256)...)
	more = append(more, "\x81\x01\x00\x01"+strings.Repeat("\x00", 65537)...)
	more = append(more, file[head:]...)
	for name, b := range map[string][]byte{
		"plain":         file,
		"more metadata": more,
		"ID3v2 before":  append([]byte(id3(1000)), file...),
		"ID3v1 behind":  append(bytes.Clone(file), "TAG"+strings.Repeat("\x00", 125)...),
	} {
		_, got := openAll(t, b, Options{})
		if len(got) != len(samples) {
			t.Errorf("%s: want %d samples, got %d", name, len(samples), len(got))
		}
	}
}

// TestFLACCut cuts a file everywhere: the header is malformed, then whole frames
// come, then an error that says that the input ended, except between frames.
func TestFLACCut(t *testing.T) {
	spec := monoSpec
	samples := scaled(speechLike(newRand(t), 800, 16), 16)
	file := flacFile(t, spec, speechFrom(samples))
	for n := range file {
		r, err := Open(bytes.NewReader(file[:n]), Options{Kind: KindFLAC})
		if n < 8+streamInfoLen {
			if !errors.Is(err, ErrMalformed) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut at %d: want a malformed header, got %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		got, err := readAll(r, 10000)
		if len(got)%400 != 0 {
			t.Fatalf("cut at %d: want whole frames of 400, got %d samples", n, len(got))
		}
		equalSamples(t, got, samples[:len(got)])
		if err != nil && (!errors.Is(err, ErrMalformed) || !errors.Is(err, io.ErrUnexpectedEOF)) {
			t.Fatalf("cut at %d: want unexpected EOF, got %v", n, err)
		}
	}
}

func speechFrom(s []int16) []int32 {
	out := make([]int32, len(s))
	for i, v := range s {
		out[i] = int32(v)
	}
	return out
}

// TestFLACDamage flips each bit of a file behind its header: every damage is
// noticed, no sample is made up. At 24 kHz the checksums are ours.
func TestFLACDamage(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{16000, 24000} {
		spec := flacSpec{rate, 16, frame.ChannelsMono, 75, frame.PredVerbatim}
		// A seed that is known to be good: of the bits that make a frame end somewhere else, one in 65,536 passes for a right one, because
		// that is how long its checksum is.
		samples := scaled(speechLike(rand.New(rand.NewPCG(1, 0)), 150, 16), 16)
		file := flacFile(t, spec, speechFrom(samples))
		for bit := 8 * (8 + streamInfoLen); bit < 8*len(file); bit++ {
			b := bytes.Clone(file)
			b[bit/8] ^= 1 << (bit % 8)
			r, err := Open(bytes.NewReader(b), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(r, 1000)
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%d Hz, bit %d: want malformed, got %v", rate, bit, err)
			}
			equalSamples(t, got, samples[:len(got)])
		}
	}
}

// reheader changes the first frame's header and mends the checksums.
func reheader(file []byte, change func(h []byte)) []byte {
	b := bytes.Clone(file)
	change(b[8+streamInfoLen:])
	mend(b)
	return b
}

// mend makes the checksums right of a frame that begins behind STREAMINFO, has a
// number of one byte, and ends with the file.
func mend(file []byte) {
	const at = 8 + streamInfoLen
	if len(file) < at+10 {
		return
	}
	n := at + 5
	switch file[at+2] >> 4 {
	case 6:
		n++
	case 7:
		n += 2
	}
	file[n] = flacHeaderCRC(file[at:n])
	s := newFlacFrames(nil, 0)
	s.add(file[at : len(file)-2])
	binary.BigEndian.PutUint16(file[len(file)-2:], s.crc)
}

func TestFLACMixedFormats(t *testing.T) {
	file := flacFile(t, flacSpec{16000, 16, frame.ChannelsMono, 300, frame.PredVerbatim}, speechLike(newRand(t), 300, 16))
	for _, c := range []struct {
		name   string
		change func(h []byte)
		word   string
	}{
		{"as it is", func([]byte) {}, ""},
		{"rate left to the stream", func(h []byte) { h[2] &= 0xf0 }, ""},
		{"width left to the stream", func(h []byte) { h[3] &= 0xf1 }, ""},
		{"other rate", func(h []byte) { h[2] = h[2]&0xf0 | 4 }, `"rate"`},
		{"24 kHz", func(h []byte) { h[2] = h[2]&0xf0 | 7 }, `"rate"`},
		{"176.4 kHz", func(h []byte) { h[2] = h[2]&0xf0 | 2 }, `"rate"`},
		{"other channels", func(h []byte) { h[3] = h[3]&0x0f | 0x10 }, `"channels"`},
		{"other width", func(h []byte) { h[3] = h[3]&0xf1 | 1<<1 }, `"bits per sample"`},
		{"block of 65536", func(h []byte) { h[5], h[6] = 0xff, 0xff }, `"block size"`},
	} {
		r, err := Open(bytes.NewReader(reheader(file, c.change)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(r, 1000)
		switch {
		case c.word == "" && (err != nil || len(got) != 300):
			t.Errorf("%s: want 300 samples, got %d and %v", c.name, len(got), err)
		case c.word != "" && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.word)):
			t.Errorf("%s: want malformed that speaks of %s, got %v", c.name, c.word, err)
		}
	}
}

func TestFLACHeaderRefuses(t *testing.T) {
	file := flacFile(t, monoSpec, speechLike(newRand(t), 300, 16))
	for _, c := range []struct {
		name   string
		change func(b []byte)
		mark   error
		word   string
	}{
		{"no magic", func(b []byte) { b[0] = 'g' }, ErrMalformed, `"fLaC"`},
		{"other first block", func(b []byte) { b[4] = 4 }, ErrMalformed, "STREAMINFO"},
		{"other length", func(b []byte) { b[7] = 35 }, ErrMalformed, "STREAMINFO"},
		{"rate 0", func(b []byte) { b[18], b[19], b[20] = 0, 0, b[20]&0x0f }, ErrMalformed, `"rate"`},
		{"rate 1048575", func(b []byte) { b[18], b[19], b[20] = 255, 255, b[20]|0xf0 }, ErrMalformed, `"rate"`},
		{"2 bits", func(b []byte) { b[20], b[21] = b[20]&^1, 1<<4|b[21]&15 }, ErrMalformed, `"bits per sample"`},
	} {
		b := bytes.Clone(file)
		c.change(b)
		if _, err := Open(bytes.NewReader(b), Options{Kind: KindFLAC}); !errors.Is(err, c.mark) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: want %v that speaks of %s, got %v", c.name, c.mark, c.word, err)
		}
	}
}

// TestFLACWritesNoLog holds what flacFrames is for.
func TestFLACWritesNoLog(t *testing.T) {
	var lines bytes.Buffer
	log.SetOutput(&lines)
	defer log.SetOutput(os.Stderr)
	for _, rate := range []int{24000, 176400} {
		file := flacFile(t, flacSpec{rate, 16, frame.ChannelsMono, 16, frame.PredVerbatim}, speechLike(newRand(t), 2000, 16))
		if _, got := openAll(t, file, Options{}); len(got) != 2000 {
			t.Errorf("%d Hz: want 2000 samples, got %d", rate, len(got))
		}
	}
	if lines.Len() > 0 {
		t.Errorf("want no log, got %q", lines.String())
	}
}

// TestFLACIsLive: a frame is given when it has arrived, though no other follows.
func TestFLACIsLive(t *testing.T) {
	samples := speechLike(newRand(t), 800, 16)
	for _, rate := range []int{16000, 24000} {
		spec := flacSpec{rate, 16, frame.ChannelsMono, 400, frame.PredVerbatim}
		whole, first := flacFile(t, spec, samples), flacFile(t, spec, samples[:400])
		pr, pw := io.Pipe()
		go func() { // ends when the test has read the last piece
			defer pw.Close()
			for _, piece := range [][]byte{whole[:len(first)], whole[len(first):]} {
				if _, err := pw.Write(piece); err != nil {
					return
				}
			}
		}()
		r, err := Open(pr, Options{Kind: KindFLAC})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]int16, 1000)
		for range 2 {
			if n, err := r.ReadSamples(buf); n != 400 || err != nil {
				t.Fatalf("%d Hz: want a frame of 400, got %d and %v", rate, n, err)
			}
		}
		if _, err := r.ReadSamples(buf); err != io.EOF {
			t.Errorf("want EOF, got %v", err)
		}
	}
}

func BenchmarkFLAC(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, rate := range []int{16000, 24000} {
		b.Run(strconv.Itoa(rate), func(b *testing.B) {
			file := flacFile(b, flacSpec{rate, 16, frame.ChannelsMono, 4096, frame.PredVerbatim}, speechLike(rng, rate, 16))
			buf := make([]int16, 4096)
			b.ReportAllocs()
			for b.Loop() { // one second of audio
				r, err := Open(bytes.NewReader(file), Options{})
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.ReadSamples(buf)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-realtime")
		})
	}
}

func FuzzOpenFLAC(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, spec := range []flacSpec{
		{16000, 16, frame.ChannelsMono, 64, frame.PredVerbatim}, {24000, 16, frame.ChannelsMono, 300, frame.PredVerbatim},
		{44100, 24, frame.ChannelsMidSide, 192, frame.PredVerbatim}, {8000, 8, frame.ChannelsLeftSide, 576, frame.PredVerbatim},
	} {
		for _, one := range []bool{false, true} {
			n := 300
			if one {
				n = min(spec.block, n)
			}
			f.Add(flacFile(f, spec, speechLike(rng, n*spec.channels.Count(), spec.width)), one)
		}
	}
	for _, h := range hostileHeaders {
		f.Add(h.file, false)
		f.Add(h.file, true)
	}
	// With the checksums of a single frame mended, what it holds is decoded.
	f.Fuzz(func(t *testing.T, file []byte, one bool) {
		if file = bytes.Clone(file); one {
			mend(file)
		}
		fuzzOpen(t, file, KindFLAC)
	})
}
