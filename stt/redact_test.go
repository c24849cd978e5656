package stt_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"wss://example.com:8443/stream":                         "wss://example.com:8443/stream",
		"wss://example.com/stream?X-Amz-Signature=s3cret&a=b":   "wss://example.com/stream?...",
		"https://user:s3cret@example.com/a%2Fb":                 "https://example.com/a%2Fb",
		"https://s3cret@example.com":                            "https://example.com",
		"https://example.com/#s3cret":                           "https://example.com/",
		"https://user:s3cret@example.com/x?token=s3cret#s3cret": "https://example.com/x?...",
		"https:user:s3cret@example.com":                         "https:...", // two slashes forgotten
		"":                                                      "",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := stt.RedactURL(u); got != want || strings.Contains(got, "s3cret") {
			t.Errorf("%s: got %q, expected %q", in, got, want)
		}
		if u.String() != in {
			t.Errorf("the address itself has become %q", u)
		}
	}
	if got := stt.RedactURL(nil); got != "" {
		t.Errorf("no address gives %q", got)
	}
}
