package sigv4_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// vectorQuery is the query of the presigned vector, once as a client may send it and in another order.
const vectorQuery = "sample-rate=16000&language-code=en-US&media-encoding=pcm&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887&pii-entity-types=NAME,ADDRESS"

const vectorSignature = "004b509c5a1c4430af33b292be96dbcb8aee54fa09c18ae183c87fea12e3748b"

func TestPresignVector(t *testing.T) {
	signedURL, signature, err := newSigner().Presign("GET", "wss://"+host+path+"?"+vectorQuery, time.Minute, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	if signature != vectorSignature {
		t.Errorf("signature %s, want %s", signature, vectorSignature)
	}
	want := "wss://localhost:8443/stream-transcription-websocket?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request&X-Amz-Date=20260102T030405Z" +
		"&X-Amz-Expires=60&X-Amz-SignedHeaders=host&language-code=en-US&media-encoding=pcm" +
		"&pii-entity-types=NAME%2CADDRESS&sample-rate=16000&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887" +
		"&X-Amz-Signature=" + vectorSignature
	if signedURL != want {
		t.Errorf("URL\n%s, want\n%s", signedURL, want)
	}
}

// The server accepts the vector in any order and encoding that means the same.
func TestVerifyPresignVector(t *testing.T) {
	signature := "&X-Amz-Signature=" + vectorSignature
	credential := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&"
	for name, query := range map[string]string{
		"comma raw":            credential + vectorQuery + signature,
		"comma encoded":        credential + strings.Replace(vectorQuery, ",", "%2C", 1) + signature,
		"lower-case escape":    credential + strings.Replace(vectorQuery, ",", "%2c", 1) + signature,
		"needless escape":      credential + strings.Replace(vectorQuery, "pcm", "%70cm", 1) + signature,
		"slashes raw":          strings.ReplaceAll(credential, "%2F", "/") + vectorQuery + signature,
		"signature first":      signature[1:] + "&" + credential + vectorQuery,
		"empty parameters":     "&&" + credential + "&" + vectorQuery + signature + "&",
		"signature in between": strings.Replace(credential, "X-Amz-Date", signature[1:]+"&X-Amz-Date", 1) + vectorQuery,
	} {
		r := sigv4.Request{Method: "GET", Path: path, RawQuery: query, Header: http.Header{}, Hosts: []string{host}}
		if err := verify(r, secret); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The example of the IAM user guide: another service, and a query in front of signed headers.
func TestSignHeadersPublishedExample(t *testing.T) {
	s := newSigner()
	s.Service = "iam"
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}, "User-Agent": {"not signed"}}
	signature, err := s.SignHeaders("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", h, "", at)
	if err != nil {
		t.Fatal(err)
	}
	if want := "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"; signature != want {
		t.Errorf("signature %s, want %s", signature, want)
	}
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=" + signature
	if got := h.Get("Authorization"); got != want {
		t.Errorf("Authorization\n%s, want\n%s", got, want)
	}
	claim, err := sigv4.Parse("Action=ListUsers&Version=2010-05-08", h)
	if err != nil {
		t.Fatal(err)
	}
	r := sigv4.Request{Method: "GET", Path: "/", RawQuery: "Action=ListUsers&Version=2010-05-08", Header: h, Hosts: []string{"iam.amazonaws.com"}}
	if err := sigv4.Verify(claim, r, []string{secret}, at, sigv4.Limits{Service: "iam"}); err != nil {
		t.Error(err)
	}
	canonical, toSign, err := sigv4.Explain(claim, r)
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET\n/\nAction=ListUsers&Version=2010-05-08\ncontent-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n" + sigv4.EmptyPayloadHash; canonical != want {
		t.Errorf("canonical request\n%s, want\n%s", canonical, want)
	}
	if want := "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"; toSign != want {
		t.Errorf("string to sign\n%s, want\n%s", toSign, want)
	}
}

