package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// consoleTime is how long all that Chromium does in the console may take on a busy machine.
const consoleTime = 10 * time.Minute

// consoleLink is the line with which the first start of a server tells how to come in.
var consoleLink = regexp.MustCompile(`(http://\S+/#/signin\?code=\S+)`)

// TestConsole has Chromium use the console of a server of its own: node/console.mjs says what it does there. Pictures of all pages go to
// screenshots/console, which git ignores; E2E_PICTURES=all makes more of them.
func TestConsole(t *testing.T) {
	t.Parallel()
	h := &house{} // a server of its own is enough
	folder, command, missing := chromiumWith("console.mjs")(h)
	if missing != "" {
		t.Skip(missing)
	}
	script := filepath.Join(t.TempDir(), "talk.txt")
	if err := os.WriteFile(script, []byte(speech), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), consoleTime)
	defer cancel()
	s, err := start(ctx, h.binary(), filepath.Join(t.TempDir(), "data"), "console", "--engine", "script", "--set", "engines.script.script="+script)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	link, err := s.log.find(ctx, s.ended, consoleLink, 1)
	if err != nil {
		t.Fatal(err)
	}
	shots, err := filepath.Abs(filepath.Join("..", "screenshots", "console"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stderr = folder, newLog()
	cmd.Env = plainEnv("E2E_CONSOLE=http://localhost:"+port(s.plain), "E2E_LINK="+link[0][1], "E2E_CHROMIUM="+browser(), "E2E_SHOTS="+shots, "E2E_PICTURES="+os.Getenv("E2E_PICTURES"),
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() { // ends with the process, which the context ends
		var check struct {
			Name, Failed string
			Seconds      float64
			Done         bool
		}
		if err := json.Unmarshal(lines.Bytes(), &check); err != nil {
			t.Errorf("%q: %v", lines.Text(), err)
			continue
		}
		if done = done || check.Done; check.Done {
			continue
		}
		t.Run(check.Name, func(t *testing.T) {
			t.Logf("took %.1f s", check.Seconds)
			if check.Failed != "" {
				t.Errorf("%s\npictures of what was seen are in %s", check.Failed, shots)
			}
		})
	}
	if err := cmd.Wait(); err != nil || !done {
		t.Errorf("the browser's program ended early: %v\n%s", err, cmd.Stderr.(*serverLog).tail(20))
	}
}

// chromiumWith is a program of e2e/node that drives Chromium.
func chromiumWith(file string) func(*house) (string, []string, string) {
	return func(h *house) (string, []string, string) {
		if _, _, missing := chromium(h); missing != "" {
			return "", nil, missing
		}
		return js(file)(h)
	}
}
