package sigv4

import (
	"fmt"
	"slices"
	"strings"
)

// mismatch makes the error for a signature that fits no candidate.
func (a *attempt) mismatch(secrets []string, limits Limits) *Error {
	text := a.canonical.text(a.hosts[0])
	e := &Error{
		Reason: SignatureMismatch, Field: a.claim.Form.field(querySignature),
		Detail:    fmt.Sprintf("wanted a signature over this request with the secret of %s, for the host %s; got one that fits none", keyName(a.claim.AccessKeyID), quotedList(a.hosts)),
		canonical: text, redacted: a.redacted(), stringToSign: a.stringToSign(text),
	}
	if limits.NoHints {
		return e
	}
	if e.Hint = a.diagnose(secrets); e.Hint == "" {
		e.Hint = "none of the usual mistakes explains it: compare the secret first, then the canonical request line by line with the client's (its host line, port included, differs most often)"
	}
	return e
}

// redacted writes the canonical request without session tokens, wherever they stand.
func (a *attempt) redacted() string {
	c := a.canonical
	c.headers = slices.Clone(c.headers)
	for i := range c.headers {
		if strings.EqualFold(c.headers[i].name, querySecurityToken) {
			c.headers[i].value = tokenMark
		}
	}
	query := rawPairs(c.query, nil)
	for i := range query {
		if strings.EqualFold(query[i].name, querySecurityToken) {
			query[i].value = tokenMark
		}
	}
	c.query = joinRaw(query)
	return c.text(a.hosts[0])
}

// diagnose recomputes the signature as the usual mistakes would have made it and describes the first that fits. A fit
// tells nothing to anybody who does not hold the key, for nobody else could have made that signature. The work is
// bounded: some fifty signatures for each secret where one or two hosts are accepted.
func (a *attempt) diagnose(secrets []string) string {
	for _, hint := range [...]func() string{a.wrongHost, a.wrongQuery, a.wrongPath, a.wrongMethod, a.wrongPayload} {
		if text := hint(); text != "" {
			return text
		}
	}
	return a.wrongSecret(secrets)
}

// fits reports whether the signature is right for c and any accepted host.
func (a *attempt) fits(c canonical) bool {
	return slices.ContainsFunc(a.hosts, func(host string) bool { return a.matches(&c, host) })
}

// wrongHost tries the ports of the protocol and the host names of AWS, for clients behind a proxy that renamed them.
func (a *attempt) wrongHost() string {
	var hosts []string
	add := func(name string, ports ...string) {
		for _, port := range ports {
			if host := name + port; !slices.Contains(hosts, host) && !slices.Contains(a.hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	for _, host := range a.hosts[:min(8, len(a.hosts))] {
		add(withoutPort(host), "", ":8443", ":443", ":8080", ":80")
	}
	for _, prefix := range [...]string{"transcribestreaming.", "transcribestreaming-fips.", "transcribe."} {
		add(prefix+a.claim.Scope.Region+".amazonaws.com", "", ":8443")
	}
	add("localhost", "", ":8443", ":8080")
	add("127.0.0.1", "", ":8443", ":8080")
	for _, host := range hosts {
		if a.matches(&a.canonical, host) {
			return fmt.Sprintf("it fits the host %q: the client signed that host line and sent another host; give the client this server's URL, port included, before it signs, or make %q one of the hosts this server accepts signatures for", host, host)
		}
	}
	return ""
}

// wrongQuery tries readings and orders of the query that are not the canonical one.
func (a *attempt) wrongQuery() string {
	c := a.canonical
	if pairs, err := splitQuery(a.request.RawQuery, true); err == nil && strings.Contains(a.request.RawQuery, "+") {
		if c.query = encodeQuery(pairs, a.omitted()...); a.fits(c) {
			return `it fits the query with "+" read as a plus sign: in a URL "+" is a space, so write a plus as %2B (session tokens contain them)`
		}
	}
	raw := rawPairs(a.request.RawQuery, a.omitted())
	asSent := joinRaw(raw)
	if c.query = joinQuery(raw); a.fits(c) {
		return `it fits the query as it was sent, not as it must be encoded: percent-encode names and values (all but A-Z a-z 0-9 - _ . ~, with upper-case digits; "," is %2C, "/" is %2F, a space is %20) before signing`
	}
	if c.query = asSent; a.fits(c) {
		return "it fits the query in the order sent: sort the encoded parameters by name, and then value, before signing"
	}
	if pairs, err := splitQuery(a.request.RawQuery, false); err == nil {
		if c.query = encodeQuery(pairs, append(a.omitted(), querySecurityToken)...); c.query != a.canonical.query && a.fits(c) {
			return "it fits the query without X-Amz-Security-Token: the session token must be in the query before signing, not be appended afterwards"
		}
	}
	if c.query = ""; a.fits(c) {
		return "it fits an empty query: the query parameters were added after signing"
	}
	return ""
}

// rawPairs splits a query without decoding it.
func rawPairs(raw string, omit []string) (pairs []pair) {
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if part != "" && !slices.Contains(omit, name) {
			pairs = append(pairs, pair{name, value})
		}
	}
	return pairs
}

// joinRaw joins pairs in the order given.
func joinRaw(pairs []pair) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p.name + "=" + p.value
	}
	return strings.Join(parts, "&")
}

