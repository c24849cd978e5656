package admin

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Derivation is what temporary credentials are made of.
type Derivation struct {
	Key    string // the access key that they derive from
	Name   string // empty: that of the key
	Policy string // what they may at most; empty: what the key may
	TTL    time.Duration
	Now    time.Time
}

// Derive makes temporary credentials: an access key with a secret, a session token that must come with every request, and
// an end. They have the limits of their parent, and they end with it at the latest. It needs the master key.
//
// Errors are those of the store, and Conflict where the parent is temporary itself, disabled or expired.
func Derive(ctx context.Context, s *store.Store, by store.Actor, d Derivation) (key store.AccessKey, token string, err error) {
	parent, err := s.DescribeAccessKey(ctx, d.Key)
	if err != nil {
		return store.AccessKey{}, "", err
	}
	switch {
	case parent.Parent != "":
		return store.AccessKey{}, "", stt.Errorf(stt.Conflict, "%q is temporary itself; derive from %q", parent.ID, parent.Parent)
	case parent.Disabled:
		return store.AccessKey{}, "", stt.Errorf(stt.Conflict, "%q is disabled; enable it first", parent.ID)
	case !parent.Expires.IsZero() && !parent.Expires.After(d.Now):
		return store.AccessKey{}, "", stt.Errorf(stt.Conflict, "%q has expired", parent.ID)
	}
	expires := d.Now.Add(d.TTL)
	if !parent.Expires.IsZero() && parent.Expires.Before(expires) {
		expires = parent.Expires
	}
	name := d.Name
	if name == "" {
		name = parent.Name
	}
	token, hash := sessionToken()
	key, err = s.CreateAccessKey(ctx, by, store.AccessKey{Account: parent.Account, User: parent.User, Name: name, Policy: d.Policy,
		Limits: parent.Limits, Expires: expires, Parent: parent.ID, TokenHash: hash})
	return key, token, err
}
