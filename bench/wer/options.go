package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/engine/pocketsphinx"
)

// options of a run.
type options struct {
	dir      string // the set
	earshot  string // the server's program
	engine   string
	settings []string // key=value, more configuration of the server
	variants []string
	offsets  []time.Duration
	trim     string
	parallel int
	pacing   pacing
	seed     uint64
	worst    int
	batch    bool
	json     string   // file; empty: none
	given    []string // the arguments as they came, without the set
}

// finalsOption is the engine option that the variants are values of.
const finalsOption = "finals"

// usualOffsets are the offsets that the limits of word error rates are meant for, in milliseconds.
const usualOffsets = "0,20,50,110,230"

// parseOptions reads the command line. What can be wrong with it is said before anything starts.
func parseOptions(args []string, getenv func(string) string, errOut io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("wer", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Usage = func() {
		fmt.Fprintln(errOut, "usage: wer [options] [SET]\n\nSET is a folder with transcripts.tsv and recordings; without it, $EARSHOT_SHARED/speech/dev.")
		flags.PrintDefaults()
	}
	flags.StringVar(&o.earshot, "earshot", "bin/earshot", "the server's program")
	flags.StringVar(&o.engine, "engine", "pocketsphinx", "engine of the server")
	flags.Func("set", "more configuration of the server, such as engines.pocketsphinx.slots=4; may be repeated", func(v string) error {
		if key, _, ok := strings.Cut(v, "="); !ok || key == "" {
			return fmt.Errorf("expected KEY=VALUE, got %q", v)
		}
		o.settings = append(o.settings, v)
		return nil
	})
	variants := flags.String("variants", "all", `values of the engine option "finals", one run each, separated by commas; all: those it has; none: one run without the option`)
	offsets := flags.String("offsets", usualOffsets, "milliseconds of the clip's own room tone before it, one round each")
	flags.StringVar(&o.trim, "trim", "both", "both: clips as they are, and again ending 100 ms after the last word; none: as they are only; only: ending so only")
	flags.IntVar(&o.parallel, "parallel", 0, "clips at once; 0: half as many as the engine has slots, of which there is one for each core")
	flags.Float64Var(&o.pacing.speed, "pace", 1, "seconds of audio sent in a second; 0: as fast as the server takes it, which says nothing about latency")
	flags.DurationVar(&o.pacing.chunk, "chunk", 50*time.Millisecond, "audio sent at once; below 50ms the client collects it to 50ms")
	flags.StringVar(&o.pacing.language, "language", "en-US", "language that is spoken")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the interval's resampling")
	flags.IntVar(&o.worst, "worst", 5, "how many of the worst clips to list")
	flags.BoolVar(&o.batch, "batch", true, "run PocketSphinx's own batch decoder on the same audio")
	flags.StringVar(&o.json, "json", "", "file to write all figures to, as JSON")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	o.given = args[:len(args)-flags.NArg()]
	var err error
	if o.offsets, err = parseOffsets(*offsets); err != nil {
		return nil, err
	}
	if o.variants, err = parseVariants(*variants, o.engine); err != nil {
		return nil, err
	}
	if o.dir, err = findSet(flags.Args(), getenv); err != nil {
		return nil, err
	}
	return o, o.check()
}

// check says what is out of range, and fills in what depends on other options.
func (o *options) check() error {
	switch {
	case o.pacing.speed < 0 || !(o.pacing.speed <= 1000):
		return fmt.Errorf(`option "pace": expected 0 to 1000, got %v`, o.pacing.speed)
	case o.pacing.chunk < time.Millisecond || o.pacing.chunk > time.Second:
		return fmt.Errorf(`option "chunk": expected 1ms to 1s, got %v`, o.pacing.chunk)
	case o.parallel < 0 || o.parallel > 1000:
		return fmt.Errorf(`option "parallel": expected 0 to 1000, got %d`, o.parallel)
	case o.worst < 0:
		return fmt.Errorf(`option "worst": expected 0 or more, got %d`, o.worst)
	case !slices.Contains([]string{"both", "none", "only"}, o.trim):
		return fmt.Errorf(`option "trim": expected both, none or only, got %q`, o.trim)
	}
	if o.parallel == 0 {
		// A stream takes two cores while its speaker is new: one that recognises on, one that catches up with a better mean.
		o.parallel = max(1, o.slots()/2)
	}
	return nil
}

// slots returns how many streams the engine serves at once: its option, else one for each core, as the engine has it.
func (o *options) slots() int {
	for _, s := range slices.Backward(o.settings) {
		if value, ok := strings.CutPrefix(s, "engines."+o.engine+".slots="); ok {
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				return min(n, 1000)
			}
		}
	}
	return runtime.NumCPU()
}

func parseOffsets(text string) ([]time.Duration, error) {
	var offsets []time.Duration
	for field := range strings.SplitSeq(text, ",") {
		ms, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || ms < 0 || ms > 60_000 {
			return nil, fmt.Errorf(`option "offsets": expected whole milliseconds from 0 to 60000 separated by commas, got %q`, text)
		}
		d := time.Duration(ms) * time.Millisecond
		if slices.Contains(offsets, d) {
			return nil, fmt.Errorf(`option "offsets": %d is there twice`, ms)
		}
		offsets = append(offsets, d)
	}
	return offsets, nil
}

// variant is one way to run the server.
type variant struct {
	name     string
	settings []string
}

func parseVariants(text, engine string) ([]string, error) {
	if text == "none" {
		return nil, nil
	}
	if text != "all" {
		names := strings.Split(text, ",")
		for i := range names {
			if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
				return nil, fmt.Errorf(`option "variants": expected values separated by commas, all or none, got %q`, text)
			}
		}
		return names, nil
	}
	driver := pocketsphinx.Driver()
	if engine != driver.Name {
		return nil, nil
	}
	for _, option := range driver.Options {
		if option.Name == finalsOption {
			return option.Enum, nil
		}
	}
	return nil, nil
}

// runs returns the variants that are measured, at least one.
func (o *options) runs() []variant {
	if len(o.variants) == 0 {
		return []variant{{name: o.engine, settings: o.settings}}
	}
	var runs []variant
	for _, name := range o.variants {
		own := "engines." + o.engine + "." + finalsOption + "=" + name
		runs = append(runs, variant{name: o.engine + " " + name, settings: append(slices.Clone(o.settings), own)})
	}
	return runs
}

// flags returns the arguments of the server's command serve.
func (v variant) flags(o *options) []string {
	flags := []string{"--engine", o.engine, "--log-level", "warn"}
	for _, s := range v.settings {
		flags = append(flags, "--set", s)
	}
	return flags
}

// findSet returns the folder of the set.
func findSet(args []string, getenv func(string) string) (string, error) {
	const want = "a folder with transcripts.tsv and recordings (make wer SET=folder)"
	var dir string
	switch shared := getenv("EARSHOT_SHARED"); {
	case len(args) > 1:
		return "", fmt.Errorf("expected one set, %s, got %q", want, args)
	case len(args) == 1 && args[0] != "":
		dir = args[0]
	case shared != "":
		dir = filepath.Join(shared, "speech", "dev")
	default:
		return "", errors.New("there is no set to measure: give " + want + ", or set EARSHOT_SHARED to the folder that has speech/dev")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("the set %q is not there: expected %s", dir, want)
	}
	return dir, nil
}
