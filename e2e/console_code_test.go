package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// layout lays the Live page's files out as the server does, and returns the environment that tells scripts where.
func layout(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	copyFolder(t, "../web/console/live", filepath.Join(folder, "live"))
	copyFolder(t, "../web/client", filepath.Join(folder, "client"))
	return append(os.Environ(), "LIVE="+folder)
}

// TestLiveUnits runs the tests of the Live page's parts that need no page.
func TestLiveUnits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	cmd := nodeScript(ctx, t, "--test", "live_units.mjs")
	cmd.Env = layout(t)
	succeed(t, cmd)
}

// program is one of those that the page shows.
type program struct {
	ID, Label, Language, Code string
}

// TestLiveCode runs the programs that the Live page shows for its settings, each as whoever copies it would; and reads those with
// every setting as their compilers do.
func TestLiveCode(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	server := "http://" + s.plain
	plain := map[string]any{"language": "en-US", "model": "local.script"}
	all := map[string]any{"language": "en-US", "model": "local.script", "interim": false, "speakers": true, "terms": []string{"it's", `a "quoted" one`}, "prompt": "x"}
	amazon := map[string]any{"language": "en-US", "speakers": true, "channels": 2, "vocabulary": "v-1", "filter": "f", "filterMethod": "tag", "redact": true, "entities": []string{"NAME"}, "stability": "high"}
	found := map[string]any{"language": "auto", "languages": []string{"en-US", "de-DE"}, "identify": true}
	var sets [][]program
	ask(t, layout(t), "live_code.mjs", []any{
		map[string]any{"protocol": "speechall", "server": server, "options": plain},
		map[string]any{"protocol": "amazon", "server": server, "options": plain},
		map[string]any{"protocol": "speechall", "server": server, "options": all},
		map[string]any{"protocol": "amazon", "server": server, "options": amazon, "region": "eu-west-1"},
		map[string]any{"protocol": "amazon", "server": server, "options": found},
	}, &sets)
	silence, err := os.ReadFile(h.silence)
	if err != nil {
		t.Fatal(err)
	}
	for i, set := range sets {
		if len(set) < 4 {
			t.Errorf("setting %d has %d programs", i, len(set))
		}
		for _, p := range set {
			name := []string{"speechall", "amazon", "speechall, all", "amazon, all", "amazon, identify"}[i] + "/" + p.ID
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				folder := t.TempDir()
				if err := os.WriteFile(filepath.Join(folder, "talk.wav"), wavFile(silence, 16000), 0o600); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(folder, "main."+map[string]string{"sh": "sh", "js": "mjs", "py": "py", "go": "go"}[p.Language])
				if err := os.WriteFile(file, []byte(p.Code), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), caseTime)
				defer cancel()
				k := copied{h: h, s: s, folder: folder, file: file, program: p, amazon: strings.HasPrefix(name, "amazon"), run: i < 2}
				k.judge(ctx, t)
			})
		}
	}
}

// copied is a program in a folder of its own.
type copied struct {
	program
	h            *house
	s            *server
	folder, file string
	amazon, run  bool
}

func (k *copied) judge(ctx context.Context, t *testing.T) {
	switch k.Language {
	case "sh":
		succeed(t, exec.CommandContext(ctx, "bash", "-n", k.file))
		if !k.run {
			return
		}
		// The program of this repository is the one that is asked for.
		if err := os.Symlink(k.h.binary(), filepath.Join(k.folder, "earshot")); err != nil {
			t.Fatal(err)
		}
		if k.amazon {
			k.says(t, exec.CommandContext(ctx, "bash", k.file), "101 Switching Protocols")
		} else {
			k.says(t, exec.CommandContext(ctx, "bash", k.file), "how are you")
		}
	case "js":
		k.packages(t)
		node := nodeScript(ctx, t, "--check", k.file)
		succeed(t, node)
		if k.run {
			k.says(t, nodeScript(ctx, t, k.file), "now something different")
		}
	case "py":
		python, err := exec.LookPath("python3")
		if err != nil {
			absent(t, "Python is not there: Debian's package python3 has it")
		}
		succeed(t, exec.CommandContext(ctx, python, "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", k.file))
	case "go":
		cmd := exec.CommandContext(ctx, "go", "vet", k.file)
		if k.run {
			cmd = exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(k.folder, "main"), k.file)
		}
		cmd.Dir = ".." // where the module has what it needs
		if k.amazon {
			if _, _, missing := goV2(k.h); missing != "" {
				absent(t, missing)
			}
			cmd.Dir = "gov2"
			// Debian's SDK is older than the field for addresses that everybody else's has.
			old := newEndpoint.ReplaceAllString(k.Code, "o.EndpointResolver = transcribestreaming.EndpointResolverFromURL($1)")
			if err := os.WriteFile(k.file, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		succeed(t, cmd)
		if k.run && !t.Failed() {
			k.says(t, exec.CommandContext(ctx, filepath.Join(k.folder, "main")), "now something different")
		}
	default:
		t.Errorf("the language %q is not known", k.Language)
	}
}

var newEndpoint = regexp.MustCompile(`o\.BaseEndpoint = aws\.String\((.*)\)`)

// packages lets a program find what it would have installed.
func (k *copied) packages(t *testing.T) {
	t.Helper()
	modules := filepath.Join(k.folder, "node_modules")
	if err := os.MkdirAll(filepath.Join(modules, "@earshot-stt"), 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"../web/client": "@earshot-stt/client", "node/node_modules/ws": "ws", "node/node_modules/@aws-sdk": "@aws-sdk"} {
		path, err := filepath.Abs(from)
		if err == nil {
			err = os.Symlink(path, filepath.Join(modules, to))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// says runs a program, with its keys in the environment, and looks for a text in what it prints.
func (k *copied) says(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	if cmd.Dir == "" || k.Language == "js" {
		cmd.Dir = k.folder
	}
	cmd.Env = plainEnv("KEY="+apiKey(t, k.s), "AWS_ACCESS_KEY_ID="+k.s.key, "AWS_SECRET_ACCESS_KEY="+k.s.secret, "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "PATH="+k.folder+":"+os.Getenv("PATH"))
	if k.Language == "sh" {
		cmd.Env = append(cmd.Env, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(filepath.Dir(k.s.ca), "credentials"))
	}
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(strings.ToLower(string(text)), strings.ToLower(want)) {
		t.Errorf("%s: %v; it says %q, expected %q", strings.Join(cmd.Args, " "), err, text, want)
	}
}
