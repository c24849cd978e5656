package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/store"
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
// for. Without a model it is asked about what no model is needed for. A key that is bound to some origins is good for no request without one: programs other than browsers send none.
func (g Grant) Permits(operation, model, origin string) error {
	switch {
	case g.Origins != nil && !slices.ContainsFunc(g.Origins, func(allowed string) bool { return sameOrigin(allowed, origin) }):
		return stt.Errorf(stt.Denied, "this API key is not good for requests from this web page, or from none")
	case g.Operations != nil && !slices.Contains(g.Operations, operation):
		return stt.Errorf(stt.Denied, "this API key is not good for the operation %q", operation)
	case g.Models != nil && model != "" && !slices.Contains(g.Models, model):
		return stt.Errorf(stt.Denied, "this API key is not good for the model %q", model)
	}
	return nil
}

// sameOrigin reports whether an origin is the one that is allowed. Ports that go without saying need not be said.
func sameOrigin(allowed, origin string) bool {
	a, okA := auth.ParseOrigin(allowed)
	b, okB := auth.ParseOrigin(origin)
	if !okA || !okB || a.Scheme != b.Scheme || a.Port() != b.Port() {
		return false
	}
	if tail, wild := strings.CutPrefix(a.Hostname(), "*."); wild {
		return strings.HasSuffix(b.Hostname(), "."+tail)
	}
	return a.Hostname() == b.Hostname()
}

// maxToken bounds what is hashed for strangers, in bytes; no key is as long.
const maxToken = 1024

// APIKey returns what an API key is good for, if it is one, not disabled and not expired; otherwise an [stt.Unauthenticated] or
// [stt.Expired] error, or for a ticket whose key's policies do not let it stream from there a [stt.Denied] one. Where an address has presented too many wrong ones, another wrong one is an [stt.Quota] error with the time to
// wait, and the store is asked for few such addresses at a time: who has a good key is let in, whoever else sits behind his address.
func (k *Keys) APIKey(ctx context.Context, token string, from auth.Origin) (Grant, error) {
	g, err := k.apiKey(ctx, token, from)
	if err == nil {
		k.Used(g.Principal.KeyID)
		if g.Principal.Parent != "" { // of a ticket
			k.Used(g.Principal.Parent)
		}
	}
	return g, err
}

func (k *Keys) apiKey(ctx context.Context, token string, from auth.Origin) (Grant, error) {
	remote := from.Remote
	wrong := stt.Errorf(stt.Unauthenticated, "expected an API key of this server; got none, or another")
	if token == "" || len(token) > maxToken {
		return Grant{}, wrong
	}
	if t, ok := auth.ParseTicket(token); ok {
		return k.ticket(ctx, t, from)
	}
	hash := sha256.Sum256([]byte(token))
	looked, slow := k.doubt(ctx, remote, k.tokens.entry(hash) != nil)
	if slow != nil {
		return Grant{}, slow
	}
	defer looked()
	grant, err := k.grant(ctx, hash)
	if stt.CodeOf(err) == stt.NotFound || stt.CodeOf(err) == stt.Unavailable {
		if p, ok := k.files.checkAPIKey(token); ok {
			return Grant{Principal: p}, nil
		}
	}
	switch stt.CodeOf(err) {
	case stt.NotFound:
		return Grant{}, k.guessed(remote, wrong)
	case stt.Unauthenticated:
		wrong.Err = stt.AsError(err).Err // for the log
		return Grant{}, wrong
	}
	return grant, err
}

// doubt takes a place for a query about what is not known, where it comes from an address that has presented too many wrong ones; the error says that there
// is none, and looked gives it back.
func (k *Keys) doubt(ctx context.Context, remote string, known bool) (looked func(), err error) {
	if k.throttle == nil || known {
		return func() {}, nil
	}
	slow := k.throttle.Check(remote)
	switch {
	case slow == nil:
		return func() {}, nil
	case !k.doubted.take(ctx):
		return nil, slow
	}
	return k.doubted.give, nil
}

