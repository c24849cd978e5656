package rig

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Median returns the middle of values, the mean of the two in the middle for an even number, 0 for none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile returns the value below which a share q of values lies, 0 to 1, between two neighbours in proportion; 0 for no
// values. It leaves values as they are.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := min(max(q, 0), 1) * float64(len(sorted)-1)
	low := int(at)
	if low == len(sorted)-1 {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Figure is a value with its unit.
type Figure struct {
	Value float64
	Unit  string // as benchstat has it: ns/op, B/stream, cpu-ms/stream-s
}

// WriteHeader writes the lines that say where the results come from, as go test does.
func WriteHeader(w io.Writer, pkg string) error {
	_, err := fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: %s\n", runtime.GOOS, runtime.GOARCH, pkg)
	return err
}

// WriteLine writes one result in the Go benchmark format, which benchstat reads. name is what stands behind "Benchmark", with
// parts as in "ServerCPU/streams=200/impl=bare"; the number of processors is added to it.
func WriteLine(w io.Writer, name string, figures ...Figure) error {
	if !isWord(name) {
		return fmt.Errorf("the name of a benchmark: want one word, got %q", name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Benchmark%s-%d\t1", name, runtime.GOMAXPROCS(0))
	for _, f := range figures {
		if !isWord(f.Unit) {
			return fmt.Errorf("benchmark %s: want a unit without blanks, got %q", name, f.Unit)
		}
		b.WriteString("\t" + strconv.FormatFloat(f.Value, 'g', 6, 64) + " " + f.Unit)
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// isWord reports whether s can be a name or a unit.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// Line is a result, read.
type Line struct {
	Name    string // without "Benchmark" and the number of processors
	Figures []Figure
}

// Get returns the figure with a unit.
func (l *Line) Get(unit string) (float64, bool) {
	for _, f := range l.Figures {
		if f.Unit == unit {
			return f.Value, true
		}
	}
	return 0, false
}

// ReadLine reads a line of the Go benchmark format; ok is false for anything else.
func ReadLine(text string) (l Line, ok bool) {
	fields := strings.Fields(text)
	if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
		return l, false
	}
	if _, err := strconv.ParseUint(fields[1], 10, 63); err != nil {
		return l, false
	}
	l.Name = fields[0][len("Benchmark"):]
	if at := strings.LastIndexByte(l.Name, '-'); at > 0 {
		if _, err := strconv.ParseUint(l.Name[at+1:], 10, 31); err == nil {
			l.Name = l.Name[:at]
		}
	}
	for i := 2; i < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || !isWord(fields[i+1]) {
			return l, false
		}
		l.Figures = append(l.Figures, Figure{v, fields[i+1]})
	}
	return l, isWord(l.Name)
}
