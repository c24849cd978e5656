package config_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/stt"
)

const modelsPath = "engines.pocketsphinx.models"

// TestRecords: however a list of records is written, what arrives is the same text, and the place is known.
func TestRecords(t *testing.T) {
	const one = `[{"dict":"/m/fr.dict","language":"fr","name":"fr"}]`
	block := "engines:\n  pocketsphinx:\n    models:\n      - name: fr\n        language: fr\n        dict: /m/fr.dict\n"
	for _, c := range []struct{ name, yaml, want, place string }{
		{"a block", block, one, "etc/earshot.yaml:4:7"},
		{"a line", modelsPath + ": [{name: fr, language: 'fr', dict: \"/m/fr.dict\"}]", one, "etc/earshot.yaml:1:30"},
		{"JSON as YAML", modelsPath + ": " + one, one, "etc/earshot.yaml:1:30"},
		{"JSON as a text", modelsPath + `: ' [ {"name":"fr", "language":"\u0066r","dict":"/m/fr.dict"} ]'`, one, "etc/earshot.yaml:1:30"},
		{"in the order given", modelsPath + ": [{name: z}, {}, {name: a}]", `[{"name":"z"},{},{"name":"a"}]`, "etc/earshot.yaml:1:30"},
		{"none", modelsPath + ": []", `[]`, "etc/earshot.yaml:1:30"},
		{"as written", modelsPath + ": [{a: 010, b: 1_0, c: no, d: true, e: 1e3, f: '', g: 2024-01-01, h: .inf, i: 'null', j: \"a\\u2028<&>\"}]",
			"[{\"a\":\"010\",\"b\":\"1_0\",\"c\":\"no\",\"d\":\"true\",\"e\":\"1e3\",\"f\":\"\",\"g\":\"2024-01-01\",\"h\":\".inf\",\"i\":\"null\",\"j\":\"a\\u2028<&>\"}]",
			"etc/earshot.yaml:1:30"},
		{"texts that are none", modelsPath + `: '[{"a":1}]'`, `[{"a":1}]`, "etc/earshot.yaml:1:30"},
		{"names that are none", modelsPath + `: '[{"A": "1"}]'`, `[{"A": "1"}]`, "etc/earshot.yaml:1:30"},
		{"a text with a bracket", modelsPath + `: '[x'`, `[x`, "etc/earshot.yaml:1:30"},
	} {
		cfg, info, err := load(c.yaml, config.Options{Secret: shown})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := cfg.Engines["pocketsphinx"]["models"]; got != c.want {
			t.Errorf("%s: %s\nexpected %s", c.name, got, c.want)
		}
		if got := info.Sources[modelsPath].String(); got != c.place {
			t.Errorf("%s: from %s, expected %s", c.name, got, c.place)
		}
		again, _, err := load(printed(t, cfg, info), config.Options{})
		if err != nil || !reflect.DeepEqual(again, cfg) {
			t.Errorf("%s: what is printed reads as %+v, %v", c.name, again, err)
		}
	}
	const loose = ` [{"name":"fr","language":"fr","dict":"\/m\/fr.dict"}] `
	for _, opts := range []config.Options{{Environ: []string{"EARSHOT_ENGINES_POCKETSPHINX_MODELS=" + loose}}, {Flags: map[string]string{modelsPath: loose}}} {
		cfg, _, err := load(modelsPath+": [{name: de}]", opts)
		if err != nil || cfg.Engines["pocketsphinx"]["models"] != one {
			t.Errorf("%+v: %+v, %v", opts, cfg, err)
		}
	}
}

