package audio

import (
	"math"
	"testing"
)

// TestG711Values holds values of tables 1 and 2 of the recommendation, in its
// units times 16 (A-law) and times 4 (µ-law).
func TestG711Values(t *testing.T) {
	for _, c := range []struct {
		b    byte
		a, u int16
	}{
		{0xff, 848, 0}, {0x7f, -848, 0}, {0x80, 5504, 32124}, {0x00, -5504, -32124},
		{0xd5, 8, 716}, {0x55, -8, -716}, {0xaa, 32256, 5372}, {0x2a, -32256, -5372},
	} {
		if a, u := DecodeALaw(c.b), DecodeMuLaw(c.b); a != c.a || u != c.u {
			t.Errorf("%#02x: want %d and %d, got %d and %d", c.b, c.a, c.u, a, u)
		}
	}
}

// TestG711RoundTrip: whatever decodes must encode again, encoding never falls
// with rising samples, and its error is half a step at most.
func TestG711RoundTrip(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		if got := EncodeALaw(DecodeALaw(b)); got != b {
			t.Errorf("A-law %#02x came back as %#02x", b, got)
		}
		if got := EncodeMuLaw(DecodeMuLaw(b)); got != b && b != 0x7f { // 0x7f is the other zero
			t.Errorf("µ-law %#02x came back as %#02x", b, got)
		}
	}
	lastA, lastU := int16(math.MinInt16), int16(math.MinInt16)
	for v := math.MinInt16; v <= math.MaxInt16; v++ {
		a, u := DecodeALaw(EncodeALaw(int16(v))), DecodeMuLaw(EncodeMuLaw(int16(v)))
		if a < lastA || u < lastU {
			t.Fatalf("%d: values fell to %d and %d", v, a, u)
		}
		lastA, lastU = a, u
		// The steps of a segment are 1/16 of where it begins, and 16 or 8 in the first.
		if limit := abs(v)/32 + 8; abs(int(a)-v) > limit+1 {
			t.Errorf("A-law of %d: got %d", v, a)
		}
		if limit := (abs(v)+muBias)/32 + 4; abs(int(u)-v) > limit+1 && abs(v) <= muClip {
			t.Errorf("µ-law of %d: got %d", v, u)
		}
	}
}

// TestG711AgainstSox decodes every byte and compares.
func TestG711AgainstSox(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, c := range []struct {
		encoding string
		decode   Encoding
	}{{"a-law", EncodingALaw}, {"mu-law", EncodingMuLaw}} {
		out := command(t, every, "sox", "-D", "-t", "raw", "-r", "8000", "-c", "1", "-b", "8", "-e", c.encoding, "-",
			"-t", "raw", "-b", "16", "-e", "signed", "-")
		equalSamples(t, c.decode.AppendPCM(nil, every), AppendSamples(nil, out))
	}
}
