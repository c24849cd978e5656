package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(exitUsage)
	case interrupted:
		fmt.Fprintln(os.Stderr, "wer: interrupted")
		os.Exit(exitInterrupted)
	default:
		fmt.Fprintln(os.Stderr, "wer:", err)
		os.Exit(exitFailed)
	}
}

// command measures as the arguments say, prints the report to out, and tells on errOut how far it is.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) error {
	o, err := parseOptions(args, getenv, errOut)
	if err != nil {
		return err
	}
	clips, err := readSet(o.dir)
	if err != nil {
		return err
	}
	takes := takesOf(clips, o.offsets, o.trim != "only", o.trim != "none")
	if len(takes) == 0 {
		return errors.New("nobody could be heard in any recording, so none could be trimmed")
	}
	r := newReport(o, clips)
	for _, v := range o.runs() {
		m, err := measure(ctx, o, v, takes, errOut)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, m)
	}
	if o.batch {
		var whole []*take
		for i := range takes {
			if !takes[i].trimmed {
				whole = append(whole, &takes[i])
			}
		}
		fmt.Fprintf(errOut, "%s: %d clips ...\n", batchProgram, len(whole))
		if r.Batch, err = runBatch(ctx, whole, o.seed, o.worst); err != nil {
			return err
		}
	}
	r.Machine.LoadAfter = load()
	if o.json != "" {
		if err := writeJSON(o.json, r); err != nil {
			return err
		}
	}
	return r.print(out)
}

func writeJSON(path string, r *report) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(path), append(text, '\n'), 0o644) //nolint:gosec // figures are no secret
}
