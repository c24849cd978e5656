package main

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// An alignment is one: every word of both rows stands in it once and in order. It is as cheap as any that there is.
func TestAlignIsCheapest(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	draw := rand.New(rand.NewPCG(seed, 2))
	for range 1000 {
		ref, hyp := randomWords(draw, draw.IntN(6), 3), randomWords(draw, draw.IntN(6), 3)
		pairs := align(ref, hyp)
		i, j := 0, 0
		for _, p := range pairs {
			if p.ref < 0 && p.hyp < 0 || p.ref >= 0 && p.ref != i || p.hyp >= 0 && p.hyp != j {
				t.Fatalf("%q and %q: %v is no alignment (seed %d)", ref, hyp, pairs, seed)
			}
			if p.ref >= 0 {
				i++
			}
			if p.hyp >= 0 {
				j++
			}
		}
		c := count(ref, hyp, pairs)
		if i != len(ref) || j != len(hyp) || c.Total != len(ref) {
			t.Fatalf("%q and %q: %v leaves words out (seed %d)", ref, hyp, pairs, seed)
		}
		if got, want := 4*c.Substitutions+3*c.Deletions+3*c.Insertions, cheapest(ref, hyp); got != want {
			t.Fatalf("%q and %q: costs %d, %d is possible (seed %d)", ref, hyp, got, want, seed)
		}
	}
}

// cheapest tries all alignments there are.
func cheapest(ref, hyp []string) int {
	if len(ref) == 0 {
		return 3 * len(hyp)
	}
	if len(hyp) == 0 {
		return 3 * len(ref)
	}
	best := min(3+cheapest(ref[1:], hyp), 3+cheapest(ref, hyp[1:]))
	if ref[0] == hyp[0] {
		return min(best, cheapest(ref[1:], hyp[1:]))
	}
	return min(best, 4+cheapest(ref[1:], hyp[1:]))
}

func TestCount(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		ref, hyp string
		want     counts
		rate     float64
	}{
		{"a b c d", "a b c d", counts{4, 0, 0, 0}, 0},
		{"a b c d", "a x c d", counts{4, 1, 0, 0}, 0.25},
		{"a b c d", "a c d", counts{4, 0, 1, 0}, 0.25},
		{"a b c d", "a b x c d", counts{4, 0, 0, 1}, 0.25},
		{"a b c d", "", counts{4, 0, 4, 0}, 1},
		{"", "a b", counts{0, 0, 0, 2}, 0},
		{"a b", "c d e f g", counts{2, 2, 0, 3}, 2.5},
		// A plain distance takes two substitutions; sclite's weights keep the b.
		{"a b", "b a", counts{2, 0, 1, 1}, 1},
	} {
		ref, hyp := strings.Fields(x.ref), strings.Fields(x.hyp)
		if got := count(ref, hyp, align(ref, hyp)); got != x.want || got.rate() != x.rate {
			t.Errorf("%q heard as %q: %+v, %v; expected %+v, %v", x.ref, x.hyp, got, got.rate(), x.want, x.rate)
		}
	}
}
