package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// madePage is a page as tests make them.
type madePage struct {
	flags   byte
	granule int64
	serial  uint32
	number  uint32
	lacing  []byte
	body    []byte
}

func (p madePage) bytes() []byte {
	le := binary.LittleEndian
	b := append([]byte("OggS\x00"), p.flags)
	b = le.AppendUint64(b, uint64(p.granule))
	b = le.AppendUint32(b, p.serial)
	b = le.AppendUint32(b, p.number)
	b = append(b, 0, 0, 0, 0, byte(len(p.lacing)))
	b = append(append(b, p.lacing...), p.body...)
	le.PutUint32(b[22:], newOggReader().checksum(b))
	return b
}

// mendOgg makes the checksums right of all pages that can be told apart.
func mendOgg(b []byte) []byte {
	for rest := b; len(rest) >= oggHeaderLen && string(rest[:5]) == "OggS\x00"; {
		n := oggHeaderLen + int(rest[26])
		if n > len(rest) {
			break
		}
		for _, l := range rest[oggHeaderLen:n] {
			n += int(l)
		}
		if n > len(rest) {
			break
		}
		binary.LittleEndian.PutUint32(rest[22:], newOggReader().checksum(rest[:n]))
		rest = rest[n:]
	}
	return b
}

// pages reads all pages of a file.
func pages(t testing.TB, file []byte) (all []madePage) {
	t.Helper()
	for r := newOggReader(); len(file) > 0; {
		pg, n, err := r.page(file)
		if err != nil || n == 0 {
			t.Fatalf("%v, %d bytes left", err, len(file))
		}
		all = append(all, madePage(pg))
		file = file[n:]
	}
	return all
}

func join(all []madePage) (b []byte) {
	for _, p := range all {
		b = append(b, p.bytes()...)
	}
	return b
}

// firstPages returns the bytes of the first n pages of a file.
func firstPages(file []byte, n int) []byte {
	r := newOggReader()
	at := 0
	for range n {
		_, length, _ := r.page(file[at:])
		at += length
	}
	return file[:at]
}

// endlessPages returns pages that follow each other, made by make.
func endlessPages(page func(number uint32) madePage) func() []byte {
	n := uint32(1)
	return func() []byte { n++; return page(n - 1).bytes() }
}

func full(n int) (lacing, body []byte) {
	return bytes.Repeat([]byte{255}, n), make([]byte, 255*n)
}

// tagPages is a comment header without an end.
func tagPages() func() []byte {
	return endlessPages(func(n uint32) madePage {
		p := madePage{number: n, granule: -1}
		p.lacing, p.body = full(255)
		if n > 1 {
			p.flags = oggContinued
		} else {
			copy(p.body, "OpusTags")
		}
		return p
	})
}

// packetPages is an Opus packet without an end.
func packetPages() func() []byte {
	return endlessPages(func(n uint32) madePage {
		p := madePage{number: n + 1, granule: -1}
		p.lacing, p.body = full(255)
		if n > 1 {
			p.flags = oggContinued
		}
		return p
	})
}

// otherPages is a stream that nobody asked for.
func otherPages() func() []byte {
	return endlessPages(func(n uint32) madePage {
		p := madePage{number: n, serial: 99, granule: -1}
		p.lacing, p.body = full(255)
		return p
	})
}

// packets takes the packets of audio out of a file, with its two headers.
func packets(t testing.TB, file []byte) (head, tags []byte, audio [][]byte) {
	t.Helper()
	var all [][]byte
	var part []byte
	for _, p := range pages(t, file) {
		for _, l := range p.lacing {
			part = append(part, p.body[:l]...)
			p.body = p.body[l:]
			if l < 255 {
				all = append(all, part)
				part = nil
			}
		}
	}
	return all[0], all[1], all[2:]
}

