package main

import "slices"

// The weights that an alignment minimises the sum of. They are those of NIST sclite, which prefers a substitution to a
// deletion beside an insertion less strongly than a plain Levenshtein distance does.
const (
	costSubstitute = 4
	costDelete     = 3
	costInsert     = 3
)

// pair is one place of an alignment: indices into reference and hypothesis, -1 where there is no word.
type pair struct{ ref, hyp int }

// counts are the results of comparing a hypothesis with its reference, in words.
type counts struct {
	Total         int `json:"reference_words"`
	Substitutions int `json:"substitutions"`
	Deletions     int `json:"deletions"`
	Insertions    int `json:"insertions"`
}

func (c *counts) add(d counts) {
	c.Total += d.Total
	c.Substitutions += d.Substitutions
	c.Deletions += d.Deletions
	c.Insertions += d.Insertions
}

func (c counts) errors() int { return c.Substitutions + c.Deletions + c.Insertions }

// rate returns the word error rate, 1 for as many errors as words. Without any words there is none: it is 0.
func (c counts) rate() float64 {
	if c.Total == 0 {
		return 0
	}
	return float64(c.errors()) / float64(c.Total)
}

// align returns the cheapest alignment of two rows of words, first to last. Of several that cost the same it takes, from the
// end on, equal or substituted words first, then insertions, then deletions.
func align(ref, hyp []string) []pair {
	width := len(hyp) + 1
	cost := make([]int, (len(ref)+1)*width)
	for i := range len(ref) + 1 {
		for j := range width {
			if i == 0 || j == 0 {
				cost[i*width+j] = i*costDelete + j*costInsert
				continue
			}
			cost[i*width+j] = min(cost[(i-1)*width+j-1]+unlike(ref[i-1], hyp[j-1]),
				cost[(i-1)*width+j]+costDelete, cost[i*width+j-1]+costInsert)
		}
	}
	var pairs []pair
	for i, j := len(ref), len(hyp); i > 0 || j > 0; {
		here := cost[i*width+j]
		switch {
		case i > 0 && j > 0 && here == cost[(i-1)*width+j-1]+unlike(ref[i-1], hyp[j-1]):
			i, j = i-1, j-1
			pairs = append(pairs, pair{i, j})
		case j > 0 && here == cost[i*width+j-1]+costInsert:
			j--
			pairs = append(pairs, pair{-1, j})
		default:
			i--
			pairs = append(pairs, pair{i, -1})
		}
	}
	slices.Reverse(pairs)
	return pairs
}

func unlike(a, b string) int {
	if a == b {
		return 0
	}
	return costSubstitute
}

// count says what an alignment of ref and hyp amounts to.
func count(ref, hyp []string, pairs []pair) counts {
	c := counts{Total: len(ref)}
	for _, p := range pairs {
		switch {
		case p.ref < 0:
			c.Insertions++
		case p.hyp < 0:
			c.Deletions++
		case ref[p.ref] != hyp[p.hyp]:
			c.Substitutions++
		}
	}
	return c
}
