package audio

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Format tags of the fmt chunk (Microsoft Multiple Channel Audio Data and WAVE
// Files, and RFC 2361).
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xfffe
)

// subFormatTail is what follows the format tag in the sub-format GUID of
// WAVE_FORMAT_EXTENSIBLE.
const subFormatTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// openWAV reads chunks up to the samples. What stands behind them is never read.
func openWAV(br *bufio.Reader) (opened, error) {
	var riff [12]byte
	if _, err := io.ReadFull(br, riff[:]); err != nil {
		return opened{}, headerError(KindWAV, "the RIFF header", err)
	}
	switch id := string(riff[:4]); {
	case id == "RIFX":
		return opened{}, unsupported("WAV: big-endian samples (RIFX) are not read; want RIFF or RF64")
	case id != "RIFF" && id != "RF64" || string(riff[8:]) != "WAVE":
		return opened{}, malformed("WAV: want \"RIFF\" and \"WAVE\", got %q and %q", riff[:4], riff[8:])
	}
	var f RawFormat
	var size64 int64
	for { // ends at "data", at the end of the input, or at the header limit of Open
		id, size, err := chunkHeader(br)
		if err != nil {
			return opened{}, err
		}
		read := 0
		switch id {
		case "data":
			if f.Channels == 0 {
				return opened{}, malformed("WAV: want a \"fmt \" chunk before \"data\", got none")
			}
			return wavData(br, f, size, size64), nil
		case "ds64":
			size64, read, err = ds64Chunk(br, size)
		case "fmt ":
			f, read, err = fmtChunk(br, size)
		}
		if err != nil {
			return opened{}, err
		}
		rest := int64(size) - int64(read) + int64(size&1) // chunks begin at even offsets
		if _, err := io.CopyN(io.Discard, br, rest); err != nil {
			return opened{}, headerError(KindWAV, fmt.Sprintf("the %q chunk of %d bytes, before any samples", id, size), err)
		}
	}
}

func chunkHeader(br *bufio.Reader) (id string, size uint32, err error) {
	var h [8]byte
	if _, err := io.ReadFull(br, h[:]); err != nil {
		return "", 0, headerError(KindWAV, "its chunks, before any samples", err)
	}
	return string(h[:4]), binary.LittleEndian.Uint32(h[4:]), nil
}

// ds64Chunk reads the true size of the samples of an RF64 file (EBU Tech 3306).
func ds64Chunk(br *bufio.Reader, size uint32) (data int64, read int, err error) {
	var b [16]byte
	if size < 24 {
		return 0, 0, malformed("WAV: \"ds64\" chunk: want 24 bytes or more, got %d", size)
	}
	if _, err := io.ReadFull(br, b[:]); err != nil {
		return 0, 0, headerError(KindWAV, "the \"ds64\" chunk", err)
	}
	return int64(min(binary.LittleEndian.Uint64(b[8:]), math.MaxInt64)), len(b), nil
}

// fmtChunk reads the format. The average byte rate is ignored: it follows from
// the rest and is often wrong.
func fmtChunk(br *bufio.Reader, size uint32) (f RawFormat, read int, err error) {
	if size < 16 {
		return f, 0, malformed("WAV: \"fmt \" chunk: want 16 bytes or more, got %d", size)
	}
	b := make([]byte, min(size, 40))
	if _, err := io.ReadFull(br, b); err != nil {
		return f, 0, headerError(KindWAV, "the \"fmt \" chunk", err)
	}
	le := binary.LittleEndian
	tag, align, width := le.Uint16(b), int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	f.Channels = int(le.Uint16(b[2:]))
	f.Rate = int(min(le.Uint32(b[4:]), math.MaxInt32))
	if err := f.Validate(); err != nil {
		return f, 0, fmt.Errorf("WAV: %w", err)
	}
	if tag == tagExtensible {
		if len(b) < 40 {
			return f, 0, malformed("WAV: extensible \"fmt \" chunk: want 40 bytes or more, got %d", size)
		}
		if string(b[26:40]) != subFormatTail {
			return f, 0, unsupported("WAV: sub-format %x is not read", b[24:40])
		}
		tag = le.Uint16(b[24:])
	}
	if f.Encoding, err = wavEncoding(tag, width); err != nil {
		return f, 0, err
	}
	if want := f.Channels * f.Encoding.Size(); align != want {
		return f, 0, malformed("WAV: \"block align\": want %d for %d channels of %d bits, got %d", want, f.Channels, width, align)
	}
	return f, len(b), nil
}

