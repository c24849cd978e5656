package resource

import (
	"strings"
	"unicode"
)

// ParseFilter reads a filter: one word in a line, or several with commas between them. Words have no spaces; a filter has one
// word at least. The error is a *SyntaxError.
func ParseFilter(content []byte) ([]string, error) {
	all, err := lines(content)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, l := range all {
		for _, c := range l.cells(",") {
			if c.text == "" {
				continue
			}
			if err := c.word(); err != nil {
				return nil, err
			}
			words = append(words, c.text)
		}
	}
	if len(words) == 0 {
		return nil, &SyntaxError{What: "expected one word at least; got none"}
	}
	return words, nil
}

// word checks what the cell says for something that can be looked for.
func (c cell) word() error {
	if err := c.short(); err != nil {
		return err
	}
	seen := false
	for i, r := range c.text {
		if unicode.IsSpace(r) {
			return c.fault(i, "expected a single word; got a space")
		}
		seen = seen || unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	if !seen {
		return c.fault(0, "expected a letter or a digit")
	}
	return nil
}

// FormatFilter writes words as [ParseFilter] reads them. A word that would be read as several, or as none, is an error that
// counts words.
func FormatFilter(words []string) ([]byte, error) {
	var b strings.Builder
	for i, w := range words {
		l := line{number: i + 1, text: w}
		if at := strings.IndexAny(w, ",\t\n\r"); at >= 0 {
			return nil, l.fault(at, "expected a single word; got a comma or a control character")
		}
		if strings.TrimSpace(w) == "" {
			return nil, l.fault(0, "expected a word; got none")
		}
		b.WriteString(w + "\n")
	}
	if b.Len() > MaxContent {
		return nil, &SyntaxError{What: "expected at most 51200 bytes of words; got more"}
	}
	return []byte(b.String()), nil
}
