package audio

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Encoding is how one headerless sample is stored. Multi-byte encodings are
// little-endian.
type Encoding uint8

// The encodings.
const (
	EncodingS16   Encoding = iota // signed 16-bit, the default
	EncodingU8                    // unsigned 8-bit, 128 is silence
	EncodingS24                   // signed 24-bit in three bytes
	EncodingS32                   // signed 32-bit
	EncodingF32                   // IEEE 754 single, full scale 1.0
	EncodingF64                   // IEEE 754 double, full scale 1.0
	EncodingALaw                  // G.711 A-law
	EncodingMuLaw                 // G.711 µ-law
)

// Size is the number of bytes that one sample takes, 0 for an Encoding that does
// not exist.
func (e Encoding) Size() int {
	switch e {
	case EncodingU8, EncodingALaw, EncodingMuLaw:
		return 1
	case EncodingS16:
		return 2
	case EncodingS24:
		return 3
	case EncodingS32, EncodingF32:
		return 4
	case EncodingF64:
		return 8
	}
	return 0
}

// String gives the name that ffmpeg and sox users know: "s16le", "alaw".
func (e Encoding) String() string {
	names := [...]string{"s16le", "u8", "s24le", "s32le", "f32le", "f64le", "alaw", "mulaw"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("encoding(%d)", uint8(e))
}

// AppendPCM decodes the samples in b and appends them to dst. Bytes that do not
// make a whole sample at the end are left out: cut a stream at multiples of Size.
// Wider samples are rounded half up (floats half away from zero) and clipped;
// NaN becomes 0. An Encoding that does not exist appends nothing.
func (e Encoding) AppendPCM(dst []int16, b []byte) []int16 {
	le := binary.LittleEndian
	switch e {
	case EncodingS16:
		return AppendSamples(dst, b)
	case EncodingU8:
		for _, v := range b {
			dst = append(dst, int16(int(v)-128)<<8)
		}
	case EncodingALaw:
		for _, v := range b {
			dst = append(dst, DecodeALaw(v))
		}
	case EncodingMuLaw:
		for _, v := range b {
			dst = append(dst, DecodeMuLaw(v))
		}
	case EncodingS24:
		for ; len(b) >= 3; b = b[3:] {
			v := int32(b[0])<<8 | int32(b[1])<<16 | int32(b[2])<<24
			dst = append(dst, scale16(v>>8, 24))
		}
	case EncodingS32:
		for ; len(b) >= 4; b = b[4:] {
			dst = append(dst, scale16(int32(le.Uint32(b)), 32))
		}
	case EncodingF32:
		for ; len(b) >= 4; b = b[4:] {
			dst = append(dst, round16(float64(math.Float32frombits(le.Uint32(b)))*32768))
		}
	case EncodingF64:
		for ; len(b) >= 8; b = b[8:] {
			dst = append(dst, round16(math.Float64frombits(le.Uint64(b))*32768))
		}
	}
	return dst
}

// scale16 brings a sample of the given width, 1 to 32 bits, to 16 bits: shifted
// up when narrower, rounded half up and clipped when wider or out of its range.
func scale16(v int32, width int) int16 {
	w := int64(v)
	if width <= 16 {
		w <<= 16 - width
	} else {
		w = (w + 1<<(width-17)) >> (width - 16)
	}
	return int16(max(min(w, math.MaxInt16), math.MinInt16))
}

// RawFormat is all that must be known to read headerless audio.
type RawFormat struct {
	Format
	Encoding Encoding
}

// openRaw reads headerless audio; its length is not known.
func openRaw(br *bufio.Reader, f RawFormat) (opened, error) {
	if err := f.Validate(); err != nil {
		return opened{}, fmt.Errorf("raw: %w", err)
	}
	if f.Encoding.Size() == 0 {
		return opened{}, unsupported("raw: \"encoding\": want s16le, u8, s24le, s32le, f32le, f64le, alaw or mulaw, got %v", f.Encoding)
	}
	return opened{format: f.Format, dec: newRawDecoder(br, f, -1)}, nil
}

// rawDecoder decodes samples that follow one another without framing, straight
// from the input's buffer.
type rawDecoder struct {
	br    *bufio.Reader
	enc   Encoding
	frame int   // bytes in a frame
	left  int64 // bytes still to come; below 0: until the end of the input
}

func newRawDecoder(br *bufio.Reader, f RawFormat, size int64) *rawDecoder {
	return &rawDecoder{br: br, enc: f.Encoding, frame: f.Channels * f.Encoding.Size(), left: size}
}

func (d *rawDecoder) decode(dst []int16) (int, error) {
	if d.left >= 0 && d.left < int64(d.frame) {
		return 0, io.EOF
	}
	// The first Peek waits for one frame, the second takes what has come with it.
	if p, err := d.br.Peek(d.frame); len(p) < d.frame {
		if err == io.EOF {
			return 0, io.EOF
		}
		return 0, fmt.Errorf("read audio: %w", err)
	}
	n := min(d.br.Buffered(), len(dst)*d.enc.Size())
	if d.left >= 0 {
		n = int(min(int64(n), d.left))
	}
	n -= n % d.frame
	p, err := d.br.Peek(n)
	if err != nil {
		return 0, fmt.Errorf("read audio: %w", err)
	}
	got := d.enc.AppendPCM(dst[:0], p)
	if _, err := d.br.Discard(n); err != nil {
		return 0, fmt.Errorf("read audio: %w", err)
	}
	if d.left >= 0 {
		d.left -= int64(n)
	}
	return len(got), nil
}
