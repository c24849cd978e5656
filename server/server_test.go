package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/stt"
)

func TestServe(t *testing.T) {
	before := runtime.NumGoroutine()
	cfg := configure(t, speech, nil)
	s := start(t, cfg)
	client := plainClient()
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, text := get(t, client, s.plain+path, ""); status != 200 || text != want {
			t.Errorf("%s: %d %q, expected 200 %q", path, status, text, want)
		}
	}
	if status, text := get(t, client, s.plain+"/", ""); status != 200 || !strings.Contains(text, "Earshot v-test") {
		t.Errorf("/: %d %q", status, text)
	}
	if status, _ := get(t, client, s.plain+"/nothing", ""); status != 404 {
		t.Errorf("/nothing: %d, expected 404", status)
	}
	for path, want := range map[string]int{"/stream-transcriptions": 404, "/stream-transcription/": 404, "//stream-transcription": 404,
		"/medical-scribe-stream/11111111-2222-4333-8444-555555555555": 400, "/anything?X-Amz-Signature=x": 404} {
		if status, text := get(t, client, s.plain+path, ""); status != want || !strings.Contains(text, `{"Message":"`) {
			t.Errorf("%s: %d %q, expected %d and a message in Amazon's shape", path, status, text, want)
		}
	}
	if status, text := get(t, client, s.plain+"/stream-transcription-websocket", ""); status != 426 || !strings.Contains(text, "earshot presign") {
		t.Errorf("without upgrade: %d %q", status, text)
	}
	if got := strings.Count(s.out.String(), "earshot is ready"); got != 2 {
		t.Errorf("%d ready lines, expected one a listener:\n%s", got, s.out)
	}
	stream := s.dial(cfg, strings.Replace(s.plain, "http", "ws", 1))
	send(t, stream, 3*time.Second)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	finals, err := listen(t, stream)
	if want := "Good morning everybody.|How are you?"; err != io.EOF || strings.Join(finals, "|") != want {
		t.Errorf("%q and %v, expected %q", finals, err, want)
	}
	stream.Close()
	s.end()
	secrets(t, s, cfg)
	// Idle connections of clients end a moment after the server.
	for range 100 {
		if runtime.NumGoroutine() <= before+1 { // the test's own
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

// secrets checks that the log holds neither keys nor signatures nor text.
func secrets(t *testing.T, s *running, cfg *config.Config) {
	t.Helper()
	words := []string{"orning", "Signature=", "aws_secret"}
	for _, name := range []string{auth.CredentialsFile, auth.APIKeyFile} {
		text, err := os.ReadFile(filepath.Join(cfg.Data, name))
		if err != nil {
			t.Fatal(err)
		}
		for word := range strings.FieldsSeq(string(text)) {
			if len(word) >= 30 {
				words = append(words, word)
			}
		}
	}
	words = append(words, token(t, s))
	if len(words) < 6 {
		t.Errorf("only %d secrets were found", len(words))
	}
	for _, w := range words {
		if strings.Contains(s.log.String(), w) {
			t.Errorf("the log holds %q", w)
		}
	}
	for _, line := range []string{"stream opened", "stream closed"} {
		if n := strings.Count(s.log.String(), line); n != 1 {
			t.Errorf("%q stands in the log %d times, expected once", line, n)
		}
	}
}

// token returns the administrator's token as the first start shows it.
func token(t *testing.T, s *running) string {
	t.Helper()
	m := regexp.MustCompile(`administrator token, shown this once: (\S+)`).FindStringSubmatch(s.out.String())
	if m == nil {
		t.Fatalf("no token is shown:\n%s", s.out)
	}
	return m[1]
}

func TestTLS(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"listen": "off"})
	s := start(t, cfg)
	pem, err := os.ReadFile(filepath.Join(cfg.Data, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	for _, h2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
		resp, err := client.Get(s.safe + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{false: 1, true: 2}[h2]; resp.StatusCode != 200 || resp.ProtoMajor != want {
			t.Errorf("HTTP/%d %d, expected HTTP/%d 200", resp.ProtoMajor, resp.StatusCode, want)
		}
		client.CloseIdleConnections()
	}
	if _, err := plainClient().Get(s.safe + "/readyz"); err == nil {
		t.Error("a client that does not trust ca.pem is served")
	}
	if s.plain != "" || strings.Contains(s.out.String(), "http://") {
		t.Errorf("plain HTTP is off, and yet:\n%s", s.out)
	}
}

func TestProfilingNeedsTheAdministrator(t *testing.T) {
	s := start(t, configure(t, speech, map[string]string{"tls.listen": "off"}))
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace", "/debug/pprof/cmdline"} {
		for _, wrong := range []string{"", "esa_wrong"} {
			if status, text := get(t, plainClient(), s.plain+path, wrong); status != 401 || !strings.Contains(text, "administrator") {
				t.Errorf("%s with token %q: %d %q", path, wrong, status, text)
			}
		}
	}
	if status, text := get(t, plainClient(), s.plain+"/debug/pprof/goroutine?debug=1", token(t, s)); status != 200 || !strings.Contains(text, "goroutine profile") {
		t.Errorf("with the token: %d %.80q", status, text)
	}
}

// A second start shows no token and makes no key.
func TestSecondStart(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	first := start(t, cfg)
	token(t, first)
	// While it runs nobody else gets the folder.
	second := launch(t, cfg)
	err := <-second.ended
	second.ended <- nil
	if stt.CodeOf(err) != stt.Conflict || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second server on the same folder: %v", err)
	}
	first.end()
	again := start(t, cfg)
	if text := again.out.String(); strings.Contains(text, "token") || strings.Contains(text, "made") {
		t.Errorf("the second start says:\n%s", text)
	}
}

// A start that fails says which setting is at fault and what to do, and makes no keys.
func TestCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().String()
	bad := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(bad, []byte("no times"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		flags map[string]string
		texts []string
	}{
		{"port in use", map[string]string{"listen": port}, []string{port, `"listen"`, "another program has the port", "--listen"}},
		{"TLS port in use", map[string]string{"tls.listen": port}, []string{port, `"tls.listen"`, "--tls-listen"}},
		{"no such engine", map[string]string{"engine": "watson"}, []string{`"engine"`, `"watson"`, "pocketsphinx, script, transcribe"}},
		{"options of no engine", map[string]string{"engines.watson.x": "y"}, []string{`"engines"`, `"watson"`, "script"}},
		{"no such option", map[string]string{"engines.script.tempo": "3"}, []string{`"script.tempo"`, "fault_at"}},
		{"option missing", map[string]string{"engines.script.script": ""}, []string{`"script.script" must be set`, "--set engines.script.script="}},
		{"option wrong", map[string]string{"engines.script.fault": "explode"}, []string{`"script.fault"`, `"explode"`, "stall", "--set engines.script.fault="}},
		{"script wrong", map[string]string{"engines.script.script": bad}, []string{"script line 1"}},
		{"no such certificate", map[string]string{"tls.cert": "/nonexistent/cert.pem", "tls.key": "/nonexistent/key.pem"}, []string{"tls-cert", "/nonexistent/cert.pem"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := configure(t, speech, c.flags)
			s := launch(t, cfg)
			err := <-s.ended
			s.ended <- nil
			if err == nil {
				t.Fatal("Run returns nil")
			}
			for _, text := range c.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
			if text := s.out.String(); text != "" {
				t.Errorf("the operator reads:\n%s", text)
			}
			if _, err := os.Stat(filepath.Join(cfg.Data, auth.CredentialsFile)); !errors.Is(err, os.ErrNotExist) {
				t.Error("a key has been made")
			}
		})
	}
}
