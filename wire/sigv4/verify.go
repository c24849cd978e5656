package sigv4

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Request is what arrived, as far as a signature covers it. Printed, logged or marshalled to JSON, it withholds query and
// headers, which hold signatures and tokens.
type Request struct {
	Method string
	// Path is the path as it stood on the request line, escapes and all (url.URL.EscapedPath). Route by the same path.
	Path string
	// RawQuery is the query as it stood on the request line (url.URL.RawQuery).
	RawQuery string `json:"-"`
	// Header holds the headers. Host and :authority are taken from Hosts instead; a Host in it that is none of those is only
	// one more that a client may have signed by mistake. Where the HTTP library strips headers
	// that clients sign (content-length, say), put them back first.
	Header http.Header `json:"-"`
	// Hosts are the host names that the client may have signed, in the order to try them; see HostCandidates. A signature
	// for any of them is good.
	Hosts []string
	// PayloadHash is the hexadecimal SHA-256 of the body where the server has read it before verifying; empty for streams
	// and requests without a body.
	PayloadHash string
}

// Format prints method and path, for every verb.
func (r Request) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s %q", r.Method, r.Path) }

// LogValue gives package slog the same as Format.
func (r Request) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// HostCandidates returns the hosts that a signature may have been made for: the Host header (or :authority) as received,
// the same without its port, both in lower case, and the configured aliases as they are, without repetitions.
func HostCandidates(received string, aliases ...string) []string {
	hosts := make([]string, 0, 4+len(aliases))
	lower := strings.ToLower(received)
	for _, host := range append([]string{received, withoutPort(received), lower, withoutPort(lower)}, aliases...) {
		if host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// withoutPort cuts ":8443" off; an IPv6 address keeps its brackets.
func withoutPort(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return strings.TrimSuffix(host, ":"+port)
	}
	return host
}

// Limits say what Verify accepts. The zero value is what Amazon Transcribe does.
type Limits struct {
	// Service is the signing name that the scope must have; empty means DefaultService.
	Service string
	// MaxSkew is how far ahead of the server's clock a signing time may lie; zero means 5 minutes.
	MaxSkew time.Duration
	// MaxAge is how old a signature in the Authorization header may be; zero means 5 minutes.
	MaxAge time.Duration
	// MaxExpires is the longest lifetime of a presigned URL; zero means 300 s. It is no longer than 604800 s anyway.
	MaxExpires time.Duration
	// NoHints leaves Error.Hint empty on a mismatch. Finding the hint costs some ten times what a good signature costs;
	// a server that is being flooded with bad ones may want to save that.
	NoHints bool
}

func (l Limits) withDefaults() Limits {
	if l.Service == "" {
		l.Service = DefaultService
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&l.MaxSkew, 5 * time.Minute}, {&l.MaxAge, 5 * time.Minute}, {&l.MaxExpires, 300 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return l
}

// Verify returns nil if the claim, which must have been parsed from this same request, was signed with one of the
// secrets, is valid at now, and is within the limits; otherwise an *Error. secrets are all that the server accepts for
// the claim's access key, usually one, two while it is rotated; empty ones do not count, none at all is UnknownKey. Limits and times are looked at
// before the signature, so that a client learns of a wrong clock rather than of a wrong signature. Signatures are compared
// in constant time. Verify keeps nothing and may be called concurrently.
//
// Two access keys must never share a secret: in the Header form the access key id is not covered by the signature.
//
// Not looked at: whether the session token is good, whether all headers that matter are among the signed ones, and
// whether the signature was used before. To test a signature regardless of the time pass claim.Time as now.
func Verify(claim Claim, request Request, secrets []string, now time.Time, limits Limits) error {
	limits = limits.withDefaults()
	if err := checkScope(claim, limits); err != nil {
		return err
	}
	if err := checkTime(claim, now.UTC(), limits); err != nil {
		return err
	}
	a, err := newAttempt(claim, request)
	if err != nil {
		return err
	}
	if a.addKeys(secrets); len(a.keys) == 0 {
		return &Error{Reason: UnknownKey, Field: claim.Form.field(queryCredential),
			Detail: "wanted an access key that this server knows; got " + keyName(claim.AccessKeyID)}
	}
	for _, path := range a.paths {
		c := a.canonical
		c.path = path
		for _, host := range a.hosts {
			if a.matches(&c, host) {
				return nil
			}
		}
	}
	return a.mismatch(secrets, limits)
}

func checkScope(claim Claim, limits Limits) error {
	field := claim.Form.field(queryCredential)
	if claim.Scope.Service != limits.Service {
		e := &Error{Reason: WrongService, Field: field,
			Detail:  fmt.Sprintf("wanted the service %q in the credential scope; got %s", limits.Service, quote(claim.Scope.Service)),
			service: fmt.Sprintf("Credential should be scoped to correct service: '%s'.", limits.Service)}
		if strings.HasPrefix(claim.Scope.Service, limits.Service) {
			e.Hint = "the signing name is not the host name's first part: set the service (signing name) of the signer itself"
		}
		return e
	}
	date := claim.Time.UTC().Format(DateFormat)
	if claim.Scope.Date != date {
		return &Error{Reason: ScopeDateMismatch, Field: field,
			Detail: fmt.Sprintf("wanted the date of X-Amz-Date, %s, in the credential scope; got %s", date, quote(claim.Scope.Date)),
			Hint:   "both are UTC: take them from one reading of the clock, and do not keep a signing key past midnight UTC",
			service: fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.",
				claim.Scope.Date, date, claim.Time.UTC().Format(TimeFormat))}
	}
	return nil
}

func checkTime(claim Claim, now time.Time, limits Limits) error {
	signed, stamp := claim.Time.UTC(), now.Format(TimeFormat)
	if claim.Form == Presigned && (claim.Expires < time.Second || claim.Expires > limits.MaxExpires) {
		return &Error{Reason: ExpiresOutOfRange, Field: queryExpires,
			Detail: fmt.Sprintf("wanted 1 to %d seconds; got %d", int(limits.MaxExpires.Seconds()), int(claim.Expires.Seconds()))}
	}
	if ahead := signed.Sub(now); ahead > limits.MaxSkew {
		return &Error{Reason: NotYetValid, Field: headerDate,
			Detail: fmt.Sprintf("wanted a time at most %v ahead of this server's clock, %s; got %s, %v ahead", limits.MaxSkew, stamp, signed.Format(TimeFormat), ahead.Truncate(time.Second)),
			Hint:   "one of the two clocks is wrong, or local time was written as UTC",
			service: fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s.)",
				signed.Format(TimeFormat), now.Add(limits.MaxSkew).Format(TimeFormat), stamp, minutes(limits.MaxSkew))}
	}
	lifetime, allowance := limits.MaxAge, fmt.Sprintf("at most %v old", limits.MaxAge)
	if claim.Form == Presigned {
		lifetime, allowance = claim.Expires, fmt.Sprintf("at most %d seconds old, as X-Amz-Expires says", int(claim.Expires.Seconds()))
	}
	age := now.Sub(signed)
	if age <= lifetime {
		return nil
	}
	e := &Error{Reason: Expired, Field: headerDate,
		Detail: fmt.Sprintf("wanted a time %s; got %s, which is %v before this server's clock, %s", allowance, signed.Format(TimeFormat), age.Truncate(time.Second), stamp),
		Hint:   "sign right before connecting, and compare the two clocks",
		service: fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s.)",
			signed.Format(TimeFormat), now.Add(-lifetime).Format(TimeFormat), stamp, minutes(lifetime))}
	return e
}

// minutes writes a duration as AWS does in its messages: "5 min".
func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d sec", d/time.Second)
}