func TestMistakesInRecords(t *testing.T) {
	for _, c := range []struct{ yaml, option, text string }{
		{"[a]", "[0]", `etc/earshot.yaml:1:31: option "engines.pocketsphinx.models[0]" is a single value; expected a record of keys and values`},
		{"[{a: b}, [c]]", "[1]", "is a list; expected a record"},
		{"[~]", "[0]", "is empty; expected a record"},
		{"[{a: b}, null]", "[1]", "is empty; expected a record"},
		{"[{a: ~}]", "[0].a", `option "engines.pocketsphinx.models[0].a" has no value; write "" for an empty one`},
		{"[{a: }]", "[0].a", "has no value"},
		{"[{a: [b]}]", "[0].a", "is a list; expected a text"},
		{"[{a: {b: c}}]", "[0].a", "is a section; expected a text"},
		{"[{a: b}, {c: d, a: b, c: e}]", "[1].c", `etc/earshot.yaml:1:52: option "engines.pocketsphinx.models[1].c" is set a second time in the same record`},
		{"[{A: b}]", "[0].A", "is not known; expected the name of a field, of lower-case letters"},
		{"[{'': b}]", "[0].", "is not known; expected the name of a field"},
		{"[{? [a] : b}]", "[0]", "is a list; expected the name of a field"},
		{"[{<<: {a: b}}]", "[0].<<", "is not known; expected the name of a field"},
		{"[{" + strings.Repeat("k", 500) + ": ~}]", "[0]." + strings.Repeat("k", 500), "…"},
		{"[{a: &x b, c: *x}]", "[0].c", "an alias, which is not supported here"},
		{"{a: b}", "", "is a section; expected a text, or a list of records"},
	} {
		_, _, err := load(modelsPath+": "+c.yaml, config.Options{})
		if err == nil {
			t.Errorf("%s is taken", c.yaml)
			continue
		}
		list := mistakes(t, err)
		if len(list) != 1 || list[0].Option != modelsPath+c.option || list[0].Want == "" || !strings.Contains(list[0].Msg, c.text) || len(list[0].Msg) > 400 {
			t.Errorf("%s:\n  %v (option %q)\nexpected option %q and\n  %q", c.yaml, err, list[0].Option, modelsPath+c.option, c.text)
		}
	}
	// All of them are told, and a secret is not.
	_, _, err := load(modelsPath+": [{key: [hunter2]}, hunter2, {A: hunter2, b: ~}]", config.Options{})
	if err == nil || len(mistakes(t, err)) != 4 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("expected four mistakes without values: %v", err)
	}
}

func TestPrintRecords(t *testing.T) {
	const yaml = "engines:\n  cloud:\n    models:\n      - {name: a, key: hunter2, note: ''}\n      - {name: 'b: c'}\n    none: []\n"
	secret := func(hidden ...string) func(engine, option string) bool {
		return func(_, option string) bool { return slices.Contains(hidden, option) }
	}
	for _, c := range []struct {
		name   string
		secret func(engine, option string) bool
		want   string
	}{
		{"all shown", shown, `engines.cloud.models:  # etc/earshot.yaml:4:7
  - {key: hunter2, name: a, note: ""}
  - {name: "b: c"}
engines.cloud.none: []  # etc/earshot.yaml:6:11
`},
		{"a field is secret", secret("models", "models.key"), `# engines.cloud.models:  # etc/earshot.yaml:4:7
#   - {key: (secret), name: a, note: ""}
#   - {name: "b: c"}
engines.cloud.none: []  # etc/earshot.yaml:6:11
`},
		{"nobody knows", nil, `# engines.cloud.models: (secret)  # etc/earshot.yaml:4:7
# engines.cloud.none: (secret)  # etc/earshot.yaml:6:11
`},
		{"everything is secret", func(string, string) bool { return true }, `# engines.cloud.models: (secret)  # etc/earshot.yaml:4:7
# engines.cloud.none: (secret)  # etc/earshot.yaml:6:11
`},
	} {
		cfg, info, err := load(yaml, config.Options{Secret: c.secret})
		if err != nil {
			t.Fatal(err)
		}
		text := printed(t, cfg, info)
		if got := text[strings.LastIndex(text, "features.punctuate"):]; !strings.HasSuffix(got, "\n"+c.want) {
			t.Errorf("%s: printed as\n%s\nexpected\n%s", c.name, got, c.want)
		}
		if _, _, err := load(text, config.Options{}); err != nil {
			t.Errorf("%s: what is printed is no configuration: %v", c.name, err)
		}
	}
	// What is no list of records is not taken apart, and stays secret as a whole.
	cfg, info, err := config.Load(config.Options{Flags: map[string]string{"engines.cloud.models": `[{"key":"hunter2"`}, Secret: secret("models", "models.key")})
	if err != nil {
		t.Fatal(err)
	}
	if text := printed(t, cfg, info); strings.Contains(text, "hunter2") {
		t.Errorf("a broken list shows a secret:\n%s", text)
	}
}

// TestManualExample: the commented example in the manual is a configuration, with two models.
func TestManualExample(t *testing.T) {
	example := regexp.MustCompile(`(?m)^#   (engines:\n(?:#    .*\n)+)`).FindStringSubmatch(config.Manual)
	if example == nil {
		t.Fatal("there is no example")
	}
	cfg, _, err := load(strings.ReplaceAll(example[1], "#   ", ""), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	records, err := stt.Records(cfg.Engines["pocketsphinx"]["models"])
	if err != nil || len(records) != 2 || records[1]["language"] != "fr" || len(records[1]) != 5 {
		t.Errorf("the models of the example are %q, %v", records, err)
	}
	// So is what it says of flags.
	var list []map[string]string
	flag := regexp.MustCompile(`\[\{.*\}\]`).FindString(config.Manual)
	if err := json.Unmarshal([]byte(flag), &list); err != nil || len(list) != 1 {
		t.Errorf("%s: %v", flag, err)
	}
}
