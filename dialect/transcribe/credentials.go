package transcribe

import (
	"net/http"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// caller is who made a request, and how the frames to come are checked.
type caller struct {
	principal auth.Principal
	frames    *sigv4.ChunkVerifier
}

// identify verifies the signature of a presigned URL. The error is a *sigv4.Error, or an *stt.Error with code
// Unauthenticated for a key that nobody has.
func (h *Handler) identify(r *http.Request) (caller, error) {
	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)
	if err != nil {
		return caller{}, err
	}
	request := sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header, Hosts: h.hosts(r)}
	var c caller
	c.principal, err = auth.Authenticate(r.Context(), h.opts.Keys, claim.AccessKeyID, func(secrets []string) error {
		if err := sigv4.Verify(claim, request, secrets, time.Now(), sigv4.Limits{}); err != nil {
			return err
		}
		c.frames, err = sigv4.NewChunkVerifier(claim, secrets)
		return err
	})
	if stt.CodeOf(err) == stt.Unauthenticated && sigv4.ReasonOf(err) == sigv4.None {
		// What the service says of an access key id that it does not know.
		return caller{}, &stt.Error{Code: stt.Unauthenticated, Op: "open", Msg: "The security token included in the request is invalid.", Err: err}
	}
	return c, err
}

func (h *Handler) hosts(r *http.Request) []string {
	if h.opts.Hosts == nil {
		return sigv4.HostCandidates(r.Host)
	}
	return sigv4.HostCandidates(h.opts.Hosts[0], h.opts.Hosts[1:]...)
}
