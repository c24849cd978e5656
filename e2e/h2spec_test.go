package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

// h2specTable has the outcome of each case, and why it is not "passed".
const h2specTable = "testdata/h2spec.txt"

var update = flag.Bool("update", false, "write the outcomes of h2spec into its table; the reasons of new failures are to be added by hand")

// verdict is a line of the table.
type verdict struct{ id, plain, tls, why string }

// TestH2spec lets h2spec judge HTTP/2 with and without TLS. A case that ends otherwise than the table says fails, be it better or
// worse, so that the table stays true.
func TestH2spec(t *testing.T) {
	t.Parallel()
	h := open(t)
	known, head := readVerdicts(t)
	s := h.servers["talk"]
	plain, tls := specConfig(t, s.plain, false), specConfig(t, s.tls, true)
	unagreed := specConfig(t, withoutALPN(t, s.tls), false)
	var cases []specCase
	for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		cases = gather(cases, group)
	}
	verdicts := make([]verdict, len(cases))
	t.Run("cases", func(t *testing.T) {
		for i, c := range cases {
			v := &verdicts[i]
			v.id, v.why = c.id, known[c.id].why
			t.Run(c.id, func(t *testing.T) {
				t.Parallel()
				want := known[c.id]
				v.plain = c.judge(t, plain, want.plain)
				v.tls = c.judge(t, tls, want.tls)
				// TLS on which nobody has agreed on HTTP/2, as older SDKs speak it, is another server instance, and judges the same.
				if c.id == "http2/3.5/2" {
					want.tls = "failed" // what begins with anything but the preface is HTTP/1.1 there, and a 400
				}
				c.judge(t, unagreed, want.tls)
				if v.plain+v.tls != "passedpassed" && v.why == "" {
					t.Errorf("%s: the table does not say why it is not passed", c.what)
				}
			})
		}
	})
	for id := range known {
		if !contains(verdicts, id) {
			t.Errorf("the table has a case %q that h2spec does not", id)
		}
	}
	if *update {
		writeVerdicts(t, head, verdicts)
	}
}

// specCase is a case of h2spec.
type specCase struct {
	id, what string
	do       func(c *config.Config, conn *spec.Conn) error
}

// gather appends the cases of a group and its groups.
func gather(all []specCase, group *spec.TestGroup) []specCase {
	for i, c := range append(append([]*spec.TestCase(nil), group.Tests...), group.StrictTests...) {
		all = append(all, specCase{id: fmt.Sprintf("%s/%d", group.ID(), i+1), what: c.Desc, do: c.Run})
	}
	for _, g := range group.Groups {
		all = gather(all, g)
	}
	return all
}

// attempts is how often a case may be tried. Some send what is wrong with a request after it, and the short answer to the request may
// have been given by then.
const attempts = 4

// judge runs the case and returns its outcome. It fails when that is not as wanted.
func (c specCase) judge(t *testing.T, cfg config.Config, want string) string {
	t.Helper()
	if *update {
		want = "passed"
	}
	var err error
	for range attempts {
		if err = c.run(cfg); outcome(err) == want {
			break
		}
	}
	if got := outcome(err); got != want {
		t.Errorf("%s: %s (TLS: %v), expected %q; %s", c.what, got, cfg.TLS, want, explain(err))
	}
	return outcome(err)
}

// explain says what came in place of what was expected.
func explain(err error) string {
	if e, ok := errors.AsType[*spec.TestError](err); ok {
		return fmt.Sprintf("h2spec expected %s, and saw %s", strings.Join(e.Expected, ", or "), e.Actual)
	}
	return fmt.Sprint(err)
}

// run runs the case over a connection of its own.
func (c specCase) run(cfg config.Config) error {
	conn, err := spec.Dial(&cfg)
	if err != nil {
		return err
	}
	defer conn.Close()
	return c.do(&cfg, conn)
}

func specConfig(t *testing.T, addr string, tls bool) config.Config {
	t.Helper()
	n, err := strconv.Atoi(port(addr))
	if err != nil {
		t.Fatal(err)
	}
	// The time is for answers that do not come, which some cases wait for.
	return config.Config{Host: "127.0.0.1", Port: n, Path: "/", Timeout: 3 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: tls, Insecure: true}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "passed"
	case errors.Is(err, spec.ErrSkipped):
		return "skipped"
	default:
		return "failed"
	}
}

// readVerdicts reads the table, and the comments at its head.
func readVerdicts(t *testing.T) (known map[string]verdict, head string) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(h2specTable))
	if err != nil {
		t.Fatal(err)
	}
	known = map[string]verdict{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			head += line
			continue
		}
		fields, why, _ := strings.Cut(strings.TrimSpace(line), "#")
		f := strings.Fields(fields)
		if len(f) != 3 {
			t.Fatalf("%s: not a case with two outcomes: %q", h2specTable, line)
		}
		known[f[0]] = verdict{f[0], f[1], f[2], strings.TrimSpace(why)}
	}
	return known, head
}

func writeVerdicts(t *testing.T, head string, verdicts []verdict) {
	t.Helper()
	text := head
	for _, v := range verdicts {
		line := fmt.Sprintf("%-22s %-8s %-8s", v.id, v.plain, v.tls)
		if v.why != "" {
			line += "# " + v.why
		}
		text += strings.TrimRight(line, " ") + "\n"
	}
	if err := os.WriteFile(filepath.FromSlash(h2specTable), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func contains(verdicts []verdict, id string) bool {
	for _, v := range verdicts {
		if v.id == id {
			return true
		}
	}
	return false
}
