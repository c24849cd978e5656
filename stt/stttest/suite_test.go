package stttest_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// breakage is a way to be wrong, and what the suite must say about it.
type breakage struct {
	name   string
	in     string // the case of the suite that must find it, alone
	wants  string // in the output of the suite
	around func(*ear) stt.Recognizer
	clock  bool // in real time, with a short Timeout
	change func(*stttest.Harness)
}

// breakageVariable chooses the breakage in the process that TestBroken starts.
const breakageVariable = "STTTEST_BREAKAGE"

// TestBrokenSuite runs the suite on a broken recognizer, which fails. TestBroken starts it in a process of its own,
// because the failure of a sub-test cannot be taken back.
func TestBrokenSuite(t *testing.T) {
	name := os.Getenv(breakageVariable)
	if name == "" {
		t.Skip(breakageVariable + " is not set; TestBroken sets it")
	}
	all := breakages()
	i := slices.IndexFunc(all, func(b breakage) bool { return b.name == name })
	if i < 0 {
		t.Fatalf("no breakage %q", name)
	}
	h := harness(all[i].around)
	if all[i].clock {
		h.Bubble, h.Timeout = false, 500*time.Millisecond
	}
	if all[i].change != nil {
		all[i].change(&h)
	}
	stttest.Run(t, h)
}

// A suite that cannot fail is worth nothing: each breakage must be found, and the rule named.
func TestBroken(t *testing.T) {
	if os.Getenv(breakageVariable) != "" {
		t.Skip(breakageVariable + " is set; this is the process under test")
	}
	seen := map[string]bool{}
	for _, b := range breakages() {
		if seen[b.name] {
			t.Errorf("two breakages are called %q", b.name)
		}
		seen[b.name] = true
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			text, err := judged(t, b)
			for try := 0; try < 3 && b.clock && !strings.Contains(text, b.wants); try++ {
				text, err = judged(t, b) // a machine that stops for longer than its Timeout has the suite say something else
			}
			switch {
			case err == nil:
				t.Errorf("the suite passes a recognizer that is broken: %s", b.name)
			case strings.Contains(text, "test timed out"):
				t.Errorf("the suite hangs:\n%s", clip(text))
			case !strings.Contains(text, b.wants):
				t.Errorf("the suite fails, but does not say %q:\n%s", b.wants, clip(text))
			}
		})
	}
}

// judged returns what the suite says about a breakage, and how its process ended.
func judged(t *testing.T, b breakage) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.timeout=3m", "-test.run=^TestBrokenSuite$/^"+strings.ReplaceAll(b.in, " ", "_")+"$")
	cmd.Env = append(os.Environ(), breakageVariable+"="+b.name)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Every case of the suite finds something; one that cannot fail is of no use.
func TestEveryCaseFinds(t *testing.T) {
	finds := map[string]bool{}
	for _, b := range breakages() {
		finds[b.in] = true
	}
	for _, name := range []string{"models", "cuts", "no audio", "end", "start", "finals only", "stability", "contexts", "ownership",
		"flush", "progress in silence", "odd chunk", "close", "start and stop", "dies", "stalls", "refuses", "never-ends"} {
		if !finds[name] {
			t.Errorf("no breakage is found by the case %q", name)
		}
		delete(finds, name)
	}
	for name := range finds {
		t.Errorf("no case is called %q", name)
	}
}

func clip(s string) string {
	const limit = 4000
	if len(s) > limit {
		return s[:limit] + "\n..."
	}
	return s
}
