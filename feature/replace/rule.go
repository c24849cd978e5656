package replace

import (
	"fmt"
	"slices"
	"strconv"

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

// rule finds what to replace in a text, ordered and without overlap. What it costs is taken from the work that is left; a rule for which
// that is not enough replaces nothing.
type rule interface {
	edits(s *subject, w *work) []edit
}

// edit replaces text[from:to].
type edit struct {
	from, to int
	with     string
}

// The bounds of what rules may ask for.
const (
	maxRules   = 2000
	maxSources = 64 << 10 // bytes of all searches, patterns and replacements together
	maxWith    = 1 << 10  // bytes of a replacement, so that it fits into maxText with something beside it
	maxText    = 2 << 10  // bytes that rules may make of any segment; of a longer one, twice its length
	maxEdits   = 5000     // matches of one rule in one segment
	// maxSteps is how much work there may be for one event, whatever the rules: see work. It is 20 to 40 ms of a processor.
	maxSteps = 1 << 20
	// maxWeight bounds a pattern, and maxWeights all of some rules; see weight.
	maxWeight  = 1000
	maxWeights = 10000
)

// allowance is what rules may still ask for.
type allowance struct{ weight, source int }

// Compile makes rules ready. The error is Invalid and names the rule and the field.
func Compile(rules []Rule) (*Rules, error) {
	if len(rules) > maxRules {
		return nil, stt.InvalidOption("rules", strconv.Itoa(len(rules)), fmt.Sprintf("%d at most", maxRules))
	}
	all, left := &Rules{}, allowance{weight: maxWeights, source: maxSources}
	for i := range rules {
		if left.source -= rules[i].size(); left.source < 0 {
			return nil, &stt.Error{Code: stt.Invalid, Option: "rules", Msg: fmt.Sprintf("the texts of all rules together have more than %d bytes; rules[%d] is one too many", maxSources, i)}
		}
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

// size is how many bytes the texts of a rule have.
func (r *Rule) size() int {
	n := len(r.Search) + len(r.Pattern) + len(r.Replacement)
	for _, with := range r.Groups {
		n += len(with)
	}
	return n
}

// compile makes one rule ready.
func compile(r *Rule, left *allowance) (rule, error) {
	if len(r.Replacement) > maxWith {
		return nil, tooLong("replacement", r.Replacement)
	}
	if r.Kind == Exact {
		return exact(r)
	}
	p, err := pattern(r, left)
	if err != nil {
		return nil, err
	}
	switch r.Kind {
	case Regex:
		return newRegexRule(r, p)
	case RegexGroup:
		return newGroupRule(r, p)
	}
	return nil, &stt.Error{Code: stt.Invalid, Option: "kind", Msg: fmt.Sprintf("is %q; expected exact, regex or regex_group", r.Kind)}
}

func tooLong(option, with string) error {
	return &stt.Error{Code: stt.Invalid, Option: option, Msg: fmt.Sprintf("has a text of %d bytes; expected %d at most", len(with), maxWith)}
}

// regexRule replaces all that a pattern matches.
type regexRule struct {
	pattern *program
	with    template
}

func newRegexRule(r *Rule, p *program) (rule, error) {
	with, highest, err := parseTemplate(r.Replacement, p.groups)
	if err != nil {
		return nil, err
	}
	p.slots = 2 * (highest + 1) // of no other group anybody asks where it is
	return &regexRule{p, with}, nil
}

func (r *regexRule) edits(s *subject, w *work) []edit {
	var edits []edit
	done, size := 0, 0 // of the text, and what it has become
	w.each(r.pattern, s.text, func(at []int) bool {
		w.left -= stepsOfEdit + len(r.with)
		size += at[0] - done + r.with.size(at)
		if done = at[1]; size > w.room { // before it is written: a few letters can stand for a thousand times as much
			edits = nil
			return false
		}
		edits = append(edits, edit{at[0], at[1], r.with.expand(s.text, at)})
		return len(edits) < maxEdits
	})
	return edits
}

// groupRule replaces groups of what a pattern matches; what is between them stays.
type groupRule struct {
	pattern *program
	groups  []group // by number
}

type group struct {
	n    int
	with string
}

func newGroupRule(r *Rule, p *program) (rule, error) {
	g := &groupRule{pattern: p}
	for key, with := range r.Groups {
		n, err := strconv.Atoi(key)
		switch {
		case err != nil || n < 1 || n > p.groups:
			return nil, &stt.Error{Code: stt.Invalid, Option: "groupReplacements", Msg: fmt.Sprintf("has %q; %s", key, groupsText(p.groups))}
		case len(with) > maxWith:
			return nil, tooLong("groupReplacements", with)
		}
		g.groups = append(g.groups, group{n, with})
	}
	if len(g.groups) == 0 {
		return nil, &stt.Error{Code: stt.Invalid, Option: "groupReplacements", Msg: "is empty; expected texts by the number of their group"}
	}
	slices.SortFunc(g.groups, func(a, b group) int { return a.n - b.n })
	p.slots = 2 * (g.groups[len(g.groups)-1].n + 1)
	return g, nil
}

// groupsText says which groups a pattern has.
func groupsText(n int) string {
	switch n {
	case 0:
		return "the pattern has no groups"
	case 1:
		return "the pattern has one group"
	}
	return fmt.Sprintf("the pattern has the groups 1 to %d", n)
}

func (r *groupRule) edits(s *subject, w *work) []edit {
	var edits []edit
	w.each(r.pattern, s.text, func(at []int) bool {
		w.left -= stepsOfEdit * len(r.groups)
		first := len(edits)
		for _, g := range r.groups {
			if from, to := at[2*g.n], at[2*g.n+1]; from >= 0 {
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
		return len(edits) < maxEdits
	})
	return edits
}
