package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/e2e/driver"
)

// process is a client that runs jobs. Its methods may be called concurrently.
type process struct {
	cmd *exec.Cmd
	log *serverLog // what it says of itself

	mu    sync.Mutex
	in    io.WriteCloser      // guarded by mu
	jobs  map[string]*running // guarded by mu; those that have not ended
	last  int                 // guarded by mu; number of the last job
	ended chan struct{}       // closed when no more notes can come
	exit  error               // how it ended; to be read after ended
}

// running is a job under way.
type running struct {
	opened chan driver.Note // gets one note when the SDK hands the stream over, and is closed at the end of the job
	ended  chan driver.Note // gets one note
}

// launch starts a client.
func launch(ctx context.Context, env []string, folder, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, program, args...), log: newLog(), jobs: map[string]*running{}, ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = env, folder, p.log
	p.cmd.WaitDelay = stopTime // what a client has started may hold its output open
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	// launch owns the goroutine; it ends with the client's output.
	go func() {
		defer close(p.ended)
		notes := bufio.NewScanner(out)
		notes.Buffer(nil, 64<<20) // one note holds all finals of a stream
		for notes.Scan() {
			p.note(notes.Bytes())
		}
		if err := notes.Err(); err != nil {
			fmt.Fprintf(p.log, "its notes cannot be read any further: %v\n", err)
		}
		p.exit = p.cmd.Wait()
	}()
	return p, nil
}

// note hands a note to the job that it is about.
func (p *process) note(line []byte) {
	var n driver.Note
	if err := json.Unmarshal(line, &n); err != nil {
		fmt.Fprintf(p.log, "a note that cannot be read: %.200s\n", line)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	job := p.jobs[n.ID]
	if job == nil {
		fmt.Fprintf(p.log, "a note of no job: %.200s\n", line)
		return
	}
	if n.Kind == driver.Opened {
		select {
		case job.opened <- n:
		default: // it says so again
		}
		return
	}
	job.ended <- n
	close(job.opened)
	delete(p.jobs, n.ID)
}

// begin gives the client a job.
func (p *process) begin(job driver.Job) (*running, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	job.ID = strconv.Itoa(p.last)
	line, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	r := &running{opened: make(chan driver.Note, 1), ended: make(chan driver.Note, 1)}
	p.jobs[job.ID] = r
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("the client takes no jobs: %w; it said:\n%s", err, p.log.tail(20))
	}
	return r, nil
}

// wait returns the note of a job's end.
func (p *process) wait(ctx context.Context, r *running) (driver.Note, error) {
	select {
	case n := <-r.ended:
		return n, nil
	case <-p.ended:
	case <-ctx.Done():
		return driver.Note{}, fmt.Errorf("the stream has not ended; the client said:\n%s", p.log.tail(20))
	}
	select {
	case n := <-r.ended: // its last words
		return n, nil
	default:
		return driver.Note{}, p.over()
	}
}

// over says how the client ended before its jobs did.
func (p *process) over() error {
	how := "without an error"
	if p.exit != nil {
		how = p.exit.Error()
	}
	return fmt.Errorf("the client has ended (%s); it said:\n%s", how, p.log.tail(20))
}

// open waits until the SDK has handed the stream over.
func (p *process) open(ctx context.Context, r *running) (driver.Note, error) {
	select {
	case n, ok := <-r.opened:
		if ok {
			return n, nil
		}
		n = <-r.ended
		r.ended <- n // for wait
		return n, fmt.Errorf("the stream ended before the SDK handed it over: %+v", n.Error)
	case <-p.ended:
		return driver.Note{}, p.over()
	case <-ctx.Done():
		return driver.Note{}, fmt.Errorf("the SDK has not handed the stream over; the client said:\n%s", p.log.tail(20))
	}
}

// stop ends the client. Jobs that are under way are lost.
func (p *process) stop() error {
	p.mu.Lock()
	_ = p.in.Close() // it may be gone already
	p.mu.Unlock()
	timer := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	<-p.ended
	return p.exit
}
