package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The commands of docs/administration.md run as they stand there, one after the other, beside a running server.
func TestAdministrationManual(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "awk"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, which the manual uses", tool)
		}
	}
	manual := readFile(t, "../../docs/administration.md")
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(manual, -1)
	if len(blocks) < 10 {
		t.Fatalf("the manual has %d blocks of commands", len(blocks))
	}
	w := newWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("earshot"))
	_, address := w.serve()
	bin := w.path("bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binaryPath, bin+"/earshot"); err != nil {
		t.Fatal(err)
	}
	script := "set -eu -o pipefail\n"
	for _, b := range blocks {
		script += strings.ReplaceAll(b[1], "127.0.0.1:8080", address)
	}
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Env = w.dir, append(w.env, "PATH="+bin+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*patience, func() { cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{finalText, "10 streams", `"actor":"token:robot"`, "audio_seconds", "allowed", `"name":"tv"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the commands do not say %q:\n%s", want, out.String())
		}
	}
}
