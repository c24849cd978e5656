package speechall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

const demo = `{"name":"demo","rules":[{"kind":"exact","search":"GOOD morning","replacement":"hello"},{"kind":"regex","pattern":"(\\w+) you","replacement":"$1 they"}]}`

// create keeps a ruleset and returns its identifier.
func (h *house) create(body string) string {
	h.t.Helper()
	got := h.do(h.request("POST", "/v1/replacement-rulesets", strings.NewReader(body)))
	var c wire.Created
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.status != 201 || len(c.ID) != 36 {
		h.t.Fatalf("got %d %s", got.status, got.body)
	}
	return c.ID
}

// Rules change text, segments, words and subtitles alike, in files and in streams.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: newMemory(), Rules: compiled})
		query := model + "&ruleset_id=" + h.create(demo)
		file := wav(16000, 1, 5*time.Second)
		for format, want := range map[string]string{"text": "hello are they", "srt": "1\n00:00:00,500 --> 00:00:01,500\nhello\n\n2\n00:00:03,000 --> 00:00:04,000\nare they\n"} {
			want = strings.Replace(want, "are they", "how are they", 1)
			if got := h.do(h.request("POST", "/v1/transcribe?"+query+"&output_format="+format, bytes.NewReader(file))); got.body != want {
				t.Errorf("%s: %q, expected %q", format, got.body, want)
			}
		}
		got := h.do(h.request("POST", "/v1/transcribe?"+query+"&output_format=json", bytes.NewReader(file)))
		v, err := wire.ParseTranscription([]byte(got.body))
		if err != nil || v.Text != "hello how are they" || v.Segments[0].Text != "hello" || len(v.Words) != 4 || v.Words[0].Word != "hello" || v.Words[0].End != wire.Seconds(1500*time.Millisecond) {
			t.Errorf("%s, %v", got.body, err)
		}
		ws := h.dial("/v1/transcribe", query)
		ws.send(5*time.Second, 8192)
		ws.bye()
		if got, _ := ws.rest(); !slices.Equal(got, []string{"hello", "how are they"}) {
			t.Errorf("in a stream: %q", got)
		}
	})
}

func TestRulesetsOverTheirLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := func(_ context.Context, token string, _ auth.Origin) (Caller, error) {
			return Caller{Principal: auth.Principal{KeyID: token, Account: token}}, nil
		}
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: newMemory(), Rules: compiled, Keys: keys})
		const all = "/v1/replacement-rulesets"
		if got := h.do(h.request("GET", all, nil)); got.body != "[]" {
			t.Errorf("before: %s", got.body)
		}
		id := h.create(demo)
		get := h.do(h.request("GET", all+"/"+id, nil))
		set, err := wire.ParseRuleset([]byte(get.body))
		if err != nil || get.status != 200 || set.ID != id || set.Name != "demo" || len(set.Rules) != 2 {
			t.Errorf("%d %s, %v", get.status, get.body, err)
		}
		if got := h.do(h.request("GET", all, nil)); got.body != `[{"id":"`+id+`","name":"demo"}]` {
			t.Errorf("list: %s", got.body)
		}
		// Another account sees nothing of it.
		for _, method := range []string{"GET", "DELETE"} {
			other := h.request(method, all+"/"+id, nil)
			other.Header.Set("Authorization", "Bearer other")
			h.do(other).fails(t, 404, id)
		}
		foreign := h.request("POST", "/v1/transcribe?"+model+"&ruleset_id="+id, bytes.NewReader(wav(16000, 1, time.Second)))
		foreign.Header.Set("Authorization", "Bearer other")
		h.do(foreign).fails(t, 404, id)

		put := h.do(h.request("PUT", all+"/"+id, strings.NewReader(`{"name":"other","rules":[{"kind":"exact","search":"a","replacement":"b"}]}`)))
		if set, err = wire.ParseRuleset([]byte(put.body)); err != nil || put.status != 200 || set.ID != id || set.Name != "other" {
			t.Errorf("%d %s, %v", put.status, put.body, err)
		}
		h.do(h.request("PUT", all+"/none", strings.NewReader(demo))).fails(t, 404, "none")
		if got := h.do(h.request("DELETE", all+"/"+id, nil)); got.status != 200 || got.body != `{"id":"`+id+`"}` {
			t.Errorf("%d %s", got.status, got.body)
		}
		h.do(h.request("GET", all+"/"+id, nil)).fails(t, 404, id)
		for body, text := range map[string]string{"": "JSON", demo[:20]: "JSON", `{"name":"n","rules":[]}`: "rules", `{"name":"n","rules":[{"kind":"regex","pattern":"(?=a)","replacement":""}]}`: "rules[0].pattern",
			`{"name":"n","rules":[{"kind":"regex_group","pattern":"a","groupReplacements":{"1":"x"}}]}`: "groupReplacements", strings.Repeat(" ", maxRuleset+1): "1 MiB"} {
			h.do(h.request("POST", all, strings.NewReader(body))).fails(t, 400, text)
		}
	})
}

