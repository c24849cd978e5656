package e2e_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// One recording says the same in eight codecs. curl sends it, as people do.
func TestCodecs(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["commands"]
	if s == nil {
		t.Skip(noCommands)
	}
	for _, needed := range []string{"ffmpeg", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("needs the command %q of the Debian package of that name", needed)
		}
	}
	key, err := s.apiKey()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
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
		args := append(strings.Fields("-v error -f s16le -ar 16000 -ac 1 -i "+commandAudio+" "+c.args), file)
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, out)
		}
		got, err := exec.CommandContext(t.Context(), "curl", "-s", "-S", "--max-time", "120", "-H", "Authorization: Bearer "+key, "--data-binary", "@"+file,
			"http://"+s.plain+"/v1/transcribe?model=local.turtle").CombinedOutput()
		if err != nil || strings.Join(words(string(got)), " ") != commandWords {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}