// guessed counts what was wrong, and returns wrong, or that too many were.
func (k *Keys) guessed(remote string, wrong error) error {
	if k.throttle == nil {
		return wrong
	}
	slow := k.throttle.Check(remote)
	k.throttle.Failed(remote)
	return cmp.Or(slow, wrong)
}

// places are what a bounded number of requests may do at a time.
type places chan struct{}

// take takes a place, for which it waits for as long as a query may take. It reports whether there was one.
func (p places) take(ctx context.Context) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case p <- struct{}{}:
		return true
	case <-late.C:
	case <-ctx.Done():
	}
	return false
}

func (p places) give() { <-p }

// TicketOperation is what tickets are good for: a stream of Speechall's. The policies of the key that a ticket was made with must allow
// ticketAction, which is what the console's pages do by Amazon's protocol.
const (
	TicketOperation = "stream"
	ticketAction    = auth.Service + "StartStreamTranscriptionWebSocket"
)

// ticket returns what a ticket is good for: streams, in the name of the access key that it was made with, which must be one of the console's. Who
// has any other key signs requests with it, and has a session token and an address that ends where those are asked for.
func (k *Keys) ticket(ctx context.Context, t auth.Ticket, from auth.Origin) (Grant, error) {
	looked, err := k.doubt(ctx, from.Remote, k.access.entry(t.Key) != nil)
	if err != nil {
		return Grant{}, err
	}
	defer looked()
	a, err := k.access.get(ctx, t.Key)
	if err != nil && stt.CodeOf(err) != stt.NotFound {
		return Grant{}, err
	}
	key := auth.Decoy(t.Key)
	if err == nil {
		key = a.at(time.Now())
	}
	now := time.Now()
	switch signed := t.Signed(key.Secrets); {
	case err != nil, !signed, key.Disabled, key.Parent != auth.ConsoleKey+key.Account, t.Expires.After(now.Add(auth.LongestTicket)):
		wrong := stt.Errorf(stt.Unauthenticated, "expected an API key of this server; got none, or another")
		if signed && key.Disabled {
			wrong.Err = errors.New(key.Why) // for the log
		}
		return Grant{}, k.guessed(from.Remote, wrong)
	case !now.Before(t.Expires), !key.Expires.IsZero() && !now.Before(key.Expires):
		return Grant{}, &stt.Error{Code: stt.Expired, Option: "token", Msg: "this ticket has expired; get another one"}
	}
	g := Grant{Principal: key.Principal(), Operations: []string{TicketOperation}}
	if err := auth.Authorize(g.Principal, ticketAction, "*", g.Principal.Context(from, now)); err != nil {
		return Grant{}, err
	}
	if t.Origin != "" {
		g.Origins = []string{t.Origin}
	}
	return g, nil
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
	return k.allows(ctx, row)
}

// allows returns what the API key of a row is good for; Unauthenticated: it is disabled.
func (k *Keys) allows(ctx context.Context, row *store.APIKey) (Grant, error) {
	account, err := k.accounts.get(ctx, row.Account)
	if err != nil {
		return Grant{}, orphan(err)
	}
	var holder auth.AccessKey // what is disabled of it
	disable(&holder, row.Disabled, auth.KeyDisabled)
	disable(&holder, account.Disabled, auth.AccountDisabled)
	p := auth.Principal{KeyID: row.ID, Name: row.Name, Account: row.Account, Policies: []policy.Policy{auth.DefaultPolicy()}}
	if row.User != "" {
		user, err := k.users.get(ctx, row.User)
		if err != nil {
			return Grant{}, orphan(err)
		}
		p.User = user.Name
		disable(&holder, user.Disabled, auth.UserDisabled)
	}
	switch {
	case holder.Disabled:
		return Grant{}, &stt.Error{Code: stt.Unauthenticated, Msg: "disabled", Err: errors.New(holder.Why)}
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
