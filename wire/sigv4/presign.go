package sigv4

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The query parameters of a presigned URL. Their case matters.
const (
	queryAlgorithm     = "X-Amz-Algorithm"
	queryCredential    = "X-Amz-Credential"
	queryDate          = "X-Amz-Date"
	queryExpires       = "X-Amz-Expires"
	querySecurityToken = "X-Amz-Security-Token"
	querySignedHeaders = "X-Amz-SignedHeaders"
	querySignature     = "X-Amz-Signature"

	queryPrefix = "X-Amz-"
)

// maxExpires is the longest lifetime the algorithm knows, a week. What a service allows is in Limits.
const maxExpires = 604800 * time.Second

// ParsePresigned reads the claim out of the raw query of a presigned URL (url.URL.RawQuery). Parameters it does not know
// are left to the service. Its errors are all Malformed and name the parameter: absent (X-Amz-Security-Token may be),
// given twice (any name that starts with "X-Amz-"), or not in its form.
func ParsePresigned(rawQuery string) (Claim, error) {
	pairs, err := splitQuery(rawQuery, false)
	if err != nil {
		return Claim{}, err
	}
	return parsePairs(pairs)
}

func parsePairs(pairs []pair) (Claim, error) {
	values := make(map[string]string)
	for _, p := range pairs {
		if !strings.HasPrefix(p.name, queryPrefix) {
			continue
		}
		if _, twice := values[p.name]; twice {
			return Claim{}, malformed(p.name, "wanted the parameter once; it is there twice")
		}
		values[p.name] = p.value
	}
	for _, name := range [...]string{queryAlgorithm, queryCredential, queryDate, queryExpires, querySignedHeaders, querySignature} {
		if _, ok := values[name]; !ok {
			return Claim{}, absent(name, pairs)
		}
	}
	return parseQueryClaim(values)
}

// absent makes the error for a missing parameter, and looks whether it is there under another case.
func absent(name string, pairs []pair) *Error {
	e := malformed(name, "wanted the parameter in the query; it is not there")
	for _, p := range pairs {
		if strings.EqualFold(p.name, name) {
			e.Hint = fmt.Sprintf("the query has %q: the case of parameter names matters", p.name)
		}
	}
	return e
}

func parseQueryClaim(values map[string]string) (c Claim, err error) {
	c = Claim{
		Form:          Presigned,
		Algorithm:     values[queryAlgorithm],
		SecurityToken: values[querySecurityToken],
		Signature:     values[querySignature],
	}
	if err = parseAlgorithm(queryAlgorithm, c.Algorithm); err != nil {
		return Claim{}, err
	}
	if c.AccessKeyID, c.Scope, err = parseCredential(queryCredential, values[queryCredential]); err != nil {
		return Claim{}, err
	}
	if c.Time, err = parseTime(queryDate, values[queryDate]); err != nil {
		return Claim{}, err
	}
	if c.Expires, err = parseExpires(values[queryExpires]); err != nil {
		return Claim{}, err
	}
	if c.SignedHeaders, err = parseSignedHeaders(querySignedHeaders, values[querySignedHeaders]); err != nil {
		return Claim{}, err
	}
	if err = parseSignature(querySignature, c.Signature); err != nil {
		return Claim{}, err
	}
	return c, nil
}

func parseExpires(value string) (time.Duration, error) {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n < 1 || n > uint64(maxExpires/time.Second) {
		return 0, malformed(queryExpires, "wanted whole seconds from 1 to %d; got %s", maxExpires/time.Second, quote(value))
	}
	return time.Duration(n) * time.Second, nil
}

// Signer signs requests with one access key. Its methods only read it, so it may be shared. Printed or logged it shows
// no secret.
type Signer struct {
	Credentials Credentials
	Region      string
	// Service is the signing name; empty means DefaultService.
	Service string
	// SignAuthority signs ":authority" in place of "host" in SignHeaders, as the JavaScript SDK does over HTTP/2.
	SignAuthority bool
}

// scope returns the scope for a signing time.
func (s Signer) scope(now time.Time) Scope {
	service := s.Service
	if service == "" {
		service = DefaultService
	}
	return Scope{Date: now.UTC().Format(DateFormat), Region: s.Region, Service: service}
}

