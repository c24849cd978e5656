package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// visitor is somebody's browser at a server's console.
type visitor struct {
	t    *testing.T
	http *http.Client
	at   string // scheme://host:port
	csrf string
}

func (s *running) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := plainClient()
	client.Jar = jar
	return &visitor{t: s.t, http: client, at: s.plain}
}

// ask sends a request to the console's API.
func (v *visitor) ask(method, path, body string) (int, map[string]any) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.at+"/console/api"+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", v.at)
	r.Header.Set("X-CSRF-Token", v.csrf)
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			v.t.Fatalf("%s %s: %q: %v", method, path, text, err)
		}
	}
	return resp.StatusCode, out
}

// must is ask where the status is known.
func (v *visitor) must(status int, method, path, body string) map[string]any {
	v.t.Helper()
	got, out := v.ask(method, path, body)
	if got != status {
		v.t.Fatalf("%s %s: %d %v, expected %d", method, path, got, out, status)
	}
	return out
}

func (v *visitor) signIn(body string) map[string]any {
	v.t.Helper()
	out := v.must(http.StatusOK, "POST", "/signin", body)
	v.csrf, _ = out["csrf"].(string)
	return out
}

// presigned returns an address to stream to.
func (v *visitor) presigned() string {
	v.t.Helper()
	out := v.must(http.StatusOK, "POST", "/presign", `{"parameters":{"language-code":"en-US","media-encoding":"pcm","sample-rate":"16000"}}`)
	address, _ := out["url"].(string)
	return address
}

// socket opens a WebSocket as a page does.
func (v *visitor) socket(address string, header http.Header) (*websocket.Conn, int, error) {
	v.t.Helper()
	if header == nil {
		header = http.Header{"Origin": {v.at}}
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: header, HTTPClient: plainClient()})
	if err == nil {
		v.t.Cleanup(func() { c.CloseNow() })
		c.SetReadLimit(1 << 20)
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	return c, status, err
}

