package replace

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"unicode/utf8"
)

// matches are patterns and texts whose matches package regexp knows: the table, the property and the fuzzer share them.
var matches = []struct{ pattern, text string }{
	{"", "ab"}, {"a*", "baaab"}, {"a*?", "aab"}, {"a|ab", "abab"}, {"ab|a", "abab"}, {"(a)|(b)|c", "abc"}, {"(a*)(a|b)*", "aabb"},
	{"^a", "aa\na"}, {"(?m)^a$", "a\na\nb"}, {"(?m)^", "a\n\nb"}, {`\Aa|b\z`, "abab"}, {"$", "ab"}, {`\b`, "a b, cé d"}, {`\B`, "abc d"}, {`\bé`, "é aé"},
	{"a.*b|a", "aaaab aaa"}, {"(?s)a.b", "a\nb"}, {"a.b", "a\nb"}, {"(?i)straſse|k", "STRASSE K\u212a"}, {`\d{3}-\d{4}`, "555-1234 5555-12345"}, {"(a(b)?)+", "abaab"},
	{"[^a]", "aéb"}, {`\pL+`, "één twee 3"}, {"(?U)a+b*", "aab"}, {"x*", "é"}, {".", "a\xffb"}, {"\ufffd", "a\xffb"}, {"[[:word:]]+", "a_b-c"}, {"(|a)*", "aa"}, {"(a|b)*?c|b", "abcb"},
	{"(?:a?){3}a{3}", "aaaa"}, {"((a)|b)*", "ab"}, {`(?:\b|x)y`, "xy y"}, {"東|京", "東京東"}, {`\C`, "a"},
}

// check compares the matches of a pattern, and whether there is such a pattern, with what package regexp says.
func check(t *testing.T, source, text string) {
	t.Helper()
	re, bad := regexp.Compile(source)
	tree, err := syntax.Parse(source, syntax.Perl)
	if (bad != nil) != (err != nil) {
		t.Fatalf("%q: %v; package regexp says %v", source, err, bad)
	}
	if err != nil || classes(source) > maxWeight || weight(tree) > maxWeight {
		return
	}
	p, err := newProgram(tree)
	if err != nil {
		t.Fatalf("%q: %v", source, err)
	}
	var got [][]int
	w := &work{left: 1 << 30}
	w.each(p, text, func(at []int) bool {
		got = append(got, append([]int(nil), at...))
		return true
	})
	if want := re.FindAllStringSubmatchIndex(text, -1); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q in %q: %v\nexpected %v", source, text, got, want)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range matches {
		check(t, c.pattern, c.text)
	}
}

// Any pattern finds in any text what package regexp finds.
func TestAnyPattern(t *testing.T) {
	atoms := []string{"a", "b", "é", "K", ".", `\b`, `\B`, "^", "$", `\w`, "[ab]", "[^b]", `\s`, "(a)", "(b|)", "(?:ab)", "(?m:^)", "(?i:k)", `\z`}
	marks := []string{"", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}"}
	letters := []string{"a", "b", "k", "é", " ", "\n", "\u212a", "\xff"}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 11))
		var pattern, text strings.Builder
		for i := range 1 + r.IntN(5) {
			if i > 0 && r.IntN(4) == 0 {
				pattern.WriteByte('|')
			}
			pattern.WriteString(atoms[r.IntN(len(atoms))] + marks[r.IntN(len(marks))])
			if r.IntN(8) == 0 {
				whole := pattern.String()
				pattern.Reset()
				pattern.WriteString("(" + whole + ")" + marks[r.IntN(len(marks))])
			}
		}
		for range r.IntN(12) {
			text.WriteString(letters[r.IntN(len(letters))])
		}
		check(t, pattern.String(), text.String())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzMatches(f *testing.F) {
	for _, c := range matches {
		f.Add(c.pattern, c.text)
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 60 || len(text) > 200 {
			return
		}
		check(t, pattern, text)
	})
}

// A text is found whatever its case as a pattern that says so finds it, and with it where it stands.
func TestAnySearch(t *testing.T) {
	letters := []string{"a", "A", "k", "K", "\u212a", "s", "ſ", "é", "É", " ", "-", "ⱥ", "Ⱥ", "ß", "ẞ", "東", "\xff"}
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 12))
		pick := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteString(letters[r.IntN(len(letters))])
			}
			return b.String()
		}
		search, text := strings.ToValidUTF8(pick(1+r.IntN(3)), "x"), pick(r.IntN(30))
		found, err := exact(&Rule{Kind: Exact, Search: search})
		if err != nil {
			t.Fatal(err)
		}
		var got, want [][]int
		for _, e := range found.edits(&subject{text: text}, &work{left: maxSteps}) {
			got = append(got, []int{e.from, e.to})
		}
		for at, re := 0, regexp.MustCompile("(?i)"+regexp.QuoteMeta(search)); at < len(text); {
			m := re.FindStringIndex(text[at:])
			if m == nil {
				break
			}
			from, to := at+m[0], at+m[1]
			if border(text, from) && border(text, to) {
				want = append(want, []int{from, to})
				at = to
				continue
			}
			_, size := utf8.DecodeRuneInString(text[from:])
			at = from + size
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %q in %q: %v, expected %v", seed, search, text, got, want)
		}
	}
}