// wavEncoding finds the encoding of a format tag and sample width. Widths that
// are no multiple of 8 fill the upper bits of the next whole number of bytes.
func wavEncoding(tag uint16, width int) (Encoding, error) {
	switch {
	case tag == tagPCM && width >= 1 && width <= 32:
		return [...]Encoding{EncodingU8, EncodingS16, EncodingS24, EncodingS32}[(width-1)/8], nil
	case tag == tagFloat && width == 32:
		return EncodingF32, nil
	case tag == tagFloat && width == 64:
		return EncodingF64, nil
	case tag == tagALaw && width == 8:
		return EncodingALaw, nil
	case tag == tagMuLaw && width == 8:
		return EncodingMuLaw, nil
	case tag == tagPCM || tag == tagFloat || tag == tagALaw || tag == tagMuLaw:
		return 0, malformed("WAV: \"bits per sample\": want 1 to 32 for PCM, 32 or 64 for float, 8 for A-law and µ-law, got %d for format tag %#04x", width, tag)
	}
	return 0, unsupported("WAV: format tag %#04x is not read; want PCM, IEEE float, A-law or µ-law", tag)
}

// wavData begins the samples. Programs that write to a pipe cannot know the size
// and leave 0 there, or the largest number that they dare (sox: 2 GiB less 4 KiB,
// ffmpeg: 4 GiB less 1); both mean all that comes.
func wavData(br *bufio.Reader, f RawFormat, size uint32, size64 int64) opened {
	data := int64(size)
	switch {
	case size == math.MaxUint32 && size64 > 0 && size64 < math.MaxInt64:
		data = size64
	case size == 0, size >= 0x7ffff000 && size <= math.MaxInt32, size >= 0xfffff000:
		data = -1
	}
	d := newRawDecoder(br, f, data)
	return opened{format: f.Format, frames: max(data, 0) / int64(d.frame), dec: d}
}

// WriteWAVHeader writes the header of a WAV file with 16-bit samples, 44 bytes;
// the samples are to follow as little-endian values (see [AppendBytes]). frames
// below 0 means that the length is not known: the sizes are then those of a
// streamed file. The error says that f or frames do not fit in a WAV file (4 GiB),
// or is the error of w.
func WriteWAVHeader(w io.Writer, f Format, frames int64) error {
	if err := f.Validate(); err != nil {
		return fmt.Errorf("WAV: %w", err)
	}
	frame := 2 * f.Channels
	riff, data := uint32(math.MaxUint32), uint32(math.MaxUint32)
	if frames >= 0 {
		// Below the sizes that a reader takes for a streamed file.
		if limit := (0xfffff000 - 36 - 1) / int64(frame); frames > limit {
			return unsupported("WAV: \"frames\": want %d at most with %d channels, got %d", limit, f.Channels, frames)
		}
		data = uint32(frames) * uint32(frame)
		riff = 36 + data
	}
	le := binary.LittleEndian
	b := append(make([]byte, 0, 44), "RIFF"...)
	b = append(le.AppendUint32(b, riff), "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, tagPCM)
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.Rate))
	b = le.AppendUint32(b, uint32(f.Rate*frame))
	b = le.AppendUint16(b, uint16(frame))
	b = le.AppendUint16(b, 16)
	b = le.AppendUint32(append(b, "data"...), data)
	_, err := w.Write(b)
	return err
}
