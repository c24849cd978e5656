package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"
)

// Errors about chunks name these two headers of the event-stream envelope.
const (
	fieldChunkDate      = ":date"
	fieldChunkSignature = ":chunk-signature"
)

// dateHeaderSize is the length of an encoded :date header.
const dateHeaderSize = 1 + len(fieldChunkDate) + 1 + 8

// AppendDateHeader appends the :date header as event streams encode it: name length, name, type 8 (timestamp),
// milliseconds since 1970 as a big-endian int64; 15 bytes. These bytes are what a chunk's signature covers of its headers.
func AppendDateHeader(dst []byte, date time.Time) []byte {
	dst = append(dst, byte(len(fieldChunkDate)))
	dst = append(dst, fieldChunkDate...)
	dst = append(dst, 8)
	return binary.BigEndian.AppendUint64(dst, uint64(date.UnixMilli()))
}

// SignChunk signs one chunk outside of any chain state: prior is the previous signature in raw bytes (the first time,
// that of the request), headers the encoded headers that are covered, payload the bytes of the envelope's payload. The
// scope's date is ignored, that of date counts. ChunkSigner does the same for whole streams, without allocating.
func SignChunk(secret string, scope Scope, date time.Time, prior, headers, payload []byte) [SignatureSize]byte {
	date = date.UTC()
	scope.Date = date.Format(DateFormat)
	key := DeriveKey(secret, scope)
	text := appendChunkText(nil, ChunkAlgorithm, scope.Date, scope, date, []byte(hex.EncodeToString(prior)), sha256.Sum256(headers), sha256.Sum256(payload))
	return mac(key[:], string(text))
}

// appendChunkText appends the string to sign of a chunk. date is in UTC; prior is hexadecimal; day is the date of the
// scope, which is that of date but for diagnosis.
func appendChunkText(dst []byte, algorithm, day string, scope Scope, date time.Time, prior []byte, headers, payload [SignatureSize]byte) []byte {
	dst = append(dst, algorithm...)
	dst = append(dst, '\n')
	dst = date.AppendFormat(dst, TimeFormat)
	dst = append(dst, '\n')
	if day == "" {
		dst = date.AppendFormat(dst, DateFormat)
	} else {
		dst = append(dst, day...)
	}
	for _, part := range [...]string{scope.Region, scope.Service, Terminator} {
		dst = append(dst, '/')
		dst = append(dst, part...)
	}
	dst = append(dst, '\n')
	dst = append(dst, prior...)
	dst = append(dst, '\n')
	dst = hex.AppendEncode(dst, headers[:])
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, payload[:])
}

// checkChunkDate refuses dates that have no YYYYMMDD.
func checkChunkDate(date time.Time) error {
	if y := date.UTC().Year(); y < 0 || y > 9999 {
		return malformed(fieldChunkDate, "wanted milliseconds since 1970, UTC; got the year %d (seconds, micro- or nanoseconds taken for milliseconds?)", y)
	}
	return nil
}

// chain is the state that both sides of a stream keep.
type chain struct {
	scope   Scope // its date is not used
	prior   [2 * SignatureSize]byte
	text    []byte // reused
	dateBuf []byte // reused
}

func newChain(scope Scope, seed string) (c chain, err error) {
	if err = parseSignature("seed signature", seed); err != nil {
		return chain{}, err
	}
	copy(c.prior[:], seed)
	c.scope = scope
	c.text = make([]byte, 0, 384)
	c.dateBuf = make([]byte, 0, dateHeaderSize)
	return c, nil
}

// write puts the string to sign of the next chunk into c.text.
func (c *chain) write(date time.Time, payload []byte) {
	c.dateBuf = AppendDateHeader(c.dateBuf[:0], date)
	c.text = appendChunkText(c.text[:0], ChunkAlgorithm, "", c.scope, date, c.prior[:], sha256.Sum256(c.dateBuf), sha256.Sum256(payload))
}

// advance makes signature the prior one of the next chunk.
func (c *chain) advance(signature []byte) { hex.Encode(c.prior[:], signature) }

// keyring signs with one secret. It keeps the keyed hashes of the last two days it was used for: a stream that runs over
// midnight UTC changes its scope, and dates may step back across it.
type keyring struct {
	secret string
	days   [2]dayKey // the most recent first
	sum    []byte    // reused
}

type dayKey struct {
	day int64 // days since 1970
	mac hash.Hash
}

func newKeyring(secret string) *keyring {
	return &keyring{secret: secret, sum: make([]byte, 0, SignatureSize)}
}

// sign returns the signature of text, valid until the next call.
func (k *keyring) sign(scope Scope, date time.Time, text []byte) []byte {
	h := k.key(scope, date)
	h.Reset()
	h.Write(text)
	k.sum = h.Sum(k.sum[:0])
	return k.sum
}

func (k *keyring) key(scope Scope, date time.Time) hash.Hash {
	const daySeconds = 24 * 60 * 60
	seconds := date.Unix()
	day := seconds / daySeconds
	if seconds%daySeconds < 0 {
		day--
	}
	if k.days[0].mac == nil || k.days[0].day != day {
		k.days[0], k.days[1] = k.days[1], k.days[0]
	}
	if k.days[0].mac == nil || k.days[0].day != day {
		scope.Date = date.Format(DateFormat)
		key := DeriveKey(k.secret, scope)
		k.days[0] = dayKey{day: day, mac: hmac.New(sha256.New, key[:])}
	}
	return k.days[0].mac
}

