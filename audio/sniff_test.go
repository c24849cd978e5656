package audio

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mpegFrames is n frames with a header and a body that differs from frame to
// frame, unless same.
func mpegFrames(header string, n int, same bool) []byte {
	length, _, ok := mpegHeader([]byte(header))
	if !ok {
		panic("not an MPEG header")
	}
	var b []byte
	for i := range n {
		frame := make([]byte, length)
		copy(frame, header)
		if !same {
			frame[length-1] = byte(i + 1)
		}
		b = append(b, frame...)
	}
	return b
}

func adtsFrames(n, length int) []byte {
	var b []byte
	for i := range n {
		frame := make([]byte, length)
		copy(frame, []byte{0xff, 0xf1, 0x50, 0x80 | byte(length>>11), byte(length >> 3), byte(length<<5) | 0x1f, 0xfc})
		frame[length-1] = byte(i)
		b = append(b, frame...)
	}
	return b
}

// tsPackets is n packets of a transport stream that differ, unless same.
func tsPackets(length, offset, n int, same bool) []byte {
	b := make([]byte, n*length)
	for i := range n {
		copy(b[i*length+offset:], []byte{0x47, 0x40, 0x11, 0x10})
		if !same {
			b[i*length+offset+3] |= byte(i & 15)
		}
	}
	return b
}

const (
	mp3Header    = "\xff\xfb\x90\x64" // MPEG-1 layer III, 128 kbit/s, 44.1 kHz
	mp2Header    = "\xff\xfd\x84\x04" // MPEG-1 layer II, 128 kbit/s, 48 kHz
	mpeg2Header  = "\xff\xf3\x48\xc4" // MPEG-2 layer III, 32 kbit/s, 16 kHz
	flacMagic    = "fLaC\x00\x00\x00\x22"
	webmMagic    = "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
	matroskaHead = "\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x88matroska"
)

// id3 is an ID3v2.4 tag with a body of n bytes.
func id3(n int) string {
	return string([]byte{'I', 'D', '3', 4, 0, 0, byte(n >> 21), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}) +
		strings.Repeat("\x00", n)
}

