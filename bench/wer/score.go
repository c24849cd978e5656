package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// said is the words that were recognised in a clip at an offset.
type said struct {
	clip   *clip
	offset time.Duration
	words  []string
}

// score is how well a set was recognised.
type score struct {
	counts
	WER      float64       `json:"wer_percent"`
	Low      float64       `json:"wer_low_percent"`  // of the 95 % interval
	High     float64       `json:"wer_high_percent"` // of the 95 % interval
	ByOffset []offsetScore `json:"by_offset"`
	Worst    []clipScore   `json:"worst_clips"`
}

type offsetScore struct {
	counts
	OffsetMS float64 `json:"offset_ms"`
	WER      float64 `json:"wer_percent"`
}

// clipScore is how well a clip was recognised at all offsets, and what was said at its worst.
type clipScore struct {
	counts
	Name       string  `json:"file"`
	WER        float64 `json:"wer_percent"`
	Reference  string  `json:"reference"`
	Hypothesis string  `json:"worst_hypothesis"`
	worst      int     // errors of Hypothesis
}

// How the interval is made.
const (
	resamples = 10_000
	interval  = 0.95
)

// scoreOf compares everything that was said with what should have been. The clips of all keep the order of the set.
func scoreOf(all []said, seed uint64, worst int) score {
	var s score
	var clips []clipScore
	index := map[*clip]int{}
	offsets := map[time.Duration]counts{}
	for _, h := range all {
		c := count(h.clip.Words, h.words, align(h.clip.Words, h.words))
		s.add(c)
		of := offsets[h.offset]
		of.add(c)
		offsets[h.offset] = of
		at, ok := index[h.clip]
		if !ok {
			at = len(clips)
			index[h.clip] = at
			clips = append(clips, clipScore{Name: h.clip.Name, Reference: strings.Join(h.clip.Words, " "), worst: -1})
		}
		clips[at].add(c)
		if c.errors() > clips[at].worst {
			clips[at].worst, clips[at].Hypothesis = c.errors(), strings.Join(h.words, " ")
		}
	}
	s.WER = percent(s.rate())
	s.Low, s.High = bootstrap(clips, seed)
	for offset, c := range offsets {
		s.ByOffset = append(s.ByOffset, offsetScore{counts: c, OffsetMS: float64(offset) / float64(time.Millisecond), WER: percent(c.rate())})
	}
	slices.SortFunc(s.ByOffset, func(a, b offsetScore) int { return cmp.Compare(a.OffsetMS, b.OffsetMS) })
	for i := range clips {
		clips[i].WER = percent(clips[i].rate())
	}
	slices.SortStableFunc(clips, func(a, b clipScore) int { return cmp.Compare(b.errors(), a.errors()) })
	s.Worst = slices.DeleteFunc(clips[:min(worst, len(clips))], func(c clipScore) bool { return c.errors() == 0 })
	return s
}

func percent(share float64) float64 { return 100 * share }

// bootstrap returns the borders of the interval of the word error rate, in percent: clips are drawn with replacement, as many
// as there are, each with all its offsets, again and again, and the rates' tails are cut off. The same seed gives the same
// borders.
func bootstrap(clips []clipScore, seed uint64) (low, high float64) {
	if len(clips) == 0 {
		return 0, 0
	}
	draw := rand.New(rand.NewPCG(seed, uint64(len(clips)))) //nolint:gosec // it draws samples, not secrets
	rates := make([]float64, resamples)
	for i := range rates {
		var sum counts
		for range clips {
			sum.add(clips[draw.IntN(len(clips))].counts)
		}
		rates[i] = percent(sum.rate())
	}
	return rig.Quantile(rates, (1-interval)/2), rig.Quantile(rates, (1+interval)/2)
}
