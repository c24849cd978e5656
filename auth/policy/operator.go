package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// operator is how a condition compares.
type operator struct {
	name    string // as it stands in the policy
	base    string // without what stands before and behind it
	of      domain // the keys that it can compare
	wild    bool   // * and ? in its values stand for others
	negated bool   // it holds where none of its values compares
	read    func(o *operand) (want string)
	compare comparison

	set      quantifier
	ifExists bool // it holds where the key has no value
}

// comparison reports whether a value is what an operand asks for. known is false where that cannot be told: the value is
// nothing of the kind, or a variable of the operand has no value.
type comparison func(value string, o *operand, c Context) (ok, known bool)

// quantifier says which of the values of a key must compare.
type quantifier uint8

const (
	single quantifier = iota // the key has one
	forAll
	forAny
)

const (
	forAllPrefix   = "ForAllValues:"
	forAnyPrefix   = "ForAnyValue:"
	ifExistsSuffix = "IfExists"
	nullOperator   = "Null"
)

// operand is a value that a condition compares with, as its operator needs it.
type operand struct {
	template
	number float64
	when   time.Time
	net    netip.Prefix
	yes    bool
}

// operators is the table of all of them.
func operators() []operator {
	everything := texts | numbers | dates | booleans | addresses | arns
	all := []operator{
		{base: "StringEquals", of: everything, compare: equalText},
		{base: "StringNotEquals", of: everything, compare: equalText, negated: true},
		{base: "StringEqualsIgnoreCase", of: everything, compare: equalFold},
		{base: "StringNotEqualsIgnoreCase", of: everything, compare: equalFold, negated: true},
		{base: "StringLike", of: everything, compare: likeText, wild: true},
		{base: "StringNotLike", of: everything, compare: likeText, wild: true, negated: true},
		{base: "Bool", of: booleans, read: readBool, compare: equalBool},
		{base: "IpAddress", of: addresses, read: readPrefix, compare: inPrefix},
		{base: "NotIpAddress", of: addresses, read: readPrefix, compare: inPrefix, negated: true},
		{base: "ArnEquals", of: arns, compare: likeText, wild: true},
		{base: "ArnNotEquals", of: arns, compare: likeText, wild: true, negated: true},
		{base: "ArnLike", of: arns, compare: likeText, wild: true},
		{base: "ArnNotLike", of: arns, compare: likeText, wild: true, negated: true},
		{base: nullOperator, of: everything, read: readBool},
	}
	for _, o := range []struct {
		name    string
		negated bool
		holds   func(order int) bool
	}{
		{"Equals", false, func(order int) bool { return order == 0 }},
		{"NotEquals", true, func(order int) bool { return order == 0 }},
		{"LessThan", false, func(order int) bool { return order < 0 }},
		{"LessThanEquals", false, func(order int) bool { return order <= 0 }},
		{"GreaterThan", false, func(order int) bool { return order > 0 }},
		{"GreaterThanEquals", false, func(order int) bool { return order >= 0 }},
	} {
		all = append(all,
			operator{base: "Numeric" + o.name, of: numbers, negated: o.negated, read: readNumber, compare: compareNumbers(o.holds)},
			operator{base: "Date" + o.name, of: dates, negated: o.negated, read: readDate, compare: compareDates(o.holds)})
	}
	return all
}

// operatorNamed returns the operator that a name in a policy stands for.
func operatorNamed(name string) (operator, bool) {
	base, set := name, single
	if rest, ok := strings.CutPrefix(name, forAllPrefix); ok {
		base, set = rest, forAll
	} else if rest, ok := strings.CutPrefix(name, forAnyPrefix); ok {
		base, set = rest, forAny
	}
	base, ifExists := strings.CutSuffix(base, ifExistsSuffix)
	for _, o := range operators() {
		if o.base == base && (base != nullOperator || set == single && !ifExists) {
			o.name, o.set, o.ifExists = name, set, ifExists
			return o, true
		}
	}
	return operator{}, false
}

// operatorNames lists the operators, for errors.
func operatorNames() string {
	var all []string
	for _, o := range operators() {
		all = append(all, o.base)
	}
	return strings.Join(all, ", ") + ", all but Null also with IfExists behind and with ForAnyValue: or ForAllValues: before"
}

func equalText(value string, o *operand, c Context) (ok, known bool) {
	want, known := o.literal(c)
	return known && value == want && utf8.ValidString(value), known
}

func equalFold(value string, o *operand, c Context) (ok, known bool) {
	want, known := o.literal(c)
	return known && sameLetters(value, want) && utf8.ValidString(value), known
}

// sameLetters compares without regard to the case of ASCII's letters, and of no others: those that look alike, such as K and the sign
// for Kelvin, would let somebody in by another's name.
func sameLetters(a, b string) bool {
	lower := func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func likeText(value string, o *operand, c Context) (ok, known bool) { return o.match(value, c) }

func readBool(o *operand) (want string) {
	switch strings.ToLower(o.written) {
	case "true":
		o.yes = true
	case "false":
	default:
		return "true or false"
	}
	return ""
}

func equalBool(value string, o *operand, _ Context) (ok, known bool) {
	yes := strings.EqualFold(value, "true")
	known = yes || strings.EqualFold(value, "false")
	return known && yes == o.yes, known
}

func readNumber(o *operand) (want string) {
	var ok bool
	if o.number, ok = parseNumber(o.written); !ok {
		return "a decimal number"
	}
	return ""
}

// parseNumber takes what JSON takes for a number, and no more of what Go does.
func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func compareNumbers(holds func(order int) bool) comparison {
	return func(value string, o *operand, _ Context) (ok, known bool) {
		number, known := parseNumber(value)
		order := 0
		switch {
		case number < o.number:
			order = -1
		case number > o.number:
			order = 1
		}
		return known && holds(order), known
	}
}

func readDate(o *operand) (want string) {
	var ok bool
	if o.when, ok = parseDate(o.written); !ok {
		return "a date such as 2026-01-31T12:00:00Z or 2026-01-31, or seconds since 1970"
	}
	return ""
}

func parseDate(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 42); err == nil {
		return time.Unix(seconds, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func compareDates(holds func(order int) bool) comparison {
	return func(value string, o *operand, _ Context) (ok, known bool) {
		when, known := parseDate(value)
		return known && holds(when.Compare(o.when)), known
	}
}

func readPrefix(o *operand) (want string) {
	const expected = "an address or a range such as 192.0.2.0/24 or 2001:db8::/32"
	if addr, err := netip.ParseAddr(o.written); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		o.net = netip.PrefixFrom(addr, addr.BitLen())
		return ""
	}
	p, err := netip.ParsePrefix(o.written)
	if err != nil {
		return expected
	}
	if p.Addr().Is4In6() {
		const mapped = 96 // bits before the IPv4 address
		if p.Bits() < mapped {
			return expected
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	o.net = p.Masked()
	return ""
}

func inPrefix(value string, o *operand, _ Context) (ok, known bool) {
	addr, err := netip.ParseAddr(value)
	return err == nil && o.net.Contains(addr.Unmap().WithZone("")), err == nil
}
