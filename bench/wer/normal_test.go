package main

import (
	"slices"
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    "",
		" \t\n ":                              "",
		"Good morning, everybody.":            "good morning everybody",
		"Mr. Dashwood and Mrs. Dashwood":      "mister dashwood and missus dashwood",
		"mister mr MR.":                       "mister mister mister",
		"Dr. Who?":                            "doctor who",
		"don't o’clock ‘tis rock`n`roll":      "don't o'clock tis rock'n'roll",
		"the dogs' bones, 'quoted'":           "the dogs bones quoted",
		"cold-hearted – ill—disposed":         "cold hearted ill disposed",
		"42 is not 3.5 or 1,000.":             "42 is not 3.5 or 1,000",
		"in 1999, 2000":                       "in 1999 2000",
		"the U.S. at 5 a.m. today":            "the us at 5 am today",
		"plan a. Then go.go":                  "plan a then go go",
		"Ärger in ČESKO über 1\u00adste":      "ärger in česko über 1ste",
		"50% & more/less @home #1":            "50 more less home 1",
		"wait...what?!":                       "wait what",
		"...":                                 "",
		"e\u0301t\u0301e":                     "e\u0301t\u0301e",
		"\u4f60\u597d\u3002\u518d\u89c1":      "\u4f60\u597d \u518d\u89c1",
		"I.B.M.":                              "ibm",
		"bad \xff byte":                       "bad byte",
		"missus o'mrs mr's":                   "missus o'mrs mr's",
		"\u201cHello\u201d \u00abthere\u00bb": "hello there",
	} {
		if got := strings.Join(normalise(text), " "); got != want {
			t.Errorf("%q becomes %q, expected %q", text, got, want)
		}
	}
}

// What has been normalised stays as it is, whatever it was.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"Mr. O'Brien's 3.5 U.S. dogs' – a.m.", "''a''", "1.,2", "a.b.c", "İ ß ŉ", "\xff'\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := normalise(text)
		for _, w := range once {
			if w == "" || strings.ContainsAny(w, " \t\n()") {
				t.Fatalf("%q has the word %q", text, w)
			}
		}
		if twice := normalise(strings.Join(once, " ")); !slices.Equal(once, twice) {
			t.Fatalf("%q becomes %q and then %q", text, once, twice)
		}
	})
}
