package audio

import (
	"bufio"
	"io"
	"math/bits"

	"github.com/mewkiz/flac/frame"
)

// flacFrames is what the FLAC library reads frames from. It stands between the
// two for one reason: the library writes a line to the process's log for every
// frame that names 24 or 176.4 kHz in its header, and a sender would choose how
// many those are. Such a header is handed over with the rate left to the stream's
// header instead (RFC 9639, section 9.1.2), which says the same. That breaks the
// frame's checksums: the header's is made anew, the frame's is verified here, over
// the bytes as they came.
type flacFrames struct {
	br     *bufio.Reader
	rate   int    // of the stream, in Hz
	header []byte // of a changed header, what has not been read yet
	crc    uint16 // of the frame so far, as it came
	sum    bool   // this frame's header was changed, so crc is kept

	store [16]byte    // holds header
	table [256]uint16 // of the CRC, by the upper byte
}

// crcPoly is x¹⁶+x¹⁵+x²+1, the frame's checksum (RFC 9639, section 9.3).
const crcPoly = 0x8005

func newFlacFrames(br *bufio.Reader, rate int) *flacFrames {
	s := &flacFrames{br: br, rate: rate}
	for i := range s.table {
		c := uint16(i) << 8
		for range 8 {
			if carry := c&0x8000 != 0; carry {
				c = c<<1 ^ crcPoly
			} else {
				c <<= 1
			}
		}
		s.table[i] = c
	}
	return s
}

func (s *flacFrames) Read(p []byte) (int, error) {
	if len(s.header) > 0 {
		n := copy(p, s.header)
		s.header = s.header[n:]
		return n, nil
	}
	n, err := s.br.Read(p)
	if s.sum {
		s.add(p[:n])
	}
	return n, err
}

func (s *flacFrames) add(p []byte) {
	for _, b := range p {
		s.crc = s.sum16(s.crc, b)
	}
}

// sum16 takes one more byte into a frame's checksum.
func (s *flacFrames) sum16(crc uint16, b byte) uint16 { return crc<<8 ^ s.table[byte(crc>>8)^b] }

// begin is called where a frame should start. It looks at no more bytes than the
// header has; what is not a header is left for the library to refuse, and so is an
// input that ends.
func (s *flacFrames) begin() error {
	s.header, s.sum = nil, false
	p, err := s.br.Peek(6)
	if err != nil {
		return exceptEOF(err)
	}
	rate := map[byte]int{2: 176400, 7: 24000}[p[2]&0x0f]
	if p[0] != 0xff || p[1]&0xfe != 0xf8 || rate == 0 {
		return nil
	}
	if rate != s.rate {
		return wrongRate(s.rate, rate)
	}
	n := 5 + max(bits.LeadingZeros8(^p[4])-1, 0) // sync, codes, and the number in UTF-8 style
	switch p[2] >> 4 {                           // block sizes that follow the number
	case 6:
		n++
	case 7:
		n += 2
	}
	if p, err = s.br.Peek(n + 1); err == io.EOF {
		return io.ErrUnexpectedEOF // the library would write its line first
	} else if err != nil {
		return err
	}
	s.header = append(s.store[:0], p...)
	s.crc, s.sum = 0, true
	s.add(s.header)
	s.header[2] &= 0xf0
	s.header[n] = flacHeaderCRC(s.header[:n])
	_, err = s.br.Discard(n + 1)
	return err
}

// end judges what the library made of a frame. Of a changed one it always says
// that the checksum is wrong, after everything has been decoded. A checksum taken
// over a message and its own checksum is 0.
func (s *flacFrames) end(f *frame.Frame, err error) error {
	if !s.sum {
		return err
	}
	if s.crc == 0 && isComplete(f) {
		return nil
	}
	if err == nil {
		err = malformed("checksum mismatch")
	}
	return err
}

// wrongRate is the error for a frame whose rate is not the stream's.
func wrongRate(want, got int) error {
	return malformed("FLAC: frame: \"rate\": want %d Hz as in the header, got %d", want, got)
}

func isComplete(f *frame.Frame) bool {
	for _, sub := range f.Subframes {
		if sub == nil || len(sub.Samples) != int(f.BlockSize) {
			return false
		}
	}
	return len(f.Subframes) > 0
}

// flacHeaderCRC is the checksum of a frame header, x⁸+x²+x+1 (RFC 9639, section
// 9.1.8).
func flacHeaderCRC(p []byte) byte {
	var c byte
	for _, b := range p {
		c ^= b
		for range 8 {
			if carry := c&0x80 != 0; carry {
				c = c<<1 ^ 0x07
			} else {
				c <<= 1
			}
		}
	}
	return c
}

func exceptEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
