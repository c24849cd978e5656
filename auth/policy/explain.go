package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Decision is an outcome and the reasons for it.
type Decision struct {
	Outcome    Outcome
	Statements []Finding // one for each statement of the policy, in its order
}

// Finding is what one statement has to say about a request.
type Finding struct {
	Number  int // of the statement, from 0, as errors count them
	Sid     string
	Effect  Effect
	Applies bool
	Why     string // it does not apply; empty where it does
}

// Allowed reports whether the request is allowed.
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

// String returns some lines of text for people: the outcome and what decided it, and each statement.
func (d Decision) String() string {
	var out strings.Builder
	switch d.Outcome {
	case Allowed:
		out.WriteString("allowed: a statement allows it and none denies it")
	case Denied:
		out.WriteString("denied: a statement denies it, whatever others allow")
	default:
		out.WriteString("denied: no statement allows it")
	}
	for _, f := range d.Statements {
		fmt.Fprintf(&out, "\n  %s", f)
	}
	return out.String()
}

// String returns a line of text for people.
func (f Finding) String() string {
	name := fmt.Sprintf("Statement[%d]", f.Number)
	if f.Sid != "" {
		name += fmt.Sprintf(" %q", f.Sid)
	}
	if f.Applies {
		return fmt.Sprintf("%s, %s: applies", name, f.Effect)
	}
	return fmt.Sprintf("%s, %s: does not apply: %s", name, f.Effect, f.Why)
}

// Explain returns what [Policy.Decide] does, with the reasons.
func (p Policy) Explain(r Request) Decision {
	d := Decision{Outcome: p.Decide(r)}
	for i := range p.statements {
		s := &p.statements[i]
		o := s.obstacle(&r)
		d.Statements = append(d.Statements, Finding{Number: i, Sid: s.sid, Effect: s.effect, Applies: o.none(), Why: o.explain(r.Context)})
	}
	return d
}

// explain returns the obstacle as text, or "" for none.
func (o obstacle) explain(ctx Context) string {
	switch {
	case o.patterns != nil && o.patterns.not:
		return fmt.Sprintf("%s has %s, or a variable without a value", o.patterns.element, quoted(o.value))
	case o.patterns != nil:
		return fmt.Sprintf("%s does not have %s", o.patterns.element, quoted(o.value))
	case o.condition != nil:
		return o.condition.explain(ctx)
	}
	return ""
}

func (c *condition) explain(ctx Context) string {
	values := ctx.values(c.key.written)
	if len(values) == 0 {
		return c.where() + " does not hold: the request has no value for it"
	}
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = quoted(v)
	}
	return fmt.Sprintf("%s does not hold: the value is %s", c.where(), strings.Join(shown, ", "))
}

// Idle returns the patterns of actions in the policy that describe none of some actions, with their places: most likely there is a
// slip in their names.
func (p Policy) Idle(actions []string) []string {
	var idle []string
	for i := range p.statements {
		s := &p.statements[i]
		for _, t := range s.actions.list {
			if !slices.ContainsFunc(actions, func(a string) bool { return matches(t.pattern, a, t.fold) }) {
				idle = append(idle, fmt.Sprintf("Statement[%d].%s: %s", i, s.actions.element, quoted(t.written)))
			}
		}
	}
	return idle
}
