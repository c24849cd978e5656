package resource

import (
	"slices"
	"strings"
	"unicode"

	"github.com/earshot-stt/earshot/stt"
)

// The columns of a table. Their case matters.
const (
	columnPhrase     = "Phrase"
	columnSoundsLike = "SoundsLike"
	columnIPA        = "IPA"
	columnDisplayAs  = "DisplayAs"
)

var columns = []string{columnPhrase, columnSoundsLike, columnIPA, columnDisplayAs}

// ParseVocabulary reads a vocabulary: a table where the first line has the name of a column or a tab, else a list. A
// vocabulary has one phrase at least. The error is a *SyntaxError.
func ParseVocabulary(content []byte) ([]stt.Phrase, error) {
	all, err := lines(content)
	if err != nil {
		return nil, err
	}
	var phrases []stt.Phrase
	if first := all[0].text; strings.Contains(first, "\t") || slices.Contains(columns, strings.TrimSpace(first)) {
		phrases, err = parseTable(all)
	} else {
		phrases, err = parseList(all)
	}
	if err == nil && len(phrases) == 0 {
		err = &SyntaxError{What: "expected one phrase at least; got none"}
	}
	if err != nil {
		return nil, err
	}
	return phrases, nil
}

func parseList(all []line) ([]stt.Phrase, error) {
	var phrases []stt.Phrase
	for _, l := range all {
		for _, c := range l.cells(",") {
			if c.text == "" {
				continue
			}
			if err := c.phrase(); err != nil {
				return nil, err
			}
			phrases = append(phrases, stt.Phrase{Text: c.text})
		}
	}
	return phrases, nil
}

func parseTable(all []line) ([]stt.Phrase, error) {
	order, err := parseHeader(all[0])
	if err != nil {
		return nil, err
	}
	var phrases []stt.Phrase
	for _, l := range all[1:] {
		if strings.Trim(l.text, " \t") == "" {
			continue
		}
		p, err := parseRow(l, order)
		if err != nil {
			return nil, err
		}
		phrases = append(phrases, p)
	}
	return phrases, nil
}

// parseHeader returns the columns in their order.
func parseHeader(l line) ([]string, error) {
	var order []string
	for _, c := range l.cells("\t") {
		switch {
		case !slices.Contains(columns, c.text):
			return nil, c.fault(0, "expected the name of a column, one of %s, with tabs between them", strings.Join(columns, ", "))
		case slices.Contains(order, c.text):
			return nil, c.fault(0, "the column %s is there twice", c.text)
		}
		order = append(order, c.text)
	}
	if !slices.Contains(order, columnPhrase) {
		return nil, l.fault(0, "expected a column %s", columnPhrase)
	}
	return order, nil
}

// parseRow reads one row. Cells that are missing at its end are empty.
func parseRow(l line, order []string) (stt.Phrase, error) {
	var p stt.Phrase
	var sound cell
	for i, c := range l.cells("\t") {
		if i >= len(order) {
			return p, c.fault(0, "expected %d columns, as the first line has; got more", len(order))
		}
		if err := c.short(); err != nil {
			return p, err
		}
		var err error
		switch order[i] {
		case columnPhrase:
			p.Text, err = c.text, c.phrase()
		case columnDisplayAs:
			p.DisplayAs = c.text
		case columnSoundsLike:
			p.SoundsLike = c.text
			sound = c
		case columnIPA:
			p.IPA = c.text
			sound = c
		}
		if err != nil {
			return p, err
		}
	}
	switch {
	case p.Text == "":
		return p, l.fault(0, "expected a phrase in the column %s; got none", columnPhrase)
	case p.SoundsLike != "" && p.IPA != "":
		return p, sound.fault(0, "expected %s or %s; got both", columnSoundsLike, columnIPA)
	}
	return p, nil
}

// phrase checks what the cell says for something that can be said. An empty cell passes.
func (c cell) phrase() error {
	if err := c.short(); err != nil {
		return err
	}
	spoken := c.text == ""
	for i, r := range c.text {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r):
			spoken = true
		case unicode.IsDigit(r):
			return c.fault(i, "expected letters; got a digit: spell numbers out, and give the column %s to have them written", columnDisplayAs)
		case unicode.IsSpace(r):
			return c.fault(i, "expected no space; join the words of a phrase with hyphens")
		case !strings.ContainsRune("-.'’_·・\u200c\u200d", r): // the last two shape letters of some scripts
			return c.fault(i, "expected letters, hyphens, dots and apostrophes; got another character")
		}
	}
	if !spoken {
		return c.fault(0, "expected a letter")
	}
	return nil
}

// FormatVocabulary writes phrases as a table that [ParseVocabulary] reads. What it cannot read, such as a tab in a phrase, is written
// all the same.
func FormatVocabulary(phrases []stt.Phrase) []byte {
	var b strings.Builder
	b.WriteString(strings.Join(columns, "\t") + "\n")
	for _, p := range phrases {
		b.WriteString(strings.Join([]string{p.Text, p.SoundsLike, p.IPA, p.DisplayAs}, "\t") + "\n")
	}
	return []byte(b.String())
}

// FormatPhrases writes what came as a list in a request, so that [ParseVocabulary] reads it phrase by phrase: line 2 is the
// first one. A tab or a line end in a phrase, which would make another table of it, is an error that counts phrases.
func FormatPhrases(phrases []string) ([]byte, error) {
	var b strings.Builder
	b.WriteString(columnPhrase + "\n")
	for i, p := range phrases {
		if at := strings.IndexAny(p, "\t\n\r"); at >= 0 {
			return nil, line{number: i + 1, text: p}.fault(at, "got a control character")
		}
		b.WriteString(p + "\n")
	}
	if b.Len() > MaxContent {
		return nil, &SyntaxError{What: "expected at most 51200 bytes of phrases; got more"}
	}
	return []byte(b.String()), nil
}
