package sigv4_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

const curlOutput = `*   Trying 127.0.0.1:8443...
* ALPN: server accepted h2
* [HTTP/2] [1] OPENED stream for https://localhost:8443/stream-transcription?a=1
* [HTTP/2] [1] [:method: POST]
* [HTTP/2] [1] [:scheme: https]
* [HTTP/2] [1] [:authority: localhost:8443]
* [HTTP/2] [1] [:path: /stream-transcription?a=1]
* [HTTP/2] [1] [user-agent: curl/8.0]
> POST /stream-transcription?a=1 HTTP/2
> Host: localhost:8443
> X-Amz-Date: 20260102T030405Z
> Accept: */*
>
} [5 bytes data]
< HTTP/2 403
< x-amzn-errortype: InvalidSignatureException
<
{ [5 bytes data]
`

const goOutput = `2026/01/02 03:04:05 http2: Transport creating client conn 0xc000 to 127.0.0.1:8443
2026/01/02 03:04:05 http2: Transport encoding header ":authority" = "localhost:8443"
2026/01/02 03:04:05 http2: Transport encoding header ":method" = "POST"
2026/01/02 03:04:05 http2: Transport encoding header ":path" = "/stream-transcription?a=1"
2026/01/02 03:04:05 http2: Transport encoding header "x-amz-date" = "20260102T030405Z"
2026/01/02 03:04:05 http2: Framer 0xc000: wrote HEADERS flags=END_HEADERS stream=1 len=200
2026/01/02 03:04:05 http2: decoded hpack field header field ":status" = "403"
2026/01/02 03:04:05 http2: decoded hpack field header field "x-other" = "no"
`

const nghttpOutput = `[  0.001] Connected
[  0.001] send HEADERS frame <length=60, flags=0x24, stream_id=13>
          ; END_HEADERS | PRIORITY
          :method: POST
          :path: /stream-transcription?a=1
          :scheme: https
          :authority: localhost:8443
          x-amz-date: 20260102T030405Z
[  0.003] recv (stream_id=13) :status: 403
[  0.003] recv (stream_id=13) x-other: no
`

// texts are requests as tools show them; all but those of dumpErrors can be read.
var texts = map[string]struct {
	text string
	want sigv4.Request
}{
	"wire": {"GET /s?a=1&b=x%2Cy HTTP/1.1\r\nHost: localhost:8443\r\nX-Amz-Date:20260102T030405Z \r\nA: 1\r\na: 2\r\n\r\nHost: body\r\n",
		sigv4.Request{Method: "GET", Path: "/s", RawQuery: "a=1&b=x%2Cy", Hosts: []string{host}, Header: http.Header{"X-Amz-Date": {"20260102T030405Z"}, "A": {"1", "2"}}}},
	"without a version":   {"\n\nGET /s\nHost: h\n", sigv4.Request{Method: "GET", Path: "/s", Hosts: []string{"h"}, Header: http.Header{}}},
	"absolute":            {"GET wss://h:1/s?a=1#f HTTP/1.1\nHost: other\n", sigv4.Request{Method: "GET", Path: "/s", RawQuery: "a=1", Hosts: []string{"h:1"}, Header: http.Header{}}},
	"absolute, no path":   {"GET http://h?a=1 HTTP/1.1\n", sigv4.Request{Method: "GET", Path: "/", RawQuery: "a=1", Hosts: []string{"h"}, Header: http.Header{}}},
	"no host":             {"GET / HTTP/1.0\n", sigv4.Request{Method: "GET", Path: "/", Header: http.Header{}}},
	"the first of two":    {"GET /a HTTP/1.1\nHost: h\nGET /b HTTP/1.1\nHost: i\n", sigv4.Request{Method: "GET", Path: "/a", Hosts: []string{"h"}, Header: http.Header{}}},
	"curl":                {curlOutput, sigv4.Request{Method: "POST", Path: "/stream-transcription", RawQuery: "a=1", Hosts: []string{host}, Header: http.Header{"X-Amz-Date": {"20260102T030405Z"}, "Accept": {"*/*"}}}},
	"curl over HTTP/1.1":  {"* Connected\n> GET /s?a=1 HTTP/1.1\n> Host: localhost:8443\n> Upgrade: websocket\n> \n< HTTP/1.1 403 Forbidden\n< X: y\n", sigv4.Request{Method: "GET", Path: "/s", RawQuery: "a=1", Hosts: []string{host}, Header: http.Header{"Upgrade": {"websocket"}}}},
	"log of Go":           {goOutput, sigv4.Request{Method: "POST", Path: "/stream-transcription", RawQuery: "a=1", Hosts: []string{host}, Header: http.Header{"X-Amz-Date": {"20260102T030405Z"}}}},
	"log of nghttp":       {nghttpOutput, sigv4.Request{Method: "POST", Path: "/stream-transcription", RawQuery: "a=1", Hosts: []string{host}, Header: http.Header{"X-Amz-Date": {"20260102T030405Z"}}}},
	"brackets and equals": {"[:method: POST]\n[:path: /s]\n:authority = h:1\nte = trailers\n", sigv4.Request{Method: "POST", Path: "/s", Hosts: []string{"h:1"}, Header: http.Header{"Te": {"trailers"}}}},
}

