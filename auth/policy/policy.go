package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The versions of the language. Without a Version a policy is of the older one, which has no variables.
const (
	Version    = "2012-10-17"
	oldVersion = "2008-10-17"
)

// Policy is a policy that has been understood. It is immutable, and copies share what they hold. The zero value denies
// everything.
type Policy struct {
	version, id string
	statements  []statement
}

// statement is one of a policy's statements.
type statement struct {
	sid        string
	effect     Effect
	actions    patterns
	resources  patterns
	conditions []condition // all must hold
}

// patterns are what an Action, NotAction, Resource or NotResource lists.
type patterns struct {
	element string // its name in the policy
	not     bool   // it applies to what is in none of list
	list    []template
}

// Effect is what a statement does where it applies.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Len returns the number of statements.
func (p Policy) Len() int { return len(p.statements) }

// String says how many statements there are.
func (p Policy) String() string {
	if len(p.statements) == 1 {
		return "policy of 1 statement"
	}
	return fmt.Sprintf("policy of %d statements", len(p.statements))
}

// MarshalJSON returns the policy as [Parse] reads it. It means the same as the text that it was read from, but need not be
// the same: lists are always lists.
func (p Policy) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	if p.version != "" {
		out.WriteString(`"Version":` + text(p.version) + `,`)
	}
	if p.id != "" {
		out.WriteString(`"Id":` + text(p.id) + `,`)
	}
	out.WriteString(`"Statement":[`)
	for i := range p.statements {
		if i > 0 {
			out.WriteByte(',')
		}
		p.statements[i].marshal(&out)
	}
	out.WriteString("]}")
	return out.Bytes(), nil
}

// UnmarshalJSON reads a policy as [Parse] does.
func (p *Policy) UnmarshalJSON(data []byte) error {
	read, err := Parse(data)
	if err != nil {
		return err
	}
	*p = read
	return nil
}

func (s *statement) marshal(out *bytes.Buffer) {
	out.WriteByte('{')
	if s.sid != "" {
		out.WriteString(`"Sid":` + text(s.sid) + `,`)
	}
	out.WriteString(`"Effect":` + text(string(s.effect)))
	for _, p := range []patterns{s.actions, s.resources} {
		out.WriteString("," + text(p.element) + ":")
		marshalList(out, p.list, func(t template) string { return t.written })
	}
	operator := ""
	for i, c := range s.conditions {
		switch {
		case i == 0:
			out.WriteString(`,"Condition":{` + text(c.op.name) + `:{`)
		case c.op.name != operator:
			out.WriteString(`},` + text(c.op.name) + `:{`)
		default:
			out.WriteByte(',')
		}
		operator = c.op.name
		out.WriteString(text(c.key.written) + ":")
		marshalList(out, c.values, func(o operand) string { return o.written })
	}
	if len(s.conditions) > 0 {
		out.WriteString("}}")
	}
	out.WriteByte('}')
}

func marshalList[T any](out *bytes.Buffer, list []T, written func(T) string) {
	out.WriteByte('[')
	for i, v := range list {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(text(written(v)))
	}
	out.WriteByte(']')
}

// text returns a string as JSON.
func text(s string) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string can always be encoded
	return string(bytes.TrimSuffix(out.Bytes(), []byte{'\n'}))
}
