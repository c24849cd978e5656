package pocketsphinx

import (
	"bytes"
	"slices"
	"strings"
)

// reserved are the words that the library adds by itself.
var reserved = []string{"<s>", "</s>", "<sil>"}

// checkDictionary reads a dictionary: a word and its phones on each line, other pronunciations of a word as word(2).
// The library would leave out bad lines and say so in its log only; a word that is never recognised is worse than an
// error. words says that it is the dictionary of words, which must have some and none of the reserved ones.
func checkDictionary(option, path string, phones map[string]bool, words bool) error {
	data, err := read(option, path)
	if err != nil {
		return err
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return fault(option, path, "is not a dictionary: it has zero bytes")
	}
	seen := map[string]bool{}
	number := 0
	for raw := range bytes.Lines(data) {
		number++
		line := string(raw)
		if strings.HasPrefix(line, "##") || strings.HasPrefix(line, ";;") {
			continue
		}
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if problem := entry(f, phones, seen); problem != "" {
			return fault(option, path, "line %d: %s", number, problem)
		}
		if !words && len(f) > 2 && slices.Contains(reserved, f[0]) { // the library reads behind its tables then
			return fault(option, path, "line %d: the word %s has %d phones, it must have one", number, f[0], len(f)-1)
		}
	}
	if !words {
		return nil
	}
	if len(seen) == 0 {
		return fault(option, path, "has no words")
	}
	for _, w := range reserved {
		if seen[w] {
			return fault(option, path, "has the word %s, which belongs to the library", w)
		}
	}
	return nil
}

// entry checks one line and adds its word to seen.
func entry(f []string, phones, seen map[string]bool) string {
	word := f[0]
	if len(f) == 1 {
		return "the word " + word + " has no phones"
	}
	if len(f) > 200 || len(word) > 200 {
		return "the word " + word[:min(len(word), 20)] + "... is too long"
	}
	for _, p := range f[1:] {
		if !phones[p] {
			return "the acoustic model has no phone " + p + ", which the word " + word + " needs"
		}
	}
	if seen[word] {
		return "the word " + word + " is there before; write other pronunciations as " + word + "(2)"
	}
	if base := baseWord(word); base != word && !seen[base] {
		return "the word " + word + " comes before " + base
	}
	seen[word] = true
	return ""
}

// baseWord returns the word without what the library takes for the mark of another pronunciation: anything in brackets
// at the end.
func baseWord(word string) string {
	if i := strings.LastIndexByte(word, '('); i > 0 && strings.HasSuffix(word, ")") {
		return word[:i]
	}
	return word
}
