package replace

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

var _ feature.Rewriter = (*Rules)(nil)

// segment makes a final of words of 100 ms each; a mark at the end of one is a word of its own.
func segment(text string) *stt.Event {
	var words []stt.Word
	at := stt.Time(0)
	for _, f := range strings.Fields(text) {
		bare := strings.TrimRight(f, ".,?!")
		if bare != "" {
			words = append(words, stt.Word{Text: bare, Span: stt.SpanOf(at, at+100*time.Millisecond), Confidence: stt.ConfidenceOf(0.5)})
			at += 100 * time.Millisecond
		}
		if bare != f {
			words = append(words, stt.Word{Text: f[len(bare):], Kind: stt.Punctuation, Glue: bare != "", Span: stt.SpanOf(at, at)})
		}
	}
	return &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "1", Final: true, Span: stt.SpanOf(0, at),
		Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}}}
}

// show writes the words with their times in tenths of a second.
func show(words []stt.Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
		if w.Kind != stt.Punctuation {
			b.WriteString("@" + w.Span.Start.String() + "-" + w.Span.End.String())
		}
	}
	return b.String()
}

// rulesets is what the tables and the fuzzer use.
var rulesets = []struct {
	name  string
	rules []Rule
	text  string
	want  string // text
	words string
}{
	{"exact ignores case", []Rule{{Kind: Exact, Search: "colour", Replacement: "color"}}, "The Colour colours.", "The color colours.",
		"The@0s-100ms color@100ms-200ms colours@200ms-300ms ."},
	{"exact with case", []Rule{{Kind: Exact, Search: "Us", Replacement: "US", CaseSensitive: true}}, "us Us USA", "us US USA", "us@0s-100ms US@100ms-200ms USA@200ms-300ms"},
	{"two words become one", []Rule{{Kind: Exact, Search: "new york", Replacement: "NYC"}}, "in New York, now", "in NYC, now", "in@0s-100ms NYC@100ms-300ms , now@300ms-400ms"},
	{"one word becomes two", []Rule{{Kind: Exact, Search: "gonna", Replacement: "going to"}}, "gonna go", "going to go", "going@0s-71.428571ms to@71.428571ms-100ms go@100ms-200ms"},
	{"a word goes", []Rule{{Kind: Exact, Search: "um"}}, "so um yes", "so yes", "so@0s-100ms yes@200ms-300ms"},
	{"the first goes", []Rule{{Kind: Exact, Search: "um"}}, "um yes", "yes", "yes@100ms-200ms"},
	{"all goes", []Rule{{Kind: Exact, Search: "um"}}, "um um", "", ""},
	{"a word goes with its space", []Rule{{Kind: Regex, Pattern: `um\s`}}, "so um yes", "so yes", "so@0s-100ms yes@200ms-300ms"},
	{"digits", []Rule{{Kind: Regex, Pattern: `\b(\d{3})-(\d{4})\b`, Replacement: "[$2]", Flags: []string{"i"}}}, "call 555-1234 now", "call [1234] now",
		"call@0s-100ms [1234]@100ms-200ms now@200ms-300ms"},
	{"dollars", []Rule{{Kind: Regex, Pattern: `(\w+) dollars`, Replacement: "$$$1a $x"}}, "ten dollars", "$tena $x", "$tena@0s-142.857142ms $x@142.857142ms-200ms"},
	{"a digit behind a group", []Rule{{Kind: Regex, Pattern: `(\w+) dollars`, Replacement: "$10 $01"}}, "ten dollars", "ten0 ten", "ten0@0s-114.285714ms ten@114.285714ms-200ms"},
	{"the whole match", []Rule{{Kind: Regex, Pattern: `a`, Replacement: "<$0$>"}}, "a b", "<a$> b", "<a$>@0s-100ms b@100ms-200ms"},
	{"a group that takes no part", []Rule{{Kind: Regex, Pattern: `(a)|(b)`, Replacement: "<$2>"}}, "a b", "<> <b>", "<>@0s-100ms <b>@100ms-200ms"},
	{"letters that get shorter without case", []Rule{{Kind: Exact, Search: "uſe", Replacement: "take"}, {Kind: Exact, Search: "5 ohm", Replacement: "5 Ω"}}, "ſo USE ſ 5 OHM ſ", "ſo take ſ 5 Ω ſ",
		"ſo@0s-100ms take@100ms-200ms ſ@200ms-300ms 5@300ms-366.666666ms Ω@366.666666ms-500ms ſ@500ms-600ms"},
	{"letters that get longer without case", []Rule{{Kind: Exact, Search: "ȺB", Replacement: "x"}}, "ⱥ ⱥb ⱥ", "ⱥ x ⱥ", "ⱥ@0s-100ms x@100ms-200ms ⱥ@200ms-300ms"},
	{"groups", []Rule{{Kind: RegexGroup, Pattern: `ID: (\d+), (.+)`, Groups: map[string]string{"1": "#"}}}, "ID: 42, Bob", "ID: #, Bob",
		"ID:@0s-100ms #@100ms-200ms , Bob@200ms-300ms"},
	{"groups within groups", []Rule{{Kind: RegexGroup, Pattern: `((a) b) c`, Groups: map[string]string{"1": "x", "2": "y"}}}, "a b c", "x c", "x@0s-200ms c@200ms-300ms"},
	{"one after the other", []Rule{{Kind: Exact, Search: "a", Replacement: "b"}, {Kind: Exact, Search: "b", Replacement: "c"}}, "a b", "c c", "c@0s-100ms c@100ms-200ms"},
	{"over merged words", []Rule{{Kind: Exact, Search: "a b", Replacement: "ab"}, {Kind: Exact, Search: "ab c", Replacement: "abc"}}, "a b c d", "abc d", "abc@0s-300ms d@300ms-400ms"},
	{"a mark is made", []Rule{{Kind: Exact, Search: "full stop", Replacement: "."}}, "the end full stop", "the end .", "the@0s-100ms end@100ms-200ms ."},
	{"a mark is joined", []Rule{{Kind: Regex, Pattern: `\s*full stop`, Replacement: "."}}, "the end full stop", "the end.", "the@0s-100ms end@100ms-200ms ."},
	{"words are joined", []Rule{{Kind: Regex, Pattern: `e mail`, Replacement: "e-mail"}}, "an e mail", "an e-mail", "an@0s-100ms e-mail@100ms-300ms"},
	{"spaces are joined", []Rule{{Kind: Regex, Pattern: `(\d) (\d)`, Replacement: "$1$2"}}, "1 2 three", "12 three", "12@0s-200ms three@200ms-300ms"},
	{"only a space", []Rule{{Kind: RegexGroup, Pattern: `a( )b`, Groups: map[string]string{"1": "-"}}}, "a b c", "a-b c", "a@0s-100ms -b@100ms-200ms c@200ms-300ms"},
	{"white space in a pattern", []Rule{{Kind: Regex, Pattern: "h e l # no\n lo [ ] x", Replacement: "y", Flags: []string{"x"}}}, "hello x", "y", "y@0s-200ms"},
	{"nothing matches", []Rule{{Kind: Exact, Search: "z", Replacement: "y"}}, "a, b", "a, b", "a@0s-100ms , b@100ms-200ms"},
	{"part of a word", []Rule{{Kind: Exact, Search: "us", Replacement: "them"}}, "house us", "house them", "house@0s-100ms them@100ms-200ms"},
	{"in front of everything", []Rule{{Kind: Regex, Pattern: `^`, Replacement: "- "}}, "a b", "- a b", "-@0s-50ms a@50ms-100ms b@100ms-200ms"},
	{"behind everything", []Rule{{Kind: Regex, Pattern: `$`, Replacement: "!"}}, "a b", "a b!", "a@0s-100ms b@100ms-200ms !"},
	{"without spaces", []Rule{{Kind: Exact, Search: "東京", Replacement: "Tokyo"}}, "私は東京です", "私はTokyoです", "私はTokyoです@0s-100ms"},
}