func TestParseRequest(t *testing.T) {
	for name, c := range texts {
		t.Run(name, func(t *testing.T) {
			got, err := sigv4.ParseRequest(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s\nexpected %s", written(got), written(c.want))
			}
		})
	}
}

var dumpErrors = map[string]struct {
	text string
	says []string
}{
	"nothing":           {"", []string{"request line", "neither"}},
	"headers only":      {"Host: h\nA: b\n", []string{"request line", "neither"}},
	"a path only":       {":path: /a\n", []string{"a path and no method"}},
	"no header":         {"GET / HTTP/1.1\nHost: h\nwhat is this\n", []string{"line 3", "Host: localhost:8443"}},
	"two hosts":         {"GET / HTTP/1.1\nHost: h\nHost: i\n", []string{"Host", "2 times"}},
	"a space":           {"GET /?a=b c HTTP/1.1\nHost: h\n", []string{"line 1", "%20"}},
	"a control":         {"GET / HTTP/1.1\nA: b\x01c\n", []string{"line 2", "control"}},
	"a control, in all": {":method: GET\n:path: /\x01\n", []string{"line 2", "control"}},
	"a broken escape":   {"GET /%zz HTTP/1.1\nHost: h\n", []string{"broken escapes"}},
	"method":            {":method: <b>\n:path: /\n", []string{":method"}},
	"too long":          {"GET / HTTP/1.1\nA: " + strings.Repeat("x", 1<<20), []string{"1048576 bytes"}},
	"too many":          {"GET / HTTP/1.1\n" + strings.Repeat("A: x\n", 600), []string{"500 headers"}},
}

func TestParseRequestErrors(t *testing.T) {
	for name, c := range dumpErrors {
		t.Run(name, func(t *testing.T) {
			_, err := sigv4.ParseRequest(c.text)
			e := wantReason(t, err, sigv4.Malformed)
			for _, words := range c.says {
				if !strings.Contains(e.Error(), words) {
					t.Errorf("%v\ndoes not say %q", e, words)
				}
			}
		})
	}
}

// written is a request as it goes over the wire.
func written(r sigv4.Request) string {
	var b strings.Builder
	target := r.Path
	if r.RawQuery != "" {
		target += "?" + r.RawQuery
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, target)
	for _, h := range r.Hosts {
		fmt.Fprintf(&b, "Host: %s\r\n", h)
	}
	var names []string
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range r.Header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	return b.String() + "\r\n"
}

// Whatever can be read is the same request when it is written out; examining it ends, gives nothing away, and agrees with
// the server.
func FuzzParseRequest(f *testing.F) {
	for _, c := range texts {
		f.Add(c.text)
	}
	for _, c := range dumpErrors {
		if len(c.text) < 4096 {
			f.Add(c.text)
		}
	}
	f.Add("GET " + path + "?" + encodedClaim + "&X-Amz-Signature=" + strings.Repeat("0", 64) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := sigv4.ParseRequest(text)
		if err != nil {
			wantReason(t, err, sigv4.Malformed)
			return
		}
		if strings.Contains(written(r), `" = "`) {
			t.Skip("a value that looks like a line of a log may be read as one")
		}
		again, err := sigv4.ParseRequest(written(r))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%v\n%q\n%q", err, written(r), written(again))
		}
		e := sigv4.Examine(r, serverKeys, signingTime, sigv4.Limits{})
		if !strings.Contains(text, secret) && !strings.Contains(text, "T+x") && !strings.Contains(text, "T%2Bx") { // what is sent may be shown
			told(t, e)
		}
		agrees(t, r, e, serverKeys, signingTime)
	})
}
