package drill_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// table counts outcomes by fault.
type table map[row]*cell

type row struct {
	fault     testkit.Fault
	reconnect bool
}

type cell struct {
	streams, struck, ended, again int
	errors                        map[string]int
	longest                       time.Duration
}

// add counts a stream.
func (t table) add(fault testkit.Fault, reconnect bool, struck int, h heard) {
	c := t[row{fault, reconnect}]
	if c == nil {
		c = &cell{errors: map[string]int{}}
		t[row{fault, reconnect}] = c
	}
	c.streams++
	c.longest = max(c.longest, h.took)
	if struck > 0 {
		c.struck++
	}
	if h.err != io.EOF {
		c.errors[stt.CodeOf(h.err).String()]++
		return
	}
	c.ended++
	if len(h.resumed) > 0 {
		c.again++
	}
}

// String writes the table: a row for each fault, without and with connecting again.
func (t table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-11s %-9s %8s %8s %8s %10s  %-40s %s\n", "fault", "reconnect", "streams", "struck", "ended", "of these", "errors", "longest")
	fmt.Fprintf(&b, "%-11s %-9s %8s %8s %8s %10s\n", "", "", "", "", "well", "reconnected")
	for _, f := range testkit.Faults() {
		for _, reconnect := range []bool{false, true} {
			c := t[row{f, reconnect}]
			if c == nil {
				continue
			}
			var errors []string
			for _, code := range slices.Sorted(maps.Keys(c.errors)) {
				errors = append(errors, fmt.Sprintf("%d %s", c.errors[code], code))
			}
			fmt.Fprintf(&b, "%-11s %-9v %8d %8d %8d %10d  %-40s %v\n", f, reconnect, c.streams, c.struck, c.ended, c.again, strings.Join(errors, ", "), c.longest.Round(time.Millisecond))
		}
	}
	return b.String()
}
