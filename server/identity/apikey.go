package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

// Grant is what an API key is good for.
type Grant struct {
	Principal auth.Principal
	// What it is good for; nil: everything. Names of models and operations are compared as they are; an origin is
	// scheme://host[:port], and may begin its host with *. for whatever stands there.
	Models, Operations, Origins []string
}

// Permits returns nil if the key is good for what is asked for, and otherwise an [stt.Denied] error that says what it is not good
// for. A key that is bound to some origins is good for no request without one: programs other than browsers send none.
func (g Grant) Permits(operation, model, origin string) error {
	switch {
	case g.Origins != nil && !slices.ContainsFunc(g.Origins, func(allowed string) bool { return sameOrigin(allowed, origin) }):
		return stt.Errorf(stt.Denied, "this API key is not good for requests from this web page, or from none")
	case g.Operations != nil && !slices.Contains(g.Operations, operation):
		return stt.Errorf(stt.Denied, "this API key is not good for the operation %q", operation)
	case g.Models != nil && !slices.Contains(g.Models, model):
		return stt.Errorf(stt.Denied, "this API key is not good for the model %q", model)
	}
	return nil
}

// sameOrigin reports whether an origin is the one that is allowed. Ports that go without saying need not be said.
func sameOrigin(allowed, origin string) bool {
	a, okA := parseOrigin(allowed)
	b, okB := parseOrigin(origin)
	if !okA || !okB || a.Scheme != b.Scheme || a.Port() != b.Port() {
		return false
	}
	if tail, wild := strings.CutPrefix(a.Hostname(), "*."); wild {
		return strings.HasSuffix(b.Hostname(), "."+tail)
	}
	return a.Hostname() == b.Hostname()
}

// parseOrigin takes nothing but an origin: RFC 6454 section 6.1.
func parseOrigin(s string) (*url.URL, bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#") {
		return nil, false
	}
	switch u.Scheme + ":" + u.Port() {
	case "https:":
		u.Host += ":443"
	case "http:":
		u.Host += ":80"
	}
	return u, true
}

// maxToken bounds what is hashed for strangers, in bytes; no key is as long.
const maxToken = 1024

// APIKey returns what an API key is good for, if it is one, not disabled and not expired; otherwise an [stt.Unauthenticated] or
// [stt.Expired] error. An address that has presented too many wrong ones gets an [stt.Quota] error, with the time to wait, in place of
// a look at the store; keys that are known are let in all the same.
func (k *Keys) APIKey(ctx context.Context, token, remote string) (Grant, error) {
	wrong := stt.Errorf(stt.Unauthenticated, "expected an API key of this server; got none, or another")
	if token == "" || len(token) > maxToken {
		return Grant{}, wrong
	}
	hash := sha256.Sum256([]byte(token))
	if k.throttle != nil && k.tokens.entry(hash) == nil {
		if err := k.throttle.Check(remote); err != nil {
			return Grant{}, err
		}
	}
	grant, err := k.grant(ctx, hash)
	if stt.CodeOf(err) == stt.NotFound || stt.CodeOf(err) == stt.Unavailable {
		if p, ok := k.files.checkAPIKey(token); ok {
			return Grant{Principal: p}, nil
		}
	}
	switch stt.CodeOf(err) {
	case stt.NotFound:
		if k.throttle != nil {
			k.throttle.Failed(remote)
		}
		return Grant{}, wrong
	case stt.Unauthenticated:
		return Grant{}, wrong
	}
	return grant, err
}

// grant returns what the key with a hash is good for.
func (k *Keys) grant(ctx context.Context, hash [sha256.Size]byte) (Grant, error) {
	row, err := k.tokens.get(ctx, hash)
	if err != nil {
		return Grant{}, err
	}
	if subtle.ConstantTimeCompare(row.Hash[:], hash[:]) != 1 { // a database that finds something else finds nothing
		return Grant{}, absent()
	}
	account, err := k.accounts.get(ctx, row.Account)
	if err != nil {
		return Grant{}, orphan(err)
	}
	disabled := row.Disabled || account.Disabled
	p := auth.Principal{KeyID: row.ID, Name: row.Name, Account: row.Account, Policies: []policy.Policy{auth.DefaultPolicy()}}
	if row.User != "" {
		user, err := k.users.get(ctx, row.User)
		if err != nil {
			return Grant{}, orphan(err)
		}
		p.User, disabled = user.Name, disabled || user.Disabled
	}
	switch {
	case disabled:
		return Grant{}, stt.Errorf(stt.Unauthenticated, "disabled")
	case !row.Expires.IsZero() && !time.Now().Before(row.Expires):
		return Grant{}, &stt.Error{Code: stt.Expired, Option: "token", Msg: "this API key has expired"}
	}
	return Grant{Principal: p, Models: scope(row.Models), Operations: scope(row.Operations), Origins: scope(row.Origins)}, nil
}

// scope makes an empty list none, and one that nobody else can change.
func scope(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// checkAPIKey reports whether a token is the key of the file, unless the store has taken that over.
func (f *Files) checkAPIKey(token string) (auth.Principal, bool) {
	if f.APIKey == nil {
		return auth.Principal{}, false
	}
	p, err := f.APIKey.Check(token)
	if err != nil || f.Taken != nil && f.Taken(takenName(token)) {
		return auth.Principal{}, false
	}
	if f.Account != "" {
		p.Account = f.Account
	}
	return p, true
}
