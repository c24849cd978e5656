package pocketsphinx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// The beginnings of the library's binary language models.
const (
	trieHeader = "Trie Language Model"
	dumpHeader = "Darpa Trigram LM"
)

// mostOrder is the longest n-gram the library has room for.
const mostOrder = 5

// checkLanguage reads the language model in any of its three forms.
func checkLanguage(path string) error {
	// The library hands compressed files, by name, to a shell.
	for _, end := range []string{".gz", ".bz2", ".z"} {
		if strings.HasSuffix(strings.ToLower(path), end) {
			return fault("lm", path, "is compressed; unpack it first")
		}
	}
	data, err := read("lm", path)
	if err != nil {
		return err
	}
	var problem string
	switch size := []byte{byte(len(dumpHeader) + 1), 0, 0, 0}; {
	case bytes.HasPrefix(data, []byte(trieHeader)):
		problem = trie(newBlob(data))
	case bytes.HasPrefix(data, append(size, dumpHeader...)):
		problem = dump(newBlob(data))
	case bytes.HasPrefix(data, append([]byte{0, 0, 0, size[0]}, dumpHeader...)):
		problem = "is in the other byte order, which is not supported here"
	case bytes.IndexByte(data, 0) >= 0:
		problem = "is not a language model: neither a text nor one of the library's binary forms"
	default:
		problem = arpa(data)
	}
	if problem != "" {
		return fault("lm", path, "%s", problem)
	}
	return nil
}

// trie checks the current binary form: order, counts, tables of rounded probabilities, one-word probabilities, packed
// n-grams, words.
func trie(b *blob) string {
	b.pos = len(trieHeader)
	first := b.bytes(1)
	if b.short || first[0] < 1 || first[0] > mostOrder {
		return "is truncated, or of an order that the library has no room for"
	}
	counts := make([]int, first[0])
	for i := range counts {
		counts[i] = int(b.uint())
		if b.short || counts[i] < 1 || counts[i] >= 1<<25 {
			return "is truncated, or has counts of n-grams that cannot be"
		}
	}
	const table = 1 << 16 * 4 // as many rounded probabilities
	order := len(counts)
	if order > 1 {
		b.skip(4+(2*order-3)*table, 1)
	}
	unigrams := b.bytes(12 * (counts[0] + 1)) // probability, back-off, first of the two-word n-grams
	if b.short {
		return truncated
	}
	if problem := firsts(b.order, unigrams, counts); problem != "" {
		return problem
	}
	word := bits.Len(uint(counts[0]))
	for i := 1; i < order; i++ {
		width := word + 16 // the last are probabilities only
		if i < order-1 {
			width = word + 32 + bits.Len(uint(counts[i+1]))
		}
		b.skip(((1+counts[i])*width+7)/8+8, 1)
	}
	return vocabulary(b, counts[0])
}

// firsts checks that the two-word n-grams of each word lie within the table.
func firsts(order binary.ByteOrder, unigrams []byte, counts []int) string {
	if len(counts) == 1 {
		return ""
	}
	last := uint32(0)
	for i := 0; i < len(unigrams); i += 12 {
		next := order.Uint32(unigrams[i+8:])
		if next < last || next > uint32(counts[1]) {
			return "is damaged: a word's n-grams lie outside of the table"
		}
		last = next
	}
	return ""
}

// vocabulary checks the words at the end of a binary model.
func vocabulary(b *blob, want int) string {
	text := b.bytes(b.int())
	if b.short {
		return truncated
	}
	if n := bytes.Count(text, []byte{0}); n != want || len(text) == 0 || text[len(text)-1] != 0 {
		return fmt.Sprintf("has %d words; its header says %d", n, want)
	}
	return ""
}

// dump checks the older binary form, of two or three words.
func dump(b *blob) string {
	b.pos = 4 + len(dumpHeader) + 1
	b.skip(text(b), 1) // the name of a file
	words := b.int()
	if words <= 0 { // a version
		b.int() // a date
		for i := 0; ; i++ {
			n := text(b)
			if n == 0 && !b.short {
				break
			}
			if b.short || i > 100 {
				return truncated
			}
			b.skip(n, 1)
		}
		words = b.int()
	}
	pairs, triples := b.int(), b.int()
	if b.short || words < 1 || words >= 1<<16 || pairs < 1 || triples < 0 || pairs >= 1<<25 || triples >= 1<<25 {
		return "is truncated, or has counts of n-grams that cannot be"
	}
	d := dumped{unigrams: b.bytes(16 * (words + 1)), bigrams: b.bytes(8 * (pairs + 1)), trigrams: b.bytes(4 * triples)}
	if triples > 0 {
		d.probs, d.backs, d.probs3 = numbers(b), numbers(b), numbers(b)
		d.segments = b.bytes(4 * b.int())
	} else {
		d.probs = numbers(b)
	}
	if b.short {
		return truncated
	}
	if problem := d.check(words, pairs, triples); problem != "" {
		return problem
	}
	return vocabulary(b, words)
}

