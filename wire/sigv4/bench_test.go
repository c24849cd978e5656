package sigv4_test

import (
	"testing"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

func BenchmarkVerifyPresigned(b *testing.B) {
	r := presign(b, newSigner(), vectorQuery)
	b.ReportAllocs()
	for b.Loop() {
		if err := verify(r, secret); err != nil {
			b.Fatal(err)
		}
	}
}

// The dearest request: a signature that fits nothing, with all mistakes tried.
func BenchmarkVerifyMismatch(b *testing.B) {
	r := presign(b, newSigner(), vectorQuery)
	b.ReportAllocs()
	for b.Loop() {
		if verify(r, "wrong") == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkPresign(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		presign(b, newSigner(), vectorQuery)
	}
}

// One chunk of 100 ms of audio at 16 kHz, as the SDKs encode it.
const chunkSize = 3304

func BenchmarkChunkSign(b *testing.B) {
	signer, _ := newChunkPair(b, secret)
	payload := make([]byte, chunkSize)
	b.SetBytes(chunkSize)
	b.ReportAllocs()
	for b.Loop() {
		signer.Sign(signingTime, payload)
	}
}

func BenchmarkChunkSignAndVerify(b *testing.B) {
	signer, verifier := newChunkPair(b, secret)
	payload := make([]byte, chunkSize)
	b.SetBytes(chunkSize)
	b.ReportAllocs()
	for b.Loop() {
		signature := signer.Sign(signingTime, payload)
		if err := verifier.Verify(signingTime, payload, signature[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	scope := sigv4.Scope{Date: "20260102", Region: region, Service: "transcribe"}
	b.ReportAllocs()
	for b.Loop() {
		sigv4.DeriveKey(secret, scope)
	}
}
