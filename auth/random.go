package auth

import (
	"crypto/rand"
	"strconv"
)

// Alphabets whose sizes divide 256: a random byte, reduced, is as random as before.
const (
	base32Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base32Lower = "abcdefghijklmnopqrstuvwxyz234567"
	base64      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// What new credentials look like. The prefixes let people and secret scanners tell what they have found; that of access
// key ids differs from Amazon's, so that nobody takes one for a key to an AWS account.
const (
	accessKeyPrefix = "ESHK"
	apiKeyPrefix    = "esk_"
	adminPrefix     = "esa_"
)

// newAccessKeyID has Amazon's shape: 20 capitals and digits, 80 bits of them random.
func newAccessKeyID() string { return accessKeyPrefix + random(base32Upper, 16) }

// newSecret has Amazon's shape: 40 characters of base64, 240 random bits.
func newSecret() string { return random(base64, 40) }

// newToken has 160 random bits, in letters that survive URLs, headers, subprotocol names and a double click.
func newToken(prefix string) string { return prefix + random(base32Lower, tokenLength) }

// tokenLength is how many characters of a token are random.
const tokenLength = 32

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

// plural returns "1 key", "2 keys".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
