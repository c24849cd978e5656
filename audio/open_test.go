package audio

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// fuzzOpen opens and reads whatever comes. What can be read must be whole frames,
// the same ones however it is read, and survive being written as WAV.
func fuzzOpen(t *testing.T, file []byte, kind Kind) {
	r, err := Open(bytes.NewReader(file), Options{Kind: kind})
	if err != nil {
		checkKnownError(t, err)
		return
	}
	if err := r.Format().Validate(); err != nil {
		t.Fatalf("opened with a bad format: %v", err)
	}
	if r.Frames() < 0 || r.Duration() < 0 {
		t.Fatalf("want no negative length, got %d frames, %v", r.Frames(), r.Duration())
	}
	first, err := readAll(r, 4096)
	checkKnownError(t, err)
	if len(first)%r.Format().Channels != 0 || r.Position() != int64(len(first)/r.Format().Channels) {
		t.Fatalf("%d samples of %v at position %d", len(first), r.Format(), r.Position())
	}
	again, err2 := Open(iotest.HalfReader(bytes.NewReader(file)), Options{Kind: kind})
	if err2 != nil {
		t.Fatalf("opened once, then: %v", err2)
	}
	second, err2 := readAll(again, 3*MaxChannels+1)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("first %v, then %v", err, err2)
	}
	equalSamples(t, second, first)
	var b bytes.Buffer
	if err := WriteWAVHeader(&b, r.Format(), r.Position()); err != nil {
		t.Fatal(err)
	}
	b.Write(AppendBytes(nil, first))
	_, third := openAll(t, b.Bytes(), Options{})
	equalSamples(t, third, first)
}

func TestOpenRaw(t *testing.T) {
	for _, c := range []struct {
		enc  Encoding
		ch   int
		in   string
		want []int16
	}{
		{EncodingS16, 1, "\x01\x00\xff\xff", []int16{1, -1}},
		{EncodingS16, 1, "\x01\x00\xff", []int16{1}}, // an odd byte is left out
		{EncodingS16, 2, "\x01\x00\x02\x00\x03\x00", []int16{1, 2}},
		{EncodingU8, 1, "\x81", []int16{256}},
		{EncodingMuLaw, 1, "\x00\xff", []int16{-32124, 0}},
		{EncodingALaw, 2, "\xd5\x55\xd5", []int16{8, -8}},
		{EncodingF32, 1, "\x00\x00\x00\x3f\x00\x00", []int16{16384}},
		{EncodingS16, 1, "", nil},
	} {
		raw := RawFormat{Format{8000, c.ch}, c.enc}
		r, got := openAll(t, []byte(c.in), Options{Kind: KindRaw, Raw: raw})
		equalSamples(t, got, c.want)
		if r.Kind() != KindRaw || r.Frames() != 0 || r.Duration() != 0 || r.Format() != raw.Format {
			t.Errorf("%v: got %v, %d frames, %v", raw, r.Kind(), r.Frames(), r.Format())
		}
	}
}

func TestOpenKinds(t *testing.T) {
	raw := RawFormat{Format: Format{16000, 1}}
	wav := string(wavCases[0].file)
	for _, c := range []struct {
		name string
		in   string
		opt  Options
		want Kind
		err  error
		word string
	}{
		{"container wins over raw", wav, Options{Raw: raw}, KindWAV, nil, ""},
		{"raw by order", wav, Options{Kind: KindRaw, Raw: raw}, KindRaw, nil, ""},
		{"raw when nothing is known", "some bytes", Options{Raw: raw}, KindRaw, nil, ""},
		{"long input when nothing is known", strings.Repeat("some bytes", 1000), Options{Raw: raw}, KindRaw, nil, ""},
		{"nothing is known", "some bytes", Options{}, 0, ErrUnsupported, `"Raw.Format"`},
		{"other container", "caff\x00\x01\x00\x00" + strings.Repeat("\x00", 30), Options{Raw: raw}, 0, ErrUnsupported, "CAF"},
		{"empty", "", Options{Raw: raw}, 0, ErrMalformed, "empty"},
		{"raw without rate", "ab", Options{Kind: KindRaw, Raw: RawFormat{Format: Format{0, 1}}}, 0, ErrMalformed, `"rate"`},
		{"raw without channels", "ab", Options{Kind: KindRaw, Raw: RawFormat{Format: Format{8000, 0}}}, 0, ErrMalformed, `"channels"`},
		{"raw of no encoding", "ab", Options{Kind: KindRaw, Raw: RawFormat{Format{8000, 1}, 99}}, 0, ErrUnsupported, `"encoding"`},
		{"no such kind", "ab", Options{Kind: 99}, 0, ErrUnsupported, "unknown"},
	} {
		r, err := Open(strings.NewReader(c.in), c.opt)
		switch {
		case c.err != nil && (!errors.Is(err, c.err) || !strings.Contains(err.Error(), c.word)):
			t.Errorf("%s: want %v that speaks of %s, got %v", c.name, c.err, c.word, err)
		case c.err == nil && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.err == nil && r.Kind() != c.want:
			t.Errorf("%s: want %v, got %v", c.name, c.want, r.Kind())
		}
	}
}

