package auth

import (
	"context"
	"fmt"

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
// caller's signature. Errors of check are returned as they are.
//
// An id that nobody has is an [stt.Unauthenticated] error, whatever check says. It is run all the same, on a secret that
// nobody can have signed with, so that the time taken does not tell which ids exist. check is called at most once.
func Authenticate(ctx context.Context, keys AccessKeys, id string, check func(secrets []string) error) (Principal, error) {
	key, err := keys.AccessKey(ctx, id)
	if err != nil {
		if stt.CodeOf(err) == stt.Unauthenticated {
			_ = check(Decoy(id).Secrets)
		}
		return Principal{}, err
	}
	if len(key.Secrets) == 0 {
		_ = check(Decoy(id).Secrets)
		return Principal{}, unknownKey(id)
	}
	if err := check(key.Secrets); err != nil {
		return Principal{}, err
	}
	return key.Principal(), nil
}

// Decoy returns a key with an id and a random secret that is never handed out twice. Who cannot use [Authenticate] does
// with it, for an id that nobody has, what would have been done with the real key, and refuses whatever comes of it.
func Decoy(id string) AccessKey { return AccessKey{ID: id, Secrets: []string{newSecret()}} }

// unknownKey does not show an id that is long enough to be a secret pasted in its place.
func unknownKey(id string) error {
	const longest = 32
	if len(id) > longest {
		return stt.Errorf(stt.Unauthenticated, "expected an access key id that this server knows; got one of %d characters", len(id))
	}
	return stt.Errorf(stt.Unauthenticated, "expected an access key id that this server knows; got %q", id)
}
