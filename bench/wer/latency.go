package main

import (
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// spread is the middle and the end of a row of durations.
type spread struct {
	N      int     `json:"n"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	Max    float64 `json:"max_ms"`
}

func spreadOf(values []time.Duration) spread {
	ms := make([]float64, len(values))
	for i, v := range values {
		ms[i] = float64(v) / float64(time.Millisecond)
	}
	return spread{N: len(ms), Median: rig.Median(ms), P95: rig.Quantile(ms, 0.95), Max: rig.Quantile(ms, 1)}
}

// latencies are how long words were waited for.
type latencies struct {
	FirstPartial    spread  `json:"speech_start_to_first_partial"`
	LastFinal       spread  `json:"last_byte_to_last_final"`
	SpeechEndFinal  spread  `json:"speech_end_to_last_final"`
	AboveSegment    spread  `json:"last_byte_to_last_final_less_045_segment"`
	LastSegment     spread  `json:"last_segment_length"`
	Listed          int     `json:"speech_from_word_times"`
	Heard           int     `json:"speech_from_vad"`
	NothingFound    int     `json:"speech_not_found"`
	NothingSaid     int     `json:"nothing_recognised"`
	SenderLateMaxMS float64 `json:"sender_late_max_ms"`
}

// segmentShare is the part of the last segment's length that finals of a second pass may take on top.
const segmentShare = 0.45

// latenciesOf measures outcomes. A final that came before the last byte was not waited for: it counts as 0.
func latenciesOf(outcomes []*outcome) latencies {
	var l latencies
	var first, last, end, above, segments []time.Duration
	for _, o := range outcomes {
		l.SenderLateMaxMS = max(l.SenderLateMaxMS, float64(o.late)/float64(time.Millisecond))
		s := o.take.speech
		switch {
		case !s.known:
			l.NothingFound++
		case s.listed:
			l.Listed++
		default:
			l.Heard++
		}
		if o.first.IsZero() || o.last.IsZero() {
			l.NothingSaid++
			continue
		}
		wait := max(o.last.Sub(o.lastByte), 0)
		last = append(last, wait)
		segments = append(segments, o.segment)
		above = append(above, max(wait-time.Duration(segmentShare*float64(o.segment)), 0))
		if s.known {
			first = append(first, o.first.Sub(o.clock.spoken(s.start)))
			end = append(end, o.last.Sub(o.clock.spoken(s.end)))
		}
	}
	l.FirstPartial, l.LastFinal, l.SpeechEndFinal = spreadOf(first), spreadOf(last), spreadOf(end)
	l.AboveSegment, l.LastSegment = spreadOf(above), spreadOf(segments)
	return l
}

// startErrors returns how far the starts of correctly recognised words are from where the set has them.
func startErrors(outcomes []*outcome) []time.Duration {
	var off []time.Duration
	for _, o := range outcomes {
		c := o.take.clip
		if c.Times == nil {
			continue
		}
		hyp := texts(o.words)
		for _, p := range align(c.Words, hyp) {
			if p.ref < 0 || p.hyp < 0 || c.Words[p.ref] != hyp[p.hyp] || !o.words[p.hyp].timed || !c.Times[p.ref].known {
				continue
			}
			off = append(off, (o.words[p.hyp].start - o.take.offset - c.Times[p.ref].start).Abs())
		}
	}
	return off
}