// say sends so much silence in Amazon's way; none is the end.
func say(t *testing.T, c *websocket.Conn, d time.Duration) {
	t.Helper()
	message, err := wire.AppendAudio(nil, make([]byte, stt.Format{Rate: 16000, Channels: 1}.Bytes(d)))
	if err == nil {
		err = c.Write(t.Context(), websocket.MessageBinary, message)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hear returns the finals until the stream ends, and why it did where that is an exception.
func hear(t *testing.T, c *websocket.Conn) (finals []string, exception string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for m := new(eventstream.Message); ; {
		_, data, err := c.Read(ctx)
		if err != nil {
			return finals, exception
		}
		out, err := wire.ReadOutput(data, m)
		if err != nil {
			t.Error(err)
			return finals, exception
		}
		if out.Exception != nil {
			exception = out.Exception.Name + ": " + out.Exception.Message
			continue
		}
		if out.Event == nil {
			continue
		}
		for _, r := range out.Event.Transcript.Results {
			if !r.IsPartial {
				finals = append(finals, r.Alternatives[0].Transcript)
			}
		}
	}
}

var (
	firstLink = regexp.MustCompile(`(?m)^console, signed in by this link once, within a day: (http://localhost:\d+/)#/signin\?code=(esl_[a-z2-7]{32})$`)
	atLine    = regexp.MustCompile(`(?m)^console: (http://localhost:\d+/)$`)
)

// From the first start to one's own words, and to somebody who is shut out in the middle of them.
func TestConsole(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "limits.idle": "0"})
	s := start(t, cfg)
	s.awaitLine(firstLink)
	link := firstLink.FindStringSubmatch(s.out.String())
	if link == nil {
		t.Fatalf("no link in %q", s.out)
	}
	if kept, err := os.ReadFile(filepath.Join(cfg.Data, server.ConsoleFile)); err != nil || string(kept) != link[1]+"\n" {
		t.Errorf("%s holds %q, %v", server.ConsoleFile, kept, err)
	}
	admin := s.visitor()
	if got := admin.signIn(`{"code":"` + link[2] + `"}`); got["role"] != "administrator" || got["version"] != "v-test" {
		t.Errorf("signed in as %v", got)
	}
	if status, _ := s.visitor().ask("POST", "/signin", `{"code":"`+link[2]+`"}`); status != http.StatusUnauthorized {
		t.Errorf("the link works twice: %d", status)
	}
	models := admin.must(200, "GET", "/models", "")
	if models["default"] != "script" {
		t.Errorf("models %v", models)
	}

	// The administration, by the role of who is signed in.
	accounts := admin.must(200, "GET", "/admin/v1/accounts", "")
	account := accounts["items"].([]any)[0].(map[string]any)["id"].(string)
	made := admin.must(201, "POST", "/admin/v1/users", `{"account":"`+account+`","name":"alice","role":"operator","password":"correct horse battery"}`)
	if made["password"] != true {
		t.Errorf("made %v", made)
	}
	if got := admin.must(400, "POST", "/admin/v1/users", `{"account":"`+account+`","name":"bob","password":"short"}`); !strings.Contains(got["error"].(map[string]any)["message"].(string), "12 characters") {
		t.Errorf("%v", got)
	}
	alice := s.visitor()
	alice.signIn(`{"user":"alice","password":"correct horse battery"}`)
	alice.must(403, "POST", "/admin/v1/users", `{"account":"`+account+`","name":"eve"}`)
	alice.must(200, "GET", "/admin/v1/users", "")

	// Amazon's protocol, by an address that the server signed.
	address := alice.presigned()
	if u, err := url.Parse(address); err != nil || u.Scheme != "ws" || "http://"+u.Host != s.plain || u.Query().Get("X-Amz-Expires") != "60" {
		t.Errorf("the address is %q, %v", address, err)
	}
	c, _, err := alice.socket(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, 3*time.Second)
	say(t, c, 0)
	if finals, exception := hear(t, c); strings.Join(finals, "|") != "Good morning everybody.|How are you?" || exception != "" {
		t.Errorf("%q, %s", finals, exception)
	}
	stolen := strings.Replace(address, "language-code=en-US", "language-code=de-DE", 1)
	if c, _, err := alice.socket(stolen, nil); err == nil {
		if finals, exception := hear(t, c); exception == "" || len(finals) > 0 {
			t.Errorf("an address that was changed is good for %q", finals)
		}
	}

	// Speechall's, by a ticket that is good for this page.
	ticket, _ := alice.must(200, "POST", "/ticket", "")["api_key"].(string)
	speechall := strings.Replace(s.plain, "http", "ws", 1) + "/v1/transcribe?model=local.script&language=en&output_format=text&api_key="
	for name, attempt := range map[string]struct {
		address string
		header  http.Header
		status  int
	}{
		"as it should be":      {speechall + ticket, nil, http.StatusSwitchingProtocols},
		"another page":         {speechall + ticket, http.Header{"Origin": {"https://evil.example"}}, http.StatusUnauthorized},
		"no page":              {speechall + ticket, http.Header{}, http.StatusUnauthorized},
		"a changed ticket":     {speechall + ticket[:len(ticket)-2] + "AA", nil, http.StatusUnauthorized},
		"the cookie instead":   {speechall, http.Header{"Origin": {alice.at}, "Cookie": {alice.cookies()}}, http.StatusUnauthorized},
		"the cookie, amazon's": {strings.Replace(s.plain, "http", "ws", 1) + wire.PathWebSocket + "?language-code=en-US&media-encoding=pcm&sample-rate=16000", http.Header{"Origin": {alice.at}, "Cookie": {alice.cookies()}}, 0},
	} {
		c, status, err := alice.socket(attempt.address, attempt.header)
		if err == nil && attempt.status != 0 {
			c.CloseNow()
		}
		switch {
		case attempt.status == 0 && err == nil: // Amazon's way to refuse
			if _, exception := hear(t, c); exception == "" {
				t.Errorf("%s: let in", name)
			}
		case attempt.status != 0 && status != attempt.status:
			t.Errorf("%s: %d %v, expected %d", name, status, err, attempt.status)
		}
	}
	if status, _ := sendFile(t, s.plain+"/v1/transcribe?model=local.script", ticket, alice.at, wav(time.Second)); status != http.StatusUnauthorized {
		t.Errorf("a file by a ticket: %d", status)
	}

	// The usage is the console's, whoever streams; the key is hidden from no operator.
	var used map[string]any
	for range 600 { // usage is written twice a second
		used = admin.must(200, "GET", "/admin/v1/usage?group=key", "")
		if strings.Contains(text(t, used), `"console-`+account+`"`) {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	if got := text(t, used); !strings.Contains(got, `"console-`+account+`"`) || strings.Contains(got, "console-ESSN") {
		t.Errorf("the usage is %s", got)
	}
	if keys := admin.must(200, "GET", "/admin/v1/access-keys?temporary=false", ""); strings.Contains(text(t, keys), "console-ESSN") || !strings.Contains(text(t, keys), `"name":"console"`) {
		t.Errorf("the keys are %s", text(t, keys))
	}

	// Who is shut out is so at once, with what he is doing.
	c, _, err = alice.socket(alice.presigned(), nil)
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, time.Second)
	s.awaitLog("stream opened")
	admin.must(200, "PATCH", "/admin/v1/users/"+made["id"].(string), `{"disabled":true}`)
	alice.must(401, "POST", "/presign", "{}")
	ended := make(chan string, 1)
	go func() { // ends with the stream
		_, exception := hear(t, c)
		ended <- exception
	}()
	for done := false; !done; {
		select {
		case exception := <-ended:
			if done = true; !strings.Contains(exception, "UnrecognizedClientException") {
				t.Errorf("the stream ended with %q", exception)
			}
		case <-time.After(100 * time.Millisecond):
			message, err := wire.AppendAudio(nil, make([]byte, 3200))
			if err == nil {
				_ = c.Write(t.Context(), websocket.MessageBinary, message) // it may have ended meanwhile
			}
		}
	}
	admin.must(204, "POST", "/signout", "")
	s.end()
	if _, err := os.Stat(filepath.Join(cfg.Data, server.ConsoleFile)); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", server.ConsoleFile, err)
	}
	for _, secret := range []string{"X-Amz-Signature=", "X-Amz-Security-Token=", ticket, link[2], "correct horse battery", admin.csrf} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, s.log)
		}
	}
	again := start(t, cfg)
	again.awaitLine(atLine)
	again.end() // the link would be the last line
	if firstLink.MatchString(again.out.String()) {
		t.Error("the second start prints a link")
	}
}

