package sigv4_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// newChunkPair returns both ends of one stream.
func newChunkPair(t testing.TB, secrets ...string) (*sigv4.ChunkSigner, *sigv4.ChunkVerifier) {
	t.Helper()
	r := presign(t, newSigner(), "")
	claim, err := sigv4.ParsePresigned(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sigv4.NewChunkSigner(newSigner(), claim.Signature)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := sigv4.NewChunkVerifier(claim, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

// midnight is where the scope of a stream changes.
var midnight = time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)

// Both ends, and the AWS stream signer, agree over random streams whose dates cross midnight back and forth.
func TestChunksAgainstAWSSigner(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			signer, verifier := newChunkPair(t, "another", secret)
			r := presign(t, newSigner(), "")
			claim, err := sigv4.ParsePresigned(r.RawQuery)
			if err != nil {
				t.Fatal(err)
			}
			oracle := awsv4.NewStreamSigner(aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, "transcribe", region, mustHex(t, claim.Signature))
			prior := mustHex(t, claim.Signature)
			date := midnight.Add(-2 * time.Second)
			for i := range 40 {
				payload := make([]byte, rnd.IntN(400))
				for j := range payload {
					payload[j] = byte(rnd.Uint32())
				}
				got := signer.Sign(date, payload)
				headers := sigv4.AppendDateHeader(nil, date)
				want, err := oracle.GetSignature(context.Background(), headers, payload, date)
				if err != nil {
					t.Fatal(err)
				}
				if string(got[:]) != string(want) {
					t.Fatalf("chunk %d of %v: %x, AWS signer %x", i, date, got, want)
				}
				if single := sigv4.SignChunk(secret, claim.Scope, date, prior, headers, payload); single != got {
					t.Fatalf("chunk %d: SignChunk gives %x, want %x", i, single, got)
				}
				if err := verifier.Verify(date, payload, got[:]); err != nil {
					t.Fatalf("chunk %d of %v: %v", i, date, err)
				}
				prior = got[:]
				date = date.Add(time.Duration(rnd.IntN(1400)-600) * time.Millisecond)
			}
		})
	}
}

// Dates as clients send them: in another zone, to the whole second, before 1970, a year ahead, going backwards.
func TestChunkDates(t *testing.T) {
	signer, verifier := newChunkPair(t, secret)
	berlin := time.FixedZone("CET", 3600)
	for _, date := range []time.Time{
		signingTime, signingTime.Add(-940 * time.Millisecond), signingTime.Truncate(time.Second), midnight.Add(-time.Millisecond), midnight,
		midnight.Add(-time.Nanosecond), midnight.In(berlin), midnight.Add(400 * 24 * time.Hour), midnight.Add(-time.Millisecond),
		time.UnixMilli(0), time.UnixMilli(-1), time.UnixMilli(-86_400_000), time.UnixMilli(-86_400_001), {},
	} {
		signature := signer.Sign(date, []byte("x"))
		// The verifier has what the header can hold: milliseconds.
		if err := verifier.Verify(time.UnixMilli(date.UnixMilli()), []byte("x"), signature[:]); err != nil {
			t.Errorf("%v: %v", date, err)
		}
	}
}

func TestChunkVerifierRefuses(t *testing.T) {
	signer, verifier := newChunkPair(t, secret)
	payload := []byte("a message of some length")
	for i := range 3 {
		date := signingTime.Add(time.Duration(i) * time.Second)
		signature := signer.Sign(date, payload)
		for bit := range len(payload) * 8 {
			damaged := []byte(string(payload))
			damaged[bit/8] ^= 1 << (bit % 8)
			wantReason(t, verifier.Verify(date, damaged, signature[:]), sigv4.SignatureMismatch)
		}
		for bit := range len(signature) * 8 {
			damaged := signature
			damaged[bit/8] ^= 1 << (bit % 8)
			wantReason(t, verifier.Verify(date, payload, damaged[:]), sigv4.SignatureMismatch)
		}
		wantReason(t, verifier.Verify(date.Add(time.Millisecond), payload, signature[:]), sigv4.SignatureMismatch)
		wantReason(t, verifier.Verify(date.Add(24*time.Hour), payload, signature[:]), sigv4.SignatureMismatch)
		wantReason(t, verifier.Verify(date, nil, signature[:]), sigv4.SignatureMismatch)
		wantReason(t, verifier.Verify(date, payload, signature[:31]), sigv4.Malformed)
		wantReason(t, verifier.Verify(date, payload, nil), sigv4.Malformed)
		wantReason(t, verifier.Verify(date, payload, []byte(hex.EncodeToString(signature[:]))), sigv4.Malformed)
		// None of that has moved the chain.
		if err := verifier.Verify(date, payload, signature[:]); err != nil {
			t.Fatalf("chunk %d: %v", i, err)
		}
		// And the same chunk again is not the next one.
		wantReason(t, verifier.Verify(date, payload, signature[:]), sigv4.SignatureMismatch)
	}
	skipped := signer.Sign(signingTime, payload)
	next := signer.Sign(signingTime, payload)
	wantReason(t, verifier.Verify(signingTime, payload, next[:]), sigv4.SignatureMismatch)
	if err := verifier.Verify(signingTime, payload, skipped[:]); err != nil {
		t.Error(err)
	}
	for _, ms := range []int64{1 << 62, -1 << 62, signingTime.UnixNano(), signingTime.UnixMicro()} {
		if e := wantReason(t, verifier.Verify(time.UnixMilli(ms), payload, next[:]), sigv4.Malformed); e.Field != ":date" {
			t.Errorf("%d: %v", ms, e)
		}
	}
}

