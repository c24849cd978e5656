package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// AccessKeys knows access keys. [File] and [Static] are two.
type AccessKeys interface {
	// AccessKey returns the key with an id, exactly as the caller claims it. The result belongs to the receiver. An id that
	// nobody has is an [stt.Unauthenticated] error; any other code says that it could not be found out.
	AccessKey(ctx context.Context, id string) (AccessKey, error)
}

// Static is a fixed set of access keys, id to secret: for tests and for keys that come from a configuration. Its names
// are the ids. It must not be changed once it is in use.
type Static map[string]string

// AccessKey returns the key with an id; see [AccessKeys].
func (s Static) AccessKey(ctx context.Context, id string) (AccessKey, error) {
	if err := ctx.Err(); err != nil {
		return AccessKey{}, stt.AsError(err)
	}
	secret, known := s[id]
	if !known {
		return AccessKey{}, unknownKey(id)
	}
	return AccessKey{ID: id, Name: id, Secrets: []string{secret}}, nil
}

// String says how many keys there are; the secrets do not show.
func (s Static) String() string { return plural(len(s), "access key") }

// Format prints what String returns, whatever the verb.
func (s Static) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText returns the same as String; encoders and package slog use it.
func (s Static) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Authenticate returns who holds the access key with an id, if check finds that one of the key's secrets made the
// caller's signature, and token is the session token that belongs to the key, where one does. Errors of check are returned
// as they are.
//
// An id that nobody has, a key that is disabled and a wrong token are [stt.Unauthenticated] errors; credentials that have
// expired are [stt.Expired] with the option "token". For an id that nobody has check is run all the same, on a secret that
// nobody can have signed with, so that the time taken does not tell which ids exist. check is called at most once.
func Authenticate(ctx context.Context, keys AccessKeys, id, token string, check func(secrets []string) error) (Principal, error) {
	key, err := keys.AccessKey(ctx, id)
	switch {
	case err != nil && stt.CodeOf(err) != stt.Unauthenticated:
		return Principal{}, err
	case err == nil && len(key.Secrets) == 0:
		err = uselessKey(key)
	}
	if err != nil {
		_ = check(Decoy(id).Secrets)
		_ = key.admits(token) // as long as it takes
		return Principal{}, err
	}
	verdict := check(key.Secrets)
	admitted := key.admits(token)
	switch {
	case key.Disabled:
		return Principal{}, uselessKey(key)
	case verdict != nil:
		return Principal{}, verdict
	case !admitted:
		return Principal{}, stt.Errorf(stt.Unauthenticated, "expected the session token that belongs to the access key; got another, or none")
	}
	if err := key.expired(time.Now()); err != nil {
		return Principal{}, err
	}
	return key.Principal(), nil
}

// Renew returns the caller that an access key stands for by now, and its secrets, for a request that goes on after
// [Authenticate] has let it begin. A key that nobody has any more, or that is disabled, is an [stt.Unauthenticated] error; that
// credentials have expired meanwhile is none, because only what begins asks for them.
func Renew(ctx context.Context, keys AccessKeys, id string) (p Principal, secrets []string, err error) {
	key, err := keys.AccessKey(ctx, id)
	switch {
	case err != nil:
		return Principal{}, nil, err
	case key.Disabled || len(key.Secrets) == 0:
		return Principal{}, nil, uselessKey(key)
	}
	return key.Principal(), key.Secrets, nil
}

// admits reports whether a session token is the key's, in a time that does not depend on how much of it is right. With a key that
// has none one is passed over: SDKs send what an old AWS_SESSION_TOKEN in the environment says, and it gives nobody anything.
func (k AccessKey) admits(token string) bool {
	got := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(got[:], k.TokenHash) == 1 || len(k.TokenHash) == 0
}

func (k AccessKey) expired(now time.Time) error {
	if k.Expires.IsZero() || now.Before(k.Expires) {
		return nil
	}
	return &stt.Error{Code: stt.Expired, Option: "token", Msg: "the credentials have expired; fetch new ones"}
}

// Decoy returns a key with an id and a random secret that is never handed out twice. Who cannot use [Authenticate] does
// with it, for an id that nobody has, what would have been done with the real key, and refuses whatever comes of it.
func Decoy(id string) AccessKey { return AccessKey{ID: id, Secrets: []string{newSecret()}} }

// uselessKey is for a key that is there and lets nobody in. Callers are told what they are told of one that is not there; why is the cause,
// for logs.
func uselessKey(key AccessKey) error {
	e := unknownKey(key.ID)
	switch {
	case !key.Disabled:
		e.Err = errors.New("the key has no secret that is still good")
	case key.Why == "":
		e.Err = errors.New(KeyDisabled)
	default:
		e.Err = errors.New(key.Why)
	}
	return e
}

// What can be disabled, as [AccessKey.Why] says it.
const (
	KeyDisabled     = "the key is disabled"
	AccountDisabled = "its account is disabled"
	UserDisabled    = "its user is disabled"
	ParentDisabled  = "the key that it derives from is disabled"
)

// unknownKey does not show an id that is long enough to be a secret pasted in its place.
func unknownKey(id string) *stt.Error {
	const longest = 32
	if len(id) > longest {
		return stt.Errorf(stt.Unauthenticated, "expected an access key id that this server knows; got one of %d characters", len(id))
	}
	return stt.Errorf(stt.Unauthenticated, "expected an access key id that this server knows; got %q", id)
}