func TestRemote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetch := func(_ context.Context, address string) (io.ReadCloser, error) {
			switch address {
			case "https://example.com/a.wav":
				return io.NopCloser(bytes.NewReader(wav(16000, 1, 5*time.Second))), nil
			case "https://example.com/cut.wav":
				return io.NopCloser(io.MultiReader(bytes.NewReader(wav(16000, 1, time.Second)[:1000]), broken{})), nil
			}
			return nil, &stt.Error{Code: stt.NotFound, Msg: "cannot be reached"}
		}
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: newMemory(), Rules: compiled, Fetch: fetch})
		id := h.create(`{"name":"n","rules":[{"kind":"exact","search":"good","replacement":"bad"}]}`)
		post := func(body string) reply {
			return h.do(h.request("POST", "/v1/transcribe-remote", strings.NewReader(body)))
		}
		got := post(`{"file_url":"https://example.com/a.wav","model":"local.script","ruleset_id":"` + id + `","replacement_ruleset":[{"kind":"exact","search":"bad","replacement":"fine","flags":[]}]}`)
		if got.status != 200 || got.body != "fine morning how are you" {
			t.Errorf("got %d %q", got.status, got.body)
		}
		got = post(`{"file_url":"https://example.com/a.wav","model":"local.script","output_format":"json_text"}`)
		if v, err := wire.ParseTranscription([]byte(got.body)); err != nil || v.Text != "good morning how are you" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("got %d %q", got.status, got.body)
		}
		post(`{"file_url":"https://example.com/b.wav","model":"local.script"}`).fails(t, 404, "reached")
		post(`{"file_url":"https://example.com/cut.wav","model":"local.script"}`).fails(t, 404, "broke off")
		post(`{"model":"local.script"}`).fails(t, 400, "file_url")
		post(`{`).fails(t, 400, "JSON")
		post(`{"file_url":"https://example.com/a.wav","model":"local.script","replacement_ruleset":[{"kind":"regex","pattern":"(","replacement":""}]}`).fails(t, 400, "rules[0].pattern")
		post(strings.Repeat(" ", wire.MaxRemoteBody+1)).fails(t, 400, "1 MiB")
	})
}

// broken is a connection that breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Where a name leads is judged by the address that is dialled, whatever the name is and however one gets there.
func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{"1.1.1.1": true, "8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "127.9.9.9": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"::127.0.0.1": false, "fe80::1%eth0": false, "168.63.129.16": false, "168.63.129.17": true} {
		a := netip.AddrPortFrom(netip.MustParseAddr(address), 80).String()
		if err := new(FetchOptions).judge(a); (err == nil) != want {
			t.Errorf("%s: %v", a, err)
		}
	}
	ours := FetchOptions{own: func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(9, 9, 9, 9), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("2606:4700::1111"), Mask: net.CIDRMask(64, 128)}}, nil
	}}
	for address, want := range map[string]bool{"9.9.9.9:80": false, "[::ffff:9.9.9.9]:80": false, "[2606:4700::1111]:443": false, "9.9.9.10:80": true, "[2606:4700::1112]:443": true} {
		if err := ours.judge(address); (err == nil) != want {
			t.Errorf("%s beside this machine: %v", address, err)
		}
	}
	blind := FetchOptions{own: func() ([]net.Addr, error) { return nil, errors.New("not to be known") }}
	if blind.judge("9.9.9.9:80") == nil {
		t.Error("an address that may be ours may be dialled")
	}
	o := FetchOptions{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	if o.judge("10.1.2.3:80") != nil || o.judge("10.2.2.3:80") == nil || o.judge("nonsense") == nil {
		t.Error("allowed networks are not what they are said to be")
	}
}

// elsewhere is a server on loopback, with a count of who came.
func elsewhere(t *testing.T, serve http.HandlerFunc) (*httptest.Server, func() int) {
	t.Helper()
	n := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n <- struct{}{}
		serve(w, r)
	}))
	t.Cleanup(s.Close)
	return s, func() int { return len(n) }
}

