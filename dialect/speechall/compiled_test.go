package speechall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// A ruleset is compiled for the first stream that asks for it, and again when it has changed.
func TestCompiledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: newMemory(), Rules: func(rules []wire.Rule) (Rewriter, error) {
			n++
			return compiled(rules)
		}})
		id := h.create(demo)
		file := wav(16000, 1, 2*time.Second)
		said := func(want string) {
			t.Helper()
			if got := h.do(h.request("POST", "/v1/transcribe?"+model+"&ruleset_id="+id, bytes.NewReader(file))); got.body != want {
				t.Errorf("%d %q, expected %q", got.status, got.body, want)
			}
		}
		n = 0 // to be kept it was compiled as well
		for range 3 {
			said("hello")
		}
		if n != 1 {
			t.Errorf("compiled %d times for 3 files", n)
		}
		put := h.do(h.request("PUT", "/v1/replacement-rulesets/"+id, strings.NewReader(`{"name":"demo","rules":[{"kind":"exact","search":"good","replacement":"bad"}]}`)))
		if put.status != 200 {
			t.Fatalf("%d %s", put.status, put.body)
		}
		n = 0
		for range 2 {
			said("bad morning")
		}
		if n != 1 {
			t.Errorf("compiled %d times after a change", n)
		}
		if got := h.do(h.request("DELETE", "/v1/replacement-rulesets/"+id, nil)); got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		h.do(h.request("POST", "/v1/transcribe?"+model+"&ruleset_id="+id, bytes.NewReader(file))).fails(t, 404, id)
	})
}

// named is a Rewriter that is told from others by its name.
type named string

func (named) Rewrite(*stt.Event) {}

// Those that were used last are kept, and no more; what fails is not kept; and who asks while one is compiled waits for that.
func TestCompiledSets(t *testing.T) {
	var c compiledSets
	n := 0
	get := func(content string, fail error) {
		t.Helper()
		r, err := c.get([]byte(content), func() (Rewriter, error) {
			n++
			return named(content), fail
		})
		if !errors.Is(err, fail) || err == nil && r != named(content) {
			t.Fatalf("%v, %v", r, err)
		}
	}
	for i := range maxCompiled {
		get(fmt.Sprint(i), nil)
	}
	get("0", nil)
	get("one more", nil) // in the place of "1"
	if n != maxCompiled+1 || len(c.sets) != maxCompiled {
		t.Errorf("%d compiled, %d kept", n, len(c.sets))
	}
	get("0", nil)
	get("2", nil)
	if n != maxCompiled+1 {
		t.Error("what was used last was forgotten")
	}
	if get("1", nil); n != maxCompiled+2 || len(c.sets) != maxCompiled {
		t.Errorf("%d compiled, %d kept after one that was not used for longest", n, len(c.sets))
	}
	bad := errors.New("bad")
	get("bad", bad)
	get("bad", bad)
	if n != maxCompiled+4 {
		t.Errorf("%d compiled with two that failed", n)
	}

	var compiling atomic.Int64
	var all sync.WaitGroup
	together := make(chan struct{})
	for range 10 {
		all.Go(func() {
			<-together
			r, err := c.get([]byte("at once"), func() (Rewriter, error) {
				compiling.Add(1)
				return named("at once"), nil
			})
			if r != named("at once") || err != nil {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
	close(together)
	if all.Wait(); compiling.Load() != 1 {
		t.Errorf("compiled %d times at once", compiling.Load())
	}
}

// rewrites counts what it is asked to rewrite.
type rewrites struct{ n int }

func (c *rewrites) Rewrite(*stt.Event) { c.n++ }

// What is not sent is not rewritten either: it would cost for nobody.
func TestRewritesWhatIsSent(t *testing.T) {
	rewrite := &rewrites{}
	h := New(Options{})
	c := newConversation(h, &asked{params: wire.Params{Format: wire.FormatText}, req: &session.Request{ID: "s"}, rewrite: rewrite}, nil)
	for _, ev := range []stt.Event{{Kind: stt.EventSpeechStart}, {Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: "good"}}}}} {
		if err := c.tell(context.Background(), &ev); err != nil || rewrite.n != 0 {
			t.Errorf("%+v: rewritten %d times, %v", ev, rewrite.n, err)
		}
	}
	final := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: true, Alternatives: []stt.Alternative{{}}}} // nothing was said: nothing is sent
	if err := c.tell(context.Background(), &final); err != nil || rewrite.n != 1 {
		t.Errorf("a final: rewritten %d times, %v", rewrite.n, err)
	}
}

// Rules that could not do what they say, or would cost too much before anything is said, are refused by name, whether they are kept, come
// with a request, or were kept when more was allowed.
func TestRulesRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := newMemory()
		fetch := func(context.Context, string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(nil)), nil }
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: kept, Rules: compiled, Fetch: fetch})
		var many []string
		for range 17 {
			many = append(many, `{"kind":"exact","search":"`+strings.Repeat("kKsS", 1000)+`","replacement":"x"}`)
		}
		for rules, text := range map[string]string{
			`{"kind":"exact","search":"a","replacement":"` + strings.Repeat("b", 1025) + `"}`:                             "rules[0].replacement",
			`{"kind":"regex","pattern":"(a)(b)","replacement":"$3"}`:                                                      "rules[0].replacement",
			`{"kind":"regex","pattern":"a","replacement":"b"},{"kind":"regex","pattern":"(?i)[B-􏿿B-􏿿]","replacement":""}`: "rules[1].pattern",
			strings.Join(many, ","): "rules[16] is one too many",
		} {
			set := `{"name":"n","rules":[` + rules + `]}`
			h.do(h.request("POST", "/v1/replacement-rulesets", strings.NewReader(set))).fails(t, 400, text)
			h.do(h.request("POST", "/v1/transcribe-remote", strings.NewReader(`{"file_url":"https://example.com/a.wav","model":"local.script","replacement_ruleset":[`+rules+`]}`))).fails(t, 400, text)
			if err := kept.Put(t.Context(), "acme", "old", "n", []byte(set), len(kept.all) == 0); err != nil {
				t.Fatal(err)
			}
			h.do(h.request("POST", "/v1/transcribe?"+model+"&ruleset_id=old", bytes.NewReader(wav(16000, 1, time.Second)))).fails(t, 400, text)
		}
	})
}

// A ruleset's name stands in lists beside others: nothing that breaks lines, turns their order or is not seen is part of one.
func TestRulesetNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: newMemory(), Rules: compiled})
		const rules = `","rules":[{"kind":"exact","search":"a","replacement":"b"}]}`
		for _, name := range []string{`a\u202eb`, `a\nlevel=ERROR`, `\u0000`, "a\u2028b", `\u3164`, `\u200b`, `a\ud800`, `a\u0085`} {
			h.do(h.request("POST", "/v1/replacement-rulesets", strings.NewReader(`{"name":"`+name+rules))).fails(t, 400, "name")
		}
		made := h.do(h.request("POST", "/v1/replacement-rulesets", strings.NewReader(`{"name":"Änderungen 日本語`+rules)))
		var created wire.Created
		if err := json.Unmarshal([]byte(made.body), &created); err != nil || made.status != 201 {
			t.Fatal(made.status, made.body, err)
		}
		h.do(h.request("PUT", "/v1/replacement-rulesets/"+created.ID, strings.NewReader(`{"name":"a\u202eb`+rules))).fails(t, 400, "name")
	})
}
