package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Explain returns the canonical request and the string to sign that a verifier computes for the first of request.Hosts:
// what to lay beside the client's own when the two disagree. The canonical request holds the session token if there is one.
// Errors are those of Verify that come before any secret is needed: HostNotSigned, HeaderMissing, PayloadMismatch,
// Malformed.
func Explain(claim Claim, request Request) (canonicalRequest, toSign string, err error) {
	a, err := newAttempt(claim, request)
	if err != nil {
		return "", "", err
	}
	canonicalRequest = a.canonical.text(a.hosts[0])
	return canonicalRequest, a.stringToSign(canonicalRequest), nil
}

// stringToSign returns the four lines whose HMAC is the signature.
func stringToSign(stamp string, scope Scope, canonicalRequest string) string {
	sum := sha256.Sum256([]byte(canonicalRequest))
	return Algorithm + "\n" + stamp + "\n" + scope.String() + "\n" + hex.EncodeToString(sum[:])
}

// attempt is one verification under way.
type attempt struct {
	claim     Claim
	request   Request
	canonical canonical // of the path as received
	paths     []string  // encoded paths to try
	hosts     []string  // at least one
	signature []byte
	keys      []hash.Hash // keyed with the signing keys
	head      string      // the string to sign up to the hash
	text, sum []byte      // reused
}

// newAttempt does all of a verification that needs no secret.
func newAttempt(claim Claim, request Request) (*attempt, error) {
	a := &attempt{claim: claim, request: request, hosts: request.Hosts}
	a.head = Algorithm + "\n" + claim.Time.UTC().Format(TimeFormat) + "\n" + claim.Scope.String() + "\n"
	field := claim.Form.field(querySignedHeaders)
	if !claim.signs(hostHeader) && !claim.signs(authorityHeader) {
		return nil, &Error{Reason: HostNotSigned, Field: field,
			Detail: fmt.Sprintf("wanted %q (or, over HTTP/2, %q) among the signed headers; got %s", hostHeader, authorityHeader, quote(strings.Join(claim.SignedHeaders, ";")))}
	}
	var err error
	if err = parseSignature(claim.Form.field(querySignature), claim.Signature); err != nil {
		return nil, err
	}
	a.signature, _ = hex.DecodeString(claim.Signature) // just checked
	if len(a.hosts) == 0 {
		return nil, malformed("Host", "wanted a host to verify the signature for; the request has none")
	}
	pairs, err := splitQuery(request.RawQuery, false)
	if err != nil {
		return nil, err
	}
	a.canonical = canonical{method: request.Method, path: CanonicalPath(request.Path), payload: EmptyPayloadHash}
	a.canonical.query = encodeQuery(pairs, a.omitted()...)
	a.paths = []string{a.canonical.path}
	if normal := CanonicalPath(normalisePath(request.Path)); normal != a.canonical.path {
		a.paths = append(a.paths, normal)
	}
	if err := a.addHeaders(field); err != nil {
		return nil, err
	}
	return a, a.addPayload()
}

// omitted names the parameters that are not part of the canonical query.
func (a *attempt) omitted() []string {
	if a.claim.Form == Presigned {
		return []string{querySignature}
	}
	return nil
}

func (a *attempt) addHeaders(field string) error {
	for _, name := range a.claim.SignedHeaders {
		value, present := headerValue(a.request.Header, name)
		if !present && !isHost(name) {
			return &Error{Reason: HeaderMissing, Field: field,
				Detail: fmt.Sprintf("wanted every signed header in the request; %s is not there", quote(name)),
				Hint:   "a proxy may have removed it, or the client signed a header that it did not send"}
		}
		a.canonical.headers = append(a.canonical.headers, pair{name, value})
	}
	return nil
}

// addPayload decides on the last line. A presigned URL is made before there is a body, so no header has a say there.
func (a *attempt) addPayload() error {
	if a.claim.Form == Presigned {
		a.canonical.payload = payloadOf(nil, a.request.PayloadHash)
		return nil
	}
	hash := payloadOf(a.request.Header, a.request.PayloadHash)
	a.canonical.payload = hash
	if a.request.PayloadHash != "" && hash != a.request.PayloadHash && len(hash) == 2*SignatureSize {
		return &Error{Reason: PayloadMismatch, Field: headerPayloadHash,
			Detail: fmt.Sprintf("wanted the SHA-256 of the body, %s; got %s", a.request.PayloadHash, quote(hash)),
			Hint:   "the body was changed after it was signed"}
	}
	return nil
}

// addKeys derives the keys. An empty secret is a mistake of the server's configuration: anybody could sign with it.
func (a *attempt) addKeys(secrets []string) {
	for _, secret := range secrets {
		if secret != "" {
			a.addKey(DeriveKey(secret, a.claim.Scope))
		}
	}
}

func (a *attempt) addKey(key [SignatureSize]byte) {
	a.keys = append(a.keys, hmac.New(sha256.New, key[:]))
}

func (a *attempt) stringToSign(canonicalRequest string) string {
	return stringToSign(a.claim.Time.UTC().Format(TimeFormat), a.claim.Scope, canonicalRequest)
}

// matches reports whether any key gives the claimed signature for a canonical request and host.
func (a *attempt) matches(c *canonical, host string) bool {
	a.text = c.appendTo(a.text[:0], host)
	sum := sha256.Sum256(a.text)
	a.text = hex.AppendEncode(append(a.text[:0], a.head...), sum[:])
	found := false
	for _, key := range a.keys {
		key.Reset()
		key.Write(a.text)
		a.sum = key.Sum(a.sum[:0])
		found = equal(a.sum, a.signature) || found
	}
	return found
}