// sniffCases: one table for the test, and the seeds of the fuzzer.
var sniffCases = []struct {
	name   string
	prefix string
	want   Kind
}{
	{"RIFF", "RIFF\x24\x00\x00\x00WAVE", KindWAV},
	{"RIFX", "RIFX\x00\x00\x00\x24WAVEfmt ", KindWAV},
	{"RF64", "RF64\xff\xff\xff\xffWAVEds64", KindWAV},
	{"AVI", "RIFF\x24\x00\x00\x00AVI LIST", KindAVI},
	{"RIFF of another form", "RIFF\x24\x00\x00\x00RMIDLIST", KindUnknown},
	{"FLV", "FLV\x01\x04\x00\x00\x00\x09", KindFLV},
	{"FLV with strange flags", "FLV\x01\x14\x00\x00\x00\x09", KindUnknown},
	{"MPEG-2 program stream", "\x00\x00\x01\xba\x44\x00\x04\x00\x04\x01\x00\x1f\x43\xf8\x00\x00\x01\xbb", KindMPEGPS},
	{"MPEG-1 program stream", "\x00\x00\x01\xba\x21\x00\x01\x00\x01\x80\x1b\x91\x00\x00\x01\xbb", KindMPEGPS},
	{"a pack header alone", "\x00\x00\x01\xba\x44\x00\x04\x00\x04\x01\x00\x1f\x43\xf8\x00\x00\x02\xbb", KindUnknown},
	{"MPEG-TS", string(tsPackets(188, 0, 6, false)), KindMPEGTS},
	{"M2TS", string(tsPackets(192, 4, 6, false)), KindMPEGTS},
	{"MPEG-TS, four packets", string(tsPackets(188, 0, 4, false)), KindUnknown},
	{"MPEG-TS packets all equal", string(tsPackets(188, 0, 9, true)), KindUnknown},
	{"QuickTime, index first", "\x00\x00\x02\x00moov\x00\x00\x00\x6cmvhd", KindMP4},
	{"QuickTime, samples first", "\x00\x00\x00\x08wide\x00\x00\x12\x34mdat", KindMP4},
	{"QuickTime, long samples", "\x00\x00\x00\x01mdat\x00\x00\x00\x01\x00\x00\x00\x00", KindMP4},
	{"QuickTime, samples that are too long", "\x00\x00\x00\x01mdat\xff\x00\x00\x01\x00\x00\x00\x00", KindUnknown},
	{"QuickTime with a short box", "\x00\x00\x00\x02moov\x00\x00\x00\x6cmvhd", KindUnknown},
	{"RIFF cut short", "RIFF\x24\x00\x00\x00WAV", KindUnknown},
	{"FLAC", flacMagic, KindFLAC},
	{"FLAC, only block", "fLaC\x80\x00\x00\x22", KindFLAC},
	{"FLAC without STREAMINFO", "fLaC\x01\x00\x00\x22", KindUnknown},
	{"FLAC cut short", "fLaC\x00\x00\x00", KindUnknown},
	{"FLAC behind a tag", id3(300) + flacMagic, KindFLAC},
	{"Ogg", "OggS\x00\x02\x00\x00\x00\x00\x00\x00", KindOgg},
	{"Ogg version 1", "OggS\x01\x02\x00\x00\x00\x00", KindUnknown},
	{"MP4", "\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", KindMP4},
	{"M4A", "\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00", KindMP4},
	{"MP4 with a long box", "\x00\x10\x00\x20ftypisom", KindUnknown},
	{"MP4 with a strange brand", "\x00\x00\x00\x20ftyp\x00som", KindUnknown},
	{"WebM", webmMagic, KindWebM},
	{"Matroska", matroskaHead, KindMatroska},
	{"EBML of another type", strings.Replace(webmMagic, "webm", "wxyz", 1), KindUnknown},
	{"AIFF", "FORM\x00\x00\x00\x00AIFFCOMM", KindAIFF},
	{"AIFC", "FORM\x00\x00\x00\x00AIFCFVER", KindAIFF},
	{"AU", ".snd\x00\x00\x00\x18\xff\xff\xff\xff\x00\x00\x00\x03\x00\x00\x3e\x80", KindAU},
	{"AU with encoding 0", ".snd\x00\x00\x00\x18\xff\xff\xff\xff\x00\x00\x00\x00", KindUnknown},
	{"CAF", "caff\x00\x01\x00\x00desc", KindCAF},
	{"AMR", "#!AMR\n\x3c\x91", KindAMR},
	{"AMR-WB", "#!AMR-WB\n\x44", KindAMR},
	{"ASF", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", KindASF},
	{"ID3", id3(20), KindMP3},
	{"ID3 header only", id3(2000)[:10], KindMP3},
	{"ID3 of version 9", strings.Replace(id3(20), "\x04", "\x09", 1), KindUnknown},
	{"ID3 with a bad length", "ID3\x04\x00\x00\x00\x80\x00\x00\x00\x00", KindUnknown},
	{"MP3", string(mpegFrames(mp3Header, 3, false)), KindMP3},
	{"MP2", string(mpegFrames(mp2Header, 2, false)), KindMP3},
	{"MPEG-2 layer III", string(mpegFrames(mpeg2Header, 4, false)), KindMP3},
	{"MP3, second frame incomplete", string(mpegFrames(mp3Header, 2, false)[:600]), KindUnknown},
	{"MP3 frames all equal", string(mpegFrames(mp3Header, 9, true)), KindUnknown},
	{"MP3 frames, then not", string(mpegFrames(mp3Header, 2, false)) + "no header here", KindUnknown},
	{"MP3 frames of two rates", string(mpegFrames(mp3Header, 1, false)) + string(mpegFrames(mp2Header, 3, false)), KindUnknown},
	{"AAC", string(adtsFrames(4, 200)), KindAAC},
	{"AAC frame alone", string(adtsFrames(1, 200)), KindUnknown},
	{"nothing", "", KindUnknown},
	{"one byte", "R", KindUnknown},
	{"text", "Hello, this is not audio at all, is it?", KindUnknown},
}

func TestSniff(t *testing.T) {
	for _, c := range sniffCases {
		if got := Sniff([]byte(c.prefix)); got != c.want {
			t.Errorf("%s: want %v, got %v", c.name, c.want, got)
		}
		if c.want != KindUnknown && len(c.prefix) < 500 {
			if got := Sniff([]byte(c.prefix + strings.Repeat("\x00", SniffLen))); got != c.want {
				t.Errorf("%s with more behind it: want %v, got %v", c.name, c.want, got)
			}
		}
	}
}

func TestMPEGFrameLengths(t *testing.T) {
	for _, c := range []struct {
		header string
		want   int
	}{
		{"\xff\xfb\x90\x64", 417}, {"\xff\xfb\x92\x64", 418}, {"\xff\xfb\xe8\x04", 1440}, {"\xff\xfd\xe8\x04", 1728},
		{"\xff\xfd\x84\x04", 384}, {"\xff\xf3\x48\xc4", 144}, {"\xff\xe3\x18\xc4", 72}, {"\xff\xf5\x40\x04", 208},
		{"\xff\xff\x90\x64", 0}, {"\xff\xf9\x90\x64", 0}, {"\xff\xeb\x90\x64", 0}, {"\xff\xfb\x00\x64", 0}, {"\xff\xfb\xf0\x64", 0}, {"\xff\xfb\x9c\x64", 0},
	} {
		if got, _, ok := mpegHeader([]byte(c.header)); got != c.want || ok != (c.want > 0) {
			t.Errorf("% x: want %d bytes, got %d", c.header, c.want, got)
		}
	}
}

// TestSniffNeverTakesPCM runs over what PCM looks like: silence, offsets, noise of
// every loudness, tones and square waves that repeat exactly.
func TestSniffNeverTakesPCM(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	check := func(what string, s []int16) {
		t.Helper()
		b := AppendBytes(nil, s)
		for _, n := range []int{len(b), 3200, 640, 320, 16} {
			if k := Sniff(b[:min(n, len(b))]); k != KindUnknown {
				t.Fatalf("%s, first %d bytes: want unknown, got %v", what, n, k)
			}
		}
	}
	buf := make([]int16, SniffLen/2)
	for v := math.MinInt16; v <= math.MaxInt16; v += 17 {
		for i := range buf {
			buf[i] = int16(v)
		}
		check(fmt.Sprintf("constant %d", v), buf)
	}
	for range 1000 { // noise of standard deviation 1 to 8000
		sigma := math.Exp(rng.Float64() * 9)
		for i := range buf {
			buf[i] = round16(rng.NormFloat64() * sigma)
		}
		check(fmt.Sprintf("noise of %.0f", sigma), buf)
	}
	for range 1000 { // exactly periodic, beginning like a frame header
		header := []string{mp3Header, mp2Header, mpeg2Header, "\xff\xf1\x50\x80"}[rng.IntN(4)]
		period := noise(rng, 2+rng.IntN(400))
		copy(period, AppendSamples(nil, []byte(header)))
		for i := range buf {
			buf[i] = period[i%len(period)]
		}
		check(fmt.Sprintf("period of %d samples", len(period)), buf)
	}
	for f := 50; f < 8000; f += 50 {
		check(fmt.Sprintf("tone of %d Hz", f), tone(48000, SniffLen/2, float64(f), 1000+rng.Float64()*31000))
	}
}

// TestSniffFiles recognises what a real encoder writes.
func TestSniffFiles(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(`needs the command "ffmpeg" of the Debian package "ffmpeg"`)
	}
	for _, c := range []struct {
		name string
		args string
		want Kind
	}{
		{"a.wav", "", KindWAV}, {"rf64.wav", "-rf64 always", KindWAV}, {"a.flac", "", KindFLAC}, {"a.ogg", "-c:a libopus", KindOgg},
		{"tag.mp3", "", KindMP3}, {"plain.mp3", "-id3v2_version 0 -write_xing 0", KindMP3}, {"xing.mp3", "-id3v2_version 0", KindMP3},
		{"low.mp3", "-id3v2_version 0 -ar 16000 -b:a 16k", KindMP3}, {"a.mp2", "-b:a 384k -ar 32000 -ac 2", KindMP3}, {"a.aac", "", KindAAC},
		{"a.m4a", "", KindMP4}, {"a.mp4", "", KindMP4}, {"a.webm", "-c:a libopus", KindWebM}, {"a.mka", "", KindMatroska},
		{"a.aiff", "", KindAIFF}, {"a.au", "", KindAU}, {"a.caf", "", KindCAF}, {"a.wma", "", KindASF}, {"a.ts", "-c:a aac", KindMPEGTS}, {"a.mpg", "-f mpeg", KindMPEGPS}, {"a.flv", "", KindFLV}, {"a.avi", "", KindAVI}, {"a.mov", "-movflags +empty_moov", KindMP4},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		args := []string{"-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=0.3:r=44100:a=0.3"}
		command(t, nil, "ffmpeg", append(append(args, strings.Fields(c.args)...), path)...)
		b := readFile(t, path)
		if got := Sniff(b[:min(len(b), SniffLen)]); got != c.want {
			t.Errorf("%s %s: want %v, got %v", c.name, c.args, c.want, got)
		}
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{KindUnknown: "unknown", KindRaw: "raw", KindWAV: "WAV", KindMatroska: "Matroska", KindASF: "ASF", 200: "unknown"} {
		if got := k.String(); got != want {
			t.Errorf("kind %d: want %q, got %q", k, want, got)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, c := range sniffCases {
		f.Add([]byte(c.prefix))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		before := bytes.Clone(p)
		k := Sniff(p)
		if !bytes.Equal(p, before) {
			t.Fatal("Sniff changed its input")
		}
		if k == KindRaw || k > KindAVI {
			t.Fatalf("want a container or unknown, got %v", k)
		}
		if again := Sniff(append(p[:min(len(p), SniffLen):min(len(p), SniffLen)], make([]byte, max(0, len(p)-SniffLen))...)); again != k {
			t.Fatalf("bytes behind SniffLen changed %v to %v", k, again)
		}
	})
}