// muxer puts packets on pages, as many segments to a page as it is told each time.
type muxer struct {
	serial   uint32
	segments func() int
	granule  int64

	all  []madePage
	open madePage
	cont bool
}

func (m *muxer) page(granule int64) {
	m.open.number, m.open.serial, m.open.granule = uint32(len(m.all)), m.serial, granule
	m.all = append(m.all, m.open)
	m.open = madePage{}
	if m.cont {
		m.open.flags = oggContinued
	}
}

// header puts a packet on a page of its own.
func (m *muxer) header(p []byte, flags byte) {
	m.open.flags = flags
	for rest := p; ; rest = rest[255:] {
		n := min(len(rest), 255)
		m.open.lacing = append(m.open.lacing, byte(n))
		if n < 255 {
			break
		}
	}
	m.open.body = p
	m.page(0)
}

func (m *muxer) audio(all [][]byte) {
	left := m.segments()
	for _, p := range all {
		done := m.granule
		m.granule += int64(opusDuration(p))
		for rest := p; ; {
			n := min(len(rest), 255)
			m.open.lacing, m.open.body = append(m.open.lacing, byte(n)), append(m.open.body, rest[:n]...)
			rest = rest[n:]
			m.cont = n == 255
			left--
			if left <= 0 || len(m.open.lacing) == 255 {
				granule := m.granule
				if m.cont {
					granule = done
				}
				if m.cont && len(m.open.lacing)*255 == len(m.open.body) {
					granule = -1
				}
				m.page(granule)
				left = m.segments()
			}
			if n < 255 {
				break
			}
		}
	}
}

// end closes the stream at a position.
func (m *muxer) end(granule int64) []byte {
	if len(m.open.lacing) == 0 && len(m.all) > 2 { // the last packet ends on the page before
		m.open, m.all = m.all[len(m.all)-1], m.all[:len(m.all)-1]
	}
	m.open.flags |= oggLast
	m.page(granule)
	return join(m.all)
}

// Packets may stand on pages in any way: the samples are the same.
func TestOpusAnyPages(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	for _, name := range []string{"bursts-silk.ogg", "bursts-celt-stereo.ogg", "bursts-hybrid.ogg"} {
		file := readFile(t, "testdata/"+name)
		want := push(t, KindOgg, file)
		head, tags, audio := packets(t, file)
		original := pages(t, file)
		end := original[len(original)-1].granule
		for try := range 6 {
			m := &muxer{serial: rng.Uint32(), segments: func() int { return 1 + rng.IntN(1+rng.IntN(300)) }}
			if try == 0 {
				m.segments = single
			}
			m.header(head, oggFirst)
			m.header(tags, 0)
			m.audio(audio)
			p := push(t, KindOgg, m.end(end))
			if p.err != nil || p.rest != 0 {
				t.Fatalf("%s: %v, %d bytes of rest", name, p.err, p.rest)
			}
			equalSamples(t, p.samples, want.samples)
		}
	}
}

// remux makes a file of the packets of another, on pages of 30 packets.
func remux(t testing.TB, name string, change func(head []byte, audio *[][]byte, m *muxer)) []byte {
	t.Helper()
	head, tags, audio := packets(t, readFile(t, "testdata/"+name))
	m := &muxer{serial: 5, segments: func() int { return 30 }}
	head = bytes.Clone(head)
	change(head, &audio, m)
	m.header(head, oggFirst)
	m.header(tags, 0)
	m.audio(audio)
	return m.end(m.granule)
}

