package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := soak(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench/soak:", err)
		os.Exit(1)
	}
}

// options of a run.
type options struct {
	earshot string
	length  time.Duration
	seed    uint64
	streams int
	clips   string
	set     []string
	verbose bool
	scene   time.Duration // longest sound that is made
	fill    time.Duration // what is played in all places at the beginning: as long as a segment can be
	looks   int           // how often the server is looked at, a second apart, when all streams have ended
}

func parse(args []string) (*options, error) {
	o := &options{scene: 16 * time.Second, fill: 20 * time.Second, looks: 8}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.StringVar(&o.earshot, "earshot", "bin/earshot", "the server's program")
	flags.DurationVar(&o.length, "for", 30*time.Minute, "how long")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of all that is random; without it, another one each time")
	flags.IntVar(&o.streams, "streams", 2, "streams at the same time")
	flags.StringVar(&o.clips, "clips", rig.Recordings, "folder of recordings of speech")
	flags.BoolVar(&o.verbose, "v", false, "show every stream")
	flags.Func("set", "option of the engine, as NAME=VALUE; may be repeated", func(text string) error {
		if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
			return fmt.Errorf("want NAME=VALUE, got %q", text)
		}
		o.set = append(o.set, "--set", "engines.pocketsphinx."+text)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("want options only, got %q", flags.Arg(0))
	}
	if o.length < 10*time.Second || o.streams < 1 {
		return nil, errors.New("-for must be 10s or more, -streams 1 or more")
	}
	return o, nil
}

func soak(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "earshot-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return o.run(ctx, dir, out)
}

// run starts a server whose data stands in dir, plays, and gives the verdict.
func (o *options) run(ctx context.Context, dir string, out io.Writer) error {
	clips, err := rig.LoadClips(o.clips)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "soak for %v, seed %d\n", o.length, o.seed)
	watch := &logWatch{}
	// One place more than there are streams: a client that has gone keeps its place for a moment.
	// A machine that is busy otherwise may be slow: that is no fault.
	args := append([]string{"--engine", "pocketsphinx", "--limits-lag", longest.String(), "--limits-finish", longest.String(), "--set", fmt.Sprintf("engines.pocketsphinx.slots=%d", o.streams+1)}, o.set...)
	server, err := rig.Serve(ctx, io.MultiWriter(watch, tail(o, out)), o.earshot, dir, args...)
	if err != nil {
		return err
	}
	r := &run{o: o, server: server, clips: clips, watch: watch, out: out}
	err = r.play(ctx)
	stopped := server.Stop()
	if err != nil {
		return err
	}
	if stopped != nil {
		r.found.failed = append(r.found.failed, fmt.Sprintf("the server ended with %v", stopped))
	}
	r.found.logged, r.found.more = watch.found()
	return r.verdict()
}

// tail returns where the server's log goes beside the watch.
func tail(o *options, out io.Writer) io.Writer {
	if o.verbose {
		return out
	}
	return io.Discard
}