// Clients change to fresh credentials between two chunks; the server may learn of them in mid-stream.
func TestChunkRotation(t *testing.T) {
	_, verifier := newChunkPair(t, "one", "two")
	prior := mustHex(t, claimSignature(t))
	scope := sigv4.Scope{Region: region, Service: "transcribe"}
	step := func(i int, key string) error {
		date := signingTime.Add(time.Duration(i) * time.Second)
		signature := sigv4.SignChunk(key, scope, date, prior, sigv4.AppendDateHeader(nil, date), []byte{byte(i)})
		err := verifier.Verify(date, []byte{byte(i)}, signature[:])
		if err == nil {
			prior = signature[:]
		}
		return err
	}
	for i, key := range []string{"one", "two", "two", "one", "two"} {
		if err := step(i, key); err != nil {
			t.Fatalf("chunk %d with %q: %v", i, key, err)
		}
	}
	wantReason(t, step(5, "three"), sigv4.SignatureMismatch)
	if err := verifier.SetSecrets([]string{"two", "", "three"}); err != nil {
		t.Fatal(err)
	}
	if err := step(5, "three"); err != nil {
		t.Errorf("after rotation: %v", err)
	}
	wantReason(t, step(6, "one"), sigv4.SignatureMismatch)
	wantReason(t, step(6, ""), sigv4.SignatureMismatch)
	for _, none := range [][]string{nil, {""}} {
		if got := sigv4.ReasonOf(verifier.SetSecrets(none)); got != sigv4.UnknownKey {
			t.Errorf("%q: %v", none, got)
		}
	}
	if err := step(6, "two"); err != nil {
		t.Errorf("old secrets gone after a refused rotation: %v", err)
	}
}

// claimSignature is the seed that newChunkPair uses.
func claimSignature(t *testing.T) string {
	t.Helper()
	claim, err := sigv4.ParsePresigned(presign(t, newSigner(), "").RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return claim.Signature
}

func TestNewChunkErrors(t *testing.T) {
	for _, seed := range []string{"", "00", strings.Repeat("g", 64), strings.Repeat("A", 64), strings.Repeat("0", 66)} {
		_, err := sigv4.NewChunkSigner(newSigner(), seed)
		wantReason(t, err, sigv4.Malformed)
		_, err = sigv4.NewChunkVerifier(sigv4.Claim{Signature: seed}, []string{secret})
		wantReason(t, err, sigv4.Malformed)
	}
	good := strings.Repeat("0", 64)
	_, err := sigv4.NewChunkSigner(sigv4.Signer{Region: region}, good)
	wantReason(t, err, sigv4.UnknownKey)
	_, err = sigv4.NewChunkVerifier(sigv4.Claim{Signature: good}, nil)
	wantReason(t, err, sigv4.UnknownKey)
}

// A stream of hours signs and verifies without garbage, on both sides of midnight.
func TestChunksDoNotAllocate(t *testing.T) {
	signer, verifier := newChunkPair(t, "another", secret)
	payload := make([]byte, 3304)
	date, step := midnight.Add(-time.Second), 250*time.Millisecond
	run := func() {
		signature := signer.Sign(date, payload)
		if err := verifier.Verify(date, payload, signature[:]); err != nil {
			t.Fatal(err)
		}
		if date = date.Add(step); date.Sub(midnight).Abs() > time.Second {
			step = -step
		}
	}
	for range 20 { // both days seen by both ends
		run()
	}
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("%v allocations a chunk, want none", n)
	}
}
