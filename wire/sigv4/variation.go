package sigv4

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// piece is a part of what is signed. Two variations of the same piece exclude each other.
type piece uint8

const (
	pieceHost piece = iota
	pieceQuery
	piecePath
	pieceMethod
	piecePayload
	pieceHeaders
	pieceScope
	pieceSecret
)

// variation is one way in which a client may have signed something else than what was sent.
type variation struct {
	piece piece
	apply func(a *attempt)
	text  string // follows "it fits"
}

// with returns the attempt as it would be under a variation. The two must not be used at the same time.
func (a *attempt) with(v variation) *attempt {
	varied := *a
	v.apply(&varied)
	return &varied
}

// usual returns the mistakes that are made most often, the most frequent first, in a number that a server can afford to try.
func (a *attempt) usual(secrets []string) []variation {
	return slices.Concat(a.wrongHost(), a.wrongQuery(), a.wrongPath(), a.wrongMethod(), a.wrongPayload(), a.wrongSecret(secrets))
}

// wrongHost has the ports of the protocol and the host names of AWS, for clients behind a proxy that renamed them.
func (a *attempt) wrongHost() []variation {
	var hosts []string
	add := func(name string, ports ...string) {
		for _, port := range ports {
			hosts = append(hosts, name+port)
		}
	}
	if sent := a.request.Header.Get("Host"); sent != "" {
		add(sent, "")
		add(withoutPort(sent), "")
	}
	for _, host := range a.hosts[:min(8, len(a.hosts))] {
		add(withoutPort(host), "", ":8443", ":443", ":8080", ":80")
	}
	for _, name := range a.amazonHosts() {
		add(name, "", ":8443")
	}
	add("localhost", "", ":8443", ":8080")
	add("127.0.0.1", "", ":8443", ":8080")
	return a.hostsAre(hosts)
}

// amazonHosts returns Amazon's own names of the service in the region of the scope.
func (a *attempt) amazonHosts() (names []string) {
	for _, prefix := range [...]string{"transcribestreaming.", "transcribestreaming-fips.", "transcribe."} {
		names = append(names, prefix+a.claim.Scope.Region+".amazonaws.com")
	}
	return names
}

// hostsAre has each of the hosts once that are not accepted anyway.
func (a *attempt) hostsAre(hosts []string) (all []variation) {
	tried := slices.Clone(a.hosts)
	for _, host := range hosts {
		if slices.Contains(tried, host) {
			continue
		}
		tried = append(tried, host)
		all = append(all, variation{pieceHost, func(a *attempt) { a.hosts = []string{host} }, fmt.Sprintf(
			"the host %q: the client signed that host line and sent another host; give the client this server's URL, port included, before it signs, or make %q one of the hosts this server accepts signatures for", host, host)})
	}
	return all
}

// queryIs is a variation of the canonical query.
func queryIs(text, words string) variation {
	return variation{pieceQuery, func(a *attempt) { a.canonical.query = text }, words}
}

// wrongQuery has readings and orders of the query that are not the canonical one.
func (a *attempt) wrongQuery() (all []variation) {
	if pairs, err := splitQuery(a.request.RawQuery, true); err == nil && strings.Contains(a.request.RawQuery, "+") {
		all = append(all, queryIs(encodeQuery(pairs, a.omitted()...),
			`the query with "+" read as a plus sign: in a URL "+" is a space, so write a plus as %2B (session tokens contain them)`))
	}
	if once := a.decodedOnce(); once != "" {
		all = append(all, queryIs(once,
			`the query with its values decoded once more: the URL was percent-encoded again after it had been signed ("%252F" stands where "%2F" belongs)`))
	}
	raw := rawPairs(a.request.RawQuery, a.omitted())
	asSent := joinRaw(raw)
	all = append(all,
		queryIs(joinQuery(raw), `the query as it was sent, not as it must be encoded: percent-encode names and values (all but A-Z a-z 0-9 - _ . ~, with upper-case digits; "," is %2C, "/" is %2F, a space is %20) before signing`),
		queryIs(asSent, "the query in the order sent: sort the encoded parameters by name, and then value, before signing"))
	if pairs, err := splitQuery(a.request.RawQuery, false); err == nil {
		if without := encodeQuery(pairs, append(a.omitted(), querySecurityToken)...); without != a.canonical.query {
			all = append(all, queryIs(without, "the query without X-Amz-Security-Token: the session token must be in the query before signing, not be appended afterwards"))
		}
	}
	return append(all, queryIs("", "an empty query: the query parameters were added after signing"))
}

// decodedOnce returns the canonical query of values that are decoded once more, or nothing where that makes no difference.
func (a *attempt) decodedOnce() string {
	pairs, err := splitQuery(a.request.RawQuery, false)
	if err != nil || !strings.Contains(a.request.RawQuery, "%25") {
		return ""
	}
	once := slices.Clone(pairs)
	for i, p := range pairs {
		if value, err := url.QueryUnescape(p.value); err == nil {
			once[i].value = value
		}
	}
	if slices.Equal(once, pairs) {
		return ""
	}
	return encodeQuery(once, a.omitted()...)
}

// wrongPath has the encoding of S3, and no path at all.
func (a *attempt) wrongPath() (all []variation) {
	path := func(text, words string) {
		all = append(all, variation{piecePath, func(a *attempt) { a.canonical.path = text }, words})
	}
	path(a.request.Path, "the path encoded once: services other than S3 encode the path twice for the canonical request, so switch the double encoding of the signer on")
	path("/", `the path "/": the path was added to the URL after signing`)
	return all
}

// wrongMethod has the two methods of the protocol: a URL presigned for one does not serve for the other.
func (a *attempt) wrongMethod() (all []variation) {
	for _, method := range [...]string{"GET", "POST"} {
		all = append(all, variation{pieceMethod, func(a *attempt) { a.canonical.method = method },
			fmt.Sprintf("the method %s, but the request was a %s", method, quote(a.canonical.method))})
	}
	return all
}

// wrongPayload has the payload hashes in use.
func (a *attempt) wrongPayload() (all []variation) {
	for _, hash := range [...]string{EmptyPayloadHash, UnsignedPayloadHash, StreamingPayloadHash} {
		if hash != a.canonical.payload {
			all = append(all, variation{piecePayload, func(a *attempt) { a.canonical.payload = hash }, fmt.Sprintf(
				"the payload hash %s, but %s was expected: x-amz-content-sha256 must be sent as it was signed, and a presigned URL is signed with the hash of an empty body", hash, quote(a.canonical.payload))})
		}
	}
	return all
}

// secretIs is a variation of the secret.
func secretIs(value, words string) variation {
	return variation{pieceSecret, func(a *attempt) {
		a.keys = nil
		a.addKeys([]string{value})
	}, words}
}

// wrongSecret has secrets with the white space and quotes that files and shells leave around them, on either side of the
// connection, and the access key id in the place of the secret.
func (a *attempt) wrongSecret(secrets []string) (all []variation) {
	for _, known := range secrets {
		trimmed := strings.TrimSpace(known)
		for _, variant := range [...]string{trimmed, trimmed + "\n", trimmed + "\r\n", trimmed + "\r", trimmed + " ", `"` + trimmed + `"`} {
			if variant != known {
				all = append(all, secretIs(variant, "a secret that differs only in white space or quotes at its ends: check how both sides read it (a trailing newline in a file or variable)"))
			}
		}
	}
	return append(all, secretIs(a.claim.AccessKeyID, "the access key id used as the secret: the client's secret is set to the wrong value"))
}
