package policy

import "unicode/utf8"

// What stands in a compiled pattern besides characters.
const (
	anyOne  rune = -1 // ? any one character
	anyMany rune = -2 // * any number of them
)

// matches reports whether the whole of s is what a pattern describes. It takes len(pattern) times len(s) steps at most: only
// the last * met is ever tried again, because an earlier one could not do better. fold takes ASCII letters for the same
// whatever their case; others are not folded, since two of them have an ASCII letter as their other case.
func matches(pattern []rune, s string, fold bool) bool {
	p, i := 0, 0
	star, from := -1, 0 // the last * met, and where what it stands for ends
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case p < len(pattern) && pattern[p] == anyMany:
			star, from = p, i
			p++
		case p < len(pattern) && sameRune(pattern[p], r, fold):
			p, i = p+1, i+size
		case star >= 0:
			_, skipped := utf8.DecodeRuneInString(s[from:])
			from += skipped
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyMany {
		p++
	}
	return p == len(pattern)
}

func sameRune(pattern, r rune, fold bool) bool {
	return pattern == anyOne || pattern == r || fold && lower(pattern) == lower(r)
}

func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// sameFold reports whether two strings differ in nothing but the case of ASCII letters.
func sameFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(rune(a[i])) != lower(rune(b[i])) {
			return false
		}
	}
	return true
}
