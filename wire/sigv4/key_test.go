package sigv4_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// The key and the signature of the IAM user guide's example, ListUsers on 30 August 2015.
func TestDeriveKeyPublishedExample(t *testing.T) {
	scope := sigv4.Scope{Date: "20150830", Region: "us-east-1", Service: "iam"}
	key := sigv4.DeriveKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope)
	if got, want := hex.EncodeToString(key[:]), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	if got, want := scope.String(), "20150830/us-east-1/iam/aws4_request"; got != want {
		t.Errorf("scope %s, want %s", got, want)
	}
}

func TestDeriveKeyDependsOnEveryPart(t *testing.T) {
	base := sigv4.Scope{Date: "20260102", Region: "us-east-1", Service: "transcribe"}
	seen := map[[sigv4.SignatureSize]byte]string{}
	for name, key := range map[string][sigv4.SignatureSize]byte{
		"base":    sigv4.DeriveKey("s", base),
		"secret":  sigv4.DeriveKey("t", base),
		"date":    sigv4.DeriveKey("s", sigv4.Scope{Date: "20260103", Region: base.Region, Service: base.Service}),
		"region":  sigv4.DeriveKey("s", sigv4.Scope{Date: base.Date, Region: "us-east-2", Service: base.Service}),
		"service": sigv4.DeriveKey("s", sigv4.Scope{Date: base.Date, Region: base.Region, Service: "transcribestreaming"}),
	} {
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s give the same key", name, other)
		}
		seen[key] = name
	}
}

// Whatever holds a secret must not show it, however it is printed.
func TestSecretsAreNotPrinted(t *testing.T) {
	const token = "FwoGZXIvYXdzTOKEN"
	s := newSigner()
	s.Credentials.SessionToken = token
	r := presign(t, s, "language-code=en-US")
	claim, err := sigv4.Parse(r.RawQuery, r.Header)
	if err != nil {
		t.Fatal(err)
	}
	if claim.SecurityToken != token {
		t.Fatalf("token %q, want %q", claim.SecurityToken, token)
	}
	chunks, err := sigv4.NewChunkSigner(s, claim.Signature)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := sigv4.NewChunkVerifier(claim, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	mismatch := sigv4.Verify(claim, r, []string{"another"}, signingTime, sigv4.Limits{})
	chunkMismatch := verifier.Verify(signingTime, nil, make([]byte, sigv4.SignatureSize))
	for name, value := range map[string]any{
		"credentials": s.Credentials, "signer": s, "claim": claim, "pointer to claim": &claim, "chunk signer": chunks,
		"chunk verifier": verifier, "mismatch": mismatch, "request": r, "chunk mismatch": chunkMismatch,
	} {
		texts := []string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		marshalled, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		for _, text := range append(texts, string(marshalled), log.String()) {
			for what, hidden := range map[string]string{"secret": secret, "token": token, "secret in hex": hex.EncodeToString([]byte(secret))} {
				if strings.Contains(text, hidden) {
					t.Errorf("%s shows the %s: %s", name, what, text)
				}
			}
		}
	}
}

// An access key id that is as long as a secret may be one.
func TestLongAccessKeyIsNotShown(t *testing.T) {
	s := newSigner()
	s.Credentials.AccessKeyID = strings.Repeat("wJalrXUt", 5)
	signedURL, _, err := s.Presign("GET", "wss://"+host+path, time.Minute, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	unknown := wantReason(t, verify(presigned(t, signedURL)), sigv4.UnknownKey)
	if strings.Contains(unknown.Error(), s.Credentials.AccessKeyID) || !strings.Contains(unknown.Error(), "may be a secret") {
		t.Errorf("text: %v", unknown)
	}
	if text := fmt.Sprint(s.Credentials); strings.Contains(text, s.Credentials.AccessKeyID) {
		t.Errorf("credentials: %s", text)
	}
}