func TestRewrite(t *testing.T) {
	for _, c := range rulesets {
		t.Run(c.name, func(t *testing.T) {
			rules, err := Compile(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			ev := segment(c.text)
			rules.Rewrite(ev)
			best := ev.Segment.Best()
			if best.Text != c.want || show(best.Words) != c.words {
				t.Errorf("got %q, %s\nexpected %q, %s", best.Text, show(best.Words), c.want, c.words)
			}
			plain := &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: c.text}}}}
			rules.Rewrite(plain)
			if got := plain.Segment.Best().Text; got != c.want {
				t.Errorf("without words: %q", got)
			}
			sound(t, ev, segment(c.text))
		})
	}
}

// sound checks what a rewriter must keep.
func sound(t *testing.T, ev, before *stt.Event) {
	t.Helper()
	best := ev.Segment.Best()
	if best.Words != nil && best.Text != stt.JoinWords(best.Words) {
		t.Errorf("text %q of words %q", best.Text, stt.JoinWords(best.Words))
	}
	last := stt.Time(0)
	for _, w := range best.Words {
		if w.Text == "" || w.Span.Known && (w.Span.Start < last || w.Span.End < w.Span.Start || w.Span.End > before.Segment.Span.End) {
			t.Errorf("word %q at %v behind %v", w.Text, w.Span, last)
		}
		if w.Span.Known {
			last = w.Span.End
		}
	}
	if ev.Segment.ID != before.Segment.ID || ev.Segment.Span != before.Segment.Span || ev.Segment.Final != before.Segment.Final {
		t.Errorf("the segment became %+v", ev.Segment)
	}
}

