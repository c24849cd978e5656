package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
)

// The administration is on all addresses for who has the token, profiles are open on the private one only, and that one answers to
// no name that a web page could have.
func TestBackstage(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "admin_listen": "127.0.0.1:0"})
	s := start(t, cfg)
	private := regexp.MustCompile(`earshot's administration: (http://127\.0\.0\.1:[0-9]+)/admin`).FindStringSubmatch(s.out.String())
	token := regexp.MustCompile(`administrator token, shown this once: (\S+)`).FindStringSubmatch(s.out.String())
	if private == nil || token == nil {
		t.Fatalf("the server says\n%s", s.out)
	}
	for _, c := range []struct {
		name, url, host, bearer string
		want                    int
	}{
		{"profile in public", s.plain + "/debug/pprof/cmdline", "", "", http.StatusUnauthorized},
		{"profile in public with the token", s.plain + "/debug/pprof/goroutine", "", token[1], http.StatusOK},
		{"profile in private", private[1] + "/debug/pprof/goroutine", "", "", http.StatusOK},
		{"profile in private by name", private[1] + "/debug/pprof/goroutine", "evil.example", "", http.StatusMisdirectedRequest},
		{"profile in private as localhost", private[1] + "/debug/pprof/goroutine", "localhost:1", "", http.StatusOK},
		{"figures in private", private[1] + "/metrics", "", "", http.StatusOK},
		{"figures in public", s.plain + "/metrics", "", "", http.StatusUnauthorized},
		{"figures in public with the token", s.plain + "/metrics", "", token[1], http.StatusOK},
		{"health in private", private[1] + "/readyz", "", "", http.StatusOK},
		{"administration in private without a token", private[1] + "/admin/v1/system", "", "", http.StatusUnauthorized},
		{"administration in private", private[1] + "/admin/v1/system", "", token[1], http.StatusOK},
		{"administration in public", s.plain + "/admin/v1/system", "", token[1], http.StatusOK},
		{"administration in public with another token", s.plain + "/admin/v1/system", "", token[1] + "x", http.StatusUnauthorized},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		if c.bearer != "" {
			req.Header.Set("Authorization", "Bearer "+c.bearer)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d %s, expected %d", c.name, resp.StatusCode, body, c.want)
		}
	}
}

// What a client has streamed stands in the usage soon after, and still does after a restart; the key that it used came from the file.
func TestUsageIsKept(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "admin_listen": "127.0.0.1:0"})
	s := start(t, cfg)
	token := regexp.MustCompile(`administrator token, shown this once: (\S+)`).FindStringSubmatch(s.out.String())[1]
	stream := s.dial(cfg, s.plain)
	send(t, stream, 3*time.Second)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, stream); err != io.EOF {
		t.Fatal(err)
	}
	s.end()
	s = start(t, cfg)
	if used := s.usage(t, token); used != 3 {
		t.Errorf("%v s were used, expected 3", used)
	}
	if strings.Contains(s.out.String(), "administrator token") {
		t.Error("the token is shown again")
	}
	if _, err := auth.OpenFile(filepath.Join(cfg.Data, auth.CredentialsFile), auth.FileOptions{}); err != nil {
		t.Error(err)
	}
}

// usage asks the administration for the seconds of audio that were ever used.
func (s *running) usage(t *testing.T, token string) (audio float64) {
	t.Helper()
	status, text := get(t, plainClient(), s.plain+"/admin/v1/usage", token)
	var answer struct {
		Items []struct {
			Audio float64 `json:"audio_seconds"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	for _, row := range answer.Items {
		audio += row.Audio
	}
	return audio
}
