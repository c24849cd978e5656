package sigv4_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

const otherSecret = "another/secret/of/the/same/length/as/that"

// serverKeys is what most tests know: the server's key, and one of somebody else.
var serverKeys = []sigv4.Key{
	{AccessKeyID: accessKey, Secret: secret, Where: "credentials", Server: true},
	{AccessKeyID: "AKIDOTHER", Secret: otherSecret, Where: "the environment"},
}

// right is a canonical request of a presigned URL as it should be.
func right(method, path, query, host, payload string) string {
	return method + "\n" + path + "\n" + query + "\nhost:" + host + "\n\nhost\n" + payload
}

// claimOf returns the query of a claim, encoded and sorted, with one thing changed.
func claimOf(change, to string) string { return strings.Replace(encodedClaim, change, to, 1) }

// mistake is a request with something wrong, and what must be said of it.
type mistake struct {
	query          string // as sent, without the signature; "" means a good one
	canonical      string // as signed; "" means rightly
	secret         string
	signature      string // in place of one that is made
	received       string
	now            time.Duration // after signing
	keys           []sigv4.Key
	field          string // of the first fault; empty: none
	says           []string
	good, unsigned bool // accepted; sent without a signature
}

func mistakes() map[string]mistake {
	const sorted = encodedClaim + "&language-code=en-US"
	signed := func(query string) string { return right("GET", path, query, host, sigv4.EmptyPayloadHash) }
	at := func(h string) string { return right("GET", path, sorted, h, sigv4.EmptyPayloadHash) }
	const signature = "X-Amz-Signature"
	return map[string]mistake{
		"none":                          {good: true},
		"port left out":                 {canonical: at("localhost"), good: true, says: []string{`made for the host "localhost"`, `"localhost:8443"`}},
		"another port":                  {canonical: at("localhost:8080"), field: signature, says: []string{`the host "localhost:8080"`}},
		"default port spelt out":        {received: "h", canonical: at("h:443"), field: signature, says: []string{`"h:443"`}},
		"behind a proxy":                {received: "inner:9000", canonical: at(host), field: signature, says: []string{`"localhost:8443"`, "hosts this server accepts"}},
		"numbers for the name":          {received: "localhost:18080", canonical: at("127.0.0.1:18080"), field: signature, says: []string{`it fits the host "127.0.0.1:18080"`}},
		"the name for numbers":          {received: "127.0.0.1:18080", canonical: at("localhost:18080"), field: signature, says: []string{`it fits the host "localhost:18080"`}},
		"the newer numbers":             {received: "localhost:18080", canonical: at("[::1]:18080"), field: signature, says: []string{`it fits the host "[::1]:18080"`}},
		"another usual port":            {received: "10.0.0.7:18080", canonical: at("localhost:443"), field: signature, says: []string{`it fits the host "localhost:443"`}},
		"Amazon's host, port of here":   {received: "localhost:18080", canonical: at("transcribestreaming.us-east-1.amazonaws.com:18080"), field: signature, says: []string{"transcribestreaming.us-east-1.amazonaws.com:18080"}},
		"region of the scope":           {query: claimOf("us-east-1", "eu-central-1"), canonical: signed(encodedClaim), field: signature, says: []string{`the region "us-east-1"`, "another than the one that was signed"}},
		"path of HTTP/2":                {canonical: right("GET", "/stream-transcription", sorted, host, sigv4.EmptyPayloadHash), field: signature, says: []string{`the path "/stream-transcription"`, "HTTP/2", "WebSocket"}},
		"path and method of HTTP/2":     {canonical: right("POST", "/stream-transcription", sorted, host, sigv4.EmptyPayloadHash), field: signature, says: []string{"two mistakes", `the path "/stream-transcription"`, "the method POST"}},
		"path of the medical operation": {canonical: right("GET", "/medical-stream-transcription-websocket", sorted, host, sigv4.EmptyPayloadHash), field: signature, says: []string{`the path "/medical-stream-transcription-websocket"`}},
		"Amazon's host":                 {canonical: at("transcribestreaming.us-east-1.amazonaws.com:8443"), field: signature, says: []string{"transcribestreaming.us-east-1.amazonaws.com:8443"}},
		"service of the scope":          {query: claimOf("%2Ftranscribe%2F", "%2Ftranscribestreaming%2F"), field: "X-Amz-Credential", says: []string{`wanted the service "transcribe"`, `"transcribestreaming"`}},
		"date of the scope":             {query: claimOf("20260102%2F", "20260103%2F"), field: "X-Amz-Credential", says: []string{"20260102", `"20260103"`}},
		"algorithm":                     {query: claimOf("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), field: "X-Amz-Algorithm", says: []string{"SigV4a"}},
		"four parts of a credential":    {query: claimOf("%2Faws4_request", ""), field: "X-Amz-Credential", says: []string{"5 parts", "got 4"}},
		"expired":                       {now: 61 * time.Second, field: "X-Amz-Date", says: []string{"60 seconds", "1m1s before"}},
		"clock ahead":                   {now: -time.Hour, field: "X-Amz-Date", says: []string{"1h0m0s ahead", "clock"}},
		"expires too long":              {query: claimOf("Expires=60", "Expires=3600"), field: "X-Amz-Expires", says: []string{"1 to 300", "3600"}},
		"expires no number":             {query: claimOf("Expires=60", "Expires=soon"), field: "X-Amz-Expires", says: []string{`"soon"`}},
		"date of another form":          {query: claimOf("20260102T030405Z", "2026-01-02T03%3A04%3A05Z"), field: "X-Amz-Date", says: []string{"YYYYMMDDTHHMMSSZ"}},
		"unknown key":                   {query: claimOf("AKIDEXAMPLE", "AKIDNOBODY"), field: "X-Amz-Credential", says: []string{`"AKIDNOBODY"`}},
		"key of lower case":             {query: claimOf("AKIDEXAMPLE", "akidexample"), field: "X-Amz-Credential", says: []string{`there is "AKIDEXAMPLE"`, "upper and lower case"}},
		"key cut off":                   {query: claimOf("AKIDEXAMPLE", "AKIDEXAMP"), field: "X-Amz-Credential", says: []string{`there is "AKIDEXAMPLE"`, "characters are missing"}},
		"key of another place":          {query: claimOf("AKIDEXAMPLE", "AKIDOTHER"), secret: otherSecret, field: "X-Amz-Credential", says: []string{"it stands in the environment", "the secret of this key in the environment"}},
		"key of another secret":         {secret: otherSecret, field: signature, says: []string{"the secret of another key", "AKIDOTHER"}},
		"old secret":                    {secret: "old", keys: append(serverKeys, sigv4.Key{AccessKeyID: accessKey, Secret: "old", Where: "backup"}), field: signature, says: []string{"the secret of this key in backup"}},
		"double encoding":               {query: strings.ReplaceAll(sorted, "%2F", "%252F"), canonical: signed(sorted), field: "X-Amz-Credential", says: []string{`%252F means "%2F"`, "encode once", `it fits the query with "%25" written "%"`}},
		"double encoding of a value":    {query: encodedClaim + "&a=x%252Cy", canonical: signed(encodedClaim + "&a=x%2Cy"), field: signature, says: []string{"decoded once more", `"a" are percent-encoded twice`}},
		"signed doubly encoded":         {query: encodedClaim + "&a=x%2Cy", canonical: signed(strings.ReplaceAll(encodedClaim, "%2F", "%252F") + "&a=x%252Cy"), field: signature, says: []string{"percent-encoded twice"}},
		"escaped for HTML":              {query: strings.ReplaceAll(sorted, "&", "&amp;"), canonical: signed(sorted), field: "X-Amz-Credential", says: []string{`"&amp;"`, `it fits the query with "&amp;" written "&"`}},
		"plus for a space":              {query: encodedClaim + "&a=b+c", canonical: signed(encodedClaim + "&a=b+c"), field: signature, says: []string{"a space is %20", `a "+" in it is read`}},
		"plus for a plus":               {query: encodedClaim + "&a=b+c", canonical: signed(encodedClaim + "&a=b%2Bc"), field: signature, says: []string{"%2B"}},
		"raw comma":                     {query: encodedClaim + "&a=NAME,ADDRESS", canonical: signed(encodedClaim + "&a=NAME,ADDRESS"), field: signature, says: []string{"percent-encode", `"a" ("," is %2C)`}},
		"lower-case escapes":            {query: encodedClaim + "&a=x%2cy", canonical: signed(strings.ReplaceAll(encodedClaim, "%2F", "%2f") + "&a=x%2cy"), field: signature, says: []string{"lower-case escapes"}},
		"unsorted":                      {query: encodedClaim + "&b=1&a=2", canonical: signed(encodedClaim + "&b=1&a=2"), field: signature, says: []string{"sort the encoded parameters", "not sent in the order"}},
		"parameter added":               {query: sorted + "&show-speaker-label=true", canonical: signed(sorted), field: signature, says: []string{`without "show-speaker-label"`, "added after signing"}},
		"parameter changed":             {query: encodedClaim + "&sample-rate=8000", canonical: signed(encodedClaim + "&sample-rate=16000"), field: signature, says: []string{"sample-rate=16000", `"8000"`}},
		"lifetime changed":              {query: claimOf("Expires=60", "Expires=300"), canonical: signed(encodedClaim), field: signature, says: []string{"X-Amz-Expires=60"}},
		"token appended":                {query: encodedToken, canonical: signed(encodedClaim), field: signature, says: []string{"X-Amz-Security-Token", "before signing"}},
		"token missing":                 {query: claimOf("AKIDEXAMPLE", "ASIAEXAMPLE"), keys: []sigv4.Key{{AccessKeyID: "ASIAEXAMPLE", Secret: secret, Server: true}}, good: true, says: []string{"X-Amz-Security-Token", "it is missing"}},
		"token of long-lived keys":      {query: encodedToken, good: true, says: []string{"AWS_SESSION_TOKEN"}},
		"payload hash":                  {canonical: right("GET", path, sorted, host, sigv4.UnsignedPayloadHash), field: signature, says: []string{"UNSIGNED-PAYLOAD", "empty body"}},
		"method":                        {canonical: right("POST", path, sorted, host, sigv4.EmptyPayloadHash), field: signature, says: []string{"the method POST"}},
		"path":                          {canonical: right("GET", "/", sorted, host, sigv4.EmptyPayloadHash), field: signature, says: []string{`the path "/"`}},
		"newline after the secret":      {secret: secret + "\n", field: signature, says: []string{"trailing newline"}},
		"signature cut off":             {signature: "4b3a", field: signature, says: []string{"64 lower-case hexadecimal digits", "got 4 characters"}},
		"signature in upper case":       {signature: strings.Repeat("AB", 32), field: signature, says: []string{"lower-case"}},
		"host not signed":               {query: claimOf("SignedHeaders=host", "SignedHeaders=x-a"), field: "X-Amz-SignedHeaders", says: []string{`wanted "host"`}},
		"signed headers unsorted":       {query: claimOf("SignedHeaders=host", "SignedHeaders=x-b%3Bhost"), field: "X-Amz-SignedHeaders", says: []string{"sorted"}},
		"signed header not sent":        {query: claimOf("SignedHeaders=host", "SignedHeaders=host%3Bx-a"), field: "X-Amz-SignedHeaders", says: []string{`"x-a" is not there`}},
		"parameter of another case":     {query: claimOf("X-Amz-Date", "x-amz-date"), field: "X-Amz-Date", says: []string{"the case of parameter names matters"}},
		"parameter twice":               {query: encodedClaim + "&X-Amz-Date=20260102T030405Z", field: "X-Amz-Date", says: []string{"twice"}},
		"two parameters missing":        {query: strings.Replace(claimOf("&X-Amz-Date=20260102T030405Z", ""), "&X-Amz-Expires=60", "", 1), field: "X-Amz-Date", says: []string{"X-Amz-Expires: wanted the parameter"}},
		"broken escape":                 {query: encodedClaim + "&a=100%", field: "a", says: []string{"%XX", "%25"}},
		"no signature":                  {query: "language-code=en-US", unsigned: true, field: "Authorization", says: []string{"wanted a signature"}},
		"two mistakes":                  {query: encodedClaim + "&b=1&a=2", canonical: right("GET", path, encodedClaim+"&b=1&a=2", "localhost:8080", sigv4.EmptyPayloadHash), field: signature, says: []string{"two mistakes explain it", `"localhost:8080"`, "sort"}},
		"expired, and signed otherwise": {now: time.Hour, canonical: at("localhost:8080"), field: "X-Amz-Date", says: []string{"X-Amz-Signature: wanted", `"localhost:8080"`}},
		"something else":                {secret: "whatever", field: signature, says: []string{"no usual mistake", "compare the secret"}},
	}
}

func TestExamine(t *testing.T) {
	for name, m := range mistakes() {
		t.Run(name, func(t *testing.T) {
			if m.query == "" {
				m.query = encodedClaim + "&language-code=en-US"
			}
			if m.received == "" {
				m.received = host
			}
			if m.secret == "" {
				m.secret = secret
			}
			if m.keys == nil {
				m.keys = serverKeys
			}
			if m.canonical == "" {
				m.canonical = right("GET", path, sortedQuery(m.query), m.received, sigv4.EmptyPayloadHash)
			}
			if m.signature == "" {
				m.signature = signText(m.canonical, m.secret)
			}
			if !m.unsigned {
				m.query += "&X-Amz-Signature=" + m.signature
			}
			r := sigv4.Request{Method: "GET", Path: path, RawQuery: m.query, Header: http.Header{}, Hosts: sigv4.HostCandidates(m.received)}
			got := sigv4.Examine(r, m.keys, signingTime.Add(m.now), sigv4.Limits{})
			text := told(t, got)
			if (got.Err == nil) != m.good {
				t.Errorf("verdict %v\n%s", got.Err, text)
			}
			if !m.good && (len(got.Findings) == 0 || !got.Findings[0].Fault || got.Findings[0].Field != m.field) {
				t.Errorf("the first fault is not in %q:\n%s", m.field, text)
			}
			if m.good && len(got.Findings) > 0 && got.Findings[0].Fault {
				t.Errorf("a fault in what is accepted:\n%s", text)
			}
			for _, words := range m.says {
				if !strings.Contains(text, words) {
					t.Errorf("does not say %q:\n%s", words, text)
				}
			}
			agrees(t, r, got, m.keys, signingTime.Add(m.now))
		})
	}
}

// sortedQuery is the canonical form, or what was given where it has none.
func sortedQuery(raw string) string {
	if text, err := sigv4.CanonicalQuery(raw); err == nil {
		return text
	}
	return raw
}

// told returns all that an examination says, and checks that it gives nothing away.
func told(t testing.TB, e *sigv4.Examination) string {
	t.Helper()
	var b strings.Builder
	for _, f := range e.Findings {
		fmt.Fprintf(&b, "%s: %s\n", f.Field, f.Text)
	}
	all := b.String() + fmt.Sprint(e.Canonical, e.StringToSign, e.Claim, e.Err)
	for _, hidden := range []string{secret, otherSecret, "T+x", "T%2Bx"} {
		if strings.Contains(all, hidden) {
			t.Errorf("shows %q:\n%s", hidden, all)
		}
	}
	return b.String()
}

// agrees checks that an examination says what a server does.
func agrees(t testing.TB, r sigv4.Request, e *sigv4.Examination, keys []sigv4.Key, now time.Time) {
	t.Helper()
	claim, err := sigv4.Parse(r.RawQuery, r.Header)
	if err == nil {
		var secrets []string
		for _, k := range keys {
			if k.Server && k.AccessKeyID == claim.AccessKeyID {
				secrets = append(secrets, k.Secret)
			}
		}
		err = sigv4.Verify(claim, r, secrets, now, sigv4.Limits{})
	}
	if sigv4.ReasonOf(err) != sigv4.ReasonOf(e.Err) {
		t.Errorf("a server says %v, the examination %v", err, e.Err)
	}
	faults := 0
	for _, f := range e.Findings {
		if f.Fault {
			faults++
		}
	}
	if (err == nil) != (faults == 0) {
		t.Errorf("a server says %v, and there are %d faults", err, faults)
	}
}

// What Amazon's own signer makes is explained as good, line for line as it signed it.
func TestExamineOracle(t *testing.T) {
	for _, token := range []string{"", "T+x/="} {
		signed := oraclePresign(t, aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: token},
			"wss://"+host+path+"?X-Amz-Expires=60&language-code=en-US&pii-entity-types=NAME%2CADDRESS", region, signingTime)
		got := sigv4.Examine(presigned(t, signed), serverKeys, signingTime, sigv4.Limits{})
		if got.Err != nil || !got.Genuine || got.Host != host {
			t.Errorf("%v, host %q\n%s", got.Err, got.Host, told(t, got))
		}
		if len(got.Canonical) != 7 || got.Canonical[0] != (sigv4.Line{What: "method", Text: "GET"}) || got.Canonical[3].Text != "host:"+host || got.Canonical[6].Text != sigv4.EmptyPayloadHash {
			t.Errorf("canonical request %q", got.Canonical)
		}
		if strings.Contains(fmt.Sprint(got.Canonical), "T%2Bx") {
			t.Errorf("the token shows: %q", got.Canonical)
		}
	}
}

// Neither printing nor marshalling a key shows its secret.
func TestKeyIsSilent(t *testing.T) {
	k := serverKeys[0]
	raw, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q %s", k, k, k, k, k, raw); strings.Contains(text, secret) || !strings.Contains(text, accessKey) {
		t.Error(text)
	}
}

// An examination takes a time that a person does not notice, whatever is sent.
func TestExamineIsBounded(t *testing.T) {
	query := encodedClaim
	for i := range 300 {
		query += fmt.Sprintf("&p%d=%s", i, strings.Repeat("%2C", 20))
	}
	r := sigv4.Request{Method: "GET", Path: path, RawQuery: query + "&X-Amz-Signature=" + strings.Repeat("0", 64), Hosts: []string{host}}
	done := make(chan *sigv4.Examination, 1)
	go func() { done <- sigv4.Examine(r, serverKeys, signingTime, sigv4.Limits{}) }() // owned by the test; ends by itself, or the test fails
	select {
	case got := <-done:
		if sigv4.ReasonOf(got.Err) != sigv4.SignatureMismatch {
			t.Error(got.Err)
		}
	case <-time.After(30 * time.Second):
		t.Error("takes longer than 30 s")
	}
}
