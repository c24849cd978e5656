package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a body.
const (
	maxBody  = 1 << 20 // bytes
	maxDepth = 32      // objects and arrays in each other
)

// decode reads the one JSON value that a body holds. Nothing is passed over: names that the type does not have (or has in
// another case), names that stand twice, and what follows the value are refused. JSON readers differ about all of these,
// and who may believe that a request said something else than was done has no use for the audit log.
func decode(r *http.Request, w http.ResponseWriter, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &httpError{http.StatusUnsupportedMediaType, codeMedia, "expected a body in JSON, with the header Content-Type: application/json", ""}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return &httpError{http.StatusUnsupportedMediaType, codeMedia, "expected a body without Content-Encoding", ""}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return &httpError{http.StatusRequestEntityTooLarge, codeTooLarge, "expected a body of at most 1 MiB", ""}
		}
		return invalid("", "the body cannot be read to its end")
	}
	return decodeStrict(data, into)
}

// decodeStrict is decode after the reading.
func decodeStrict(data []byte, into any) error {
	if !utf8.Valid(data) {
		return invalid("", "expected a body in UTF-8; got other bytes")
	}
	if at := loneSurrogate(data); at >= 0 {
		return invalid("", "expected escapes that stand for characters; at byte %d there is half of one", at)
	}
	check := checker{dec: json.NewDecoder(bytes.NewReader(data))}
	check.dec.UseNumber()
	if err := check.value(reflect.TypeOf(into).Elem(), "", 0); err != nil {
		return err
	}
	if _, err := check.dec.Token(); !errors.Is(err, io.EOF) {
		return invalid("", "expected one JSON value in the body; something follows it")
	}
	if err := json.Unmarshal(data, into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return invalid(wrong.Field, "%q: expected %s; got a JSON %s", wrong.Field, article(wrong.Type), wrong.Value)
		}
		return invalid("", "the body is not what was expected: %v", err)
	}
	return nil
}

// loneSurrogate returns where a JSON text has an escape of half a character (RFC 8259 section 8.2), or -1. Decoders put something else in its place without
// a word.
func loneSurrogate(data []byte) int {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		first, ok := escape(data[i:])
		if !ok {
			i++ // whatever is escaped, another backslash above all
			continue
		}
		if utf16.IsSurrogate(first) {
			second, ok := escape(data[min(i+6, len(data)):])
			if !ok || utf16.DecodeRune(first, second) == unicode.ReplacementChar {
				return i
			}
			i += 6
		}
		i += 5
	}
	return -1
}

// escape returns what \uXXXX at the beginning of a text stands for.
func escape(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// checker walks over a JSON text beside the type that it is for.
type checker struct{ dec *json.Decoder }

// value reads one value. t is the type for it; nil: any value will do, but no name twice.
func (c *checker) value(t reflect.Type, path string, depth int) error {
	token, err := c.dec.Token()
	if err != nil {
		return c.broken(err)
	}
	if depth > maxDepth {
		return invalid(path, "expected at most %d objects and lists in each other", maxDepth)
	}
	switch token {
	case json.Delim('{'):
		return c.object(shape(t), path, depth)
	case json.Delim('['):
		return c.list(shape(t), path, depth)
	}
	return nil
}

func (c *checker) object(t reflect.Type, path string, depth int) error {
	seen := map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return c.broken(err)
		}
		name, _ := token.(string) // of an object the decoder gives nothing else here
		at := join(path, name)
		if seen[name] {
			return invalid(at, "%q stands twice", clip(at))
		}
		seen[name] = true
		inner, known := member(t, name)
		if !known {
			return invalid(at, "%q is not known; expected one of %s", clip(at), strings.Join(members(t), ", "))
		}
		if err := c.value(inner, at, depth+1); err != nil {
			return err
		}
	}
	return c.end()
}

func (c *checker) list(t reflect.Type, path string, depth int) error {
	var inner reflect.Type
	if t != nil && t.Kind() == reflect.Slice {
		inner = t.Elem()
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.value(inner, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	return c.end()
}

func (c *checker) end() error {
	if _, err := c.dec.Token(); err != nil {
		return c.broken(err)
	}
	return nil
}

// broken says where the text stops being JSON.
func (c *checker) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("", "expected a body in JSON; it is empty or ends in the middle")
	}
	return invalid("", "expected a body in JSON; it is not at byte %d", c.dec.InputOffset())
}

// shape is the type whose members or elements a value has.
func shape(t reflect.Type) reflect.Type {
	for t != nil {
		if as, ok := reflect.Zero(t).Interface().(interface{ inner() reflect.Type }); ok {
			t = as.inner()
			continue
		}
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return nil
	}
	return t
}

// member returns the type of an object's member, nil for any, and whether there may be one of that name.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	switch {
	case t == nil:
		return nil, true
	case t.Kind() == reflect.Map:
		return t.Elem(), true
	case t.Kind() != reflect.Struct:
		return nil, true // of another kind altogether, which the decoder says better
	}
	for f := range fields(t) {
		if jsonName(f) == name {
			return f.Type, true
		}
	}
	return nil, false
}

func members(t reflect.Type) (names []string) {
	for f := range fields(t) {
		names = append(names, strconv.Quote(jsonName(f)))
	}
	return names
}

// fields are those of a struct that JSON knows.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() && !f.Anonymous && jsonName(f) != "-" && !yield(f) {
				return
			}
		}
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// article names a Go type as people who write JSON do.
func article(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number that is not too large"
	}
}

// change is a member of a PATCH: absent leaves a thing as it is, null takes it back to nothing, a value sets it.
type change[T any] struct {
	set   bool
	null  bool
	value T
}

// UnmarshalJSON is called when the member is there.
func (c *change[T]) UnmarshalJSON(data []byte) error {
	c.set = true
	if string(data) == "null" {
		c.null = true
		return nil
	}
	return json.Unmarshal(data, &c.value)
}

// inner is the type that checker and the document see.
func (change[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

// to sets what is to change.
func (c change[T]) to(target *T) {
	if c.set {
		*target = c.value
	}
}
