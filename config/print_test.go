package config_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/config"
)

func shown(string, string) bool { return false }

func printed(t *testing.T, cfg *config.Config, info *config.Info) string {
	t.Helper()
	var b bytes.Buffer
	if err := config.Print(&b, cfg, info); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrint(t *testing.T) {
	cfg, info, err := load("public_hosts: [a.example, '[::1]:80']\nlimits:\n  stream: 240m\n", config.Options{
		Environ: []string{"EARSHOT_LIMITS_MESSAGE=65536", "EARSHOT_ENGINES_SCRIPT_SCRIPT=null", "EARSHOT_ENGINES_SCRIPT_LANGUAGES=a b"},
		Flags:   map[string]string{"listen": "", "grace": "90s"},
		Secret:  shown,
	})
	if err != nil {
		t.Fatal(err)
	}
	text := printed(t, cfg, info)
	for _, want := range []string{
		`listen: ""  # --listen`,
		`tls.listen: 127.0.0.1:8443  # default`,
		`public_hosts: [a.example, "[::1]:80"]  # etc/earshot.yaml:1:15`,
		`log.level: info  # default`,
		`limits.stream: 4h  # etc/earshot.yaml:3:11`,
		`grace: 1m30s  # --grace`,
		`limits.message: 64KiB  # EARSHOT_LIMITS_MESSAGE`,
		`engines.script.languages: "a b"  # EARSHOT_ENGINES_SCRIPT_LANGUAGES`,
		`engines.script.script: "null"  # EARSHOT_ENGINES_SCRIPT_SCRIPT`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") && !strings.HasPrefix(text, want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != len(config.Keys())+2 {
		t.Errorf("%d lines for %d keys and 2 options", n, len(config.Keys()))
	}
	again, _, err := load(text, config.Options{})
	if err != nil || !reflect.DeepEqual(again, cfg) {
		t.Errorf("what is printed reads as\n%+v (%v)\nand is\n%+v", again, err, cfg)
	}
	if !reflect.DeepEqual(cfg.PublicHosts, []string{"a.example", "[::1]:80"}) {
		t.Errorf("printing changes the configuration: %q", cfg.PublicHosts)
	}
}

func TestPrintSecrets(t *testing.T) {
	const yaml = "engines: {cloud: {key: hunter2, region: eu}}"
	for name, c := range map[string]struct {
		secret func(engine, option string) bool
		hidden []string
		shown  []string
	}{
		"nobody knows": {nil, []string{"hunter2", "eu"}, nil},
		"drivers know": {func(e, o string) bool { return e == "cloud" && o == "key" }, []string{"hunter2"}, []string{"engines.cloud.region: eu"}},
	} {
		cfg, info, err := load(yaml, config.Options{Secret: c.secret})
		if err != nil {
			t.Fatal(err)
		}
		text := printed(t, cfg, info)
		_, engines, _ := strings.Cut(text, "engines.")
		for _, s := range c.hidden {
			if strings.Contains(engines, s) {
				t.Errorf("%s: shows %q in\n%s", name, s, engines)
			}
		}
		for _, s := range append(c.shown, "# engines.cloud.key: (secret)  # etc/earshot.yaml:1:24") {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %q in\n%s", name, s, text)
			}
		}
		if _, _, err := load(text, config.Options{}); err != nil {
			t.Errorf("%s: what is printed is no configuration: %v", name, err)
		}
	}
	// Without information everything counts as unknown.
	cfg, _, _ := load(yaml, config.Options{})
	if text := printed(t, cfg, nil); strings.Contains(text, "hunter2") || !strings.Contains(text, "grace: 30s  # default") {
		t.Errorf("without information:\n%s", text)
	}
	// Nor do errors show a secret.
	_, _, err := config.Load(config.Options{Flags: map[string]string{"engines.cloud.key": "hunter2\xff"}})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "(secret)") {
		t.Errorf("the error for a bad secret is %v", err)
	}
}

