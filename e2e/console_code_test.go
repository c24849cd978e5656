package e2e_test

import (
	"cmp"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	ID, Label, Language, Note, Code string
}

// TestLiveCode runs the programs that the Live page shows for its settings, each as whoever copies it would; and reads those with
// every setting as their compilers do.
func TestLiveCode(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	server := "http://" + s.plain
	plain := map[string]any{"language": "en-US", "model": "local.script"}
	all := map[string]any{"punctuation": false, "language": "en-US", "model": "local.script", "interim": false, "speakers": true, "terms": []string{"it's", `a "quoted" one`}, "prompt": "x"}
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
		succeed(t, nodeScript(ctx, t, "--check", k.file))
		if !k.run {
			return
		}
		flag := "--"
		if k.ID == "javascript" { // it needs no packages, and runs as it was copied
			flag = socketFlag(ctx, t)
		} else {
			k.packages(t)
		}
		k.says(t, nodeScript(ctx, t, flag, k.file), "now something different")
		k.wants16(t, nodeScript(ctx, t, flag, k.file))
	case "py":
		python, err := exec.LookPath("python3")
		if err != nil {
			absent(t, "Python is not there: Debian's package python3 has it")
		}
		names, err := exec.CommandContext(ctx, python, "-c", keywords, k.file).Output()
		if err != nil {
			t.Fatalf("%s: %v", k.Code, err)
		}
		for _, name := range strings.Fields(string(names)) {
			if !slices.Contains(pythonParameters, name) {
				t.Errorf("start_stream_transcription has no parameter %q", name)
			}
		}
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
			k.wants16(t, exec.CommandContext(ctx, filepath.Join(k.folder, "main")))
		}
	default:
		t.Errorf("the language %q is not known", k.Language)
	}
}

var newEndpoint = regexp.MustCompile(`o\.BaseEndpoint = aws\.String\((.*)\)`)

// socketFlag is what gives Node the WebSocket that it has of itself from version 22 on.
func socketFlag(ctx context.Context, t *testing.T) string {
	t.Helper()
	version, err := nodeScript(ctx, t, "-p", "parseInt(process.versions.node)").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(version))); err != nil || n >= 22 {
		return "--"
	}
	return "--experimental-websocket"
}

