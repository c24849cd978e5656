package sigv4_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// goodQuery is a presigned query that the cases below damage one field at a time.
var goodQuery = map[string]string{
	"X-Amz-Algorithm":     "AWS4-HMAC-SHA256",
	"X-Amz-Credential":    "AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request",
	"X-Amz-Date":          "20260102T030405Z",
	"X-Amz-Expires":       "60",
	"X-Amz-SignedHeaders": "host",
	"X-Amz-Signature":     vectorSignature,
}

// damaged returns goodQuery with one parameter replaced, or without it.
func damaged(name, value string, remove bool) string {
	var parts []string
	for n, v := range goodQuery {
		switch {
		case n != name:
			parts = append(parts, n+"="+v)
		case !remove:
			parts = append(parts, n+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func TestParsePresigned(t *testing.T) {
	claim, err := sigv4.ParsePresigned(damaged("", "", false) + "&X-Amz-Security-Token=a%2Fb%2Bc%3D%3D&language-code=en-US&language-code=de-DE")
	if err != nil {
		t.Fatal(err)
	}
	want := sigv4.Claim{
		Form: sigv4.Presigned, Algorithm: sigv4.Algorithm, AccessKeyID: "AKIDEXAMPLE",
		Scope: sigv4.Scope{Date: "20260102", Region: "us-east-1", Service: "transcribe"}, Time: signingTime, Expires: time.Minute,
		SecurityToken: "a/b+c==", SignedHeaders: []string{"host"}, Signature: vectorSignature,
	}
	if !slices.Equal(claim.SignedHeaders, want.SignedHeaders) {
		t.Errorf("signed headers %v", claim.SignedHeaders)
	}
	claim.SignedHeaders, want.SignedHeaders = nil, nil
	if claim.Form != want.Form || claim.Algorithm != want.Algorithm || claim.AccessKeyID != want.AccessKeyID || claim.Scope != want.Scope ||
		!claim.Time.Equal(want.Time) || claim.Time.Location() != time.UTC || claim.Expires != want.Expires ||
		claim.SecurityToken != want.SecurityToken || claim.Signature != want.Signature {
		t.Errorf("claim %v with token %q, want %v", claim, claim.SecurityToken, want)
	}
}

// presignedErrors feeds the table test and the fuzzer.
var presignedErrors = []struct{ field, value, text string }{
	{"X-Amz-Algorithm", "AWS4-HMAC-SHA1", "AWS4-HMAC-SHA1"},
	{"X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", "SigV4a"},
	{"X-Amz-Algorithm", "", "AWS4-HMAC-SHA256"},
	{"X-Amz-Credential", "", "got 1 part"},
	{"X-Amz-Credential", "AKIDEXAMPLE", "got 1 part"},
	{"X-Amz-Credential", "AKID/20260102/us-east-1/transcribe", "got 4 part"},
	{"X-Amz-Credential", "AKID/20260102/us-east-1/transcribe/aws4_request/x", "got 6 part"},
	{"X-Amz-Credential", "/20260102/us-east-1/transcribe/aws4_request", "access key id"},
	{"X-Amz-Credential", "A%20B/20260102/us-east-1/transcribe/aws4_request", "access key id"},
	{"X-Amz-Credential", "AKID/2026-01-02/us-east-1/transcribe/aws4_request", "YYYYMMDD"},
	{"X-Amz-Credential", "AKID/20260230/us-east-1/transcribe/aws4_request", "20260230"},
	{"X-Amz-Credential", "AKID/20260102//transcribe/aws4_request", "region"},
	{"X-Amz-Credential", "AKID/20260102/us%0Aeast/transcribe/aws4_request", "region"},
	{"X-Amz-Credential", "AKID/20260102/us-east-1//aws4_request", "service"},
	{"X-Amz-Credential", "AKID/20260102/us-east-1/transcribe/aws5_request", "aws4_request"},
	{"X-Amz-Credential", "AKID/20260102/us-east-1/transcribe/AWS4_REQUEST", `got "AWS4_REQUEST"`},
	{"X-Amz-Date", "", "YYYYMMDDTHHMMSSZ"},
	{"X-Amz-Date", "2026-01-02T03:04:05Z", `got "2026-01-02T03:04:05Z"`},
	{"X-Amz-Date", "20260102T030405", "20260102T030405"},
	{"X-Amz-Date", "20260102T030405.5Z", "YYYYMMDDTHHMMSSZ"},
	{"X-Amz-Date", "20260102T250405Z", "YYYYMMDDTHHMMSSZ"},
	{"X-Amz-Date", "20260102T030405%2B0100", "UTC"},
	{"X-Amz-Expires", "", "whole seconds"},
	{"X-Amz-Expires", "0", "from 1 to 604800"},
	{"X-Amz-Expires", "-1", `got "-1"`},
	{"X-Amz-Expires", "60.5", "whole seconds"},
	{"X-Amz-Expires", "604801", "604800"},
	{"X-Amz-Expires", "99999999999999999999", "604800"},
	{"X-Amz-SignedHeaders", "", "host"},
	{"X-Amz-SignedHeaders", "Host", "lower-case"},
	{"X-Amz-SignedHeaders", "host%3Bhost", "each once"},
	{"X-Amz-SignedHeaders", "x-a%3Bhost", "sorted"},
	{"X-Amz-SignedHeaders", "host%3B", "joined by"},
	{"X-Amz-SignedHeaders", "host,x-a", "joined by"},
	{"X-Amz-SignedHeaders", ":path%3Bhost", ":path"},
	{"X-Amz-SignedHeaders", strings.Repeat("a%3B", 300), "at most"},
	{"X-Amz-Signature", "", "got 0"},
	{"X-Amz-Signature", "00", "got 2"},
	{"X-Amz-Signature", strings.ToUpper(vectorSignature), "lower-case"},
	{"X-Amz-Signature", "g" + vectorSignature[1:], "position 1"},
}

func TestParsePresignedErrors(t *testing.T) {
	for _, c := range presignedErrors {
		_, err := sigv4.ParsePresigned(damaged(c.field, c.value, false))
		e := wantReason(t, err, sigv4.Malformed)
		if e.Field != c.field || !strings.Contains(e.Error(), c.text) {
			t.Errorf("%s=%s: %v; want the text to have %q", c.field, c.value, e, c.text)
		}
	}
}

func TestParsePresignedAbsentAndTwice(t *testing.T) {
	for name, value := range goodQuery {
		_, err := sigv4.ParsePresigned(damaged(name, "", true))
		if e := wantReason(t, err, sigv4.Malformed); e.Field != name || e.Hint != "" {
			t.Errorf("without %s: %v", name, e)
		}
		_, err = sigv4.ParsePresigned(damaged(name, "", true) + "&" + strings.ToLower(name) + "=" + value)
		if e := wantReason(t, err, sigv4.Malformed); e.Field != name || !strings.Contains(e.Hint, "case") {
			t.Errorf("with %s in small letters: %v", name, e)
		}
		_, err = sigv4.ParsePresigned(damaged("", "", false) + "&" + name + "=" + value)
		if e := wantReason(t, err, sigv4.Malformed); e.Field != name || !strings.Contains(e.Detail, "twice") {
			t.Errorf("%s twice: %v", name, e)
		}
	}
	for _, name := range []string{"X-Amz-Security-Token", "X-Amz-Anything"} {
		_, err := sigv4.ParsePresigned(damaged("", "", false) + "&" + name + "=1&" + name + "=2")
		if e := wantReason(t, err, sigv4.Malformed); e.Field != name {
			t.Errorf("%s twice: %v", name, e)
		}
	}
	if _, err := sigv4.ParsePresigned(damaged("", "", false) + "&x-amz-user-agent=a&x-amz-user-agent=b"); err != nil {
		t.Errorf("an ordinary parameter twice: %v", err)
	}
}

func TestParseFindsTheSignature(t *testing.T) {
	signed := http.Header{"Authorization": {goodAuthorization}, "X-Amz-Date": {"20260102T030405Z"}}
	for name, c := range map[string]struct {
		query  string
		header http.Header
		form   sigv4.Form
		reason sigv4.Reason
		hint   string
	}{
		"query":               {query: damaged("", "", false), form: sigv4.Presigned},
		"query beside bearer": {query: damaged("", "", false), header: http.Header{"Authorization": {"Bearer x"}}, form: sigv4.Presigned},
		"header":              {query: "language-code=en-US", header: signed, form: sigv4.Header},
		"both":                {query: damaged("", "", false), header: signed, reason: sigv4.Malformed},
		"neither":             {query: "language-code=en-US", reason: sigv4.Missing},
		"another scheme":      {header: http.Header{"Authorization": {"Token abc"}}, reason: sigv4.Missing, hint: "another scheme"},
		"wrong case":          {query: "x-amz-signature=00", reason: sigv4.Missing, hint: "case"},
		"half a query":        {query: "X-Amz-Credential=a", reason: sigv4.Malformed},
		"broken escape":       {query: "a=%", reason: sigv4.Malformed},
	} {
		claim, err := sigv4.Parse(c.query, c.header)
		if c.reason == sigv4.None {
			if err != nil || claim.Form != c.form {
				t.Errorf("%s: %v, %v", name, claim.Form, err)
			}
			continue
		}
		if e := wantReason(t, err, c.reason); !strings.Contains(e.Hint, c.hint) || strings.Contains(e.Error(), "abc") {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestPresignNormalisesTheURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://h:443/p":                   "https://h/p?",
		"wss://h:443/p":                     "wss://h/p?",
		"http://h:80/p":                     "http://h/p?",
		"ws://h:80/p":                       "ws://h/p?",
		"wss://h:80/p":                      "wss://h:80/p?",
		"ws://h:8443":                       "ws://h:8443?",
		"wss://[::1]:8443/p#fragment":       "wss://[::1]:8443/p?",
		"https://[::1]:443/p":               "https://[::1]/p?",
		"wss://h/p?b=x+y&a=%2c":             "wss://h/p?X-Amz-Algorithm=",
		"wss://h/a%2Fb/%C3%A9?x-amz-user=1": "wss://h/a%2Fb/%C3%A9?",
	} {
		got, _, err := newSigner().Presign("GET", in, time.Minute, signingTime)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s gives %s, want %s…", in, got, want)
		}
		if err := verify(presigned(t, got), secret); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestPresignErrors(t *testing.T) {
	good := newSigner()
	noSecret, badKey, noRegion := good, good, good
	noSecret.Credentials.Secret = ""
	badKey.Credentials.AccessKeyID = "AK/ID"
	noRegion.Region = ""
	for name, c := range map[string]struct {
		signer  sigv4.Signer
		url     string
		expires time.Duration
		at      time.Time
		reason  sigv4.Reason
	}{
		"no secret":      {noSecret, "wss://h/p", time.Minute, signingTime, sigv4.UnknownKey},
		"bad key id":     {badKey, "wss://h/p", time.Minute, signingTime, sigv4.Malformed},
		"no region":      {noRegion, "wss://h/p", time.Minute, signingTime, sigv4.Malformed},
		"no expiry":      {good, "wss://h/p", 0, signingTime, sigv4.Malformed},
		"half a second":  {good, "wss://h/p", 500 * time.Millisecond, signingTime, sigv4.Malformed},
		"fraction":       {good, "wss://h/p", 1500 * time.Millisecond, signingTime, sigv4.Malformed},
		"over a week":    {good, "wss://h/p", 604801 * time.Second, signingTime, sigv4.Malformed},
		"far future":     {good, "wss://h/p", time.Minute, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), sigv4.Malformed},
		"relative":       {good, "/p", time.Minute, signingTime, sigv4.Malformed},
		"no host":        {good, "wss:///p", time.Minute, signingTime, sigv4.Malformed},
		"opaque":         {good, "wss:h/p", time.Minute, signingTime, sigv4.Malformed},
		"scheme":         {good, "ftp://h/p", time.Minute, signingTime, sigv4.Malformed},
		"not a URL":      {good, "wss://h:port/p", time.Minute, signingTime, sigv4.Malformed},
		"password":       {good, "wss://user:" + secret + "@h/p", time.Minute, signingTime, sigv4.Malformed},
		"international":  {good, "wss://bücher.example/p", time.Minute, signingTime, sigv4.Malformed},
		"zone":           {good, "wss://[fe80::1%25eth0]/p", time.Minute, signingTime, sigv4.Malformed},
		"signed already": {good, "wss://h/p?X-Amz-Date=1", time.Minute, signingTime, sigv4.Malformed},
		"broken escape":  {good, "wss://h/p?a=%", time.Minute, signingTime, sigv4.Malformed},
	} {
		signedURL, signature, err := c.signer.Presign("GET", c.url, c.expires, c.at)
		if wantReason(t, err, c.reason); signedURL != "" || signature != "" {
			t.Errorf("%s: got a URL beside the error", name)
		}
	}
}

func FuzzParsePresigned(f *testing.F) {
	f.Add(damaged("", "", false) + "&X-Amz-Security-Token=a%2Fb")
	for _, c := range presignedErrors {
		f.Add(damaged(c.field, c.value, false))
	}
	f.Fuzz(func(t *testing.T, query string) {
		claim, err := sigv4.ParsePresigned(query)
		if err != nil {
			if sigv4.ReasonOf(err) != sigv4.Malformed {
				t.Fatalf("reason %v: %v", sigv4.ReasonOf(err), err)
			}
			return
		}
		// Whatever was read can be verified to an answer, and written again.
		r := sigv4.Request{Method: "GET", Path: "/", RawQuery: query, Hosts: []string{"h"}}
		if err := sigv4.Verify(claim, r, []string{secret}, claim.Time, sigv4.Limits{}); err == nil {
			t.Fatalf("%q has a signature by chance", query)
		}
		s := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: claim.AccessKeyID, Secret: secret, SessionToken: claim.SecurityToken},
			Region: claim.Scope.Region, Service: claim.Scope.Service}
		signedURL, _, err := s.Presign("GET", "wss://h/", claim.Expires, claim.Time)
		if err != nil {
			t.Fatalf("%v cannot be signed: %v", claim, err)
		}
		again, err := sigv4.ParsePresigned(strings.TrimPrefix(signedURL, "wss://h/?"))
		if err != nil {
			t.Fatal(err)
		}
		if again.AccessKeyID != claim.AccessKeyID || !again.Time.Equal(claim.Time) || again.Expires != claim.Expires ||
			again.SecurityToken != claim.SecurityToken || again.Scope.Region != claim.Scope.Region || again.Scope.Service != claim.Scope.Service {
			t.Fatalf("%v became %v", claim, again)
		}
	})
}