// TestPrintStrangeName: the name of a file must not get out of its comment.
func TestPrintStrangeName(t *testing.T) {
	opts := config.Options{File: "a\nlisten: 0.0.0.0:80 # ", ReadFile: func(string) ([]byte, error) { return []byte("grace: 1s"), nil }}
	cfg, info, err := config.Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	if text := printed(t, cfg, info); strings.Count(text, "\n") != len(config.Keys()) {
		t.Errorf("a line break in a name shows:\n%s", text)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestPrintFails(t *testing.T) {
	if err := config.Print(brokenWriter{}, config.Default(), nil); !errors.Is(err, errBroken) {
		t.Errorf("Print returns %v", err)
	}
}

// FuzzLoad: nothing makes Load panic, errors are what they should be, and what has been loaded is printed as a
// configuration that loads as the same.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(config.Manual), "", "")
	f.Add([]byte("limits: {idle: 1h0m1s, message: 1025}"), "0.5s", "a.example")
	f.Add([]byte("engines: {script: {a: \"\\0\\x85\\u2028 # : -\", b: '? x', c: !!binary aGk=, d: 'NULL', e: '- '}}"), "", "::1,[::1]:1")
	f.Add([]byte("a: &a [*a, *a]\n<<: *a"), "x", ",")
	f.Add([]byte("listen: !!null ''\n? {a: b}\n: c\n"), "", "")
	f.Add([]byte("engines.x.y:\n- {a: 'b: c', d: ''}\n- {}\nengines.x.z: [{a: b}]"), "", "")
	f.Add([]byte("engines: {x: {y: [], z: '[{\"a\": \"\\u0000\"}]', v: '[{\"A\":\"b\"}]', w: ' [ ]'}}"), "", "")
	f.Add([]byte("engines.x.y: |\n  several\n  lines\n"), "", "")
	f.Fuzz(func(t *testing.T, file []byte, idle, hosts string) {
		opts := config.Options{File: "f", Environ: []string{"EARSHOT_LIMITS_IDLE=" + idle},
			Flags:    map[string]string{"public_hosts": hosts},
			ReadFile: func(string) ([]byte, error) { return file, nil }, Secret: shown}
		cfg, info, err := config.Load(opts)
		if err != nil {
			for _, e := range mistakes(t, err) {
				if e.Msg == "" || len(e.Msg) > 1000 {
					t.Errorf("a message of %d bytes", len(e.Msg))
				}
			}
			return
		}
		text := printed(t, cfg, info)
		again, _, err := load(text, config.Options{Secret: shown})
		if err != nil || !reflect.DeepEqual(again, cfg) {
			t.Errorf("%+v\nis printed as\n%s\nand reads as\n%+v (%v)", cfg, text, again, err)
		}
	})
}

// What Print hides does not show here either, and every key is there, with the place where it was set.
func TestValuesHideSecrets(t *testing.T) {
	secret := func(_, option string) bool { return option == "token" || option == "models.key" }
	cfg, info, err := config.Load(config.Options{Environ: []string{"EARSHOT_STORE=postgres://u:hush@db/x"}, Secret: secret, Flags: map[string]string{
		"limits.idle": "3s", "engines.cloud.token": "hush", "engines.cloud.region": "eu", "engines.cloud.models": `[{"name":"a","key":"hush"}]`, "engines.cloud.open": `[{"name":"a"}]`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]config.Value{}
	for _, v := range config.Values(cfg, info) {
		got[v.Path] = v
		if strings.Contains(v.Text+v.Source, "hush") {
			t.Errorf("%s shows a secret: %+v", v.Path, v)
		}
	}
	for _, k := range config.Keys() {
		if _, ok := got[k.Path]; !ok {
			t.Errorf("%s is missing", k.Path)
		}
	}
	for _, want := range []config.Value{
		{Path: "limits.idle", Text: "3s", Source: "--limits-idle"},
		{Path: "limits.lag", Text: "30s", Source: "default"},
		{Path: "store", Source: "EARSHOT_STORE", Secret: true},
		{Path: "engines.cloud.token", Source: "--engines-cloud-token", Secret: true},
		{Path: "engines.cloud.models", Source: "--engines-cloud-models", Secret: true},
		{Path: "engines.cloud.region", Text: "eu", Source: "--engines-cloud-region"},
	} {
		if got[want.Path] != want {
			t.Errorf("%s is %+v, expected %+v", want.Path, got[want.Path], want)
		}
	}
	if v := got["engines.cloud.open"]; v.Secret || !strings.Contains(v.Text, `"name"`) {
		t.Errorf("records without secrets are %+v", v)
	}
	if n := len(config.Values(config.Default(), nil)); n != len(config.Keys()) {
		t.Errorf("without a source there are %d values", n)
	}
}
