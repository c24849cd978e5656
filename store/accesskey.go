package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// AccessKey is a key of clients that sign their requests, as AWS SDKs do. However it is printed, logged or marshalled,
// neither secrets nor the hash of the session token show.
type AccessKey struct {
	ID       string    `json:"id"` // ESHK and 16 of A-Z2-7 where it is made here; 1 to 128 letters, digits and _-.=+@:
	Account  string    `json:"account"`
	User     string    `json:"user,omitempty"` // the id of the user whose it is; empty: the account's
	Name     string    `json:"name"`
	Policy   string    `json:"policy,omitempty"` // JSON; empty: what package auth takes for the default. At most 20480 bytes
	Limits   Limits    `json:"limits"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"` // see Touch
	Disabled bool      `json:"disabled,omitempty"`
	// Parent is the key that temporary credentials derive from: they may do what both may, and go with it.
	Parent string `json:"parent,omitempty"`
	// TokenHash is the SHA-256 of the session token that must come with every request; nil: none.
	TokenHash []byte `json:"-"`
	// Secrets that are good or will be, the newest first. Only CreateAccessKey, AccessKey and RotateAccessKey fill them in.
	Secrets []Secret `json:"-"`
	// OldSecretUntil is until when a secret from before the last rotation is good; zero: none is. AccessKeys does not fill it in.
	OldSecretUntil time.Time `json:"-"`
}

// Secret is what signatures are made with. However it is printed, logged or marshalled, the value does not show.
type Secret struct {
	Value   string    `json:"-"` // 1 to 256 printable ASCII characters
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: as long as the key
}

// KeyFilter chooses keys. Empty fields choose all.
type KeyFilter struct {
	Account string
	User    string
	Parent  string // access keys only: the temporary ones of this key
	// Temporary, for access keys only, is "true" for temporary ones and "false" for the others; empty: all.
	Temporary string
	Text      string // part of the name or the id, whatever the case
	Prefix    string // API keys only: how the key begins
	Page      Page
}

// Use is when a key was used.
type Use struct {
	ID string
	At time.Time
}

// CreateAccessKey makes an access key and returns it as it is kept, with its secret: Secrets[0].Value, or a new one of 40
// characters where there is none. It needs the master key.
func (s *Store) CreateAccessKey(ctx context.Context, by Actor, k AccessKey) (AccessKey, error) {
	k.Created, k.Expires, k.LastUsed = orNow(k.Created, s), rounded(k.Expires), time.Time{}
	if len(k.Secrets) > maxSecrets {
		return AccessKey{}, s.fail("create access key", invalidNumber("secrets", int64(len(k.Secrets)), "at most 5"))
	}
	k.Secrets, k.TokenHash = slices.Clone(k.Secrets), slices.Clone(k.TokenHash)
	if len(k.Secrets) == 0 {
		k.Secrets = []Secret{{Value: random(base64Chars, secretLength)}}
	}
	for i, v := range k.Secrets {
		k.Secrets[i].Created, k.Secrets[i].Expires = orNow(v.Created, s), rounded(v.Expires)
		if until := k.Secrets[i].Expires; i > 0 && until.After(s.now()) && until.After(k.OldSecretUntil) {
			k.OldSecretUntil = until
		}
	}
	err := s.change(ctx, "create access key", by, func(c conn) (AuditEntry, error) {
		if k.ID == "" {
			k.ID = newID(accessKeyPrefix)
		}
		err := first(k.check(), k.checkFamily(ctx, c))
		if err != nil {
			return AuditEntry{}, err
		}
		m, err := s.sealer(ctx, c)
		if err != nil {
			return AuditEntry{}, err
		}
		if err := insertAccessKey(ctx, c, k); err != nil {
			return AuditEntry{}, taken(err, "there is an access key with the id %s already", k.ID)
		}
		for i, v := range k.Secrets {
			if err := insertSecret(ctx, c, m, k.ID, int64(len(k.Secrets)-i), v); err != nil {
				return AuditEntry{}, err
			}
		}
		return entryOf("create", "access-key", k.ID, k.Account, k)
	})
	if err != nil {
		return AccessKey{}, err
	}
	return k, nil
}

