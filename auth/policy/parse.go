package policy

import (
	"fmt"
	"strings"
)

// Parse reads a policy, of [MaxSize] bytes at most. Whatever is in it that is not understood is an error with code Invalid,
// which names the place, what was expected there, and what came.
func Parse(data []byte) (Policy, error) {
	root, err := readTree(data)
	if err != nil {
		return Policy{}, err
	}
	if root.kind != kindObject {
		return Policy{}, root.wrong("a JSON object", root.kind.String())
	}
	if err := root.only("Version", "Id", "Statement"); err != nil {
		return Policy{}, err
	}
	var p Policy
	if p.version, err = root.oneOf("Version", false, Version, oldVersion); err != nil {
		return Policy{}, err
	}
	if p.id, err = root.label("Id"); err != nil {
		return Policy{}, err
	}
	p.statements, err = parseStatements(root, p.version == Version)
	if err != nil {
		return Policy{}, err
	}
	return p, nil
}

// parseStatements reads what is one statement or a list of them.
func parseStatements(root *node, variables bool) ([]statement, error) {
	n := root.get("Statement")
	if n == nil {
		return nil, root.wrong(`a "Statement"`, "none")
	}
	all := []*node{n}
	if n.kind == kindList {
		all = n.items
	}
	if len(all) == 0 || len(all) > maxStatements {
		return nil, n.wrong(fmt.Sprintf("1 to %d statements", maxStatements), fmt.Sprint(len(all)))
	}
	sids := map[string]bool{}
	statements := make([]statement, 0, len(all))
	for _, one := range all {
		s, err := parseStatement(one, variables)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, one.get("Sid").wrong("an id that no other statement has", quoted(s.sid))
		}
		sids[s.sid] = true
		statements = append(statements, s)
	}
	return statements, nil
}

func parseStatement(n *node, variables bool) (s statement, err error) {
	if n.kind != kindObject {
		return s, n.wrong("a statement, which is an object", n.kind.String())
	}
	for _, name := range []string{"Principal", "NotPrincipal"} {
		if n.get(name) != nil {
			return s, n.wrong(fmt.Sprintf("no %q: the policy of a key is about that key", name), "one")
		}
	}
	if err := n.only("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil {
		return s, err
	}
	if s.sid, err = n.label("Sid"); err != nil {
		return s, err
	}
	effect, err := n.oneOf("Effect", true, string(Allow), string(Deny))
	if err != nil {
		return s, err
	}
	s.effect = Effect(effect)
	if s.actions, err = n.patterns("Action", "NotAction", parseAction); err != nil {
		return s, err
	}
	if s.resources, err = n.patterns("Resource", "NotResource", func(v *node) (template, error) { return parseResource(v, variables) }); err != nil {
		return s, err
	}
	if c := n.get("Condition"); c != nil {
		s.conditions, err = parseConditions(c, variables)
	}
	return s, err
}

// oneOf reads a member that has one of some values; "" where it is absent and may be.
func (n *node) oneOf(name string, needed bool, values ...string) (string, error) {
	want := fmt.Sprintf("%q", values[0])
	for _, v := range values[1:] {
		want += fmt.Sprintf(" or %q", v)
	}
	m := n.get(name)
	switch {
	case m == nil && needed:
		return "", n.wrong(fmt.Sprintf("%q: %s", name, want), "none")
	case m == nil:
		return "", nil
	case m.kind != kindString:
		return "", m.wrong(want, m.kind.String())
	}
	for _, v := range values {
		if m.text == v {
			return v, nil
		}
	}
	return "", m.wrong(want, quoted(m.text))
}

// label reads a member that is a name for people, which may be absent.
func (n *node) label(name string) (string, error) {
	const longest = 256
	m := n.get(name)
	switch {
	case m == nil:
		return "", nil
	case m.kind != kindString:
		return "", m.wrong("a string", m.kind.String())
	case len(m.text) > longest:
		return "", m.wrong(fmt.Sprintf("at most %d bytes", longest), fmt.Sprint(len(m.text)))
	}
	return m.text, nil
}

// patterns reads an element or its opposite: exactly one of the two.
func (n *node) patterns(name, not string, parse func(*node) (template, error)) (patterns, error) {
	is, isNot := n.get(name), n.get(not)
	switch {
	case is == nil && isNot == nil:
		return patterns{}, n.wrong(fmt.Sprintf("%q or %q", name, not), "neither")
	case is != nil && isNot != nil:
		return patterns{}, n.wrong(fmt.Sprintf("%q or %q", name, not), "both")
	}
	p := patterns{element: name}
	m := is
	if is == nil {
		p.element, p.not, m = not, true, isNot
	}
	values, err := m.oneOrMore("strings")
	if err != nil {
		return p, err
	}
	for _, v := range values {
		if v.kind != kindString {
			return p, v.wrong("a string", v.kind.String())
		}
		t, err := parse(v)
		if err != nil {
			return p, err
		}
		p.list = append(p.list, t)
	}
	return p, nil
}

// oneOrMore returns the values of a list, or the one value that stands in its place.
func (n *node) oneOrMore(what string) ([]*node, error) {
	if n.kind != kindList {
		return []*node{n}, nil
	}
	if len(n.items) == 0 {
		return nil, n.wrong("one or more "+what, "an empty list")
	}
	return n.items, nil
}

// parseAction reads the name of an action, such as transcribe:StartStreamTranscription, or a pattern of such names.
func parseAction(n *node) (template, error) {
	const want = `"*" or a service, ":" and the name of an action in which * and ? stand for others`
	if n.text == "*" {
		return plain("*", true), nil
	}
	service, name, ok := strings.Cut(n.text, ":")
	if !ok || !isWord(service, "-") || !isWord(name, "*?") {
		return template{}, n.wrong(want, quoted(n.text))
	}
	return plain(n.text, true), nil
}

// parseResource reads "*" or the pattern of an ARN.
func parseResource(n *node, variables bool) (template, error) {
	if n.text == "*" {
		return plain("*", false), nil
	}
	return parseARN(n, variables)
}

// arnParts is how many parts an ARN has: arn:partition:service:region:account:resource, the last with colons of its own.
const arnParts = 6

func parseARN(n *node, variables bool) (template, error) {
	t, err := parseTemplate(n, variables, true)
	if err != nil {
		return t, err
	}
	t.segments = t.split()
	if len(t.segments) != arnParts || string(t.segments[0].pattern) != "arn" {
		return t, n.wrong(`"*" or an ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, in whose parts * and ? stand for others`, quoted(n.text))
	}
	return t, nil
}

// isWord reports whether s is one or more ASCII letters, digits and characters of others.
func isWord(s, others string) bool {
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(others, r):
		default:
			return false
		}
	}
	return s != ""
}
