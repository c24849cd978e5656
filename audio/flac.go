package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac/frame"
)

// openFLAC reads the metadata of a FLAC stream (RFC 9639, section 8), behind an
// ID3v2 tag if there is one.
func openFLAC(br *bufio.Reader) (opened, error) {
	if err := skipID3(br); err != nil {
		return opened{}, err
	}
	var b [8 + streamInfoLen]byte
	if _, err := io.ReadFull(br, b[:]); err != nil {
		return opened{}, headerError(KindFLAC, "the header", err)
	}
	if !isFLAC(b[:]) {
		return opened{}, malformed("FLAC: want \"fLaC\" and a STREAMINFO block of %d bytes, got % x", streamInfoLen, b[:8])
	}
	info, err := parseStreamInfo(b[8:])
	if err != nil {
		return opened{}, err
	}
	for last := b[4]&0x80 != 0; !last; { // ends at the last block or at the header limit of Open
		h, err := br.Peek(4)
		if err != nil {
			return opened{}, headerError(KindFLAC, "its metadata", err)
		}
		last = h[0]&0x80 != 0
		if _, err := br.Discard(4 + int(h[1])<<16 + int(h[2])<<8 + int(h[3])); err != nil {
			return opened{}, headerError(KindFLAC, "its metadata", err)
		}
	}
	return opened{format: info.format, frames: info.frames, dec: &flacDecoder{info: info, src: newFlacFrames(br, info.format.Rate)}}, nil
}

// skipID3 skips an ID3v2 tag, which FLAC does not provide for and some programs
// write.
func skipID3(br *bufio.Reader) error {
	p, err := br.Peek(10)
	if n, ok := id3Len(p); ok {
		_, err = br.Discard(n)
	}
	if err = exceptEOF(err); err != nil {
		return headerError(KindFLAC, "an ID3 tag", err)
	}
	return nil
}

// streamInfo is what is needed of the STREAMINFO block.
type streamInfo struct {
	format Format
	width  int   // bits per sample, 4 to 24
	frames int64 // samples per channel in the stream, 0 if unknown
}

// streamInfoLen is the length of the block without its header, in bytes.
const streamInfoLen = 34

// parseStreamInfo reads the block's body (RFC 9639, section 8.2). Block and frame
// sizes only help to seek and are not looked at; nor is the MD5 sum, as every
// frame has a checksum of its own.
func parseStreamInfo(b []byte) (streamInfo, error) {
	v := binary.BigEndian.Uint64(b[10:]) // 20 bits rate, 3 channels−1, 5 width−1, 36 samples
	info := streamInfo{
		format: Format{Rate: int(v >> 44), Channels: int(v>>41&7) + 1},
		width:  int(v>>36&31) + 1,
		frames: int64(v & (1<<36 - 1)),
	}
	if err := info.format.Validate(); err != nil {
		return info, fmt.Errorf("FLAC: %w", err)
	}
	if info.width < 4 {
		return info, malformed("FLAC: \"bits per sample\": want 4 or more, got %d", info.width)
	}
	if info.width > 24 {
		return info, unsupported("FLAC: \"bits per sample\": %d are not read; want 24 at most", info.width)
	}
	return info, nil
}

// flacDecoder yields the samples of a FLAC stream, frame by frame.
type flacDecoder struct {
	info streamInfo
	src  *flacFrames

	current *frame.Frame // being given out; nil before the first
	next    int          // index of the next sample in each channel of current
	decoded int64        // samples per channel decoded so far
}

func (d *flacDecoder) decode(dst []int16) (int, error) {
	if d.current == nil || d.next == int(d.current.BlockSize) {
		f, err := d.readFrame()
		if err != nil {
			return 0, err
		}
		d.current, d.next = f, 0
		d.decoded += int64(f.BlockSize)
	}
	channels, width := len(d.current.Subframes), d.info.width
	count := min(len(dst)/channels, int(d.current.BlockSize)-d.next)
	for c, sub := range d.current.Subframes {
		for i, v := range sub.Samples[d.next : d.next+count] {
			dst[i*channels+c] = scale16(v, width)
		}
	}
	d.next += count
	return count * channels, nil
}

// readFrame decodes the next frame.
func (d *flacDecoder) readFrame() (*frame.Frame, error) {
	f, err := d.readHeader()
	if err != nil {
		return nil, err
	}
	if err := d.src.end(f, f.Parse()); err != nil {
		return nil, flacError("a frame", err)
	}
	return f, nil
}

// readHeader reads the header of the next frame and checks that the frame is of
// the stream's format.
func (d *flacDecoder) readHeader() (*frame.Frame, error) {
	if err := d.src.begin(); err != nil {
		return nil, flacError("a frame header", err)
	}
	f, err := frame.New(d.src)
	if err != nil {
		if err == io.EOF || d.atTag(err) {
			return nil, io.EOF
		}
		return nil, flacError("a frame header", err)
	}
	return f, d.checkHeader(f)
}

// atTag says that what stands where a frame should begin is something appended to
// a stream that is complete, such as an ID3v1 tag.
func (d *flacDecoder) atTag(err error) bool {
	return errors.Is(err, frame.ErrInvalidSync) && d.info.frames > 0 && d.decoded >= d.info.frames
}

// checkHeader compares a frame with the stream's format, and gives the frame the
// sample width where its header leaves that to the stream's.
func (d *flacDecoder) checkHeader(f *frame.Frame) error {
	if f.BitsPerSample == 0 {
		f.BitsPerSample = uint8(d.info.width)
	}
	switch {
	case f.BlockSize == 0:
		return malformed("FLAC: frame: \"block size\": want 1 to 65535, got 65536")
	case f.Channels.Count() != d.info.format.Channels:
		return malformed("FLAC: frame: \"channels\": want %d as in the header, got %d", d.info.format.Channels, f.Channels.Count())
	case int(f.BitsPerSample) != d.info.width:
		return malformed("FLAC: frame: \"bits per sample\": want %d as in the header, got %d", d.info.width, f.BitsPerSample)
	case f.SampleRate != 0 && int(f.SampleRate) != d.info.format.Rate:
		return wrongRate(d.info.format.Rate, int(f.SampleRate))
	}
	return nil
}

// flacError tells errors of the input, which keep their identity, from the
// library's words about broken streams, which have none.
func flacError(what string, err error) error {
	var input inputError
	switch {
	case errors.Is(err, ErrMalformed):
		return err
	case errors.As(err, &input):
		return fmt.Errorf("FLAC: read %s: %w", what, input.err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(KindFLAC, what)
	}
	return malformed("FLAC: %s: %v", what, err)
}
