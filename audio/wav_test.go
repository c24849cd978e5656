package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

func le16(v ...int) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return string(b)
}

func le32(v ...uint32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return string(b)
}

// chunk is one RIFF chunk, padded to an even length.
func chunk(id, body string) string {
	pad := ""
	if len(body)%2 == 1 {
		pad = "\x00"
	}
	return id + le32(uint32(len(body))) + body + pad
}

func riff(chunks ...string) []byte {
	body := "WAVE" + strings.Join(chunks, "")
	return []byte("RIFF" + le32(uint32(len(body))) + body)
}

// fmtBody is a fmt chunk's body without extension.
func fmtBody(tag, channels, rate, bits int) string {
	align := channels * ((bits + 7) / 8)
	return le16(tag, channels) + le32(uint32(rate), uint32(rate*align)) + le16(align, bits)
}

// extensible is a fmt chunk's body of WAVE_FORMAT_EXTENSIBLE.
func extensible(sub, channels, rate, bits, valid int) string {
	return fmtBody(tagExtensible, channels, rate, bits) + le16(22, valid) + le32(3) + le16(sub) + subFormatTail
}

func f32(v ...float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return string(b)
}

func f64(v ...float64) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return string(b)
}

// wavCases: one table for the test and for the seeds of the fuzzer.
var wavCases = []struct {
	name   string
	file   []byte
	format Format
	frames int64
	want   []int16
}{
	{"16 bits", riff(chunk("fmt ", fmtBody(1, 1, 16000, 16)), chunk("data", le16(0, 1, -1, 32767, -32768))),
		Format{16000, 1}, 5, []int16{0, 1, -1, 32767, -32768}},
	{"8 bits", riff(chunk("fmt ", fmtBody(1, 1, 8000, 8)), chunk("data", "\x80\x00\xff")),
		Format{8000, 1}, 3, []int16{0, -32768, 127 << 8}},
	{"24 bits", riff(chunk("fmt ", fmtBody(1, 1, 48000, 24)), chunk("data", "\x00\x01\x00\x7f\x00\x00\x80\x00\x00\xff\xff\x7f\x00\x00\x80\x80\xff\xff\x7f\xff\xff")),
		Format{48000, 1}, 7, []int16{1, 0, 1, 32767, -32768, 0, -1}},
	{"32 bits", riff(chunk("fmt ", fmtBody(1, 2, 48000, 32)), chunk("data", le32(0x00017fff, 0x00018000, 0x7fffffff, 0x80000000))),
		Format{48000, 2}, 2, []int16{1, 2, 32767, -32768}},
	{"20 of 24 bits", riff(chunk("fmt ", extensible(1, 1, 48000, 24, 20)), chunk("data", "\x00\x00\x40")),
		Format{48000, 1}, 1, []int16{16384}},
	{"12 bits", riff(chunk("fmt ", fmtBody(1, 1, 8000, 12)), chunk("data", "\xf0\x7f")),
		Format{8000, 1}, 1, []int16{0x7ff0}},
	{"float 32", riff(chunk("fmt ", fmtBody(3, 1, 44100, 32)), chunk("data", f32(0, 0.5, -1, 1, 7, -7, float32(math.NaN()), 1.5/32768))),
		Format{44100, 1}, 8, []int16{0, 16384, -32768, 32767, 32767, -32768, 0, 2}},
	{"float 64", riff(chunk("fmt ", fmtBody(3, 1, 44100, 64)), chunk("data", f64(0.25, math.Inf(-1), -0.4/32768))),
		Format{44100, 1}, 3, []int16{8192, -32768, 0}},
	{"A-law", riff(chunk("fmt ", fmtBody(6, 1, 8000, 8)+le16(0)), chunk("fact", le32(2)), chunk("data", "\xd5\xaa")),
		Format{8000, 1}, 2, []int16{8, 32256}},
	{"µ-law", riff(chunk("fmt ", fmtBody(7, 2, 8000, 8)+le16(0)), chunk("data", "\xff\x00")),
		Format{8000, 2}, 1, []int16{0, -32124}},
	{"extensible", riff(chunk("fmt ", extensible(1, 2, 16000, 16, 16)), chunk("data", le16(3, 4))),
		Format{16000, 2}, 1, []int16{3, 4}},
	{"extensible float", riff(chunk("fmt ", extensible(3, 1, 16000, 32, 32)), chunk("data", f32(-0.5))),
		Format{16000, 1}, 1, []int16{-16384}},
	{"other chunks, odd ones padded", riff(chunk("LIST", "odd"), chunk("fmt ", fmtBody(1, 1, 16000, 16)+"more"), chunk("junk", "\x01"), chunk("data", le16(9)), chunk("id3 ", "tail")),
		Format{16000, 1}, 1, []int16{9}},
	{"size 0: to the end", []byte("RIFF" + le32(0) + "WAVE" + chunk("fmt ", fmtBody(1, 1, 16000, 16)) + "data" + le32(0) + le16(1, 2, 3)),
		Format{16000, 1}, 0, []int16{1, 2, 3}},
	{"size of ffmpeg's pipe", []byte("RIFF" + le32(math.MaxUint32) + "WAVE" + chunk("fmt ", fmtBody(1, 1, 16000, 16)) + "data" + le32(math.MaxUint32) + le16(1, 2)),
		Format{16000, 1}, 0, []int16{1, 2}},
	{"size of sox's pipe", []byte("RIFF" + le32(0x7ffff024) + "WAVE" + chunk("fmt ", fmtBody(1, 1, 16000, 16)) + "data" + le32(0x7ffff000) + le16(1, 2)),
		Format{16000, 1}, 0, []int16{1, 2}},
	{"shorter than it says", []byte("RIFF" + le32(1000) + "WAVE" + chunk("fmt ", fmtBody(1, 2, 16000, 16)) + "data" + le32(400) + le16(1, 2, 3) + "\x04"),
		Format{16000, 2}, 100, []int16{1, 2}},
	{"odd size", riff(chunk("fmt ", fmtBody(1, 1, 16000, 16)), chunk("data", le16(5)+"\x06")),
		Format{16000, 1}, 1, []int16{5}},
	{"no samples", riff(chunk("fmt ", fmtBody(1, 1, 16000, 16)), chunk("data", "")),
		Format{16000, 1}, 0, nil},
	{"RF64", []byte("RF64" + le32(math.MaxUint32) + "WAVE" + chunk("ds64", le32(100, 0, 6, 0, 3, 0, 0)) + chunk("fmt ", fmtBody(1, 1, 16000, 16)) + "data" + le32(math.MaxUint32) + le16(1, 2, 3) + "not audio"),
		Format{16000, 1}, 3, []int16{1, 2, 3}},
	{"RF64 with an absurd size", []byte("RF64" + le32(math.MaxUint32) + "WAVE" + chunk("ds64", strings.Repeat("\xff", 28)) + chunk("fmt ", fmtBody(1, 1, 16000, 16)) + "data" + le32(math.MaxUint32) + le16(1)),
		Format{16000, 1}, 0, []int16{1}},
}

