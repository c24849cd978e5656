package identity

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// access is an access key as package auth sees it, and what changes with time by itself. It is not changed.
type access struct {
	key     auth.AccessKey // without Secrets
	secrets []store.Secret
	limits  store.Limits
}

// AccessKey returns the key with an id; see [auth.AccessKeys]. A key whose account, user or parent is disabled is.
func (k *Keys) AccessKey(ctx context.Context, id string) (auth.AccessKey, error) {
	if err := ctx.Err(); err != nil {
		return auth.AccessKey{}, stt.AsError(err)
	}
	a, err := k.access.get(ctx, id)
	switch {
	case err == nil:
		return a.at(time.Now()), nil
	case stt.CodeOf(err) == stt.NotFound:
		return k.files.accessKey(ctx, id)
	case stt.CodeOf(err) == stt.Unavailable && k.files.decides(id):
		if key, fileErr := k.files.accessKey(ctx, id); fileErr == nil {
			return key, nil
		}
	}
	return auth.AccessKey{}, err // which does not say that nobody has the key: the store may
}

// at returns the key with the secrets that are good at a time.
func (a *access) at(now time.Time) auth.AccessKey {
	key := a.key
	key.Secrets = make([]string, 0, len(a.secrets))
	for i := range a.secrets {
		if s := &a.secrets[i]; s.Expires.IsZero() || now.Before(s.Expires) {
			key.Secrets = append(key.Secrets, s.Value)
		}
	}
	return key
}

// decides reports whether a key that is in the files is good, whatever the store has.
func (f *Files) decides(id string) bool { return f.Keys != nil && f.Taken != nil && !f.Taken(id) }

// accessKey returns a key of the files, but none that the store has taken over: there it was deleted since.
func (f *Files) accessKey(ctx context.Context, id string) (auth.AccessKey, error) {
	if f.Keys == nil || f.Taken != nil && f.Taken(id) {
		return auth.Static{}.AccessKey(ctx, id)
	}
	key, err := f.Keys.AccessKey(ctx, id)
	if err == nil && f.Account != "" {
		key.Account = f.Account
	}
	return key, err
}

// loadAccess reads an access key with all that says whether it is good: its account, its user, and the key that it derives from.
func (k *Keys) loadAccess(ctx context.Context, id string) (*access, error) {
	row, err := k.db.AccessKey(ctx, id)
	if err != nil {
		return nil, err
	}
	account, err := k.accounts.strict(ctx, row.Account)
	if err != nil {
		return nil, orphan(err)
	}
	a := &access{limits: row.Limits, secrets: slices.Clone(row.Secrets), key: auth.AccessKey{ID: row.ID, Name: row.Name, Account: row.Account,
		Expires: row.Expires, TokenHash: row.TokenHash}}
	disable(&a.key, row.Disabled, auth.KeyDisabled)
	disable(&a.key, account.Disabled, auth.AccountDisabled)
	if row.User != "" {
		user, err := k.users.strict(ctx, row.User)
		if err != nil {
			return nil, orphan(err)
		}
		a.key.User = user.Name
		disable(&a.key, user.Disabled, auth.UserDisabled)
	}
	if row.Policy != "" {
		a.key.Policies = []policy.Policy{k.readPolicy(row)}
	}
	if row.Parent != "" {
		return a, k.derive(ctx, a, row)
	}
	return a, nil
}

// derive makes a key what temporary credentials are: what both it and its parent may, and no longer than either.
func (k *Keys) derive(ctx context.Context, a *access, row store.AccessKey) error {
	if row.Parent == row.ID {
		return &stt.Error{Code: stt.Internal, Op: "look up", Msg: "a key derives from itself"}
	}
	parent, err := k.access.strict(ctx, row.Parent)
	if err != nil {
		return orphan(err)
	}
	own := &a.key
	own.Parent, own.Issued = row.Parent, row.Created
	if own.User == "" {
		own.User = parent.key.User
	}
	why := parent.key.Why
	if why == auth.KeyDisabled {
		why = auth.ParentDisabled
	}
	disable(own, parent.key.Disabled, why)
	disable(own, parent.key.Parent != "", "the key that it derives from is temporary itself") // such make no others
	if p := parent.key.Expires; !p.IsZero() && (own.Expires.IsZero() || p.Before(own.Expires)) {
		own.Expires = p
	}
	inherited := parent.key.Policies
	if inherited == nil {
		inherited = []policy.Policy{auth.DefaultPolicy()}
	}
	own.Policies = append(slices.Clip(own.Policies), inherited...)
	return nil
}

// disable makes a key one that is refused, and notes why, where it is to be and is not yet.
func disable(k *auth.AccessKey, is bool, why string) {
	if is && !k.Disabled {
		k.Disabled, k.Why = true, why
	}
}

// orphan is for a row that another one needs: without it the key is not found either.
func orphan(err error) error {
	if stt.CodeOf(err) == stt.NotFound {
		return absent()
	}
	return err
}

// readPolicy returns a key's policy; one that cannot be read allows nothing.
func (k *Keys) readPolicy(row store.AccessKey) policy.Policy {
	p, err := policy.Parse([]byte(row.Policy))
	if err != nil {
		k.log.Error("a policy cannot be read; the key may do nothing", slog.String("key", row.ID), slog.Any("error", err))
	}
	return p
}
