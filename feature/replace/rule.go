package replace

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// The kinds of rules.
const (
	Exact      = "exact"
	Regex      = "regex"
	RegexGroup = "regex_group"
)

// Rule is one rule. Which fields mean something depends on Kind.
type Rule struct {
	Kind          string
	Search        string            // Exact: the text that is replaced
	CaseSensitive bool              // Exact
	Pattern       string            // Regex, RegexGroup
	Flags         []string          // Regex, RegexGroup: i, m, s, x, u
	Replacement   string            // Exact, Regex; may be empty
	Groups        map[string]string // RegexGroup: by number
}

// Rules are rules that have been compiled. They are immutable and may be shared.
type Rules struct{ rules []rule }

// rule returns what to replace in a text, ordered and without overlap.
type rule func(text string) []edit

// edit replaces text[from:to].
type edit struct {
	from, to int
	with     string
}

// The bounds of what rules may ask for.
const (
	maxRules = 2000
	maxText  = 2 << 10 // bytes that rules may make of any segment; of a longer one, twice its length
	maxEdits = 5000    // matches of one rule in one segment
	// maxWeight bounds a pattern, and maxWeights all of some rules; see weight.
	maxWeight  = 1000
	maxWeights = 10000
)

// Compile makes rules ready. The error is Invalid and names the rule and the field.
func Compile(rules []Rule) (*Rules, error) {
	if len(rules) > maxRules {
		return nil, stt.InvalidOption("rules", strconv.Itoa(len(rules)), fmt.Sprintf("%d at most", maxRules))
	}
	all, left := &Rules{}, maxWeights
	for i := range rules {
		r, err := compile(&rules[i], &left)
		if err != nil {
			e := stt.AsError(err)
			e.Option = fmt.Sprintf("rules[%d].%s", i, e.Option)
			e.Msg = fmt.Sprintf("field %q: %s", e.Option, e.Msg)
			return nil, e
		}
		all.rules = append(all.rules, r)
	}
	return all, nil
}

// compile makes one rule ready. left is what patterns may still weigh.
func compile(r *Rule, left *int) (rule, error) {
	if r.Kind == Exact {
		return exact(r)
	}
	pattern, err := pattern(r, left)
	if err != nil {
		return nil, err
	}
	switch r.Kind {
	case Regex:
		with := template(r.Replacement)
		return func(text string) []edit {
			var edits []edit
			for _, m := range pattern.FindAllStringSubmatchIndex(text, maxEdits) {
				edits = append(edits, edit{m[0], m[1], string(pattern.ExpandString(nil, with, text, m))})
			}
			return edits
		}, nil
	case RegexGroup:
		return groups(r, pattern)
	}
	return nil, &stt.Error{Code: stt.Invalid, Option: "kind", Msg: fmt.Sprintf("is %q; expected exact, regex or regex_group", r.Kind)}
}

// exact finds a text wherever it stands as words of its own: "us" is not in "house". A text that begins or ends with something else
// than a letter or digit has no such border there.
func exact(r *Rule) (rule, error) {
	if r.Search == "" {
		return nil, &stt.Error{Code: stt.Invalid, Option: "search", Msg: "is empty; expected the text to replace"}
	}
	flags := "(?i)"
	if r.CaseSensitive {
		flags = ""
	}
	pattern, err := regexp.Compile(flags + regexp.QuoteMeta(r.Search))
	if err != nil { // bytes that are no UTF-8
		return nil, &stt.Error{Code: stt.Invalid, Option: "search", Msg: "is not valid UTF-8"}
	}
	with := r.Replacement
	return func(text string) []edit {
		var edits []edit
		for at := 0; at < len(text) && len(edits) < maxEdits; {
			m := pattern.FindStringIndex(text[at:])
			if m == nil {
				break
			}
			from, to := at+m[0], at+m[1]
			if border(text, from) && border(text, to) {
				edits = append(edits, edit{from, to, with})
				at = to
				continue
			}
			_, size := utf8.DecodeRuneInString(text[from:])
			at = from + size
		}
		return edits
	}, nil
}

// border reports whether no word goes on at a place in a text. Scripts without spaces have borders everywhere.
func border(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return at == 0 || at == len(text) || !spelled(before) || !spelled(after)
}

func spelled(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// pattern compiles the pattern of a rule.
func pattern(r *Rule, left *int) (*regexp.Regexp, error) {
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
	tree, err := syntax.Parse(source, syntax.Perl)
	if err == nil {
		*left -= weight(tree)
	}
	switch {
	case err == nil && weight(tree) > maxWeight:
		return nil, &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("stands for more than %d characters once its repetitions are written out; expected a simpler one", maxWeight)}
	case *left < 0:
		return nil, &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("is one too many: all patterns together stand for more than %d characters", maxWeights)}
	}
	var p *regexp.Regexp
	if err == nil {
		p, err = regexp.Compile(source)
	}
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Option: "pattern", Msg: fmt.Sprintf("cannot be compiled: %v; patterns are RE2, without look-around and references back", err)}
	}
	return p, nil
}

// weight is about how many steps a pattern takes for a character of the text: its length with all repetitions written out. A few
// characters can stand for many.
func weight(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += weight(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxWeight+1) // no more matters, and no more would overflow
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

// template turns a replacement into that of package regexp, where $1a would be a group named 1a.
func template(with string) string {
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		if with[i] != '$' {
			b.WriteByte(with[i])
			continue
		}
		n := i + 1
		for n < len(with) && n < i+3 && with[n] >= '0' && with[n] <= '9' {
			n++
		}
		switch {
		case n > i+1:
			b.WriteString("${" + with[i+1:n] + "}")
			i = n - 1
		case n < len(with) && with[n] == '$':
			b.WriteString("$$")
			i = n
		default:
			b.WriteString("$$") // a dollar that means nothing
		}
	}
	return b.String()
}

// groups replaces groups of what the pattern matches; what is between them stays.
func groups(r *Rule, pattern *regexp.Regexp) (rule, error) {
	type group struct {
		n    int
		with string
	}
	var all []group
	for key, with := range r.Groups {
		n, err := strconv.Atoi(key)
		if err != nil || n < 1 || n > pattern.NumSubexp() {
			return nil, &stt.Error{Code: stt.Invalid, Option: "groupReplacements", Msg: fmt.Sprintf("has %q; the pattern has the groups 1 to %d", key, pattern.NumSubexp())}
		}
		all = append(all, group{n, with})
	}
	if len(all) == 0 {
		return nil, &stt.Error{Code: stt.Invalid, Option: "groupReplacements", Msg: "is empty; expected texts by the number of their group"}
	}
	slices.SortFunc(all, func(a, b group) int { return a.n - b.n })
	return func(text string) []edit {
		var edits []edit
		for _, m := range pattern.FindAllStringSubmatchIndex(text, maxEdits) {
			first := len(edits)
			for _, g := range all {
				if from, to := m[2*g.n], m[2*g.n+1]; from >= 0 {
					edits = append(edits, edit{from, to, g.with})
				}
			}
			slices.SortStableFunc(edits[first:], func(a, b edit) int { return a.from - b.from })
			// Of groups within each other the outer one is replaced.
			kept := edits[:first]
			for _, e := range edits[first:] {
				if n := len(kept); n > first && e.from < kept[n-1].to {
					continue
				}
				kept = append(kept, e)
			}
			edits = kept
		}
		return edits
	}, nil
}