// Where the stream begins and ends is as its header and its pages say (RFC 7845, section 4).
func TestOpusTrimming(t *testing.T) {
	const packet = 960 // frames of bursts-silk.ogg, 61 of them
	whole := push(t, KindOgg, remux(t, "bursts-silk.ogg", func(head []byte, _ *[][]byte, _ *muxer) { head[10], head[11] = 0, 0 }))
	if len(whole.samples) != 61*packet {
		t.Fatalf("%d samples without any trimming, expected %d: %v", len(whole.samples), 61*packet, whole.err)
	}
	last := func(file []byte, granule int64) []byte {
		all := pages(t, file)
		all[len(all)-1].granule = granule
		return join(all)
	}
	plain := remux(t, "bursts-silk.ogg", func(head []byte, _ *[][]byte, _ *muxer) { head[10], head[11] = 0, 0 })
	for _, c := range []struct {
		name     string
		file     []byte
		from, to int
	}{
		{"pre-skip", remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, _ *muxer) { h[10], h[11] = 0x38, 0x01 }), 312, 61 * packet},
		{"pre-skip over packets", remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, _ *muxer) { h[10], h[11] = 0x00, 0x0f }), 3840, 61 * packet},
		{"pre-skip over all", remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, _ *muxer) { h[10], h[11] = 0xff, 0xff }), 61 * packet, 61 * packet},
		{"end in the last packet", last(plain, 60*packet+100), 0, 60*packet + 100},
		{"end on a packet", last(plain, 60*packet), 0, 60 * packet},
		{"end before the last page", last(plain, 30*packet), 0, 61 * packet}, // nonsense
		{"end behind the end", last(plain, 1000*packet), 0, 61 * packet},
		{"no position", last(plain, -1), 0, 61 * packet},
		{"position 0", last(plain, 0), 0, 61 * packet},
		{"begins later", last(remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, m *muxer) { h[10], h[11] = 0, 0; m.granule = 1e9 }), 1e9+60*packet+7), 0, 60*packet + 7},
	} {
		p := push(t, KindOgg, c.file)
		if p.err != nil {
			t.Errorf("%s: %v", c.name, p.err)
			continue
		}
		if len(p.samples) != c.to-c.from {
			t.Errorf("%s: %d samples, expected %d", c.name, len(p.samples), c.to-c.from)
			continue
		}
		equalSamples(t, p.samples, whole.samples[c.from:c.to])
	}
}

// Other streams in the file, streams one after another, lost pages, and packets of nothing.
func TestOpusCompany(t *testing.T) {
	file := readFile(t, "testdata/bursts-silk.ogg")
	want := push(t, KindOgg, file).samples
	own := pages(t, file)
	vorbis := pages(t, readFile(t, "testdata/bursts-vorbis.ogg"))
	for i := range vorbis {
		vorbis[i].serial = own[0].serial + 1
	}
	var mixed []madePage
	mixed = append(mixed, vorbis[0], own[0])
	for i := 1; i < max(len(own), len(vorbis)); i++ {
		for _, all := range [][]madePage{own, vorbis} {
			if i < len(all) {
				p := all[i]
				mixed = append(mixed, p)
			}
		}
	}
	p := push(t, KindOgg, join(mixed))
	if p.err != nil {
		t.Error("mixed:", p.err)
	}
	equalSamples(t, p.samples, want)

	p = push(t, KindOgg, file, file, file)
	if p.err != nil {
		t.Error("chained:", p.err)
	}
	equalSamples(t, p.samples, append(append(append([]int16{}, want...), want...), want...))

	p = push(t, KindOgg, file, readFile(t, "testdata/bursts-celt-stereo.ogg"))
	if !errors.Is(p.err, ErrMalformed) || !strings.Contains(p.err.Error(), `"channels"`) {
		t.Errorf("chained with another number of channels: got %v", p.err)
	}

	empty := remux(t, "bursts-silk.ogg", func(_ []byte, audio *[][]byte, _ *muxer) {
		*audio = append([][]byte{{}}, append(*audio, nil)...)
	})
	if p = push(t, KindOgg, empty); p.err != nil || len(p.samples) < len(want) {
		t.Errorf("empty packets: %d samples, %v", len(p.samples), p.err)
	}

	few := remux(t, "bursts-silk.ogg", func(_ []byte, _ *[][]byte, m *muxer) { m.segments = func() int { return 7 } })
	all := pages(t, few)
	lost := append(append([]madePage{}, all[:4]...), all[5:]...)
	if p = push(t, KindOgg, join(lost)); p.err != nil || len(p.samples) < len(want)*8/10 || len(p.samples) >= len(want)+312 {
		t.Errorf("a lost page: %d samples of %d, %v", len(p.samples), len(want), p.err)
	}
}

