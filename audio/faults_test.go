package audio

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// bear is push with damage borne; notes is what was said of it.
func bear(t testing.TB, kind Kind, pieces ...[]byte) (p pushed, notes []string) {
	t.Helper()
	d, err := NewDecoder(kind)
	if err != nil {
		t.Fatal(err)
	}
	d.Tolerate(func(err error) {
		checkKnownError(t, err)
		notes = append(notes, err.Error())
	})
	keep := func(s []int16) error { p.samples = append(p.samples, s...); return nil }
	for _, piece := range pieces {
		if p.err = d.Decode(piece, keep); p.err != nil {
			break
		}
	}
	if p.err == nil {
		p.rest, p.err = d.Finish(keep)
	}
	p.header, _ = d.Header()
	return p, notes
}

// plain is a stream with several pages or frames.
type plain struct {
	name  string
	kind  Kind
	parts [][]byte // header, then each page or frame
}

func plainStreams(t testing.TB) (all []plain) {
	for _, f := range burstFiles {
		if raced && f.header.SourceRate > 16000 {
			continue // of each kind there are others
		}
		file := readFile(t, "testdata/"+f.name)
		if f.kind == KindOgg {
			file = remux(t, f.name, func(_ []byte, _ *[][]byte, m *muxer) { m.segments = func() int { return 7 } })
		}
		all = append(all, plain{f.name, f.kind, partsOf(t, f.kind, file)})
	}
	return all
}

// partsOf cuts a stream where something whole ends.
func partsOf(t testing.TB, kind Kind, file []byte) (parts [][]byte) {
	t.Helper()
	if kind == KindOgg {
		all := pages(t, file)
		parts = append(parts, join(all[:2]))
		for _, p := range all[2:] {
			parts = append(parts, p.bytes())
		}
		return parts
	}
	whole := push(t, kind, cutAt(file, single)...)
	from := firstFrame(file)
	parts, given := append(parts, file[:from]), 0
	for i, n := range whole.after {
		if n > given {
			parts, from, given = append(parts, file[from:i+1]), i+1, n
		}
	}
	return parts
}

// Whatever is broken in the middle, the stream goes on behind it, and what follows is where it was.
func TestFaultsInTheMiddle(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	for _, s := range plainStreams(t) {
		file := bytes.Join(s.parts, nil)
		whole := push(t, s.kind, file).samples
		middle := 1 + len(s.parts)/3
		at := len(bytes.Join(s.parts[:middle], nil))
		without := func(from, n int) []byte {
			return bytes.Join(slices.Delete(slices.Clone(s.parts), from, from+n), nil)
		}
		flipped := bytes.Clone(file)
		bit := rng.IntN(8 * len(s.parts[middle]))
		flipped[at+bit/8] ^= 1 << (bit % 8)
		junk := make([]byte, 1+rng.IntN(5000))
		for i := range junk {
			junk[i] = byte(rng.Uint32())
		}
		junk[0] = 'x'
		for name, b := range map[string][]byte{
			"a flipped bit":     flipped,
			"a part missing":    without(middle, 1),
			"two parts missing": without(middle, 2),
			"the first missing": without(1, 1),
			"half a part":       append(append(bytes.Clone(file[:at]), file[at:at+len(s.parts[middle])/2]...), file[at+len(s.parts[middle]):]...),
			"junk between":      append(append(bytes.Clone(file[:at]), junk...), file[at:]...),
			"zeros":             append(append(bytes.Clone(file[:at]), make([]byte, len(s.parts[middle]))...), file[at+len(s.parts[middle]):]...),
		} {
			cuts := []func() int{func() int { return len(b) }, func() int { return 1 + rng.IntN(700) }}
			if name == "a flipped bit" {
				cuts = append(cuts, single)
			}
			for _, cut := range cuts {
				p, notes := bear(t, s.kind, cutAt(b, cut)...)
				first := name == "the first missing" // nobody can know that there was one
				if p.err != nil || len(notes) == 0 && !first || len(p.samples) != len(whole) && !first {
					t.Fatalf("%s, %s (bit %d): %d samples of %d, %q, %v", s.name, name, bit, len(p.samples), len(whole), notes, p.err)
				}
				// Lossless sound is the same again behind the damage. The other begins to be heard again: it is coded as a
				// difference from what was before, and takes its time to be as loud.
				tail := len(whole) / 4
				if s.kind == KindFLAC {
					equalSamples(t, p.samples[len(p.samples)-tail:], whole[len(whole)-tail:])
				} else if a, b := loud(p.samples[len(p.samples)-tail:]), loud(whole[len(whole)-tail:]); a < b*0.1 || a > b*2 {
					t.Errorf("%s, %s: the end is as loud as %.3f, want about %.3f", s.name, name, a, b)
				}
			}
		}
		// Without tolerance it is as it was.
		if p := push(t, s.kind, flipped); !errors.Is(p.err, ErrMalformed) && p.rest == 0 {
			t.Errorf("%s: a flipped bit: %v", s.name, p.err)
		}
	}
}

