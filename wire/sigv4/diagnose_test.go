package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// signText signs a canonical request written out by hand, right or wrong.
func signText(canonical, secret string) string {
	sum := sha256.Sum256([]byte(canonical))
	key := sigv4.DeriveKey(secret, sigv4.Scope{Date: "20260102", Region: region, Service: "transcribe"})
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("AWS4-HMAC-SHA256\n20260102T030405Z\n20260102/us-east-1/transcribe/aws4_request\n" + hex.EncodeToString(sum[:])))
	return hex.EncodeToString(h.Sum(nil))
}

const (
	encodedClaim = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
	encodedToken = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-Security-Token=T%2Bx&X-Amz-SignedHeaders=host"
)

// The mistakes of a client that signs URLs by hand, and the words of the hint that has to name each.
func TestHints(t *testing.T) {
	right := func(method, path, query, host, payload string) string {
		return method + "\n" + path + "\n" + query + "\nhost:" + host + "\n\nhost\n" + payload
	}
	sorted := encodedClaim + "&language-code=en-US"
	for name, c := range map[string]struct {
		path, query       string // as sent, without the signature
		canonical, secret string // as the client signed it
		received          string
		accepted          bool
		hint              []string
	}{
		"nothing wrong":            {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), accepted: true},
		"port left out":            {query: sorted, canonical: right("GET", path, sorted, "localhost", sigv4.EmptyPayloadHash), accepted: true},
		"port lost by a proxy":     {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), received: "localhost", hint: []string{`"localhost:8443"`, "host"}},
		"default port spelt out":   {query: sorted, canonical: right("GET", path, sorted, "h:443", sigv4.EmptyPayloadHash), received: "h", hint: []string{`"h:443"`}},
		"signed for AWS":           {query: sorted, canonical: right("GET", path, sorted, "transcribestreaming.us-east-1.amazonaws.com:8443", sigv4.EmptyPayloadHash), received: "h:8443", hint: []string{"transcribestreaming.us-east-1.amazonaws.com:8443"}},
		"comma not encoded":        {query: encodedClaim + "&pii-entity-types=NAME,ADDRESS", canonical: right("GET", path, encodedClaim+"&pii-entity-types=NAME,ADDRESS", host, sigv4.EmptyPayloadHash), hint: []string{"%2C"}},
		"encoded again":            {query: encodedClaim + "&a=x%252Cy", canonical: right("GET", path, encodedClaim+"&a=x%2Cy", host, sigv4.EmptyPayloadHash), hint: []string{"encoded again", "%252F"}},
		"order as sent":            {query: encodedClaim + "&b=1&a=2", canonical: right("GET", path, encodedClaim+"&b=1&a=2", host, sigv4.EmptyPayloadHash), hint: []string{"sort"}},
		"raw, then sorted":         {query: encodedClaim + "&b=x,y&a=2", canonical: right("GET", path, encodedClaim+"&a=2&b=x,y", host, sigv4.EmptyPayloadHash), hint: []string{"percent-encode"}},
		"plus taken literally":     {query: encodedClaim + "&a=b+c", canonical: right("GET", path, encodedClaim+"&a=b%2Bc", host, sigv4.EmptyPayloadHash), hint: []string{"%2B"}},
		"plus taken for space":     {query: encodedClaim + "&a=b+c", canonical: right("GET", path, encodedClaim+"&a=b%20c", host, sigv4.EmptyPayloadHash), accepted: true},
		"token appended later":     {query: encodedToken, canonical: right("GET", path, encodedClaim, host, sigv4.EmptyPayloadHash), hint: []string{"X-Amz-Security-Token", "before signing"}},
		"query forgotten":          {query: sorted, canonical: right("GET", path, "", host, sigv4.EmptyPayloadHash), hint: []string{"empty query"}},
		"path encoded once":        {path: "/a%20b", query: sorted, canonical: right("GET", "/a%20b", sorted, host, sigv4.EmptyPayloadHash), hint: []string{"twice"}},
		"path forgotten":           {query: sorted, canonical: right("GET", "/", sorted, host, sigv4.EmptyPayloadHash), hint: []string{`path "/"`}},
		"signed as POST":           {query: sorted, canonical: right("POST", path, sorted, host, sigv4.EmptyPayloadHash), hint: []string{"POST", `"GET"`}},
		"payload unsigned":         {query: sorted, canonical: right("GET", path, sorted, host, sigv4.UnsignedPayloadHash), hint: []string{"UNSIGNED-PAYLOAD"}},
		"payload of streams":       {query: sorted, canonical: right("GET", path, sorted, host, sigv4.StreamingPayloadHash), hint: []string{"STREAMING"}},
		"newline after the secret": {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), secret: secret + "\n", hint: []string{"newline"}},
		"quoted secret":            {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), secret: `"` + secret + `"`, hint: []string{"quotes"}},
		"key id as the secret":     {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), secret: accessKey, hint: []string{"access key id"}},
		"wrong secret":             {query: sorted, canonical: right("GET", path, sorted, host, sigv4.EmptyPayloadHash), secret: "another", hint: []string{"none of the usual mistakes"}},
		"two mistakes at once":     {query: sorted, canonical: right("POST", "/", sorted, host, sigv4.EmptyPayloadHash), hint: []string{"none of the usual mistakes"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.path == "" {
				c.path = path
			}
			if c.secret == "" {
				c.secret = secret
			}
			if c.received == "" {
				c.received = host
			}
			r := sigv4.Request{Method: "GET", Path: c.path, Hosts: sigv4.HostCandidates(c.received),
				RawQuery: c.query + "&X-Amz-Signature=" + signText(c.canonical, c.secret)}
			err := verify(r, secret)
			if c.accepted {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := wantReason(t, err, sigv4.SignatureMismatch)
			for _, word := range c.hint {
				if !strings.Contains(e.Hint, word) {
					t.Errorf("hint %q without %q", e.Hint, word)
				}
			}
			if !strings.Contains(e.Error(), e.Hint) || !strings.Contains(e.Error(), c.received) {
				t.Errorf("text without the hint or the host: %v", e)
			}
			if strings.Contains(e.Error()+e.ServiceMessage(), fixedSignature(t, e)) {
				t.Error("shows the signature that would be right")
			}
			// What the server shows is enough to get it right.
			r.RawQuery = c.query + "&X-Amz-Signature=" + fixedSignature(t, e)
			if err := verify(r, secret); err != nil {
				t.Errorf("signed as the error says: %v", err)
			}
		})
	}
}

