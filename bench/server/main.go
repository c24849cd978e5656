package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench/server:", err)
		os.Exit(1)
	}
}

// command runs one of the modes.
func command(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	mode := ""
	if len(args) > 0 {
		mode = args[0]
	}
	switch mode {
	case "load":
		return loadMode(ctx, args[1:], in, out)
	case "bare":
		return bareMode(ctx, args[1:], out)
	case "direct":
		return directMode(ctx, args[1:], in, out)
	case "verdict":
		return verdictMode(args[1:], out)
	default:
		return measure(ctx, args, out)
	}
}

// options of the measuring itself.
type options struct {
	earshot string // program
	self    string // program, in whose modes the other processes run
	rounds  int
	match   *regexp.Regexp
	skip    *regexp.Regexp
	log     io.Writer // of the children

	streams      int
	warm, window time.Duration
	words        int    // a second
	profile      string // file; empty: none

	clips string // folder
	audio time.Duration
	pace  float64
	set   settings

	idle int // streams
}

func parse(args []string) (*options, error) {
	o := &options{set: settings{}}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.StringVar(&o.earshot, "earshot", "bin/earshot", "the server's program")
	flags.IntVar(&o.rounds, "count", 6, "rounds of each experiment")
	match := flags.String("bench", ".", "regular expression: only experiments whose names match")
	skip := flags.String("skip", "^$", "regular expression: no experiments whose names match")
	verbose := flags.Bool("v", false, "show what the other processes log")
	flags.IntVar(&o.streams, "streams", 200, "ServerCPU: streams at the same time")
	flags.DurationVar(&o.warm, "warm", 2*time.Second, "ServerCPU: time before the measuring begins")
	flags.DurationVar(&o.window, "window", 5*time.Second, "ServerCPU: time that is measured, a multiple of 5s")
	flags.IntVar(&o.words, "words", 1, "ServerCPU: words spoken a second")
	flags.StringVar(&o.profile, "profile", "", "ServerCPU: file for a processor profile of Earshot's server, which costs some time itself")
	flags.StringVar(&o.clips, "clips", rig.Recordings, "EngineCPU: folder of recordings")
	flags.DurationVar(&o.audio, "audio", 30*time.Second, "EngineCPU: length of the recordings used, of the first ones")
	flags.Float64Var(&o.pace, "pace", 0, "EngineCPU: seconds of audio sent in a second; 0: as fast as it is taken")
	flags.Var(o.set, "set", "EngineCPU: option of the engine, as NAME=VALUE; may be repeated")
	flags.IntVar(&o.idle, "idle", 500, "IdleMemory: streams; EngineMemory: 250 of them at most, as many as the engine takes")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("want options only, got %q", flags.Arg(0))
	}
	var err error
	if o.match, err = regexp.Compile(*match); err != nil {
		return nil, err
	}
	if o.skip, err = regexp.Compile(*skip); err != nil {
		return nil, err
	}
	if o.rounds < 1 || o.streams < 1 || o.idle < 1 || o.words < 1 || o.words > 50 || o.pace < 0 {
		return nil, errors.New("-count, -streams, -idle and -words must be 1 or more, -words 50 at most, -pace not below 0")
	}
	if o.window <= 0 || o.window%cycle != 0 {
		return nil, fmt.Errorf("-window must be a multiple of %v, got %v", cycle, o.window)
	}
	o.log = io.Discard
	if *verbose {
		o.log = os.Stderr
	}
	o.self, err = os.Executable()
	return o, err
}

// settings are options of an engine. It implements flag.Value.
type settings map[string]string

// String implements flag.Value.
func (s settings) String() string { return "" }

// Set implements flag.Value.
func (s settings) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("want NAME=VALUE, got %q", text)
	}
	s[name] = value
	return nil
}

// experiment measures one thing, one round at a time.
type experiment struct {
	name  string
	every int // so many rounds of the others make one of this
	run   func(ctx context.Context, o *options, dir string, out io.Writer) error
}

func experiments() []experiment {
	return []experiment{{"ServerCPU", 1, serverCPU}, {"IdleMemory", 2, idleMemory}, {"EngineCPU", 2, engineCPU}, {"EngineMemory", 3, engineMemory}}
}

func measure(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := rig.WriteHeader(out, "github.com/earshot-stt/earshot/bench/server"); err != nil {
		return err
	}
	for _, e := range experiments() {
		if !o.match.MatchString(e.name) || o.skip.MatchString(e.name) {
			continue
		}
		for range (o.rounds + e.every - 1) / e.every {
			if err := inFolder(func(dir string) error { return e.run(ctx, o, dir, out) }); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
	}
	return nil
}

// inFolder runs do with a folder that is gone afterwards.
func inFolder(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "earshot-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return do(dir)
}

// used returns the processor time that a process uses while do runs.
func used(pid int, do func() error) (time.Duration, error) {
	before, err := rig.CPU(pid)
	if err == nil {
		err = do()
	}
	if err != nil {
		return 0, err
	}
	after, err := rig.CPU(pid)
	return after - before, err
}
