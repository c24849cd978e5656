package replace

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// pattern compiles the pattern of a rule.
func pattern(r *Rule, left *allowance) (*program, error) {
	source, flags := r.Pattern, ""
	for _, f := range r.Flags {
		switch f {
		case "i", "m", "s":
			if !strings.Contains(flags, f) {
				flags += f
			}
		case "x":
		case "u":
		default:
			return nil, &stt.Error{Code: stt.Invalid, Option: "flags", Msg: fmt.Sprintf("has %q; expected i, m, s, x or u", f)}
		}
	}
	if slices.Contains(r.Flags, "x") {
		source = dense(source)
	}
	if source == "" {
		return nil, &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: "is empty; expected a pattern"}
	}
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	// What it weighs in letters alone is asked first: some of them take long to be read.
	if err := left.take(classes(source)); err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, unreadable(err)
	}
	if err := left.take(weight(tree)); err != nil {
		return nil, err
	}
	p, err := newProgram(tree)
	if err != nil {
		return nil, unreadable(err)
	}
	return p, nil
}

// take takes a pattern's weight from what is left.
func (a *allowance) take(weight int) error {
	a.weight -= weight
	switch {
	case weight > maxWeight:
		return &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("stands for more than %d characters once its repetitions and ranges are written out; expected a simpler one", maxWeight)}
	case a.weight < 0:
		return &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("is one too many: all patterns together stand for more than %d characters", maxWeights)}
	}
	return nil
}

func unreadable(err error) error {
	return &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("cannot be compiled: %v; patterns are RE2, without look-around and references back", err)}
}

// weight is about how large a compiled pattern is: its length with all repetitions written out. A few characters can stand for many.
func weight(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n = min(n+weight(sub), maxWeight+1)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxWeight+1) // no more matters, and no more would overflow
}

// What classes of characters weigh, each about a hundredth of a millisecond.
const (
	classWeight = 40           // \pL has some 650 ranges
	foldRange   = 200          // as many characters of a range weigh one where case is ignored: package syntax looks at each
	foldEnd     = '\U0001E943' // the last character that has case
)

// classes is what the classes of a pattern weigh: some of them take much time and memory to be read. It looks at letters and not at what they
// mean where they stand, so that it can err only to the safe side.
func classes(source string) int {
	n := (strings.Count(source, `\p`) + strings.Count(source, `\P`)) * classWeight
	if !ignoresCase(source) {
		return n
	}
	for i, c := range source {
		if c == '-' {
			n += int(min(upTo(source[i+1:]), foldEnd)) / foldRange
		}
	}
	return n
}

// ignoresCase reports whether a part of a pattern may ignore case.
func ignoresCase(source string) bool {
	for _, flags := range strings.Split(source, "(?")[1:] {
		for i := 0; i < len(flags) && (flags[i] >= 'A' && flags[i] <= 'Z' || flags[i] >= 'a' && flags[i] <= 'z'); i++ {
			if flags[i] == 'i' {
				return true
			}
		}
	}
	return false
}

// upTo is the character that a range ends with, or a later one.
func upTo(source string) rune {
	code, hex := strings.CutPrefix(source, `\x`)
	if !hex {
		r, size := utf8.DecodeRuneInString(source)
		if r == '\\' { // what is escaped is below
			r = unicode.MaxLatin1 << 1 // as are three octal digits
		}
		if size == 0 {
			return 0
		}
		return r
	}
	if code, hex = strings.CutPrefix(code, "{"); !hex {
		return unicode.MaxLatin1
	}
	code, _, _ = strings.Cut(code, "}")
	r, err := strconv.ParseUint(code, 16, 31)
	if err != nil {
		return unicode.MaxRune
	}
	return rune(r)
}

// dense takes white space and comments out of a pattern, but where they are escaped or in a class.
func dense(source string) string {
	var b strings.Builder
	class, comment, escaped := false, false, false
	for _, r := range source {
		switch {
		case comment:
			comment = r != '\n'
			continue
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case class:
			class = r != ']'
		case r == '[':
			class = true
		case r == '#':
			comment = true
			continue
		case unicode.IsSpace(r):
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