// fixedSignature signs what the server says should have been signed.
func fixedSignature(t *testing.T, e *sigv4.Error) string {
	t.Helper()
	sum := sha256.Sum256([]byte(e.FullCanonicalRequest()))
	if !strings.HasSuffix(e.StringToSign(), "\n"+hex.EncodeToString(sum[:])) {
		t.Errorf("string to sign and canonical request disagree:\n%s\n%s", e.StringToSign(), e.FullCanonicalRequest())
	}
	return signText(e.FullCanonicalRequest(), secret)
}

func TestHintsForHeaders(t *testing.T) {
	sign := func(payload string) http.Header {
		h := http.Header{"X-Amz-Content-Sha256": {payload}}
		if _, err := newSigner().SignHeaders("POST", "https://"+host+path, h, "", signingTime); err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := sign(sigv4.StreamingPayloadHash)
	h.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayloadHash) // signed itself: nothing simple explains it
	if e := wantReason(t, verify(sigv4.Request{Method: "POST", Path: path, Header: h, Hosts: []string{host}}, secret), sigv4.SignatureMismatch); !strings.Contains(e.Hint, "none of the usual") {
		t.Errorf("hint %q", e.Hint)
	}
	h = http.Header{}
	if _, err := newSigner().SignHeaders("POST", "https://"+host+path, h, sigv4.UnsignedPayloadHash, signingTime); err != nil {
		t.Fatal(err)
	}
	if e := wantReason(t, verify(sigv4.Request{Method: "POST", Path: path, Header: h, Hosts: []string{host}}, secret), sigv4.SignatureMismatch); !strings.Contains(e.Hint, "UNSIGNED-PAYLOAD") {
		t.Errorf("hint %q", e.Hint)
	}
	if e := wantReason(t, verify(sigv4.Request{Method: "POST", Path: path, RawQuery: "a=1", Header: sign("x"), Hosts: []string{host}}, secret), sigv4.SignatureMismatch); !strings.Contains(e.Hint, "empty query") {
		t.Errorf("hint %q", e.Hint)
	}
}

// A query that was percent-encoded as a whole once more cannot be read, and the reason is named.
func TestHintForDoubleEncoding(t *testing.T) {
	r := presign(t, newSigner(), "language-code=en-US")
	for _, from := range []string{"%2F", "%2f"} {
		r.RawQuery = strings.ReplaceAll(r.RawQuery, "%2F", strings.Replace(from, "%", "%25", 1))
		e := wantReason(t, verify(r, secret), sigv4.Malformed)
		if e.Field != "X-Amz-Credential" || !strings.Contains(e.Hint, `percent-encoded twice ("%252F" stands where "%2F" belongs)`) || !strings.HasSuffix(e.ServiceMessage(), e.Hint) {
			t.Errorf("%v", e)
		}
		r = presign(t, newSigner(), "language-code=en-US")
	}
}

