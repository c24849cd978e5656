package speechall

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Scripts of other pages may use the API where the operator lets them; a key that is bound to an origin is good for no other.
func TestCrossOrigin(t *testing.T) {
	bound := func(_, _, origin string) error {
		if origin != "https://app.example.com" {
			return stt.Errorf(stt.Denied, "not from here")
		}
		return nil
	}
	for _, c := range []struct {
		name    string
		origins []string
		permits func(operation, model, origin string) error
		origin  string
		allowed string // to read the answer
		status  int    // of a request with a key
	}{
		{"any", []string{"*"}, nil, "https://app.example.com", "*", 200},
		{"no page", []string{"*"}, nil, "", "", 200},
		{"none", nil, nil, "https://app.example.com", "", 200},
		{"named", []string{"https://other.example", "https://app.example.com"}, nil, "https://app.example.com", "https://app.example.com", 200},
		{"not named", []string{"https://other.example"}, nil, "https://app.example.com", "", 200},
		{"bound to it", []string{"*"}, bound, "https://app.example.com", "*", 200},
		{"bound to another", []string{"*"}, bound, "https://evil.example", "*", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{Origins: c.origins})
				h.handler.opts.Keys = permitting(h.handler.opts.Keys, c.permits)
				r := h.request("GET", "/v1/speech-to-text-models", nil)
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
				got := h.do(r)
				if got.status != c.status || got.header.Get("Access-Control-Allow-Origin") != c.allowed {
					t.Errorf("%d %v", got.status, got.header)
				}
				if shared := c.origins != nil && c.origins[0] == "*"; shared == (got.header.Get("Vary") == "Origin") {
					t.Errorf("caches are told %q", got.header.Get("Vary"))
				}
				if got.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Error("cookies are asked for")
				}
				before := h.request("OPTIONS", "/v1/transcribe?model=script", nil)
				before.Header.Del("Authorization")
				before.Header.Set("Access-Control-Request-Method", "POST")
				before.Header.Set("Access-Control-Request-Headers", "authorization,x-fern-language")
				if c.origin != "" {
					before.Header.Set("Origin", c.origin)
				}
				got = h.do(before)
				if (got.status == http.StatusNoContent) != (c.allowed != "") || got.header.Get("Access-Control-Allow-Origin") != c.allowed {
					t.Errorf("before the request: %d %v", got.status, got.header)
				}
				if c.allowed != "" && (got.header.Get("Access-Control-Allow-Headers") != "authorization,x-fern-language" || got.header.Get("Access-Control-Allow-Methods") == "") {
					t.Errorf("before the request: %v", got.header)
				}
			})
		})
	}
}

// permitting binds all keys to something.
func permitting(keys Keys, permits func(operation, model, origin string) error) Keys {
	return func(ctx context.Context, token string, from auth.Origin) (Caller, error) {
		caller, err := keys(ctx, token, from)
		caller.Permits = permits
		return caller, err
	}
}
