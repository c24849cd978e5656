package config

import (
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

func quote(s string) string { return strconv.Quote(s) }

// isSection reports whether keys stand below path.
func isSection(path string) bool {
	for i := range table {
		if strings.HasPrefix(table[i].Path, path+".") {
			return true
		}
	}
	if path+"." == enginePrefix {
		return true
	}
	engine, ok := strings.CutPrefix(path, enginePrefix)
	return ok && isName(engine, "")
}

// unknown returns the error for a path that is no key, with the nearest one that is.
func unknown(path string) *stt.Error {
	msg := "option " + quote(shorten(path)) + " is not known"
	want := "a known key"
	if rest, ok := strings.CutPrefix(path, enginePrefix); ok {
		want = "engines.<name>.<option>, the name of lower-case letters and digits, the option with _ besides"
		if strings.Count(rest, ".") > 1 {
			want = "engines.<name>.<option> and nothing below"
		}
		msg += "; expected " + want
	} else if near := nearest(path, places()); near != "" {
		want = near
		msg += "; did you mean " + quote(near) + "?"
	}
	return &stt.Error{Code: stt.Invalid, Option: path, Want: want, Msg: msg}
}

// places returns the paths of all keys and sections.
func places() []string {
	list := []string{strings.TrimSuffix(enginePrefix, ".")}
	last := ""
	for i := range table {
		section, _, nested := strings.Cut(table[i].Path, ".")
		if nested && section != last {
			list, last = append(list, section), section
		}
		list = append(list, table[i].Path)
	}
	return list
}

// nearest returns the name that is most like s, or nothing when none is like it.
func nearest(s string, names []string) string {
	const longest = 64 // beyond that it is no slip of the finger, and comparing takes time
	if len(s) > longest {
		return ""
	}
	s = plain(s)
	best, least := "", 1+len(s)/5
	for _, n := range names {
		d := distance(s, plain(n))
		// The right name in the wrong section, or in none.
		if leaf := plain(n[strings.LastIndexByte(n, '.')+1:]); leaf == s[strings.LastIndexByte(s, '.')+1:] {
			d = min(d, 1)
		}
		if d < least || d == least && best == "" {
			best, least = n, d
		}
	}
	return best
}

// plain makes names comparable however their parts are joined.
func plain(s string) string {
	return strings.NewReplacer("_", ".", "-", ".").Replace(strings.ToLower(s))
}

// distance returns how many bytes must be put in, left out or exchanged to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // distances of the part of a seen so far to every part of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