func TestOpenWAV(t *testing.T) {
	for _, c := range wavCases {
		t.Run(c.name, func(t *testing.T) {
			r, got := openAll(t, c.file, Options{})
			if r.Kind() != KindWAV || r.Format() != c.format || r.Frames() != c.frames {
				t.Errorf("want WAV, %v, %d frames; got %v, %v, %d", c.format, c.frames, r.Kind(), r.Format(), r.Frames())
			}
			if want := FramesToDuration(c.frames, c.format.Rate); r.Duration() != want {
				t.Errorf("duration: want %v, got %v", want, r.Duration())
			}
			equalSamples(t, got, c.want)
			if want := int64(len(c.want) / c.format.Channels); r.Position() != want {
				t.Errorf("position: want %d, got %d", want, r.Position())
			}
		})
	}
}

// wavFaults are files that must be refused, with a word that the error must hold.
var wavFaults = []struct {
	name string
	file []byte
	mark error
	word string
}{
	{"no channels", riff(chunk("fmt ", fmtBody(1, 0, 16000, 16)), chunk("data", "")), ErrMalformed, `"channels"`},
	{"many channels", riff(chunk("fmt ", fmtBody(1, 65535, 16000, 8)), chunk("data", "")), ErrMalformed, `"channels"`},
	{"rate 0", riff(chunk("fmt ", fmtBody(1, 1, 0, 16)), chunk("data", "")), ErrMalformed, `"rate"`},
	{"highest rate", riff(chunk("fmt ", le16(1, 1)+le32(math.MaxUint32, 0)+le16(2, 16)), chunk("data", "")), ErrMalformed, `"rate"`},
	{"block align 0", riff(chunk("fmt ", le16(1, 1)+le32(16000, 32000)+le16(0, 16)), chunk("data", "")), ErrMalformed, `"block align"`},
	{"block align lies", riff(chunk("fmt ", le16(1, 1)+le32(16000, 32000)+le16(60000, 16)), chunk("data", "")), ErrMalformed, `"block align"`},
	{"0 bits", riff(chunk("fmt ", le16(1, 1)+le32(16000, 32000)+le16(2, 0)), chunk("data", "")), ErrMalformed, `"bits per sample"`},
	{"64 bits PCM", riff(chunk("fmt ", fmtBody(1, 1, 16000, 64)), chunk("data", "")), ErrMalformed, `"bits per sample"`},
	{"16 bits float", riff(chunk("fmt ", fmtBody(3, 1, 16000, 16)), chunk("data", "")), ErrMalformed, `"bits per sample"`},
	{"16 bits A-law", riff(chunk("fmt ", fmtBody(6, 1, 16000, 16)), chunk("data", "")), ErrMalformed, `"bits per sample"`},
	{"ADPCM", riff(chunk("fmt ", fmtBody(2, 1, 16000, 4)), chunk("data", "")), ErrUnsupported, "0x0002"},
	{"other GUID", riff(chunk("fmt ", strings.Replace(extensible(1, 1, 16000, 16, 16), "\x10\x00\x80", "\x99\x00\x80", 1)), chunk("data", "")), ErrUnsupported, "sub-format"},
	{"extensible cut short", riff(chunk("fmt ", fmtBody(tagExtensible, 1, 16000, 16)), chunk("data", "")), ErrMalformed, "40 bytes"},
	{"short fmt", riff(chunk("fmt ", "0123456789"), chunk("data", "")), ErrMalformed, "16 bytes"},
	{"short ds64", riff(chunk("ds64", "0123456789"), chunk("data", "")), ErrMalformed, "24 bytes"},
	{"data before fmt", riff(chunk("data", "1234"), chunk("fmt ", fmtBody(1, 1, 16000, 16))), ErrMalformed, `"fmt "`},
	{"no data", riff(chunk("fmt ", fmtBody(1, 1, 16000, 16))), ErrMalformed, "ends inside"},
	{"ends in a chunk header", append(riff(chunk("fmt ", fmtBody(1, 1, 16000, 16))), "dat"...), ErrMalformed, "ends inside"},
	{"ends in fmt", riff(chunk("fmt ", fmtBody(1, 1, 16000, 16)))[:26], ErrMalformed, "ends inside"},
	{"ends in ds64", riff(chunk("ds64", strings.Repeat("x", 28)))[:26], ErrMalformed, "ends inside"},
	{"huge chunk", []byte("RIFF" + le32(0) + "WAVE" + "LIST" + le32(math.MaxUint32) + "x"), ErrMalformed, "ends inside"},
	{"RIFX", []byte("RIFX" + le32(0) + "WAVE"), ErrUnsupported, "RIFX"},
}

