package stt_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// models is an option like those that engines have.
func models() stt.Option {
	return stt.Option{Name: "models", Kind: stt.KindRecords, Fields: []stt.Option{
		{Name: "name", Required: true},
		{Name: "language", Default: "en-US"},
		{Name: "size", Enum: []string{"small", "large"}},
		{Name: "beam", Kind: stt.KindInt},
		{Name: "fast", Kind: stt.KindBool},
		{Name: "key", Kind: stt.KindDuration, Secret: true},
	}}
}

func TestResolveRecords(t *testing.T) {
	const full = `[{"beam":"","fast":"","key":"","language":"en-US","name":"a","size":""}]`
	required, preset, enum := models(), models(), models()
	required.Required, preset.Default = true, `[{"name":"d"}]`
	enum.Fields = []stt.Option{{Name: "size", Env: "TEST_SIZE", Enum: []string{"small"}}}
	for _, c := range []struct {
		name   string
		option stt.Option // nil Fields: models()
		value  string
		want   string
	}{
		{name: "nothing"},
		{name: "an empty list", value: " [ ] ", want: "[]"},
		{name: "every field is there", value: `[{"name":"a"}]`, want: full},
		{name: "an empty field is its default", value: `[{"language":"","name":"a","beam":""}]`, want: full},
		{name: "white space and escapes", value: "\n[ { \"n\\u0061me\" : \"\\u0061\" } ]\n", want: full},
		{name: "what is resolved resolves to itself", value: full, want: full},
		{name: "kinds", value: `[{"name":"ä<&>\u2028","size":"large","beam":"-3","fast":"T","key":"1s","language":"fr"}]`,
			want: `[{"beam":"-3","fast":"true","key":"1s","language":"fr","name":"ä<&>\u2028","size":"large"}]`},
		{name: "in the order given", value: `[{"name":"z"},{"name":"a"}]`, want: strings.Replace(full, `"a"`, `"z"`, 1)[:len(full)-1] + "," + full[1:]},
		{name: "the default", option: preset, want: strings.Replace(full, `"a"`, `"d"`, 1)},
		{name: "none in place of the default", option: preset, value: "[]", want: "[]"},
		{name: "no environment for fields", option: enum, value: "[{}]", want: `[{"size":""}]`},
		{name: "required and there", option: required, value: `[{"name":"a"}]`, want: full},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.option.Fields == nil {
				c.option = models()
			}
			got, err := driver(c.option).Resolve(map[string]string{"models": c.value}, func(string) string { return "small" })
			if err != nil || got["models"] != c.want || len(got) != 1 {
				t.Fatalf("got %q, %v; expected %q", got, err, c.want)
			}
			records, err := stt.Records(got["models"])
			if err != nil || (records == nil) != (c.want == "" || c.want == "[]") {
				t.Errorf("it decodes as %q, %v", records, err)
			}
			for i, r := range records {
				if len(r) != len(c.option.Fields) {
					t.Errorf("record %d is %q; expected every field", i, r)
				}
			}
		})
	}
}

func TestWrongRecords(t *testing.T) {
	const list = `expected a list of records with name, language, size, beam, fast, key, such as [{"name":"value"}]`
	required := models()
	required.Required = true
	bare := stt.Option{Name: "models", Kind: stt.KindRecords}
	vault := stt.Option{Name: "models", Kind: stt.KindRecords, Secret: true, Fields: []stt.Option{{Name: "pin", Kind: stt.KindInt, Required: true, Env: "PIN"}}}
	for _, c := range []struct {
		value  string
		option stt.Option // nil Fields and not bare: models()
		at     string     // Option, without test.models
		text   string     // of the error after the option's name
	}{
		{value: `x`, text: ` is no JSON from byte 1 on; ` + list},
		{value: `[{"name":"a"} {}]`, text: ` is no JSON from byte 15 on; ` + list},
		{value: `[{"name":"a"},]`, text: ` is no JSON from byte 15 on; ` + list},
		{value: `[{"name":"a"}`, text: ` is JSON that ends too early; ` + list},
		{value: `[{"name":"a`, text: ` is JSON that ends too early; ` + list},
		{value: ` `, text: ` is JSON that ends too early; ` + list},
		{value: "[{\"name\":\"\xff\"}]", text: ` is not UTF-8; ` + list},
		{value: `[] []`, text: ` is a list with something behind it; ` + list},
		{value: `[]]`, text: ` is a list with something behind it; ` + list},
		{value: `{"name":"a"}`, text: ` is a record; ` + list},
		{value: `"a"`, text: ` is a text; ` + list},
		{value: `null`, text: ` is null; ` + list},
		{value: `["a"]`, at: "[0]", text: ` is a text; expected a record such as {"field":"value"}`},
		{value: `[{"name":"a"},[]]`, at: "[1]", text: ` is a list; expected a record such as {"field":"value"}`},
		{value: `[{"name":"a","beam":4}]`, at: "[0].beam", text: ` is a number without quotes; expected a text in quotes`},
		{value: `[{"name":"a","fast":true}]`, at: "[0].fast", text: ` is true or false without quotes; expected a text in quotes`},
		{value: `[{"name":null}]`, at: "[0].name", text: ` is null; expected a text in quotes`},
		{value: `[{"name":["a"]}]`, at: "[0].name", text: ` is a list; expected a text in quotes`},
		{value: `[{"name":{"a":"b"}}]`, at: "[0].name", text: ` is a record; expected a text in quotes`},
		{value: `[{"name":"a","name":"a"}]`, at: "[0].name", text: ` is set twice; expected each field once`},

		{value: `[{"name":"a"},{"nam":"b"}]`, at: "[1].nam", text: ` is not known; there are: beam, fast, key, language, name, size`},
		{value: `[{"name":"a"},{"language":"fr"}]`, at: "[1].name", text: ` must be set`},
		{value: `[{"name":""}]`, at: "[0].name", text: ` must be set`},
		{value: `[{"name":"a","size":"huge"}]`, at: "[0].size", text: ` is "huge"; expected one of small, large`},
		{value: `[{"name":"a","beam":"wide"}]`, at: "[0].beam", text: ` is "wide"; expected a whole number`},
		{value: `[{"name":"a","fast":"maybe"}]`, at: "[0].fast", text: ` is "maybe"; expected true or false`},
		{value: `[{"name":"a","key":"hunter2"}]`, at: "[0].key", text: ` is "(secret)"; expected a duration such as 500ms or 2s`},
		{value: ``, option: required, text: ` must be set`},
		{value: `[]`, option: required, text: ` must be set`},
		{value: `[{"a":"b"}]`, option: bare, at: "[0].a", text: ` is not known; there are: none`},
		{value: `[{"pin":"hunter2"}]`, option: vault, at: "[0].pin", text: ` is "(secret)"; expected a whole number`},
		{value: `[{}]`, option: vault, at: "[0].pin", text: ` must be set`},
		{value: `1`, option: bare, text: ` is a number without quotes; expected a list of records such as [{"field":"value"}]`},
	} {
		if c.option.Name == "" {
			c.option = models()
		}
		_, err := driver(c.option).Resolve(map[string]string{"models": c.value}, nil)
		name := "test.models" + c.at
		if e := stt.AsError(err); e == nil || e.Code != stt.Invalid || e.Option != name || e.Want == "" || e.Msg != `option "`+name+`"`+c.text {
			t.Errorf("%s:\n  %v (%+v)\nexpected\n  option %q%s", c.value, err, e, name, c.text)
		}
	}
}

