package transcribe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// headerTarget names the operation.
const headerTarget = "X-Amz-Target"

// headerClaim reads the signature of a request that is signed in its headers, before anything of its body is. All that decides what
// the request does must be signed.
func headerClaim(r *http.Request) (sigv4.Claim, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return sigv4.Claim{}, &stt.Error{Code: stt.Invalid, Op: "manage", Msg: "The query is longer than " + strconv.Itoa(maxQuery) + " bytes."}
	}
	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)
	if err == nil {
		err = signedToken(claim)
	}
	switch {
	case err != nil:
		return claim, err
	case claim.Form != sigv4.Header:
		return claim, &sigv4.Error{Reason: sigv4.Malformed, Field: "Authorization", Detail: "wanted a signature in the headers, which covers the body; got a presigned URL"}
	case len(r.Header.Values(headerTarget)) > 1:
		return claim, &sigv4.Error{Reason: sigv4.Malformed, Field: headerTarget, Detail: "wanted the header once; it is there several times"}
	case r.Header.Get(headerTarget) != "" && !slices.Contains(claim.SignedHeaders, strings.ToLower(headerTarget)):
		return claim, &sigv4.Error{Reason: sigv4.Malformed, Field: "Authorization: SignedHeaders", Detail: "wanted x-amz-target among the signed headers; it is not"}
	}
	return claim, nil
}

// enter takes a place for a request whose signature cannot be verified before its body has come. A key that nobody has gets none.
func (m *Management) enter(ctx context.Context, r *http.Request, claim sigv4.Claim, a *managed) error {
	h := m.streams
	if _, _, err := auth.Renew(ctx, h.opts.Keys, claim.AccessKeyID); err != nil {
		if stt.CodeOf(err) == stt.Unauthenticated {
			if slow := h.guessed(r); slow != nil {
				return slow
			}
		}
		return unknown(err)
	}
	place, err := m.places.take(r.RemoteAddr, claim.AccessKeyID)
	a.place = place
	return err
}

// identify verifies the signature of a request and its body, and fills in who makes it. Errors are those of [Handler.identify], and
// those of admit.
func (m *Management) identify(ctx context.Context, r *http.Request, claim sigv4.Claim, body []byte, a *managed) (caller, error) {
	h := m.streams
	sum := sha256.Sum256(body)
	request := sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: withLength(r, claim), Hosts: h.hosts(r),
		PayloadHash: hex.EncodeToString(sum[:])}
	limits := sigv4.Limits{NoHints: len(r.URL.RawQuery)+size(r.Header) > maxExplained, MaxExpires: downloadAge}
	c := caller{origin: auth.Origin{Remote: r.RemoteAddr, Secure: r.TLS != nil, UserAgent: r.UserAgent(), Referer: r.Referer(), Region: claim.Scope.Region}}
	signer := sigv4.Signer{Region: claim.Scope.Region}
	var err error
	c.principal, err = auth.Authenticate(ctx, h.opts.Keys, claim.AccessKeyID, claim.SecurityToken, func(secrets []string) error {
		if given := r.Header.Get("X-Amz-Content-Sha256"); claim.Form == sigv4.Header && given != "" && given != request.PayloadHash {
			return &sigv4.Error{Reason: sigv4.PayloadMismatch, Field: "X-Amz-Content-Sha256", Detail: "wanted the SHA-256 of the body in hexadecimal; got another value"}
		}
		if err := sigv4.Verify(claim, request, secrets, time.Now(), limits); err != nil {
			return err
		}
		signer.Credentials = sigv4.Credentials{AccessKeyID: claim.AccessKeyID, Secret: secrets[0], SessionToken: claim.SecurityToken}
		return nil
	})
	if reason := sigv4.ReasonOf(err); reason == sigv4.SignatureMismatch || reason == sigv4.None && stt.CodeOf(err) == stt.Unauthenticated {
		a.place.leave() // who is kept waiting takes nobody's
		if slow := h.guessed(r); slow != nil {
			return c, slow
		}
	}
	if err != nil {
		return c, unknown(err)
	}
	a.place.verified()
	h.used(&c)
	a.caller = c.principal.KeyID
	a.sign = func(path string) string { return presigned(r, signer, path) }
	if m.admit != nil {
		if a.done, err = m.admit(ctx, c.principal); err != nil {
			return c, err
		}
	}
	a.account, err = m.keep.Account(ctx, c.principal.Account)
	return c, err
}

// withLength returns the headers of a request with the length of its body where that has been signed.
func withLength(r *http.Request, claim sigv4.Claim) http.Header {
	const name = "Content-Length"
	if r.ContentLength < 0 || r.Header.Get(name) != "" || !slices.Contains(claim.SignedHeaders, strings.ToLower(name)) {
		return r.Header
	}
	all := r.Header.Clone()
	all.Set(name, strconv.FormatInt(r.ContentLength, 10))
	return all
}

// presigned returns an address at this server, as the client has written its host, or nothing where none can be made.
func presigned(r *http.Request, signer sigv4.Signer, path string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: path}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	address, _, err := signer.Presign(http.MethodGet, u.String(), downloadAge, time.Now())
	if err != nil {
		return "" // the host is one that cannot stand in an address
	}
	return address
}

// may returns nil if the caller may do something to a resource; an empty name stands for all of them. more is what conditions of
// policies see of the request besides where it comes from.
func (m *Management) may(c *caller, a *managed, action, kind, name string, more policy.Context) error {
	arn := "*"
	if name != "" {
		arn = wire.ARN(c.origin.Region, a.account, kind, name)
	}
	in := c.principal.Context(c.origin, time.Now())
	maps.Copy(in, more)
	return auth.Authorize(c.principal, auth.Service+action, arn, in)
}