func TestOpenWAVRefuses(t *testing.T) {
	for _, c := range wavFaults {
		_, err := Open(bytes.NewReader(c.file), Options{})
		if !errors.Is(err, c.mark) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: want %v that speaks of %s, got %v", c.name, c.mark, c.word, err)
		}
	}
	if _, err := Open(strings.NewReader("no RIFF here, really"), Options{Kind: KindWAV}); !errors.Is(err, ErrMalformed) {
		t.Errorf("told to be WAV: want malformed, got %v", err)
	}
}

// endless repeats the byte 1, which as FLAC metadata is padding in blocks of 65793
// bytes, and counts.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestOpenHugeHeaders: a chunk of 4 GiB before the samples is given up at the
// limit and takes no memory.
func TestOpenHugeHeaders(t *testing.T) {
	for name, head := range map[string]string{
		"WAV":  "RIFF" + le32(0) + "WAVE" + "LIST" + le32(math.MaxUint32-1),
		"FLAC": "fLaC\x00\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00\x03\xe8\x00\xf0\x00\x00\x00\x00" + strings.Repeat("\x00", 16),
	} {
		rest := &endless{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(io.MultiReader(strings.NewReader(head), rest), Options{})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: want malformed, got %v", name, err)
		}
		if rest.read > maxHeader+bufferSize {
			t.Errorf("%s: want %d bytes read at most, got %d", name, maxHeader, rest.read)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: want less than 1 MiB allocated, got %d bytes", name, used)
		}
	}
}

