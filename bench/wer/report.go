package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// report is everything that a run has found.
type report struct {
	Command  string         `json:"command"`
	Set      string         `json:"set"`
	Clips    int            `json:"clips"`
	Audio    float64        `json:"audio_s"` // of the recordings, each once
	Words    int            `json:"words"`
	Timed    int            `json:"clips_with_word_times"`
	Pace     float64        `json:"pace"`
	ChunkMS  float64        `json:"chunk_ms"`
	Parallel int            `json:"parallel"`
	Seed     uint64         `json:"seed"`
	Machine  machine        `json:"machine"`
	Runs     []*measurement `json:"runs"`
	Batch    *yardstick     `json:"batch_decoder,omitempty"`
}

func newReport(o *options, clips []*clip) *report {
	r := &report{Set: o.dir, Clips: len(clips), Pace: o.pacing.speed, ChunkMS: float64(o.pacing.chunk) / float64(time.Millisecond),
		Parallel: o.parallel, Seed: o.seed, Machine: thisMachine(), Command: "make wer SET=" + quote(o.dir)}
	if len(o.given) > 0 {
		r.Command += " ARGS=" + quote(strings.Join(o.given, " "))
	}
	for _, c := range clips {
		r.Audio += timeOf(len(c.PCM)).Seconds()
		r.Words += len(c.Words)
		if c.Times != nil {
			r.Timed++
		}
	}
	return r
}

// quote returns an argument as a shell has to be given it.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:+@%", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// print writes the report for people.
func (r *report) print(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "Set        %s: %d clips, %.1f s, %d words; word times for %d clips\n", r.Set, r.Clips, r.Audio, r.Words, r.Timed)
	pace := fmt.Sprintf("%g × real time", r.Pace)
	if r.Pace == 0 {
		pace = "as fast as taken: the latencies say nothing about real time"
	}
	fmt.Fprintf(w, "Streamed   %s, chunks of %g ms, %d at once\n", pace, r.ChunkMS, r.Parallel)
	fmt.Fprintf(w, "Machine    %d cores, load %s before, %s after; where others work too, latencies are theirs as well\n",
		r.Machine.Cores, r.Machine.LoadBefore, r.Machine.LoadAfter)
	for _, m := range r.Runs {
		fmt.Fprintf(w, "\n== %s\n", m.Name)
		if len(m.Settings) > 0 {
			fmt.Fprintf(w, "%-30s%s\n", "settings", strings.Join(m.Settings, " "))
		}
		printScore(w, m.Score)
		m.printFigures(w)
		for _, l := range m.Limits {
			fmt.Fprintf(w, "%-30s%s\n", "limit "+l.verdict(), l.Text)
		}
	}
	if r.Batch != nil {
		r.Batch.print(w)
	}
	fmt.Fprintf(w, "\nAgain: %s\n", r.Command)
	return w.Flush()
}

func printScore(w io.Writer, s *score) {
	if s == nil {
		return
	}
	fmt.Fprintf(w, "%-30s%.2f %%   (95 %% interval over clips %.1f to %.1f %%)\n", "word error rate", s.WER, s.Low, s.High)
	fmt.Fprintf(w, "%-30s%d of %d words: %d substituted, %d deleted, %d inserted\n", "errors", s.errors(), s.Total, s.Substitutions, s.Deletions, s.Insertions)
	if len(s.ByOffset) > 1 {
		for i, o := range s.ByOffset {
			name := ""
			if i == 0 {
				name = "by room tone in front"
			}
			fmt.Fprintf(w, "%-30s%3.0f ms: %.2f %%   (%d + %d + %d of %d)\n", name, o.OffsetMS, o.WER, o.Substitutions, o.Deletions, o.Insertions, o.Total)
		}
	}
	for i, c := range s.Worst {
		name := ""
		if i == 0 {
			name = "worst clips"
		}
		fmt.Fprintf(w, "%-30s%.1f %%, %d of %d words: %s\n", name, c.WER, c.errors(), c.Total, c.Name)
		fmt.Fprintf(w, "%-30s  said   %s\n%-30s  heard  %s\n", "", c.Reference, "", c.Hypothesis)
	}
}

func (m *measurement) printFigures(w io.Writer) {
	m.Whole.print(w, "clips as they are")
	m.Trimmed.print(w, fmt.Sprintf("clips trimmed %d ms after the last word", tail.Milliseconds()))
	if m.WordStarts.N > 0 {
		printSpread(w, "word starts, distance", m.WordStarts, "correct words of clips with word times")
	}
	fmt.Fprintf(w, "%-30s%.2f s for %.1f s of audio in %.1f s: %.3f cores for each stream at real time (user + system, after warm-up)\n",
		"server's processor time", m.CPU, m.Audio, m.Wall, m.CPU/m.Audio)
	fmt.Fprintf(w, "%-30s%.1f MB at most, %.1f MB at the end\n", "server's memory (RSS)", mega(m.PeakRSS), mega(m.RSS))
	fmt.Fprintf(w, "%-30s%s after the run\n", "load", m.Load)
	if m.Overload > 1 {
		fmt.Fprintf(w, "%-30sthe streaming took %.1f times as long as it should: the latencies are those of a machine that is too busy;\n%-30stry fewer at once (-parallel 1)\n",
			"OVERLOADED", m.Overload, "")
	}
}

func mega(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (l *latencies) print(w io.Writer, what string) {
	n := l.Listed + l.Heard + l.NothingFound
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "%s (%d; speech found by word-times.tsv in %d, by audio/vad in %d", what, n, l.Listed, l.Heard)
	for _, x := range []struct {
		n    int
		text string
	}{{l.NothingFound, "nowhere"}, {l.NothingSaid, "nothing recognised"}} {
		if x.n > 0 {
			fmt.Fprintf(w, ", %s in %d", x.text, x.n)
		}
	}
	fmt.Fprintf(w, "; sender at most %.0f ms late)\n", l.SenderLateMaxMS)
	printSpread(w, "  speech start → 1st partial", l.FirstPartial, "")
	printSpread(w, "  last byte → last final", l.LastFinal, "")
	printSpread(w, "    less 0.45 × segment", l.AboveSegment, fmt.Sprintf("the last segment has %.0f ms at the median", l.LastSegment.Median))
	printSpread(w, "  speech end → last final", l.SpeechEndFinal, "")
}

func printSpread(w io.Writer, name string, s spread, note string) {
	if s.N == 0 {
		fmt.Fprintf(w, "%-30s–\n", name)
		return
	}
	if note != "" {
		note = "; " + note
	}
	fmt.Fprintf(w, "%-30smedian %.0f ms, P95 %.0f ms, longest %.0f ms   (n = %d%s)\n", name, s.Median, s.P95, s.Max, s.N, note)
}

func (y *yardstick) print(w io.Writer) {
	fmt.Fprintf(w, "\n== %s, the library's own batch decoder, on the same audio\n", batchProgram)
	if y.Missing != "" {
		fmt.Fprintf(w, "left out: %s\n", y.Missing)
		return
	}
	fmt.Fprintf(w, "%-30s%s, else the defaults of program and model: cepstral mean of the whole clip, both passes\n", "options", y.Options)
	printScore(w, &y.Score)
	fmt.Fprintf(w, "%-30s%.2f s, and %.2f s for loading the model\n", "processor time", y.CPU, y.LoadCPU)
}