// TestReaderAnyCut reads the same file from inputs that give it in other pieces,
// into buffers of other lengths.
func TestReaderAnyCut(t *testing.T) {
	samples := noise(newRand(t), 3*20000)
	file := append(riff(chunk("fmt ", fmtBody(1, 3, 16000, 16)), "data"+le32(uint32(2*len(samples)))), AppendBytes(nil, samples)...)
	for name, input := range map[string]func(io.Reader) io.Reader{
		"one byte":   iotest.OneByteReader,
		"half":       iotest.HalfReader,
		"data, EOF":  iotest.DataErrReader,
		"everything": func(r io.Reader) io.Reader { return r },
	} {
		for _, piece := range []int{3, 4, 100, 9999, 100000} {
			r, err := Open(input(bytes.NewReader(file)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(r, piece)
			if err != nil {
				t.Fatalf("%s, pieces of %d: %v", name, piece, err)
			}
			equalSamples(t, got, samples)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	broken := errors.New("wire cut")
	file := wavCases[0].file
	for n := range file {
		input := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken))
		r, err := Open(input, Options{})
		if err == nil {
			var got []int16
			got, err = readAll(r, 100)
			if want := max(0, n-44) / 2; len(got) != want {
				t.Errorf("input fails after %d bytes: want %d samples first, got %d", n, want, len(got))
			}
			if _, again := r.ReadSamples(make([]int16, 10)); again != err {
				t.Errorf("want the same error again, got %v, then %v", err, again)
			}
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrMalformed) {
			t.Errorf("input fails after %d bytes: want its own error, got %v", n, err)
		}
	}
}

func TestReaderShortBuffer(t *testing.T) {
	r, err := Open(bytes.NewReader(riff(chunk("fmt ", fmtBody(1, 2, 8000, 16)), chunk("data", le16(1, 2)))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.ReadSamples(make([]int16, 1)); n != 0 || err != io.ErrShortBuffer {
		t.Errorf("want short buffer, got %d and %v", n, err)
	}
	if n, err := r.ReadSamples(make([]int16, 3)); n != 2 || err != nil {
		t.Errorf("want one frame after it, got %d and %v", n, err)
	}
	for range 2 {
		if n, err := r.ReadSamples(make([]int16, 3)); n != 0 || err != io.EOF {
			t.Errorf("at the end: want EOF, got %d and %v", n, err)
		}
	}
}

// TestReaderIsLive: what has arrived is given at once, the rest is not waited for.
func TestReaderIsLive(t *testing.T) {
	pr, pw := io.Pipe()
	go func() { // ends when the test has read the last piece
		defer pw.Close()
		for _, piece := range []string{string(riff(chunk("fmt ", fmtBody(1, 1, 8000, 16)))), "data" + le32(0), le16(1), le16(2, 3) + "\x04"} {
			if _, err := pw.Write([]byte(piece)); err != nil {
				return
			}
		}
	}()
	r, err := Open(pr, Options{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]int16, 1000)
	for _, want := range [][]int16{{1}, {2, 3}} {
		n, err := r.ReadSamples(buf)
		if err != nil {
			t.Fatal(err)
		}
		equalSamples(t, buf[:n], want)
	}
	if _, err := r.ReadSamples(buf); err != io.EOF {
		t.Errorf("want EOF, got %v", err)
	}
}

func TestReaderAllocatesNothing(t *testing.T) {
	r, err := Open(io.MultiReader(bytes.NewReader(wavCases[13].file), &endless{}), Options{}) // the one without end
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]int16, 1600)
	if n := testing.AllocsPerRun(20, func() {
		if _, err := r.ReadSamples(buf); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("want no allocation, got %v", n)
	}
}

// stubDecoder is a codec that misbehaves or counts.
type stubDecoder struct {
	closed int
	panics bool
}

func (d *stubDecoder) decode(dst []int16) (int, error) {
	if d.panics {
		panic("index out of range")
	}
	return len(dst), nil
}

func (d *stubDecoder) Close() error {
	d.closed++
	return nil
}

func TestReaderCloseAndPanic(t *testing.T) {
	d := &stubDecoder{}
	r := &Reader{kind: KindOgg, format: Format{8000, 1}, dec: d}
	if n, err := r.ReadSamples(make([]int16, 5)); n != 5 || err != nil {
		t.Fatalf("want 5 samples, got %d and %v", n, err)
	}
	d.panics = true
	if _, err := r.ReadSamples(make([]int16, 5)); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "Ogg") {
		t.Errorf("panic: want malformed Ogg, got %v", err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if d.closed != 1 {
		t.Errorf("want the decoder closed once, got %d times", d.closed)
	}
	if _, err := r.ReadSamples(make([]int16, 5)); err == nil || err == io.EOF {
		t.Errorf("after Close: want an error, got %v", err)
	}
}

func TestEncodingNames(t *testing.T) {
	for e, want := range map[Encoding]string{EncodingS16: "s16le", EncodingMuLaw: "mulaw", EncodingF64: "f64le", 77: "encoding(77)"} {
		if got := e.String(); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	if got := Encoding(77).AppendPCM(nil, []byte("abcd")); len(got) != 0 || Encoding(77).Size() != 0 {
		t.Errorf("no such encoding: want nothing, got %v", got)
	}
}