// AccessKey returns the key with an id, with all secrets that are good now. It needs the master key.
func (s *Store) AccessKey(ctx context.Context, id string) (AccessKey, error) {
	k, err := s.withSecrets(ctx, s.reader(), id)
	return k, s.fail("access key", err)
}

// DescribeAccessKey returns the key with an id, without secrets; it does without the master key.
func (s *Store) DescribeAccessKey(ctx context.Context, id string) (AccessKey, error) {
	k, err := getAccessKey(ctx, s.reader(), id)
	if err == nil {
		err = s.oldSecret(ctx, s.reader(), &k)
	}
	return k, s.fail("access key", err)
}

// oldSecret fills in until when an old secret is good. Those that are older than the newest end by themselves.
func (s *Store) oldSecret(ctx context.Context, c conn, k *AccessKey) error {
	return c.row(ctx, "SELECT COALESCE(MAX(expires), 0) FROM access_key_secrets WHERE key_id = ? AND expires > ? AND number < (SELECT MAX(number) FROM access_key_secrets WHERE key_id = ?)",
		k.ID, micros(s.now()), k.ID).Scan(timeColumn{&k.OldSecretUntil})
}

// AccessKeys lists access keys by name, without secrets. next is empty on the last page.
func (s *Store) AccessKeys(ctx context.Context, f KeyFilter) (list []AccessKey, next string, err error) {
	var w where
	w.equal("k.parent_id", f.Parent)
	switch f.Temporary {
	case "true":
		w.and("k.parent_id IS NOT NULL")
	case "false":
		w.and("k.parent_id IS NULL")
	}
	most, err := f.conditions(&w)
	if err != nil {
		return nil, "", s.fail("access keys", err)
	}
	list, err = all(ctx, s.reader(), scanAccessKey, selectAccessKey+w.text.String()+" ORDER BY k.name, k.id LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("access keys", err)
	}
	list, next = page(list, most, func(k AccessKey) string { return cursorOf(k.Name, k.ID) })
	return list, next, nil
}

