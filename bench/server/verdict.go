package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// limit is something that the project has set itself.
type limit struct {
	what string
	// above and below are the names of the results whose medians are divided; an empty below divides by one.
	above, below string
	unit         string
	bound        float64
	least        bool // bound is the least that is good, else the most
}

func (l *limit) holds(v float64) bool {
	if l.least {
		return v >= l.bound
	}
	return v <= l.bound
}

// limits are what "verdict" looks at, in the order in which it prints them.
func limits() []limit {
	var all []limit
	for _, size := range []string{"300", "3387"} {
		for _, what := range []string{"Encode", "Decode"} {
			name := what + "/size=" + size
			all = append(all, limit{what: strings.ToLower(what) + " an event-stream message of " + size + " B: times as fast as the AWS module",
				above: name + "/impl=aws", below: name + "/impl=earshot", unit: "ns/op", bound: 3, least: true},
				limit{what: "  its allocations", above: name + "/impl=earshot", unit: "allocs/op"})
		}
	}
	return append(all,
		limit{what: "server CPU per stream, as a multiple of the bare server's", above: "ServerCPU/*/impl=earshot", below: "ServerCPU/*/impl=bare",
			unit: unitCPU, bound: 2},
		limit{what: "CPU of the engine behind the server, as a multiple of the engine alone", above: "EngineCPU/*", unit: unitRatio, bound: 1.05},
		limit{what: "memory of an idle stream, in bytes", above: "IdleMemory/*", unit: unitRSS, bound: 64 << 10})
}

// results are the figures of all rounds, by name and unit.
type results map[[2]string][]float64

// read takes lines in the Go benchmark format and passes over all others.
func read(in io.Reader) (results, error) {
	all := results{}
	scan := bufio.NewScanner(in)
	for scan.Scan() {
		line, ok := rig.ReadLine(scan.Text())
		if !ok {
			continue
		}
		for _, f := range line.Figures {
			key := [2]string{line.Name, f.Unit}
			all[key] = append(all[key], f.Value)
		}
	}
	return all, scan.Err()
}

// values returns the figures of a name, in which * stands for any one part.
func (r results) values(name, unit string) []float64 {
	var all []float64
	for key, v := range r {
		if key[1] == unit && matches(name, key[0]) {
			all = append(all, v...)
		}
	}
	return all
}

func matches(pattern, name string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(name, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}

var errMissed = errors.New("a limit is not kept")

// judge prints a line for each limit, also for those of which there are no results. The error is errMissed when one of them is not kept.
func judge(r results, all []limit, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	missed := 0
	for i := range all {
		l := &all[i]
		above, below := r.values(l.above, l.unit), []float64{1}
		if l.below != "" {
			below = r.values(l.below, l.unit)
		}
		if len(above) == 0 || len(below) == 0 {
			if _, err := fmt.Fprintf(table, "not measured\t%s\t\t\t\n", l.what); err != nil {
				return err
			}
			continue
		}
		v, verdict, sign := rig.Median(above)/rig.Median(below), "kept", "<="
		if l.least {
			sign = ">="
		}
		if !l.holds(v) {
			verdict = "MISSED"
			missed++
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%.4g\t%s %g\tmedian of %d\n", verdict, l.what, v, sign, l.bound, len(above)); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%w: %d of those above", errMissed, missed)
	}
	return nil
}

// verdictMode reads results and prints which limits are kept.
func verdictMode(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("verdict", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("verdict: want one file of results")
	}
	f, err := os.Open(flags.Arg(0))
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := read(f)
	if err != nil {
		return err
	}
	return judge(r, limits(), out)
}