func TestFetch(t *testing.T) {
	loopback := FetchOptions{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Redirects: 2}
	s, _ := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file":
			io.WriteString(w, "a file")
		case "/once":
			http.Redirect(w, r, "/file", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/scheme":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://127.0.0.2:1/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	for path, want := range map[string]string{"/file": "a file", "/once": "a file", "/loop": "", "/scheme": "", "/inside": "", "/none": ""} {
		body, err := NewFetch(loopback)(t.Context(), s.URL+path)
		if want == "" {
			if x := wire.ErrorOf(err); err == nil || x.Status != 404 || strings.Contains(x.Message, "127.0.0") || strings.Contains(x.Message, "passwd") {
				t.Errorf("%s: %v, %+v", path, err, wire.ErrorOf(err))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := io.ReadAll(body)
		if body.Close(); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for _, bad := range []string{"", "ftp://example.com/a", "file:///etc/passwd", "http://", "http://user:pass@example.com/", "example.com/a", "http:example.com", "gopher://127.0.0.1:25/", "http://[::1", "://"} {
		if _, err := NewFetch(loopback)(t.Context(), bad); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Without leave nothing on this machine is reached, by number or by name, at once or by a redirect.
func TestFetchStaysOutside(t *testing.T) {
	inside, came := elsewhere(t, func(http.ResponseWriter, *http.Request) {})
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		body, err := NewFetch(FetchOptions{Header: 5 * time.Second})(t.Context(), "http://"+host+port+"/")
		if err == nil {
			body.Close()
			t.Errorf("%s was reached", host)
		}
	}
	if came() != 0 {
		t.Errorf("%d requests came", came())
	}
}

// A server that sends slowly for ever is left after the whole time, and a caller that is gone at once.
func TestFetchEnds(t *testing.T) {
	release := make(chan struct{})
	s, _ := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a")
		http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	o := FetchOptions{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Whole: 200 * time.Millisecond}
	body, err := NewFetch(o)(t.Context(), s.URL)
	if err == nil { // a slow machine does not get as far
		_, err = io.ReadAll(body)
		body.Close()
	}
	if wire.ErrorOf(err).Status != 404 {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Whole = time.Hour
	if body, err = NewFetch(o)(ctx, s.URL); err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	cancel()
	if _, err = io.ReadAll(body); err == nil {
		t.Error("the file goes on")
	}
}

// paced is a body that gives a byte at a time, each after a while. It ends with ctx.
type paced struct {
	ctx   context.Context
	every time.Duration
	left  int
}

func (p *paced) Read(b []byte) (int, error) {
	if p.left--; p.left < 0 {
		return 0, io.EOF
	}
	if pass(p.ctx, p.every); p.ctx.Err() != nil {
		return 0, p.ctx.Err()
	}
	return copy(b, "a"), nil
}

func (p *paced) Close() error { return nil }

// What counts is how long the server there is waited for, not how long a recognizer takes with what it sends.
func TestFetchWaits(t *testing.T) {
	o := &FetchOptions{Idle: 30 * time.Second, Whole: 10 * time.Minute}
	for name, c := range map[string]struct {
		every, between time.Duration
		bytes          int
		fails          string
		after          time.Duration
	}{
		"a server at once, a slow recognizer": {0, time.Minute, 60, "", time.Hour},
		"a slow server":                       {20 * time.Second, 0, 29, "", 29 * 20 * time.Second},
		"a server without end":                {20 * time.Second, 0, 1 << 30, "longer than 10m", 10 * time.Minute},
		"a server that stands still":          {time.Hour, time.Minute, 1, "nothing came for 30s", 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				f := &fetched{body: &paced{ctx, c.every, c.bytes}, ctx: ctx, cancel: cancel, options: o}
				defer f.Close()
				var err error
				began, n := time.Now(), 0
				for buf := make([]byte, 10); ; n++ {
					if _, err = f.Read(buf); err != nil {
						break
					}
					pass(t.Context(), c.between)
				}
				if c.fails == "" && (err != io.EOF || n != c.bytes) || c.fails != "" && (wire.ErrorOf(err).Status != 404 || !strings.Contains(err.Error(), c.fails)) || time.Since(began) != c.after {
					t.Errorf("%d bytes and %v after %v", n, err, time.Since(began))
				}
			})
		})
	}
}

// Requests that open no session are let in like those that do, before anything is done for them.
func TestAdmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var refuse error
		kept := newMemory()
		h := serve(t, script.Options{}, session.Options{}, Options{Rulesets: kept, Rules: compiled, Admit: func(_ context.Context, p auth.Principal) error {
			if asked++; p.KeyID != "key-1" || p.Account != "acme" {
				t.Errorf("asked about %+v", p)
			}
			return refuse
		}})
		id := h.create(demo)
		refuse = &stt.Error{Code: stt.Quota, Msg: "too fast", RetryAfter: 1500 * time.Millisecond}
		all := []struct{ method, path, body string }{{"GET", "/v1/speech-to-text-models", ""}, {"GET", "/v1/replacement-rulesets", ""}, {"POST", "/v1/replacement-rulesets", demo},
			{"GET", "/v1/replacement-rulesets/" + id, ""}, {"PUT", "/v1/replacement-rulesets/" + id, demo}, {"DELETE", "/v1/replacement-rulesets/" + id, ""}}
		asked = 0
		for _, c := range all {
			got := h.do(h.request(c.method, c.path, strings.NewReader(c.body)))
			if got.fails(t, 429, "too fast"); got.header.Get("Retry-After") != "2" {
				t.Errorf("%s %s: come again in %q", c.method, c.path, got.header.Get("Retry-After"))
			}
			stranger := h.request(c.method, c.path, strings.NewReader(c.body))
			stranger.Header.Set("Authorization", "Bearer invented")
			h.do(stranger).fails(t, 401, "")
		}
		if asked != len(all) || len(kept.all) != 1 {
			t.Errorf("asked %d times, %d rulesets are left; expected %d and 1", asked, len(kept.all), len(all))
		}
	})
}
