package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// namesAtOnce is how many names one query returns, as one text.
const namesAtOnce = 5000

// Names returns what accounts and keys, access keys and API keys alike, are called, by their ids. What there is not is left out.
func (s *Store) Names(ctx context.Context, accounts, keys []string) (ofAccounts, ofKeys map[string]string, err error) {
	ofAccounts, ofKeys = map[string]string{}, map[string]string{}
	for _, t := range []struct {
		table string
		ids   []string
		to    map[string]string
	}{{"accounts", accounts, ofAccounts}, {"access_keys", keys, ofKeys}, {"api_keys", keys, ofKeys}} {
		for ids := range slices.Chunk(t.ids, namesAtOnce) {
			if err := namesIn(ctx, s.reader(), t.table, ids, t.to); err != nil {
				return nil, nil, s.fail("names", err)
			}
		}
	}
	return ofAccounts, ofKeys, nil
}

func namesIn(ctx context.Context, c conn, table string, ids []string, to map[string]string) error {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = lookup(id)
	}
	// Neither ids nor names have the end of a line in them.
	var list sql.NullString
	err := c.row(ctx, "SELECT string_agg(concat_ws('\n', id, name), '\n') FROM "+table+" WHERE id IN "+values(1, len(ids)), args...).Scan(&list)
	if err != nil || list.String == "" {
		return err
	}
	for pair := range slices.Chunk(strings.Split(list.String, "\n"), 2) {
		if len(pair) == 2 {
			to[pair[0]] = pair[1]
		}
	}
	return nil
}
