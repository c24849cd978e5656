package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"
)

// errNothing ends a change that has nothing to do.
var errNothing = errors.New("nothing to do")

const (
	accessKeyColumns = "k.id, k.account_id, k.user_id, k.name, k.policy, k.limits, k.created, k.expires, u.at, k.disabled, k.parent_id, k.token_hash"
	selectAccessKey  = "SELECT " + accessKeyColumns + " FROM access_keys k LEFT JOIN last_used u ON u.id = k.id"
	selectSecrets    = "SELECT " + accessKeyColumns + ", s.number, s.created, s.expires, s.sealed FROM access_keys k LEFT JOIN last_used u ON u.id = k.id " +
		"LEFT JOIN access_key_secrets s ON s.key_id = k.id WHERE k.id = ? ORDER BY s.number DESC"
)

func (k *AccessKey) dest() []any {
	return []any{&k.ID, &k.Account, nullText{&k.User}, &k.Name, &k.Policy, jsonColumn{&k.Limits}, timeColumn{&k.Created}, timeColumn{&k.Expires},
		timeColumn{&k.LastUsed}, &k.Disabled, nullText{&k.Parent}, &k.TokenHash}
}

func scanAccessKey(r scanner) (k AccessKey, err error) {
	err = r.Scan(k.dest()...)
	return k, err
}

func scanText(r scanner) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

func getAccessKey(ctx context.Context, c conn, id string) (AccessKey, error) {
	return one(c.row(ctx, selectAccessKey+" WHERE k.id = ?", lookup(id)), scanAccessKey, "access key", id)
}

// keySecret is a key with one of its secrets, if it has any.
type keySecret struct {
	key    AccessKey
	secret Secret
	number sql.NullInt64
	sealed []byte
}

func scanKeySecret(r scanner) (v keySecret, err error) {
	err = r.Scan(append(v.key.dest(), &v.number, timeColumn{&v.secret.Created}, timeColumn{&v.secret.Expires}, &v.sealed)...)
	return v, err
}

// withSecrets returns a key with the secrets that are good now.
func (s *Store) withSecrets(ctx context.Context, c conn, id string) (AccessKey, error) {
	m := s.master.Load()
	if m == nil {
		return AccessKey{}, errNoMaster()
	}
	k, shut, err := s.opened(ctx, c, m, id)
	if shut == nil {
		return k, err
	}
	fresh, err := s.sealer(ctx, c) // another process may have rotated the master key meanwhile
	if err != nil {
		return AccessKey{}, err
	}
	if fresh == m {
		return AccessKey{}, damaged(id, shut)
	}
	k, shut, err = s.opened(ctx, c, fresh, id)
	if shut != nil {
		return AccessKey{}, damaged(id, shut)
	}
	return k, err
}

// opened returns a key with its secrets, opened with m; shut says that one does not open. It is one query: a key and the secrets of another
// moment do not go together.
func (s *Store) opened(ctx context.Context, c conn, m *Master, id string) (k AccessKey, shut, err error) {
	rows, err := all(ctx, c, scanKeySecret, selectSecrets, lookup(id))
	if err != nil {
		return AccessKey{}, nil, err
	}
	if len(rows) == 0 {
		return AccessKey{}, nil, missing(sql.ErrNoRows, "access key", id)
	}
	k = rows[0].key
	now := s.now()
	for _, v := range rows {
		if !v.number.Valid || !v.secret.Expires.IsZero() && !now.Before(v.secret.Expires) {
			continue
		}
		if v.secret.Value, err = m.open(v.sealed, secretPlace(k.ID, v.number.Int64)); err != nil {
			return AccessKey{}, err, nil
		}
		if len(k.Secrets) > 0 && v.secret.Expires.After(k.OldSecretUntil) {
			k.OldSecretUntil = v.secret.Expires
		}
		k.Secrets = append(k.Secrets, v.secret)
	}
	return k, nil, nil
}

func insertAccessKey(ctx context.Context, c conn, k AccessKey) error {
	var token any // NULL
	if len(k.TokenHash) > 0 {
		token = k.TokenHash
	}
	_, err := c.exec(ctx, "INSERT INTO access_keys (id, account_id, user_id, name, search, policy, limits, created, expires, disabled, parent_id, token_hash) VALUES "+
		values(1, 12), k.ID, k.Account, orNull(k.User), k.Name, searchable(k.Name, k.ID), k.Policy, asJSON(k.Limits), micros(k.Created), micros(k.Expires),
		truth(k.Disabled), orNull(k.Parent), token)
	return err
}

