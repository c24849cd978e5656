package audio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac/frame"
)

// flacUnpacker finds the frames of a FLAC stream in bytes that come in any cut.
//
// A frame does not say how long it is; only decoding it tells. To decode again and
// again what may not be complete would take time that grows with the square of a
// frame, so the unpacker looks at the checksum instead: over a whole frame it is 0,
// and over another number of bytes once in 65536 times. What is decoded in vain is
// bounded, so that nobody can buy time with bytes that keep the checksum at 0.
type flacUnpacker struct {
	state flacState
	info  streamInfo
	skip  int64 // bytes of a tag or of metadata that need not be looked at
	last  bool  // they belong to the last block of metadata

	seen  int    // bytes of this frame that crc has gone over
	crc   uint16 // of them
	spent int    // bytes that were decoded in vain, in this frame
	next  int    // length at which to decode in any case
	limit int    // no frame is longer, in bytes

	rd  bytes.Reader // the bytes of one attempt
	br  *bufio.Reader
	dec flacDecoder
	out []int16

	faults faults
	ready  *frame.Frame // decoded, to be given behind the silence before it
	first  int64        // what the first frame says of its position
	block  int64        // samples of each channel in the first frame; 0: none has come
}

type flacState uint8

const (
	flacStart flacState = iota
	flacMetadata
	flacFramed
	flacOver // what follows is a tag
)

const (
	// leastFlacFrame is the length of the shortest frame: header with its checksum, one constant of 4 bits, checksum.
	leastFlacFrame = 6 + 2 + 2
	// longestFlacHeader is that of a frame: sync and codes, a number, block size, rate, checksum.
	longestFlacHeader = 4 + 7 + 2 + 2 + 1
	// firstAttempt is where a frame is decoded though its checksum does not ask for
	// it, and then again at twice that: so damage is found before the input ends.
	firstAttempt = 4096
)

func newFlacUnpacker() *flacUnpacker {
	u := &flacUnpacker{br: bufio.NewReaderSize(nil, 512)}
	u.dec.src = newFlacFrames(u.br, 0)
	return u
}

func (u *flacUnpacker) header() (Header, bool) {
	return Header{Format: u.info.format, SourceRate: u.info.format.Rate}, u.state > flacStart
}

func (u *flacUnpacker) headed() bool { return u.state >= flacFramed && u.skip == 0 }

func (u *flacUnpacker) unpack(p []byte, offset int64, end bool) (used int, samples []int16, err error) {
	if u.skip > 0 || u.state == flacOver {
		used = len(p)
		if u.state != flacOver {
			used = int(min(u.skip, int64(len(p))))
			u.skip -= int64(used)
		}
		return used, nil, nil
	}
	if u.state < flacFramed && offset > maxHeader {
		return 0, nil, malformed("FLAC: header: want samples within the first %d bytes", maxHeader)
	}
	switch u.state {
	case flacStart:
		return u.start(p)
	case flacMetadata:
		return u.metadata(p)
	}
	return u.framed(p, offset, end)
}

func (u *flacUnpacker) tolerate(note func(error)) { u.faults.note = note }

// framed gives what the next frame holds, behind silence for what is missing before it.
func (u *flacUnpacker) framed(p []byte, offset int64, end bool) (used int, samples []int16, err error) {
	if u.faults.gap > 0 {
		return 0, u.faults.silence(u.info.format.Channels), nil
	}
	if f := u.ready; f != nil {
		u.ready = nil
		return 0, u.interleave(f), nil
	}
	if u.faults.lost {
		if used, err = u.seek(p); err != nil || used > 0 || u.faults.lost {
			return used, nil, atByte(offset, err)
		}
	}
	used, f, err := u.frame(p, offset, end)
	switch {
	case err != nil && u.faults.on():
		u.begin()
		return 1, nil, u.faults.stray(err)
	case f == nil || err != nil:
		return used, nil, err
	}
	if u.place(f, offset); u.faults.gap > 0 {
		u.ready = f
		return used, u.faults.silence(u.info.format.Channels), nil
	}
	return used, u.interleave(f), nil
}

// place compares where a frame says that it belongs with what has been given, and
// has silence given for what is missing before it.
func (u *flacUnpacker) place(f *frame.Frame, offset int64) {
	size := int64(f.BlockSize)
	before := u.dec.decoded - size
	hurt := u.faults.row > 0
	u.faults.well(size)
	at := u.positionOf(f, size)
	if u.block == 0 {
		u.block, u.first = size, at
		if hurt { // the real first one was lost
			u.first = 0
		}
	}
	missing := at - u.first - before
	n := u.faults.owe(missing, u.info.format.Rate)
	if n > 0 && !hurt {
		u.faults.note(malformed("FLAC: at byte %d: frames are missing before this one, with %d ms of sound", offset, n*1000/int64(u.info.format.Rate)))
	}
	u.dec.decoded += n
	if n != missing {
		u.first = at - before // somebody counts anew
	}
}

// positionOf returns the number of the frame's first sample, as its header has it.
func (u *flacUnpacker) positionOf(f *frame.Frame, size int64) int64 {
	if !f.HasFixedBlockSize {
		return int64(f.Num)
	}
	if u.block > 0 {
		size = u.block
	}
	return int64(f.Num) * size
}

// seek passes over bytes to where a frame may begin that belongs to the stream.
func (u *flacUnpacker) seek(p []byte) (used int, err error) {
	for ; used < len(p); used++ {
		rest := p[used:]
		if rest[0] != 0xff || len(rest) > 1 && rest[1]&0xfe != 0xf8 {
			continue
		}
		if len(rest) < longestFlacHeader {
			break // what more there is will tell; at the end there is no room for a frame
		}
		if u.frameHeader(rest[:longestFlacHeader]) == nil {
			u.faults.lost = false
			break
		}
	}
	return used, u.faults.passed(used, "frame of FLAC")
}

