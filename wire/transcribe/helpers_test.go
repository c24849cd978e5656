package transcribe_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// The example credentials of the public documentation. They open nothing.
const (
	accessKey = "AKIDEXAMPLE"
	secret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
)

// signingTime is the :date of the worked vector.
var signingTime = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// seed is the signature that the worked vector goes on from.
var seed = strings.Repeat("1", 64)

var session = uuid.MustParse("b4526fcf-5eee-4361-8192-d1cb9e9d6887")

func unhex(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(strings.Join(parts, "")), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newSealer(t testing.TB) *transcribe.Sealer {
	t.Helper()
	s := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: accessKey, Secret: secret}, Region: region}
	chunks, err := sigv4.NewChunkSigner(s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return &transcribe.Sealer{Signer: chunks}
}

func newVerifier(t testing.TB, secrets ...string) *sigv4.ChunkVerifier {
	t.Helper()
	claim := sigv4.Claim{Form: sigv4.Presigned, AccessKeyID: accessKey, Signature: seed, Time: signingTime,
		Scope: sigv4.Scope{Date: "20260102", Region: region, Service: sigv4.DefaultService}}
	v, err := sigv4.NewChunkVerifier(claim, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// message encodes a message with string headers, given as name, value, name, value.
func message(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers = append(m.Headers, eventstream.Header{Name: headers[i], Value: eventstream.String(headers[i+1])})
	}
	b, err := eventstream.Append(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// asError wants an *stt.Error that has a text and does not show the secret.
func asError(t testing.TB, err error) *stt.Error {
	t.Helper()
	var e *stt.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *stt.Error", err, err)
	}
	if e.Msg == "" || strings.Contains(err.Error(), secret) {
		t.Errorf("error has no message or shows a secret: %v", err)
	}
	return e
}

func wantCode(t testing.TB, err error, code stt.Code, text string) {
	t.Helper()
	if e := asError(t, err); e.Code != code || !strings.Contains(e.Msg, text) {
		t.Errorf("error %v %q; want %v with %q in it", e.Code, e.Msg, code, text)
	}
}

func ms(n int) stt.Time { return time.Duration(n) * time.Millisecond }

func span(from, to int) stt.Span { return stt.SpanOf(ms(from), ms(to)) }

// word is a word with times in milliseconds.
func word(text string, from, to int) stt.Word { return stt.Word{Text: text, Span: span(from, to)} }

// sure is a word of a final, with its confidence.
func sure(text string, from, to int, confidence float64) stt.Word {
	w := word(text, from, to)
	w.Confidence = stt.ConfidenceOf(confidence)
	return w
}

// mark is a punctuation mark behind a word that ended at a time.
func mark(text string, at int) stt.Word {
	return stt.Word{Text: text, Span: span(at, at), Kind: stt.Punctuation, Glue: true}
}

func alternative(words ...stt.Word) []stt.Alternative {
	return []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}
}

func event(s stt.Segment) stt.Event {
	return stt.Event{Kind: stt.EventSegment, Channel: s.Channel, Segment: &s}
}

// resultID is the id that a segment's has on the wire.
func resultID(id string) string { return uuid.NewSHA1(session, []byte(id)).String() }
