package sigv4_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// queryCases feeds the table test and the fuzzer.
var queryCases = []struct{ name, raw, want string }{
	{"empty", "", ""},
	{"one", "a=b", "a=b"},
	{"sorted by name", "b=1&a=2", "a=2&b=1"},
	{"capitals before small letters", "a=1&B=2", "B=2&a=1"},
	{"duplicates sorted by value", "a=2&a=10&a=1", "a=1&a=10&a=2"},
	{"a name and its extension", "a-b=1&a=2", "a=2&a-b=1"},
	{"sorted after encoding", "k=a-b&k=a/b", "k=a%2Fb&k=a-b"},
	{"no value", "flag", "flag="},
	{"empty value", "flag=", "flag="},
	{"empty name", "=v", "=v"},
	{"second equals sign", "a=b=c", "a=b%3Dc"},
	{"empty parameters", "&&a=1&&b=2&", "a=1&b=2"},
	{"space as plus", "a=b+c", "a=b%20c"},
	{"space escaped", "a=b%20c", "a=b%20c"},
	{"plus escaped", "a=b%2Bc", "a=b%2Bc"},
	{"comma raw and escaped", "a=X,Y&b=X%2CY", "a=X%2CY&b=X%2CY"},
	{"lower-case escape", "a=%2f%c3%a9", "a=%2F%C3%A9"},
	{"needless escape", "%61=%62", "a=b"},
	{"unreserved stays", "a=-_.~AZaz09", "a=-_.~AZaz09"},
	{"tilde escaped", "a=%7E", "a=~"},
	{"reserved goes", "a=!*'();:@$/?[]", "a=%21%2A%27%28%29%3B%3A%40%24%2F%3F%5B%5D"},
	{"semicolon does not separate", "a=1;b=2", "a=1%3Bb%3D2"},
	{"Unicode raw and escaped", "ü=é&x=%F0%9F%8E%A4", "%C3%BC=%C3%A9&x=%F0%9F%8E%A4"},
	{"not UTF-8", "a=%ff%FE", "a=%FF%FE"},
	{"control characters", "a=%00%0a", "a=%00%0A"},
	{"twice escaped", "a=%2520", "a=%2520"},
	{"signature left out", "X-Amz-Signature=00&a=1", "a=1"},
	{"signature under an escaped name left out", "X%2DAmz-Signature=00&a=1", "a=1"},
	{"small-letter namesake kept", "x-amz-signature=00", "x-amz-signature=00"},
	{"token kept", "X-Amz-Security-Token=a%2Fb%2B%3D", "X-Amz-Security-Token=a%2Fb%2B%3D"},
}

func TestCanonicalQuery(t *testing.T) {
	for _, c := range queryCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := sigv4.CanonicalQuery(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%q gives %q, want %q", c.raw, got, c.want)
			}
			again, err := sigv4.CanonicalQuery(got)
			if err != nil || again != got {
				t.Errorf("%q gives %q (%v) the second time", got, again, err)
			}
		})
	}
}

func TestCanonicalQueryErrors(t *testing.T) {
	for name, c := range map[string]struct{ raw, field string }{
		"broken escape in value": {"language-code=%zz", "language-code"},
		"nameless":               {"=%", "query"},
		"escape cut short":       {"a=1&language-code=%2", "language-code"},
		"broken escape in name":  {"%=1", "query"},
		"too long":               {strings.Repeat("a=1&", 20000), "query"},
	} {
		_, err := sigv4.CanonicalQuery(c.raw)
		if e := wantReason(t, err, sigv4.Malformed); e.Field != c.field {
			t.Errorf("%s: field %q, want %q", name, e.Field, c.field)
		}
	}
}

