package sigv4_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// A client presigns a URL; the server it connects to verifies it.
func Example() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", Secret: "a secret"}, Region: "us-east-1"}
	signedURL, _, err := signer.Presign("GET", "wss://localhost:8443/stream-transcription-websocket?language-code=en-US", time.Minute, now)
	if err != nil {
		fmt.Println(err)
		return
	}

	u, err := url.Parse(signedURL) // in a server: http.Request.URL and Host
	if err != nil {
		fmt.Println(err)
		return
	}
	claim, err := sigv4.Parse(u.RawQuery, http.Header{})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := sigv4.Request{Method: "GET", Path: u.EscapedPath(), RawQuery: u.RawQuery, Hosts: sigv4.HostCandidates(u.Host)}
	secrets := map[string][]string{"AKIDEXAMPLE": {"a secret"}}
	fmt.Println(claim)
	fmt.Println(sigv4.Verify(claim, request, secrets[claim.AccessKeyID], now.Add(10*time.Second), sigv4.Limits{}))
	fmt.Println(sigv4.Verify(claim, request, secrets[claim.AccessKeyID], now.Add(90*time.Second), sigv4.Limits{}))
	// Output:
	// presigned URL of "AKIDEXAMPLE", scope 20260102/us-east-1/transcribe/aws4_request, signed 20260102T030405Z
	// <nil>
	// sigv4: "X-Amz-Date": wanted a time at most 60 seconds old, as X-Amz-Expires says; got 20260102T030405Z, which is 1m30s before this server's clock, 20260102T030535Z; sign right before connecting, and compare the two clocks
}

// The classic mistake: the client signed the host without its port, or with another one, and the server says so.
func ExampleVerify_wrongHost() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", Secret: "a secret"}, Region: "us-east-1"}
	signedURL, _, err := signer.Presign("GET", "wss://transcribestreaming.us-east-1.amazonaws.com:8443/stream-transcription-websocket", time.Minute, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse(signedURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	claim, err := sigv4.ParsePresigned(u.RawQuery)
	if err != nil {
		fmt.Println(err)
		return
	}
	request := sigv4.Request{Method: "GET", Path: u.EscapedPath(), RawQuery: u.RawQuery, Hosts: sigv4.HostCandidates("localhost:8443")}
	err = sigv4.Verify(claim, request, []string{"a secret"}, now, sigv4.Limits{})
	fmt.Println(sigv4.ReasonOf(err))
	fmt.Println(err)
	// Output:
	// signature mismatch
	// sigv4: "X-Amz-Signature": wanted a signature over this request with the secret of "AKIDEXAMPLE", for the host "localhost:8443" or "localhost"; got one that fits none; it fits the host "transcribestreaming.us-east-1.amazonaws.com:8443": the client signed that host line and sent another host; give the client this server's URL, port included, before it signs, or make "transcribestreaming.us-east-1.amazonaws.com:8443" one of the hosts this server accepts signatures for
}

// Each chunk of a signed event stream carries a signature over the one before.
func ExampleNewChunkVerifier() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", Secret: "a secret"}, Region: "us-east-1"}
	header := http.Header{"X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash}}
	seed, err := signer.SignHeaders("POST", "https://localhost:8443/stream-transcription", header, "", now)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := sigv4.NewChunkSigner(signer, seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	claim, err := sigv4.ParseAuthorization(header)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := sigv4.NewChunkVerifier(claim, []string{"a secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, inner := range []string{"an encoded message", ""} { // the empty one ends the stream
		signature := client.Sign(now, []byte(inner))
		fmt.Println(server.Verify(now, []byte(inner), signature[:]))
	}
	// Output:
	// <nil>
	// <nil>
}
