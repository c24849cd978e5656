package auth

import (
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestCheckScope(t *testing.T) {
	for _, c := range []struct {
		operations, origins []string
		option              string // empty: good
	}{
		{nil, nil, ""},
		{APIOperations(), []string{"https://app.example.com", "http://localhost:8080", "https://*.example.com", "HTTPS://APP.EXAMPLE.COM:443", "https://[::1]:8443", "chrome-extension://abcdef"}, ""},
		{[]string{"stream", "nonsense"}, nil, "operations"},
		{[]string{"Stream"}, nil, "operations"},
		{[]string{""}, nil, "operations"},
		{nil, []string{"portal.example.com"}, "origins"},
		{nil, []string{"portal.example.com:443"}, "origins"},
		{nil, []string{"https://app.example.com/"}, "origins"},
		{nil, []string{"https://app.example.com/page"}, "origins"},
		{nil, []string{"https://me@app.example.com"}, "origins"},
		{nil, []string{"https://app.*.com"}, "origins"},
		{nil, []string{"https://*"}, "origins"},
		{nil, []string{"*"}, "origins"},
		{nil, []string{"null"}, "origins"},
		{nil, []string{""}, "origins"},
		{nil, []string{"https://"}, "origins"},
	} {
		err := CheckScope(c.operations, c.origins)
		if (err == nil) != (c.option == "") || err != nil && (stt.CodeOf(err) != stt.Invalid || stt.AsError(err).Option != c.option || !strings.Contains(err.Error(), "expected")) {
			t.Errorf("%q %q: %v", c.operations, c.origins, err)
		}
	}
}
