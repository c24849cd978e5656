package store

import (
	"context"
	"strconv"
)

// BackupColumns returns all columns that backups have, as "table.column".
func BackupColumns() map[string]bool {
	all := map[string]bool{}
	for _, t := range tables() {
		for _, c := range t.columns {
			all[t.name+"."+c.name] = true
		}
	}
	return all
}

// FillKeys makes n access keys of an account in one transaction, and returns their ids. Their names are "key 0", "key 1" and so on.
func (s *Store) FillKeys(ctx context.Context, account string, n int) (ids []string, err error) {
	m := s.master.Load()
	err = s.transact(ctx, func(c conn) error {
		ids = nil
		return inChunks(n, func(from, to int) error {
			var keys, secrets []any
			for i := from; i < to; i++ {
				id, name := newID(accessKeyPrefix), "key "+strconv.Itoa(i)
				ids = append(ids, id)
				keys = append(keys, id, account, nil, name, searchable(name, id), "", "{}", 1, 0, 0, nil, nil)
				secrets = append(secrets, id, 1, 1, 0, m.seal("secret", secretPlace(id, 1)))
			}
			_, err1 := c.exec(ctx, "INSERT INTO access_keys (id, account_id, user_id, name, search, policy, limits, created, expires, disabled, parent_id, token_hash) VALUES "+
				values(to-from, 12), keys...)
			_, err2 := c.exec(ctx, "INSERT INTO access_key_secrets (key_id, number, created, expires, sealed) VALUES "+values(to-from, 5), secrets...)
			return first(err1, err2)
		})
	})
	return ids, err
}
