package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of a policy. They keep a decision cheap whatever somebody stores.
const (
	MaxSize       = 20 << 10 // bytes of JSON
	maxStatements = 128
	maxValues     = 512  // in one list
	maxText       = 2048 // bytes of one string, as long as an ARN may be
	maxDepth      = 8    // objects and lists in each other; a policy needs five
)

// node is a JSON value. encoding/json's own decoding into structs would take "effect" for "Effect" and the last of two
// members of the same name, which is how one reader allows what another denies.
type node struct {
	path  string // where it stands, such as Statement[1].Effect
	kind  kind
	text  string   // of a string, number or boolean
	items []*node  // of a list, or the values of an object
	names []string // of an object's members, in their order
}

type kind uint8

const (
	kindNull kind = iota
	kindString
	kindNumber
	kindBool
	kindList
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "true or false", "a list", "an object"}[k]
}

// wrong returns an error that names the place: what was expected there, and what came.
func (n *node) wrong(want, got string) error {
	return &stt.Error{Code: stt.Invalid, Op: "read policy", Want: want, Got: got, Msg: fmt.Sprintf("%s: expected %s; got %s", n.where(), want, got)}
}

func (n *node) where() string {
	if n.path == "" {
		return "the policy"
	}
	return n.path
}

// quoted shows a piece of the policy in an error, where it is short.
func quoted(s string) string {
	const longest = 80
	if len(s) > longest {
		return fmt.Sprintf("%q and %d bytes more", s[:longest], len(s)-longest)
	}
	return fmt.Sprintf("%q", s)
}

// readTree reads JSON as it stands: no member twice in an object, nothing behind the value, every string of it printable.
func readTree(data []byte) (*node, error) {
	root := &node{}
	switch {
	case len(data) > MaxSize:
		return nil, root.wrong(fmt.Sprintf("at most %d bytes", MaxSize), fmt.Sprint(len(data)))
	case len(bytes.TrimSpace(data)) == 0:
		return nil, root.wrong("a JSON object", "nothing")
	case !utf8.Valid(data):
		return nil, root.wrong("UTF-8", "other bytes")
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, root.wrong("JSON", syntax(err))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return read(d, "", 0)
}

// syntax says what is wrong with JSON, and where.
func syntax(err error) string {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("at byte %d: %v", s.Offset, s)
	}
	return err.Error()
}

// read reads one value. The decoder has been given valid JSON, so that its errors are bugs.
func read(d *json.Decoder, path string, depth int) (*node, error) {
	n := &node{path: path}
	if depth > maxDepth {
		return nil, n.wrong(fmt.Sprintf("at most %d levels", maxDepth), "more")
	}
	token, err := d.Token()
	if err != nil {
		return nil, n.wrong("a value", err.Error())
	}
	switch v := token.(type) {
	case nil:
		return n, nil
	case string:
		n.kind, n.text = kindString, v
		return n, n.printable(v)
	case bool:
		n.kind, n.text = kindBool, fmt.Sprint(v)
		return n, nil
	case json.Number:
		n.kind, n.text = kindNumber, v.String()
		return n, n.printable(n.text)
	case json.Delim:
		if v == '[' {
			return n, n.readList(d, depth)
		}
		return n, n.readObject(d, depth)
	}
	return nil, n.wrong("a value", fmt.Sprintf("%v", token))
}

func (n *node) readList(d *json.Decoder, depth int) error {
	n.kind = kindList
	for d.More() {
		if len(n.items) == maxValues {
			return n.wrong(fmt.Sprintf("at most %d values", maxValues), "more")
		}
		item, err := read(d, fmt.Sprintf("%s[%d]", n.path, len(n.items)), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	return n.end(d)
}

func (n *node) readObject(d *json.Decoder, depth int) error {
	n.kind = kindObject
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return n.wrong("a member", err.Error())
		}
		name, _ := token.(string)
		if err := n.printable(name); err != nil {
			return err
		}
		if seen[name] {
			return n.wrong("each member once", quoted(name)+" twice")
		}
		seen[name] = true
		item, err := read(d, member(n.path, name), depth+1)
		if err != nil {
			return err
		}
		n.names, n.items = append(n.names, name), append(n.items, item)
	}
	return n.end(d)
}

// end reads the bracket behind a list or an object.
func (n *node) end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return n.wrong("the end of "+n.kind.String(), err.Error())
	}
	return nil
}

// printable refuses what would look like something else to a person: control characters, what is not seen, and what a decoder puts in the
// place of half a surrogate pair. It is stricter than [stt.Misleads] by what joins letters.
func (n *node) printable(s string) error {
	if len(s) > maxText {
		return n.wrong(fmt.Sprintf("at most %d bytes", maxText), fmt.Sprint(len(s)))
	}
	for _, r := range s {
		if r == utf8.RuneError || stt.Misleads(r) || unicode.Is(unicode.Cf, r) {
			return n.wrong("printable characters", fmt.Sprintf("U+%04X", r))
		}
	}
	return nil
}

// member appends a name to a path, quoted where it is no plain word.
func member(path, name string) string {
	plain := func(r rune) bool { return r <= 'z' && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		name = quoted(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// get returns a member of an object, or nil.
func (n *node) get(name string) *node {
	for i, have := range n.names {
		if have == name {
			return n.items[i]
		}
	}
	return nil
}

// only refuses members of an object that are not among some.
func (n *node) only(known ...string) error {
	for _, name := range n.names {
		if err := n.known(name, known); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) known(name string, known []string) error {
	for _, k := range known {
		if k == name {
			return nil
		}
	}
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return n.wrong(fmt.Sprintf("%q, in these letters", k), quoted(name))
		}
	}
	return n.wrong("no members but "+strings.Join(known, ", "), quoted(name))
}
