package transcribe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// caller is who made a request, and how the frames to come are checked.
type caller struct {
	principal auth.Principal
	frames    *sigv4.ChunkVerifier
	origin    auth.Origin
	action    string    // what the caller has been allowed to do
	checked   time.Time // when it was last looked whether that is still so; owned by the listening goroutine
}

// maxQuery bounds what strangers can make us compute, in bytes. The longest list of vocabularies and a long session token fit.
const maxQuery = 8 << 10

// maxExplained is the longest query, and the longest headers, in bytes, whose signature is looked into for the usual mistakes:
// that costs several times what checking it does.
const maxExplained = 4 << 10

// identify verifies the signature of a presigned URL or of a request's headers. The error is a *sigv4.Error, or an *stt.Error with code
// Unauthenticated for a key that nobody has, or Expired.
func (h *Handler) identify(r *http.Request) (caller, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return caller{}, &stt.Error{Code: stt.Invalid, Op: "open", Msg: fmt.Sprintf("The query has %d bytes; send %d at most.", len(r.URL.RawQuery), maxQuery)}
	}
	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)
	if err == nil {
		err = signedToken(claim)
	}
	if err != nil {
		return caller{}, err
	}
	request := sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header, Hosts: h.hosts(r)}
	var c caller
	c.origin = auth.Origin{Remote: r.RemoteAddr, Secure: r.TLS != nil, UserAgent: r.UserAgent(), Referer: r.Referer(), Region: claim.Scope.Region}
	c.principal, err = auth.Authenticate(r.Context(), h.opts.Keys, claim.AccessKeyID, claim.SecurityToken, func(secrets []string) error {
		now := time.Now()
		if err := sigv4.Verify(claim, request, secrets, now, sigv4.Limits{NoHints: len(r.URL.RawQuery)+size(r.Header) > maxExplained}); err != nil {
			return err
		}
		c.frames, err = sigv4.NewChunkVerifier(claim, fittingFirst(claim, request, secrets, now))
		return err
	})
	if reason := sigv4.ReasonOf(err); reason == sigv4.SignatureMismatch || reason == sigv4.None && stt.CodeOf(err) == stt.Unauthenticated {
		if slow := h.guessed(r); slow != nil {
			return c, slow
		}
	}
	return c, unknown(err)
}

// fittingFirst returns the secrets with the one first that a request was signed with, which is one of them.
func fittingFirst(claim sigv4.Claim, request sigv4.Request, secrets []string, now time.Time) []string {
	for i := 1; i < len(secrets); i++ { // there are several only while the key's secret is rotated
		if sigv4.Verify(claim, request, secrets[i:i+1], now, sigv4.Limits{NoHints: true}) == nil {
			secrets = slices.Clone(secrets)
			secrets[0], secrets[i] = secrets[i], secrets[0]
			break
		}
	}
	return secrets
}

// signedToken refuses a session token in a header that the signature does not cover: whoever passes the request on could have put
// it there. In the query of a presigned URL it is always covered.
func signedToken(claim sigv4.Claim) error {
	const name = "X-Amz-Security-Token"
	if claim.Form != sigv4.Header || claim.SecurityToken == "" || slices.Contains(claim.SignedHeaders, strings.ToLower(name)) {
		return nil
	}
	return &sigv4.Error{Reason: sigv4.Malformed, Field: "Authorization: SignedHeaders", Detail: "wanted " + strings.ToLower(name) + ", which is in the request, among the signed headers; it is not"}
}

// unknown turns an access key id, or a session token, that nobody has into what the service says of it.
func unknown(err error) error {
	if stt.CodeOf(err) == stt.Unauthenticated && sigv4.ReasonOf(err) == sigv4.None {
		cause := err
		if why := stt.AsError(err).Err; why != nil { // there is the key, and why it is not good is what the log should say
			cause = why
		}
		return &stt.Error{Code: stt.Unauthenticated, Op: "open", Msg: wire.TextUnknownKey, Err: cause}
	}
	return err
}

// guessed counts a request whose credentials were wrong, and lets whoever makes many of them wait. An error is to be answered in place of
// what was wrong.
func (h *Handler) guessed(r *http.Request) error {
	if h.opts.Guard == nil {
		return nil
	}
	return h.opts.Guard.Guessed(r.Context(), r.RemoteAddr)
}

// renew has the messages of a stream checked with the secrets that its key has now, and reports whether it has any: a key may get
// another secret while a stream lasts, and the client may be the first to use it.
func (h *Handler) renew(ctx context.Context, c *caller) bool {
	_, secrets, err := auth.Renew(ctx, h.opts.Keys, c.principal.KeyID)
	return err == nil && c.frames.SetSecrets(secrets) == nil
}

// size is how many bytes there are of what a request's headers hold.
func size(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

func (h *Handler) hosts(r *http.Request) []string {
	if len(h.opts.Hosts) == 0 {
		return sigv4.HostCandidates(r.Host)
	}
	var all []string
	for _, host := range h.opts.Hosts {
		all = append(all, sigv4.HostCandidates(host)...)
	}
	return all
}
