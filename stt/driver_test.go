package stt_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func driver(options ...stt.Option) *stt.Driver { return &stt.Driver{Name: "test", Options: options} }

func TestResolve(t *testing.T) {
	env := func(name string) string { return map[string]string{"TEST_KEY": "from-env", "TEST_ON": "1"}[name] }
	for _, c := range []struct {
		name   string
		option stt.Option
		values map[string]string
		want   string // the value, or the error's text when code is set
		bad    bool
	}{
		{name: "nothing", option: stt.Option{Name: "o"}},
		{name: "given", option: stt.Option{Name: "o"}, values: map[string]string{"o": "x"}, want: "x"},
		{name: "default", option: stt.Option{Name: "o", Default: "d"}, want: "d"},
		{name: "given beats default", option: stt.Option{Name: "o", Default: "d"}, values: map[string]string{"o": "x"}, want: "x"},
		{name: "given and empty is the default", option: stt.Option{Name: "o", Default: "d"}, values: map[string]string{"o": ""}, want: "d"},
		{name: "environment", option: stt.Option{Name: "o", Default: "d", Env: "TEST_KEY"}, want: "from-env"},
		{name: "given beats environment", option: stt.Option{Name: "o", Env: "TEST_KEY"}, values: map[string]string{"o": "x"}, want: "x"},
		{name: "given and empty hides the environment", option: stt.Option{Name: "o", Env: "TEST_KEY"}, values: map[string]string{"o": ""}, want: ""},
		{name: "environment not set", option: stt.Option{Name: "o", Default: "d", Env: "TEST_NONE"}, want: "d"},

		{name: "required", option: stt.Option{Name: "o", Required: true}, bad: true,
			want: `option "test.o" must be set`},
		{name: "required with environment", option: stt.Option{Name: "o", Required: true, Env: "TEST_NONE"}, bad: true,
			want: `option "test.o" must be set (or the environment variable TEST_NONE)`},
		{name: "required and in the environment", option: stt.Option{Name: "o", Required: true, Env: "TEST_KEY"}, want: "from-env"},
		{name: "required with default", option: stt.Option{Name: "o", Required: true, Default: "d"}, want: "d"},

		{name: "of the list", option: stt.Option{Name: "o", Enum: []string{"a", "b"}}, values: map[string]string{"o": "b"}, want: "b"},
		{name: "not of the list", option: stt.Option{Name: "o", Enum: []string{"a", "b"}}, values: map[string]string{"o": "c"}, bad: true,
			want: `option "test.o" is "c"; expected one of a, b`},
		{name: "empty is not judged by the list", option: stt.Option{Name: "o", Enum: []string{"a", "b"}}},

		{name: "number", option: stt.Option{Name: "o", Kind: stt.KindInt}, values: map[string]string{"o": "-12"}, want: "-12"},
		{name: "not a number", option: stt.Option{Name: "o", Kind: stt.KindInt}, values: map[string]string{"o": "1.5"}, bad: true,
			want: `option "test.o" is "1.5"; expected a whole number`},
		{name: "truth", option: stt.Option{Name: "o", Kind: stt.KindBool}, values: map[string]string{"o": "true"}, want: "true"},
		{name: "truth in other words", option: stt.Option{Name: "o", Kind: stt.KindBool, Env: "TEST_ON"}, want: "true"},
		{name: "untruth in other words", option: stt.Option{Name: "o", Kind: stt.KindBool}, values: map[string]string{"o": "F"}, want: "false"},
		{name: "neither", option: stt.Option{Name: "o", Kind: stt.KindBool}, values: map[string]string{"o": "maybe"}, bad: true,
			want: `option "test.o" is "maybe"; expected true or false`},
		{name: "duration", option: stt.Option{Name: "o", Kind: stt.KindDuration, Default: "500ms"}, want: "500ms"},
		{name: "not a duration", option: stt.Option{Name: "o", Kind: stt.KindDuration}, values: map[string]string{"o": "5"}, bad: true,
			want: `option "test.o" is "5"; expected a duration such as 500ms or 2s`},
		{name: "path", option: stt.Option{Name: "o", Kind: stt.KindPath}, values: map[string]string{"o": "/no/such/file"}, want: "/no/such/file"},

		{name: "not known", option: stt.Option{Name: "o"}, values: map[string]string{"p": "x"}, bad: true,
			want: `option "test.p" is not known; there are: o`},
		{name: "a slip of the pen in a required option", option: stt.Option{Name: "api_key", Required: true}, bad: true,
			values: map[string]string{"api-key": "x"}, want: `option "test.api-key" is not known; there are: api_key`},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := maps.Clone(c.values)
			got, err := driver(c.option).Resolve(c.values, env)
			if !maps.Equal(given, c.values) {
				t.Errorf("the caller's values have become %v", c.values)
			}
			if c.bad {
				e := stt.AsError(err)
				if e == nil || e.Code != stt.Invalid || e.Msg != c.want || !strings.HasPrefix(e.Option, "test.") {
					t.Fatalf("got %+v; expected code invalid, the option, and the text %q", e, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v, there := got[c.option.Name]; !there || v != c.want || len(got) != 1 {
				t.Errorf("got %q; expected %q and nothing else", got, c.want)
			}
		})
	}
}

// The same wrong configuration gives the same error each time, though maps have no order.
func TestResolveIsDeterministic(t *testing.T) {
	d := driver(stt.Option{Name: "o"})
	for range 50 {
		_, err := d.Resolve(map[string]string{"z": "", "y": "", "x": "", "w": "", "v": ""}, nil)
		if e := stt.AsError(err); e == nil || e.Option != "test.v" {
			t.Fatalf("got %v; expected the first unknown option in alphabetical order", err)
		}
	}
	if _, err := driver().Resolve(map[string]string{"z": ""}, nil); err == nil || !strings.Contains(err.Error(), "there are: none") {
		t.Errorf("a driver without options says %v", err)
	}
}

func TestResolveWithoutEnvironment(t *testing.T) {
	got, err := driver(stt.Option{Name: "o", Env: "HOME"}).Resolve(nil, nil)
	if err != nil || got["o"] != "" {
		t.Errorf("got %q, %v; expected no look at the environment", got, err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	const secret = "hunter2-and-more"
	for _, o := range []stt.Option{
		{Name: "o", Secret: true, Kind: stt.KindInt},
		{Name: "o", Secret: true, Kind: stt.KindBool},
		{Name: "o", Secret: true, Kind: stt.KindDuration},
		{Name: "o", Secret: true, Enum: []string{"a"}},
		{Name: "o", Secret: true, Kind: stt.KindInt, Env: "TEST_SECRET"},
		{Name: "o", Secret: true, Kind: stt.KindInt, Default: secret},
	} {
		values := map[string]string{"o": secret}
		if o.Env != "" || o.Default != "" {
			values = nil
		}
		_, err := driver(o).Resolve(values, func(string) string { return secret })
		e := stt.AsError(err)
		if e == nil || e.Code != stt.Invalid {
			t.Fatalf("%+v: got %v; expected code invalid", o, err)
		}
		if all := e.Error() + e.Want + e.Option; strings.Contains(all, secret) || !strings.Contains(all, "(secret)") {
			t.Errorf("the error is %q", all)
		}
	}
}

func TestOpen(t *testing.T) {
	d := driver(stt.Option{Name: "o", Default: "d"})
	var got map[string]string
	failure := errors.New("no model")
	d.New = func(ctx context.Context, values map[string]string) (stt.Recognizer, error) {
		got = values
		return nil, errors.Join(ctx.Err(), failure)
	}
	if _, err := d.Open(t.Context(), nil, nil); !errors.Is(err, failure) || got["o"] != "d" {
		t.Errorf("New was given %v and %v came back", got, err)
	}
	got = nil
	if _, err := d.Open(t.Context(), map[string]string{"x": "y"}, nil); stt.CodeOf(err) != stt.Invalid || got != nil {
		t.Errorf("a wrong option gives %v, and New was given %v", err, got)
	}
}
