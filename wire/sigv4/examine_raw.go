package sigv4

import (
	"fmt"
	"slices"
	"strings"
)

// lookAtQuery points at what in a query is written otherwise than it is signed, or was damaged on its way into a text. It is
// asked about requests that are refused.
func (e *examiner) lookAtQuery() {
	raw := e.request.RawQuery
	if strings.Contains(raw, "&amp;") {
		e.Findings = append(e.Findings, Finding{true, "query", `it holds "&amp;": the URL was escaped for HTML; write "&" in its place`})
	}
	if strings.Contains(raw, "+") {
		e.note("query", `a "+" in it is read, and signed, as a space (%%20); a plus is written %%2B`)
	}
	pairs, err := splitQuery(raw, false)
	if err != nil {
		return
	}
	var twice, bare []string
	for i, p := range rawPairs(raw, nil) {
		if i >= len(pairs) {
			break
		}
		name := pairs[i].name
		if strings.Contains(strings.ToUpper(p.value), "%25") && escaped(pairs[i].value) {
			twice = append(twice, name)
		}
		if strings.Trim(p.value, unreserved) != "" && name != querySignature && bareCharacters(p.value) != "" {
			bare = append(bare, fmt.Sprintf("%s (%s)", quote(name), bareCharacters(p.value)))
		}
	}
	if len(twice) > 0 {
		e.Findings = append(e.Findings, Finding{ReasonOf(e.Err) == Malformed, twice[0], fmt.Sprintf(
			"the values of %s are percent-encoded twice (%%25 stands for a percent sign, so that %%252F means \"%%2F\", not \"/\"): encode once", quotedList(twice))})
	}
	if len(bare) > 0 {
		e.note("query", "characters that stand in it unencoded, and are signed percent-encoded: %s", strings.Join(bare[:min(6, len(bare))], ", "))
	}
	var names []string
	for _, p := range pairs {
		if p.name != querySignature { // which is not signed, and mostly the last
			names = append(names, encode(p.name, false))
		}
	}
	if !slices.IsSorted(names) {
		e.note("query", "the parameters are not sent in the order in which they are signed, which is allowed: sorted by encoded name, as in the canonical query")
	}
}

// repair looks whether a query that cannot be read would be good if one damage to it were undone.
func (e *examiner) repair() {
	if e.repaired || e.Claim.Form != 0 {
		return
	}
	for _, damage := range [...]struct{ from, to, what string }{
		{"&amp;", "&", `"&amp;" written "&"`},
		{"%25", "%", `"%25" written "%", so that every value is percent-encoded once`},
	} {
		if !strings.Contains(e.request.RawQuery, damage.from) {
			continue
		}
		mended := examiner{request: e.request, keys: e.keys, now: e.now, limits: e.limits, repaired: true}
		mended.request.RawQuery = strings.ReplaceAll(e.request.RawQuery, damage.from, damage.to)
		if mended.parse(); mended.Claim.Form != 0 {
			mended.judge()
		}
		if mended.Genuine {
			e.note("query", "it fits the query with %s: that is what was signed, and what has to be sent", damage.what)
		}
	}
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

// escaped reports whether a decoded value still has a percent escape.
func escaped(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isWord(s[i+1:i+3], 2, "") && strings.Trim(s[i+1:i+3], "0123456789abcdefABCDEF") == "" {
			return true
		}
	}
	return false
}

// bareCharacters returns the characters of a raw value that are signed percent-encoded, each once and quoted.
func bareCharacters(raw string) string {
	var found []string
	for _, c := range raw {
		if c == '%' || c == '+' || strings.ContainsRune(unreserved, c) {
			continue
		}
		if text := fmt.Sprintf("%q is %s", string(c), encode(string(c), false)); !slices.Contains(found, text) && len(found) < 4 {
			found = append(found, text)
		}
	}
	return strings.Join(found, ", ")
}

// lookAtHeaders points at what is signed and likely to change, and at what AWS wants beyond what is verified here.
func (e *examiner) lookAtHeaders() {
	c := e.Claim
	received := ""
	if len(e.request.Hosts) > 0 {
		received = e.request.Hosts[0]
	}
	if e.Genuine && e.Host != received {
		e.note("Host", "the signature was made for the host %s, and the request goes to %s: this server takes both, Amazon only what is sent", quote(e.Host), quote(received))
	}
	var changing []string
	for _, name := range c.SignedHeaders {
		if unsignable(name) && !isHost(name) {
			changing = append(changing, name)
		}
	}
	if len(changing) > 0 {
		e.note(c.Form.field(querySignedHeaders), "it names %s, which HTTP libraries and proxies add or change after signing: leave them out of what is signed", quotedList(changing))
	}
	temporary := strings.HasPrefix(c.AccessKeyID, "ASIA")
	switch {
	case temporary && c.SecurityToken == "":
		e.note(headerSecurityToken, "it is missing: %s is the id of temporary credentials (ASIA...), which come with a session token; Amazon refuses it, a server that knows the key does not ask", keyName(c.AccessKeyID))
	case !temporary && c.SecurityToken != "":
		e.note(headerSecurityToken, "there is a session token, though %s is not the id of temporary credentials (ASIA...): an old AWS_SESSION_TOKEN in the environment? Amazon refuses it; a server that knows the key may pass it over", keyName(c.AccessKeyID))
	}
	if c.Form == Header && c.SecurityToken != "" && !c.signs("x-amz-security-token") {
		e.note(headerSecurityToken, "it is sent, but not among the signed headers: it was added after signing, and is refused")
	}
	if e.Err == nil && c.Form == Header && payloadOf(e.request.Header, "") != StreamingPayloadHash {
		e.note(headerPayloadHash, "%s; the request itself is taken as it is", payloadRule)
	}
	if len(e.request.Header["X-Amz-Date"]) > 0 && c.Form == Presigned {
		e.note(headerDate, "the header is passed over: the parameter of the same name counts")
	}
}
