package stt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Records decodes the value of a [KindRecords]: a JSON array of objects whose values are all texts. It returns nil for an
// empty value and for an array without objects. What [Driver.Resolve] gives always decodes, each record with every
// field of the option. The error is [Invalid] and tells of names and kinds only, never of a value, which may be secret.
func Records(value string) ([]map[string]string, error) {
	return parseRecords("records", value, wantRecords)
}

// FormatRecords returns the text that [Records] reads as the same records: one line, the fields in alphabetical order.
// There is one such text for each list of records, "[]" for the one without any.
func FormatRecords(records []map[string]string) string {
	var b bytes.Buffer
	text := func(s string) {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // people read these texts
		_ = e.Encode(s)        // a text can always be written
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('[')
	for i, r := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for j, name := range slices.Sorted(maps.Keys(r)) {
			if j > 0 {
				b.WriteByte(',')
			}
			text(name)
			b.WriteByte(':')
			text(r[name])
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.String()
}

const (
	wantRecords = `a list of records such as [{"field":"value"}]`
	wantText    = "a text in quotes"
)

// parseRecords is Records for an option of that name. It goes through the tokens, because decoding into maps would take
// the last of two fields with the same name and make texts of nulls.
func parseRecords(name, value, want string) ([]map[string]string, error) {
	if value == "" {
		return nil, nil
	}
	if !utf8.ValidString(value) {
		return nil, notRecords(name, "not UTF-8", want)
	}
	p := recordParser{json.NewDecoder(strings.NewReader(value))}
	p.UseNumber()
	records, err := p.list(name, want)
	var e *Error
	switch {
	case errors.As(err, &e):
		return nil, err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, notRecords(name, "JSON that ends too early", want)
	case err != nil: // its text has a character of the value
		return nil, notRecords(name, fmt.Sprintf("no JSON from byte %d on", p.InputOffset()+1), want)
	}
	if _, err := p.Token(); !errors.Is(err, io.EOF) {
		return nil, notRecords(name, "a list with something behind it", want)
	}
	return records, nil
}

func notRecords(name, got, want string) error {
	return &Error{Code: Invalid, Option: name, Want: want, Msg: "option " + quote(name) + " is " + got + "; expected " + want}
}

// recordParser reads one value. Errors that are no *Error are of the JSON and not of what it says.
type recordParser struct{ *json.Decoder }

func (p recordParser) list(name, want string) ([]map[string]string, error) {
	if err := p.open(name, '[', want); err != nil {
		return nil, err
	}
	var records []map[string]string
	for p.More() {
		r, err := p.record(fmt.Sprintf("%s[%d]", name, len(records)))
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	_, err := p.Token()
	return records, err
}

func (p recordParser) record(name string) (map[string]string, error) {
	if err := p.open(name, '{', `a record such as {"field":"value"}`); err != nil {
		return nil, err
	}
	r := map[string]string{}
	for p.More() {
		key, err := p.Token()
		if err != nil {
			return nil, err
		}
		field, _ := key.(string) // JSON has no other keys
		at := name + "." + field
		if _, twice := r[field]; twice {
			return nil, notRecords(at, "set twice", "each field once")
		}
		value, err := p.Token()
		if err != nil {
			return nil, err
		}
		text, ok := value.(string)
		if !ok {
			return nil, notRecords(at, tokenKind(value), wantText)
		}
		r[field] = text
	}
	_, err := p.Token()
	return r, err
}

// open takes the token that a list or a record begins with.
func (p recordParser) open(name string, delim json.Delim, want string) error {
	token, err := p.Token()
	if err == nil && token != delim {
		return notRecords(name, tokenKind(token), want)
	}
	return err
}

func tokenKind(token json.Token) string {
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return "a list"
		}
		return "a record"
	case string:
		return "a text"
	case bool:
		return "true or false without quotes"
	case json.Number:
		return "a number without quotes"
	default:
		return "null"
	}
}

// checkRecords checks every record of a value as the options of a driver are checked and returns the value with every
// field present. What is secret as a whole is so in every field.
func (o *Option) checkRecords(name, v string) (string, error) {
	records, err := parseRecords(name, v, o.want())
	if err != nil {
		return "", err
	}
	if len(records) == 0 && o.Required {
		return "", o.missing(name)
	}
	for i, r := range records {
		at := fmt.Sprintf("%s[%d]", name, i)
		if err := checkNames(at, o.Fields, r); err != nil {
			return "", err
		}
		for j := range o.Fields {
			f := o.Fields[j]
			f.Secret, f.Env = f.Secret || o.Secret, ""
			value := r[f.Name]
			if value == "" {
				value = f.Default
			}
			if r[f.Name], err = f.check(at+"."+f.Name, value); err != nil {
				return "", err
			}
		}
	}
	return FormatRecords(records), nil
}

// want says what values the option takes.
func (o *Option) want() string {
	if o.Kind != KindRecords || len(o.Fields) == 0 {
		return kindHelp[o.Kind]
	}
	names := make([]string, len(o.Fields))
	for i := range o.Fields {
		names[i] = o.Fields[i].Name
	}
	return "a list of records with " + strings.Join(names, ", ") + ", such as [{" + quote(names[0]) + `:"value"}]`
}
