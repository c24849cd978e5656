package sigv4

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Form says where a signature stands in its request.
type Form int

// The forms.
const (
	// Presigned: in the query of a URL, made ahead of the request and valid for X-Amz-Expires seconds.
	Presigned Form = iota + 1
	// Header: in the Authorization header, made for one request.
	Header
)

// String returns "presigned URL" or "authorization header".
func (f Form) String() string {
	switch f {
	case Presigned:
		return "presigned URL"
	case Header:
		return "authorization header"
	}
	return fmt.Sprintf("form %d", int(f))
}

// field returns the name under which errors speak of a part of the claim, given its name in a URL.
func (f Form) field(query string) string {
	if f == Presigned {
		return query
	}
	switch query {
	case queryCredential:
		return "Authorization: Credential"
	case querySignedHeaders:
		return "Authorization: SignedHeaders"
	case querySignature:
		return "Authorization: Signature"
	case queryAlgorithm:
		return "Authorization"
	}
	return query
}

// Claim is what a request says of its own signature, read but not verified: trust nothing in it before Verify has
// returned nil. A Claim is a value; copies may be used concurrently.
type Claim struct {
	Form        Form
	Algorithm   string // always Algorithm
	AccessKeyID string
	Scope       Scope
	// Time is the signing time, X-Amz-Date, in UTC and whole seconds.
	Time time.Time
	// Expires is the lifetime of a presigned URL, 1 s to 604800 s; zero in the Header form.
	Expires time.Duration
	// SecurityToken is the session token of temporary credentials, or empty. It is a secret, and it is not checked here.
	SecurityToken string `json:"-"`
	// SignedHeaders are lower-case, sorted, without duplicates, and at least one.
	SignedHeaders []string
	// Signature is 64 lower-case hexadecimal digits. It is the seed of the chunk signatures.
	Signature string `json:"-"`
}

// Format prints what identifies the claim, for every verb, and withholds the session token and the signature.
func (c Claim) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s of %s, scope %s, signed %s", c.Form, keyName(c.AccessKeyID), c.Scope, c.Time.Format(TimeFormat))
}

// LogValue gives package slog the same as Format.
func (c Claim) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// signs reports whether name, in lower case, is among the signed headers.
func (c Claim) signs(name string) bool {
	for _, n := range c.SignedHeaders {
		if n == name {
			return true
		}
	}
	return false
}

// Parse finds the signature of a request, in the query or in the Authorization header, and reads it. rawQuery is the
// query as received (url.URL.RawQuery). The reasons of its errors are Missing when there is no signature, and Malformed,
// also for a request that carries two.
func Parse(rawQuery string, h http.Header) (Claim, error) {
	pairs, err := splitQuery(rawQuery, false)
	if err != nil {
		return Claim{}, err
	}
	inQuery := false
	for _, p := range pairs {
		inQuery = inQuery || p.name == querySignature || p.name == queryCredential || p.name == queryAlgorithm
	}
	scheme, _, _ := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	inHeader := strings.HasPrefix(scheme, "AWS4-")
	switch {
	case inQuery && inHeader:
		return Claim{}, malformed("Authorization", "wanted one signature; got one in the query and one in the header")
	case inQuery:
		return parsePairs(pairs)
	case inHeader:
		return ParseAuthorization(h)
	}
	e := &Error{Reason: Missing, Field: "Authorization", Detail: fmt.Sprintf("wanted a signature: %q with its companions in the query, or an Authorization header that starts with %q; got neither", querySignature, Algorithm)}
	if scheme != "" {
		e.Hint = "the Authorization header is of another scheme; this protocol takes AWS signatures only"
	}
	for _, p := range pairs {
		if strings.EqualFold(p.name, querySignature) {
			e.Hint = fmt.Sprintf("the query has %q: the case of parameter names matters", p.name)
		}
	}
	return Claim{}, e
}

// parseAlgorithm accepts the one algorithm and has a word for its asymmetric sibling.
func parseAlgorithm(field, value string) error {
	if value == Algorithm {
		return nil
	}
	// What does not look like an algorithm is not shown: an Authorization header may be a bare API key.
	e := malformed(field, "wanted the algorithm %s; got %s", Algorithm, quoteIf(value == "" || strings.HasPrefix(value, "AWS4-") && len(value) <= 32, value))
	if strings.HasPrefix(value, "AWS4-ECDSA") {
		e.Hint = "this is SigV4a (multi-region signing): configure the client to sign with plain SigV4"
	}
	return e
}