// What is in the container but not Opus, or not Opus that is read, is named.
func TestOpusRefuses(t *testing.T) {
	head := func(change func(h []byte)) []byte {
		return remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, _ *muxer) { change(h) })
	}
	long := func(h []byte) []byte { // a header with a channel mapping
		m := &muxer{serial: 5, segments: func() int { return 30 }}
		old, tags, audio := packets(t, readFile(t, "testdata/bursts-celt-stereo.ogg"))
		m.header(append(bytes.Clone(old[:18]), h...), oggFirst)
		m.header(tags, 0)
		m.audio(audio)
		return m.end(m.granule)
	}
	file := readFile(t, "testdata/bursts-silk.ogg")
	all := pages(t, file)
	for _, c := range []struct {
		name string
		file []byte
		mark error
		word string
	}{
		{"Vorbis", readFile(t, "testdata/bursts-vorbis.ogg"), ErrUnsupported, "Vorbis; want Opus"},
		{"from the middle", join(all[2:]), ErrMalformed, "its middle"},
		{"no comments", join(append(all[:1:1], all[2:]...)), ErrMalformed, "OpusTags"},
		{"no Ogg", []byte("Oggy and the cockroaches, an animated series"), ErrMalformed, "OggS"},
		{"version 16", head(func(h []byte) { h[8] = 16 }), ErrUnsupported, "version 16"},
		{"no channels", head(func(h []byte) { h[9] = 0 }), ErrMalformed, `"channels"`},
		{"3 channels", head(func(h []byte) { h[9] = 3 }), ErrUnsupported, "3 channels"},
		{"mapping without its table", head(func(h []byte) { h[18] = 1 }), ErrMalformed, "channel mapping"},
		{"family 255", long([]byte{255, 2, 0, 0, 1}), ErrUnsupported, "family 255"},
		{"two streams", long([]byte{1, 2, 0, 0, 1}), ErrUnsupported, "2 streams"},
		{"crossed channels", long([]byte{1, 1, 1, 1, 0}), ErrUnsupported, "channel mapping"},
		{"a short header", join([]madePage{{flags: oggFirst, lacing: []byte{10}, body: []byte("OpusHead\x01\x01")}}), ErrMalformed, "19 bytes"},
		{"a packet of 120 ms and more", remux(t, "bursts-silk.ogg", func(_ []byte, a *[][]byte, _ *muxer) { *a = append(*a, []byte{3<<3 | 3, 3}) }), ErrMalformed, "120 ms"},
		{"a packet without its count", remux(t, "bursts-silk.ogg", func(_ []byte, a *[][]byte, _ *muxer) { *a = append(*a, []byte{3<<3 | 3}) }), ErrMalformed, "no frames"},
		{"a packet that breaks the rules", remux(t, "bursts-silk.ogg", func(_ []byte, a *[][]byte, _ *muxer) { *a = append(*a, []byte{9<<3 | 1, 1, 2, 3, 4, 5}[:4]) }), ErrMalformed, "a packet of 4 bytes"},
	} {
		p := push(t, KindOgg, c.file)
		if !errors.Is(p.err, c.mark) || !strings.Contains(p.err.Error(), c.word) {
			t.Errorf("%s: want %v that speaks of %q, got %v", c.name, c.mark, c.word, p.err)
		}
		if _, err := Open(bytes.NewReader(c.file), Options{Kind: KindOgg}); err != nil {
			checkKnownError(t, err)
		}
	}
	if p := push(t, KindOgg, long([]byte{1, 1, 1, 0, 1})); p.err != nil || p.header.Format.Channels != 2 {
		t.Errorf("one stream of two channels by mapping family 1: %v, %v", p.header, p.err)
	}
}

