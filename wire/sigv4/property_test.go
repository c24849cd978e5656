package sigv4_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// pieces are what random texts are made of: everything that encoders treat differently.
var pieces = []string{
	"a", "Z", "0", "9", "-", "_", ".", "~", " ", "  ", "+", "%", "%20", "%2B", "%25", "/", "//", "=", "&", ",", ";", ":", "@", "!", "$", "'", "(", ")", "*",
	"?", "#", "[", "]", "{", "}", "|", "\\", "^", "`", "\"", "<", ">", "\t", "é", "ü", "日本", "🎤", "\u00a0", "\xff", "\xc3", "\x00", "\n", "X-Amz-", "host",
}

func randomText(rnd *rand.Rand, limit int) string {
	var b strings.Builder
	for range rnd.IntN(limit + 1) {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

// randomQuery writes a query in one of the ways that mean the same, with duplicates.
func randomQuery(rnd *rand.Rand) string {
	var parts []string
	for range rnd.IntN(8) {
		name, value := "p"+randomText(rnd, 4), randomText(rnd, 8)
		encoded := url.QueryEscape(name) + "=" + url.QueryEscape(value)
		switch rnd.IntN(3) {
		case 0:
			encoded = strings.ReplaceAll(encoded, "+", "%20")
		case 1:
			encoded = strings.NewReplacer("%2C", ",", "%2F", "/", "%3A", ":").Replace(encoded)
		}
		parts = append(parts, encoded)
		if rnd.IntN(4) == 0 {
			parts = append(parts, encoded, url.QueryEscape(name)+"=")
		}
	}
	return strings.Join(parts, "&")
}

func randomPath(rnd *rand.Rand) string {
	if rnd.IntN(6) == 0 {
		return path
	}
	u := url.URL{Path: "/" + strings.ReplaceAll(randomText(rnd, 8), "\x00", "")}
	if strings.HasPrefix(u.Path, "//") {
		u.Path = "/a" + u.Path
	}
	return u.EscapedPath()
}

func randomHost(rnd *rand.Rand) string {
	hosts := []string{"localhost", "LocalHost", "a-b.example.com", "under_score.example", "tilde~host", "127.0.0.1", "transcribestreaming.us-east-1.amazonaws.com"}
	ports := []string{"", ":8443", ":443", ":80", ":9080"}
	return hosts[rnd.IntN(len(hosts))] + ports[rnd.IntN(len(ports))]
}

func randomToken(rnd *rand.Rand) string {
	if rnd.IntN(2) == 0 {
		return ""
	}
	return fmt.Sprintf("IQoJ%x/+b==", rnd.Uint64())
}

// differential runs one comparison with many seeds; a failure names its seed.
func differential(t *testing.T, test func(t *testing.T, rnd *rand.Rand)) {
	for seed := range uint64(400) {
		if !t.Run("seed "+strconv.FormatUint(seed, 10), func(t *testing.T) { test(t, rand.New(rand.NewPCG(seed, 2))) }) {
			return
		}
	}
}

func TestPresignAgainstAWSSigner(t *testing.T) {
	differential(t, func(t *testing.T, rnd *rand.Rand) {
		s := newSigner()
		s.Credentials.SessionToken = randomToken(rnd)
		s.Region = []string{"us-east-1", "eu-west-3", "local"}[rnd.IntN(3)]
		scheme := []string{"http", "https"}[rnd.IntN(2)] // the AWS signer knows the default ports of these two only
		target, query := scheme+"://"+randomHost(rnd)+randomPath(rnd), randomQuery(rnd)
		signedURL, signature, err := s.Presign("GET", target+"?"+query, time.Minute, signingTime)
		if err != nil {
			t.Fatal(err)
		}
		oracle := oraclePresign(t, aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: s.Credentials.SessionToken},
			target+"?"+strings.Trim(query+"&X-Amz-Expires=60", "&"), s.Region, signingTime)
		if !strings.HasSuffix(oracle, "&X-Amz-Signature="+signature) || !strings.HasSuffix(signedURL, "&X-Amz-Signature="+signature) {
			t.Errorf("%s?%s\nours %s\nAWS  %s", target, query, signedURL, oracle)
		}
		// The two differ in nothing but the default port, which the AWS signer leaves in the URL.
		if withoutHost(t, signedURL) != withoutHost(t, oracle) {
			t.Errorf("%s?%s\nours %s\nAWS  %s", target, query, signedURL, oracle)
		}
		for _, u := range []string{signedURL, oracle} {
			r := presigned(t, u)
			r.Hosts = sigv4.HostCandidates(r.Hosts[0])
			if err := verify(r, secret); err != nil {
				t.Errorf("%s: %v", u, err)
			}
		}
	})
}

func withoutHost(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.EscapedPath() + "?" + u.RawQuery
}

func TestSignHeadersAgainstAWSSigner(t *testing.T) {
	clean := strings.NewReplacer("\x00", "", "\n", "") // what no header can hold
	differential(t, func(t *testing.T, rnd *rand.Rand) {
		s := newSigner()
		s.Credentials.SessionToken = randomToken(rnd)
		h := http.Header{}
		for range rnd.IntN(6) {
			name := fmt.Sprintf("X-Amzn-Transcribe-%c%d", 'A'+rnd.IntN(26), rnd.IntN(3))
			h[http.CanonicalHeaderKey(name)] = append(h[http.CanonicalHeaderKey(name)], clean.Replace(randomText(rnd, 8)))
		}
		maps.Copy(h, http.Header{"User-Agent": {"any"}, "Content-Type": {" application/vnd.amazon.eventstream "}})
		payload := []string{sigv4.EmptyPayloadHash, sigv4.StreamingPayloadHash, vectorSignature}[rnd.IntN(3)]
		if payload == sigv4.StreamingPayloadHash {
			h.Set("X-Amz-Content-Sha256", payload)
		}
		method := []string{"POST", "GET", "PUT"}[rnd.IntN(3)]
		target := "https://" + randomHost(rnd) + randomPath(rnd)
		if query := randomQuery(rnd); query != "" {
			target += "?" + query
		}
		oracle := oracleSign(t, aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: s.Credentials.SessionToken},
			method, target, h, payload, region, signingTime)
		if _, err := s.SignHeaders(method, target, h, payload, signingTime); err != nil {
			t.Fatal(err)
		}
		for name, values := range oracle.Header {
			if !slices.Equal(h[name], values) {
				t.Errorf("%s %s: header %s\nours %q\nAWS  %q", method, target, name, h[name], values)
			}
		}
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		bodyHash := payload
		if payload == sigv4.StreamingPayloadHash {
			bodyHash = ""
		}
		r := sigv4.Request{Method: method, Path: u.EscapedPath(), RawQuery: u.RawQuery, Header: oracle.Header, Hosts: sigv4.HostCandidates(u.Host), PayloadHash: bodyHash}
		if err := verify(r, secret); err != nil {
			t.Errorf("%s %s: %v", method, target, err)
		}
	})
}