// Requests recorded from SDKs; of their signatures only the beginning was kept.
func TestRecordedSDKRequests(t *testing.T) {
	streaming := func(extra http.Header) http.Header {
		h := http.Header{
			"Content-Type":                     {"application/vnd.amazon.eventstream"},
			"X-Amz-Content-Sha256":             {sigv4.StreamingPayloadHash},
			"X-Amzn-Transcribe-Language-Code":  {"en-US"},
			"X-Amzn-Transcribe-Media-Encoding": {"pcm"},
			"X-Amzn-Transcribe-Sample-Rate":    {"16000"},
		}
		for name, values := range extra {
			h[name] = values
		}
		return h
	}
	s := newSigner()
	s.Credentials.SessionToken = "FAKETOKEN"

	t.Run("Go SDK v2 over HTTP/2", func(t *testing.T) {
		h := streaming(http.Header{"Amz-Sdk-Invocation-Id": {"bd71bcea-f437-41d5-ab0d-627962265c13"}, "Amz-Sdk-Request": {"attempt=1; max=1"}, "Accept-Encoding": {"gzip"}})
		h.Del("Accept-Encoding") // added by the transport, after signing
		signature, err := s.SignHeaders("POST", "https://localhost:8443/stream-transcription", h, "", time.Date(2026, 11, 20, 15, 4, 31, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if want := "c0b64eff"; !strings.HasPrefix(signature, want) {
			t.Errorf("signature %s, want %s…", signature, want)
		}
	})
	t.Run("JavaScript SDK over WebSocket", func(t *testing.T) {
		_, signature, err := s.Presign("GET", "wss://localhost:8443"+path+"?language-code=en-US&media-encoding=pcm&sample-rate=16000&session-id=206698f6-ae70-442d-a20f-b29f2f034822&x-amz-user-agent=aws-sdk-js%2F3.1140.0",
			time.Minute, time.Date(2026, 11, 20, 15, 7, 47, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if want := "2ea8aecf"; !strings.HasPrefix(signature, want) {
			t.Errorf("signature %s, want %s…", signature, want)
		}
	})
}

// publishedChunks is the AWS stream signer's own test: what it signs are no real headers.
var publishedChunks = []struct {
	seconds          int64
	headers, payload string
	signature        string
}{
	{10, "foo", "foo", "e3a136405ec1152f62136742efd41f8639cd647a1cf21fab12aedb22cccd8999"},
	{20, "bar", "bar", "92a6ad677e839d3003672cb2cefc71ef80d42e8cb300fefce0807e8398c74068"},
	{30, "baz", "baz", "46d6660bd40f2ff5d6246a347895cabe7f4e89d9e1f4c6dad6dabdc801923be1"},
	{30, "", "", "492bcb3e21de447c85f8a9bef6c0eb833e992e405b9b3584be84edaccc5aad18"},
}

func TestSignChunkPublishedVectors(t *testing.T) {
	prior := []byte("foobarbazqux")
	scope := sigv4.Scope{Region: "us-east-1", Service: "transcribestreaming"}
	for i, c := range publishedChunks {
		got := sigv4.SignChunk("SECRET", scope, time.Unix(c.seconds, 0), prior, []byte(c.headers), []byte(c.payload))
		if hex.EncodeToString(got[:]) != c.signature {
			t.Errorf("chunk %d: %x, want %s", i, got, c.signature)
		}
		prior = got[:]
	}
}

// A stream worked out in full: a whole audio event and the frame that ends the stream.
func TestChunkVector(t *testing.T) {
	date := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	seed := strings.Repeat("1", 64)
	inner := mustHex(t, "0000007000000058f940e6600d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479706507000a417564696f4576656e740d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0001020304050607273cfb44")
	if got, want := hex.EncodeToString(sigv4.AppendDateHeader(nil, date)), "053a64617465080000019b7ca98f2e"; got != want {
		t.Errorf("date header %s, want %s", got, want)
	}
	signer, err := sigv4.NewChunkSigner(newSigner(), seed)
	if err != nil {
		t.Fatal(err)
	}
	claim := sigv4.Claim{AccessKeyID: accessKey, Scope: sigv4.Scope{Region: region, Service: "transcribe"}, Signature: seed}
	verifier, err := sigv4.NewChunkVerifier(claim, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, signature string
		payload         []byte
	}{
		{"audio", "cb6b9ae2a5a81d839f36c2370da4085b46adfe3a1a53dbff913a5620b85b0320", inner},
		{"end", "acc095ea6d3badcf8843b5bdb5380fe36b917173408b81f8d3fc8dbbe63b41fa", nil},
	} {
		got := signer.Sign(date, c.payload)
		if hex.EncodeToString(got[:]) != c.signature {
			t.Errorf("%s: signature %x, want %s", c.name, got, c.signature)
		}
		if err := verifier.Verify(date, c.payload, mustHex(t, c.signature)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
