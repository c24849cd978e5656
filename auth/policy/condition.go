package policy

import (
	"fmt"
	"strings"
)

// condition is one key of one operator: it must hold.
type condition struct {
	op     operator
	key    key
	values []operand
}

// parseConditions reads the operators of a Condition, and the keys of each.
func parseConditions(n *node, variables bool) ([]condition, error) {
	if n.kind != kindObject {
		return nil, n.wrong("an object: operator, key, values", n.kind.String())
	}
	var all []condition
	for i, name := range n.names {
		op, ok := operatorNamed(name)
		if !ok {
			return nil, n.wrong("one of the operators "+operatorNames(), quoted(name))
		}
		of, err := parseKeys(n.items[i], op, variables)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// parseKeys reads what an operator is to compare.
func parseKeys(n *node, op operator, variables bool) ([]condition, error) {
	switch {
	case n.kind != kindObject:
		return nil, n.wrong("an object: key, values", n.kind.String())
	case len(n.names) == 0:
		return nil, n.wrong("a condition key", "none")
	}
	var all []condition
	for i, name := range n.names {
		k, ok := keyNamed(name)
		switch {
		case !ok:
			return nil, n.wrong("a condition key that this server has values for, which are "+strings.Join(keyNames(true), ", "), quoted(name))
		case k.of&op.of == 0:
			return nil, n.wrong("a key that "+op.base+" can compare", quoted(name))
		case op.set == forAll && !k.multi:
			return nil, n.wrong("no ForAllValues:, which holds where there is no value, for a key that has one value", quoted(name))
		}
		for _, before := range all {
			if sameFold(before.key.written, name) {
				return nil, n.wrong("each key once, whatever its letters' case", quoted(name)+" twice")
			}
		}
		c := condition{op: op, key: k}
		values, err := n.items[i].oneOrMore("values")
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			o, err := parseOperand(v, &c, variables)
			if err != nil {
				return nil, err
			}
			c.values = append(c.values, o)
		}
		all = append(all, c)
	}
	return all, nil
}

func parseOperand(v *node, c *condition, variables bool) (o operand, err error) {
	switch v.kind {
	case kindString, kindNumber, kindBool:
	default:
		return o, v.wrong("a string, a number, true or false", v.kind.String())
	}
	if c.op.read != nil {
		o.template = template{written: v.text}
		if want := c.op.read(&o); want != "" {
			return o, v.wrong(want, quoted(v.text))
		}
		return o, nil
	}
	if c.op.of == arns {
		if v.kind != kindString {
			return o, v.wrong("a string", v.kind.String())
		}
		o.template, err = parseResource(v, variables)
		return o, err
	}
	o.template, err = parseTemplate(v, variables, c.op.wild)
	return o, err
}

// holds reports whether the condition is met. What cannot be told counts against the caller: where several values stand for
// a key that should have one, all must compare to allow and one is enough to deny; and a negated comparison that could not be
// made allows nothing.
func (c *condition) holds(effect Effect, ctx Context) bool {
	values := ctx.values(c.key.written)
	if c.op.base == nullOperator {
		for i := range c.values {
			if c.values[i].yes == (len(values) == 0) {
				return true
			}
		}
		return false
	}
	all := c.op.set == forAll || c.op.set == single && effect == Allow
	if len(values) == 0 {
		return c.op.ifExists || c.op.set == forAll || c.op.set == single && c.op.negated
	}
	for _, v := range values {
		if c.compares(v, effect, ctx) != all {
			return !all
		}
	}
	return all
}

// compares reports whether one value does what the operator asks for.
func (c *condition) compares(value string, effect Effect, ctx Context) bool {
	sure := true
	for i := range c.values {
		ok, known := c.op.compare(value, &c.values[i], ctx)
		if ok {
			return !c.op.negated
		}
		sure = sure && known
	}
	return c.op.negated && (sure || effect == Deny)
}

// where names the condition as errors do.
func (c *condition) where() string {
	return fmt.Sprintf("Condition.%s.%q", c.op.name, c.key.written)
}
