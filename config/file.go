package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/earshot-stt/earshot/stt"
)

// file reads a configuration file. The document is walked as nodes instead of being decoded into the struct, because
// only nodes know line and column, and because a value counts as written: 015s or 1_000 is refused, not interpreted.
func (l *loader) file(name string, read func(string) ([]byte, error)) {
	if read == nil {
		read = readFile
	}
	data, err := read(name)
	switch {
	case err != nil:
		l.fail(Source{}, &stt.Error{Code: stt.Invalid, Option: "config", Want: "a file that can be read",
			Msg: "the configuration file " + quote(name) + " cannot be read", Err: err})
		return
	case len(data) > maxFile:
		l.fail(Source{}, &stt.Error{Code: stt.Invalid, Option: "config", Want: "a shorter file",
			Msg: fmt.Sprintf("the configuration file %s has more than %v", quote(name), Size(maxFile))})
		return
	}
	root, err := parse(data)
	if err != nil {
		l.fail(Source{}, &stt.Error{Code: stt.Invalid, Option: "config", Want: "one YAML document",
			Msg: name + ": " + strings.TrimPrefix(err.Error(), "yaml: ")})
		return
	}
	if root != nil {
		w := walker{loader: l, name: name, seen: map[string]int{}}
		w.section("", root)
	}
}

// parse returns the one document in data, or nil when there is nothing in it.
func parse(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document")
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	return document.Content[0], nil
}

// walker goes through one document.
type walker struct {
	*loader
	name string
	seen map[string]int // line by path
}

func (w *walker) at(n *yaml.Node) Source {
	return Source{Kind: FromFile, Name: w.name, Line: n.Line, Column: n.Column}
}

// section reads the keys below path. It goes no deeper than there are sections, whatever the document does.
func (w *walker) section(path string, n *yaml.Node) {
	if isNull(n) {
		return // a section whose keys are all commented out
	}
	if n.Kind != yaml.MappingNode {
		w.wrongKind(path, n, "keys and values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			w.wrongKind(path, k, "the name of a key")
			continue
		}
		w.entry(join(path, k.Value), k, v)
	}
}

func (w *walker) entry(path string, name, value *yaml.Node) {
	found, ok := find(path, w.secret)
	switch {
	case ok && w.seen[path] != 0:
		w.fail(w.at(name), &stt.Error{Code: stt.Invalid, Option: path, Want: "each key once",
			Msg: fmt.Sprintf("option %s is set a second time; the first is in line %d", quote(path), w.seen[path])})
	case ok:
		w.seen[path] = name.Line
		w.value(&found, value)
	case isSection(path):
		w.section(path, value)
	default:
		w.fail(w.at(name), unknown(path))
	}
}

// value reads the value of one key.
func (w *walker) value(k *key, n *yaml.Node) {
	switch {
	case k.List && n.Kind == yaml.SequenceNode:
		texts := make([]string, len(n.Content))
		for i, item := range n.Content {
			if item.Kind != yaml.ScalarNode || isNull(item) || item.Value == "" {
				w.wrongKind(k.Path, item, k.Want)
				return
			}
			texts[i] = item.Value
		}
		w.set(k, strings.Join(texts, ","), w.at(n))
	case k.records && n.Kind == yaml.SequenceNode:
		w.records(k, n)
	case isNull(n):
		w.noValue(k.Path, n, k.Want)
	case n.Kind == yaml.ScalarNode:
		w.set(k, n.Value, w.at(n))
	default:
		w.wrongKind(k.Path, n, k.Want)
	}
}

func (w *walker) noValue(path string, n *yaml.Node, want string) {
	w.fail(w.at(n), &stt.Error{Code: stt.Invalid, Option: path, Want: want,
		Msg: "option " + quote(shorten(path)) + ` has no value; write "" for an empty one, or leave the key out`})
}

var nodeKinds = map[yaml.Kind]string{yaml.MappingNode: "a section", yaml.SequenceNode: "a list",
	yaml.ScalarNode: "a single value", yaml.AliasNode: "an alias, which is not supported here"}

func (w *walker) wrongKind(path string, n *yaml.Node, want string) {
	what := "option " + quote(shorten(path))
	if path == "" {
		what = "the file"
	}
	got := nodeKinds[n.Kind]
	if isNull(n) || n.Kind == yaml.ScalarNode && n.Value == "" {
		got = "empty"
	}
	w.fail(w.at(n), &stt.Error{Code: stt.Invalid, Option: path, Want: want, Msg: what + " is " + got + "; expected " + want})
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
