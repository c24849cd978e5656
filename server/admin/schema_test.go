package admin

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// document is openapi.json as a judge of requests and answers. It knows the part of JSON Schema that the document uses, and fails where it
// meets more.
type document struct {
	root object
	used map[string]bool // operations that answered with success
}

func openDocument() (*document, error) {
	d := &document{used: map[string]bool{}}
	return d, json.Unmarshal(Document, &d.root)
}

// at follows names down the document.
func (d *document) at(names ...string) object {
	var v any = d.root
	for _, name := range names {
		m, _ := v.(object)
		v = m[name]
	}
	m, _ := v.(object)
	return m
}

// judge compares a text with a schema.
func (d *document) judge(schema object, text []byte) error {
	if schema == nil {
		return fmt.Errorf("the document has no schema for this")
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	return d.fits(schema, v, "$")
}

func (d *document) fits(schema object, v any, path string) error {
	for word, want := range schema {
		var err error
		switch word {
		case "description":
		case "$ref":
			err = d.fits(d.at(strings.Split(strings.TrimPrefix(want.(string), "#/"), "/")...), v, path)
		case "anyOf":
			err = d.any(want.([]any), v, path)
		case "type":
			err = kind(want.(string), v, path)
		case "format":
			err = form(want.(string), v, path)
		case "enum":
			if !slices.Contains(want.([]any), v) {
				err = fmt.Errorf("%s: %v is none of %v", path, v, want)
			}
		case "items":
			list, _ := v.([]any)
			for i, one := range list {
				if err == nil {
					err = d.fits(want.(object), one, fmt.Sprintf("%s[%d]", path, i))
				}
			}
		case "required":
			for _, name := range want.([]any) {
				if _, there := v.(object)[name.(string)]; !there {
					err = fmt.Errorf("%s: %q is missing", path, name)
				}
			}
		case "properties", "additionalProperties":
			err = d.members(schema, v, path)
		default:
			err = fmt.Errorf("%s: the schema says %q, which this test does not know", path, word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *document) any(schemas []any, v any, path string) (err error) {
	for _, one := range schemas {
		if err = d.fits(one.(object), v, path); err == nil {
			return nil
		}
	}
	return err
}

func (d *document) members(schema object, v any, path string) error {
	members, _ := v.(object)
	properties, _ := schema["properties"].(object)
	for name, inner := range members {
		switch rest := schema["additionalProperties"].(type) {
		case object:
			if err := d.fits(rest, inner, path+"."+name); err != nil {
				return err
			}
			continue
		default:
			one, known := properties[name].(object)
			if !known {
				return fmt.Errorf("%s: %q is not in the document", path, name)
			}
			if err := d.fits(one, inner, path+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func kind(want string, v any, path string) error {
	ok := false
	switch v := v.(type) {
	case nil:
		ok = want == "null"
	case string:
		ok = want == "string"
	case bool:
		ok = want == "boolean"
	case float64:
		ok = want == "number" || want == "integer" && v == math.Trunc(v)
	case []any:
		ok = want == "array"
	case object:
		ok = want == "object"
	}
	if !ok {
		return fmt.Errorf("%s: expected %s; got %T", path, want, v)
	}
	return nil
}

func form(want string, v any, path string) error {
	text, isText := v.(string)
	if want != "date-time" || !isText {
		return nil
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil || !strings.HasSuffix(text, "Z") {
		return fmt.Errorf("%s: %q is no time in UTC", path, text)
	}
	return nil
}
