package replace

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// long makes two rules that turn "good morning" into a word of so many letters.
func long(with string, n int) []Rule {
	with = strings.Repeat(with, n)
	return []Rule{{Kind: Regex, Pattern: "good", Replacement: with[:len(with)/2]}, {Kind: Regex, Pattern: " morning", Replacement: with[len(with)/2:]}}
}

// hostile are rules that are accepted and made to cost as much as can be.
var hostile = map[string]struct {
	rules []Rule
	text  string // "good morning", if none is given
	most  int    // steps; 0: all that there are
}{
	// Every place of the text begins a match that ends within a word.
	"exact of one letter": {most: 150000, rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("a", 600), Replacement: "x"}}, 3)...)},
	"exact, many":         {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("a", 55), Replacement: "x"}}, 998)...)},
	"exact, long":         {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("a", 1000), Replacement: "x"}}, 60)...)},
	"exact, beyond ASCII": {rules: append(long("é", 1000), slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("é", 20), Replacement: "x"}}, 998)...)},
	"exact, never whole":  {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("a", 64) + "b", Replacement: "x"}}, 900)...)},
	"exact, all apply":    {text: strings.Repeat("a b ", 500), rules: slices.Repeat([]Rule{{Kind: Exact, Search: "a", Replacement: "b"}, {Kind: Exact, Search: "b", Replacement: "a"}}, 1000)},
	"exact, one applies":  {text: "x " + strings.Repeat("a b ", 500), rules: slices.Repeat([]Rule{{Kind: Exact, Search: "x", Replacement: "y"}, {Kind: Exact, Search: "y", Replacement: "x"}}, 1000)},
	"folds again":         {text: "x " + strings.Repeat("ⱥ é ", 250), rules: slices.Repeat([]Rule{{Kind: Exact, Search: "x", Replacement: "y"}, {Kind: Exact, Search: "y", Replacement: "x"}}, 1000)},
	"exact, long word":    {text: strings.Repeat("a", 30000), rules: []Rule{{Kind: Exact, Search: "aa", Replacement: "b"}, {Kind: Exact, Search: "aaa", Replacement: "b"}}},
	// A pattern that looks at all that is left of the text at each of its places.
	"square":              {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Regex, Pattern: "a.*b|a", Replacement: "a"}}, 500)...)},
	"heavy":               {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Regex, Pattern: "(?:a?){150}a{150}b", Replacement: "x"}}, 10)...)},
	"classes":             {rules: append(long("é", 1000), slices.Repeat([]Rule{{Kind: Regex, Pattern: `(?:\pL?){200}a`, Replacement: "x"}}, 10)...)},
	"groups":              {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Regex, Pattern: strings.Repeat("(a?)", 90), Replacement: "$90"}}, 27)...)},
	"groups, replaced":    {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: RegexGroup, Pattern: strings.Repeat("(a?)", 90), Groups: map[string]string{"1": "b", "90": "a"}}}, 27)...)},
	"written out":         {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Regex, Pattern: "(a*)", Replacement: strings.Repeat("$1", 500)}}, 60)...)},
	"written small":       {rules: append(long("a", 2000), slices.Repeat([]Rule{{Kind: Regex, Pattern: "(a)|()", Replacement: strings.Repeat("$2", 500)}}, 60)...)},
	"everywhere":          {text: strings.Repeat("a ", 1000), rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: "()", Replacement: ""}}, 1000)},
	"each letter":         {text: strings.Repeat("a ", 1000), rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: "(.)", Replacement: "$1"}}, 1000)},
	"more and more":       {rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: "o", Replacement: "oo "}}, 1000)},
	"a text that is long": {text: strings.Repeat("good morning ", 2000), rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: "o", Replacement: "a"}, {Kind: Regex, Pattern: "a", Replacement: "o"}}, 300)},
	"only the beginning":  {most: 10000, text: strings.Repeat("good morning ", 100), rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: `^.?x`, Replacement: "a"}}, 300)},
	// What people want of rules costs next to nothing.
	"a glossary": {most: 100000, text: strings.Repeat("good morning and what I say ", 20), rules: glossary()},
	"patterns":   {most: 400000, text: strings.Repeat("call 555-1234 on the 12 of May ", 10), rules: slices.Repeat([]Rule{{Kind: Regex, Pattern: `\b(\d{3})-(\d{5})\b`, Replacement: "$1 $2", Flags: []string{"i"}}}, 300)},
}

// glossary has as many rules as there may be in one ruleset.
func glossary() []Rule {
	var rules []Rule
	for i := range 1000 {
		rules = append(rules, Rule{Kind: Exact, Search: fmt.Sprintf("the term %d", i), Replacement: fmt.Sprintf("the Term No. %d", i)})
	}
	return rules
}

func hostileEvent(text string) *stt.Event {
	if text == "" {
		text = "good morning"
	}
	return segment(text)
}

// Whatever the rules, one event takes so many steps and no more, and is sound.
func TestSteps(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			rules, err := Compile(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			steps, most := maxSteps, c.most
			if most == 0 {
				steps = maxSteps / 16 // where all are used up, fewer show it as well
				most = steps + 1<<15  // a place of the text is seen through, and so is an exact rule
			}
			ev, w := hostileEvent(c.text), &work{left: steps}
			rules.rewrite(ev, w)
			sound(t, ev, hostileEvent(c.text))
			if used := steps - w.left; used > most {
				t.Errorf("%d steps, expected %d at most", used, most)
			}
			// The text without words takes no more.
			w = &work{left: steps}
			if rules.text(hostileEvent(c.text).Segment.Best().Text, w); steps-w.left > most {
				t.Errorf("%d steps for a text without words, expected %d at most", steps-w.left, most)
			}
		})
	}
}