// packages lets a program find what it would have installed.
func (k *copied) packages(t *testing.T) {
	t.Helper()
	path, err := filepath.Abs("node/node_modules")
	if err == nil {
		err = os.Symlink(path, filepath.Join(k.folder, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// says runs a program, with its keys in the environment, and looks for a text in what it prints.
func (k *copied) says(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	if cmd.Dir == "" || k.Language == "js" {
		cmd.Dir = k.folder
	}
	cmd.Env = plainEnv("EARSHOT_API_KEY="+apiKey(t, k.s), "AWS_ACCESS_KEY_ID="+k.s.key, "AWS_SECRET_ACCESS_KEY="+k.s.secret, "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "PATH="+k.folder+":"+os.Getenv("PATH"))
	if k.Language == "sh" {
		cmd.Env = append(cmd.Env, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(filepath.Dir(k.s.ca), "credentials"))
	}
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(strings.ToLower(string(text)), strings.ToLower(want)) {
		t.Errorf("%s: %v; it says %q, expected %q", strings.Join(cmd.Args, " "), err, text, want)
	}
}

// wants16 runs a program beside a recording at a rate that it does not announce: it says so, and which command mends that.
func (k *copied) wants16(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.folder, "talk.wav"), wavFile(make([]byte, 3200), 8000), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Env = k.folder, plainEnv()
	text, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "talk.wav: expected 16 kHz") || !strings.Contains(string(text), "ffmpeg -i talk.wav -ar 16000") {
		t.Errorf("%s, with a recording of 8 kHz: %v; it says %q", strings.Join(cmd.Args, " "), err, text)
	}
}

// keywords prints the names of the parameters with which a program in Python begins a stream.
const keywords = `import ast, sys
for call in ast.walk(ast.parse(open(sys.argv[1]).read())):
    if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "start_stream_transcription":
        print(*(k.arg for k in call.keywords))`

// pythonParameters are those of the package amazon-transcribe, 0.6.4; any other is a TypeError.
var pythonParameters = []string{
	"language_code", "media_sample_rate_hz", "media_encoding", "vocabulary_name", "session_id", "vocab_filter_method", "vocab_filter_name", "show_speaker_label",
	"enable_channel_identification", "number_of_channels", "enable_partial_results_stabilization", "partial_results_stability", "language_model_name",
	"identify_language", "preferred_language", "identify_multiple_languages", "language_options",
}

// TestLiveCodeSays holds the programs to the settings: a switch that is off is off in them, and addresses are the server's.
func TestLiveCodeSays(t *testing.T) {
	t.Parallel()
	partial := "…" // printed before what may still change
	for _, c := range []struct {
		name, protocol, server string
		options                map[string]any
		tls                    map[string]any
		has                    map[string][]string // by program; "": all
		lacks                  []string
		channels               string // empty: 1
	}{
		{name: "as it is", protocol: "speechall", server: "http://localhost:8080", options: map[string]any{"interim": true, "punctuation": true},
			has:   map[string][]string{"javascript": {"interim_results=true", partial}, "python": {"interim_results=true", partial}, "go": {"interim_results=true", partial}},
			lacks: []string{"punctuation", "api_key=KEY", "$KEY", "env.KEY"}},
		{name: "no interim results, no punctuation", protocol: "speechall", server: "http://localhost:8080", options: map[string]any{"interim": false, "punctuation": false},
			has: map[string][]string{"": {"punctuation=false"}}, lacks: []string{"interim_results", partial, "is_final"}},
		{name: "interim results", protocol: "amazon", server: "http://localhost:8080", options: map[string]any{"interim": true},
			has: map[string][]string{"javascript": {partial}, "aws-js": {partial}, "python": {partial}, "go": {partial}}},
		{name: "no interim results", protocol: "amazon", server: "http://localhost:8080", options: map[string]any{"interim": false}, lacks: []string{partial}},
		{name: "a filter", protocol: "amazon", server: "http://localhost:8080", tls: map[string]any{"port": 9443, "own": true},
			options: map[string]any{"filter": "f-1", "filterMethod": "tag", "redact": true, "vocabulary": "v-1"},
			has: map[string][]string{
				"javascript": {`"vocabulary-filter-name": "f-1"`, `"content-redaction-type": "PII"`},
				"aws-js":     {`VocabularyFilterName: "f-1"`, `ContentRedactionType: "PII"`},
				"python":     {`vocab_filter_name="f-1"`, `vocab_filter_method="tag"`, `vocabulary_name="v-1"`, "https://localhost:9443", "It cannot ask for redaction"},
				"go":         {`VocabularyFilterName: aws.String("f-1")`},
			}, lacks: []string{":8443"}},
		{name: "two channels", protocol: "amazon", server: "http://localhost:8080", options: map[string]any{"channels": 2}, channels: "2", lacks: []string{"3200", "mono"}},
		{name: "languages", protocol: "amazon", server: "https://server.example", options: map[string]any{"language": "auto", "languages": []string{"en-US", "de-DE"}},
			has: map[string][]string{"python": {"language_code=None", "identify_language=True", `["en-US", "de-DE"]`, `"https://server.example"`}}},
		{name: "the server's authority", protocol: "speechall", server: "https://localhost:9443", tls: map[string]any{"port": 9443, "own": true},
			has: map[string][]string{"javascript": {"NODE_EXTRA_CA_CERTS"}, "python": {"SSL_CERT_FILE"}, "": {"ca.pem"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			options := map[string]any{"language": "en-US", "model": "local.script"}
			maps.Copy(options, c.options)
			var sets [][]program
			ask(t, layout(t), "live_code.mjs", []any{map[string]any{"protocol": c.protocol, "server": c.server, "options": options, "tls": c.tls}}, &sets)
			for _, p := range sets[0] {
				text := p.Note + "\n" + p.Code
				for _, want := range append(c.has[""], c.has[p.ID]...) {
					if !strings.Contains(text, want) {
						t.Errorf("%s has no %q:\n%s", p.ID, want, text)
					}
				}
				for _, not := range c.lacks {
					if strings.Contains(text, not) {
						t.Errorf("%s has %q:\n%s", p.ID, not, text)
					}
				}
				if p.ID != "curl" && !strings.Contains(p.Code, "-ac "+cmp.Or(c.channels, "1")+" -c:a pcm_s16le") {
					t.Errorf("%s does not look what talk.wav is:\n%s", p.ID, p.Code)
				}
				if c.protocol == "speechall" && !strings.Contains(p.Code, "EARSHOT_API_KEY") {
					t.Errorf("%s has its key from elsewhere:\n%s", p.ID, p.Code)
				}
				if strings.Contains(p.Code, "@earshot-stt") {
					t.Errorf("%s asks for a package that nobody can install", p.ID)
				}
			}
		})
	}
}
