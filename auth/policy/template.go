package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// template is a value of a policy: text, the wildcards in it, and variables that the request gives their values to.
type template struct {
	written  string
	fold     bool       // letters match whatever their case
	pattern  []rune     // where there are no variables
	parts    []piece    // where there are
	segments []template // of the pattern of an ARN, which is matched part by part; nil: of another
}

// piece is a run of a template: a compiled pattern, or a variable.
type piece struct {
	pattern  []rune
	variable string // name of a condition key; empty: the piece is a pattern
	fallback string // the value of a variable without one
	has      bool   // fallback counts
}

// plain returns a template without variables, in which * and ? stand for others.
func plain(s string, fold bool) template {
	return template{written: s, fold: fold, pattern: compile(nil, s, true)}
}

// compile appends a text as a pattern.
func compile(pattern []rune, s string, wild bool) []rune {
	for _, r := range s {
		switch {
		case wild && r == '*':
			if n := len(pattern); n == 0 || pattern[n-1] != anyMany {
				pattern = append(pattern, anyMany)
			}
		case wild && r == '?':
			pattern = append(pattern, anyOne)
		default:
			pattern = append(pattern, r)
		}
	}
	return pattern
}

// parseTemplate reads a text in which variables may stand: ${aws:username}, or ${aws:username, 'somebody'} with what
// counts where there is no value, and ${*}, ${?} and ${$} for the characters themselves. wild says that * and ? outside of
// them are wildcards.
func parseTemplate(n *node, variables, wild bool) (template, error) {
	t := template{written: n.text}
	rest := n.text
	if !strings.Contains(rest, "${") {
		t.pattern = compile(nil, rest, wild)
		return t, nil
	}
	if !variables {
		return t, n.wrong(`no variables, which need "Version": "`+Version+`"`, quoted(n.text))
	}
	var run []rune
	for {
		before, after, found := strings.Cut(rest, "${")
		run = compile(run, before, wild)
		if !found {
			break
		}
		inside, behind, closed := strings.Cut(after, "}")
		if !closed {
			return t, n.wrong("a } behind each ${", quoted(n.text))
		}
		rest = behind
		if inside == "*" || inside == "?" || inside == "$" {
			run = compile(run, inside, false)
			continue
		}
		v, err := parseVariable(n, inside)
		if err != nil {
			return t, err
		}
		if len(run) > 0 {
			t.parts = append(t.parts, piece{pattern: run})
		}
		t.parts, run = append(t.parts, v), nil
	}
	switch {
	case len(t.parts) == 0:
		t.pattern = run
	case len(run) > 0:
		t.parts = append(t.parts, piece{pattern: run})
	}
	return t, nil
}

func parseVariable(n *node, inside string) (piece, error) {
	name, rest, hasDefault := strings.Cut(inside, ",")
	name = strings.Trim(name, " ")
	v := piece{variable: name, has: hasDefault}
	if hasDefault {
		quotedText := strings.Trim(rest, " ")
		inner, open := strings.CutPrefix(quotedText, "'")
		inner, closed := strings.CutSuffix(inner, "'")
		if !open || !closed || strings.Contains(inner, "'") {
			return v, n.wrong("a default in single quotes: ${KEY, 'VALUE'}", quoted(inside))
		}
		v.fallback = inner
	}
	if k, ok := keyNamed(name); !ok || k.multi {
		return v, n.wrong("a variable that is one of "+strings.Join(keyNames(false), ", "), quoted(name))
	}
	return v, nil
}

// resolve returns the pattern with the values of variables in it, which match nothing but themselves. ok is false where a
// variable has no value, or not exactly one.
func (t *template) resolve(c Context) (pattern []rune, ok bool) {
	if t.parts == nil {
		return t.pattern, true
	}
	for _, p := range t.parts {
		if p.variable == "" {
			pattern = append(pattern, p.pattern...)
			continue
		}
		value := p.fallback
		switch values := c.values(p.variable); {
		case len(values) == 1 && utf8.ValidString(values[0]):
			value = values[0]
		case len(values) != 0 || !p.has:
			return nil, false
		}
		pattern = compile(pattern, value, false)
	}
	return pattern, true
}

// match reports whether a value is what the template describes. known is false where a variable has no value: such a template
// describes nothing.
func (t *template) match(value string, c Context) (ok, known bool) {
	if t.segments != nil {
		return t.matchARN(value, c)
	}
	pattern, known := t.resolve(c)
	return known && matches(pattern, value, t.fold), known
}

// matchARN matches part by part, so that a wildcard in one cannot reach into the next.
func (t *template) matchARN(value string, c Context) (ok, known bool) {
	parts := strings.SplitN(value, ":", arnParts)
	ok, known = len(parts) == arnParts, true
	for i := range t.segments {
		pattern, resolved := t.segments[i].resolve(c)
		known = known && resolved
		ok = ok && known && matches(pattern, parts[i], false)
	}
	return ok, known
}

// literal returns the text of a template in which nothing stands for anything else.
func (t *template) literal(c Context) (s string, ok bool) {
	pattern, ok := t.resolve(c)
	return string(pattern), ok
}

// split returns the parts of the pattern of an ARN. Colons that come out of variables divide nothing.
func (t *template) split() []template {
	parts := t.parts
	if parts == nil {
		parts = []piece{{pattern: t.pattern}}
	}
	all := make([]template, 1, arnParts)
	for _, p := range parts {
		if p.variable != "" {
			last := &all[len(all)-1]
			last.parts = append(last.parts, p)
			continue
		}
		for i, run := range cut(p.pattern, arnParts-len(all)) {
			if i > 0 {
				all = append(all, template{})
			}
			last := &all[len(all)-1]
			last.parts = append(last.parts, piece{pattern: run})
		}
	}
	for i := range all {
		all[i].simplify()
	}
	return all
}

// cut divides a pattern at its first colons, n of them at most.
func cut(pattern []rune, n int) [][]rune {
	var all [][]rune
	for range n {
		i := slices.Index(pattern, ':')
		if i < 0 {
			break
		}
		all, pattern = append(all, pattern[:i:i]), pattern[i+1:]
	}
	return append(all, pattern)
}

// simplify makes a template without variables one pattern.
func (t *template) simplify() {
	var whole []rune
	for _, p := range t.parts {
		if p.variable != "" {
			return
		}
		whole = append(whole, p.pattern...)
	}
	t.pattern, t.parts = whole, nil
}
