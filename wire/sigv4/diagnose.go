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
		e.Hint = "none of the usual mistakes explains it: compare the secret first, then the canonical request line by line with the client's (its host line, port included, differs most often)" + a.payloadAdvice()
	}
	return e
}

// payloadAdvice follows the hint for a request whose payload hash is not that of streams. Which hash was signed instead cannot be
// found out, for it may be that of a body that nobody has yet.
func (a *attempt) payloadAdvice() string {
	if a.claim.Form != Header || a.canonical.payload == StreamingPayloadHash || a.request.PayloadHash != "" { // the last is no stream
		return ""
	}
	return "; " + payloadRule
}

// payloadRule is what clients miss that sign requests and not streams.
const payloadRule = "x-amz-content-sha256 must be " + StreamingPayloadHash + ", sent and signed: curl --aws-sigv4 and other signers of plain requests take the hash of the body, which a stream does not have"

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
	for _, v := range a.usual(secrets) {
		if a.with(v).fits() {
			return "it fits " + v.text
		}
	}
	return ""
}

// fits reports whether the signature is right for any accepted host.
func (a *attempt) fits() bool {
	return slices.ContainsFunc(a.hosts, func(host string) bool { return a.matches(&a.canonical, host) })
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
