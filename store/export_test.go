package store

import (
	"context"
	"slices"
	"strconv"
	"time"
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

// FillUsage writes what keys have used: an hour of every day and all of every month, the same each time. The keys belong to a hundred accounts, which are not
// looked for. The days and months are those before end, which is the beginning of one.
func (s *Store) FillUsage(ctx context.Context, keys []string, end time.Time, days, months int) error {
	of := map[series]sums{}
	for i, key := range keys {
		u := Usage{Account: "account" + strconv.Itoa(i%100), Key: key, Model: "m" + strconv.Itoa(i%3), Protocol: "amazon-websocket", Language: "en-US"}
		for _, v := range seriesOf(u) {
			of[v] = of[v].plus(sums{int64(600_000_000 + i), 10, 10, 1})
		}
	}
	starts := map[Period][]int64{}
	for d := range days {
		day := hourOf(end.AddDate(0, 0, -d-1))
		starts[ByDay], starts[ByHour] = append(starts[ByDay], day), append(starts[ByHour], day+12)
	}
	for m := range months {
		starts[ByMonth] = append(starts[ByMonth], hourOf(end.AddDate(0, -m-1, 0)))
	}
	return s.transact(ctx, func(c conn) error {
		wanted := map[series]bool{}
		for v := range of {
			wanted[v] = true
		}
		ids, err := s.number(ctx, c, wanted)
		if err != nil {
			return err
		}
		var slots []slot
		names := make(map[int64]series, len(ids))
		for v, id := range ids {
			names[id] = v
			for p, all := range starts {
				for _, start := range all {
					slots = append(slots, slot{id, p, start})
				}
			}
		}
		slices.SortFunc(slots, slot.compare)
		return inChunks(len(slots), func(from, to int) error {
			args := make([]any, 0, 7*(to-from))
			for _, at := range slots[from:to] {
				v := of[names[at.series]]
				args = append(args, at.series, int64(at.period), at.start, v.audio, v.streams, v.requests, v.errors)
			}
			_, err := c.exec(ctx, "INSERT INTO usage_sums (series, period, start, audio, streams, requests, errors) VALUES "+values(to-from, 7), args...)
			return err
		})
	})
}

// ForgetWide forgets what usage of many keys has been read.
func (s *Store) ForgetWide() { s.wide = newWideCache() }

// Exec changes a row as nobody but a test would.
func (s *Store) Exec(ctx context.Context, query string, args ...any) error {
	return s.transact(ctx, func(c conn) error {
		_, err := c.exec(ctx, query, args...)
		return err
	})
}

// WideRows returns how many rows of usage are kept in memory.
func (s *Store) WideRows() int {
	s.wide.mu.Lock()
	defer s.wide.mu.Unlock()
	return s.wide.held
}
