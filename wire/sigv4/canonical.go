package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxQuery bounds the raw query in bytes. Real ones, long session tokens included, stay under 8 KiB.
const maxQuery = 64 << 10

// pair is one decoded parameter of a query.
type pair struct{ name, value string }

// splitQuery decodes a raw query. With literalPlus a "+" stands for itself, otherwise for a space. Unlike net/url it
// keeps parameters that contain ";" and reports a broken escape instead of dropping the parameter.
func splitQuery(raw string, literalPlus bool) ([]pair, error) {
	if len(raw) > maxQuery {
		return nil, malformed("query", "wanted at most %d bytes; got %d", maxQuery, len(raw))
	}
	unescape := url.QueryUnescape
	if literalPlus {
		unescape = url.PathUnescape
	}
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := unescape(rawName)
		if err != nil {
			return nil, malformed("query", "wanted %%XX with two hexadecimal digits in the parameter name %s", quote(rawName))
		}
		value, err := unescape(rawValue)
		if err != nil {
			return nil, malformed(cmp.Or(name, "query"), "wanted %%XX with two hexadecimal digits in the value; a percent sign itself is written %%25")
		}
		pairs = append(pairs, pair{name, value})
	}
	return pairs, nil
}

// CanonicalQuery decodes a raw query and encodes it again the one way that is signed: names and values percent-encoded
// by RFC 3986 (space is %20, hexadecimal digits are upper case), sorted by encoded name and then by encoded value, joined
// by "&", each with a "=". It leaves X-Amz-Signature out. A "+" is read as a space. The result is its own canonical form.
// The error is Malformed: a broken percent escape, or a query beyond 64 KiB.
func CanonicalQuery(raw string) (string, error) {
	pairs, err := splitQuery(raw, false)
	if err != nil {
		return "", err
	}
	return encodeQuery(pairs, querySignature), nil
}

// encodeQuery writes pairs in canonical form, without those that have one of the names to omit.
func encodeQuery(pairs []pair, omit ...string) string {
	encoded := make([]pair, 0, len(pairs))
	for _, p := range pairs {
		if !slices.Contains(omit, p.name) {
			encoded = append(encoded, pair{encode(p.name, false), encode(p.value, false)})
		}
	}
	return joinQuery(encoded)
}

// joinQuery sorts encoded pairs and joins them.
func joinQuery(encoded []pair) string {
	slices.SortFunc(encoded, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range encoded {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// CanonicalPath encodes a path for the canonical request. path is the path as it stands on the request line, escapes
// and all (url.URL.EscapedPath), so that what was escaped once is escaped twice here: "/a%20b" gives "/a%2520b". That is
// the rule of every service but S3. An empty path is "/".
func CanonicalPath(path string) string {
	if path == "" {
		return "/"
	}
	return encode(path, true)
}

// normalisePath removes empty and "." segments and resolves "..", as all SDKs but Go's do before they sign.
func normalisePath(path string) string {
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	normal := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}

// encode percent-encodes everything but the unreserved characters of RFC 3986 section 2.3, byte by byte, so that text
// that is not UTF-8 survives as well; keepSlash leaves "/" alone.
func encode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case isAlphanumeric(c), c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// canonicalValue trims a header value and makes one space of each run of spaces. Tabs inside a value stay.
func canonicalValue(v string) string {
	v = strings.TrimSpace(v)
	if !strings.Contains(v, "  ") {
		return v
	}
	b := make([]byte, 0, len(v))
	for i := range len(v) {
		if v[i] != ' ' || v[i-1] != ' ' { // v[0] is no space
			b = append(b, v[i])
		}
	}
	return string(b)
}

// headerValue joins all values of one header as they are signed. name is lower case; the keys of h may be written in
// any case, and are taken in sorted order so that the outcome never depends on the map's.
func headerValue(h http.Header, name string) (value string, present bool) {
	values, present := h[http.CanonicalHeaderKey(name)]
	if !present {
		var keys []string
		for key := range h {
			if strings.EqualFold(key, name) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			values, present = append(values, h[key]...), true
		}
	}
	cleaned := make([]string, len(values))
	for i, v := range values {
		cleaned[i] = canonicalValue(v)
	}
	return strings.Join(cleaned, ","), present
}

// The two names under which a client may sign the host.
const (
	hostHeader      = "host"
	authorityHeader = ":authority"
)

func isHost(name string) bool { return name == hostHeader || name == authorityHeader }

// canonical is a canonical request taken apart, so that one piece can be exchanged: the host when candidates are tried,
// any piece when a mismatch is diagnosed.
type canonical struct {
	method  string
	path    string // encoded
	query   string // encoded
	headers []pair // lower-case name, canonical value; the value of host and :authority is filled in by appendTo
	payload string
}

// text returns the canonical request for one host.
func (c *canonical) text(host string) string { return string(c.appendTo(nil, host)) }

// appendTo appends the canonical request for one host.
func (c *canonical) appendTo(dst []byte, host string) []byte {
	for _, line := range [...]string{c.method, c.path, c.query} {
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	for _, h := range c.headers {
		value := h.value
		if isHost(h.name) {
			value = canonicalValue(host)
		}
		dst = append(dst, h.name...)
		dst = append(dst, ':')
		dst = append(dst, value...)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	for i, h := range c.headers {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, h.name...)
	}
	dst = append(dst, '\n')
	return append(dst, c.payload...)
}

// parseSignedHeaders splits and checks the list of signed header names: lower case, sorted, each once.
func parseSignedHeaders(field, value string) ([]string, error) {
	const limit = 200
	if value == "" {
		return nil, malformed(field, "wanted the names of the signed headers joined by %q, at least %q; got nothing", ";", hostHeader)
	}
	names := strings.Split(value, ";")
	if len(names) > limit {
		return nil, malformed(field, "wanted at most %d names; got %d", limit, len(names))
	}
	for i, name := range names {
		switch {
		case name != authorityHeader && !isWord(name, 256, "!#$%&'*+-.^_`|~"):
			return nil, malformed(field, "wanted header names joined by %q (percent-encoded as %%3B in a URL); got %s as name %d", ";", quote(name), i+1)
		case name != strings.ToLower(name):
			return nil, malformed(field, "wanted lower-case names; got %s", quote(name))
		case i > 0 && names[i-1] >= name:
			return nil, malformed(field, "wanted the names sorted and each once; got %s after %s", quote(name), quote(names[i-1]))
		}
	}
	return names, nil
}

// printable reports whether s can stand in a header value (RFC 9110 section 5.5): no control characters but tabs. A line
// feed would break the lines of the canonical request.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
