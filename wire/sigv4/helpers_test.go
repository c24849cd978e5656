package sigv4_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// The example credentials of the public documentation. They open nothing.
const (
	accessKey = "AKIDEXAMPLE"
	secret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
	path      = "/stream-transcription-websocket"
	host      = "localhost:8443"
)

// signingTime is the moment of the presigned vector.
var signingTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newSigner() sigv4.Signer {
	return sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: accessKey, Secret: secret}, Region: region}
}

// presigned is a URL taken apart the way a server sees it.
func presigned(t testing.TB, signedURL string) sigv4.Request {
	t.Helper()
	u, err := url.Parse(signedURL)
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Request{Method: "GET", Path: u.EscapedPath(), RawQuery: u.RawQuery, Header: http.Header{}, Hosts: sigv4.HostCandidates(u.Host)}
}

// presign signs the ordinary request of these tests.
func presign(t testing.TB, s sigv4.Signer, query string) sigv4.Request {
	t.Helper()
	signedURL, _, err := s.Presign("GET", "wss://"+host+path+"?"+query, time.Minute, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	return presigned(t, signedURL)
}

// verify parses and verifies at signingTime, as a server does.
func verify(r sigv4.Request, secrets ...string) error {
	claim, err := sigv4.Parse(r.RawQuery, r.Header)
	if err != nil {
		return err
	}
	return sigv4.Verify(claim, r, secrets, signingTime, sigv4.Limits{})
}

// wantReason checks the kind of an error, and that its text and field are of use and safe to show.
func wantReason(t testing.TB, err error, want sigv4.Reason) *sigv4.Error {
	t.Helper()
	if got := sigv4.ReasonOf(err); got != want {
		t.Fatalf("reason %q, want %q; error: %v", got, want, err)
	}
	e, ok := errors.AsType[*sigv4.Error](err)
	if !ok {
		t.Fatalf("error is a %T", err)
	}
	if e.Field == "" || !strings.HasPrefix(err.Error(), "sigv4: ") || !strings.Contains(e.Detail, "wanted") {
		t.Errorf("text does not name the field and what was wanted: %v", err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("text holds the secret: %v", err)
	}
	return e
}

// oraclePresign is the AWS signer.
func oraclePresign(t testing.TB, c aws.Credentials, rawURL, region string, at time.Time) string {
	t.Helper()
	r, err := http.NewRequest("GET", rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, _, err := awsv4.NewSigner().PresignHTTP(context.Background(), c, r, sigv4.EmptyPayloadHash, "transcribe", region, at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// oracleSign is the AWS signer for headers; it returns the request it signed.
func oracleSign(t testing.TB, c aws.Credentials, method, rawURL string, h http.Header, payloadHash, region string, at time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = h.Clone()
	if err := awsv4.NewSigner().SignHTTP(context.Background(), c, r, payloadHash, "transcribe", region, at); err != nil {
		t.Fatal(err)
	}
	return r
}