// Rules of all kinds on words of all kinds: the words say what the text does, in order, within the segment; and the same letters as the
// rules make of the text, white space apart.
func TestAnyRules(t *testing.T) {
	texts := []string{"a", "b", "ab", "a b", "", "c.", " ", "$1", "ba ", "x y z"}
	patterns := []string{"a", "b+", "a b", `\s`, `(a)(b)?`, "^", "$", `a\s*`, `\s*b`, ".", `\w+ \w+`, `\.`}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 3))
		var rules []Rule
		for range 1 + r.IntN(3) {
			switch r.IntN(3) {
			case 0:
				rules = append(rules, Rule{Kind: Exact, Search: "a b"[:1+2*r.IntN(2)], Replacement: texts[r.IntN(len(texts))]})
			case 1:
				rules = append(rules, Rule{Kind: Regex, Pattern: patterns[r.IntN(len(patterns))], Replacement: texts[r.IntN(len(texts))]})
			default:
				rules = append(rules, Rule{Kind: RegexGroup, Pattern: `(a)\s(b)?`, Groups: map[string]string{"1": texts[r.IntN(len(texts))], "2": texts[r.IntN(len(texts))]}})
			}
		}
		all, err := Compile(rules)
		if err != nil {
			if e := stt.AsError(err); strings.HasSuffix(e.Option, "replacement") && strings.Contains(e.Msg, `"$1"`) {
				continue // the pattern has no group
			}
			t.Fatal(err)
		}
		var fields []string
		for range 1 + r.IntN(6) {
			fields = append(fields, []string{"a", "b", "ab", "c.", "b,"}[r.IntN(5)])
		}
		text := strings.Join(fields, " ")
		ev := segment(text)
		all.Rewrite(ev)
		sound(t, ev, segment(text))
		if len(rules) == 1 { // with more, spaces at the ends that are taken away make a difference
			if want := strings.Join(strings.Fields(all.Text(text)), " "); ev.Segment.Best().Text != want {
				t.Errorf("the words say %q, the text %q", ev.Segment.Best().Text, want)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %q with %+v", seed, text, rules)
		}
	}
}

func FuzzRewrite(f *testing.F) {
	for _, c := range rulesets {
		f.Add(c.text, c.rules[0].Search+c.rules[0].Pattern, c.rules[0].Replacement)
	}
	f.Fuzz(func(t *testing.T, text, search, replacement string) {
		if len(text) > 500 || len(replacement) > 100 || len(search) > 100 {
			return
		}
		for _, kind := range []string{Exact, Regex} {
			rules, err := Compile([]Rule{{Kind: kind, Search: search, Pattern: search, Replacement: replacement}})
			if err != nil {
				if stt.CodeOf(err) != stt.Invalid {
					t.Fatal(err)
				}
				continue
			}
			ev := segment(text)
			rules.Rewrite(ev)
			sound(t, ev, segment(text))
		}
	})
}