// start reads the magic and STREAMINFO, behind an ID3v2 tag if there is one.
func (u *flacUnpacker) start(p []byte) (used int, samples []int16, err error) {
	if hasPrefix(p, "ID3") {
		n, ok := id3Len(p)
		if ok {
			u.skip = int64(n)
		}
		if ok || len(p) < 10 {
			return 0, nil, nil
		}
	}
	const magic = "fLaC"
	if n := min(len(p), len(magic)); string(p[:n]) != magic[:n] && !hasPrefix([]byte("ID3"), string(p)) {
		return 0, nil, malformed("FLAC: want \"fLaC\" at the beginning, got % x", p[:n])
	}
	if len(p) < 8+streamInfoLen {
		return 0, nil, nil
	}
	if !isFLAC(p) {
		return 0, nil, malformed("FLAC: want a STREAMINFO block of %d bytes behind \"fLaC\", got % x", streamInfoLen, p[4:8])
	}
	if u.info, err = parseStreamInfo(p[8 : 8+streamInfoLen]); err != nil {
		return 0, nil, err
	}
	u.dec.info, u.dec.src.rate = u.info, u.info.format.Rate
	// Every subframe as it is, with the one bit more that the difference of two channels takes, and what describes it.
	u.limit = longestFlacHeader + 2 + u.info.format.Channels*(8+65535*(u.info.width+1)/8)
	u.last = p[4]&0x80 != 0
	u.state = flacMetadata
	u.endOfBlock()
	return 8 + streamInfoLen, nil, nil
}

// metadata passes over a block.
func (u *flacUnpacker) metadata(p []byte) (used int, samples []int16, err error) {
	if len(p) < 4 {
		return 0, nil, nil
	}
	u.last = p[0]&0x80 != 0
	u.skip = int64(p[1])<<16 | int64(p[2])<<8 | int64(p[3])
	u.endOfBlock()
	return 4, nil, nil
}

// endOfBlock goes on to frames behind the last block. What is left of it to skip comes first.
func (u *flacUnpacker) endOfBlock() {
	if u.last {
		u.state = flacFramed
		u.begin()
	}
}

// begin starts a frame.
func (u *flacUnpacker) begin() { u.seen, u.crc, u.spent, u.next = 0, 0, 0, min(firstAttempt, u.limit) }

// frame returns the frame that p begins with, once it is complete.
func (u *flacUnpacker) frame(p []byte, offset int64, end bool) (used int, f *frame.Frame, err error) {
	if len(p) < 2 {
		return 0, nil, nil
	}
	if p[0] != 0xff || p[1]&0xfe != 0xf8 {
		if u.info.frames > 0 && u.dec.decoded >= u.info.frames {
			u.state = flacOver // a tag, such as ID3v1, behind a stream that is complete
			return len(p), nil, nil
		}
		return 0, nil, malformed("FLAC: at byte %d: want a frame (ff f8 or ff f9), got % x", offset, p[:2])
	}
	if u.seen < longestFlacHeader && len(p) >= longestFlacHeader {
		if err := u.frameHeader(p[:longestFlacHeader]); err != nil {
			return 0, nil, atByte(offset, err)
		}
	}
	for u.seen < len(p) {
		u.crc = u.dec.src.sum16(u.crc, p[u.seen])
		u.seen++
		whole := u.crc == 0 && u.seen >= leastFlacFrame && u.spent <= 2*u.seen+firstAttempt
		if !whole && u.seen < u.next {
			continue
		}
		if used, f, err = u.attempt(p[:u.seen]); f != nil || err != nil {
			return used, f, atByte(offset, err)
		}
		if u.seen >= u.limit {
			return 0, nil, malformed("FLAC: at byte %d: a frame does not end within %d bytes", offset, u.limit)
		}
	}
	if end && u.spent < u.seen {
		used, f, err = u.attempt(p)
	}
	return used, f, atByte(offset, err)
}

// frameHeader checks a header as soon as it is there, whatever follows it.
func (u *flacUnpacker) frameHeader(p []byte) error {
	u.read(p)
	_, err := u.dec.readHeader()
	return err
}

// read has the decoder read p.
func (u *flacUnpacker) read(p []byte) {
	u.rd.Reset(p)
	u.br.Reset(&u.rd)
}

// attempt decodes a frame that may not be complete; then all results are zero.
func (u *flacUnpacker) attempt(p []byte) (used int, f *frame.Frame, err error) {
	u.read(p)
	err = fenced(KindFLAC, func() (err error) {
		f, err = u.dec.readFrame()
		return err
	})
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		u.spent += len(p)
		u.next = min(max(2*len(p), firstAttempt), u.limit)
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	used = len(p) - u.rd.Len() - u.br.Buffered()
	u.dec.decoded += int64(f.BlockSize)
	u.begin()
	return used, f, nil
}

// interleave gives the samples of a frame as 16-bit values.
func (u *flacUnpacker) interleave(f *frame.Frame) []int16 {
	u.out = u.out[:0]
	width := u.info.width
	for i := range int(f.BlockSize) {
		for _, sub := range f.Subframes {
			u.out = append(u.out, scale16(sub.Samples[i], width))
		}
	}
	return u.out
}

// atByte says where in the stream an error was found.
func atByte(offset int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("at byte %d: %w", offset, err)
}
