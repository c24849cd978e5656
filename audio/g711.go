package audio

import "math/bits"

// G.711 companding (ITU-T G.711, tables 1a to 2b), scaled to 16 bits.

// muBias is added before the logarithm so that every segment of µ-law begins at
// a power of two; muClip is the largest magnitude that then still fits.
const (
	muBias = 0x84
	muClip = 32635
)

// DecodeMuLaw gives the 16-bit value of a µ-law byte.
func DecodeMuLaw(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+muBias)<<(b>>4&7) - muBias
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// EncodeMuLaw gives the µ-law byte of the interval that s lies in; on the border
// of two, of the one with the larger magnitudes. 0 counts as positive.
func EncodeMuLaw(s int16) byte {
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, muClip) + muBias
	segment := bits.Len(uint(v)) - 8
	return ^(sign | byte(segment)<<4 | byte(v>>(segment+3)&0x0f))
}

// DecodeALaw gives the 16-bit value of an A-law byte.
func DecodeALaw(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// EncodeALaw gives the A-law byte of the interval that s lies in; on the border
// of two, of the one with the larger magnitudes. 0 counts as positive.
func EncodeALaw(s int16) byte {
	v, sign := int(s), byte(0x80)
	if v < 0 {
		v, sign = min(-v, 32767), 0
	}
	segment := max(bits.Len(uint(v))-8, 0)
	mantissa := byte(v >> (max(segment, 1) + 3) & 0x0f)
	return (sign | byte(segment)<<4 | mantissa) ^ 0x55
}