func TestCompileRefuses(t *testing.T) {
	for option, rule := range map[string]Rule{
		"kind":               {Kind: "fuzzy", Pattern: "a"},
		"search":             {Kind: Exact},
		"pattern":            {Kind: Regex, Pattern: "(?=a)"},
		"pattern ":           {Kind: Regex, Pattern: " ", Flags: []string{"x"}},
		"pattern  ":          {Kind: Regex, Pattern: "(a{100}){10}b"},
		"pattern   ":         {Kind: Regex, Pattern: strings.Repeat(".{1000}", 500)},
		"flags":              {Kind: Regex, Pattern: "a", Flags: []string{"g"}},
		"groupReplacements":  {Kind: RegexGroup, Pattern: "(a)", Groups: map[string]string{"2": "b"}},
		"pattern    ":        {Kind: Regex, Pattern: strings.Repeat(`\pL`, 26)},
		"pattern     ":       {Kind: Regex, Pattern: "(?i)[" + strings.Repeat("B-\U0010ffff", 2) + "]"},
		"pattern      ":      {Kind: Regex, Pattern: "[" + strings.Repeat(`B-\x{10ffff}`, 2) + "]", Flags: []string{"i"}},
		"search ":            {Kind: Exact, Search: "a\xff"},
		"replacement":        {Kind: Exact, Search: "a", Replacement: strings.Repeat("b", maxWith+1)},
		"replacement ":       {Kind: Regex, Pattern: "a", Replacement: strings.Repeat("b", maxWith+1)},
		"replacement  ":      {Kind: Regex, Pattern: "(a)(b)", Replacement: "$3"},
		"replacement   ":     {Kind: Regex, Pattern: "a", Replacement: "costs $5"},
		"groupReplacements ": {Kind: RegexGroup, Pattern: "(a)", Groups: map[string]string{"1": strings.Repeat("b", maxWith+1)}},
	} {
		_, err := Compile([]Rule{{Kind: Exact, Search: "a"}, rule})
		e := stt.AsError(err)
		if want := "rules[1]." + strings.TrimSpace(option); e == nil || e.Code != stt.Invalid || e.Option != want || !strings.Contains(e.Msg, want) {
			t.Errorf("%s: %v", option, err)
		}
	}
	if _, err := Compile(slices.Repeat([]Rule{{Kind: Regex, Pattern: "(a{100}){9}"}}, 20)); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("too much: %v", err)
	}
	if _, err := Compile(slices.Repeat([]Rule{{Kind: Exact, Search: strings.Repeat("a", 1000), Replacement: strings.Repeat("b", 24)}}, 65)); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "65536 bytes; rules[64]") {
		t.Errorf("too long: %v", err)
	}
	if _, err := Compile(make([]Rule, maxRules+1)); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("too many: %v", err)
	}
}

// Rules that multiply a text again and again come to an end.
func TestBounded(t *testing.T) {
	rules, err := Compile(slices.Repeat([]Rule{{Kind: Regex, Pattern: "a", Replacement: "aa"}}, 100))
	if err != nil {
		t.Fatal(err)
	}
	ev := segment("a a a")
	rules.Rewrite(ev)
	if n := len(ev.Segment.Best().Text); n > maxText || n < maxText/8 {
		t.Errorf("%d bytes", n)
	}
	if n := len(rules.Text("a a a")); n > maxText {
		t.Errorf("%d bytes of text", n)
	}
}

// Partials are rewritten, and no word of theirs is promised.
func TestPartials(t *testing.T) {
	rules, err := Compile([]Rule{{Kind: Exact, Search: "new york", Replacement: "NYC"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"in new", "in new york"} {
		ev := segment(text)
		ev.Segment.Final = false
		words := ev.Segment.Alternatives[0].Words
		for i := range words {
			words[i].Stable = true
		}
		rules.Rewrite(ev)
		for _, w := range ev.Segment.Best().Words {
			if w.Stable {
				t.Errorf("%q of %q is stable", w.Text, text)
			}
		}
		if !words[0].Stable {
			t.Error("the array of others was changed")
		}
	}
}

// Entities stay on their words.
func TestEntities(t *testing.T) {
	rules, err := Compile([]Rule{{Kind: Exact, Search: "my", Replacement: "this is my"}, {Kind: Exact, Search: "doctor"}, {Kind: Exact, Search: "john smith", Replacement: "J."}})
	if err != nil {
		t.Fatal(err)
	}
	ev := segment("my friend John Smith and doctor")
	ev.Segment.Alternatives[0].Entities = []stt.Entity{{Type: "NAME", First: 2, End: 4}, {Type: "FRIEND", First: 1, End: 2}, {Type: "GONE", First: 5, End: 6}}
	rules.Rewrite(ev)
	best := ev.Segment.Best()
	got := map[string]string{}
	for _, e := range best.Entities {
		got[e.Type] = stt.JoinWords(best.Words[e.First:e.End])
	}
	if len(got) != 2 || got["NAME"] != "J." || got["FRIEND"] != "friend" {
		t.Errorf("%q: %v", best.Text, got)
	}
}
