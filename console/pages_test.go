package console_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/web"
)

// page asks for a file as a browser does.
func (b *browser) page(path string, change ...func(*http.Request)) answer {
	r := b.request("GET", path, "")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	for _, c := range change {
		c(r)
	}
	return b.send(r)
}

func TestRoot(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	html := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") } // a link on another page leads here
	if a := b.page("/", html); a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", a.status, a.header)
	}
	for _, accept := range []string{"", "*/*", "text/plain", "application/json", "text/htmlx"} {
		a := b.page("/", set("Accept", accept))
		if a.body != "Earshot, plainly" {
			t.Errorf("who accepts %q gets %q", accept, a.body)
		}
	}
	if a := b.page("/"); !slices.Contains(a.header.Values("Vary"), "Accept") {
		t.Errorf("Vary: %q", a.header.Values("Vary"))
	}
	other := func(r *http.Request) { r.Host = "speech.example.com" }
	w.want(b.page("/", other), 403, "denied", "public_hosts")
	w.want(b.page("/console/app.js", other), 403, "denied", "public_hosts")
	if a := b.page("/", other, set("Accept", "*/*")); a.body != "Earshot, plainly" {
		t.Errorf("a program that calls it otherwise gets %d %q", a.status, a.body)
	}
	for _, at := range []string{"/console/", "/console"} {
		if a := b.page(at); a.status != 302 || a.header.Get("Location") != "/" {
			t.Errorf("%s: %d %v", at, a.status, a.header)
		}
	}
}

// The headers say which rights the page has, on every answer.
func TestHeaders(t *testing.T) {
	w := newWorld(t, func(o *console.Options) { o.Hosts = []string{"speech.example.com"} })
	b := w.browser()
	for _, at := range []string{"/", "/console/app.js", "/console/none.js", "/console/api/session", "/console/api/none", "/console/"} {
		a := b.page(at)
		want := map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws://localhost:8080 wss://localhost:8080; " +
				"worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Permissions-Policy": "microphone=(self), display-capture=(self)",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		}
		for name, value := range want {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: %s: %q, expected %q", at, name, got, value)
			}
		}
	}
	for host, sockets := range map[string]string{"[::1]:8080": "connect-src 'self';", "192.0.2.1": "connect-src 'self' ws://192.0.2.1 wss://192.0.2.1;", "SPEECH.example.com": "connect-src 'self' ws://SPEECH.example.com wss://SPEECH.example.com;",
		"x; script-src *": "connect-src 'self';", "": "connect-src 'self';"} {
		a := b.page("/", func(r *http.Request) { r.Host = host })
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, sockets) || strings.Count(policy, ";") != 10 {
			t.Errorf("for the host %q: %s", host, policy)
		}
	}
}

func TestFiles(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	packed := b.page("/console/app.js")
	plain := b.page("/console/app.js", set("Accept-Encoding", "br, gzip;q=0"))
	unpacked, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err != nil || string(content) != plain.body || plain.body != strings.Repeat("x();", 100) {
		t.Errorf("%q and %q, %v", content, plain.body, err)
	}
	if packed.header.Get("Content-Encoding") != "gzip" || plain.header.Get("Content-Encoding") != "" || packed.header.Get("Vary") != "Accept-Encoding" || plain.header.Get("Vary") != "Accept-Encoding" ||
		packed.header.Get("Content-Type") != "text/javascript; charset=utf-8" || packed.header.Get("Cache-Control") != "no-cache" || packed.header.Get("ETag") == plain.header.Get("ETag") {
		t.Errorf("packed %v, plain %v", packed.header, plain.header)
	}
	tag := packed.header.Get("ETag")
	for value, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200, plain.header.Get("ETag"): 200} {
		a := b.page("/console/app.js", set("If-None-Match", value))
		if a.status != status || status == 304 && (a.body != "" || a.header.Get("ETag") != tag) {
			t.Errorf("If-None-Match %q: %d with %d bytes, expected %d", value, a.status, len(a.body), status)
		}
	}
	if a := b.send(b.request("HEAD", "/console/app.js", "")); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "400" {
		t.Errorf("HEAD: %d, %d bytes, %v", a.status, len(a.body), a.header)
	}
	if a := b.page("/console/icon.png"); a.header.Get("Content-Encoding") != "" || a.body != "png" {
		t.Errorf("what cannot be packed: %v", a.header)
	}
	if a := b.page("/console/client/index.js"); a.body != "export {};" {
		t.Errorf("the client: %d %q", a.status, a.body)
	}
	for _, at := range []string{"/console/none.js", "/console/../console/app.js", "/console/%61pp.js/", "/console/client/", "/console/client", "/console/client/../app.js", "/console/.git"} {
		if a := b.page(at); a.status != 404 {
			t.Errorf("%s: %d", at, a.status)
		}
	}
	if a := b.do("POST", "/console/app.js", "{}"); a.status != 405 || a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d", a.status)
	}
	for name, pages := range map[string]fstest.MapFS{"no page": {"app.js": {Data: []byte("x")}}, "nothing": {}} {
		if _, err := console.New(console.Options{Pages: pages}); err == nil {
			t.Errorf("%s: a console without a page", name)
		}
	}
}

