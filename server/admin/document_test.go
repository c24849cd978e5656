package admin

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write openapi.json")

// object is a JSON object whose members are written in the order of their names.
type object = map[string]any

// TestDocument holds openapi.json to the table of operations and to the Go types, in both directions: it is the document that they
// make, to the byte.
func TestDocument(t *testing.T) {
	made := documentOf(t, routes(&Handler{}))
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(out.Bytes(), Document) {
		t.Error("openapi.json is not what the operations and types say: run go test ./server/admin -run TestDocument -update, and look at what changed")
	}
}

// documentOf writes the operations down.
func documentOf(t *testing.T, all []route) object {
	d := documenter{t: t, schemas: object{}, types: map[string]reflect.Type{}}
	paths := object{}
	for i := range all {
		rt := &all[i]
		item, _ := paths[rt.path].(object)
		if item == nil {
			item = object{}
			paths[rt.path] = item
		}
		item[strings.ToLower(rt.method)] = d.operation(rt)
	}
	failure := object{"description": "It was refused; the body says why.", "content": object{jsonMedia: object{"schema": d.schema(reflect.TypeFor[errorBody]())}}}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Earshot administration", "version": "1",
			"description": "Accounts, users, keys, limits, prices, usage, open streams and the audit log of an Earshot server. Every request needs the bearer token of an administrator. " +
				"A viewer reads, an operator also changes accounts, keys and prices and ends streams, an administrator does everything. " +
				"Names that are not known, or stand twice, are refused, in bodies and in queries. What has an ETag is changed and deleted with If-Match only as it was seen."},
		"servers":  []any{object{"url": Prefix}},
		"security": []any{object{"administrator": []any{}}},
		"paths":    paths,
		"components": object{
			"securitySchemes": object{"administrator": object{"type": "http", "scheme": "bearer"}},
			"responses":       object{"Failure": failure},
			"schemas":         d.schemas,
		},
	}
}

// examples are bodies, by operation: one for each that takes one.
var examples = map[string]string{
	"createAccount":    `{"name":"radio","limits":{"streams":10,"month_seconds":2160000}}`,
	"updateAccount":    `{"limits":{"streams":20}}`,
	"createUser":       `{"account":"123456789012","name":"alice","role":"operator"}`,
	"updateUser":       `{"role":"viewer"}`,
	"createAccessKey":  `{"account":"123456789012","name":"studio","expires":"2030-01-01T00:00:00Z","limits":{"streams":4},"policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}}`,
	"updateAccessKey":  `{"disabled":true,"policy":null,"expires":null}`,
	"rotateAccessKey":  `{"grace_seconds":86400}`,
	"deriveAccessKey":  `{"ttl_seconds":900,"name":"a browser"}`,
	"createApiKey":     `{"account":"123456789012","name":"portal","origins":["https://portal.example.com"],"limits":{"day_seconds":3600}}`,
	"updateApiKey":     `{"origins":null,"limits":null}`,
	"createAdminToken": `{"name":"robot","role":"operator","expires":"2030-01-01T00:00:00Z"}`,
	"updateAdminToken": `{"disabled":true}`,
	"checkPolicy":      `{"access_key":"ESHKAAAAAAAAAAAAAAAA","action":"transcribe:StartStreamTranscription","context":{"aws:SourceIp":"192.0.2.7"}}`,
	"setPrice":         `{"per_minute_micros":24000,"currency":"EUR"}`,
}

// The examples are what the document and the handler take, and none is of an operation that has gone.
func TestExamples(t *testing.T) {
	doc, err := openDocument()
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	all := routes(&Handler{})
	for i := range all {
		rt := &all[i]
		if rt.in == nil {
			continue
		}
		used++
		text := []byte(examples[rt.name])
		if err := doc.judge(doc.at("paths", rt.path, strings.ToLower(rt.method), "requestBody", "content", jsonMedia, "schema"), text); err != nil {
			t.Errorf("%s: the document does not take its example: %v", rt.name, err)
		}
		if err := decodeStrict(text, reflect.New(rt.in).Interface()); err != nil {
			t.Errorf("%s: the handler does not take its example: %v", rt.name, err)
		}
	}
	if used != len(examples) {
		t.Errorf("%d operations have a body, and there are %d examples", used, len(examples))
	}
}

type documenter struct {
	t       *testing.T
	schemas object
	types   map[string]reflect.Type
}

