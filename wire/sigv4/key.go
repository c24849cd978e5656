package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// What the algorithm calls its parts.
const (
	// Algorithm is the only signing algorithm understood: the first word of an Authorization header and the value of
	// X-Amz-Algorithm. (AWS4-ECDSA-P256-SHA256, "SigV4a", is refused by name.)
	Algorithm = "AWS4-HMAC-SHA256"
	// ChunkAlgorithm is the first line of a chunk's string to sign.
	ChunkAlgorithm = "AWS4-HMAC-SHA256-PAYLOAD"
	// Terminator is the last part of every credential scope.
	Terminator = "aws4_request"
	// DefaultService is the signing name of Amazon Transcribe, streaming and batch alike, although the streaming
	// endpoint's host name says "transcribestreaming".
	DefaultService = "transcribe"
	// TimeFormat is the layout, for package time, of X-Amz-Date. Times are UTC.
	TimeFormat = "20060102T150405Z"
	// DateFormat is the layout, for package time, of the date in a credential scope.
	DateFormat = "20060102"
)

// Payload hashes that occur in place of a digest of the body.
const (
	// EmptyPayloadHash is the SHA-256 of nothing, in hexadecimal: the payload hash of presigned URLs, of requests
	// without a body, and of event streams whose client sends no x-amz-content-sha256.
	EmptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// StreamingPayloadHash stands for a body of signed event-stream chunks.
	StreamingPayloadHash = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
	// UnsignedPayloadHash says that the body is not covered by the signature.
	UnsignedPayloadHash = "UNSIGNED-PAYLOAD"
)

// SignatureSize is the length of a signature in bytes; in hexadecimal it is twice that.
const SignatureSize = sha256.Size

// Credentials are one access key. SessionToken is empty for long-lived keys. However it is printed, logged or marshalled
// to JSON, only the access key id shows.
type Credentials struct {
	AccessKeyID  string
	Secret       string `json:"-"`
	SessionToken string `json:"-"`
}

// Format prints the access key id and withholds the rest, for every verb.
func (c Credentials) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "credentials of %s", keyName(c.AccessKeyID))
}

// LogValue gives package slog the access key id only.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(keyName(c.AccessKeyID)) }

// Scope is what a derived key is good for: one UTC day, one region, one service.
type Scope struct {
	Date    string // YYYYMMDD
	Region  string
	Service string
}

// String returns the scope as it stands in a credential and in a string to sign, its terminator included.
func (s Scope) String() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + Terminator
}

// DeriveKey returns the signing key of a secret for one scope. It is itself a secret, for the length of that day.
func DeriveKey(secret string, s Scope) [SignatureSize]byte {
	key := mac([]byte("AWS4"+secret), s.Date)
	key = mac(key[:], s.Region)
	key = mac(key[:], s.Service)
	return mac(key[:], Terminator)
}

// mac returns HMAC-SHA256 of text under key.
func mac(key []byte, text string) (sum [SignatureSize]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	h.Sum(sum[:0])
	return sum
}

// equal compares two signatures in constant time.
func equal(a, b []byte) bool { return hmac.Equal(a, b) }

// parseTime reads the value of X-Amz-Date. package time alone would be too kind: it accepts fractions of a second.
func parseTime(field, value string) (time.Time, error) {
	t, err := time.Parse(TimeFormat, value)
	if err != nil || len(value) != len(TimeFormat) {
		return time.Time{}, malformed(field, "wanted UTC in the basic form YYYYMMDDTHHMMSSZ, such as 20260102T030405Z; got %s", quote(value))
	}
	return t, nil
}

// parseCredential reads "AKID/YYYYMMDD/region/service/aws4_request". It quotes next to nothing of the value: people paste
// their secret there, and secrets contain slashes.
func parseCredential(field, value string) (accessKey string, s Scope, err error) {
	parts := strings.Split(value, "/")
	if len(parts) != 5 {
		e := malformed(field, "wanted 5 parts ACCESSKEYID/YYYYMMDD/region/service/%s separated by %q (percent-encoded as %%2F in a URL); got %d part(s)", Terminator, "/", len(parts))
		switch escaped := strings.Contains(strings.ToUpper(value), "%2F"); {
		case escaped && field == queryCredential:
			e.Hint = `it is percent-encoded twice ("%252F" stands where "%2F" belongs): encode the values of a URL once`
		case escaped:
			e.Hint = `it is percent-encoded, which is done in a URL only: write "/" in a header`
		}
		return "", s, e
	}
	accessKey, s = parts[0], Scope{Date: parts[1], Region: parts[2], Service: parts[3]}
	switch {
	case !isWord(accessKey, 128, "_-.=+@:"):
		return "", s, malformed(field, "wanted an access key id of 1 to 128 letters, digits or _-.=+@: before the first %q; got %d characters that are not one", "/", len(accessKey))
	case !isDate(s.Date):
		return "", s, malformed(field, "wanted a date YYYYMMDD as part 2; got %s", quoteIf(isWord(s.Date, 10, "") && strings.Trim(s.Date, "0123456789") == "", s.Date))
	case !isWord(s.Region, 64, "-_"):
		return "", s, malformed(field, "wanted a region such as us-east-1 as part 3; got %s", quoteIf(s.Region == "", s.Region))
	case !isWord(s.Service, 64, "-_"):
		return "", s, malformed(field, "wanted a service name such as %s as part 4; got %s", DefaultService, quoteIf(s.Service == "", s.Service))
	case parts[4] != Terminator:
		return "", s, malformed(field, "wanted %q as part 5; got %s", Terminator, quoteIf(strings.EqualFold(parts[4], Terminator), parts[4]))
	}
	return accessKey, s, nil
}

// isDate reports whether s is a day of the calendar, written YYYYMMDD.
func isDate(s string) bool {
	_, err := time.Parse(DateFormat, s)
	return err == nil && len(s) == len(DateFormat)
}

// isWord reports whether s consists of 1 to limit ASCII letters, digits and bytes of extra.
func isWord(s string, limit int, extra string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte(extra, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isAlphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// parseSignature checks that value is a signature as clients write it: 64 lower-case hexadecimal digits. What came is
// described, not quoted.
func parseSignature(field, value string) error {
	if len(value) != 2*SignatureSize {
		return malformed(field, "wanted %d lower-case hexadecimal digits; got %d characters", 2*SignatureSize, len(value))
	}
	for i := range len(value) {
		if b := value[i]; (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return malformed(field, "wanted %d lower-case hexadecimal digits; got another character at position %d", 2*SignatureSize, i+1)
		}
	}
	return nil
}
