package transcribe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// DecodeManage reads and checks the request of an operation that is offered. It fails with *stt.Error: Malformed for a body that
// is not the JSON it should be, with a name that is there twice in an object among it, and Invalid, in the service's words, for
// values; all that are wrong are named at once. Names are taken in their very case, null is the same as nothing, and an empty
// body is an empty object. The content of vocabularies is in no error.
func DecodeManage(op ManageOperation, body []byte) (*ManageRequest, error) {
	given := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(body)) > 0 {
		var err error
		if given, err = object(body); err != nil {
			return nil, err
		}
	}
	r := &ManageRequest{}
	var faults []string
	for i := range op.members {
		m := &op.members[i]
		raw, there := given[m.name]
		if !there || string(raw) == "null" {
			if m.required {
				at := strings.ToLower(m.name[:1]) + m.name[1:]
				faults = append(faults, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", at))
			}
			continue
		}
		if err := read(raw, m.field(r)); err != nil {
			return nil, &stt.Error{Code: stt.Malformed, Op: "manage", Msg: fmt.Sprintf("The member %s is not what it should be: %s.", m.name, err)}
		}
		if constraint := m.check(r); constraint != "" {
			faults = append(faults, m.fault(r, constraint))
		}
	}
	if len(faults) > 0 {
		return nil, &stt.Error{Code: stt.Invalid, Op: "manage", Msg: validationText(faults)}
	}
	return r, r.oneContent(op)
}

// oneContent checks that there is one content where there must be one.
func (r *ManageRequest) oneContent(op ManageOperation) error {
	list, file := "", ""
	for i := range op.members {
		switch name := op.members[i].name; name {
		case "Phrases", "Words":
			list = name
		case "VocabularyFileUri", "VocabularyFilterFileUri":
			file = name
		}
	}
	if list == "" || (r.Entries != nil) != (r.FileURI != "") {
		return nil
	}
	is := "neither"
	if r.Entries != nil {
		is = "both"
	}
	return &stt.Error{Code: stt.Invalid, Op: "manage", Msg: fmt.Sprintf("The request must have either %s or %s; it has %s.", list, file, is)}
}

// object reads a JSON object whose names are all different.
func object(body []byte) (map[string]json.RawMessage, error) {
	bad := func(why string) (map[string]json.RawMessage, error) {
		return nil, &stt.Error{Code: stt.Malformed, Op: "manage", Msg: "The body is not a JSON object: " + why + "."}
	}
	if !utf8.Valid(body) {
		return bad("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return bad("it does not begin with one")
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return bad("a name is missing")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return bad("the value of a member cannot be read")
		}
		if _, twice := all[name]; twice {
			return bad(fmt.Sprintf("the member %q is there twice", short(name)))
		}
		all[name] = raw
	}
	if _, err := d.Token(); err != nil {
		return bad("it does not end")
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("there is something behind it")
	}
	return all, nil
}

// read reads a value into a field. Its errors do not show the value.
func read(raw json.RawMessage, field any) error {
	var err error
	switch f := field.(type) {
	case *string:
		if err = json.Unmarshal(raw, f); err != nil {
			err = fmt.Errorf("expected a string")
		}
	case *int:
		if err = json.Unmarshal(raw, f); err != nil {
			err = fmt.Errorf("expected a whole number")
		}
	case *[]string:
		err = readStrings(raw, f)
	case *[]Tag:
		err = readTags(raw, f)
	}
	return err
}

func readStrings(raw json.RawMessage, field *[]string) error {
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("expected a list of strings")
	}
	*field = make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return fmt.Errorf("expected a list of strings; got null in it")
		}
		(*field)[i] = *s
	}
	return nil
}

func readTags(raw json.RawMessage, field *[]Tag) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("expected a list of tags")
	}
	*field = make([]Tag, len(list))
	for i, one := range list {
		given, err := object(one)
		if err != nil {
			return fmt.Errorf("expected tags with a Key and a Value")
		}
		key, value := given["Key"], given["Value"]
		if key == nil || value == nil || string(key) == "null" || string(value) == "null" ||
			json.Unmarshal(key, &(*field)[i].Key) != nil || json.Unmarshal(value, &(*field)[i].Value) != nil {
			return fmt.Errorf("expected tags with a Key and a Value")
		}
	}
	return nil
}

// EncodeManage returns the body that asks an operation for r; what is not among its members is left out.
func EncodeManage(op ManageOperation, r *ManageRequest) ([]byte, error) {
	body := []byte{'{'}
	for i := range op.members {
		m := &op.members[i]
		if !m.given(r) {
			continue
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(body, `"`+m.name+`":`...)
		var err error
		if body, err = appendJSON(body, m.field(r)); err != nil {
			return nil, err
		}
	}
	return append(body, '}'), nil
}
