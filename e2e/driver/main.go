package driver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Client makes one stream and returns what it saw. It calls opened as soon as it holds the stream; the note's ID and Kind are
// filled in by the caller. It is called concurrently.
type Client func(ctx context.Context, job Job, audio *Audio, opened func(Note)) Note

// Main runs jobs from standard input until it ends, and returns when the last of them has.
func Main(client Client) {
	var (
		out  sync.Mutex
		jobs sync.WaitGroup
	)
	tell := func(n Note) {
		line, err := json.Marshal(n)
		if err != nil {
			panic(err) // strings and numbers can be written
		}
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%s\n", line)
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var job Job
		if err := json.Unmarshal(in.Bytes(), &job); err != nil {
			fmt.Fprintf(os.Stderr, "a job that cannot be read: %v\n", err)
			os.Exit(1)
		}
		// Main owns the goroutine; it ends with its job.
		jobs.Go(func() {
			note := run(client, job, tell)
			note.ID, note.Kind = job.ID, Ended
			tell(note)
		})
	}
	jobs.Wait()
}

func run(client Client, job Job, tell func(Note)) Note {
	job.heard = new(atomic.Int64)
	data, err := os.ReadFile(job.Audio)
	if err != nil {
		return Note{Error: &Failure{Name: "NoAudio", Message: err.Error()}}
	}
	if job.Cut > 0 {
		data = data[:job.Cut]
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return client(ctx, job, &Audio{job: job, rest: data[job.Skip:], cancel: cancel}, func(n Note) {
		n.ID, n.Kind = job.ID, Opened
		tell(n)
	})
}

// Audio hands the audio of a job out at its pace. It belongs to one goroutine.
type Audio struct {
	job    Job
	rest   []byte
	sent   int
	cancel context.CancelFunc
}

// Next returns the next piece, after the pause that is due. It returns io.EOF when the audio has ended, and context.Canceled when the
// client shall go away, or ctx is done.
func (a *Audio) Next(ctx context.Context) ([]byte, error) {
	switch {
	case a.job.Cancel > 0 && a.sent >= a.job.Cancel:
		for a.job.heard.Load() < int64(a.job.Finals) {
			if err := Wait(ctx, 10); err != nil {
				return nil, err
			}
		}
		a.cancel()
		return nil, context.Canceled
	case a.sent > 0 && len(a.rest) > 0:
		if err := Wait(ctx, a.job.Pause); err != nil {
			return nil, err
		}
	case len(a.rest) == 0:
		if err := Wait(ctx, a.job.Hold); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	n := min(a.job.Chunk, len(a.rest))
	piece := a.rest[:n]
	a.rest = a.rest[n:]
	a.sent += n
	return piece, nil
}

// Wait waits so many milliseconds, or until ctx is done.
func Wait(ctx context.Context, milliseconds int) error {
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
