package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
)

// Usage is summed up in series: for the whole server, for each account, and for each key, each by model, protocol and language. Whoever asks
// about the server need not add up all keys. A series has a number, so that the sums, of which there are many, stay small.

// Levels of series.
const (
	levelServer int64 = iota
	levelAccount
	levelKey
)

// series is what a sum is of. What its level leaves out is empty.
type series struct {
	level                                   int64
	account, key, model, protocol, language string
}

// seriesOf returns the series that usage counts for.
func seriesOf(u Usage) [3]series {
	key := series{levelKey, u.Account, u.Key, u.Model, u.Protocol, u.Language}
	account, server := key, key
	account.level, account.key = levelAccount, ""
	server.level, server.key, server.account = levelServer, "", ""
	return [3]series{server, account, key}
}

// name is the series as one text, the only one for it.
func (v series) name() string {
	text, err := json.Marshal([]any{v.level, v.account, v.key, v.model, v.protocol, v.language})
	if err != nil {
		return "" // numbers and strings marshal
	}
	return string(text)
}

// seriesCache knows numbers of series, which never change. It is bounded: when it is full it begins anew.
type seriesCache struct {
	mu  sync.Mutex
	ids map[series]int64 // guarded by mu
}

const maxSeriesCached = 100_000

func newSeriesCache() *seriesCache { return &seriesCache{ids: map[series]int64{}} }

// find returns those of the series that are known.
func (c *seriesCache) find(wanted map[series]bool) map[series]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := make(map[series]int64, len(wanted))
	for v := range wanted {
		if id, known := c.ids[v]; known {
			found[v] = id
		}
	}
	return found
}

// add is for numbers that are in the database for good: those of a transaction that was committed.
func (c *seriesCache) add(ids map[series]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids)+len(ids) > maxSeriesCached {
		clear(c.ids)
	}
	maps.Copy(c.ids, ids)
}

// number returns the numbers of series, giving some to those that are new.
func (s *Store) number(ctx context.Context, c conn, wanted map[series]bool) (map[series]int64, error) {
	ids := s.series.find(wanted)
	byName := map[string]series{}
	for v := range wanted {
		if _, known := ids[v]; !known {
			byName[v.name()] = v
		}
	}
	if err := findSeries(ctx, c, byName, ids); err != nil || len(byName) == 0 {
		return ids, err
	}
	// Some are new. From here on no other process gives numbers until this transaction has ended; it may have given some until now.
	var last int64
	if err := c.row(ctx, "UPDATE store SET series = series + ? RETURNING series", len(byName)).Scan(&last); err != nil {
		return nil, err
	}
	next := last - int64(len(byName)) + 1
	if err := findSeries(ctx, c, byName, ids); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(byName))
	err := inChunks(len(names), func(from, to int) error {
		args := make([]any, 0, 8*(to-from))
		for _, name := range names[from:to] {
			v := byName[name]
			args = append(args, next, name, v.level, v.account, v.key, v.model, v.protocol, v.language)
			ids[v] = next
			next++
		}
		_, err := c.exec(ctx, "INSERT INTO usage_series (id, name, level, account_id, key_id, model, protocol, language) VALUES "+values(to-from, 8), args...)
		return err
	})
	return ids, err
}

// findSeries looks for series by name and moves those that it finds from one map to the other.
func findSeries(ctx context.Context, c conn, byName map[string]series, ids map[series]int64) error {
	names := slices.Sorted(maps.Keys(byName))
	return inChunks(len(names), func(from, to int) error {
		args := make([]any, 0, to-from)
		for _, name := range names[from:to] {
			args = append(args, name)
		}
		rows, err := all(ctx, c, scanNumbered, "SELECT id, name FROM usage_series WHERE name IN "+values(1, to-from), args...)
		for _, r := range rows {
			ids[byName[r.name]] = r.id
			delete(byName, r.name)
		}
		return err
	})
}

type numbered struct {
	id   int64
	name string
}

func scanNumbered(r scanner) (v numbered, err error) {
	err = r.Scan(&v.id, &v.name)
	return v, err
}
