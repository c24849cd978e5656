package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Alphabets whose sizes divide 256: a random byte, reduced, is as random as before.
const (
	base32Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base32Lower = "abcdefghijklmnopqrstuvwxyz234567"
	base64Chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// What is made here looks as follows; package auth makes the same. The prefixes let people and secret scanners tell what they have found.
const (
	accessKeyPrefix  = "ESHK"
	apiKeyPrefix     = "esk_"
	adminPrefix      = "esa_"
	linkPrefix       = "esl_"
	sessionPrefix    = "ess_"
	userIDPrefix     = "ESUS"
	apiKeyIDPrefix   = "ESAP"
	adminIDPrefix    = "ESAD"
	linkIDPrefix     = "ESLN"
	sessionIDPrefix  = "ESSN"
	idRandom         = 16 // 80 bits
	secretLength     = 40 // 240 bits
	tokenRandom      = 32 // 160 bits
	apiKeyPrefixSize = len(apiKeyPrefix) + 8
)

func newID(prefix string) string { return prefix + random(base32Upper, idRandom) }

// newToken returns a token and what is kept of it.
func newToken(prefix string) (token string, hash [32]byte) {
	token = prefix + random(base32Lower, tokenRandom)
	return token, sha256.Sum256([]byte(token))
}

// newAccountID returns 12 digits, as Amazon's are, without a zero in front: spreadsheets would lose it.
func newAccountID() string {
	const least, most = 100_000_000_000, 1_000_000_000_000
	var b [8]byte
	rand.Read(b[:])
	return strconv.FormatUint(least+binary.BigEndian.Uint64(b[:])%(most-least), 10)
}

// random returns n random characters of an alphabet with 32 or 64 of them. It cannot fail: package rand ends the process
// when the system has no randomness.
func random(alphabet string, n int) string {
	text := make([]byte, n)
	rand.Read(text)
	for i, b := range text {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text)
}