func loud(s []int16) float64 { rms, _ := Level(s); return rms }

// A packet that cannot be decoded is silence of its length.
func TestFaultyPackets(t *testing.T) {
	whole := push(t, KindOgg, readFile(t, "testdata/bursts-silk.ogg")).samples
	bad := []byte{9<<3 | 1, 1, 2, 3} // two frames of equal length in three bytes; 20 ms each
	for _, c := range []struct {
		name   string
		packet []byte
		frames int // how long it is
	}{
		{"breaks the rules", bad, 1920}, {"has no count", []byte{3<<3 | 3}, 960}, {"has no frames", []byte{9<<3 | 3, 0}, 960},
		{"is too long", []byte{3<<3 | 3, 3}, 960},
	} {
		file := remux(t, "bursts-silk.ogg", func(_ []byte, audio *[][]byte, m *muxer) {
			*audio = slices.Insert(*audio, 20, c.packet)
		})
		p, notes := bear(t, KindOgg, file)
		if p.err != nil || len(notes) != 1 || !strings.Contains(notes[0], "a packet of") || !strings.Contains(notes[0], "at byte") {
			t.Errorf("%s: %q, %v", c.name, notes, p.err)
		}
		if extra := len(p.samples) - len(whole); extra < c.frames-960 || extra > c.frames+960 { // the end is trimmed by a position that does not know
			t.Errorf("%s: %d samples more than without it, want about %d", c.name, extra, c.frames)
		}
	}
}

// One fault after the other with nothing between them is no stream any more, and the error says so.
func TestTooManyFaults(t *testing.T) {
	silk := remux(t, "bursts-silk.ogg", func(_ []byte, audio *[][]byte, _ *muxer) {
		for range mostFaults + 1 {
			*audio = slices.Insert(*audio, 20, []byte{9<<3 | 1, 1, 2, 3})
		}
	})
	p, notes := bear(t, KindOgg, silk)
	if !errors.Is(p.err, ErrMalformed) || len(notes) != mostFaults || !strings.Contains(p.err.Error(), "10 faults with nothing between them") {
		t.Errorf("%d notes, %v", len(notes), p.err)
	}
	for _, s := range plainStreams(t) {
		b := append(bytes.Join(s.parts[:3], nil), bytes.Repeat([]byte("no audio at all "), longestAstray/8)...)
		p, notes := bear(t, s.kind, b)
		if !errors.Is(p.err, ErrMalformed) || len(notes) != 1 || !strings.Contains(p.err.Error(), "begins within 131072 bytes") {
			t.Errorf("%s: %q, %v", s.name, notes, p.err)
		}
		// A header that is damaged is no stream from the start.
		b = bytes.Join(s.parts, nil)
		b[1] ^= 1
		if p, notes := bear(t, s.kind, b); !errors.Is(p.err, ErrMalformed) || len(notes) != 0 {
			t.Errorf("%s: a damaged header: %q, %v", s.name, notes, p.err)
		}
	}
}

// Positions that nobody can believe buy no silence.
func TestUnbelievableGaps(t *testing.T) {
	file := remux(t, "bursts-silk.ogg", func(_ []byte, _ *[][]byte, m *muxer) { m.segments = func() int { return 7 } })
	all := pages(t, file)
	whole := push(t, KindOgg, file).samples
	lost := append(slices.Clone(all[:4]), all[5:]...)
	for i := 4; i < len(lost); i++ {
		lost[i].granule += opusRate * 3600
	}
	p, _ := bear(t, KindOgg, join(lost))
	if p.err != nil || len(p.samples) > len(whole)+960 {
		t.Errorf("%d samples of %d, %v", len(p.samples), len(whole), p.err)
	}
}

// A few bytes cannot claim hours of silence, each frame some seconds of it.
func TestGapsAreBounded(t *testing.T) {
	file := []byte("fLaC" + lastBlock(streamInfoBlock(8000, 1, 16, 0)))
	const frames = 14
	for i := range byte(frames) { // of a second each, with eight seconds between them
		h := []byte{0xff, 0xf8, 0x70, 0x08, 9 * i, 0x1f, 0x3f}
		f := append(h, flacHeaderCRC(h), 0x00, 0x12, 0x34) // one constant subframe
		sum := newFlacFrames(nil, 0)
		sum.add(f)
		file = append(append(file, f...), byte(sum.crc>>8), byte(sum.crc))
	}
	if p := push(t, KindFLAC, file); p.err != nil || len(p.samples) != frames*8000 {
		t.Fatalf("%d samples, %v", len(p.samples), p.err)
	}
	p, notes := bear(t, KindFLAC, file)
	quiet := 0
	for _, s := range p.samples {
		if s == 0 {
			quiet++
		}
	}
	if p.err != nil || len(notes) == 0 || quiet < 8*8000 || quiet > (10+frames)*8000 || len(p.samples)-quiet != frames*8000 {
		t.Errorf("%d of %d samples are silence, %q, %v", quiet, len(p.samples), notes, p.err)
	}
}
