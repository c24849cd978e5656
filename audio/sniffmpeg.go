package audio

import (
	"bytes"
	"encoding/binary"
)

// frameHeader reads one frame header at the start of p: the length of the whole
// frame in bytes, and those of its bits that all frames of one stream share.
type frameHeader func(p []byte) (length int, shared uint32, ok bool)

// hasFrames says whether p is a run of frames. Two whole ones must be there and
// differ, and no header in p may disagree with the first.
func hasFrames(p []byte, parse frameHeader) bool {
	first, shared, ok := parse(p)
	if !ok || len(p) < first {
		return false
	}
	end, whole := first, 1
	for end < len(p) {
		n, s, ok := parse(p[end:])
		if !ok {
			// What is left may be too short for a header; all else is a break.
			if len(p)-end >= maxFrameHeader {
				return false
			}
			break
		}
		if s != shared {
			return false
		}
		if end += n; end <= len(p) {
			whole++
		}
	}
	if whole < 2 {
		return false
	}
	second, _, _ := parse(p[first:])
	return !bytes.Equal(p[:first], p[first:first+second])
}

// maxFrameHeader is the length of the longest of the two headers, in bytes.
const maxFrameHeader = 6

// mpegHeader reads a header of MPEG-1, MPEG-2 or MPEG-2.5 audio, layer II or III
// (ISO/IEC 11172-3, section 2.4.1.3; ISO/IEC 13818-3, section 2.4.2.3). A free
// bit rate is not recognised: its frames do not tell their length.
func mpegHeader(p []byte) (length int, shared uint32, ok bool) {
	if len(p) < 4 {
		return 0, 0, false
	}
	h := binary.BigEndian.Uint32(p)
	version, layer := h>>19&3, h>>17&3 // version 3 is MPEG-1; layer 1 is III, 2 is II
	rateIndex, bitIndex := h>>10&3, h>>12&15
	if h>>21 != 0x7ff || version == 1 || layer == 0 || layer == 3 || rateIndex == 3 || bitIndex == 0 || bitIndex == 15 {
		return 0, 0, false
	}
	rate := int([3]uint32{44100, 48000, 32000}[rateIndex])
	samples := 1152
	var kbits [15]uint16
	switch {
	case version == 3 && layer == 2:
		kbits = [15]uint16{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384}
	case version == 3:
		kbits = [15]uint16{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	default:
		kbits = [15]uint16{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
		rate /= 2
		if version == 0 { // MPEG-2.5
			rate /= 2
		}
		if layer == 1 {
			samples = 576
		}
	}
	length = samples/8*int(kbits[bitIndex])*1000/rate + int(h>>9&1)
	// Sync, version, layer, rate and emphasis. LAME's information frame differs from
	// the others in the rest.
	return length, h & 0xfffe0c03, true
}

// adtsHeader reads the header of an AAC frame (ISO/IEC 13818-7, section 6.2).
func adtsHeader(p []byte) (length int, shared uint32, ok bool) {
	if len(p) < maxFrameHeader {
		return 0, 0, false
	}
	h := binary.BigEndian.Uint32(p)
	if h>>20 != 0xfff || h>>17&3 != 0 || h>>10&15 > 12 {
		return 0, 0, false
	}
	length = int(p[3]&3)<<11 | int(p[4])<<3 | int(p[5])>>5
	if length < 8 { // shorter than a header and any data
		return 0, 0, false
	}
	return length, h &^ 0xf, true // the fixed header: all but the two copyright bits and the length
}

// isProgramStream: a pack header of MPEG-2 or MPEG-1 (ISO/IEC 13818-1, section 2.5.3.3; ISO/IEC 11172-1, section 2.4.3.2), and
// another start code behind it.
func isProgramStream(p []byte) bool {
	if len(p) < 14 || !hasPrefix(p, "\x00\x00\x01\xba") {
		return false
	}
	length := 0
	switch {
	case p[4]&0xc4 == 0x44 && p[6]&4 != 0 && p[8]&4 != 0 && p[9]&1 != 0:
		length = 14 + int(p[13]&7)
	case p[4]&0xf1 == 0x21 && p[6]&1 != 0 && p[8]&1 != 0:
		length = 12
	}
	return length > 0 && len(p) >= length+3 && hasPrefix(p[length:], "\x00\x00\x01")
}

// syncs is how many packets of a transport stream must be seen.
const syncs = 5

// isTransportStream: packets of a length, each with a header (ISO/IEC 13818-1, section 2.4.3.2) that begins at an offset. What
// repeats exactly is a tone.
func isTransportStream(p []byte, length, offset int) bool {
	if len(p) < (syncs-1)*length+offset+4 {
		return false
	}
	differ := false
	for i := range syncs {
		h := p[i*length+offset:]
		if h[0] != 0x47 || h[1]&0x80 != 0 || h[3]&0x30 == 0 {
			return false
		}
		if i > 0 && i < syncs-1 {
			differ = differ || !bytes.Equal(p[:length], p[i*length:(i+1)*length])
		}
	}
	return differ
}