func (d *documenter) operation(rt *route) object {
	op := object{"operationId": rt.name, "summary": rt.about, "x-role": string(rt.role), "tags": []any{strings.FieldsFunc(rt.path, func(r rune) bool { return r == '/' || r == ':' || r == '.' })[0]}}
	var params []any
	for _, part := range strings.Split(rt.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			params = append(params, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	for _, p := range rt.query {
		schema := object{"type": p.kind}
		if p.enum != nil {
			schema["enum"] = p.enum
		}
		param := object{"name": p.name, "in": "query", "description": p.about, "schema": schema}
		if p.list {
			param["schema"], param["style"], param["explode"] = object{"type": "array", "items": schema}, "form", false
		}
		params = append(params, param)
	}
	if rt.guarded {
		params = append(params, object{"name": "If-Match", "in": "header", "description": "ETag of what was seen; if it has changed since, nothing is done and the answer is 412.", "schema": object{"type": "string"}})
	}
	if params != nil {
		op["parameters"] = params
	}
	if rt.in != nil {
		var example any
		if err := json.Unmarshal([]byte(examples[rt.name]), &example); err != nil {
			d.t.Errorf("%s has no example: %v", rt.name, err)
		}
		op["requestBody"] = object{"required": true, "content": object{jsonMedia: object{"schema": d.schema(rt.in), "example": example}}}
	}
	good := object{"description": http.StatusText(rt.status)}
	if rt.out != nil {
		content := object{}
		for _, media := range rt.media {
			if media == jsonMedia {
				content[media] = object{"schema": d.schema(rt.out)}
			} else {
				content[media] = object{"schema": object{"type": "string"}}
			}
		}
		good["content"] = content
	}
	if d.tagged(rt) {
		good["headers"] = object{"ETag": object{"schema": object{"type": "string"}}}
	}
	op["responses"] = object{number(rt.status): good, "default": object{"$ref": "#/components/responses/Failure"}}
	return op
}

// tagged reports whether an answer has an ETag.
func (d *documenter) tagged(rt *route) bool {
	return rt.out != nil && rt.out.Implements(reflect.TypeFor[interface{ etag() string }]())
}

func number(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// schema describes a type; structs stand among the components.
func (d *documenter) schema(t reflect.Type) object {
	if as, ok := reflect.Zero(t).Interface().(interface{ inner() reflect.Type }); ok {
		inner := d.schema(as.inner())
		return object{"anyOf": []any{inner, object{"type": "null"}}}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.Number]():
		return object{"type": "number"}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	case t == reflect.TypeFor[Role]():
		return object{"type": "string", "enum": []Role{Viewer, Operator, Admin}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return object{"type": "object"}
		}
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Struct:
		return d.component(t)
	default:
		d.t.Fatalf("no schema for %v", t)
		return nil
	}
}

// component describes a struct. What answers always have is required; of requests, what is marked.
func (d *documenter) component(t reflect.Type) object {
	name := typeName(t)
	ref := object{"$ref": "#/components/schemas/" + name}
	if known, ok := d.types[name]; ok {
		if known != t {
			d.t.Fatalf("two types are called %s", name)
		}
		return ref
	}
	d.types[name] = t
	properties, required := object{}, []string{}
	request := isRequest(t)
	for f := range fields(t) {
		if f.Tag.Get("json") == "" {
			d.t.Errorf("%v.%s has no name in JSON", t, f.Name)
		}
		s := d.schema(f.Type)
		if about := f.Tag.Get("doc"); about != "" {
			s["description"] = about
		}
		properties[jsonName(f)] = s
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if request && f.Tag.Get("need") != "" || !request && options == "" {
			required = append(required, jsonName(f))
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	d.schemas[name] = schema
	return ref
}

// isRequest reports whether a type is what clients send. (Limits are both: in a request none is required, as for all without marks.)
func isRequest(t reflect.Type) bool {
	name := t.Name()
	return strings.HasPrefix(name, "new") || strings.HasSuffix(name, "Changes") || slices.Contains([]string{"limits", "rotation", "derivation", "policyQuestion"}, name)
}

// typeName makes "AccountList" of page[account].
func typeName(t reflect.Type) string {
	name := t.Name()
	if inner, ok := strings.CutPrefix(name, "page["); ok {
		name = strings.TrimSuffix(inner[strings.LastIndexByte(inner, '.')+1:], "]") + "List"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// Every operation has its own name and sentence, a role that exists, parameters that it knows, and a path that no other route hides.
func TestRoutes(t *testing.T) {
	names, seen := map[string]bool{}, map[string]bool{}
	all := routes(&Handler{})
	for i := range all {
		rt := &all[i]
		if names[rt.name] || seen[rt.method+rt.path] {
			t.Errorf("%s %s stands there twice", rt.method, rt.path)
		}
		names[rt.name], seen[rt.method+rt.path] = true, true
		if ranks[rt.role] == 0 || !strings.HasSuffix(rt.about, ".") || rt.serve == nil || rt.status == 0 {
			t.Errorf("%s is incomplete", rt.name)
		}
		if changes := rt.method != http.MethodGet; changes && rt.role == Viewer && rt.name != "checkPolicy" {
			t.Errorf("%s changes something, and a viewer may do it", rt.name)
		}
		u := mustURL(t, Prefix+strings.NewReplacer("{", "", "}", "").Replace(rt.path))
		found, _, _ := find(all, rt.method, u)
		if found == nil || found.name != rt.name {
			t.Errorf("%s is not found at its own path %s", rt.name, u)
		}
	}
	if got := slices.Sorted(maps.Keys(names)); len(got) < 40 {
		t.Errorf("only %d operations: %v", len(got), got)
	}
}
