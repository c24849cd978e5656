package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// keysOfList is a third implementation: one with errors and several secrets.
type keysOfList struct {
	key AccessKey
	err error
}

func (k keysOfList) AccessKey(context.Context, string) (AccessKey, error) { return k.key, k.err }

func TestStatic(t *testing.T) {
	keys := Static{idA: secretA}
	key, err := keys.AccessKey(t.Context(), idA)
	if err != nil || key.ID != idA || key.Name != idA || !slices.Equal(key.Secrets, []string{secretA}) {
		t.Errorf("got %#v, %v", key, err)
	}
	key.Secrets[0] = "changed"
	if again, _ := keys.AccessKey(t.Context(), idA); again.Secrets[0] != secretA {
		t.Error("a change to the result shows in the next")
	}
	for _, id := range []string{"", strings.ToLower(idA), idA + " ", idB} {
		if key, err := keys.AccessKey(t.Context(), id); stt.CodeOf(err) != stt.Unauthenticated || key.ID != "" || key.Secrets != nil {
			t.Errorf("id %q: got %v, %v; want unauthenticated", id, key, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := keys.AccessKey(ctx, idA); stt.CodeOf(err) != stt.Canceled {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestUnknownKeyText(t *testing.T) {
	short, long := Static{}, Static{}
	if _, err := short.AccessKey(t.Context(), idA); !strings.Contains(err.Error(), idA) {
		t.Errorf("%q does not name the id", err)
	}
	if _, err := long.AccessKey(t.Context(), secretA); strings.Contains(err.Error(), secretA[:8]) || !strings.Contains(err.Error(), "40 characters") {
		t.Errorf("%q shows a secret that was sent as the id, or does not say how long it is", err)
	}
}

func TestAuthenticate(t *testing.T) {
	wrong, broken := errors.New("signature does not match"), stt.Errorf(stt.Unavailable, "database gone")
	rotating := AccessKey{ID: idA, Name: "night", Secrets: []string{secretA, secretB}}
	for _, c := range []struct {
		name   string
		keys   AccessKeys
		check  error
		want   Principal
		err    error
		code   stt.Code
		checks int
	}{
		{name: "good", keys: keysOfList{key: rotating}, want: rotating.Principal(), checks: 1},
		{name: "wrong signature", keys: keysOfList{key: rotating}, check: wrong, err: wrong, checks: 1},
		{name: "unknown, signature wrong", keys: Static{}, check: wrong, code: stt.Unauthenticated, checks: 1},
		{name: "unknown, signature taken for good", keys: Static{}, code: stt.Unauthenticated, checks: 1},
		{name: "key without secrets", keys: keysOfList{key: AccessKey{ID: idA}}, code: stt.Unauthenticated, checks: 1},
		{name: "cannot be looked up", keys: keysOfList{err: broken}, err: broken, checks: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			checks := 0
			got, err := Authenticate(t.Context(), c.keys, idA, "", func(secrets []string) error {
				checks++
				if len(secrets) == 0 || slices.Contains(secrets, "") {
					t.Errorf("asked to check with secrets %q", secrets)
				}
				if c.want.KeyID != "" && !slices.Equal(secrets, rotating.Secrets) {
					t.Errorf("asked to check with %d secrets; want both", len(secrets))
				}
				return c.check
			})
			if !reflect.DeepEqual(got, c.want) || checks != c.checks {
				t.Errorf("got %v after %d checks; want %v after %d", got, checks, c.want, c.checks)
			}
			if c.err != nil && !errors.Is(err, c.err) || c.err == nil && stt.CodeOf(err) != c.code {
				t.Errorf("got error %v; want %v, code %v", err, c.err, c.code)
			}
		})
	}
}

func TestDecoy(t *testing.T) {
	a, b := Decoy(idA), Decoy(idA)
	if a.ID != idA || len(a.Secrets) != 1 || len(a.Secrets[0]) != len(secretA) {
		t.Errorf("got %v; want the shape of a real key", a)
	}
	if a.Secrets[0] == b.Secrets[0] {
		t.Error("two decoys have the same secret")
	}
}

// showings are the ways in which a value ends up where people read it.
func showings(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
		out[verb] = fmt.Sprintf(verb, v)
		out["in a struct, "+verb] = fmt.Sprintf(verb, struct{ Field any }{v})
		out["in a slice, "+verb] = fmt.Sprintf(verb, []any{v})
	}
	for name, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal} {
		if text, err := encode(v); err == nil {
			out[name] = string(text)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "in", []any{v})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "in", []any{v})
	out["slog"] = log.String()
	out["error"] = fmt.Errorf("wrapped: %v", v).Error()
	return out
}

func TestSecretsDoNotShow(t *testing.T) {
	const secret = "TheSecretItself0123456789"
	hexed := fmt.Sprintf("%x", secret)
	key := AccessKey{ID: idA, Name: "night", Secrets: []string{secret, secret}}
	for name, v := range map[string]any{
		"AccessKey":       key,
		"*AccessKey":      &key,
		"Created":         Created{Files: []string{"f"}, AdminToken: secret},
		"Static, as keys": AccessKeys(Static{idA: secret}),
		"*File":           &File{keys: &watched[map[string]AccessKey]{path: "p", value: map[string]AccessKey{idA: key}}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, text := range showings(t, v) {
				if strings.Contains(text, secret[:6]) || strings.Contains(strings.ToLower(text), hexed[:12]) {
					t.Errorf("%s shows the secret: %s", how, text)
				}
			}
		})
	}
	if text := fmt.Sprint(key); !strings.Contains(text, idA) || !strings.Contains(text, "night") {
		t.Errorf("%q does not say which key it is", text)
	}
	if text, err := json.Marshal(key); err != nil || string(text) != `{"id":"`+idA+`","name":"night"}` {
		t.Errorf("json is %s, %v", text, err)
	}
}
