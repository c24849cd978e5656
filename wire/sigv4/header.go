package sigv4

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The headers that take part in a signature.
const (
	headerAuthorization = "Authorization"
	headerDate          = "X-Amz-Date"
	headerSecurityToken = "X-Amz-Security-Token"
	headerPayloadHash   = "X-Amz-Content-Sha256"
)

// ParseAuthorization reads the claim out of the headers Authorization, X-Amz-Date and, if present, X-Amz-Security-Token.
// The keys of h must be in the canonical case of net/http. Its errors are all Malformed and name the header and the part
// of it; a header or a part that is there twice is refused.
func ParseAuthorization(h http.Header) (c Claim, err error) {
	value, err := single(h, headerAuthorization)
	if err != nil {
		return Claim{}, err
	}
	algorithm, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if err = parseAlgorithm(headerAuthorization, algorithm); err != nil {
		return Claim{}, err
	}
	parts, err := authorizationParts(rest)
	if err != nil {
		return Claim{}, err
	}
	c = Claim{Form: Header, Algorithm: algorithm, Signature: parts["Signature"]}
	if c.AccessKeyID, c.Scope, err = parseCredential(c.Form.field(queryCredential), parts["Credential"]); err != nil {
		return Claim{}, err
	}
	if c.SignedHeaders, err = parseSignedHeaders(c.Form.field(querySignedHeaders), parts["SignedHeaders"]); err != nil {
		return Claim{}, err
	}
	if err = parseSignature(c.Form.field(querySignature), c.Signature); err != nil {
		return Claim{}, err
	}
	date, err := single(h, headerDate)
	if err != nil {
		return Claim{}, err
	}
	if c.Time, err = parseTime(headerDate, strings.TrimSpace(date)); err != nil {
		return Claim{}, err
	}
	if len(h[headerSecurityToken]) > 0 {
		if c.SecurityToken, err = single(h, headerSecurityToken); err != nil {
			return Claim{}, err
		}
	}
	return c, nil
}

// authorizationParts splits "Credential=…, SignedHeaders=…, Signature=…"; the order and the spaces are free.
func authorizationParts(rest string) (map[string]string, error) {
	parts := make(map[string]string, 3)
	for item := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		_, twice := parts[name]
		switch {
		case !ok || name != "Credential" && name != "SignedHeaders" && name != "Signature":
			// Not quoted: it may be anything, a token of another scheme included.
			return nil, malformed(headerAuthorization, "wanted %s Credential=…, SignedHeaders=…, Signature=…; got a part that is none of these", Algorithm)
		case twice:
			return nil, malformed(headerAuthorization+": "+name, "wanted it once; it is there twice")
		}
		parts[name] = value
	}
	for _, name := range [...]string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return nil, malformed(headerAuthorization+": "+name, "wanted %s Credential=…, SignedHeaders=…, Signature=…; it is not there", Algorithm)
		}
	}
	return parts, nil
}

// single returns the one value of a header.
func single(h http.Header, name string) (string, error) {
	switch values := h[name]; len(values) {
	case 1:
		return values[0], nil
	case 0:
		return "", malformed(name, "wanted the header; it is not there")
	default:
		return "", malformed(name, "wanted the header once; it is there %d times", len(values))
	}
}

// unsignable are the headers that proxies and HTTP libraries add or change after signing. Names are in lower case.
func unsignable(name string) bool {
	switch name {
	case "authorization", "user-agent", "x-amzn-trace-id", "expect", "transfer-encoding", "connection", "upgrade", "te",
		"keep-alive", "proxy-authorization", "proxy-connection", "trailer", "content-length", hostHeader, authorityHeader:
		return true
	}
	return false
}

// SignHeaders signs a request in its headers: it sets X-Amz-Date, Authorization and, with temporary credentials,
// X-Amz-Security-Token in h, whose keys must be in the canonical case of net/http, and returns the signature alone, which
// is the seed for NewChunkSigner. rawURL is as for Presign; the host it names is what the client must send as Host or
// :authority. All headers of h are signed but those that intermediaries change (Authorization, User-Agent, Connection,
// Content-Length, ...). payloadHash is the hexadecimal SHA-256 of the body; empty means no body. An X-Amz-Content-Sha256
// header in h takes precedence: set it to StreamingPayloadHash for a body of signed chunks. Errors are *Error with the
// reason Malformed or UnknownKey, and leave h as it was.
func (s Signer) SignHeaders(method, rawURL string, h http.Header, payloadHash string, now time.Time) (signature string, err error) {
	if err := s.check(now); err != nil {
		return "", err
	}
	u, host, err := parseTarget(rawURL)
	if err != nil {
		return "", err
	}
	query, err := CanonicalQuery(u.RawQuery)
	if err != nil {
		return "", err
	}
	extra := http.Header{headerDate: {now.UTC().Format(TimeFormat)}}
	if s.Credentials.SessionToken != "" {
		extra[headerSecurityToken] = []string{s.Credentials.SessionToken}
	}
	headers, err := s.headersToSign(h, extra)
	if err != nil {
		return "", err
	}
	request := canonical{method: method, path: CanonicalPath(u.EscapedPath()), query: query, headers: headers}
	request.payload = payloadOf(h, payloadHash)
	signature = s.sign(&request, host, now)
	names := make([]string, len(headers))
	for i, header := range headers {
		names[i] = header.name
	}
	for name, values := range extra {
		h[name] = values
	}
	h.Set(headerAuthorization, fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		Algorithm, s.Credentials.AccessKeyID, s.scope(now), strings.Join(names, ";"), signature))
	return signature, nil
}

// headersToSign lists what is signed of h, of extra, which replaces headers of h, and the host.
func (s Signer) headersToSign(h, extra http.Header) ([]pair, error) {
	list := []pair{{name: hostHeader}}
	if s.SignAuthority {
		list[0].name = authorityHeader
	}
	for key := range extra {
		value, _ := headerValue(extra, key)
		list = append(list, pair{strings.ToLower(key), value})
	}
	for key := range h {
		name := strings.ToLower(key)
		if _, replaced := extra[http.CanonicalHeaderKey(key)]; replaced || unsignable(name) {
			continue
		}
		value, _ := headerValue(h, key)
		if !isWord(name, 256, "!#$%&'*+-.^_`|~") || !printable(value) {
			return nil, malformed(key, "wanted a header name and values without control characters")
		}
		list = append(list, pair{name, value})
	}
	slices.SortFunc(list, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(list); i++ {
		if list[i].name == list[i-1].name {
			return nil, malformed(list[i].name, "wanted header names in the canonical case; got this one in two cases")
		}
	}
	return list, nil
}

// payloadOf returns the last line of the canonical request: the header literally, else the hash of the body, else the
// hash of nothing.
func payloadOf(h http.Header, bodyHash string) string {
	if value, present := headerValue(h, "x-amz-content-sha256"); present {
		return value
	}
	if bodyHash != "" {
		return bodyHash
	}
	return EmptyPayloadHash
}
