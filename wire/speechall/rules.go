package speechall

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// The kinds of replacement rules.
const (
	RuleExact      = "exact"       // Search becomes Replacement
	RuleRegex      = "regex"       // what Pattern matches becomes Replacement, in which $1 is a group
	RuleRegexGroup = "regex_group" // groups of what Pattern matches are replaced
)

// Rule is one replacement rule. Which fields mean something depends on Kind.
type Rule struct {
	Kind          string
	Search        string            // exact
	CaseSensitive bool              // exact
	Pattern       string            // regex, regex_group
	Flags         []string          // regex, regex_group: i, m, s, x, u
	Replacement   string            // exact, regex; may be empty
	Groups        map[string]string // regex_group: by the group's number in decimals
}

// Bounds of rulesets. The vendor publishes none.
const (
	MaxRules       = 1000
	MaxRuleText    = 4 << 10  // bytes of a search text or a pattern
	MaxReplacement = 1 << 10  // bytes of a text that something is replaced by
	MaxRulesText   = 64 << 10 // bytes of all texts of all rules
	MaxRulesName   = 256      // bytes of a ruleset's name
	maxFlags       = 10       // of a rule; there are five, and who repeats one is forgiven
)

// Ruleset is a named list of rules, which are applied one after the other.
type Ruleset struct {
	ID    string // given by the server; empty in a request
	Name  string
	Rules []Rule
}

// ruleJSON is a rule as it travels.
type ruleJSON struct {
	Kind          string            `json:"kind"`
	Search        *string           `json:"search,omitempty"`
	CaseSensitive *bool             `json:"caseSensitive,omitempty"`
	Pattern       *string           `json:"pattern,omitempty"`
	Flags         []string          `json:"flags,omitempty"`
	Replacement   *string           `json:"replacement,omitempty"`
	Groups        map[string]string `json:"groupReplacements,omitempty"`
}

// MarshalJSON writes the rule with the fields of its kind.
func (r Rule) MarshalJSON() ([]byte, error) {
	j := ruleJSON{Kind: r.Kind, Flags: r.Flags}
	switch r.Kind {
	case RuleExact:
		j.Search, j.Replacement, j.CaseSensitive, j.Flags = &r.Search, &r.Replacement, &r.CaseSensitive, nil
	case RuleRegex:
		j.Pattern, j.Replacement = &r.Pattern, &r.Replacement
	default:
		j.Pattern, j.Groups = &r.Pattern, r.Groups
	}
	return json.Marshal(j)
}

type rulesetJSON struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// MarshalJSON writes the ruleset as the API has it.
func (s Ruleset) MarshalJSON() ([]byte, error) {
	j := rulesetJSON(s)
	if j.Rules == nil {
		j.Rules = []Rule{}
	}
	return json.Marshal(j)
}

// ParseRuleset reads the body of a request to keep a ruleset. The error is Malformed for what is no JSON object and Invalid,
// naming the field, for anything else. Patterns are not compiled here.
func ParseRuleset(body []byte) (Ruleset, error) {
	var fields struct {
		ID    json.RawMessage `json:"id"`
		Name  *string         `json:"name"`
		Rules json.RawMessage `json:"rules"`
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return Ruleset{}, &stt.Error{Code: stt.Malformed, Op: "parse", Msg: "the body is not a JSON object with a name and rules", Err: err}
	}
	var s Ruleset
	switch {
	case fields.Name == nil || strings.TrimSpace(*fields.Name) == "":
		return s, &stt.Error{Code: stt.Invalid, Option: "name", Want: "a name", Msg: `field "name" must be set`}
	case len(*fields.Name) > MaxRulesName:
		return s, invalid("name", fmt.Sprintf("%d bytes", len(*fields.Name)), fmt.Sprintf("%d bytes at most", MaxRulesName))
	case fields.Rules == nil:
		return s, &stt.Error{Code: stt.Invalid, Option: "rules", Want: "an array of rules", Msg: `field "rules" must be set: an array of one rule or more`}
	}
	rules, err := ParseRules(fields.Rules)
	if err == nil && len(rules) == 0 {
		err = invalid("rules", "an empty array", "one rule or more")
	}
	id, _ := scalar(fields.ID)
	return Ruleset{ID: id, Name: *fields.Name, Rules: rules}, err
}