func insertSecret(ctx context.Context, c conn, m *Master, key string, number int64, v Secret) error {
	_, err := c.exec(ctx, "INSERT INTO access_key_secrets (key_id, number, created, expires, sealed) VALUES "+values(1, 5),
		key, number, micros(v.Created), micros(v.Expires), m.seal(v.Value, secretPlace(key, number)))
	return err
}

// rotate adds a secret. Those that there are end at a time, unless they end before, and what has ended goes.
func rotate(ctx context.Context, c conn, m *Master, key string, fresh Secret, until time.Time) error {
	var newest int64
	if err := c.row(ctx, "SELECT COALESCE(MAX(number), 0) FROM access_key_secrets WHERE key_id = ?", key).Scan(&newest); err != nil {
		return err
	}
	now := micros(fresh.Created)
	_, err1 := c.exec(ctx, "UPDATE access_key_secrets SET expires = ? WHERE key_id = ? AND (expires = 0 OR expires > ?)", micros(until), key, micros(until))
	_, err2 := c.exec(ctx, "DELETE FROM access_key_secrets WHERE key_id = ? AND (expires <> 0 AND expires <= ? OR number <= ?)", key, now, newest+1-maxSecrets)
	return first(err1, err2, insertSecret(ctx, c, m, key, newest+1, fresh))
}

// deleteAccessKeys deletes keys with what hangs on them.
func deleteAccessKeys(ctx context.Context, c conn, condition string, args ...any) error {
	_, err1 := c.exec(ctx, "DELETE FROM last_used WHERE id IN (SELECT id FROM access_keys WHERE "+condition+")", args...)
	_, err2 := c.exec(ctx, "DELETE FROM access_keys WHERE "+condition, args...) // secrets and temporary keys go with it
	return first(err1, err2)
}

func (k AccessKey) check() error {
	err := first(checkID("id", k.ID), checkDigits("account", k.Account), checkOptional("user", k.User), checkName("name", k.Name, maxName),
		checkText("policy", k.Policy, maxPolicy), k.Limits.check(), checkTime("created", k.Created), checkTime("expires", k.Expires), checkOptional("parent", k.Parent))
	switch {
	case err != nil:
		return err
	case len(k.TokenHash) != 0 && len(k.TokenHash) != sha256.Size:
		return invalidNumber("token_hash", int64(len(k.TokenHash)), "32 bytes")
	case k.Parent != "" && (len(k.TokenHash) == 0 || k.Expires.IsZero()):
		return invalid("parent", "expected temporary credentials to have a session token and an end")
	}
	for _, v := range k.Secrets {
		if err := v.check(); err != nil {
			return err
		}
	}
	return nil
}

func (v Secret) check() error {
	if v.Value == "" || len(v.Value) > maxItem {
		return invalidNumber("secret", int64(len(v.Value)), "1 to 256 characters")
	}
	for i := range len(v.Value) {
		if v.Value[i] <= ' ' || v.Value[i] > '~' {
			return invalid("secret", "expected printable ASCII characters without spaces")
		}
	}
	return first(checkTime("secret.created", v.Created), checkTime("secret.expires", v.Expires))
}

// checkFamily looks at the account, the user and the parent of a new key.
func (k AccessKey) checkFamily(ctx context.Context, c conn) error {
	if _, err := getAccount(ctx, c, k.Account); err != nil {
		return err
	}
	if err := checkOwner(ctx, c, k.User, k.Account); err != nil {
		return err
	}
	if k.Parent == "" {
		return nil
	}
	parent, err := getAccessKey(ctx, c, k.Parent)
	if err != nil {
		return err
	}
	return k.checkParent(parent)
}

func (k AccessKey) checkParent(parent AccessKey) error {
	switch {
	case parent.Account != k.Account:
		return invalid("parent", "expected a key of the account %s", k.Account)
	case parent.Parent != "":
		return invalid("parent", "expected a key that is not temporary itself")
	}
	return nil
}

// conditions adds those of a list of keys, whose table is called k, and returns how long a page is.
func (f KeyFilter) conditions(w *where) (int, error) {
	w.equal("k.account_id", f.Account)
	w.equal("k.user_id", f.User)
	most, err := f.Page.limit()
	return most, first(err, checkText("account", f.Account, maxText), checkText("user", f.User, maxText), checkText("parent", f.Parent, maxText),
		checkText("prefix", f.Prefix, maxText), w.contains("k.search", f.Text), w.after(f.Page.After, "k.name", "k.id"))
}
