package config_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/earshot-stt/earshot/config"
)

// manual gives the embedded manual in place of a file.
func manual(string) ([]byte, error) { return []byte(config.Manual), nil }

func TestManualIsTheDefaults(t *testing.T) {
	got, info, err := config.Load(config.Options{File: "earshot.yaml", ReadFile: manual})
	if err != nil {
		t.Fatal(err)
	}
	if want := config.Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("the manual says\n%+v\nthe defaults are\n%+v", got, want)
	}
	for _, k := range config.Keys() {
		if info.Sources[k.Path].Kind != config.FromFile {
			t.Errorf("the manual does not set %q", k.Path)
		}
	}
	if n := len(info.Sources); n != len(config.Keys()) {
		t.Errorf("the manual sets %d keys, there are %d", n, len(config.Keys()))
	}
}

// TestManualComments holds every comment in the manual to the help text of its key, so that readers of the file and of
// --help read the same.
func TestManualComments(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(config.Manual), &document); err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	var collect func(prefix string, n *yaml.Node)
	collect = func(prefix string, n *yaml.Node) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			// Of several blocks of comment the last one belongs to the key.
			blocks := strings.Split(k.HeadComment, "\n\n")
			comments[prefix+k.Value] = strings.Join(strings.Fields(strings.ReplaceAll(blocks[len(blocks)-1], "#", " ")), " ")
			if v.Kind == yaml.MappingNode {
				collect(prefix+k.Value+".", v)
			}
		}
	}
	collect("", document.Content[0])
	for _, k := range config.Keys() {
		if comments[k.Path] != k.Help {
			t.Errorf("%s: the comment is\n  %s\nthe help is\n  %s", k.Path, comments[k.Path], k.Help)
		}
	}
}

func TestManualOrder(t *testing.T) {
	last := 0
	_, info, err := config.Load(config.Options{File: "earshot.yaml", ReadFile: manual})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		line := info.Sources[k.Path].Line
		if line <= last {
			t.Errorf("%s stands in line %d, after line %d: the table has another order than the manual", k.Path, line, last)
		}
		last = line
	}
}

func TestKeys(t *testing.T) {
	pattern := regexp.MustCompile(`^[a-z]+(\.[a-z]+(_[a-z]+)*)?$|^[a-z]+(_[a-z]+)*$`)
	envs, flags, fields := map[string]string{}, map[string]string{}, 0
	for _, k := range config.Keys() {
		if !pattern.MatchString(k.Path) {
			t.Errorf("%q is not a path such as limits.idle", k.Path)
		}
		if k.Help == "" || !strings.HasSuffix(k.Help, ".") || k.Want == "" {
			t.Errorf("%s: help %q, want %q; expected sentences and words", k.Path, k.Help, k.Want)
		}
		if other := envs[config.EnvName(k.Path)]; other != "" {
			t.Errorf("%s and %s share a variable", k.Path, other)
		}
		if other := flags[config.FlagName(k.Path)]; other != "" {
			t.Errorf("%s and %s share a flag", k.Path, other)
		}
		envs[config.EnvName(k.Path)], flags[config.FlagName(k.Path)] = k.Path, k.Path
	}
	// Every field of the struct is behind a key: a field that nothing sets has no place here.
	var leaves func(reflect.Type)
	leaves = func(typ reflect.Type) {
		for i := range typ.NumField() {
			if f := typ.Field(i); f.Type.Kind() == reflect.Struct {
				leaves(f.Type)
			} else if f.Name != "Engines" {
				fields++
			}
		}
	}
	leaves(reflect.TypeFor[config.Config]())
	if fields != len(config.Keys()) {
		t.Errorf("Config has %d fields besides Engines, the table %d keys", fields, len(config.Keys()))
	}
	if got := config.EnvName("engines.script.fault_at"); got != "EARSHOT_ENGINES_SCRIPT_FAULT_AT" {
		t.Errorf("EnvName gives %s", got)
	}
	if got := config.FlagName("public_hosts"); got != "public-hosts" {
		t.Errorf("FlagName gives %s", got)
	}
	if !slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return k.List }) {
		t.Error("no key is a list, so nothing here tests lists")
	}
}

// TestNothingShared sees to it that one configuration is not a part of another.
func TestNothingShared(t *testing.T) {
	a := config.Default()
	a.Listen, a.PublicHosts, a.Engines = "x", []string{"x"}, map[string]map[string]string{"x": nil}
	config.Keys()[0].Default = "x"
	if b := config.Default(); b.Listen != "127.0.0.1:8080" || b.PublicHosts != nil || b.Engines != nil {
		t.Errorf("a change in one Default shows in another: %+v", b)
	}
}