// text returns the length of a text of the older form. The library has room for 1024.
func text(b *blob) int {
	n := b.int()
	if n < 0 || n > 1024 {
		b.short = true
		return 0
	}
	return n
}

// numbers goes over an array of numbers and returns how many there are.
func numbers(b *blob) int {
	n := b.int()
	b.skip(n, 4)
	return n
}

// dumped are the tables of the older form.
type dumped struct {
	unigrams, bigrams, trigrams, segments []byte
	probs, backs, probs3                  int // how many numbers the tables' indices may point to
}

func (d *dumped) check(words, pairs, triples int) string {
	const outside = "is damaged: a table points outside of another"
	le := binary.LittleEndian
	for i, last := 0, uint32(0); i < len(d.unigrams); i += 16 {
		next := le.Uint32(d.unigrams[i+12:])
		if next < last || next > uint32(pairs) {
			return outside
		}
		last = next
	}
	for i := range pairs {
		row := d.bigrams[8*i:]
		if int(le.Uint16(row)) >= words || int(le.Uint16(row[2:])) >= d.probs || triples > 0 && int(le.Uint16(row[4:])) >= d.backs {
			return outside
		}
	}
	for i := range triples {
		row := d.trigrams[4*i:]
		if int(le.Uint16(row)) >= words || int(le.Uint16(row[2:])) >= d.probs3 {
			return outside
		}
	}
	for j := 1; triples > 0 && j <= pairs; j++ { // one base for every 512 pairs
		if 4*(j>>9) >= len(d.segments) {
			return outside
		}
		if next := int(int32(le.Uint32(d.segments[4*(j>>9):]))) + int(le.Uint16(d.bigrams[8*j+6:])); next < 0 || next > triples {
			return outside
		}
	}
	return ""
}

// arpa checks the text form. The library looks for the marks line by line and trusts the counts.
func arpa(data []byte) string {
	r := &arpaReader{data: data}
	if !r.find(`\data\`) {
		return `is not a language model: it has no line \data\`
	}
	counts, problem := r.counts()
	if problem != "" {
		return problem
	}
	words := map[string]bool{}
	for n := 1; n <= len(counts); n++ {
		if problem := r.section(n, len(counts), counts[n-1], words); problem != "" {
			return problem
		}
	}
	if line, ok := r.next(); !ok || line != `\end\` {
		return fmt.Sprintf(`line %d: expected \end\`, r.number)
	}
	return ""
}

// arpaReader gives the lines of a text as the library sees them: trimmed, without empty ones and comments.
type arpaReader struct {
	data   []byte
	number int
}

func (r *arpaReader) next() (string, bool) {
	for len(r.data) > 0 {
		var line []byte
		line, r.data, _ = bytes.Cut(r.data, []byte{'\n'})
		r.number++
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return string(line), true
		}
	}
	return "", false
}

func (r *arpaReader) find(mark string) bool {
	for {
		line, ok := r.next()
		if !ok || line == mark {
			return ok
		}
	}
}

// counts reads the lines "ngram 1=..." and the mark of the first section.
func (r *arpaReader) counts() ([]int, string) {
	var counts []int
	for {
		line, ok := r.next()
		if ok && line == `\1-grams:` && len(counts) > 0 {
			return counts, ""
		}
		order, count, _ := strings.Cut(strings.TrimPrefix(line, "ngram "), "=")
		n, err := strconv.Atoi(strings.TrimSpace(count))
		if !ok || err != nil || strings.TrimSpace(order) != strconv.Itoa(len(counts)+1) || n < 1 || n >= 1<<25 || len(counts) == mostOrder {
			return nil, fmt.Sprintf(`line %d: expected "ngram %d=" and a count, up to order %d, then \1-grams:`, r.number, len(counts)+1, mostOrder)
		}
		counts = append(counts, n)
	}
}

// section reads the n-grams of one length: a probability, n words, and except in the longest a back-off.
func (r *arpaReader) section(n, order, count int, words map[string]bool) string {
	mark := fmt.Sprintf(`\%d-grams:`, n)
	if n > 1 {
		if line, _ := r.next(); line != mark {
			return fmt.Sprintf("line %d: expected %s", r.number, mark)
		}
	}
	for i := range count {
		line, ok := r.next()
		f := strings.Fields(line)
		if !ok || len(f) < n+1 || len(f) > n+2 || len(f) == n+2 && n == order && n > 1 {
			return fmt.Sprintf("line %d: expected %d-gram %d of %d: a number, %d words, and perhaps a number", r.number, n, i+1, count, n)
		}
		for j, text := range f {
			isWord := j >= 1 && j <= n
			if _, err := strconv.ParseFloat(text, 64); !isWord && err != nil {
				return fmt.Sprintf("line %d: %q is not a number", r.number, text)
			}
			if isWord && n > 1 && !words[text] {
				return fmt.Sprintf("line %d: the word %q is not among the 1-grams", r.number, text)
			}
		}
		if n == 1 {
			words[f[1]] = true
		}
	}
	return ""
}
