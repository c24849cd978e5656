package sigv4_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// Requests signed in their headers, as SDKs send them over HTTP/2.
func TestExamineHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *sigv4.Request)
		good   bool
		field  string
		says   []string
	}{
		"none":                 {good: true},
		"content type changed": {change: func(r *sigv4.Request) { r.Header.Set("Content-Type", "application/octet-stream") }, field: "Authorization: Signature", says: []string{`"content-type"`, "application/vnd.amazon.eventstream", "changed"}},
		"header removed":       {change: func(r *sigv4.Request) { r.Header.Del("Content-Type") }, field: "Authorization: SignedHeaders", says: []string{`"content-type" is not there`, "proxy"}},
		"authority of a proxy": {change: func(r *sigv4.Request) { r.Hosts = []string{"inner:1"} }, field: "Authorization: Signature", says: []string{`"localhost:8443"`}},
		"expired":              {change: func(r *sigv4.Request) { r.Header.Set("X-Amz-Date", "20260102T020405Z") }, field: "X-Amz-Date", says: []string{"5m0s old", "Authorization: Signature: wanted"}},
		"no date":              {change: func(r *sigv4.Request) { r.Header.Del("X-Amz-Date") }, field: "X-Amz-Date", says: []string{"it is not there"}},
		"scope":                {change: func(r *sigv4.Request) { replace(r, "/us-east-1/", "/eu-central-1/") }, field: "Authorization: Signature", says: []string{`the region "us-east-1"`, "another than the one that was signed"}},
		"bearer":               {change: func(r *sigv4.Request) { r.Header.Set("Authorization", "Bearer "+otherSecret) }, field: "Authorization", says: []string{"another scheme"}},
		"path of WebSocket":    {change: func(r *sigv4.Request) { r.Path += "-websocket" }, field: "Authorization: Signature", says: []string{`the path "/stream-transcription"`, "HTTP/2"}},
		"token added":          {change: func(r *sigv4.Request) { r.Header.Set("X-Amz-Security-Token", "T+x") }, good: true, says: []string{"added after signing"}},
		"connection signed too": {change: func(r *sigv4.Request) {
			replace(r, "content-type;", "connection;content-type;")
			r.Header.Set("Connection", "close")
		}, field: "Authorization: Signature", says: []string{`without the header "connection"`, "leave them out"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash}}
			signed := oracleSign(t, aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, "POST", "https://"+host+"/stream-transcription", h, sigv4.StreamingPayloadHash, region, signingTime)
			r := sigv4.Request{Method: "POST", Path: "/stream-transcription", Header: signed.Header, Hosts: []string{host}}
			if c.change != nil {
				c.change(&r)
			}
			got := sigv4.Examine(r, serverKeys, signingTime, sigv4.Limits{})
			text := told(t, got)
			if (got.Err == nil) != c.good || !c.good && (len(got.Findings) == 0 || got.Findings[0].Field != c.field) {
				t.Errorf("%v; want a fault in %q:\n%s", got.Err, c.field, text)
			}
			for _, words := range c.says {
				if !strings.Contains(text, words) {
					t.Errorf("does not say %q:\n%s", words, text)
				}
			}
			agrees(t, r, got, serverKeys, signingTime)
		})
	}
}

// curl --aws-sigv4 signs the hash of the body, and says so or not.
func TestExamineHashOfTheBody(t *testing.T) {
	const body = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	for _, said := range []bool{true, false} {
		h := http.Header{}
		if said {
			h.Set("X-Amz-Content-Sha256", body)
		}
		signed := oracleSign(t, aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, "POST", "https://"+host+"/stream-transcription", h, body, region, signingTime)
		r := sigv4.Request{Method: "POST", Path: "/stream-transcription", Header: signed.Header, Hosts: []string{host}}
		got := sigv4.Examine(r, serverKeys, signingTime, sigv4.Limits{})
		if text := told(t, got); (got.Err == nil) != said || !strings.Contains(text, "x-amz-content-sha256 must be STREAMING-AWS4-HMAC-SHA256-EVENTS") {
			t.Errorf("said %v: %v\n%s", said, got.Err, text)
		}
		agrees(t, r, got, serverKeys, signingTime)
		if e, ok := errors.AsType[*sigv4.Error](verify(r, secret)); ok == said || ok && !strings.Contains(e.Hint, "x-amz-content-sha256 must be STREAMING-AWS4-HMAC-SHA256-EVENTS") {
			t.Errorf("said %v: a server hints %v", said, e)
		}
	}
}

func replace(r *sigv4.Request, from, to string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
}
