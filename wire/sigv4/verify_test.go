package sigv4_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

func TestHostCandidates(t *testing.T) {
	for _, c := range []struct {
		received string
		aliases  []string
		want     []string
	}{
		{"localhost:8443", nil, []string{"localhost:8443", "localhost"}},
		{"localhost", nil, []string{"localhost"}},
		{"LocalHost:8443", nil, []string{"LocalHost:8443", "LocalHost", "localhost:8443", "localhost"}},
		{"[::1]:8443", nil, []string{"[::1]:8443", "[::1]"}},
		{"[::1]", nil, []string{"[::1]"}},
		{"a:1", []string{"b", "a", "b:1"}, []string{"a:1", "a", "b", "b:1"}},
		{"", []string{"b"}, []string{"b"}},
		{"", nil, []string{}},
		{"a:b:c", nil, []string{"a:b:c"}},
	} {
		if got := sigv4.HostCandidates(c.received, c.aliases...); !slices.Equal(got, c.want) {
			t.Errorf("%q with %q: %q, want %q", c.received, c.aliases, got, c.want)
		}
	}
}

func TestVerifyHosts(t *testing.T) {
	for name, c := range map[string]struct {
		signed string
		hosts  []string
		reason sigv4.Reason
	}{
		"as received":             {"h:8443", sigv4.HostCandidates("h:8443"), sigv4.None},
		"signed without port":     {"h", sigv4.HostCandidates("h:8443"), sigv4.None},
		"alias":                   {"stt.example.com", sigv4.HostCandidates("10.0.0.1:80", "a", "stt.example.com"), sigv4.None},
		"alias with port":         {"stt.example.com:8443", sigv4.HostCandidates("10.0.0.1:80", "stt.example.com:8443"), sigv4.None},
		"another port":            {"h:9443", sigv4.HostCandidates("h:8443"), sigv4.SignatureMismatch},
		"port that nobody listed": {"h:8443", sigv4.HostCandidates("h"), sigv4.SignatureMismatch},
		"another host":            {"g:8443", sigv4.HostCandidates("h:8443"), sigv4.SignatureMismatch},
		"no host at all":          {"h:8443", nil, sigv4.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			signedURL, _, err := newSigner().Presign("GET", "wss://"+c.signed+path, time.Minute, signingTime)
			if err != nil {
				t.Fatal(err)
			}
			r := presigned(t, signedURL)
			r.Hosts = c.hosts
			if err := verify(r, secret); c.reason == sigv4.None {
				if err != nil {
					t.Error(err)
				}
			} else {
				wantReason(t, err, c.reason)
			}
		})
	}
}

func TestVerifyTime(t *testing.T) {
	header := http.Header{}
	if _, err := newSigner().SignHeaders("POST", "https://"+host+path, header, "", signingTime); err != nil {
		t.Fatal(err)
	}
	forms := map[string]sigv4.Request{
		"url":    presign(t, newSigner(), ""), // good for one minute
		"header": {Method: "POST", Path: path, Header: header, Hosts: []string{host}},
	}
	for _, c := range []struct {
		form   string
		after  time.Duration // the server's clock less the client's
		limits sigv4.Limits
		reason sigv4.Reason
	}{
		{"url", 0, sigv4.Limits{}, sigv4.None},
		{"url", time.Minute, sigv4.Limits{}, sigv4.None},
		{"url", time.Minute + 1, sigv4.Limits{}, sigv4.Expired},
		{"url", time.Hour, sigv4.Limits{MaxAge: 2 * time.Hour}, sigv4.Expired},
		{"url", -5 * time.Minute, sigv4.Limits{}, sigv4.None},
		{"url", -5*time.Minute - 1, sigv4.Limits{}, sigv4.NotYetValid},
		{"url", -15 * time.Minute, sigv4.Limits{MaxSkew: 15 * time.Minute}, sigv4.None},
		{"url", 0, sigv4.Limits{MaxExpires: 59 * time.Second}, sigv4.ExpiresOutOfRange},
		{"url", 0, sigv4.Limits{MaxExpires: time.Minute}, sigv4.None},
		{"header", 5 * time.Minute, sigv4.Limits{}, sigv4.None},
		{"header", 5*time.Minute + 1, sigv4.Limits{}, sigv4.Expired},
		{"header", time.Minute + 1, sigv4.Limits{MaxAge: time.Minute}, sigv4.Expired},
		{"header", time.Hour, sigv4.Limits{MaxAge: time.Hour}, sigv4.None},
		{"header", -5*time.Minute - 1, sigv4.Limits{}, sigv4.NotYetValid},
	} {
		r := forms[c.form]
		claim, err := sigv4.Parse(r.RawQuery, r.Header)
		if err != nil {
			t.Fatal(err)
		}
		err = sigv4.Verify(claim, r, []string{secret}, signingTime.Add(c.after), c.limits)
		if got := sigv4.ReasonOf(err); got != c.reason {
			t.Errorf("%s %v after signing under %+v: %q, want %q (%v)", c.form, c.after, c.limits, got, c.reason, err)
		}
	}
}