func TestNoHints(t *testing.T) {
	r := presign(t, newSigner(), "")
	r.Hosts = []string{"another"}
	claim, err := sigv4.ParsePresigned(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	with := wantReason(t, sigv4.Verify(claim, r, []string{secret}, signingTime, sigv4.Limits{}), sigv4.SignatureMismatch)
	without := wantReason(t, sigv4.Verify(claim, r, []string{secret}, signingTime, sigv4.Limits{NoHints: true}), sigv4.SignatureMismatch)
	if with.Hint == "" || without.Hint != "" || without.FullCanonicalRequest() != with.FullCanonicalRequest() {
		t.Errorf("with hints %v, without %v", with, without)
	}
}

// A list of hosts is shown as far as anybody would read it.
func TestManyHosts(t *testing.T) {
	r := presign(t, newSigner(), "")
	r.Hosts = strings.Split("a.b.c.d.e.f.g.h", ".")
	e := wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	if !strings.Contains(e.Detail, `"a" or "b"`) || !strings.Contains(e.Detail, "or 2 more") || strings.Contains(e.Detail, `"g"`) {
		t.Errorf("detail %q", e.Detail)
	}
}

// The mistakes of a client that signs chunks by hand.
func TestChunkHints(t *testing.T) {
	day := time.Date(2026, 1, 3, 0, 0, 1, 0, time.UTC) // the request was signed the day before
	seed := strings.Repeat("1", 64)
	claim := sigv4.Claim{AccessKeyID: accessKey, Scope: sigv4.Scope{Date: "20260102", Region: region, Service: "transcribe"}, Signature: seed}
	payload := []byte("inner message")
	hash := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	for name, c := range map[string]struct {
		algorithm, day, prior, headers, payload, hint string
	}{
		"algorithm of the guide": {algorithm: "AWS4-HMAC-SHA256", hint: "-PAYLOAD"},
		"seed used twice":        {prior: seed, hint: "chunk before"},
		"scope of the request":   {day: "20260102", hint: ":date"},
		"no headers":             {headers: hash(nil), hint: ":date header must be hashed"},
		"no payload":             {payload: hash(nil), hint: "whole encoded inner message"},
		"something else":         {payload: hash([]byte("audio only")), hint: "none of the usual"},
	} {
		t.Run(name, func(t *testing.T) {
			verifier, err := sigv4.NewChunkVerifier(claim, []string{"another", secret})
			if err != nil {
				t.Fatal(err)
			}
			signer, err := sigv4.NewChunkSigner(newSigner(), seed)
			if err != nil {
				t.Fatal(err)
			}
			first := signer.Sign(day, payload)
			if err := verifier.Verify(day, payload, first[:]); err != nil {
				t.Fatal(err)
			}
			pick := func(value, standard string) string {
				if value != "" {
					return value
				}
				return standard
			}
			scope := sigv4.Scope{Date: pick(c.day, "20260103"), Region: region, Service: "transcribe"}
			text := pick(c.algorithm, "AWS4-HMAC-SHA256-PAYLOAD") + "\n20260103T000001Z\n" + scope.String() + "\n" + pick(c.prior, hex.EncodeToString(first[:])) +
				"\n" + pick(c.headers, hash(sigv4.AppendDateHeader(nil, day))) + "\n" + pick(c.payload, hash(payload))
			key := sigv4.DeriveKey(secret, scope)
			h := hmac.New(sha256.New, key[:])
			h.Write([]byte(text))
			e := wantReason(t, verifier.Verify(day, payload, h.Sum(nil)), sigv4.SignatureMismatch)
			if !strings.Contains(e.Hint, c.hint) || !strings.Contains(e.Detail, "chunk 2") || e.Field != ":chunk-signature" {
				t.Errorf("error %v; want %q", e, c.hint)
			}
			if want := "AWS4-HMAC-SHA256-PAYLOAD\n20260103T000001Z\n20260103/us-east-1/transcribe/aws4_request\n" + hex.EncodeToString(first[:]); !strings.HasPrefix(e.StringToSign(), want) {
				t.Errorf("string to sign %q", e.StringToSign())
			}
			if e.CanonicalRequest() != "" || !strings.HasPrefix(e.ServiceMessage(), "The request signature we calculated does not match") {
				t.Errorf("message %q", e.ServiceMessage())
			}
		})
	}
}