// wrongPath tries the encoding of S3, and no path at all.
func (a *attempt) wrongPath() string {
	c := a.canonical
	if c.path = a.request.Path; a.fits(c) {
		return "it fits the path encoded once: services other than S3 encode the path twice for the canonical request, so switch the double encoding of the signer on"
	}
	if c.path = "/"; a.fits(c) {
		return `it fits the path "/": the path was added to the URL after signing`
	}
	return ""
}

// wrongMethod tries the two methods of the protocol: a URL presigned for one does not serve for the other.
func (a *attempt) wrongMethod() string {
	c := a.canonical
	for _, method := range [...]string{"GET", "POST"} {
		if c.method = method; a.fits(c) {
			return fmt.Sprintf("it fits the method %s, but the request was a %s", method, quote(a.canonical.method))
		}
	}
	return ""
}

// wrongPayload tries the payload hashes in use.
func (a *attempt) wrongPayload() string {
	c := a.canonical
	for _, hash := range [...]string{EmptyPayloadHash, UnsignedPayloadHash, StreamingPayloadHash} {
		if c.payload = hash; hash != a.canonical.payload && a.fits(c) {
			return fmt.Sprintf("it fits the payload hash %s, but %s was expected: x-amz-content-sha256 must be sent as it was signed, and a presigned URL is signed with the hash of an empty body", hash, a.canonical.payload)
		}
	}
	return ""
}

// wrongSecret tries secrets with the white space and quotes that files and shells leave around them, on either side of
// the connection, and the access key id in the place of the secret.
func (a *attempt) wrongSecret(secrets []string) string {
	keys := a.keys
	defer func() { a.keys = keys }()
	for _, secret := range secrets {
		trimmed := strings.TrimSpace(secret)
		for _, variant := range [...]string{trimmed, trimmed + "\n", trimmed + "\r\n", trimmed + "\r", trimmed + " ", `"` + trimmed + `"`} {
			if a.keys = nil; variant != secret {
				if a.addKeys([]string{variant}); a.fits(a.canonical) {
					return "it fits a secret that differs only in white space or quotes at its ends: check how both sides read it (a trailing newline in a file or variable)"
				}
			}
		}
	}
	a.keys = nil
	if a.addKeys([]string{a.claim.AccessKeyID}); a.fits(a.canonical) {
		return "it fits the access key id used as the secret: the client's secret is set to the wrong value"
	}
	return ""
}

// quotedList writes hosts for an error text, and not more than a reader takes in.
func quotedList(hosts []string) string {
	const limit = 6
	quoted := make([]string, 0, limit)
	for _, host := range hosts[:min(limit, len(hosts))] {
		quoted = append(quoted, quote(host))
	}
	text := strings.Join(quoted, " or ")
	if len(hosts) > limit {
		text += fmt.Sprintf(" or %d more", len(hosts)-limit)
	}
	return text
}