func TestVerifyExpiresLimit(t *testing.T) {
	for _, c := range []struct {
		expires, limit time.Duration
		reason         sigv4.Reason
	}{
		{300 * time.Second, 0, sigv4.None},
		{301 * time.Second, 0, sigv4.ExpiresOutOfRange},
		{604800 * time.Second, 0, sigv4.ExpiresOutOfRange},
		{604800 * time.Second, 604800 * time.Second, sigv4.None},
	} {
		signedURL, _, err := newSigner().Presign("GET", "wss://"+host+path, c.expires, signingTime)
		if err != nil {
			t.Fatal(err)
		}
		r := presigned(t, signedURL)
		claim, err := sigv4.ParsePresigned(r.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		err = sigv4.Verify(claim, r, []string{secret}, signingTime, sigv4.Limits{MaxExpires: c.limit})
		if got := sigv4.ReasonOf(err); got != c.reason {
			t.Errorf("%v under %v: %q, want %q", c.expires, c.limit, got, c.reason)
		}
	}
}

func TestVerifyScope(t *testing.T) {
	s := newSigner()
	for _, anywhere := range []string{"us-east-1", "eu-central-2", "local", "us_gov", "1"} {
		s.Region = anywhere
		if err := verify(presign(t, s, ""), secret); err != nil {
			t.Errorf("region %s: %v", anywhere, err)
		}
	}
	s.Service = "transcribestreaming"
	if e := wantReason(t, verify(presign(t, s, ""), secret), sigv4.WrongService); e.Field != "X-Amz-Credential" || !strings.Contains(e.Hint, "host name") {
		t.Errorf("service: %v", e)
	}
	s.Service = "s3"
	if e := wantReason(t, verify(presign(t, s, ""), secret), sigv4.WrongService); e.Hint != "" || e.ServiceMessage() != "Credential should be scoped to correct service: 'transcribe'." {
		t.Errorf("service: %v, %s", e, e.ServiceMessage())
	}
	r := presign(t, newSigner(), "")
	r.RawQuery = strings.Replace(r.RawQuery, "%2F20260102%2F", "%2F20260101%2F", 1)
	if e := wantReason(t, verify(r, secret), sigv4.ScopeDateMismatch); !strings.Contains(e.Error(), "20260101") || !strings.Contains(e.ServiceMessage(), "'20260101' != '20260102', from '20260102T030405Z'") {
		t.Errorf("scope date: %v, %s", e, e.ServiceMessage())
	}
}

func TestVerifySecrets(t *testing.T) {
	r := presign(t, newSigner(), "language-code=en-US")
	for name, c := range map[string]struct {
		secrets []string
		reason  sigv4.Reason
	}{
		"one":             {[]string{secret}, sigv4.None},
		"rotated, first":  {[]string{secret, "new"}, sigv4.None},
		"rotated, second": {[]string{"new", secret}, sigv4.None},
		"wrong":           {[]string{"new"}, sigv4.SignatureMismatch},
		"none":            {nil, sigv4.UnknownKey},
		"empty":           {[]string{""}, sigv4.UnknownKey},
		"empty and right": {[]string{"", secret}, sigv4.None},
	} {
		if got := sigv4.ReasonOf(verify(r, c.secrets...)); got != c.reason {
			t.Errorf("%s: %q, want %q", name, got, c.reason)
		}
	}
}

func TestVerifySignedHeaders(t *testing.T) {
	h := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amzn-Transcribe-Language-Code": {"en-US"}}
	if _, err := newSigner().SignHeaders("POST", "https://"+host+path, h, "", signingTime); err != nil {
		t.Fatal(err)
	}
	r := sigv4.Request{Method: "POST", Path: path, Header: h, Hosts: []string{host}}
	if err := verify(r, secret); err != nil {
		t.Fatal(err)
	}
	r.Header = h.Clone()
	r.Header.Set("X-Not-Signed", "added by a proxy")
	if err := verify(r, secret); err != nil {
		t.Errorf("another header: %v", err)
	}
	r.Header.Del("Content-Type")
	if e := wantReason(t, verify(r, secret), sigv4.HeaderMissing); e.Field != "Authorization: SignedHeaders" || !strings.Contains(e.Error(), `"content-type"`) {
		t.Errorf("header gone: %v", e)
	}
	r.Header = h.Clone()
	r.Header.Set("Authorization", strings.Replace(h.Get("Authorization"), "content-type;host;", "content-type;", 1))
	if e := wantReason(t, verify(r, secret), sigv4.HostNotSigned); e.Field != "Authorization: SignedHeaders" {
		t.Errorf("host not signed: %v", e)
	}
	r = presign(t, newSigner(), "")
	r.RawQuery = strings.Replace(r.RawQuery, "SignedHeaders=host", "SignedHeaders=x-amz-date", 1)
	if e := wantReason(t, verify(r, secret), sigv4.HostNotSigned); e.Field != "X-Amz-SignedHeaders" {
		t.Errorf("host not signed: %v", e)
	}
}

// Most SDKs tidy the path before they sign and send it as it was; Go's does not.
func TestVerifyPathReadings(t *testing.T) {
	for wire, signed := range map[string]string{
		"/a/./b//c":          "/a/b/c",
		"/a/x/../b/":         "/a/b/",
		"//a":                "/a",
		"/../a":              "/a",
		"/a/..":              "/",
		"/a%20b/":            "/a%20b/",
		"/medical/%7B%7D//x": "/medical/%7B%7D/x",
	} {
		for _, path := range []string{wire, signed} {
			signedURL, _, err := newSigner().Presign("GET", "wss://"+host+path, time.Minute, signingTime)
			if err != nil {
				t.Fatal(err)
			}
			r := presigned(t, signedURL)
			if r.Path = wire; verify(r, secret) != nil {
				t.Errorf("%q signed as %q: %v", wire, path, verify(r, secret))
			}
		}
		signedURL, _, err := newSigner().Presign("GET", "wss://"+host+signed+"x", time.Minute, signingTime)
		if err != nil {
			t.Fatal(err)
		}
		r := presigned(t, signedURL)
		r.Path = wire
		wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	}
}

// Verify must not take a claim made by hand at its word.
func TestVerifyClaimMadeByHand(t *testing.T) {
	r := presign(t, newSigner(), "")
	claim, err := sigv4.ParsePresigned(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sigv4.Claim){
		"no signature":    func(c *sigv4.Claim) { c.Signature = "" },
		"short signature": func(c *sigv4.Claim) { c.Signature = "00" },
		"not hexadecimal": func(c *sigv4.Claim) { c.Signature = strings.Repeat("x", 64) },
	} {
		c := claim
		change(&c)
		if reason := sigv4.ReasonOf(sigv4.Verify(c, r, []string{secret}, signingTime, sigv4.Limits{})); reason != sigv4.Malformed {
			t.Errorf("%s: %q", name, reason)
		}
	}
	c := claim
	c.Expires = 0
	wantReason(t, sigv4.Verify(c, r, []string{secret}, signingTime, sigv4.Limits{}), sigv4.ExpiresOutOfRange)
	r.RawQuery += "&a=%"
	wantReason(t, sigv4.Verify(claim, r, []string{secret}, signingTime, sigv4.Limits{}), sigv4.Malformed)
}