// TestRecordsHideValues: whatever is wrong with a text that holds a secret, the error does not show it.
func TestRecordsHideValues(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{secret, `"` + secret, `"` + secret + `"`, `["` + secret + `"]`, `[{"key":"` + secret, `[{"key":"` + secret + `",}]`,
		`[{"key":"` + secret + `","key":""}]`, `[{"key":["` + secret + `"]}]`, `[{"key":"` + secret + `"}]` + secret, `[{"key":"` + secret + "\xff\"}]",
		`[{"name":"a","key":"` + secret + `"}]`} {
		_, err := driver(models()).Resolve(map[string]string{"models": text}, nil)
		e := stt.AsError(err)
		if e == nil || strings.Contains(e.Error()+e.Want+e.Got+e.Option, secret) {
			t.Errorf("%s: the error is %+v", text, e)
		}
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []map[string]string
	}{
		{"", nil},
		{"[]", nil},
		{"[{}]", []map[string]string{{}}},
		{`[{"a":"<b>"},{"":""}]`, []map[string]string{{"a": "<b>"}, {"": ""}}},
	} {
		got, err := stt.Records(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v; expected %#v", c.text, got, err, c.want)
		}
		if text := stt.FormatRecords(got); text != c.text && c.text != "" {
			t.Errorf("%s is written as %s", c.text, text)
		}
	}
	if _, err := stt.Records("[1]"); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("a list of numbers: %v", err)
	}
}

// FuzzRecords: what is taken is what encoding/json takes, less nulls and what is there twice, and it encodes again.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{``, `[]`, `[{}]`, `[{"a":"b"},{"c":"d","e":""}]`, `[{"a":null}]`, `[null]`, `[{"a":"b","a":"b"}]`, `[{"a":1}]`,
		` [ { "\u0061" : "\ud800\/" } ] `, `[{"a":"b"},]`, `[{"a":"b",}]`, `[{"a":"b"}}`, `[{]`, `[{"a"}]`, `[{"a","b"}]`, `[:{}]`, `[{:}]`, `[{"a":"b"}:{}]`,
		`[{"a":"b":"c"}]`, `[,{}]`, `[{,}]`, `[[[[`, `[{"a":[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := stt.Records(text)
		var plain []map[string]*string
		valid := text == "" || utf8.ValidString(text) && json.Unmarshal([]byte(text), &plain) == nil && text[strings.IndexAny(text, "[n")] == '['
		fields := 0
		for _, r := range plain {
			valid = valid && r != nil && !slices.Contains(slices.Collect(maps.Values(r)), nil)
			fields += len(r)
		}
		if err != nil {
			if e := stt.AsError(err); e.Code != stt.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			if valid && !strings.Contains(err.Error(), "set twice") {
				t.Fatalf("%q is refused: %v", text, err)
			}
			return
		}
		if !valid {
			t.Fatalf("%q is taken as %q", text, got)
		}
		for i, r := range got {
			fields -= len(r)
			for name, v := range r {
				if p := plain[i][name]; p == nil || *p != v {
					t.Fatalf("%q: field %q of record %d is %q", text, name, i, v)
				}
			}
		}
		again, err := stt.Records(stt.FormatRecords(got))
		if fields != 0 || err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%q: %q becomes %q, %v", text, got, again, err)
		}
	})
}
