package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds of what is tried for somebody who asks what is wrong, and has time.
const (
	maxTried  = 32       // parameters and headers that are varied one by one
	maxPaired = 16 << 10 // bytes of a canonical request with which pairs of mistakes are tried
)

// thorough returns the usual mistakes and the rare ones.
func (a *attempt) thorough(keys []Key) []variation {
	var secrets []string
	for _, k := range keys {
		if k.Server && k.AccessKeyID == a.claim.AccessKeyID {
			secrets = append(secrets, k.Secret)
		}
	}
	return slices.Concat(a.usual(secrets), a.otherHosts(), a.otherPaths(), a.wrongEncoding(), a.wrongParameters(), a.wrongHeaders(), a.wrongScope(keys), a.otherSecrets(keys, secrets))
}

// search returns what one mistake, or else two, explain the signature; nil when none do.
func (a *attempt) search(all []variation) []string {
	for _, v := range all {
		if a.with(v).fits() {
			return []string{v.text}
		}
	}
	if len(a.canonical.text(a.hosts[0])) > maxPaired {
		return nil
	}
	for i, first := range all {
		one := a.with(first)
		for _, second := range all[i+1:] {
			if first.piece != second.piece && one.with(second).fits() {
				return []string{first.text, second.text}
			}
		}
	}
	return nil
}

// wrongEncoding has queries that were encoded once too often or too little.
func (a *attempt) wrongEncoding() (all []variation) {
	pairs, err := splitQuery(a.request.RawQuery, false)
	if err != nil {
		return nil
	}
	twice := make([]pair, len(pairs))
	for i, p := range pairs {
		twice[i] = pair{p.name, encode(p.value, false)}
	}
	all = append(all, queryIs(encodeQuery(twice, a.omitted()...),
		"the query with its values percent-encoded twice: sign the values encoded once, as they are sent"))
	plus := strings.ReplaceAll(encodeQuery(pairs, a.omitted()...), "%20", "+")
	if strings.Contains(plus, "+") {
		all = append(all, queryIs(plus, `the query with "+" written for a space: a space is signed as %20`))
	}
	lower := rawPairs(encodeQuery(pairs, a.omitted()...), nil)
	for i := range lower {
		lower[i].value = lowerEscapes(lower[i].value)
	}
	if text := joinRaw(lower); strings.Contains(text, "%") {
		all = append(all, queryIs(text, `the query with lower-case escapes: write %2F, not %2f, before signing`))
	}
	return all
}

// lowerEscapes writes the digits of percent escapes in lower case.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(s[i+1:i+3]))
		}
	}
	return string(b)
}

// wrongParameters has queries in which one parameter came or changed after signing.
func (a *attempt) wrongParameters() (all []variation) {
	pairs, err := splitQuery(a.request.RawQuery, false)
	if err != nil {
		return nil
	}
	for i, p := range pairs[:min(maxTried, len(pairs))] {
		if p.name != querySignature {
			all = append(all, queryIs(encodeQuery(slices.Delete(slices.Clone(pairs), i, i+1), a.omitted()...),
				fmt.Sprintf("the query without %s: the parameter was added after signing", quote(p.name))))
		}
		var others []string
		switch p.name {
		case queryExpires:
			others = []string{"15", "30", "60", "250", "300", "600", "900", "3600", "86400", "604800"}
		case "media-encoding":
			others = []string{"pcm", "flac", "ogg-opus"}
		case "sample-rate":
			others = []string{"8000", "16000", "44100", "48000"}
		case "language-code":
			others = []string{"en-US", "en-GB", "es-US", "fr-FR", "de-DE"}
		}
		for _, other := range others {
			if changed := slices.Clone(pairs); other != p.value {
				changed[i].value = other
				all = append(all, queryIs(encodeQuery(changed, a.omitted()...),
					fmt.Sprintf("the query with %s=%s: the parameter was changed to %s after signing", p.name, other, quote(p.value))))
			}
		}
	}
	return all
}

