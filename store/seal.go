package store

import (
	"context"
	"strconv"

	"github.com/earshot-stt/earshot/stt"
)

// What is sealed to find out later whether a master key is the right one.
const checkWord = "earshot"

const checkPlace = "store/master_check"

// secretPlace is where the secret of an access key belongs. What was sealed for another key, or for another number, does not open.
func secretPlace(key string, number int64) string {
	return "access_key_secrets/" + key + "/" + strconv.FormatInt(number, 10)
}

// adopt compares the master key with the one that sealed what is in the database. In a new one it leaves its mark.
func (s *Store) adopt(ctx context.Context, m *Master) error {
	if m == nil {
		return nil
	}
	id, check, err := sealedWith(ctx, s.reader())
	if err != nil {
		return err
	}
	if id == "" && s.readOnly {
		return nil // nothing is sealed
	}
	if id == "" {
		if id, check, err = s.mark(ctx, m); err != nil {
			return err
		}
	}
	if err := m.fits(id, check); err != nil {
		return err
	}
	s.master.Store(m)
	return nil
}

// mark makes a master key that of the store, unless another process was faster.
func (s *Store) mark(ctx context.Context, m *Master) (id string, check []byte, err error) {
	err = s.transact(ctx, func(c conn) error {
		if _, err := c.exec(ctx, "UPDATE store SET master = ?, master_check = ? WHERE master = ''", m.id, m.seal(checkWord, checkPlace)); err != nil {
			return err
		}
		id, check, err = sealedWith(ctx, c)
		return err
	})
	return id, check, err
}

// SealedWith returns the id of the master key that the secrets in the store are sealed with; empty: nothing is sealed yet.
func (s *Store) SealedWith(ctx context.Context) (id string, err error) {
	id, _, err = sealedWith(ctx, s.reader())
	return id, s.fail("look at the store", err)
}

func sealedWith(ctx context.Context, c conn) (id string, check []byte, err error) {
	err = c.row(ctx, "SELECT master, master_check FROM store").Scan(&id, &check)
	return id, check, err
}

// fits says whether m sealed the mark of a store.
func (m *Master) fits(id string, check []byte) error {
	text, err := m.open(check, checkPlace)
	if id == m.id && err == nil && text == checkWord {
		return nil
	}
	return &stt.Error{Code: stt.Invalid, Option: "master key", Want: id, Got: m.id,
		Msg: "the master key is not the one that sealed the secrets in this store: expected the key with the id " + id + "; got the key with the id " + m.id}
}

// sealer returns the master key, inside a transaction: another process may have put another one in its place.
func (s *Store) sealer(ctx context.Context, c conn) (*Master, error) {
	m := s.master.Load()
	if m == nil {
		return nil, errNoMaster()
	}
	id, check, err := sealedWith(ctx, c)
	if err != nil {
		return nil, err
	}
	if id != m.id {
		return s.reloaded(m, id, check)
	}
	return m, nil
}

func errNoMaster() error {
	return &stt.Error{Code: stt.Unavailable, Option: "master key", Msg: "secrets of access keys are sealed, and this store was opened without a master key"}
}

func rotated(id string, m *Master) error {
	return &stt.Error{Code: stt.Unavailable, Option: "master key",
		Msg: "the master key has been rotated since this store was opened: expected the key with the id " + id + "; this process has the one with the id " + m.id}
}

// RotateMaster seals everything with a new master key, in one transaction. From then on this Store uses it; other processes
// cannot open secrets until they are started with it, unless they have [Options].Reload. Without the present key it fails.
func (s *Store) RotateMaster(ctx context.Context, by Actor, fresh *Master) error {
	if fresh == nil {
		return s.fail("rotate master key", invalid("master key", "expected a new one"))
	}
	err := s.change(ctx, "rotate master key", by, func(c conn) (AuditEntry, error) {
		m, err := s.sealer(ctx, c)
		if err != nil {
			return AuditEntry{}, err
		}
		n, err := reseal(ctx, c, m, fresh)
		if err != nil {
			return AuditEntry{}, err
		}
		if _, err := c.exec(ctx, "UPDATE store SET master = ?, master_check = ?", fresh.id, fresh.seal(checkWord, checkPlace)); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("rotate", "master-key", fresh.id, "", map[string]any{"from": m.id, "secrets": n})
	})
	if err != nil {
		return err
	}
	s.master.Store(fresh)
	return nil
}

// sealedSecret is a row of access_key_secrets.
type sealedSecret struct {
	key    string
	number int64
	sealed []byte
}

func scanSealed(r scanner) (v sealedSecret, err error) {
	err = r.Scan(&v.key, &v.number, &v.sealed)
	return v, err
}

// reseal opens all secrets with one key and seals them with another, and says how many there were.
func reseal(ctx context.Context, c conn, from, to *Master) (int, error) {
	const atOnce = 500
	after := sealedSecret{}
	for total := 0; ; {
		list, err := all(ctx, c, scanSealed, "SELECT key_id, number, sealed FROM access_key_secrets WHERE (key_id, number) > (?, ?) ORDER BY key_id, number LIMIT ?",
			after.key, after.number, atOnce)
		if err != nil || len(list) == 0 {
			return total, err
		}
		for _, v := range list {
			text, err := from.open(v.sealed, secretPlace(v.key, v.number))
			if err != nil {
				return total, damaged(v.key, err)
			}
			if _, err := c.exec(ctx, "UPDATE access_key_secrets SET sealed = ? WHERE key_id = ? AND number = ?",
				to.seal(text, secretPlace(v.key, v.number)), v.key, v.number); err != nil {
				return total, err
			}
		}
		total += len(list)
		after = list[len(list)-1]
	}
}

func damaged(key string, err error) error {
	return &stt.Error{Code: stt.Unavailable, Msg: "a secret of the access key " + shown(key) + " does not open", Err: err}
}
