package sigv4_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

const (
	goodCredential    = "Credential=AKIDEXAMPLE/20260102/us-east-1/transcribe/aws4_request"
	goodSigned        = "SignedHeaders=:authority;content-type;x-amz-date"
	goodSignature     = "Signature=" + vectorSignature
	goodAuthorization = "AWS4-HMAC-SHA256 " + goodCredential + ", " + goodSigned + ", " + goodSignature
)

func TestParseAuthorization(t *testing.T) {
	for name, value := range map[string]string{
		"as SDKs write it": goodAuthorization,
		"without spaces":   "AWS4-HMAC-SHA256 " + goodCredential + "," + goodSigned + "," + goodSignature,
		"another order":    "AWS4-HMAC-SHA256   " + goodSignature + " ,\t" + goodCredential + ",  " + goodSigned + " ",
	} {
		claim, err := sigv4.ParseAuthorization(http.Header{"Authorization": {value}, "X-Amz-Date": {"20260102T030405Z"}, "X-Amz-Security-Token": {"T+/="}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if claim.Form != sigv4.Header || claim.AccessKeyID != accessKey || claim.Scope.String() != "20260102/us-east-1/transcribe/aws4_request" ||
			!claim.Time.Equal(signingTime) || claim.Expires != 0 || claim.SecurityToken != "T+/=" || claim.Signature != vectorSignature ||
			!slices.Equal(claim.SignedHeaders, []string{":authority", "content-type", "x-amz-date"}) {
			t.Errorf("%s: %v", name, claim)
		}
	}
}

// authorizationErrors feeds the table test and the fuzzer.
var authorizationErrors = []struct{ value, field, text string }{
	{"AWS4-HMAC-SHA1 " + goodCredential, "Authorization", "AWS4-HMAC-SHA1"},
	{"AWS4-ECDSA-P256-SHA256 " + goodCredential, "Authorization", "SigV4a"},
	{"AWS4-HMAC-SHA256", "Authorization", "Credential=…"},
	{"Bearer " + secret, "Authorization", "AWS4-HMAC-SHA256"},
	{secret, "Authorization", "AWS4-HMAC-SHA256"},
	{"AWS4-HMAC-SHA256 " + secret, "Authorization", "none of these"},
	{goodAuthorization + ", Extra=1", "Authorization", "none of these"},
	{goodAuthorization + ",", "Authorization", "none of these"},
	{goodAuthorization + ", " + goodSignature, "Authorization: Signature", "twice"},
	{"AWS4-HMAC-SHA256 Signature=, " + goodSignature, "Authorization: Signature", "twice"},
	{"AWS4-HMAC-SHA256 " + goodSigned + ", " + goodSignature, "Authorization: Credential", "not there"},
	{"AWS4-HMAC-SHA256 " + goodCredential + ", " + goodSignature, "Authorization: SignedHeaders", "not there"},
	{"AWS4-HMAC-SHA256 " + goodCredential + ", " + goodSigned, "Authorization: Signature", "not there"},
	{strings.Replace(goodAuthorization, "/aws4_request", "", 1), "Authorization: Credential", "got 4 part"},
	{strings.Replace(goodAuthorization, "us-east-1", secret, 1), "Authorization: Credential", "got 6 part"},
	{strings.Replace(goodAuthorization, ":authority;content-type", "content-type;:authority", 1), "Authorization: SignedHeaders", "sorted"},
	{strings.Replace(goodAuthorization, "content-type", "Content-Type", 1), "Authorization: SignedHeaders", "lower-case"},
	{goodAuthorization[:len(goodAuthorization)-1], "Authorization: Signature", "got 63"},
}

func TestParseAuthorizationErrors(t *testing.T) {
	for _, c := range authorizationErrors {
		_, err := sigv4.ParseAuthorization(http.Header{"Authorization": {c.value}, "X-Amz-Date": {"20260102T030405Z"}})
		if e := wantReason(t, err, sigv4.Malformed); e.Field != c.field || !strings.Contains(e.Error(), c.text) {
			t.Errorf("%q: %v; want field %q and %q", c.value, e, c.field, c.text)
		}
	}
	for name, c := range map[string]struct {
		header http.Header
		field  string
	}{
		"no Authorization":    {http.Header{"X-Amz-Date": {"20260102T030405Z"}}, "Authorization"},
		"two Authorizations":  {http.Header{"Authorization": {goodAuthorization, goodAuthorization}, "X-Amz-Date": {"20260102T030405Z"}}, "Authorization"},
		"no X-Amz-Date":       {http.Header{"Authorization": {goodAuthorization}}, "X-Amz-Date"},
		"two X-Amz-Dates":     {http.Header{"Authorization": {goodAuthorization}, "X-Amz-Date": {"20260102T030405Z", "20260102T030405Z"}}, "X-Amz-Date"},
		"X-Amz-Date in words": {http.Header{"Authorization": {goodAuthorization}, "X-Amz-Date": {"Fri, 02 Jan 2026 03:04:05 GMT"}}, "X-Amz-Date"},
		"two tokens":          {http.Header{"Authorization": {goodAuthorization}, "X-Amz-Date": {"20260102T030405Z"}, "X-Amz-Security-Token": {"a", "b"}}, "X-Amz-Security-Token"},
	} {
		_, err := sigv4.ParseAuthorization(c.header)
		if e := wantReason(t, err, sigv4.Malformed); e.Field != c.field {
			t.Errorf("%s: field %q, want %q", name, e.Field, c.field)
		}
	}
}

func TestSignHeadersAndVerify(t *testing.T) {
	temporary := newSigner()
	temporary.Credentials.SessionToken = "TOKEN"
	authority := newSigner()
	authority.SignAuthority = true
	for name, c := range map[string]struct {
		signer  sigv4.Signer
		header  http.Header
		payload string
		signed  string
	}{
		"bare":       {signer: newSigner(), signed: "host;x-amz-date"},
		"temporary":  {signer: temporary, signed: "host;x-amz-date;x-amz-security-token"},
		":authority": {signer: authority, header: http.Header{"Content-Type": {"a"}}, signed: ":authority;content-type;x-amz-date"},
		"event stream": {signer: newSigner(), header: http.Header{"X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash}},
			signed: "host;x-amz-content-sha256;x-amz-date"},
		"with a body": {signer: newSigner(), payload: vectorSignature, signed: "host;x-amz-date"},
		"stale values are replaced": {signer: temporary, header: http.Header{"X-Amz-Date": {"1", "2"}, "Authorization": {"x"}, "X-Amz-Security-Token": {"old"}},
			signed: "host;x-amz-date;x-amz-security-token"},
		"changeable headers are left out": {signer: newSigner(), header: http.Header{"User-Agent": {"a"}, "Connection": {"b"}, "Content-Length": {"0"}, "Host": {"c"}, "Expect": {"d"}},
			signed: "host;x-amz-date"},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.header.Clone()
			if h == nil {
				h = http.Header{}
			}
			if _, err := c.signer.SignHeaders("POST", "https://"+host+"/stream-transcription?a=1", h, c.payload, signingTime); err != nil {
				t.Fatal(err)
			}
			r := sigv4.Request{Method: "POST", Path: "/stream-transcription", RawQuery: "a=1", Header: h, Hosts: []string{host}, PayloadHash: c.payload}
			claim, err := sigv4.Parse(r.RawQuery, h)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(claim.SignedHeaders, ";"); got != c.signed {
				t.Errorf("signed headers %s, want %s", got, c.signed)
			}
			if claim.SecurityToken != c.signer.Credentials.SessionToken {
				t.Errorf("token %q", claim.SecurityToken)
			}
			if err := verify(r, secret); err != nil {
				t.Error(err)
			}
			if c.payload != "" {
				r.PayloadHash = strings.Repeat("0", 64)
				wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
			}
		})
	}
}

func TestSignHeadersErrorsLeaveTheHeaderAlone(t *testing.T) {
	noSecret := newSigner()
	noSecret.Credentials.Secret = ""
	for name, c := range map[string]struct {
		signer sigv4.Signer
		url    string
		header http.Header
		reason sigv4.Reason
	}{
		"no secret":         {noSecret, "https://h/", http.Header{}, sigv4.UnknownKey},
		"URL":               {newSigner(), "h", http.Header{}, sigv4.Malformed},
		"query":             {newSigner(), "https://h/?%zz", http.Header{}, sigv4.Malformed},
		"line feed":         {newSigner(), "https://h/", http.Header{"X-A": {"a\nb"}}, sigv4.Malformed},
		"header name":       {newSigner(), "https://h/", http.Header{"X A": {"a"}}, sigv4.Malformed},
		"name in two cases": {newSigner(), "https://h/", http.Header{"X-A": {"a"}, "x-a": {"a"}}, sigv4.Malformed},
	} {
		before := len(c.header)
		_, err := c.signer.SignHeaders("POST", c.url, c.header, "", signingTime)
		wantReason(t, err, c.reason)
		if len(c.header) != before {
			t.Errorf("%s: header changed to %v", name, c.header)
		}
	}
}

// The body of a batch request counts, whether the client sends its digest or not.
func TestPayloadDigest(t *testing.T) {
	h := http.Header{"X-Amz-Content-Sha256": {vectorSignature}}
	if _, err := newSigner().SignHeaders("POST", "https://"+host+"/", h, "", signingTime); err != nil {
		t.Fatal(err)
	}
	r := sigv4.Request{Method: "POST", Path: "/", Header: h, Hosts: []string{host}, PayloadHash: vectorSignature}
	if err := verify(r, secret); err != nil {
		t.Error(err)
	}
	r.PayloadHash = sigv4.EmptyPayloadHash
	wantReason(t, verify(r, secret), sigv4.PayloadMismatch)
	r.PayloadHash = "" // not read yet: the header stands literally
	if err := verify(r, secret); err != nil {
		t.Error(err)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add(goodAuthorization, "20260102T030405Z", "TOKEN")
	for _, c := range authorizationErrors {
		f.Add(c.value, "20260102T030405Z", "")
	}
	f.Fuzz(func(t *testing.T, value, date, token string) {
		h := http.Header{"Authorization": {value}, "X-Amz-Date": {date}}
		if token != "" {
			h["X-Amz-Security-Token"] = []string{token}
		}
		claim, err := sigv4.ParseAuthorization(h)
		if err != nil {
			if sigv4.ReasonOf(err) != sigv4.Malformed {
				t.Fatalf("reason %v: %v", sigv4.ReasonOf(err), err)
			}
			return
		}
		again := "AWS4-HMAC-SHA256 Credential=" + claim.AccessKeyID + "/" + claim.Scope.String() + ", SignedHeaders=" +
			strings.Join(claim.SignedHeaders, ";") + ", Signature=" + claim.Signature
		second, err := sigv4.ParseAuthorization(http.Header{"Authorization": {again}, "X-Amz-Date": {claim.Time.Format(sigv4.TimeFormat)}})
		if err != nil {
			t.Fatalf("%q cannot be read again: %v", again, err)
		}
		if second.AccessKeyID != claim.AccessKeyID || second.Scope != claim.Scope || second.Signature != claim.Signature ||
			!second.Time.Equal(claim.Time) || !slices.Equal(second.SignedHeaders, claim.SignedHeaders) {
			t.Fatalf("%v became %v", claim, second)
		}
		r := sigv4.Request{Method: "POST", Path: "/", Header: h, Hosts: []string{"h"}}
		if sigv4.Verify(claim, r, []string{secret}, claim.Time, sigv4.Limits{}) == nil {
			t.Fatalf("%q has a signature by chance", value)
		}
	})
}
