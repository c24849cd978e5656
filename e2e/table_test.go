package e2e_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
)

// table keeps how each client fared in each case. It may be used concurrently.
type table struct {
	mu       sync.Mutex
	outcomes map[string]map[string]string // by client and case
}

func newTable() *table { return &table{outcomes: map[string]map[string]string{}} }

// note keeps the outcome of a case that has ended.
func (tb *table) note(t *testing.T) {
	outcome := "ok"
	switch {
	case t.Failed():
		outcome = "FAILED"
	case t.Skipped():
		outcome = "-"
	}
	name, k, _ := strings.Cut(strings.TrimPrefix(t.Name(), "Test"), "/")
	tb.set(name, k, outcome)
}

func (tb *table) set(name, k, outcome string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	if tb.outcomes[name] == nil {
		tb.outcomes[name] = map[string]string{}
	}
	tb.outcomes[name][k] = outcome
}

// print prints a line for each case and a column for each client.
func (tb *table) print(w io.Writer) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	if len(tb.outcomes) == 0 {
		return // no client has run
	}
	names := make([]string, 0, len(tb.outcomes))
	for name := range tb.outcomes {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(w, "\n%-28s", "")
	for _, name := range names {
		fmt.Fprintf(w, " %-11s", name)
	}
	fmt.Fprintln(w)
	for _, k := range cases() {
		fmt.Fprintf(w, "%-28s", k.name)
		for _, name := range names {
			fmt.Fprintf(w, " %-11s", tb.outcomes[name][k.name])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "-: left out, for a reason that -v shows; absent: what the client needs is not installed")
}
