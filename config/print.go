package config

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the configuration in force, one key a line, each with the place where it was set as a comment; records
// stand below their key, one a line. The text is a configuration file again, but for secrets: their lines say that there
// is one, as comments. Info may be nil; then every value counts as a default.
func Print(w io.Writer, c *Config, info *Info) error {
	if info == nil {
		info = &Info{}
	}
	out := bufio.NewWriter(w)
	for i := range table {
		printKey(out, c, info, &table[i])
	}
	for _, engine := range slices.Sorted(maps.Keys(c.Engines)) {
		for _, option := range slices.Sorted(maps.Keys(c.Engines[engine])) {
			if k, ok := find(enginePrefix+engine+"."+option, info.secret); ok {
				printKey(out, c, info, &k)
			}
		}
	}
	return out.Flush()
}

func printKey(out *bufio.Writer, c *Config, info *Info, k *key) {
	from := oneLine(info.Sources[k.Path].String())
	texts := slices.Clone(k.get(c)) // a list is the one in c
	if k.records {
		records, ok := recordsOf(texts[0])
		hidden := info.hides(k.Path)
		if ok && !(k.Secret && secretRecords(records, hidden)) {
			printRecords(out, k, records, hidden, from)
			return
		}
	}
	if k.Secret {
		fmt.Fprintf(out, "# %s: (secret)  # %s\n", k.Path, from)
		return
	}
	for i := range texts {
		texts[i] = scalar(texts[i])
	}
	value := strings.Join(texts, ", ")
	if k.List {
		value = "[" + value + "]"
	}
	fmt.Fprintf(out, "%s: %s  # %s\n", k.Path, value, from)
}

// hides returns which fields of an option of an engine are secret.
func (info *Info) hides(path string) func(field string) bool {
	engine, option, _ := splitEngine(path)
	return func(field string) bool { return info.secret == nil || info.secret(engine, option+"."+field) }
}

// scalar writes a text so that YAML reads the same text, quoted unless that is plainly not needed.
func scalar(s string) string {
	const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:"
	isBare := func(r rune) bool { return strings.ContainsRune(bare, r) }
	switch {
	case s == "", strings.EqualFold(s, "null"), strings.HasSuffix(s, ":"), strings.ContainsAny(s[:1], "-.:"),
		strings.ContainsFunc(s, func(r rune) bool { return !isBare(r) }):
		// The escapes of Go strings mean the same in double quotes of YAML.
		return quote(s)
	default:
		return s
	}
}

func oneLine(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }) {
		return quote(s)
	}
	return s
}

// Value is a key with its value, as somebody may read it.
type Value struct {
	Path   string
	Text   string // a list separated by commas, records as JSON; empty for a secret
	Source string // where it was set, in words
	Secret bool   // it is set, and does not show
}

// Values returns the configuration in force, in the order of the manual and then engine by engine. Info may be nil; then every
// value counts as a default.
func Values(c *Config, info *Info) []Value {
	if info == nil {
		info = &Info{}
	}
	var all []Value
	for i := range table {
		all = append(all, valueOf(c, info, &table[i]))
	}
	for _, engine := range slices.Sorted(maps.Keys(c.Engines)) {
		for _, option := range slices.Sorted(maps.Keys(c.Engines[engine])) {
			if k, ok := find(enginePrefix+engine+"."+option, info.secret); ok {
				all = append(all, valueOf(c, info, &k))
			}
		}
	}
	return all
}

func valueOf(c *Config, info *Info, k *key) Value {
	v := Value{Path: k.Path, Text: strings.Join(k.get(c), ", "), Source: info.Sources[k.Path].String(), Secret: k.Secret}
	if records, ok := recordsOf(v.Text); k.records && ok {
		hidden := info.hides(k.Path)
		v.Secret = slices.ContainsFunc(records, func(r map[string]string) bool {
			return slices.ContainsFunc(slices.Collect(maps.Keys(r)), hidden) // where there is one, all are out of sight
		})
	}
	if v.Secret = v.Secret && v.Text != ""; v.Secret {
		v.Text = ""
	}
	return v
}
