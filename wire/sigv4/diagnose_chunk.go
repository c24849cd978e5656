package sigv4

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// mismatch makes the error for a chunk whose signature fits no secret.
func (v *ChunkVerifier) mismatch(date time.Time, payload, signature []byte) *Error {
	e := &Error{
		Reason: SignatureMismatch, Field: fieldChunkSignature,
		Detail:       fmt.Sprintf("wanted the signature of chunk %d, dated %s, with the secret of %s; got one that does not fit", v.count+1, date.Format(time.RFC3339Nano), keyName(v.claim.AccessKeyID)),
		stringToSign: string(v.chain.text),
	}
	if e.Hint = v.diagnose(date, payload, signature); e.Hint == "" {
		e.Hint = "none of the usual mistakes explains it: was a chunk lost, repeated or changed on the way, or does the client hash anything but the encoded :date header and the whole inner message?"
	}
	return e
}

// diagnose recomputes the signature as the usual mistakes would have made it.
func (v *ChunkVerifier) diagnose(date time.Time, payload, signature []byte) string {
	dateHash := sha256.Sum256(AppendDateHeader(nil, date))
	nothing, body := sha256.Sum256(nil), sha256.Sum256(payload)
	seed, prior := []byte(v.claim.Signature), v.chain.prior[:]
	for _, mistake := range [...]struct {
		algorithm, day string
		prior          []byte
		headers, body  [SignatureSize]byte
		hint           string
	}{
		{Algorithm, "", prior, dateHash, body, "it fits a string to sign whose first line is " + Algorithm + ", as the guide prints it: the line must be " + ChunkAlgorithm},
		{ChunkAlgorithm, "", seed, dateHash, body, "it fits the signature of the request as the prior one: from the second chunk on, the prior signature is that of the chunk before"},
		{ChunkAlgorithm, v.claim.Scope.Date, prior, dateHash, body, "it fits the date of the request in the scope: the scope takes the date of the chunk's own :date"},
		{ChunkAlgorithm, "", prior, nothing, body, "it fits no headers: the encoded :date header must be hashed"},
		{ChunkAlgorithm, "", prior, dateHash, nothing, "it fits an empty payload: the whole encoded inner message must be hashed"},
	} {
		text := appendChunkText(nil, mistake.algorithm, mistake.day, v.chain.scope, date, mistake.prior, mistake.headers, mistake.body)
		for _, k := range v.keys {
			scope := v.chain.scope
			if scope.Date = mistake.day; scope.Date == "" {
				scope.Date = date.Format(DateFormat)
			}
			key := DeriveKey(k.secret, scope)
			if sum := mac(key[:], string(text)); equal(sum[:], signature) {
				return mistake.hint
			}
		}
	}
	return ""
}