// ParseRules reads an array of rules; null is one without any. The error is Invalid and names the rule and the field.
func ParseRules(raw []byte) ([]Rule, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, invalid("rules", clip(string(raw)), "an array of rules")
	}
	if len(list) > MaxRules {
		return nil, invalid("rules", fmt.Sprintf("%d rules", len(list)), fmt.Sprintf("%d rules at most", MaxRules))
	}
	var rules []Rule
	size := 0
	for i, raw := range list {
		var j ruleJSON
		if err := json.Unmarshal(raw, &j); err != nil || string(raw) == "null" {
			return nil, invalid(fmt.Sprintf("rules[%d]", i), clip(string(raw)), "a rule: an object with a kind and texts")
		}
		rule, err := j.rule(fmt.Sprintf("rules[%d].", i))
		if err != nil {
			return nil, err
		}
		if size += rule.size(); size > MaxRulesText {
			return nil, &stt.Error{Code: stt.Invalid, Op: "parse", Option: "rules", Want: fmt.Sprintf("%d bytes at most", MaxRulesText),
				Msg: fmt.Sprintf("the texts of all rules together have more than %d bytes; rules[%d] is one too many", MaxRulesText, i)}
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// size is how many bytes the texts of a rule have.
func (r *Rule) size() int {
	n := len(r.Search) + len(r.Pattern) + len(r.Replacement)
	for _, with := range r.Groups {
		n += len(with)
	}
	return n
}

// rule checks that the fields of the kind are there. at is what errors call it.
func (j *ruleJSON) rule(at string) (Rule, error) {
	r := Rule{Kind: j.Kind}
	var err error
	text := func(name string, value *string, needed bool) string {
		most := MaxReplacement
		if needed {
			most = MaxRuleText
		}
		switch {
		case err != nil:
		case value == nil || needed && *value == "":
			err = &stt.Error{Code: stt.Invalid, Option: at + name, Want: "a text", Msg: fmt.Sprintf("field %q must be set for a rule of kind %q", at+name, j.Kind)}
		case len(*value) > most:
			err = invalid(at+name, fmt.Sprintf("%d bytes", len(*value)), fmt.Sprintf("%d bytes at most", most))
		default:
			return *value
		}
		return ""
	}
	switch j.Kind {
	case RuleExact:
		r.Search, r.Replacement = text("search", j.Search, true), text("replacement", j.Replacement, false)
		r.CaseSensitive = j.CaseSensitive != nil && *j.CaseSensitive
		return r, err
	case RuleRegex:
		r.Pattern, r.Replacement = text("pattern", j.Pattern, true), text("replacement", j.Replacement, false)
	case RuleRegexGroup:
		r.Pattern, r.Groups = text("pattern", j.Pattern, true), j.Groups
		if err == nil && len(j.Groups) == 0 {
			err = &stt.Error{Code: stt.Invalid, Option: at + "groupReplacements", Want: "an object", Msg: fmt.Sprintf("field %q must be set: an object from group numbers to texts", at+"groupReplacements")}
		}
	default:
		return r, invalid(at+"kind", clip(j.Kind), "exact, regex or regex_group")
	}
	for key, value := range j.Groups {
		if n, bad := strconv.Atoi(key); err == nil && (bad != nil || n < 1 || n > 99 || strconv.Itoa(n) != key) {
			err = invalid(at+"groupReplacements", clip(key), "numbers of groups, from \"1\"")
		}
		text("groupReplacements", &value, false)
	}
	if err == nil && len(j.Flags) > maxFlags {
		err = invalid(at+"flags", fmt.Sprintf("%d flags", len(j.Flags)), "i, m, s, x or u, each once")
	}
	for _, flag := range j.Flags {
		if err == nil && !strings.Contains("imsxu", flag) || len(flag) != 1 {
			return r, invalid(at+"flags", clip(flag), "i, m, s, x or u")
		}
	}
	if len(j.Flags) > 0 {
		r.Flags = j.Flags
	}
	return r, err
}
