package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// stopTime is how long a child may take to end once it is asked to; then it is killed.
const stopTime = 20 * time.Second

// Child is a process of ours. Its methods may be called concurrently, but for Await, which one goroutine may use at a time.
type Child struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // of its standard output
	ended chan struct{}
	err   error // how it ended; set before ended is closed
	once  sync.Once
}

// maxLines is how many lines of its output a child may be ahead of Await. Later ones are dropped: a child must not be held up
// by whoever does not listen.
const maxLines = 1000

// Start starts a program whose standard output [Child.Await] reads; its standard error goes to log. When ctx is done, or when
// Stop is called, it is asked to end (SIGTERM), and killed when that takes too long. The kernel kills it when this process
// dies without having done either.
func Start(ctx context.Context, log io.Writer, program string, args ...string) (*Child, error) {
	c := &Child{name: program, lines: make(chan string, maxLines), ended: make(chan struct{})}
	c.cmd = exec.CommandContext(ctx, program, args...)
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = stopTime
	c.cmd.Stderr = log
	c.cmd.Stdout = &lineWriter{line: c.said}
	c.cmd.Env = environment()
	dieWithParent(c.cmd)
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // owned by the child; ends with the process, which Stop or ctx ends
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// environment is ours without what would change a server or the credentials that a client finds.
func environment() []string {
	var kept []string
	for _, e := range os.Environ() {
		if name, _, _ := bytes.Cut([]byte(e), []byte("=")); bytes.HasPrefix(name, []byte("AWS_")) || bytes.HasPrefix(name, []byte("EARSHOT_")) {
			continue
		}
		kept = append(kept, e)
	}
	return append(kept, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

func (c *Child) said(line string) {
	select {
	case c.lines <- line:
	default:
	}
}

// PID returns the process's number.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// Await returns the first line of output, from those not read yet, that match accepts. It fails when the process ends or ctx
// is done before that.
func (c *Child) Await(ctx context.Context, what string, match func(line string) bool) (string, error) {
	ended := c.ended
	for {
		select {
		case line := <-c.lines:
			if match(line) {
				return line, nil
			}
			continue
		default:
		}
		if ended == nil {
			return "", fmt.Errorf("%s ended before it said %s: %w", c.name, what, c.failure())
		}
		select {
		case line := <-c.lines:
			if match(line) {
				return line, nil
			}
		case <-ended:
			ended = nil // what it said last stands in lines
		case <-ctx.Done():
			return "", fmt.Errorf("%s has not said %s: %w", c.name, what, ctx.Err())
		}
	}
}

func (c *Child) failure() error {
	if c.err == nil {
		return errors.New("exit status 0")
	}
	return c.err
}

// Tell writes a line to the process's standard input.
func (c *Child) Tell(line string) error {
	_, err := io.WriteString(c.stdin, line+"\n")
	return err
}

// Stop asks the process to end, waits for it, and returns how it ended: nil for exit status 0, also when it had ended before.
func (c *Child) Stop() error {
	c.once.Do(func() {
		_ = c.stdin.Close()
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // a process that has ended needs no signal
		patience := time.AfterFunc(stopTime, func() { _ = c.cmd.Process.Kill() })
		<-c.ended
		patience.Stop()
	})
	<-c.ended
	return c.err
}

// End is Stop for those who have what they wanted of the process.
func (c *Child) End() { _ = c.Stop() }

// lineWriter gives lines away as they become complete.
type lineWriter struct {
	line func(string)
	rest []byte
}

// maxLine bounds what is kept of a line without end, in bytes.
const maxLine = 1 << 20

// Write implements io.Writer.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		at := bytes.IndexByte(w.rest, '\n')
		if at < 0 && len(w.rest) < maxLine {
			return len(p), nil
		}
		if at < 0 {
			at = len(w.rest) - 1
		}
		w.line(string(bytes.TrimRight(w.rest[:at+1], "\r\n")))
		w.rest = append(w.rest[:0], w.rest[at+1:]...)
	}
}
