package main

import (
	"fmt"
	"slices"
	"strings"
)

// limit is a figure that the project has set itself, and whether it is kept.
type limit struct {
	Text  string  `json:"text"`
	Value float64 `json:"value"`
	Most  float64 `json:"most"`
	Kept  bool    `json:"kept"`
}

func (l *limit) verdict() string {
	if l.Kept {
		return "kept"
	}
	return "MISSED"
}

// The limits of word error rates hold for the project's own development set. Other sets are easier or harder.
const (
	mostFast       = 32.0 // % of words
	mostAccurate   = 29.5 // % of words
	mostFirst      = 500  // ms of audio
	mostFinal      = 150  // ms
	mostFinalP95   = 500  // ms
	mostWordStarts = 100  // ms
)

// limitsOf judges a variant of the PocketSphinx engine; other engines have no limits yet. Word errors are judged at the usual
// offsets only, latency at real-time pace only.
func limitsOf(m *measurement, o *options) []limit {
	if !strings.HasPrefix(m.Name, "pocketsphinx") {
		return nil
	}
	var all []limit
	check := func(what string, value, most float64, unit string) {
		all = append(all, limit{Text: fmt.Sprintf("%s: %.1f %s, at most %g %s", what, value, unit, most, unit), Value: value, Most: most, Kept: value <= most})
	}
	fast := strings.HasSuffix(m.Name, " fast")
	accurate := strings.HasSuffix(m.Name, " accurate")
	const errorRate = "word error rate (meant for the development set)"
	usual, err := parseOffsets(usualOffsets)
	scored := m.Score != nil && err == nil && slices.Equal(o.offsets, usual)
	if scored && fast {
		check(errorRate, m.Score.WER, mostFast, "%")
	}
	if scored && accurate {
		check(errorRate, m.Score.WER, mostAccurate, "%")
	}
	if m.WordStarts.N > 0 {
		check("word starts, median", m.WordStarts.Median, mostWordStarts, "ms")
	}
	if o.pacing.speed != 1 {
		return all
	}
	if m.Whole.FirstPartial.N > 0 {
		check("speech start → first partial, median", m.Whole.FirstPartial.Median, mostFirst, "ms")
	}
	if m.Trimmed.LastFinal.N > 0 && fast {
		check("trimmed: last byte → last final, median", m.Trimmed.LastFinal.Median, mostFinal, "ms")
		check("trimmed: last byte → last final, P95", m.Trimmed.LastFinal.P95, mostFinalP95, "ms")
	}
	if m.Trimmed.AboveSegment.N > 0 && accurate {
		check("trimmed: last byte → last final less 0.45 × segment, P95", m.Trimmed.AboveSegment.P95, mostFinal, "ms")
	}
	return all
}
