package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// spellings are written forms of one spoken word that a recognizer's dictionary may or may not have. Each is counted as the
// word behind it.
var spellings = map[string]string{
	"mr":  "mister",
	"mrs": "missus",
	"dr":  "doctor",
}

// normalise returns the words of a text in the form in which they are compared; the package comment has the rules.
func normalise(text string) []string {
	runes := []rune(strings.ToLower(strings.Map(plain, text)))
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() == 0 {
			return
		}
		w := word.String()
		if full, ok := spellings[w]; ok {
			w = full
		}
		words = append(words, w)
		word.Reset()
	}
	for i, r := range runes {
		switch {
		case inWord(r), (r == '\'' || r == '.' || r == ',') && joins(runes, i):
			word.WriteRune(r)
		case r == '.' && initials(runes, i):
		default:
			end()
		}
	}
	end()
	return words
}

// plain gives characters that look alike one form.
func plain(r rune) rune {
	switch r {
	case '\u2019', '\u2018', '\u02bc', '\u00b4', '`', '\uff07':
		return '\''
	case utf8.RuneError, '\u00ad': // what cannot be read, and hyphens that are there for the layout
		return -1
	}
	return r
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }

// joins reports whether the mark at i belongs to a word: an apostrophe between letters or digits, a point or comma between
// digits.
func joins(text []rune, i int) bool {
	if i == 0 || i+1 == len(text) {
		return false
	}
	before, after := text[i-1], text[i+1]
	if text[i] == '\'' {
		return inWord(before) && inWord(after)
	}
	return unicode.IsDigit(before) && unicode.IsDigit(after)
}

// initials reports whether the point at i stands between letters that stand alone, as in U.S. and a.m.
func initials(text []rune, i int) bool {
	alone := func(at int) bool {
		return at >= 0 && at < len(text) && unicode.IsLetter(text[at]) &&
			(at == 0 || !inWord(text[at-1])) && (at+1 == len(text) || !inWord(text[at+1]))
	}
	return alone(i-1) && alone(i+1)
}
