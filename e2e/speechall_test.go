package e2e_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// apiKey is the key that a server's first start has made.
func (s *server) apiKey() (string, error) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.ca), "api-key"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line), nil
		}
	}
	return "", fmt.Errorf("there is no key in %s", text)
}

// asWAV puts samples of 16 kHz into a WAV file.
func asWAV(t *testing.T, samples []byte) string {
	t.Helper()
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(36+len(samples)))
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	for _, v := range []any{uint16(1), uint16(1), uint32(16000), uint32(32000), uint16(2), uint16(16)} {
		b, _ = binary.Append(b, binary.LittleEndian, v) // these have a size
	}
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(len(samples)))
	path := filepath.Join(t.TempDir(), "recording.wav")
	if err := os.WriteFile(path, append(b, samples...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// scriptedWords is what the scripted servers say within six seconds.
const scriptedWords = "good morning everybody how are you and now something different"

// node runs a program of node/ and returns what it prints.
func node(t *testing.T, s *server, program string, env ...string) string {
	t.Helper()
	h := open(t)
	folder, command, missing := js(program)(h)
	if missing != "" {
		t.Skip(missing)
	}
	key, err := s.apiKey()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.WaitDelay = folder, 5*time.Second
	cmd.Env = append(plainEnv("E2E_BASE=http://"+s.plain, "E2E_TLS="+s.tls, "E2E_KEY="+key, "E2E_PINS="+s.pin, "E2E_CHROMIUM="+browser()), env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, &out, &problems)
	}
	return out.String()
}

// The code of the documentation page runs as it is printed: the key alone is put in.
func TestSpeechallPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	page := filepath.Join(os.Getenv("EARSHOT_SHARED"), "seeds", "002_829f362791d23941.txt")
	if _, err := os.Stat(page); os.Getenv("EARSHOT_SHARED") == "" || err != nil {
		t.Skip("needs the vendor's documentation page in EARSHOT_SHARED")
	}
	if _, err := os.Stat(browser()); err != nil {
		t.Skip("Chromium is not there: Debian's package chromium has it")
	}
	env := []string{"E2E_PAGE=" + page, "E2E_AUDIO=" + asWAV(t, make([]byte, 8*32000))}
	type visit struct {
		server string
		more   []string
		want   []string
	}
	cases := []visit{
		{"talk", nil, []string{"WebSocket connected", "Transcription: good morning everybody", "Transcription: how are you"}},
		// Whoever is closed for another reason than its own wish reconnects.
		{"dies", []string{"E2E_ERRORS=1"}, []string{"WebSocket connected", "Connection closed unexpectedly: 1011"}},
	}
	// What a microphone gives is heard as it was said, by an engine that hears.
	if spoken, err := os.ReadFile(commandAudio); err == nil && h.servers["commands"] != nil {
		audio := asWAV(t, append(append(make([]byte, 2*32000), spoken...), make([]byte, 6*32000)...))
		cases = append(cases, visit{"commands", []string{"E2E_AUDIO=" + audio}, []string{"WebSocket connected", "Transcription: Go forward ten"}})
	}
	for _, c := range cases {
		out := node(t, h.servers[c.server], "speechall_page.mjs", append(append(env, "E2E_UNTIL="+c.want[len(c.want)-1]), c.more...)...)
		var seen []string
		for line := range strings.Lines(out) {
			var said struct{ Kind, Text string }
			if err := json.Unmarshal([]byte(line), &said); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if said.Kind == "exception" || strings.Contains(said.Text, "Error accessing microphone") {
				t.Errorf("%s: %s", c.server, said.Text)
			}
			if len(seen) < len(c.want) && strings.HasPrefix(said.Text, c.want[len(seen)]) {
				seen = append(seen, said.Text)
			}
		}
		if len(seen) < len(c.want) {
			t.Errorf("%s: expected %q in\n%s", c.server, c.want[len(seen):], out)
		}
	}
}
