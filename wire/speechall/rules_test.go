package speechall

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

var rulesets = []struct {
	name, body string
	want       Ruleset
	option     string
}{
	{name: "the sheet's", body: `{"name":"demo","rules":[{"kind":"exact","search":"colour","replacement":"color"},
		{"kind":"regex","pattern":"\\b(\\d{3})-(\\d{4})\\b","replacement":"[$2]","flags":["i"]},
		{"kind":"regex_group","pattern":"ID: (\\d+), (.+)","groupReplacements":{"1":"#"}}]}`,
		want: Ruleset{Name: "demo", Rules: []Rule{{Kind: "exact", Search: "colour", Replacement: "color"},
			{Kind: "regex", Pattern: `\b(\d{3})-(\d{4})\b`, Replacement: "[$2]", Flags: []string{"i"}},
			{Kind: "regex_group", Pattern: `ID: (\d+), (.+)`, Groups: map[string]string{"1": "#"}}}}},
	{name: "n8n's", body: `{"name":"n","rules":[{"kind":"exact","search":"a","replacement":"","caseSensitive":true},{"kind":"regex","pattern":"a","replacement":"b","flags":[]}]}`,
		want: Ruleset{Name: "n", Rules: []Rule{{Kind: "exact", Search: "a", CaseSensitive: true}, {Kind: "regex", Pattern: "a", Replacement: "b"}}}},
	{name: "kept", body: `{"id":"7","name":"n","rules":[{"kind":"exact","search":"a","replacement":"b"}]}`,
		want: Ruleset{ID: "7", Name: "n", Rules: []Rule{{Kind: "exact", Search: "a", Replacement: "b"}}}},
	{name: "no name", body: `{"rules":[{"kind":"exact","search":"a","replacement":"b"}]}`, option: "name"},
	{name: "long name", body: fmt.Sprintf(`{"name":"%s","rules":[]}`, strings.Repeat("n", MaxRulesName+1)), option: "name"},
	{name: "no rules", body: `{"name":"n"}`, option: "rules"},
	{name: "without rules", body: `{"name":"n","rules":[]}`, option: "rules"},
	{name: "rules of another kind", body: `{"name":"n","rules":{}}`, option: "rules"},
	{name: "many rules", body: `{"name":"n","rules":[` + strings.Repeat(`{},`, MaxRules) + `{}]}`, option: "rules"},
	{name: "kind", body: `{"name":"n","rules":[{"kind":"fuzzy"}]}`, option: "rules[0].kind"},
	{name: "a null", body: `{"name":"n","rules":[null]}`, option: "rules[0]"},
	{name: "no replacement", body: `{"name":"n","rules":[{"kind":"exact","search":"a","replacement":"b"},{"kind":"exact","search":"a"}]}`, option: "rules[1].replacement"},
	{name: "empty pattern", body: `{"name":"n","rules":[{"kind":"regex","pattern":"","replacement":"a"}]}`, option: "rules[0].pattern"},
	{name: "flag", body: `{"name":"n","rules":[{"kind":"regex","pattern":"a","replacement":"a","flags":["g"]}]}`, option: "rules[0].flags"},
	{name: "flags in one", body: `{"name":"n","rules":[{"kind":"regex","pattern":"a","replacement":"a","flags":["im"]}]}`, option: "rules[0].flags"},
	{name: "no groups", body: `{"name":"n","rules":[{"kind":"regex_group","pattern":"(a)"}]}`, option: "rules[0].groupReplacements"},
	{name: "group zero", body: `{"name":"n","rules":[{"kind":"regex_group","pattern":"(a)","groupReplacements":{"0":"x"}}]}`, option: "rules[0].groupReplacements"},
	{name: "long", body: fmt.Sprintf(`{"name":"n","rules":[{"kind":"exact","search":"a","replacement":"%s"}]}`, strings.Repeat("r", MaxReplacement+1)), option: "rules[0].replacement"},
	{name: "long group", body: fmt.Sprintf(`{"name":"n","rules":[{"kind":"regex_group","pattern":"(a)","groupReplacements":{"1":"%s"}}]}`, strings.Repeat("r", MaxReplacement+1)), option: "rules[0].groupReplacements"},
	{name: "long search", body: fmt.Sprintf(`{"name":"n","rules":[{"kind":"exact","search":"%s","replacement":""}]}`, strings.Repeat("r", MaxRuleText+1)), option: "rules[0].search"},
	{name: "long pattern", body: fmt.Sprintf(`{"name":"n","rules":[{"kind":"regex","pattern":"%s","replacement":""}]}`, strings.Repeat("r", MaxRuleText+1)), option: "rules[0].pattern"},
	{name: "as long as may be", body: fmt.Sprintf(`{"name":"n","rules":[{"kind":"exact","search":"%s","replacement":"%s"}]}`, strings.Repeat("s", MaxRuleText), strings.Repeat("r", MaxReplacement)),
		want: Ruleset{Name: "n", Rules: []Rule{{Kind: "exact", Search: strings.Repeat("s", MaxRuleText), Replacement: strings.Repeat("r", MaxReplacement)}}}},
	{name: "long together", body: longRules(MaxRulesText/MaxRuleText, `{"kind":"exact","search":"a","replacement":""}`), option: "rules"},
	{name: "long with groups", body: longRules(MaxRulesText/MaxRuleText-1, `{"kind":"regex_group","pattern":"a","groupReplacements":{"1":"`+strings.Repeat("a", 800)+`","2":"`+strings.Repeat("b", 800)+`","3":"`+strings.Repeat("c", 800)+
		`","4":"`+strings.Repeat("d", 800)+`","5":"`+strings.Repeat("e", 900)+`"}}`), option: "rules"},
	{name: "many flags", body: `{"name":"n","rules":[{"kind":"regex","pattern":"a","replacement":"a","flags":["i"` + strings.Repeat(`,"i"`, maxFlags) + `]}]}`, option: "rules[0].flags"},
}

// longRules are so many rules that are each as long as one may be, and one more.
func longRules(n int, more string) string {
	one := fmt.Sprintf(`{"kind":"exact","search":"%s","replacement":""},`, strings.Repeat("a", MaxRuleText))
	return `{"name":"n","rules":[` + strings.Repeat(one, n) + more + `]}`
}

func TestRulesets(t *testing.T) {
	for _, c := range rulesets {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseRuleset([]byte(c.body))
			if c.option != "" {
				fault(t, err, c.option)
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v; expected %+v", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"", "[]", `{"name":1}`, "{"} {
		if _, err := ParseRuleset([]byte(bad)); stt.CodeOf(err) != stt.Malformed {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzRuleset(f *testing.F) {
	for _, c := range rulesets {
		if len(c.body) < 1<<10 {
			f.Add(c.body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		s, err := ParseRuleset([]byte(body))
		if err != nil {
			if ErrorOf(err).Status != 400 {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRuleset(b)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%+v became %+v, %v", s, again, err)
		}
	})
}