// ChunkSigner signs the chunks of one stream, each with the signature of the one before. One goroutine may use it. In
// steady state it allocates nothing. Printed, it shows no secret.
type ChunkSigner struct {
	chain chain
	keys  *keyring
}

// NewChunkSigner returns a signer for the chunks that follow a request signed by s; seed is the signature that Presign or
// SignHeaders returned, 64 hexadecimal digits. Errors are *Error with the reason Malformed or UnknownKey.
func NewChunkSigner(s Signer, seed string) (*ChunkSigner, error) {
	scope := s.scope(time.Unix(0, 0))
	if err := s.check(time.Unix(0, 0)); err != nil {
		return nil, err
	}
	c, err := newChain(scope, seed)
	if err != nil {
		return nil, err
	}
	return &ChunkSigner{chain: c, keys: newKeyring(s.Credentials.Secret)}, nil
}

// Sign returns the signature of the next chunk. date goes into the chunk's :date header, in milliseconds; payload is the
// encoded inner message, empty for the frame that ends the stream. date must lie in the years 0 to 9999, which any
// clock's does; the chain goes on from this signature, so every signed chunk has to be sent, in this order.
func (s *ChunkSigner) Sign(date time.Time, payload []byte) (signature [SignatureSize]byte) {
	date = date.UTC()
	s.chain.write(date, payload)
	copy(signature[:], s.keys.sign(s.chain.scope, date, s.chain.text))
	s.chain.advance(signature[:])
	return signature
}

// Format withholds everything, for every verb.
func (s *ChunkSigner) Format(f fmt.State, _ rune) { fmt.Fprint(f, "sigv4 chunk signer") }

// ChunkVerifier verifies the chunks of one stream. One goroutine may use it. In steady state it allocates nothing.
// Printed, it shows no secret.
type ChunkVerifier struct {
	claim Claim
	chain chain
	keys  []*keyring // the one that fitted last first
	count int        // chunks verified
}

// NewChunkVerifier returns a verifier for the chunks that follow a verified request: the claim's signature is the seed,
// its scope gives region and service. secrets are all that are accepted for the claim's access key; each chunk may be
// signed with any of them, because clients change to fresh credentials in the middle of long streams. Errors are *Error
// with the reason Malformed or UnknownKey.
func NewChunkVerifier(claim Claim, secrets []string) (*ChunkVerifier, error) {
	c, err := newChain(claim.Scope, claim.Signature)
	if err != nil {
		return nil, err
	}
	v := &ChunkVerifier{claim: claim, chain: c}
	if err := v.SetSecrets(secrets); err != nil {
		return nil, err
	}
	return v, nil
}

// SetSecrets replaces the accepted secrets from the next chunk on, after a rotation. It keeps the chain. At least one is
// wanted that is not empty; otherwise the old ones stay and the error is UnknownKey.
func (v *ChunkVerifier) SetSecrets(secrets []string) error {
	var keys []*keyring
	for _, secret := range secrets {
		if secret != "" { // anybody could sign with an empty one
			keys = append(keys, newKeyring(secret))
		}
	}
	if keys == nil {
		return &Error{Reason: UnknownKey, Field: fieldChunkSignature, Detail: fmt.Sprintf("wanted a secret of %s to verify with; got none", keyName(v.claim.AccessKeyID))}
	}
	v.keys = keys
	return nil
}

// Verify checks the next chunk: date and signature are its :date and :chunk-signature headers, payload is the encoded
// inner message, empty in the frame that ends the stream. It keeps none of them. How far date lies from now, and whether
// it goes forward, is not looked at: clients correct their clocks in mid-stream, and those that send faster than real time
// would fail for no fault of theirs. Errors are *Error with the reason Malformed or SignatureMismatch; a refused chunk
// leaves the chain where it was.
func (v *ChunkVerifier) Verify(date time.Time, payload, signature []byte) error {
	if err := checkChunkDate(date); err != nil {
		return err
	}
	if len(signature) != SignatureSize {
		return malformed(fieldChunkSignature, "wanted %d raw bytes; got %d", SignatureSize, len(signature))
	}
	date = date.UTC()
	v.chain.write(date, payload)
	for i, k := range v.keys {
		if equal(k.sign(v.chain.scope, date, v.chain.text), signature) {
			v.keys[0], v.keys[i] = v.keys[i], v.keys[0]
			v.chain.advance(signature)
			v.count++
			return nil
		}
	}
	return v.mismatch(date, payload, signature)
}

// Current reports whether the secret that the client signs with is one of some: the one that fitted the last chunk, and before the
// first chunk that was verified the first of those that the verifier has been given.
func (v *ChunkVerifier) Current(secrets []string) bool {
	return slices.Contains(secrets, v.keys[0].secret)
}

// Format prints whose stream it is, for every verb, and withholds the rest.
func (v *ChunkVerifier) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "sigv4 chunk verifier of %s", keyName(v.claim.AccessKeyID))
}
