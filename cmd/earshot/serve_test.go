package main_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// A server is started, its first start's key is found, and a recording is streamed to it.
func TestServeAndStream(t *testing.T) {
	w := newWorld(t)
	p, address := w.serve()
	url := "--url=ws://" + address
	r := w.run("", "transcribe", url, "talk.wav")
	w.check(r, 0, finalText, "using the key in "+w.path(".local/share/earshot/credentials"))
	r = w.run("", "transcribe", url, "--format=json", "--realtime", "talk.wav")
	if r.code != 0 || strings.Count(r.out, `"final":true`) != 2 {
		t.Errorf("exit code %d, %q, %q", r.code, r.out, r.err)
	}

	// A wrong secret, found as AWS tools find it: the server's text is Amazon's.
	key := strings.Fields(w.read(".local/share/earshot/credentials")[strings.Index(w.read(".local/share/earshot/credentials"), "aws_access_key_id"):])[2]
	wrong := &world{t: t, dir: w.dir, env: append(w.env[:len(w.env):len(w.env)], "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY=wrong")}
	wrong.check(wrong.run("", "transcribe", url, "talk.wav"), 1, "", "InvalidSignatureException", "The request signature we calculated does not match")
	stranger := &world{t: t, dir: w.dir, env: append(w.env[:len(w.env):len(w.env)], "AWS_ACCESS_KEY_ID=AKIDNOBODY", "AWS_SECRET_ACCESS_KEY=wrong")}
	stranger.check(stranger.run("", "transcribe", url, "talk.wav"), 1, "", "UnrecognizedClientException")
	if strings.Contains(p.log.String(), "Signature=") {
		t.Errorf("the log holds a signature:\n%s", p.log)
	}

	// While it runs, doctor is content with it.
	r = w.run("", "doctor", "--set=listen="+address, "--set=tls.listen=off")
	if r.code != 0 || !strings.Contains(r.out, address+": an earshot server is running there") || !strings.Contains(r.out, "All is well.") {
		t.Errorf("doctor: %d, %q", r.code, r.out)
	}

	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	r = w.run("", "transcribe", url, "talk.wav")
	w.check(r, 1, "", "cannot connect", "connection refused")
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// What presign prints lets somebody in who has no key.
func TestPresign(t *testing.T) {
	w := newWorld(t)
	_, address := w.serve()
	r := w.run("", "presign", "--url=ws://"+address, "--language=en-GB", "--rate=8000", "--session=1b4e28ba-2fa1-11d2-883f-0016d3cca427")
	if r.code != 0 || strings.Count(r.out, "\n") != 1 {
		t.Fatalf("%+v", r)
	}
	conn, resp, err := websocket.Dial(t.Context(), strings.TrimSpace(r.out), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if got := resp.Header.Get("x-amzn-SessionId"); got != "1b4e28ba-2fa1-11d2-883f-0016d3cca427" {
		t.Errorf("session %q", got)
	}
	_, msg, err := conn.Read(t.Context())
	if err != nil || !bytes.Contains(msg, []byte("TranscriptEvent")) || bytes.Contains(msg, []byte("xception")) {
		t.Errorf("the server says %q, %v", msg, err)
	}
	for _, c := range []struct {
		args  []string
		texts []string
	}{
		{[]string{"--expires=1h"}, []string{`"--expires"`, "1s to 5m"}},
		{[]string{"--expires=1500ms"}, []string{`"--expires"`, "whole seconds"}},
		{[]string{"--rate=44"}, []string{`"--rate"`, "8000 to 48000"}},
		{[]string{"--session=mine"}, []string{`"--session"`, "UUID"}},
		{[]string{"--url=ftp://x"}, []string{`"--url"`, "ws://"}},
		{[]string{"--url=ws://127.0.0.1/path"}, []string{`"--url"`, "without path"}},
		{[]string{"--url="}, []string{"region"}},
		{[]string{"more"}, []string{"unexpected argument more"}},
	} {
		w.check(w.run("", append([]string{"presign"}, c.args...)...), 2, "", c.texts...)
	}
}

// SIGTERM while somebody streams: the stream is served to its end, and the server has done its work.
func TestSignalWhileStreaming(t *testing.T) {
	w := newWorld(t)
	p, address := w.serve()
	client := w.start("transcribe", "--url=ws://"+address, "--realtime", "--partials=always", "talk.wav")
	client.out.await("… Good")
	p.signal(syscall.SIGTERM)
	p.log.await("shutting down")
	if code := client.end(); code != 0 || !strings.HasSuffix(client.out.String(), "How are you?\n") {
		t.Errorf("exit code %d, %q, %q", code, client.out, client.log)
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	for _, line := range []string{"stream opened", "stream closed"} {
		if n := strings.Count(p.log.String(), line); n != 1 {
			t.Errorf("%q stands in the log %d times, expected once:\n%s", line, n, p.log)
		}
	}
}

// A second Ctrl-C does not wait for streams.
func TestSecondInterrupt(t *testing.T) {
	w := newWorld(t)
	p, address := w.serve("--grace=1h", "--limits-idle=0s")
	client := w.start("transcribe", "--url=ws://"+address, "--reconnect=0s", "--raw", "-")
	p.log.await("stream opened")
	p.signal(syscall.SIGINT)
	p.log.await("shutting down")
	p.signal(syscall.SIGINT)
	if code := p.end(); code != 130 || !strings.Contains(p.log.String(), "at the second signal") {
		t.Errorf("exit code %d: %s", code, p.log)
	}
	client.in.Close()
	// The server may have died before the client had read that it was let in.
	code, said := client.end(), client.log.String()
	if code != 1 || !strings.Contains(said, "the connection was lost") && !strings.Contains(said, "cannot connect") {
		t.Errorf("the client's exit code %d, %q", code, said)
	}
}

func TestServeErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	w := newWorld(t)
	w.write("bad.yaml", []byte("listen: 127.0.0.1:0\nlimits:\n  idel: 3s\nlog:\n  level: loud\n"))
	if err := os.Mkdir(w.path("open"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		args  []string
		texts []string
	}{
		{"port", []string{"--listen=" + taken.Addr().String()}, []string{"another program has the port", "--listen"}},
		{"flag", []string{"--lisen=x"}, []string{"--lisen", `did you mean "--listen"`, "COMMAND --help"}},
		{"value", []string{"--limits-idle=soon"}, []string{"--limits-idle", `"soon"`, "15s"}},
		{"argument", []string{"now"}, []string{"unexpected argument now"}},
		{"network without TLS", []string{"--listen=0.0.0.0:0"}, []string{"--listen", "without TLS", "allow_plain"}},
		{"nothing to listen on", []string{"--listen=off", "--tls-listen=off"}, []string{`"listen" and "tls.listen" are both off`}},
		{"file", []string{"--config=none.yaml"}, []string{"none.yaml", "no such file"}},
		{"what the file says", []string{"--config=bad.yaml"}, []string{"bad.yaml:3", "limits.idel", "limits.idle", "bad.yaml:5", "loud"}},
		{"key", []string{"--set=limits=3"}, []string{"limits"}},
		{"engine", []string{"--engine=watson"}, []string{"watson", "pocketsphinx"}},
		{"engine's option", []string{"--set=engines.script.fault=explode"}, []string{"script.fault", "explode", "--set engines.script.fault="}},
		{"open folder", []string{"--data=open"}, []string{"chmod 700", "open"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			args := append([]string{"serve", "--tls-listen=off"}, c.args...)
			w.check(w.run("", args...), 2, "", c.texts...)
		})
	}
	w.t = t
	w.check(w.run("", "serve", "--engine=pocketsphinx"), 1, "", "libpocketsphinx-dev", "-tags pocketsphinx")
}

func TestDoctor(t *testing.T) {
	ports := []string{"--set=listen=127.0.0.1:0", "--set=tls.listen=127.0.0.1:0"}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	served := make(chan struct{})
	go func() { // ends with the listener, which the test closes and then awaits
		defer close(served)
		http.Serve(taken, http.NotFoundHandler())
	}()
	defer func() { taken.Close(); <-served }()
	other := taken.Addr().String()
	w := newWorld(t)
	if err := os.Mkdir(w.path("open"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(w.path("leaky"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.write("leaky/credentials", []byte("[default]\n"))
	if err := os.Chmod(w.path("leaky/credentials"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"all is well", nil, 0, []string{"All is well.", "ok    engine", "will be made at the first start", "ok    clock", "v0-test"}},
		{"engine", []string{"--set=engine=pocketsphinx"}, 1, []string{"FAIL  engine", "libpocketsphinx-dev", "-tags pocketsphinx", "1 of "}},
		{"engine's options", []string{"--set=engines.script.script=none"}, 1, []string{"FAIL  engine", "script.script"}},
		{"configuration", []string{"--set=limits.idle=soon"}, 1, []string{"FAIL  configuration", "limits.idle", "soon"}},
		{"open folder", []string{"--data=open"}, 1, []string{"FAIL  data folder", "chmod 700"}},
		{"no folder", []string{"--data=talk.wav"}, 1, []string{"FAIL  data folder", "not a folder", "--data"}},
		{"open credentials", []string{"--data=leaky"}, 1, []string{"FAIL  credentials", "chmod 600"}},
		{"port", []string{"--set=listen=" + other}, 1, []string{"FAIL  plain port", other, "--listen"}},
		{"TLS port", []string{"--set=tls.listen=" + other}, 1, []string{"FAIL  TLS port", other, "--tls-listen"}},
		{"certificate", []string{"--set=tls.cert=none.pem", "--set=tls.key=none.pem"}, 1, []string{"FAIL  certificate", "none.pem"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			r := w.run("", append(append([]string{"doctor"}, ports...), c.args...)...)
			if r.code != c.code || r.err != "" {
				t.Errorf("exit code %d, errors %q", r.code, r.err)
			}
			for _, text := range c.says {
				if !strings.Contains(r.out, text) {
					t.Errorf("%s\ndoes not say %q", r.out, text)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(w.dir, ".local")); err == nil {
		t.Error("doctor made a data folder")
	}
}

func TestHelp(t *testing.T) {
	w := bareWorld(t)
	for _, c := range []struct {
		args []string
		says []string
	}{
		{nil, []string{"serve", "transcribe", "presign", "explain-url", "doctor", "version"}},
		{[]string{"--help"}, []string{"serve", "transcribe", "presign", "explain-url", "doctor", "version"}},
		{[]string{"help"}, []string{"Commands:"}},
		{[]string{"help", "presign"}, []string{"--expires"}},
		{[]string{"serve", "--help"}, []string{"--listen=127.0.0.1:8080", "--tls-listen", "--data", "--grace=30s", "--limits-idle=15s", "--[no-]features-punctuate", "--set=KEY=VALUE", "--config=FILE"}},
		{[]string{"transcribe", "--help"}, []string{"<file> ...", "--url=ws://HOST:PORT", "--realtime", "--format", "--partials", "--raw", "--credentials=FILE"}},
		{[]string{"presign", "--help"}, []string{"--url", "--expires=5m", "--session=UUID"}},
		{[]string{"explain-url", "--help"}, []string{"--request=FILE", "--credentials=FILE", "--host=HOST:PORT", "--now=TIME", "Exit codes: 0"}},
		{[]string{"doctor", "--help"}, []string{"--config", "--data"}},
		{[]string{"version"}, []string{"earshot v0-test\n"}},
		{[]string{"--version"}, []string{"earshot v0-test\n"}},
	} {
		r := w.run("", c.args...)
		if r.code != 0 || r.err != "" {
			t.Errorf("%q: exit code %d, %q", c.args, r.code, r.err)
		}
		for _, text := range c.says {
			if !strings.Contains(r.out, text) {
				t.Errorf("%q does not say %q:\n%s", c.args, text, r.out)
			}
		}
		for line := range strings.Lines(r.out) {
			if len(line) > 81 {
				t.Errorf("%q: a line of %d columns: %s", c.args, len(line)-1, line)
			}
		}
	}
	if text := w.run("").out; strings.Index(text, "  serve") > strings.Index(text, "  version") {
		t.Errorf("serve is not the first command:\n%s", text)
	}
	for _, c := range []struct{ arg, near string }{{"trancribe", "transcribe"}, {"serv", "serve"}, {"docter", "doctor"}, {"presing", "presign"}} {
		w.check(w.run("", c.arg), 2, "", c.arg, "did you mean ", `"`+c.near+`"`, "earshot --help")
	}
	w.check(w.run("", "--verbose"), 2, "", "unknown flag --verbose")
}