func TestWriteWAVHeader(t *testing.T) {
	for _, c := range []struct {
		format Format
		frames int64
	}{{Format{16000, 1}, 3}, {Format{44100, 2}, 1}, {Format{MaxFormatRate, MaxChannels}, 2}, {Format{8000, 1}, -1}, {Format{8000, 1}, 0}} {
		count := c.frames
		if count < 0 {
			count = 5
		}
		samples := noise(newRand(t), int(count)*c.format.Channels)
		var b bytes.Buffer
		if err := WriteWAVHeader(&b, c.format, c.frames); err != nil || b.Len() != 44 {
			t.Fatalf("%v: want 44 bytes, got %d and %v", c, b.Len(), err)
		}
		b.Write(AppendBytes(nil, samples))
		r, got := openAll(t, b.Bytes(), Options{})
		if r.Format() != c.format || r.Frames() != max(c.frames, 0) {
			t.Errorf("%v: got %v and %d frames", c, r.Format(), r.Frames())
		}
		equalSamples(t, got, samples)
	}
	if err := WriteWAVHeader(io.Discard, Format{16000, 1}, 1<<31); !errors.Is(err, ErrUnsupported) {
		t.Errorf("4 GiB: want unsupported, got %v", err)
	}
	if err := WriteWAVHeader(io.Discard, Format{}, 1); !errors.Is(err, ErrMalformed) {
		t.Errorf("no format: want malformed, got %v", err)
	}
}

// TestWAVAgainstSox lets sox write each encoding and reads it back, and lets sox
// read a header of ours.
func TestWAVAgainstSox(t *testing.T) {
	src := tone(16000, 16000, 440, 20000)
	raw := AppendBytes(nil, src)
	for _, args := range []string{"-b 8 -e unsigned", "-b 16 -e signed", "-b 24 -e signed", "-b 32 -e signed", "-b 32 -e float", "-b 64 -e float", "-e a-law -b 8", "-e mu-law -b 8"} {
		in := strings.Fields("-D -t raw -r 16000 -c 1 -b 16 -e signed - " + args + " -t wav -")
		r, got := openAll(t, command(t, raw, "sox", in...), Options{})
		if r.Format() != (Format{16000, 1}) {
			t.Errorf("%s: got %v", args, r.Format())
		}
		want := 60.0 // nothing but the wider encodings is exact
		switch {
		case strings.Contains(args, "law"):
			want = 35
		case strings.Contains(args, "-b 8"):
			want = 40
		}
		if db := snr(t, got, src); db < want {
			t.Errorf("%s: want %v dB, got %.1f", args, want, db)
		}
	}
	var b bytes.Buffer
	if err := WriteWAVHeader(&b, Format{16000, 1}, int64(len(src))); err != nil {
		t.Fatal(err)
	}
	b.Write(raw)
	if got := command(t, b.Bytes(), "sox", "-t", "wav", "-", "-t", "raw", "-"); !bytes.Equal(got, raw) {
		t.Error("sox read other samples than were written")
	}
}

func TestWAVDurationIsExact(t *testing.T) {
	r, _ := openAll(t, riff(chunk("fmt ", fmtBody(1, 1, 8000, 16)), chunk("data", strings.Repeat("ab", 12345))), Options{})
	if r.Duration() != 1543125*time.Microsecond {
		t.Errorf("12345 frames at 8 kHz: want 1.543125 s, got %v", r.Duration())
	}
}

func FuzzOpenWAV(f *testing.F) {
	for _, c := range wavCases {
		f.Add(c.file)
	}
	for _, c := range wavFaults {
		f.Add(c.file)
	}
	for _, h := range hostileHeaders {
		f.Add(h.file) // those of the other kind as well
	}
	f.Fuzz(func(t *testing.T, file []byte) { fuzzOpen(t, file, KindWAV) })
}