func TestOpusGain(t *testing.T) {
	plain := push(t, KindOgg, readFile(t, "testdata/bursts-silk.ogg"))
	for _, gain := range []int16{6 * 256, -6 * 256, 60 * 256, 1} {
		factor := math.Pow(10, float64(gain)/256/20)
		p := push(t, KindOgg, remux(t, "bursts-silk.ogg", func(h []byte, _ *[][]byte, _ *muxer) {
			binary.LittleEndian.PutUint16(h[16:], uint16(gain))
		}))
		if p.err != nil {
			t.Fatal(p.err)
		}
		for i, s := range plain.samples {
			want := max(min(float64(s)*factor, 32767), -32768)
			if got := float64(p.samples[i]); got < want-1 || got > want+1 {
				t.Fatalf("gain %d: sample %d is %v, expected %v", gain, i, got, want)
			}
		}
	}
}

// A silence of packets without data (discontinuous transmission) is silence.
func TestOpusSilence(t *testing.T) {
	for _, name := range []string{"bursts-silk.ogg", "bursts-hybrid.ogg", "bursts-celt-stereo.ogg"} {
		var at, n int
		file := remux(t, name, func(_ []byte, audio *[][]byte, _ *muxer) {
			all := *audio
			for _, p := range all[:len(all)/2] {
				at += opusDuration(p)
			}
			toc := all[len(all)/2-1][0] &^ 3
			quiet := make([][]byte, 50)
			for i := range quiet {
				quiet[i] = []byte{toc}
			}
			n = 50 * opusDuration(quiet[0])
			*audio = append(append(append([][]byte{}, all[:len(all)/2]...), quiet...), all[len(all)/2:]...)
		})
		p := push(t, KindOgg, file)
		if p.err != nil {
			t.Errorf("%s: %v", name, p.err)
			continue
		}
		ch := p.header.Format.Channels
		gap := p.samples[(at+n/2)*ch : (at+n-960)*ch]
		if rms, peak := Level(gap); rms > 0.005 {
			t.Errorf("%s: in the gap the level is %.3f, the peak %.3f", name, rms, peak)
		}
	}
}

// TestOpusAgainstCommand reads what ffmpeg's encoder makes in all modes, and compares with what its decoder makes of that.
func TestOpusAgainstCommand(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		rate, channels int
		args           string
		least          float64 // dB
	}{
		{8000, 1, "-b:a 12k -application voip", 45}, {12000, 1, "-b:a 14k -application voip", 45}, {16000, 1, "-b:a 16k -application voip", 45},
		{16000, 2, "-b:a 24k -application voip", 45}, {24000, 1, "-b:a 32k -application voip", 45}, {48000, 1, "-b:a 24k -application voip", 45},
		{48000, 2, "-b:a 64k", 45}, {48000, 1, "-b:a 64k -application lowdelay -frame_duration 2.5", 45}, {48000, 2, "-b:a 96k -frame_duration 5", 45},
		{16000, 1, "-b:a 16k -frame_duration 60", 45}, {16000, 1, "-b:a 16k -frame_duration 120", 45}, {48000, 1, "-b:a 6k -vbr off", 45},
	} {
		voice := speechLike(rng, less(c.rate*2, 3)*c.channels, 16)
		raw := AppendBytes(nil, scaled(voice, 16))
		in := []string{"-v", "error", "-f", "s16le", "-ar", strconv.Itoa(c.rate), "-ac", strconv.Itoa(c.channels), "-i", "-", "-c:a", "libopus"}
		file := command(t, raw, "ffmpeg", append(append(in, strings.Fields(c.args)...), "-f", "ogg", "-")...)
		want := AppendSamples(nil, command(t, file, "ffmpeg", "-v", "error", "-c:a", "libopus", "-i", "-", "-f", "s16le", "-"))
		p := push(t, KindOgg, file)
		if p.err != nil || p.header.SourceRate != c.rate || p.header.Format.Channels != c.channels {
			t.Errorf("%d Hz %d ch %s: %v, %v", c.rate, c.channels, c.args, p.header, p.err)
			continue
		}
		if db := snr(t, p.samples, want); db < c.least {
			t.Errorf("%d Hz %d ch %s: %.1f dB, expected %.0f at least", c.rate, c.channels, c.args, db, c.least)
		} else {
			t.Logf("%d Hz %d ch %s: %.1f dB", c.rate, c.channels, c.args, db)
		}
		r, got := openAll(t, file, Options{})
		if r.Kind() != KindOgg || r.Frames() != 0 {
			t.Errorf("opened as %v of %d frames", r.Kind(), r.Frames())
		}
		equalSamples(t, got, p.samples)
	}
}