// UpdateAccessKey changes an access key; see [Store.UpdateAccount]. ID, Account, Created, Parent, TokenHash, LastUsed and
// Secrets cannot be changed. The result has no secrets.
func (s *Store) UpdateAccessKey(ctx context.Context, by Actor, id string, change func(*AccessKey) error) (AccessKey, error) {
	var k AccessKey
	err := s.change(ctx, "update access key", by, func(c conn) (AuditEntry, error) {
		before, err := getAccessKey(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		k = before
		k.TokenHash = slices.Clone(before.TokenHash)
		if err := change(&k); err != nil {
			return AuditEntry{}, err
		}
		k.Expires = rounded(k.Expires)
		err = first(fixed("id", k.ID == before.ID), fixed("account", k.Account == before.Account), fixed("created", k.Created.Equal(before.Created)),
			fixed("parent", k.Parent == before.Parent), fixed("token_hash", bytes.Equal(k.TokenHash, before.TokenHash)),
			fixed("last_used", k.LastUsed.Equal(before.LastUsed)), fixed("secrets", len(k.Secrets) == 0), k.check(), checkOwner(ctx, c, k.User, k.Account))
		if err != nil {
			return AuditEntry{}, err
		}
		_, err = c.exec(ctx, "UPDATE access_keys SET user_id = ?, name = ?, search = ?, policy = ?, limits = ?, expires = ?, disabled = ? WHERE id = ?",
			orNull(k.User), k.Name, searchable(k.Name, k.ID), k.Policy, asJSON(k.Limits), micros(k.Expires), truth(k.Disabled), k.ID)
		if err != nil {
			return AuditEntry{}, err
		}
		if err := s.oldSecret(ctx, c, &k); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("update", "access-key", id, k.Account, changed(before, k))
	})
	if err != nil {
		return AccessKey{}, err
	}
	return k, nil
}

// RotateAccessKey gives a key a new secret and returns it with that as Secrets[0]. The older ones stay good for grace, or as
// long as they would have; at most five secrets are kept. It needs the master key.
func (s *Store) RotateAccessKey(ctx context.Context, by Actor, id string, grace time.Duration) (AccessKey, error) {
	if grace < 0 {
		return AccessKey{}, s.fail("rotate access key", invalid("grace", "expected a length of time, 0 or more"))
	}
	var k AccessKey
	err := s.change(ctx, "rotate access key", by, func(c conn) (AuditEntry, error) {
		m, err := s.sealer(ctx, c)
		if err != nil {
			return AuditEntry{}, err
		}
		if k, err = getAccessKey(ctx, c, id); err != nil {
			return AuditEntry{}, err
		}
		now := s.stamp()
		if err := rotate(ctx, c, m, id, Secret{Value: random(base64Chars, secretLength), Created: now}, now.Add(grace)); err != nil {
			return AuditEntry{}, err
		}
		if k, err = s.withSecrets(ctx, c, id); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("rotate", "access-key", id, k.Account, map[string]any{"grace": grace.String()})
	})
	if err != nil {
		return AccessKey{}, err
	}
	return k, nil
}

// DeleteAccessKey removes an access key with the temporary ones that derive from it. Its usage stays.
func (s *Store) DeleteAccessKey(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, "delete access key", by, func(c conn) (AuditEntry, error) {
		k, err := getAccessKey(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		if err := deleteAccessKeys(ctx, c, "id = ? OR parent_id = ?", id, id); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "access-key", id, k.Account, k)
	})
}

// DeleteExpiredKeys removes temporary access keys that expired before a time, and says how many: a thousand at most,
// call again.
func (s *Store) DeleteExpiredKeys(ctx context.Context, by Actor, before time.Time) (int, error) {
	n := 0
	err := s.change(ctx, "delete expired keys", by, func(c conn) (AuditEntry, error) {
		ids, err := all(ctx, c, scanText, "SELECT id FROM access_keys WHERE parent_id IS NOT NULL AND expires < ? ORDER BY expires LIMIT 1000", micros(before))
		if err != nil {
			return AuditEntry{}, err
		}
		if n = len(ids); n == 0 {
			return AuditEntry{}, errNothing
		}
		args := make([]any, n)
		for i, id := range ids {
			args[i] = id
		}
		if err := deleteAccessKeys(ctx, c, "id IN "+values(1, n), args...); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "access-key", "expired", "", map[string]any{"keys": n, "before": before})
	})
	if errors.Is(err, errNothing) {
		return 0, nil
	}
	return n, err
}

// Touch notes when access keys and API keys were last used. An earlier time than the one that is kept changes nothing, nor
// does an id that nobody has. It is made to be called with many at once, now and then: no audit, no new revision.
func (s *Store) Touch(ctx context.Context, uses []Use) error {
	latest := make(map[string]int64, len(uses))
	for _, u := range uses {
		if err := first(checkID("id", u.ID), checkTime("at", u.At)); err != nil {
			return s.fail("touch", err)
		}
		latest[u.ID] = max(latest[u.ID], micros(u.At))
	}
	if len(latest) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(latest)) // in one order, so that two processes do not wait for each other
	return s.fail("touch", s.transact(ctx, func(c conn) error {
		return inChunks(len(ids), func(from, to int) error {
			args := make([]any, 0, 2*(to-from))
			for _, id := range ids[from:to] {
				args = append(args, id, latest[id])
			}
			_, err := c.exec(ctx, "INSERT INTO last_used (id, at) VALUES "+values(to-from, 2)+
				" ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE last_used.at < excluded.at", args...)
			return err
		})
	}))
}
