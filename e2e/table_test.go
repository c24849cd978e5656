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

// rows are the names of all cases: those of clients that stream, and those of the one that manages vocabularies.
func rows() []string {
	var all []string
	for _, k := range cases() {
		all = append(all, k.name)
	}
	for _, k := range manageCases() {
		all = append(all, k.name)
	}
	return all
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
	for _, k := range rows() {
		fmt.Fprintf(w, "%-28s", k)
		for _, name := range names {
			fmt.Fprintf(w, " %-11s", tb.outcomes[name][k])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "-: left out, for a reason that -v shows; absent: what the client needs is not installed")
}