// usualValues are values of headers that HTTP libraries and proxies exchange for each other. Names are in lower case.
func usualValues(name string) []string {
	switch name {
	case "content-type":
		return []string{"application/vnd.amazon.eventstream", "application/json", "application/x-amz-json-1.1", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"}
	case "te":
		return []string{"trailers"}
	case "connection":
		return []string{"Upgrade", "upgrade", "keep-alive", "close"}
	case "accept-encoding":
		return []string{"identity", "gzip", "gzip, deflate", "gzip, deflate, br", "*"}
	case "transfer-encoding":
		return []string{"chunked"}
	case "content-length":
		return []string{"0"}
	}
	return nil
}

// wrongHeaders has signed headers that came, went or changed between signing and arrival.
func (a *attempt) wrongHeaders() (all []variation) {
	for i, h := range a.canonical.headers[:min(maxTried, len(a.canonical.headers))] {
		if isHost(h.name) {
			continue
		}
		change := func(value, words string) {
			if value == h.value {
				return
			}
			all = append(all, variation{pieceHeaders, func(a *attempt) {
				a.canonical.headers = slices.Clone(a.canonical.headers)
				a.canonical.headers[i].value = value
			}, words})
		}
		change("", fmt.Sprintf("the header %s without a value: it got its value after signing", quote(h.name)))
		for _, value := range usualValues(h.name) {
			change(value, fmt.Sprintf("the header %s with the value %q: it was changed to %s on the way; do not sign it, or keep it as it is", quote(h.name), value, showHeader(h)))
		}
		if raw := strings.Join(a.request.Header.Values(h.name), ","); raw != h.value {
			change(raw, fmt.Sprintf("the header %s with its white space as sent: trim the value and make one space of several before signing", quote(h.name)))
		}
		change(strings.ToLower(h.value), fmt.Sprintf("the header %s with its value in lower case: only names are written in lower case, values are signed as they are", quote(h.name)))
	}
	for i, h := range a.canonical.headers {
		if len(a.canonical.headers) > 1 && i < maxTried {
			all = append(all, variation{pieceHeaders, func(a *attempt) {
				a.canonical.headers = slices.Delete(slices.Clone(a.canonical.headers), i, i+1)
			}, fmt.Sprintf("a canonical request without the header %s: it is named as signed, but its line was left out", quote(h.name))})
		}
	}
	return all
}

// showHeader returns the value of a header for a text, unless it may be a secret.
func showHeader(h pair) string {
	if strings.EqualFold(h.name, headerSecurityToken) || strings.EqualFold(h.name, headerAuthorization) || strings.EqualFold(h.name, "cookie") {
		return tokenMark
	}
	return quote(h.value)
}

// regions are those where the service streams; a client's default is among them.
var regions = [...]string{"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
	"eu-north-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "af-south-1", "us-gov-west-1", "us-gov-east-1"}

// services are signing names that are taken for the one that is right.
var services = [...]string{DefaultService, "transcribestreaming", "transcribe-streaming", "transcribeservice", "execute-api", "s3", "sts"}

// wrongScope has scopes other than the one that is sent, for the key, and for the key and the string to sign.
func (a *attempt) wrongScope(keys []Key) (all []variation) {
	claimed := a.claim.Scope
	add := func(scope Scope, words string) {
		if scope == a.claim.Scope {
			return
		}
		key := func(a *attempt) {
			a.claim.Scope, a.keys = scope, nil
			for _, k := range keys {
				if k.Server && k.AccessKeyID == a.claim.AccessKeyID {
					a.addKeys([]string{k.Secret})
				}
			}
			a.claim.Scope = claimed
		}
		signed := func(a *attempt) {
			key(a)
			a.head = Algorithm + "\n" + a.claim.Time.UTC().Format(TimeFormat) + "\n" + scope.String() + "\n"
		}
		all = append(all, variation{pieceScope, key, words + " in the signing key: derive the key with what stands in the credential scope"},
			variation{pieceScope, signed, words + ": the credential scope that was sent is another than the one that was signed"})
		if sent := "X-Amz-Credential=" + encode(a.claim.AccessKeyID+"/"+claimed.String(), false); strings.Contains(a.canonical.query, sent) {
			all = append(all, variation{pieceScope, func(a *attempt) { // of a URL the scope is signed twice, once as a parameter
				signed(a)
				a.canonical.query = strings.Replace(a.canonical.query, sent, "X-Amz-Credential="+encode(a.claim.AccessKeyID+"/"+scope.String(), false), 1)
			}, words + ": the credential scope that was sent is another than the one that was signed; it was changed in the URL afterwards"})
		}
	}
	for _, region := range regions {
		add(Scope{claimed.Date, region, claimed.Service}, fmt.Sprintf("the region %q", region))
	}
	for _, service := range services {
		add(Scope{claimed.Date, claimed.Region, service}, fmt.Sprintf("the service %q", service))
	}
	for days := -2; days <= 2; days++ {
		date := a.claim.Time.UTC().AddDate(0, 0, days).Format(DateFormat)
		add(Scope{date, claimed.Region, claimed.Service}, fmt.Sprintf("the date %s", date))
	}
	return append(all, a.wrongTime()...)
}

// wrongTime has signing times that differ from X-Amz-Date by time zones.
func (a *attempt) wrongTime() (all []variation) {
	for half := -24; half <= 28; half++ { // half hours, from 12 behind to 14 ahead
		if half == 0 {
			continue
		}
		at := a.claim.Time.UTC().Add(time.Duration(half) * 30 * time.Minute)
		all = append(all, variation{pieceScope, func(a *attempt) {
			a.head = Algorithm + "\n" + at.Format(TimeFormat) + "\n" + a.claim.Scope.String() + "\n"
		}, fmt.Sprintf("the time %s in the string to sign, which is not X-Amz-Date: take both from one reading of the clock, in UTC", at.Format(TimeFormat))})
	}
	return all
}

// otherSecrets has what else may have been signed with: secrets that stand elsewhere, and known ones derived or written
// otherwise.
func (a *attempt) otherSecrets(keys []Key, known []string) (all []variation) {
	for _, k := range keys {
		switch {
		case slices.Contains(known, k.Secret):
		case k.AccessKeyID == a.claim.AccessKeyID:
			all = append(all, secretIs(k.Secret, fmt.Sprintf("the secret of this key in %s, which is another one than the server's", k.Where)))
		default:
			all = append(all, secretIs(k.Secret, fmt.Sprintf("the secret of another key, %s in %s: id and secret belong together", keyName(k.AccessKeyID), k.Where)))
		}
	}
	for _, s := range known {
		if decoded, err := url.QueryUnescape(s); err == nil && decoded != s {
			all = append(all, secretIs(decoded, "the secret percent-decoded: use it as it stands"))
		}
		if escaped := url.QueryEscape(s); escaped != s {
			all = append(all, secretIs(escaped, "the secret percent-encoded: use it as it stands"))
		}
		all = append(all, variation{pieceSecret, func(a *attempt) {
			scope := a.claim.Scope
			key := mac([]byte(s), scope.Date)
			for _, part := range [...]string{scope.Region, scope.Service, Terminator} {
				key = mac(key[:], part)
			}
			a.keys = nil
			a.addKey(key)
		}, `a key derived from the secret without "AWS4" before it`},
			variation{pieceSecret, func(a *attempt) {
				a.keys = nil
				a.keys = append(a.keys, hmac.New(sha256.New, []byte(s)))
			}, "the secret itself used as the signing key: derive the key from date, region, service and aws4_request"})
	}
	return all
}
