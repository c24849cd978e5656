package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func words(text string) []string { return strings.Fields(text) }

func TestScore(t *testing.T) {
	t.Parallel()
	a := &clip{Name: "a", Words: words("one two three four")}
	b := &clip{Name: "b", Words: words("five six")}
	c := &clip{Name: "c", Words: words("seven eight nine ten")}
	const ms = time.Millisecond
	s := scoreOf([]said{
		{a, 0, words("one two three four")}, {a, 50 * ms, words("one two tree four")},
		{b, 0, words("five")}, {b, 50 * ms, words("five six seven eight")},
		{c, 0, words("seven eight nine ten")}, {c, 50 * ms, words("seven eight nine ten")},
	}, 1, 5)
	if want := (counts{20, 1, 1, 2}); s.counts != want || s.WER != 20 {
		t.Errorf("%+v, %v %%; expected %+v, 20 %%", s.counts, s.WER, want)
	}
	if want := []offsetScore{{counts{10, 0, 1, 0}, 0, 10}, {counts{10, 1, 0, 2}, 50, 30}}; !reflect.DeepEqual(s.ByOffset, want) {
		t.Errorf("by offset %+v, expected %+v", s.ByOffset, want)
	}
	if len(s.Worst) != 2 || s.Worst[0].Name != "b" || s.Worst[0].Hypothesis != "five six seven eight" || s.Worst[0].WER != 75 || s.Worst[1].Name != "a" {
		t.Errorf("worst %+v; expected b, then a, and no clip without errors", s.Worst)
	}
	if !(s.Low >= 0 && s.Low < s.WER && s.WER < s.High && s.High <= 75) {
		t.Errorf("interval %v to %v around %v", s.Low, s.High, s.WER)
	}
	if one := scoreOf([]said{{a, 0, nil}, {b, 0, nil}}, 1, 1); len(one.Worst) != 1 || one.Worst[0].Name != "a" || one.WER != 100 || one.Low != 100 || one.High != 100 {
		t.Errorf("nothing heard: %+v", one)
	}
	if none := scoreOf(nil, 1, 5); none.WER != 0 || none.Low != 0 || none.High != 0 {
		t.Errorf("no clips: %+v", none)
	}
}

// The interval depends on the seed and on nothing else, and is that of the normal approximation where that is good.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	draw := rand.New(rand.NewPCG(seed, 3))
	clips := make([]clipScore, 400)
	var rates []float64
	for i := range clips {
		clips[i].counts = counts{Total: 10, Substitutions: draw.IntN(7)}
		rates = append(rates, 10*float64(clips[i].Substitutions))
	}
	low, high := bootstrap(clips, seed)
	if l, h := bootstrap(clips, seed); l != low || h != high {
		t.Errorf("%v to %v, then %v to %v, from the seed %d", low, high, l, h, seed)
	}
	same := 0 // the ends are multiples of 1/40 of a point, so that two seeds may well agree
	for other := range uint64(3) {
		if l, h := bootstrap(clips, seed+1+other); l == low && h == high {
			same++
		}
	}
	if same == 3 {
		t.Errorf("the seed makes no difference (seed %d)", seed)
	}
	var mean, square float64
	for _, r := range rates {
		mean += r / float64(len(rates))
	}
	for _, r := range rates {
		square += (r - mean) * (r - mean) / float64(len(rates))
	}
	half := 1.96 * math.Sqrt(square/float64(len(rates)))
	if math.Abs(low-(mean-half)) > half/8 || math.Abs(high-(mean+half)) > half/8 {
		t.Errorf("%v to %v, expected about %v to %v (seed %d)", low, high, mean-half, mean+half, seed)
	}
}

// All offsets of a clip are drawn together: five rounds of the same errors make the interval no narrower.
func TestBootstrapKeepsClipsTogether(t *testing.T) {
	t.Parallel()
	interval := func(rounds int) (float64, float64) {
		var all []said
		for i := range 10 {
			c := &clip{Name: fmt.Sprint(i), Words: words("a b c d")}
			for r := range rounds {
				all = append(all, said{c, time.Duration(r), c.Words[:i%4+1]})
			}
		}
		s := scoreOf(all, 7, 0)
		return s.Low, s.High
	}
	low, high := interval(1)
	if l, h := interval(5); l != low || h != high || !(low < high) {
		t.Errorf("one round %v to %v, five the same %v to %v", low, high, l, h)
	}
}