// TestOpusIsLive: what stands on a page is given when the page has arrived, though no other follows.
func TestOpusIsLive(t *testing.T) {
	file := remux(t, "bursts-silk.ogg", func(_ []byte, _ *[][]byte, m *muxer) { m.segments = func() int { return 10 } })
	want := push(t, KindOgg, file).samples
	pr, pw := io.Pipe()
	more := make(chan int, 1)
	go func() { // ends when the test has closed the channel or the pipe
		defer pw.Close()
		rest := file
		for n := range more {
			if _, err := pw.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	headed := len(firstPages(file, 1))
	more <- headed
	r, err := Open(pr, Options{Kind: KindOgg})
	if err != nil {
		t.Fatal(err)
	}
	more <- len(firstPages(file, 3)) - headed
	var got []int16
	buf := make([]int16, 500)
	for len(got) < 10*960-312 { // ten packets but for what is to be left out
		n, err := r.ReadSamples(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	equalSamples(t, got, want[:10*960-312])
	_ = pw.CloseWithError(errors.New("the line is dead"))
	close(more)
	if _, err := r.ReadSamples(buf); err == nil || !strings.Contains(err.Error(), "the line is dead") {
		t.Errorf("got %v", err)
	}
}

// TestOggHeadersThatLie lets every field of the first pages claim every extreme, with the checksums made right.
func TestOggHeadersThatLie(t *testing.T) {
	t.Parallel()
	file := readFile(t, "testdata/bursts-silk.ogg")
	if raced {
		file = remux(t, "bursts-silk.ogg", func(_ []byte, audio *[][]byte, _ *muxer) { *audio = (*audio)[:10] })
	}
	second := len(firstPages(file, 1))
	for _, f := range []field{
		{"flags", 5, 1}, {"granule", 6, 4}, {"granule, above", 10, 4}, {"serial", 14, 4}, {"number", 18, 4}, {"segments", 26, 1}, {"lacing", 27, 1},
		{"Opus version", 36, 1}, {"channels", 37, 1}, {"pre-skip", 38, 2}, {"rate", 40, 4}, {"gain", 44, 2}, {"family", 46, 1},
		{"second flags", second + 5, 1}, {"second granule", second + 6, 4}, {"second serial", second + 14, 4}, {"second number", second + 18, 4}, {"second segments", second + 26, 1},
		{"second lacing", second + 27, 1}, {"second magic", second + 28, 4},
	} {
		for _, claim := range []uint64{0, 1, 1<<(8*f.size-1) - 1, 1<<(8*f.size) - 1} {
			b := bytes.Clone(file)
			put(b, KindOgg, f, claim)
			name := f.name + " says " + strconv.FormatUint(claim, 16)
			lie(t, name, b, KindOgg)
			lie(t, name+", mended", mendOgg(b), KindOgg)
		}
	}
}