// Where the work ends, the rules before that have changed the text, none in part, and those after it have not.
func TestStepsEnd(t *testing.T) {
	rules, err := Compile([]Rule{{Kind: Exact, Search: "a", Replacement: "b"}, {Kind: Regex, Pattern: "c.*d|c", Replacement: "e"}, {Kind: Exact, Search: "f", Replacement: "g"}})
	if err != nil {
		t.Fatal(err)
	}
	text := "a f " + strings.Repeat("c", 40)
	for n := range len(rules.rules) + 1 {
		want, w := segment(text), &work{left: maxSteps}
		(&Rules{rules.rules[:n]}).rewrite(want, w)
		for more := range 4 { // the next rule takes more than that
			got := segment(text)
			rules.rewrite(got, &work{left: maxSteps - w.left + more})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("with steps for %d rules, and %d more: %q, expected %q", n, more, got.Segment.Best().Text, want.Segment.Best().Text)
			}
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, c := range hostile {
		b.Run(name, func(b *testing.B) {
			rules, err := Compile(c.rules)
			if err != nil {
				b.Fatal(err)
			}
			steps := 0
			for b.Loop() {
				w := &work{left: maxSteps}
				rules.rewrite(hostileEvent(c.text), w)
				steps = maxSteps - w.left
			}
			b.ReportMetric(float64(steps), "steps/op")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(steps, 1)), "ns/step")
		})
	}
}

// What is written out for nothing, and what is looked through for nothing, counts.
func TestNothingIsFree(t *testing.T) {
	text := strings.Repeat("x", 8000)
	for _, r := range []Rule{{Kind: Regex, Pattern: "a"}, {Kind: Exact, Search: "a"}, {Kind: Exact, Search: "a", CaseSensitive: true}} {
		rules, err := Compile([]Rule{r})
		if err != nil {
			t.Fatal(err)
		}
		w := &work{left: maxSteps}
		if rules.text(text, w); maxSteps-w.left < len(text)/16 {
			t.Errorf("%+v: %d steps", r, maxSteps-w.left)
		}
	}
	rules, err := Compile([]Rule{{Kind: Regex, Pattern: "(x*)", Replacement: strings.Repeat("$1", 500)}})
	if err != nil {
		t.Fatal(err)
	}
	if edits := rules.rules[0].edits(&subject{text: text}, &work{left: maxSteps, room: room(text)}); edits != nil {
		t.Errorf("%d bytes are written that there is no room for", len(edits[0].with))
	}
}

// dear are rules that are made to cost as much as can be before anything is said; some are refused for it.
var dear = map[string][]Rule{
	"heavy":          slices.Repeat([]Rule{{Kind: Regex, Pattern: "(?:(a)?){300}", Replacement: "$1"}}, 16),
	"classes":        slices.Repeat([]Rule{{Kind: Regex, Pattern: strings.Repeat(`\pL`, 24)}}, 10),
	"repeated":       slices.Repeat([]Rule{{Kind: Regex, Pattern: `\pL{900}`}}, 10),
	"ranges":         slices.Repeat([]Rule{{Kind: Regex, Pattern: "(?i)[B-\U0001E943]"}}, 15),
	"many ranges":    slices.Repeat([]Rule{{Kind: Regex, Pattern: "(?i)[" + strings.Repeat("B-\U0010ffff", 600) + "]"}}, 16),
	"many classes":   slices.Repeat([]Rule{{Kind: Regex, Pattern: "(?i)" + strings.Repeat(`\pL`, 1300)}}, 16),
	"few letters":    slices.Repeat([]Rule{{Kind: Regex, Pattern: "a|b"}}, 2000),
	"exact":          slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("kKsS", 1000)}}, 16),
	"words":          slices.Repeat([]Rule{{Kind: Regex, Pattern: strings.Repeat("ab|cd|", 150), Flags: []string{"i"}}}, 60),
	"letters":        slices.Repeat([]Rule{{Kind: Regex, Pattern: "[" + strings.Repeat("aé", 1300) + "]", Flags: []string{"i"}}}, 16),
	"nested":         slices.Repeat([]Rule{{Kind: Regex, Pattern: strings.Repeat("(", 450) + "a" + strings.Repeat(")*", 450)}}, 16),
	"nested counted": slices.Repeat([]Rule{{Kind: Regex, Pattern: strings.Repeat("(?:", 9) + "a" + strings.Repeat("){2}", 9)}}, 19),
}

// What is asked of a pattern before it is read: nothing that takes long comes through, and what people write does.
func TestClasses(t *testing.T) {
	for source, want := range map[string]int{
		"": 0, "a-z": 0, "(?i)[a-z]-[0-9]": 0, `\pL\PN\\p`: 120, "(?i)[a-\u9fa5]": 204, "[a-\u9fa5]": 0, "(?m)[a-\u9fa5](?P<i>a)(?:i)(?<i>-)": 0, "(?ms-i:[a-\u9fa5])": 0,
		"(?msi:[a-\u9fa5])": 204, "a(?i)[a-\u9fa5]": 204, `(?i)[a-\x{9fa5}]`: 204, `(?i)[a-\x{09Fa5}]`: 204, `(?i)[a-\x{10ffff}]`: 626, "(?i)[a-\U0010ffff]": 626, `(?i)[a-\x{nonsense}]`: 626,
		`(?i)[a-\xff]`: 1, `(?i)[a-\777]`: 2, `(?i)[a-\]]`: 2, "(?i)-": 0, `(?i)-\`: 2,
	} {
		if got := classes(source); got != want {
			t.Errorf("%q weighs %d, expected %d", source, got, want)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for name, rules := range dear {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var err error
			for b.Loop() {
				_, err = Compile(rules)
			}
			b.Log(err)
		})
	}
}