// check refuses settings and times with which no request could be signed.
func (s Signer) check(now time.Time) error {
	scope := s.scope(now)
	if y := now.UTC().Year(); y < 0 || y > 9999 {
		return malformed("time", "wanted a signing time in the years 0 to 9999; got year %d", y)
	}
	if s.Credentials.Secret == "" {
		return &Error{Reason: UnknownKey, Field: "secret", Detail: "wanted a secret access key to sign with; got an empty one"}
	}
	_, _, err := parseCredential("credentials", s.Credentials.AccessKeyID+"/"+scope.String())
	return err
}

// Presign returns rawURL with a signature in its query, and that signature alone, which is the seed for NewChunkSigner.
// rawURL is absolute (https, wss, http or ws); its own parameters are kept, in canonical form; a fragment is dropped, and
// so is the port when it is the default of the scheme, because clients leave it out of Host. The URL is good for one
// method, "GET" for WebSocket, from now for expires: whole seconds, 1 s to 604800 s, of which Amazon Transcribe allows
// 300 s. Only host is signed. Errors are *Error with the reason Malformed or UnknownKey.
func (s Signer) Presign(method, rawURL string, expires time.Duration, now time.Time) (signedURL, signature string, err error) {
	if err := s.check(now); err != nil {
		return "", "", err
	}
	if expires < time.Second || expires > maxExpires || expires%time.Second != 0 {
		return "", "", malformed(queryExpires, "wanted whole seconds from 1 s to %v; got %v", maxExpires, expires)
	}
	u, host, err := parseTarget(rawURL)
	if err != nil {
		return "", "", err
	}
	pairs, err := splitQuery(u.RawQuery, false)
	if err != nil {
		return "", "", err
	}
	for _, p := range pairs {
		if strings.HasPrefix(p.name, queryPrefix) {
			return "", "", malformed(p.name, "wanted a URL that is not signed yet; it has this parameter already")
		}
	}
	scope := s.scope(now)
	pairs = append(pairs,
		pair{queryAlgorithm, Algorithm},
		pair{queryCredential, s.Credentials.AccessKeyID + "/" + scope.String()},
		pair{queryDate, now.UTC().Format(TimeFormat)},
		pair{queryExpires, strconv.Itoa(int(expires / time.Second))},
		pair{querySignedHeaders, hostHeader},
	)
	if s.Credentials.SessionToken != "" {
		pairs = append(pairs, pair{querySecurityToken, s.Credentials.SessionToken})
	}
	request := canonical{
		method: method, path: CanonicalPath(u.EscapedPath()), query: encodeQuery(pairs),
		headers: []pair{{name: hostHeader}}, payload: EmptyPayloadHash,
	}
	signature = s.sign(&request, host, now)
	u.Host = host
	u.RawQuery = request.query + "&" + querySignature + "=" + signature
	return u.String(), signature, nil
}

// sign returns the signature of a canonical request in hexadecimal.
func (s Signer) sign(request *canonical, host string, now time.Time) string {
	scope := s.scope(now)
	key := DeriveKey(s.Credentials.Secret, scope)
	return fmt.Sprintf("%x", mac(key[:], stringToSign(now.UTC().Format(TimeFormat), scope, request.text(host))))
}

// parseTarget reads the URL to be signed, and the host as a client will send it.
func parseTarget(rawURL string) (u *url.URL, host string, err error) {
	u, err = url.Parse(rawURL)
	switch {
	case err != nil:
		return nil, "", malformed("URL", "wanted an absolute URL; got one that cannot be read") // the cause quotes the URL
	case u.Host == "" || u.Opaque != "":
		return nil, "", malformed("URL", "wanted an absolute URL such as wss://host:8443/path; got one without a host")
	case u.User != nil:
		return nil, "", malformed("URL", "wanted a URL without user and password")
	case !isWord(u.Host, 300, "-._~:[]"):
		return nil, "", malformed("URL", "wanted a host of ASCII letters, digits and -._~, or an IPv6 address in brackets without a zone, as clients send it")
	}
	u.Fragment, u.RawFragment = "", ""
	host = u.Host
	switch port := u.Port(); strings.ToLower(u.Scheme) {
	case "https", "wss":
		if port == "443" {
			host = strings.TrimSuffix(host, ":443")
		}
	case "http", "ws":
		if port == "80" {
			host = strings.TrimSuffix(host, ":80")
		}
	default:
		return nil, "", malformed("URL", "wanted the scheme https, wss, http or ws; got %s", quote(u.Scheme))
	}
	return u, host, nil
}
