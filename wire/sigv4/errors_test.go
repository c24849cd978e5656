package sigv4_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

func TestMismatchCarriesWhatTheServerSigned(t *testing.T) {
	s := newSigner()
	s.Credentials.SessionToken = "a/b+SESSION=="
	r := presign(t, s, vectorQuery)
	e := wantReason(t, verify(r, "wrong"), sigv4.SignatureMismatch)
	claim, err := sigv4.ParsePresigned(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	canonical, toSign, err := sigv4.Explain(claim, r)
	if err != nil {
		t.Fatal(err)
	}
	if e.FullCanonicalRequest() != canonical || e.StringToSign() != toSign {
		t.Errorf("error and Explain disagree:\n%s\n%s", e.FullCanonicalRequest(), canonical)
	}
	if !strings.Contains(canonical, "X-Amz-Security-Token=a%2Fb%2BSESSION%3D%3D&") {
		t.Errorf("the token is not in the canonical request:\n%s", canonical)
	}
	if want := strings.Replace(canonical, "a%2Fb%2BSESSION%3D%3D", "(session-token-withheld)", 1); e.CanonicalRequest() != want {
		t.Errorf("canonical request for the log\n%s, want\n%s", e.CanonicalRequest(), want)
	}
	message := e.ServiceMessage()
	for _, part := range []string{
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n",
		"The Canonical String for this request should have been\n'GET\n/stream-transcription-websocket\n", "\nhost\n" + sigv4.EmptyPayloadHash + "'\n",
		"The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260102T030405Z\n", "\n\n" + e.Hint,
	} {
		if !strings.Contains(message, part) {
			t.Errorf("message without %q:\n%s", part, message)
		}
	}
	for _, text := range []string{message, e.Error(), e.CanonicalRequest()} {
		if strings.Contains(text, "SESSION") || strings.Contains(text, claim.Signature) {
			t.Errorf("shows the token or the signature: %s", text)
		}
	}
}

// The same for a token in a header.
func TestMismatchWithholdsTokenHeader(t *testing.T) {
	s := newSigner()
	s.Credentials.SessionToken = "SESSION  TOKEN"
	h := http.Header{}
	if _, err := s.SignHeaders("POST", "https://"+host+path, h, "", signingTime); err != nil {
		t.Fatal(err)
	}
	e := wantReason(t, verify(sigv4.Request{Method: "POST", Path: path, Header: h, Hosts: []string{host}}, "wrong"), sigv4.SignatureMismatch)
	if !strings.Contains(e.FullCanonicalRequest(), "x-amz-security-token:SESSION TOKEN\n") || !strings.Contains(e.CanonicalRequest(), "x-amz-security-token:(session-token-withheld)\n") {
		t.Errorf("canonical requests\n%s\n%s", e.FullCanonicalRequest(), e.CanonicalRequest())
	}
}

func TestErrorTexts(t *testing.T) {
	r := presign(t, newSigner(), "")
	claim, err := sigv4.ParsePresigned(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	claim.Form, claim.Expires = sigv4.Header, 0 // as the recorded message: five minutes
	late := sigv4.Verify(claim, r, nil, signingTime.Add(5*time.Minute+time.Millisecond), sigv4.Limits{})
	if got, want := wantReason(t, late, sigv4.Expired).ServiceMessage(), "Signature expired: 20260102T030405Z is now earlier than 20260102T030405Z (20260102T030905Z - 5 min.)"; !strings.HasPrefix(got, want) {
		t.Errorf("message %q, want %q", got, want)
	}
	early := sigv4.Verify(claim, r, nil, signingTime.Add(-time.Hour), sigv4.Limits{})
	if got, want := wantReason(t, early, sigv4.NotYetValid).ServiceMessage(), "Signature not yet current: 20260102T030405Z is still later than 20260102T020905Z (20260102T020405Z + 5 min.)"; !strings.HasPrefix(got, want) {
		t.Errorf("message %q, want %q", got, want)
	}
	odd := sigv4.Verify(claim, r, nil, signingTime.Add(time.Hour), sigv4.Limits{MaxAge: 90 * time.Second})
	if got, want := wantReason(t, odd, sigv4.Expired).ServiceMessage(), "- 90 sec.)"; !strings.Contains(got, want) {
		t.Errorf("message %q, want %q in it", got, want)
	}
	_, malformed := sigv4.ParsePresigned(damaged("X-Amz-Date", "1", false))
	if got, want := wantReason(t, malformed, sigv4.Malformed).ServiceMessage(), "X-Amz-Date: wanted UTC"; !strings.HasPrefix(got, want) {
		t.Errorf("message %q, want %q", got, want)
	}
	if got := (&sigv4.Error{Detail: "alone"}).ServiceMessage(); got != "alone" {
		t.Errorf("message %q", got)
	}
}

func TestReasonOf(t *testing.T) {
	wrapped := errors.Join(errors.New("other"), &sigv4.Error{Reason: sigv4.Expired})
	if got := sigv4.ReasonOf(wrapped); got != sigv4.Expired {
		t.Errorf("wrapped: %v", got)
	}
	if sigv4.ReasonOf(nil) != sigv4.None || sigv4.ReasonOf(errors.New("other")) != sigv4.None {
		t.Error("no reason is not None")
	}
	seen := map[string]bool{}
	for reason := sigv4.None; reason <= sigv4.SignatureMismatch; reason++ {
		if name := reason.String(); name == "" || seen[name] || strings.Contains(name, "reason") {
			t.Errorf("reason %d is called %q", int(reason), name)
		} else {
			seen[name] = true
		}
	}
	if got := (sigv4.SignatureMismatch + 1).String(); got != "reason 13" {
		t.Errorf("unknown reason: %q", got)
	}
	if sigv4.Presigned.String() != "presigned URL" || sigv4.Header.String() != "authorization header" || sigv4.Form(9).String() != "form 9" {
		t.Error("names of the forms")
	}
}