// An error of the query is found wherever the query is read.
func TestBrokenQueryEverywhere(t *testing.T) {
	if _, err := sigv4.ParsePresigned("a=%"); sigv4.ReasonOf(err) != sigv4.Malformed {
		t.Errorf("ParsePresigned: %v", err)
	}
	claim := sigv4.Claim{Form: sigv4.Header, SignedHeaders: []string{"host"}, Signature: vectorSignature}
	if _, _, err := sigv4.Explain(claim, sigv4.Request{RawQuery: "a=%", Hosts: []string{"h"}}); sigv4.ReasonOf(err) != sigv4.Malformed {
		t.Errorf("Explain: %v", err)
	}
}

func TestCanonicalPath(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "/",
		"/":                     "/",
		"/stream-transcription": "/stream-transcription",
		"/a%20b":                "/a%2520b",
		"/a:b@c":                "/a%3Ab%40c",
		"/a%2Fb":                "/a%252Fb",
		"/%C3%A9":               "/%25C3%25A9",
		"/é":                    "/%C3%A9",
		"/a//b/./../c/":         "/a//b/./../c/",
	} {
		if got := sigv4.CanonicalPath(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

// Header values reach the canonical request trimmed, with single spaces, and joined.
func TestHeaderValues(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"plain":                {http.Header{"X-A": {"b"}}, "b"},
		"empty":                {http.Header{"X-A": {""}}, ""},
		"no values":            {http.Header{"X-A": {}}, ""},
		"spaces around":        {http.Header{"X-A": {"  b \t"}}, "b"},
		"runs of spaces":       {http.Header{"X-A": {"a   b  c d"}}, "a b c d"},
		"only spaces":          {http.Header{"X-A": {"    "}}, ""},
		"quoted":               {http.Header{"X-A": {`"a   b"`}}, `"a b"`},
		"tab inside":           {http.Header{"X-A": {"a\t\tb"}}, "a\t\tb"},
		"several":              {http.Header{"X-A": {" b ", "a", "c  d"}}, "b,a,c d"},
		"key in small letters": {http.Header{"x-a": {"b"}}, "b"},
		"Unicode":              {http.Header{"X-A": {"é  ü"}}, "é ü"},
	} {
		r := sigv4.Request{Method: "GET", Path: "/", Header: c.header, Hosts: []string{"h"}}
		claim := sigv4.Claim{Form: sigv4.Header, SignedHeaders: []string{"host", "x-a"}, Signature: strings.Repeat("0", 64)}
		canonical, _, err := sigv4.Explain(claim, r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := "GET\n/\n\nhost:h\nx-a:" + c.want + "\n\nhost;x-a\n" + sigv4.EmptyPayloadHash; canonical != want {
			t.Errorf("%s: %q, want %q", name, canonical, want)
		}
	}
}

func FuzzCanonicalQuery(f *testing.F) {
	for _, c := range queryCases {
		f.Add(c.raw)
	}
	f.Add("a=%zz&b=%")
	f.Fuzz(func(t *testing.T, raw string) {
		canonical, err := sigv4.CanonicalQuery(raw)
		if err != nil {
			wantReason(t, err, sigv4.Malformed)
			return
		}
		again, err := sigv4.CanonicalQuery(canonical)
		if err != nil || again != canonical {
			t.Fatalf("%q gives %q, and that gives %q (%v)", raw, canonical, again, err)
		}
		if strings.Contains(raw, ";") { // net/url drops these parameters
			return
		}
		// What is signed is what net/url gives the server to act upon.
		before, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("%q: net/url refuses what was accepted: %v", raw, err)
		}
		before.Del("X-Amz-Signature")
		after, err := url.ParseQuery(canonical)
		if err != nil {
			t.Fatalf("%q: net/url refuses the canonical form: %v", canonical, err)
		}
		sameValues(t, before, after)
	})
}

// sameValues compares two queries regardless of the order of values.
func sameValues(t *testing.T, a, b url.Values) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d names became %d", len(a), len(b))
	}
	for name, values := range a {
		counts := map[string]int{}
		for _, v := range values {
			counts[v]++
		}
		for _, v := range b[name] {
			counts[v]--
		}
		for v, n := range counts {
			if n != 0 {
				t.Fatalf("value %q of %q: %+d", v, name, n)
			}
		}
	}
}
