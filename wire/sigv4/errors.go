package sigv4

import (
	"errors"
	"fmt"
	"strings"
)

// Reason is the kind of a failure. A dialect has one table from Reason to its own exceptions.
type Reason int

// The reasons. Their order is the order in which Verify looks.
const (
	// None is the reason of a nil error and of errors of other packages.
	None Reason = iota
	// Missing: the request carries no signature at all.
	Missing
	// Malformed: a field is absent, appears twice, or cannot be read.
	Malformed
	// WrongService: the credential scope is for another service.
	WrongService
	// ScopeDateMismatch: the date of the credential scope is not the date of X-Amz-Date.
	ScopeDateMismatch
	// ExpiresOutOfRange: X-Amz-Expires is longer than the server allows.
	ExpiresOutOfRange
	// NotYetValid: the signing time lies further ahead of the server's clock than the allowed skew.
	NotYetValid
	// Expired: the lifetime of the signature is over.
	Expired
	// HostNotSigned: neither host nor :authority is among the signed headers.
	HostNotSigned
	// HeaderMissing: a header is named as signed, but the request does not have it.
	HeaderMissing
	// PayloadMismatch: x-amz-content-sha256 is a digest, but not that of the body.
	PayloadMismatch
	// UnknownKey: there is no secret to verify with.
	UnknownKey
	// SignatureMismatch: everything can be read, but the signature is not the one that the secret gives.
	SignatureMismatch
)

var reasonNames = [...]string{
	None: "none", Missing: "missing signature", Malformed: "malformed", WrongService: "wrong service",
	ScopeDateMismatch: "scope date mismatch", ExpiresOutOfRange: "expires out of range", NotYetValid: "not yet valid",
	Expired: "expired", HostNotSigned: "host not signed", HeaderMissing: "signed header missing",
	PayloadMismatch: "payload mismatch", UnknownKey: "unknown access key", SignatureMismatch: "signature mismatch",
}

// String returns the reason in lower-case words.
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasonNames) {
		return fmt.Sprintf("reason %d", int(r))
	}
	return reasonNames[r]
}

// ReasonOf returns the reason of the first *Error in err's chain, or None.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return None
}

// Error is the only error type of this package. Its text, and every exported field, may be logged and shown to the
// caller: none holds a secret, a session token, or a signature.
type Error struct {
	Reason Reason
	// Field is the parameter or header at fault: "X-Amz-Credential", "Authorization: SignedHeaders", ":date" ...
	Field string
	// Detail says what was wanted and what came.
	Detail string
	// Hint says what the client most likely did, when the package could find out; otherwise it is empty.
	Hint string

	canonical    string // as computed for the first candidate host; may hold a session token
	redacted     string // the same without it
	stringToSign string
	service      string // the wording of AWS, where it is known
}

// malformed makes the error that most parsers here return.
func malformed(field, format string, args ...any) *Error {
	return &Error{Reason: Malformed, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// Error names the field, what was wanted and what came, and the hint if there is one.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("sigv4: ")
	if e.Field != "" {
		fmt.Fprintf(&b, "%q: ", e.Field)
	}
	b.WriteString(e.Detail)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Format prints the text of Error, for every verb, so that none shows what the unexported fields hold.
func (e *Error) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", e.Error())
		return
	}
	fmt.Fprint(f, e.Error())
}

// CanonicalRequest returns the canonical request that the server computed, with a session token replaced by a mark. It
// is empty unless the reason is SignatureMismatch, and empty for chunks, which have none.
func (e *Error) CanonicalRequest() string { return e.redacted }

// FullCanonicalRequest returns the canonical request with the session token in it, which is what the client has to
// compare with. Give it only to the caller that sent that token; never log it.
func (e *Error) FullCanonicalRequest() string { return e.canonical }

// StringToSign returns the string to sign that the server computed. It is empty unless the reason is SignatureMismatch.
// It holds hashes only, and, for a chunk, the previous signature.
func (e *Error) StringToSign() string { return e.stringToSign }

// mismatchSentence is what AWS answers to a wrong signature; some client frameworks look for it.
const mismatchSentence = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// ServiceMessage returns the text as AWS words it, for the body of an exception such as InvalidSignatureException. For a
// mismatch this includes the canonical request, session token withheld, and the string to sign; the hint, if any, is the
// last paragraph. Where AWS has no known wording it is Detail.
func (e *Error) ServiceMessage() string {
	text := e.service
	switch {
	case e.Reason == SignatureMismatch && e.canonical != "":
		text = mismatchSentence + "\n\nThe Canonical String for this request should have been\n'" + e.CanonicalRequest() +
			"'\n\nThe String-to-Sign should have been\n'" + e.stringToSign + "'\n"
	case e.Reason == SignatureMismatch:
		text = mismatchSentence
	case text == "" && e.Field != "":
		text = e.Field + ": " + e.Detail
	case text == "":
		text = e.Detail
	}
	if e.Hint != "" {
		text = strings.TrimRight(text, "\n") + "\n\n" + e.Hint
	}
	return text
}

// tokenMark stands for a session token in a canonical request that is to be shown.
const tokenMark = "(session-token-withheld)"

// keyName returns an access key id for an error text or a log. Real ones are short; a long one may be the secret, put in
// the wrong place.
func keyName(id string) string {
	const limit = 32
	if len(id) > limit {
		return fmt.Sprintf("%q (the first 4 of %d characters: too many to be shown, it may be a secret)", id[:4], len(id))
	}
	return fmt.Sprintf("%q", id)
}

// quoteIf quotes a value that is safe to show, and only counts the characters of another.
func quoteIf(safe bool, s string) string {
	if safe {
		return quote(s)
	}
	return fmt.Sprintf("%d characters that are not one", len(s))
}

// quote returns a value for an error text: quoted, and cut where nobody would read on.
func quote(s string) string {
	const limit = 64
	if len(s) > limit {
		return fmt.Sprintf("%q (the first %d of %d characters)", s[:limit], limit, len(s))
	}
	return fmt.Sprintf("%q", s)
}
