package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
)

// shell starts a shell with a script.
func shell(ctx context.Context, t *testing.T, script string) *Child {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a shell, sh")
	}
	c, err := Start(ctx, os.Stderr, "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

// soon is a context that ends before the test does.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func is(want string) func(string) bool { return func(line string) bool { return line == want } }

func TestChildTalks(t *testing.T) {
	c := shell(t.Context(), t, `echo one; echo two; read word; echo "got $word"; printf last`)
	if line, err := c.Await(soon(t), "two", is("two")); line != "two" || err != nil {
		t.Fatalf("%q and %v", line, err)
	}
	if err := c.Tell("hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(soon(t), "the word", is("got hello")); err != nil {
		t.Fatal(err)
	}
	<-c.Ended()
	if err := c.Stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
	_, err := c.Await(soon(t), "more", func(string) bool { return true })
	if err == nil || !strings.Contains(err.Error(), "ended before it said more") {
		t.Errorf("a child that has ended says %v", err)
	}
}

// What a child said before its end is not lost.
func TestChildThatHasEndedWasHeard(t *testing.T) {
	c := shell(t.Context(), t, `for i in 1 2 3; do echo $i; done; exit 3`)
	<-c.Ended()
	if _, err := c.Await(soon(t), "three", is("3")); err != nil {
		t.Error(err)
	}
	if err := c.Stop(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("ended with %v; expected exit status 3", err)
	}
}

func TestChildEnds(t *testing.T) {
	for name, end := range map[string]func(c *Child, cancel func()){
		"stopped":     func(c *Child, _ func()) { _ = c.Stop() },
		"context":     func(_ *Child, cancel func()) { cancel() },
		"its own way": func(c *Child, _ func()) { _ = c.Tell("go") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := shell(ctx, t, `echo ready; read word`)
			if _, err := c.Await(soon(t), "that it is ready", is("ready")); err != nil {
				t.Fatal(err)
			}
			end(c, cancel)
			select {
			case <-c.Ended():
			case <-soon(t).Done():
				t.Fatal("the child does not end")
			}
			if _, err := os.Stat(fmt.Sprintf("/proc/%d/status", c.PID())); err == nil {
				t.Error("the process is still there")
			}
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	c := shell(t.Context(), t, `read word`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Await(ctx, "anything", is("x")); err == nil || !strings.Contains(err.Error(), "has not said anything") {
		t.Errorf("Await returns %v", err)
	}
}

func TestStartFails(t *testing.T) {
	if _, err := Start(t.Context(), os.Stderr, "/no/such/program"); err == nil {
		t.Error("a program that is not there starts")
	}
}

// What an operator has in the environment does not change what is measured.
func TestChildEnvironment(t *testing.T) {
	t.Setenv("EARSHOT_ENGINE", "nonsense")
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody's")
	c := shell(t.Context(), t, `echo "[$EARSHOT_ENGINE$AWS_ACCESS_KEY_ID]"`)
	if _, err := c.Await(soon(t), "an empty environment", is("[]")); err != nil {
		t.Error(err)
	}
}

func TestLineWriter(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   []string
	}{
		{[]string{"a\nb\n"}, []string{"a", "b"}},
		{[]string{"a", "b", "\r\n", "c"}, []string{"ab"}},
		{[]string{"\n\nx\n"}, []string{"", "", "x"}},
	} {
		var got []string
		w := &lineWriter{line: func(line string) { got = append(got, line) }}
		for _, p := range c.pieces {
			if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q makes the lines %q; expected %q", c.pieces, got, c.want)
		}
	}
	lines := 0
	w := &lineWriter{line: func(string) { lines++ }}
	for range 3 * maxLine / 1000 {
		if _, err := w.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if lines != 2 && lines != 3 || len(w.rest) > maxLine+1000 {
		t.Errorf("three MiB without a line end make %d lines, %d bytes are kept", lines, len(w.rest))
	}
}

func TestParseGoroutines(t *testing.T) {
	for text, want := range map[string]int{"goroutine profile: total 12\n1 @ 0x1\n": 12, "goroutine profile: total 1": 1,
		"": 0, "heap profile: 1": 0, "goroutine profile: total x": 0, "goroutine profile: total 0": 0} {
		if got, err := parseGoroutines(text); got != want && want > 0 || (err == nil) != (want > 0) {
			t.Errorf("%q: %d and %v; expected %d", text, got, err, want)
		}
	}
}

func TestServerUnderstands(t *testing.T) {
	var s Server
	for line, want := range map[string]bool{"earshot is ready: http://127.0.0.1:8080": true, "administrator token, shown this once: abc": true,
		"earshot is ready: https://127.0.0.1:8443": false, "earshot made " + auth.CredentialsFile: false} {
		if got := s.understands(line); got != want {
			t.Errorf("%q is understood: %v", line, got)
		}
	}
	if s.Addr != "127.0.0.1:8080" || s.token != "abc" {
		t.Errorf("understood %q and %q", s.Addr, s.token)
	}
}
