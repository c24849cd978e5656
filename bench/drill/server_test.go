package drill_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/stt"
)

// state is what a server holds.
type state struct{ goroutines, files int }

// look counts what the server holds now.
func (d *drill) look() state {
	d.t.Helper()
	goroutines, err := d.server.Goroutines(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	files, err := rig.Files(d.server.PID())
	if err != nil {
		d.t.Fatal(err)
	}
	return state{goroutines, files}
}

// quiet returns the least that the server holds, by several looks: each look is a connection itself, whose end another one may
// still see.
func (d *drill) quiet() state {
	d.t.Helper()
	least := d.look()
	for range 20 {
		pause(d.t.Context(), 50*time.Millisecond)
		now := d.look()
		least = state{min(least.goroutines, now.goroutines), min(least.files, now.files)}
	}
	return least
}

// even waits until the server holds no more than before.
func (d *drill) even(before state) {
	d.t.Helper()
	var now state
	for end := time.Now().Add(quietTime); time.Now().Before(end); {
		if now = d.look(); now.goroutines <= before.goroutines && now.files <= before.files {
			return
		}
		pause(d.t.Context(), 100*time.Millisecond)
	}
	what, _ := d.server.Profile(d.t.Context(), "goroutine?debug=1") // without it the numbers have to do
	d.t.Errorf("the server had %d goroutines and %d files, and keeps %d and %d:\n%s", before.goroutines, before.files, now.goroutines, now.files, what)
}

// pause waits between two looks at another process, which has no way to tell when it has changed.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// released waits until the server has let go of the connections over which nothing comes any more.
func (d *drill) released() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), quietTime)
	defer cancel()
	for _, p := range d.proxies {
		if err := p.Wait(ctx); err != nil {
			d.t.Error(err)
			return
		}
	}
}

// full takes all places of the server at once, which is possible when nobody else has one.
func (d *drill) full() {
	d.t.Helper()
	rec, err := clients[0].open(d.t.Context(), d.server.Addr, d.server.Credentials, false, long)
	if err != nil {
		d.t.Fatal(err)
	}
	open := make([]stt.Stream, 0, slots())
	defer func() {
		for _, s := range open {
			s.Close()
		}
	}()
	heard := time.Now()
	for i := range slots() {
		if time.Since(heard) > serverIdle/10 { // a busy machine takes longer for all than a place may be silent
			for _, s := range open {
				_ = s.Send(d.t.Context(), stt.Chunk{Data: make([]byte, format.Bytes(20*time.Millisecond))}) // Recv has the reason
			}
			heard = time.Now()
		}
		s, err := rec.Open(d.t.Context(), stt.Config{Audio: format, Languages: stt.Languages{Tags: []string{"en-US"}}})
		if err != nil {
			d.t.Fatalf("place %d of %d: %v", i+1, slots(), err)
		}
		open = append(open, s)
	}
	// A stream is refused after it has been opened, as the protocol has it; one that is not has an end.
	for i, s := range open {
		if err := s.CloseSend(); err != nil {
			d.t.Errorf("place %d: %v", i+1, err)
		}
	}
	for i, s := range open {
		for {
			if _, err := s.Recv(d.t.Context()); err == io.EOF {
				break
			} else if err != nil {
				d.t.Errorf("place %d of %d is not free: %v", i+1, slots(), err)
				break
			}
		}
	}
}

// serverLog judges what the server writes. It implements io.Writer and may be used concurrently.
type serverLog struct {
	mu             sync.Mutex // guards all below
	rest           []byte
	opened, closed int
	heard          map[string][]time.Duration // audio of streams that the server completed, by session
	bad            []string
}

// badLine matches what a server that is well does not write.
var badLine = regexp.MustCompile(`\blevel=(WARN|ERROR)\b|\bcode=internal\b|(?i)^(panic|fatal error)\b|DATA RACE|panic: |http: superfluous`)

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		switch {
		case bytes.Contains(line, []byte(`msg="stream opened"`)):
			l.opened++
		case bytes.Contains(line, []byte(`msg="stream closed"`)):
			l.closed++
			l.note(line)
		}
		if badLine.Match(line) && len(l.bad) < 20 {
			l.bad = append(l.bad, string(line))
		}
		l.rest = append(l.rest[:0], rest...)
	}
}

var (
	sessionField = regexp.MustCompile(`\bsession=(\S+)`)
	heardField   = regexp.MustCompile(`\bheard=(\S+)`)
)

// note keeps how much audio of a stream came to its end. l.mu is held.
func (l *serverLog) note(line []byte) {
	session, heard := sessionField.FindSubmatch(line), heardField.FindSubmatch(line)
	if session == nil || heard == nil || !bytes.Contains(line, []byte(" code=ok ")) {
		return
	}
	if length, err := time.ParseDuration(string(heard[1])); err == nil {
		if l.heard == nil {
			l.heard = map[string][]time.Duration{}
		}
		l.heard[string(session[1])] = append(l.heard[string(session[1])], length)
	}
}

// heardAll says what is wrong where a stream reached its end, and the server has heard more or less than all of what was left.
func (l *serverLog) heardAll(e ended) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := l.heard[e.task.session]
	if len(heard) == 0 && e.struck > 0 {
		return nil // everything had been decided, and only the goodbye was missing
	}
	for _, begin := range append([]stt.Time{0}, e.resumed...) {
		for _, length := range heard {
			if (e.task.length - begin - length).Abs() <= time.Millisecond {
				return nil
			}
		}
	}
	return fmt.Errorf("of %v of audio, resumed at %v, the server has heard %v", e.task.length, e.resumed, heard)
}

// judge says what is wrong when the server has ended.
func (l *serverLog) judge(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opened != l.closed || l.opened < slots() {
		t.Errorf("the server has opened %d streams and closed %d", l.opened, l.closed)
	}
	if len(l.bad) > 0 {
		t.Errorf("the server's log has\n%s", strings.Join(l.bad, "\n"))
	}
	t.Logf("the server opened and closed %d streams", l.closed)
}

// stacks are those of this process.
func stacks() string {
	buf := make([]byte, 64<<10)
	return string(buf[:runtime.Stack(buf, true)])
}
