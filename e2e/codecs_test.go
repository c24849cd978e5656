package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// One recording says the same in eight codecs. curl sends it, as people do.
func TestCodecs(t *testing.T) {
	t.Parallel()
	h := open(t)
	const raw = "/usr/share/pocketsphinx/test/data/goforward.raw"
	s := h.servers["words"]
	if s == nil {
		t.Skip("the server has no engine that recognises speech: Debian's libpocketsphinx-dev, pocketsphinx-en-us")
	}
	for _, needed := range []string{"ffmpeg", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("needs the command %q of the Debian package of that name", needed)
		}
	}
	if _, err := os.Stat(raw); err != nil {
		t.Skip("there are no recordings: Debian's pocketsphinx-testdata")
	}
	key, err := s.apiKey()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	h.ears <- struct{}{}
	defer func() { <-h.ears }()
	for _, c := range []struct {
		name string
		args string
	}{
		{"pcm.wav", ""},
		{"alaw.wav", "-c:a pcm_alaw"},
		{"eight.wav", "-c:a pcm_u8"},
		{"a.flac", ""},
		{"opus.ogg", "-c:a libopus"},
		{"a.mp3", ""},
		{"a.m4a", "-c:a aac"},
		{"a.webm", "-c:a libopus"},
	} {
		file := filepath.Join(folder, c.name)
		args := append(strings.Fields("-v error -f s16le -ar 16000 -ac 1 -i "+raw+" "+c.args), file)
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, out)
		}
		got, err := exec.CommandContext(t.Context(), "curl", "-s", "-S", "--max-time", "120", "-H", "Authorization: Bearer "+key, "--data-binary", "@"+file,
			"http://"+s.plain+"/v1/transcribe?model=local.pocketsphinx-en-us").CombinedOutput()
		if err != nil || strings.Join(words(string(got)), " ") != "go forward ten meters" {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}
