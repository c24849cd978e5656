package store

import (
	"context"
	"slices"
	"time"
)

// APIKey is a key that is sent as it is, in a header. It is kept as a hash: however it is printed, logged or marshalled, the
// hash does not show.
type APIKey struct {
	ID       string    `json:"id"` // made by CreateAPIKey where it is empty; not part of the key
	Account  string    `json:"account"`
	User     string    `json:"user,omitempty"`
	Name     string    `json:"name"`
	Prefix   string    `json:"prefix"` // how the key begins, for people who look for it: "esk_" and 8 more
	Hash     [32]byte  `json:"-"`      // SHA-256 of the key
	Limits   Limits    `json:"limits"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"`
	Disabled bool      `json:"disabled,omitempty"`
	// What it is good for; empty: everything. At most 100 each, of 1 to 256 characters.
	Models     []string `json:"models,omitempty"`
	Operations []string `json:"operations,omitempty"`
	Origins    []string `json:"origins,omitempty"` // of web pages
}

// CreateAPIKey makes an API key and returns it, with the token that the client sends: it cannot be found out again. Where
// Hash is set (a key that existed before), Prefix must be too, and token is empty.
func (s *Store) CreateAPIKey(ctx context.Context, by Actor, k APIKey) (key APIKey, token string, err error) {
	k.Created, k.Expires, k.LastUsed = orNow(k.Created, s), rounded(k.Expires), time.Time{}
	if k.Hash == ([32]byte{}) {
		token, k.Hash = newToken(apiKeyPrefix)
		k.Prefix = token[:apiKeyPrefixSize]
	}
	err = s.change(ctx, "create API key", by, func(c conn) (AuditEntry, error) {
		if k.ID == "" {
			k.ID = newID(apiKeyIDPrefix)
		}
		if err := k.check(); err != nil {
			return AuditEntry{}, err
		}
		if _, err := getAccount(ctx, c, k.Account); err != nil {
			return AuditEntry{}, err
		}
		if err := checkOwner(ctx, c, k.User, k.Account); err != nil {
			return AuditEntry{}, err
		}
		_, err := c.exec(ctx, "INSERT INTO api_keys (id, account_id, user_id, name, search, prefix, hash, limits, created, expires, disabled, models, operations, origins) VALUES "+
			values(1, 14), k.ID, k.Account, orNull(k.User), k.Name, searchable(k.Name, k.ID), k.Prefix, k.Hash[:], asJSON(k.Limits), micros(k.Created), micros(k.Expires),
			truth(k.Disabled), asJSON(k.Models), asJSON(k.Operations), asJSON(k.Origins))
		if err != nil {
			return AuditEntry{}, taken(err, "there is an API key with the id %s, or the same key, already", k.ID)
		}
		return entryOf("create", "api-key", k.ID, k.Account, k)
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return k, token, nil
}

// APIKeyByHash returns the key whose token has this SHA-256.
func (s *Store) APIKeyByHash(ctx context.Context, hash [32]byte) (APIKey, error) {
	k, err := one(s.reader().row(ctx, selectAPIKey+" WHERE k.hash = ?", hash[:]), scanAPIKey, "API key", "of that kind")
	return k, s.fail("API key", err)
}

// APIKey returns the key with an id.
func (s *Store) APIKey(ctx context.Context, id string) (APIKey, error) {
	k, err := getAPIKey(ctx, s.reader(), id)
	return k, s.fail("API key", err)
}

// APIKeys lists API keys by name. next is empty on the last page.
func (s *Store) APIKeys(ctx context.Context, f KeyFilter) (list []APIKey, next string, err error) {
	var w where
	if f.Prefix != "" {
		w.and("k.prefix >= ? AND k.prefix < ?", f.Prefix, f.Prefix+"\U0010ffff")
	}
	most, err := f.conditions(&w)
	if err != nil {
		return nil, "", s.fail("API keys", err)
	}
	list, err = all(ctx, s.reader(), scanAPIKey, selectAPIKey+w.text.String()+" ORDER BY k.name, k.id LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("API keys", err)
	}
	list, next = page(list, most, func(k APIKey) string { return cursorOf(k.Name, k.ID) })
	return list, next, nil
}

// UpdateAPIKey changes an API key; see [Store.UpdateAccount]. ID, Account, Prefix, Hash, Created and LastUsed cannot be changed.
func (s *Store) UpdateAPIKey(ctx context.Context, by Actor, id string, change func(*APIKey) error) (APIKey, error) {
	var k APIKey
	err := s.change(ctx, "update API key", by, func(c conn) (AuditEntry, error) {
		before, err := getAPIKey(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		k = before
		k.Models, k.Operations, k.Origins = slices.Clone(k.Models), slices.Clone(k.Operations), slices.Clone(k.Origins)
		if err := change(&k); err != nil {
			return AuditEntry{}, err
		}
		k.Expires = rounded(k.Expires)
		err = first(fixed("id", k.ID == before.ID), fixed("account", k.Account == before.Account), fixed("prefix", k.Prefix == before.Prefix),
			fixed("hash", k.Hash == before.Hash), fixed("created", k.Created.Equal(before.Created)), fixed("last_used", k.LastUsed.Equal(before.LastUsed)),
			k.check(), checkOwner(ctx, c, k.User, k.Account))
		if err != nil {
			return AuditEntry{}, err
		}
		_, err = c.exec(ctx, "UPDATE api_keys SET user_id = ?, name = ?, search = ?, limits = ?, expires = ?, disabled = ?, models = ?, operations = ?, origins = ? WHERE id = ?",
			orNull(k.User), k.Name, searchable(k.Name, k.ID), asJSON(k.Limits), micros(k.Expires), truth(k.Disabled), asJSON(k.Models), asJSON(k.Operations), asJSON(k.Origins), k.ID)
		if err != nil {
			return AuditEntry{}, err
		}
		return entryOf("update", "api-key", id, k.Account, changed(before, k))
	})
	if err != nil {
		return APIKey{}, err
	}
	return k, nil
}

// DeleteAPIKey removes an API key. Its usage stays.
func (s *Store) DeleteAPIKey(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, "delete API key", by, func(c conn) (AuditEntry, error) {
		k, err := getAPIKey(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		_, err1 := c.exec(ctx, "DELETE FROM last_used WHERE id = ?", id)
		_, err2 := c.exec(ctx, "DELETE FROM api_keys WHERE id = ?", id)
		if err := first(err1, err2); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "api-key", id, k.Account, k)
	})
}

const selectAPIKey = "SELECT k.id, k.account_id, k.user_id, k.name, k.prefix, k.hash, k.limits, k.created, k.expires, u.at, k.disabled, k.models, k.operations, k.origins " +
	"FROM api_keys k LEFT JOIN last_used u ON u.id = k.id"

func scanAPIKey(r scanner) (k APIKey, err error) {
	err = r.Scan(&k.ID, &k.Account, nullText{&k.User}, &k.Name, &k.Prefix, hashColumn{&k.Hash}, jsonColumn{&k.Limits}, timeColumn{&k.Created}, timeColumn{&k.Expires},
		timeColumn{&k.LastUsed}, &k.Disabled, jsonColumn{&k.Models}, jsonColumn{&k.Operations}, jsonColumn{&k.Origins})
	return k, err
}

func getAPIKey(ctx context.Context, c conn, id string) (APIKey, error) {
	return one(c.row(ctx, selectAPIKey+" WHERE k.id = ?", lookup(id)), scanAPIKey, "API key", id)
}

func (k APIKey) check() error {
	return first(checkID("id", k.ID), checkDigits("account", k.Account), checkOptional("user", k.User), checkName("name", k.Name, maxName),
		checkName("prefix", k.Prefix, 32), k.Limits.check(), checkTime("created", k.Created), checkTime("expires", k.Expires),
		checkList("models", k.Models), checkList("operations", k.Operations), checkList("origins", k.Origins))
}
