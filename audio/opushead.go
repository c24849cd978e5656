package audio

import (
	"encoding/binary"
	"math"
)

// opusRate is the rate that Opus counts time in and is decoded at here, in Hz.
const opusRate = 48000

// longestOpusPacket is what a packet takes at most, in bytes (RFC 7845, section 6).
const longestOpusPacket = 61440

// opusHead is the identification header (RFC 7845, section 5.1).
type opusHead struct {
	channels int
	preSkip  int     // frames of 48 kHz to be left out at the beginning
	source   int     // Hz before encoding; 0 is unknown
	gain     float64 // factor for the samples
}

// isOpusHead says whether a packet is meant to be an identification header.
func isOpusHead(p []byte) bool { return hasPrefix(p, "OpusHead") }

// parseOpusHead reads the header. One stream of one or two channels is read.
func parseOpusHead(p []byte) (opusHead, error) {
	if len(p) < 19 {
		return opusHead{}, malformed("Opus: identification header: want 19 bytes or more, got %d", len(p))
	}
	le := binary.LittleEndian
	h := opusHead{channels: int(p[9]), preSkip: int(le.Uint16(p[10:])), source: int(min(le.Uint32(p[12:]), math.MaxInt32)),
		gain: math.Pow(10, float64(int16(le.Uint16(p[16:])))/(20*256))}
	switch version, family := p[8], p[18]; {
	case version > 15: // the upper half counts incompatible changes
		return h, unsupported("Opus: version %d of the container is not read; want 1", version)
	case h.channels == 0:
		return h, malformed("Opus: \"channels\": want 1 or more, got 0")
	case h.channels > 2:
		return h, unsupported("Opus: %d channels are not read; want 1 or 2", h.channels)
	case family == 0:
	case len(p) < 21+h.channels:
		return h, malformed("Opus: channel mapping: want %d bytes or more, got %d", 21+h.channels, len(p))
	case family > 1 || p[19] != 1 || int(p[20]) != h.channels-1 || p[21] != 0 || int(p[20+h.channels]) != h.channels-1:
		return h, unsupported("Opus: channel mapping of family %d with %d streams is not read; want one stream of 1 or 2 channels", family, p[19])
	}
	return h, nil
}

// opusDuration gives how long a packet is, in frames of 48 kHz (RFC 6716, section
// 3.1); 0 when it breaks the rules.
func opusDuration(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	config := packet[0] >> 3
	var n int
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		n = [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		n = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		n = 120 << (config & 3)
	}
	switch packet[0] & 3 {
	case 0:
	case 1, 2:
		n *= 2
	default:
		if len(packet) < 2 {
			return 0
		}
		n *= int(packet[1] & 63)
	}
	if n > opusRate*120/1000 {
		return 0
	}
	return n
}
