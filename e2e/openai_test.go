package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OpenAI's SDK gets what it expects in every format, as events, and as errors of its own types.
func TestOpenAI(t *testing.T) {
	t.Parallel()
	h := open(t)
	if _, err := os.Stat(filepath.Join("node", "node_modules", "openai")); err != nil {
		t.Skip("the package openai of e2e/node is not installed: npm ci")
	}
	out := node(t, h.servers["talk"], "openai.mjs", "E2E_AUDIO="+asWAV(t, make([]byte, 6*32000)), "E2E_WORDS="+scriptedWords)
	if strings.TrimSpace(out) != "ok" {
		t.Errorf("it says %s", out)
	}
}
