package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// Speechall's and OpenAI's routes are there for whoever holds the API key of the first start; a model goes by the names that the
// configuration gives it, and replacement rules are still there after a restart.
func TestSpeechall(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "speechall.aliases": "openai.whisper-1=local.script"})
	s := start(t, cfg)
	key := apiKey(t, cfg.Data)
	send := func(method, path, contentType, token string, body []byte) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.plain+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := plainClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	recording := wav(3 * time.Second)
	status, text := send(http.MethodPost, "/v1/replacement-rulesets", "application/json", key,
		[]byte(`{"name":"polite","rules":[{"kind":"exact","search":"everybody","replacement":"dear friends"}]}`))
	var ruleset struct{ ID string }
	if err := json.Unmarshal([]byte(text), &ruleset); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	s.end()
	s = start(t, cfg)
	for _, c := range []struct {
		name, path, token string
		status            int
		want              string
	}{
		{"local name", "/v1/transcribe?model=local.script", key, http.StatusOK, "Good morning everybody. How are you?"},
		{"alias", "/v1/transcribe?model=openai.whisper-1", key, http.StatusOK, "Good morning everybody. How are you?"},
		{"rules", "/v1/transcribe?model=local.script&ruleset_id=" + ruleset.ID, key, http.StatusOK, "Good morning dear friends. How are you?"},
		{"subtitles", "/v1/transcribe?model=local.script&output_format=vtt", key, http.StatusOK, "WEBVTT\n\n00:00:00.2"},
		{"the longest query", "/v1/transcribe?model=local.script" + strings.Repeat("&custom_vocabulary="+strings.Repeat("t", 237), 1000), key, http.StatusOK, "Good morning everybody. How are you?"},
		{"a longer one", "/v1/transcribe?model=local.script&initial_prompt=" + strings.Repeat("t", 300<<10), key, http.StatusBadRequest, `"message":"the query has `},
		{"another model", "/v1/transcribe?model=deepgram.nova-2", key, http.StatusBadRequest, `"message":`},
		{"another key", "/v1/transcribe?model=local.script", key + "x", http.StatusUnauthorized, `"message":`},
	} {
		status, text := send(http.MethodPost, c.path, "audio/*", c.token, recording)
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s, expected %d %q", c.name, status, text, c.status, c.want)
		}
	}
}

// A recording on a network that is not public is fetched where the operator has said so, and nowhere else.
func TestFetchAllow(t *testing.T) {
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wav(3 * time.Second)) }))
	defer files.Close()
	for _, c := range []struct {
		allow  string
		status int
		want   string
	}{{"", http.StatusNotFound, "cannot be reached"}, {"10.0.0.0/8", http.StatusNotFound, "cannot be reached"}, {"127.0.0.0/8,::1", http.StatusOK, "Good morning everybody. How are you?"}} {
		cfg := configure(t, speech, map[string]string{"tls.listen": "off", "speechall.fetch_allow": c.allow})
		s := start(t, cfg)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.plain+"/v1/transcribe-remote", strings.NewReader(`{"file_url":"`+files.URL+`/talk.wav","model":"local.script"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+apiKey(t, cfg.Data))
		resp, err := plainClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(text), c.want) {
			t.Errorf("with %q: %d %s, %v", c.allow, resp.StatusCode, text, err)
		}
		s.end()
	}
}

// apiKey reads the key that the first start has made.
func apiKey(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, auth.APIKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatal("there is no key in the file")
	return ""
}

// wav returns silence of 16 kHz as a file.
func wav(d time.Duration) []byte {
	data := make([]byte, stt.Format{Rate: 16000, Channels: 1}.Bytes(d))
	var b bytes.Buffer
	put := func(n int, size int) {
		for range size {
			b.WriteByte(byte(n))
			n >>= 8
		}
	}
	b.WriteString("RIFF")
	put(36+len(data), 4)
	b.WriteString("WAVEfmt ")
	put(16, 4)
	put(1, 2)     // PCM
	put(1, 2)     // channel
	put(16000, 4) // Hz
	put(32000, 4) // bytes a second
	put(2, 2)     // bytes a frame
	put(16, 2)    // bits a sample
	b.WriteString("data")
	put(len(data), 4)
	b.Write(data)
	return b.Bytes()
}
