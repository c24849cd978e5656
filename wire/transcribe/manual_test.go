package transcribe

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// TestManual holds docs/amazon-transcribe.md to the tables of this package: every parameter with its member and its operations,
// every code with its exception, every path, every literal text.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/amazon-transcribe.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	want := func(what string) {
		t.Helper()
		if n := strings.Count(manual, what); n != 1 {
			t.Errorf("the manual has this %d times, want once: %s", n, what)
		}
	}

	of, members := map[string][]string{}, map[string]string{}
	for operation, table := range map[string][]parameter{"S": standardParameters, "M": medicalParameters} {
		for _, d := range table {
			of[d.name], members[d.name] = append(of[d.name], operation), d.member
			if d.alias != "" && !strings.Contains(manual, "`"+d.alias+"`") {
				t.Errorf("the manual does not have %q, another name of %q", d.alias, d.name)
			}
		}
	}
	for name, operations := range of {
		both := operations[0]
		if len(operations) == 2 {
			both = "S, M"
		}
		want(fmt.Sprintf("\n| `%s` | `%s` | %s |", name, members[name], both))
	}
	if n := section(manual, "## Parameters\n", "### "); strings.Count(n, "\n| `") != len(of) {
		t.Errorf("the manual describes %d parameters; there are %d", strings.Count(n, "\n| `"), len(of))
	}

	for _, code := range stt.Codes() {
		x := ExceptionOf(&stt.Error{Code: code})
		want(fmt.Sprintf("\n| `%s` | `%s` | %d |", code, x.Name, x.Status))
	}
	for _, x := range signatures {
		if !strings.Contains(manual, fmt.Sprintf("`%s` (%d)", x.Name, x.Status)) && x.Name != BadRequest && x.Name != UnrecognizedClient {
			t.Errorf("the manual does not have %s (%d)", x.Name, x.Status)
		}
	}
	for _, op := range Operations() {
		offered := "yes"
		if !op.Offered {
			offered = "not offered: `" + BadRequest + "`"
		}
		want(fmt.Sprintf("\n| %s | `%s` | `%s` | %s", op.Name, op.HTTP2, op.WebSocket, offered))
	}
	for _, literal := range []string{fmt.Sprintf(TextIdle, 15), TextNoEmptyFrame, TextTooBig, TextUnexpectedFrame, TextUnknownKey, TextConflict} {
		want("\n| `" + literal + "` |")
	}
	for _, values := range [][]string{specialties, speechTypes} {
		for _, v := range values {
			want("`" + v + "`")
		}
	}
}

// section returns what stands between two marks, or nothing.
func section(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}