// substitutes stand in for each character in turn.
const substitutes = "aA0-_.~+=&%/;,:? \x00\xff"

// Any one character changed anywhere in a presigned URL is refused, unless the change means the same.
func TestChangedURLIsRefused(t *testing.T) {
	s := newSigner()
	s.Credentials.SessionToken = "TOK/en+="
	good := presign(t, s, vectorQuery+"&names=a%20b&names=%C3%A9&flag")
	before, err := sigv4.CanonicalQuery(good.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(good, secret); err != nil {
		t.Fatal(err)
	}
	refused := map[sigv4.Reason]int{}
	eachChange(good.RawQuery, func(changed string) {
		r := good
		r.RawQuery = changed
		err := verify(r, secret)
		after, _ := sigv4.CanonicalQuery(changed)
		same := after == before && strings.Contains(changed, signatureOf(good.RawQuery))
		if (err == nil) != same {
			t.Fatalf("%s\nchanged to\n%s\nsame meaning: %v, error: %v", good.RawQuery, changed, same, err)
		}
		refused[sigv4.ReasonOf(err)]++
	})
	eachChange(good.Path, func(changed string) {
		r := good
		r.Path = changed
		wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	})
	eachChange(good.Hosts[0], func(changed string) {
		r := good
		if r.Hosts = sigv4.HostCandidates(changed); slices.Contains(r.Hosts, good.Hosts[0]) {
			return // capitals
		}
		wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	})
	eachChange(good.Method, func(changed string) {
		r := good
		r.Method = changed
		wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	})
	for _, reason := range []sigv4.Reason{sigv4.Malformed, sigv4.SignatureMismatch, sigv4.WrongService, sigv4.ScopeDateMismatch, sigv4.HostNotSigned} {
		if refused[reason] == 0 {
			t.Errorf("no change was refused as %q: %v", reason, refused)
		}
	}
}

// Any one character changed in the headers of a signed request is refused.
func TestChangedHeaderIsRefused(t *testing.T) {
	s := newSigner()
	s.Credentials.SessionToken = "TOK/en+="
	h := http.Header{"X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash}, "X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Vocabulary-Names": {"a b", "c"}}
	if _, err := s.SignHeaders("POST", "https://"+host+"/stream-transcription", h, "", signingTime); err != nil {
		t.Fatal(err)
	}
	good := sigv4.Request{Method: "POST", Path: "/stream-transcription", Header: h, Hosts: []string{host}}
	if err := verify(good, secret); err != nil {
		t.Fatal(err)
	}
	for name, values := range h {
		for i, value := range values {
			eachChange(value, func(changed string) {
				if strings.TrimSpace(changed) == value || name == "Authorization" && strings.Join(strings.Fields(changed), " ") == value {
					return
				}
				r := good
				r.Header = h.Clone()
				r.Header[name][i] = changed
				claim, err := sigv4.Parse(r.RawQuery, r.Header)
				if err != nil || claim.AccessKeyID != accessKey {
					return // the key id is not covered by the signature: another has another secret
				}
				if verify(r, secret) == nil {
					t.Fatalf("%s %q changed to %q is accepted", name, value, changed)
				}
			})
		}
		r := good
		r.Header = h.Clone()
		r.Header[name] = append(r.Header[name], "more")
		if verify(r, secret) == nil {
			t.Errorf("a further %s is accepted", name)
		}
		delete(r.Header, name)
		if verify(r, secret) == nil {
			t.Errorf("no %s is accepted", name)
		}
	}
	r := good
	r.RawQuery = "a=1"
	wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
	r = good
	r.Method = "GET"
	wantReason(t, verify(r, secret), sigv4.SignatureMismatch)
}

// eachChange calls f with texts that differ from s in one character: every position, with three substitutes in turn.
func eachChange(s string, f func(string)) {
	for i := range len(s) {
		for j := range 3 {
			if c := substitutes[(3*i+j)%len(substitutes)]; s[i] != c {
				f(s[:i] + string([]byte{c}) + s[i+1:])
			}
		}
	}
}

func signatureOf(query string) string {
	_, rest, _ := strings.Cut(query, "X-Amz-Signature=")
	return "X-Amz-Signature=" + rest
}
