package stt

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Driver describes a kind of recognizer as data: configuration checks, help texts, console forms and documentation
// pages are made from it.
type Driver struct {
	Name  string // as in configuration, such as "pocketsphinx"
	Title string // for people
	Doc   string // a paragraph: what it is and what it needs

	Options []Option

	// New makes a recognizer from resolved values: every option present, defaults applied, kinds checked. An option
	// without value and default is empty whatever its kind; a KindBool is "true" or "false" otherwise. ctx bounds the
	// making only. Callers use [Driver.Open], which resolves first.
	New func(ctx context.Context, values map[string]string) (Recognizer, error)
}

// Option is one option of a driver.
type Option struct {
	Name    string // in configuration files
	Help    string // a sentence: meaning, unit, range
	Default string
	Env     string // environment variable that is read when the option is not set; empty: none
	Kind    OptionKind
	Enum    []string // the values allowed; nil: any of Kind

	Required bool
	Secret   bool // never shown

	// Fields are what each record of a KindRecords has: options of the other kinds, checked like those of a driver. Their
	// Env is not read, since records have no names that variables could tell apart.
	Fields []Option
}

// OptionKind is the kind of value an option takes.
type OptionKind uint8

// The kinds. Values travel as strings and are checked before New sees them.
const (
	KindString   OptionKind = iota
	KindInt                 // decimal
	KindBool                // true or false, or what else strconv.ParseBool takes
	KindDuration            // as in time.ParseDuration: 500ms, 2s
	KindPath                // a file or folder on this machine
	KindRecords             // a list of records with the option's Fields, as Records reads it
)

var kindHelp = [...]string{"a text", "a whole number", "true or false", "a duration such as 500ms or 2s", "a path", wantRecords}

// Open checks values, fills in environment and defaults, and makes the recognizer. getenv is os.Getenv or a stand-in;
// nil reads no environment. It fails with [Invalid] naming the option, or as New does.
func (d *Driver) Open(ctx context.Context, values map[string]string, getenv func(string) string) (Recognizer, error) {
	resolved, err := d.Resolve(values, getenv)
	if err != nil {
		return nil, err
	}
	return d.New(ctx, resolved)
}

// Resolve returns a copy of values with environment and defaults filled in, every option of the driver present and
// checked. A value that is given but empty stands for the default and hides the environment; so does an empty field of a
// record. Errors are [Invalid], name the option as driver.option, in a record as driver.option[0].field, and never show a
// secret.
func (d *Driver) Resolve(values map[string]string, getenv func(string) string) (map[string]string, error) {
	// First, because a slip in a name is often also a required option that is missing.
	if err := checkNames(d.Name, d.Options, values); err != nil {
		return nil, err
	}
	resolved := make(map[string]string, len(d.Options))
	for i := range d.Options {
		o := &d.Options[i]
		v, given := values[o.Name]
		if !given && o.Env != "" && getenv != nil {
			v = getenv(o.Env)
		}
		if v == "" {
			v = o.Default
		}
		var err error
		if resolved[o.Name], err = o.check(d.Name+"."+o.Name, v); err != nil {
			return nil, err
		}
	}
	return resolved, nil
}

// checkNames fails when values has something that is none of the options of what in is the name of.
func checkNames(in string, options []Option, values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.ContainsFunc(options, func(o Option) bool { return o.Name == name }) {
			continue
		}
		names := make([]string, len(options))
		for i := range options {
			names[i] = options[i].Name
		}
		slices.Sort(names)
		want := orNone(names)
		return &Error{Code: Invalid, Option: in + "." + name, Want: want,
			Msg: "option " + quote(in+"."+name) + " is not known; there are: " + want}
	}
	return nil
}

// check returns the value of the option, name in errors, as New shall see it.
func (o *Option) check(name, v string) (string, error) {
	if v == "" {
		if o.Required {
			return "", o.missing(name)
		}
		return "", nil
	}
	if o.Enum != nil && !slices.Contains(o.Enum, v) {
		return "", o.refuse(name, v, "one of "+strings.Join(o.Enum, ", "))
	}
	var err error
	switch o.Kind {
	case KindRecords:
		return o.checkRecords(name, v)
	case KindInt:
		_, err = strconv.Atoi(v)
	case KindBool:
		var on bool
		if on, err = strconv.ParseBool(v); err == nil {
			v = strconv.FormatBool(on)
		}
	case KindDuration:
		_, err = time.ParseDuration(v)
	}
	if err != nil {
		return "", o.refuse(name, v, o.want())
	}
	return v, nil
}

func (o *Option) missing(name string) error {
	msg := "option " + quote(name) + " must be set"
	if o.Env != "" {
		msg += " (or the environment variable " + o.Env + ")"
	}
	return &Error{Code: Invalid, Option: name, Want: o.want(), Msg: msg}
}

func (o *Option) refuse(name, got, want string) error {
	if o.Secret {
		got = "(secret)"
	}
	return InvalidOption(name, got, want)
}
