package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// serverLog keeps what a server writes. It may be used concurrently.
type serverLog struct {
	mu    sync.Mutex
	text  bytes.Buffer  // guarded by mu
	wrote chan struct{} // guarded by mu; closed and replaced with each write
}

func newLog() *serverLog { return &serverLog{wrote: make(chan struct{})} }

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wrote)
	l.wrote = make(chan struct{})
	return l.text.Write(p)
}

// look returns the lines that match, and a channel that is closed when there is more to look at.
func (l *serverLog) look(pattern *regexp.Regexp) (found [][]string, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := bufio.NewScanner(bytes.NewReader(l.text.Bytes()))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
			found = append(found, m)
		}
	}
	return found, l.wrote
}

// find waits until n lines match, and returns all that do.
func (l *serverLog) find(ctx context.Context, ended <-chan struct{}, pattern *regexp.Regexp, n int) ([][]string, error) {
	for {
		found, more := l.look(pattern)
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-more:
		case <-ended:
			return nil, errors.New("the server has ended")
		case <-ctx.Done():
			return nil, fmt.Errorf("no line like %q in the server's log", pattern)
		}
	}
}

// tail returns the last lines.
func (l *serverLog) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(l.text.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

var badLine = regexp.MustCompile(`\blevel=ERROR\b|^panic|^fatal error|DATA RACE|panic: |http: superfluous`)

// judge says what is in the log of a server that must not be.
func (l *serverLog) judge(name string) error {
	opened, _ := l.look(regexp.MustCompile(`msg="stream opened"`))
	closed, _ := l.look(regexp.MustCompile(`msg="stream closed"`))
	if len(opened) != len(closed) {
		return fmt.Errorf("server %q has opened %d streams and closed %d", name, len(opened), len(closed))
	}
	if bad, _ := l.look(regexp.MustCompile(`.*(` + badLine.String() + `).*`)); len(bad) > 0 {
		return fmt.Errorf("server %q wrote %d lines like this: %s", name, len(bad), bad[0][0])
	}
	return nil
}