// Behind a proxy the console goes by the names in public_hosts, and signs for nothing else.
func TestConsoleBehindProxy(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "public_hosts": "speech.example.com"})
	s := start(t, cfg)
	s.awaitLine(regexp.MustCompile(`(?m)^console: https://speech\.example\.com/$`))
	link := regexp.MustCompile(`code=(esl_\w+)`)
	s.awaitLine(link) // which comes after the address
	v := s.visitor()
	code := link.FindStringSubmatch(s.out.String())[1]
	v.signIn(`{"code":"` + code + `"}`)
	v.must(403, "POST", "/presign", `{"parameters":{"language-code":"en-US","media-encoding":"pcm","sample-rate":"16000"}}`)
}

func (v *visitor) cookies() string {
	u, err := url.Parse(v.at + "/console/")
	if err != nil {
		v.t.Fatal(err)
	}
	var all []string
	for _, c := range v.http.Jar.Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	if len(all) == 0 {
		v.t.Fatal("there is no cookie")
	}
	return strings.Join(all, "; ")
}

// sendFile sends a file with an API key.
func sendFile(t *testing.T, address, key, origin string, body []byte) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Origin", origin)
	resp, err := plainClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

// awaitLine waits until the operator can read a line.
func (s *running) awaitLine(line *regexp.Regexp) {
	s.t.Helper()
	late := time.After(patience)
	for !line.MatchString(s.out.String()) {
		select {
		case <-s.out.lines:
		case <-late:
			s.t.Fatalf("%q does not come:\n%s", line, s.out)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
