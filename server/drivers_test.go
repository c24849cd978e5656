package server

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/stt"
)

func TestSecretIn(t *testing.T) {
	options := []stt.Option{
		{Name: "url"},
		{Name: "key", Secret: true},
		{Name: "models", Kind: stt.KindRecords, Fields: []stt.Option{{Name: "name"}, {Name: "token", Secret: true}}},
		{Name: "voices", Kind: stt.KindRecords, Fields: []stt.Option{{Name: "name"}}},
		{Name: "vault", Kind: stt.KindRecords, Secret: true, Fields: []stt.Option{{Name: "name"}}},
	}
	for name, want := range map[string]bool{
		"url": false, "key": true, "unknown": true, "": true,
		"models": true, "models.name": false, "models.token": true, "models.unknown": true, "models.": true,
		"voices": false, "voices.name": false,
		"vault": true, "vault.name": true,
		"url.name": true, "models.name.more": true,
	} {
		if got := secretIn(options, name); got != want {
			t.Errorf("%q: %v, expected %v", name, got, want)
		}
	}
}

// An error about an option says how it is set, and one about a record where it stands.
func TestExplain(t *testing.T) {
	for option, want := range map[string]string{
		"acme.slots":          `is wrong; set it as engines.acme.slots in the configuration file, or by --set engines.acme.slots=VALUE`,
		"acme.models":         `is wrong; set it as engines.acme.models in the configuration file, or by --set engines.acme.models=VALUE`,
		"acme.models[1].lm":   `is wrong; it is part of engines.acme.models in the configuration file, counted from 0`,
		"acme.models[0]":      `is wrong; it is part of engines.acme.models in the configuration file, counted from 0`,
		"acme":                `is wrong`,
		"other.models[0].lm":  `is wrong`,
		"engines.acme.models": `is wrong`,
	} {
		err := explain("acme", &stt.Error{Code: stt.Invalid, Option: option, Msg: "is wrong"})
		if e := stt.AsError(err); e.Msg != want || e.Option != option {
			t.Errorf("%s: %q (option %q), expected %q", option, e.Msg, e.Option, want)
		}
	}
	if e := stt.AsError(explain("acme", &stt.Error{Code: stt.NotFound, Option: "acme.slots", Msg: "is wrong"})); e.Msg != "is wrong" {
		t.Errorf("another code: %q", e.Msg)
	}
	if err := explain("acme", nil); err != nil {
		t.Errorf("nothing becomes %v", err)
	}
}

// Records have one level, so that files, forms and help can show them, and every field says what it is.
func TestRecordOptions(t *testing.T) {
	for _, d := range Drivers() {
		for _, o := range d.Options {
			if (o.Kind == stt.KindRecords) != (len(o.Fields) > 0) || o.Kind == stt.KindRecords && o.Enum != nil {
				t.Errorf("option %q of driver %q is of kind %v with %d fields and values %q", o.Name, d.Name, o.Kind, len(o.Fields), o.Enum)
			}
			seen := map[string]bool{}
			for _, f := range o.Fields {
				if seen[f.Name] || f.Kind == stt.KindRecords || f.Fields != nil || f.Env != "" || f.Help == "" {
					t.Errorf("field %q of option %q of driver %q is there twice, has no help, or has what fields cannot have", f.Name, o.Name, d.Name)
				}
				seen[f.Name] = true
				yaml := "engines." + d.Name + "." + o.Name + ": [{" + f.Name + ": x}]"
				if _, _, err := config.Load(config.Options{File: "f", ReadFile: func(string) ([]byte, error) { return []byte(yaml), nil }}); err != nil {
					t.Errorf("field %q of option %q of driver %q cannot be set: %v", f.Name, o.Name, d.Name, err)
				}
			}
			if strings.Contains(o.Name, ".") {
				t.Errorf("the name of option %q of driver %q has a dot", o.Name, d.Name)
			}
		}
	}
}

// The example of models in the manual is one that the driver understands.
func TestManualModels(t *testing.T) {
	drivers := Drivers()
	d := &drivers[slices.IndexFunc(drivers, func(d stt.Driver) bool { return d.Name == "pocketsphinx" })]
	i := slices.IndexFunc(d.Options, func(o stt.Option) bool { return o.Name == "models" })
	if i < 0 {
		t.Skip(`the driver "pocketsphinx" has no option "models"`)
	}
	example := regexp.MustCompile(`(?m)^#   (engines:\n(?:#    .*\n)+)`).FindStringSubmatch(config.Manual)
	if example == nil {
		t.Fatal("there is no example")
	}
	yaml := []byte(strings.ReplaceAll(example[1], "#   ", ""))
	cfg, _, err := config.Load(config.Options{File: "f", ReadFile: func(string) ([]byte, error) { return yaml, nil }})
	if err != nil {
		t.Fatal(err)
	}
	values, err := d.Resolve(cfg.Engines[d.Name], nil)
	if err != nil {
		t.Fatal(err)
	}
	models, err := stt.Records(values["models"])
	if err != nil || len(models) != 2 || models[1]["name"] != "french" || models[1]["language"] != "fr" || len(models[1]) != len(d.Options[i].Fields) {
		t.Errorf("the models are %q, %v", models, err)
	}
}
