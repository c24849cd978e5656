package transcribe

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Guard slows down whoever guesses credentials.
type Guard interface {
	// Guessed is told that what came from a remote address was wrong, and returns nil when that may be answered: at once for the first
	// few times, a moment later for whoever goes on. An [stt.Quota] error is what is to be answered instead, at once. Who has the right
	// credentials is never kept waiting. It may be called concurrently.
	Guessed(ctx context.Context, remote string) error
}

// used tells who wants to know that a key has let somebody in. Temporary credentials are a use of the key that they derive from.
func (h *Handler) used(c *caller) {
	if h.opts.Used == nil {
		return
	}
	h.opts.Used(c.principal.KeyID)
	if c.principal.Parent != "" {
		h.opts.Used(c.principal.Parent)
	}
}

// requestTags returns what conditions of policies see of the tags in a request.
func requestTags(req *wire.ManageRequest) policy.Context {
	in := policy.Context{}
	keys := slices.Clone(req.TagKeys)
	for _, tag := range req.Tags {
		keys = append(keys, tag.Key)
		name := policy.RequestTag + tag.Key
		in[name] = append(in[name], tag.Value)
	}
	if len(keys) > 0 {
		in[policy.TagKeys] = keys
	}
	return in
}

// recheckEvery is how often it is looked whether the caller of a running stream may still do what it does.
const recheckEvery = time.Second

// actionOf returns what a policy calls a request to an operation: the two transports of one operation are two actions.
func actionOf(in *incoming) string {
	if in.http2 {
		return auth.Service + in.op.Name
	}
	return auth.Service + in.op.Name + "WebSocket"
}

// authorize returns nil if a caller may do what it asks for. A stream is about no resource.
func (h *Handler) authorize(c *caller, action string) error {
	c.action, c.checked = action, time.Now()
	return auth.Authorize(c.principal, action, "*", c.principal.Context(c.origin, c.checked))
}

// still returns nil while the caller of a running stream may go on: the key is there and not disabled, the secret that the stream is signed
// with is still one of the key's, and its policies, which may be others by now, allow the stream at this time. Where that cannot be found out
// the stream goes on. The listening goroutine calls it for each message, when that has been verified: a client that has got a new secret may
// be the first to use it.
func (h *Handler) still(ctx context.Context, c *caller) error {
	now := time.Now()
	if now.Sub(c.checked) < recheckEvery {
		return nil
	}
	c.checked = now
	p, secrets, err := auth.Renew(ctx, h.opts.Keys, c.principal.KeyID)
	switch {
	case stt.CodeOf(err) == stt.Unauthenticated:
		return unknown(err)
	case err != nil:
		return nil // the keys cannot be reached; that is no reason to end what was allowed
	case !c.frames.Current(secrets):
		return unknown(&stt.Error{Code: stt.Unauthenticated, Op: "go on", Err: errors.New("the secret that the stream was signed with has been replaced")})
	}
	return auth.Authorize(p, c.action, "*", p.Context(c.origin, now))
}