// TestStyle looks for every style sheet of the pages in the one that they load.
func TestStyle(t *testing.T) {
	w := newWorld(t, func(o *console.Options) { o.Pages = web.Console })
	b := w.browser()
	all := b.page("/console/style.css", set("Accept-Encoding", ""))
	if all.status != 200 || all.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Fatalf("%d %v", all.status, all.header)
	}
	sheets := 0
	ok(t, fs.WalkDir(web.Console, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".css" {
			return err
		}
		sheets++
		body, err := fs.ReadFile(web.Console, name)
		if !strings.Contains(all.body, string(body)) {
			t.Errorf("%s is missing", name)
		}
		return err
	}))
	if sheets < 4 || strings.Index(all.body, ":root {") > strings.Index(all.body, ".live {") {
		t.Errorf("there are %d sheets, or they are in another order", sheets)
	}
}

func TestModels(t *testing.T) {
	asked := 0
	list := []stt.Model{
		{ID: "small", Title: "Small", Can: stt.Capabilities{Formats: []stt.Format{{Encoding: stt.PCM16, Rate: 8000}}, Languages: []string{"en-US"}, Has: stt.FeatureInterim | stt.FeatureWords, MaxChannels: 2}},
		{ID: "any", Can: stt.Capabilities{Has: stt.FeaturePII | stt.FeatureSpeakers, MaxSpeakers: 4}},
	}
	var failure error
	w := newWorld(t, func(o *console.Options) {
		o.Models = func(context.Context) ([]stt.Model, error) { asked++; return list, failure }
		o.Gives, o.Rates, o.Vocabularies = stt.FeatureFilters|stt.FeaturePunctuation, []int{8000, 16000}, true
	})
	b := w.browser()
	a := b.do("GET", "/console/api/models", "")
	var got, want any
	ok(t, json.Unmarshal([]byte(a.body), &got))
	ok(t, json.Unmarshal([]byte(`{"default":"small","models":[
		{"id":"small","title":"Small","languages":["en-US"],"sample_rates":[8000,16000],"native_sample_rate":8000,"capabilities":{"partials":true,"word_times":true,"confidence":false,"speakers":false,
			"max_speakers":0,"channels":2,"vocabulary":true,"vocabulary_filter":true,"phrases":false,"redaction":false,"stabilization":false,"punctuation":true,"language_identification":false,"medical":false,"max_alternatives":1}},
		{"id":"any","languages":[],"sample_rates":[8000,16000],"capabilities":{"partials":false,"word_times":false,"confidence":false,"speakers":true,
			"max_speakers":4,"channels":1,"vocabulary":true,"vocabulary_filter":true,"phrases":false,"redaction":true,"stabilization":false,"punctuation":true,"language_identification":false,"medical":false,"max_alternatives":1}}]}`), &want))
	if one, other := asJSON(t, got), asJSON(t, want); one != other {
		t.Errorf("%s\nexpected\n%s", one, other)
	}
	failure = &stt.Error{Code: stt.Unavailable, Msg: "the upstream does not answer", Err: errors.New("dial tcp 10.0.0.1")}
	if b.do("GET", "/console/api/models", ""); asked != 1 {
		t.Errorf("the recognizer was asked %d times", asked)
	}
	w.clock.move(5 * time.Second)
	a = b.do("GET", "/console/api/models", "")
	w.want(a, 503, "unavailable", "does not answer")
	if strings.Contains(a.body, "10.0.0.1") || !strings.Contains(w.log.String(), "10.0.0.1") {
		t.Errorf("the cause is for the log and nobody else: %s", a.body)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	ok(t, err)
	return string(text)
}

// mostWeight is what a browser loads at most before a page can be used, in bytes, compressed.
const mostWeight = 150 << 10

// What is loaded follows from the page: scripts, styles, what is named for loading early, and what modules import, which the first look at
// the page takes as well. Modules that are imported when they are needed do not count. Nothing in the page needs what its policy forbids.
func TestWeight(t *testing.T) {
	w := newWorld(t, func(o *console.Options) { o.Pages, o.Client = web.Console, web.Client })
	for name, c := range map[string]struct {
		first     []string // what the shell loads for the page
		questions int      // to the server, which the page asks at once
		most      int      // requests
	}{
		"live":   {first: []string{"live/live.js"}, questions: 2, most: 10}, // which everybody sees first: session and models
		"access": {first: []string{"access/access.js", "access/keys.js"}, questions: 3, most: 15},
		"system": {first: []string{"system/system.js"}, questions: 6, most: 18},
		"usage":  {first: []string{"usage/usage.js", "vendor/uplot/uPlot.iife.min.js"}, questions: 7, most: 23},
	} {
		t.Run(name, func(t *testing.T) {
			size := weigh(t, w.browser(), c.first)
			sum := 0
			for at, n := range size {
				t.Logf("%7d %s", n, at)
				sum += n
			}
			requests := len(size) + c.questions
			t.Logf("%7d bytes in %d requests", sum, requests)
			if sum > mostWeight || requests > c.most {
				t.Errorf("the first load has %d bytes in %d requests; expected at most %d in %d", sum, requests, mostWeight, c.most)
			}
		})
	}
}

// weigh follows a page's links, and returns how long each file is as it is sent.
func weigh(t *testing.T, b *browser, first []string) map[string]int {
	t.Helper()
	links := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?s)<(?:script|img)\b[^>]*\ssrc="([^"]+)"|<link\b[^>]*\shref="([^"]+)"`),
		".css":  regexp.MustCompile(`@import\s+(?:url\()?["']([^"']+)["']|url\(["']?([^"')]+)["']?\)`),
		".js":   regexp.MustCompile(`(?m)^\s*(?:import\s*["']([^"']+)["']|(?:import|export)\b[^;'"()=]*?\bfrom\s*["']([^"']+)["'])`),
	}
	size := map[string]int{}
	queue := []string{"/"}
	for _, name := range first {
		queue = append(queue, console.Folder+name)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if _, seen := size[at]; seen {
			continue
		}
		a := b.page(at)
		if a.status != 200 {
			t.Errorf("%s: %d", at, a.status)
			continue
		}
		size[at] = len(a.body)
		text := a.body
		if a.header.Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(bytes.NewReader([]byte(a.body)))
			ok(t, err)
			content, err := io.ReadAll(r)
			ok(t, err)
			text = string(content)
		}
		kind := path.Ext(at)
		if at == "/" {
			kind = ".html"
			keepsPolicy(t, text)
		}
		if links[kind] == nil {
			continue
		}
		for _, m := range links[kind].FindAllStringSubmatch(text, -1) {
			link := m[1] + m[2]
			switch {
			case strings.HasPrefix(link, "data:") || strings.HasPrefix(link, "#"):
				continue
			case strings.Contains(link, "//"):
				t.Errorf("%s loads %s, from another host", at, link)
				continue
			case !strings.HasPrefix(link, "/"):
				link = path.Join(path.Dir(at), link)
			}
			queue = append(queue, link)
		}
	}
	return size
}

// keepsPolicy looks for what the page must not have in it.
func keepsPolicy(t *testing.T, page string) {
	t.Helper()
	for what, pattern := range map[string]string{
		"a script in the page": `<script(?:\s[^>]*)?>\s*[^<\s]`, "a style in the page": `<style`, "a style attribute": `\sstyle=`, "a handler in the page": `\son[a-z]+=`, "another host": `(?:src|href)="(?:https?:)?//`,
	} {
		if m := regexp.MustCompile(`(?i)` + pattern).FindString(page); m != "" {
			t.Errorf("%s: %q", what, m)
		}
	}
}
