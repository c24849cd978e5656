package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// FuzzBody: a body is refused with an error that says so, or it is JSON that every reader reads alike: encoded again it is read again,
// as the same.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"a"}`, `{"name":"a","limits":{"streams":1,"rate":0.5}}`, `{"name":"a","name":"b"}`, `{"Name":"a"}`, `null`, `[]`, `{"limits":null}`,
		`{"account":"1","name":"k","policy":{"Version":"2012-10-17","Statement":[]},"expires":"2027-01-01T00:00:00Z"}`, `{"policy":{"a":1,"a":2}}`, `{"a":`, "\ufeff{}", `{"name":"\ud800"}`, `{"expires":"x"}`,
		`{"name":"a"} {}`, `{"context":{"aws:SourceIp":"10.0.0.1"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []reflect.Type{reflect.TypeFor[newAccessKey](), reflect.TypeFor[newAccount](), reflect.TypeFor[policyQuestion](), reflect.TypeFor[newAPIKey]()} {
			first := reflect.New(kind)
			if err := decodeStrict(data, first.Interface()); err != nil {
				if stt.CodeOf(err) != stt.Invalid {
					t.Fatalf("refused with %v", err)
				}
				continue
			}
			text, err := json.Marshal(first.Interface())
			if err != nil {
				t.Fatalf("%q was taken and cannot be written: %v", data, err)
			}
			second := reflect.New(kind)
			if err := decodeStrict(text, second.Interface()); err != nil {
				t.Fatalf("%q became %q, which is refused: %v", data, text, err)
			}
			again, err := json.Marshal(second.Interface())
			if err != nil || !bytes.Equal(text, again) {
				t.Fatalf("%q became %q and then %q (%v)", data, text, again, err)
			}
		}
		// And what changes a thing takes no more than what makes one.
		var changes accountChanges
		if err := decodeStrict(data, &changes); err == nil && strings.Count(string(data), `"name"`) > 1 {
			t.Fatalf("%q says a name twice", data)
		}
	})
}

// FuzzPath: whatever matches a route is a path that nobody else reads as another one.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/admin/v1/accounts", "/admin/v1/accounts/%2e%2e", "/admin/v1/accounts/a%2fb", "/admin/v1//accounts", "/admin/v1/policy:check", "/admin/v1/prices/*", "/admin/v1/x/..\\y", "/admin/v1/accounts/%C3%BC"} {
		f.Add(seed)
	}
	all := routes(&Handler{})
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.ParseRequestURI(text)
		if err != nil {
			return
		}
		rt, params, _ := find(all, http.MethodGet, u)
		if rt == nil {
			return
		}
		if path.Clean(u.Path) != u.Path || !strings.HasPrefix(u.Path, Prefix+"/") {
			t.Fatalf("%q matches %s", text, rt.path)
		}
		for name, value := range params {
			if value == "" || strings.ContainsAny(value, "/\\\x00\n\r") || strings.Count(u.Path, "/") != strings.Count(Prefix+rt.path, "/") {
				t.Fatalf("%q: %s is %q", text, name, value)
			}
		}
	})
}
