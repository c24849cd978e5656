package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Thousands of rows come as one text, which the database writes and Go takes apart in a third of the time that as many rows take.

// read returns all sets of a span in which something was used: from memory, from pieces, and the rest from the rows. names are those of all series. fits is
// asked before, since what is too much for an answer takes long to read.
func (c *wideCache) read(ctx context.Context, db conn, level int64, sp span, names map[int64]series, fits func(map[wideAt]wideSet) error) (map[wideAt]wideSet, error) {
	sets, err := serverSets(ctx, db, level, sp)
	if err != nil {
		return nil, err
	}
	if err := fits(sets); err != nil {
		return nil, err
	}
	fresh := map[wideAt]wideSet{}
	missing := span{period: sp.period, from: sp.to, to: sp.from}
	for at, set := range sets {
		if known, ok := c.find(at, set.server); ok {
			sets[at] = known
			continue
		}
		fresh[at] = set
		missing.from, missing.to = min(missing.from, at.start), max(missing.to, at.start+1)
	}
	if len(fresh) == 0 {
		return sets, nil
	}
	pieces, err := packed(ctx, db, level, missing, fresh)
	if err != nil {
		return nil, err
	}
	for at, set := range fresh {
		piece, found := pieces[at]
		if set.rows = piece.rows; !found {
			if set.rows, err = wideRowsOf(ctx, db, at, names); err != nil {
				return nil, err
			}
		}
		c.keep(at, set)
		sets[at] = set
	}
	return sets, nil
}

// serverSets returns the sets of a span in which something was used, with what the server has used and without rows.
func serverSets(ctx context.Context, c conn, level int64, sp span) (map[wideAt]wideSet, error) {
	const columns = "CAST(SUM(u.audio) AS BIGINT), CAST(SUM(u.streams) AS BIGINT), CAST(SUM(u.requests) AS BIGINT), CAST(SUM(u.errors) AS BIGINT)"
	list, err := all(ctx, c, scanSums, "SELECT u.period, u.start, 0, "+columns+" FROM usage_series s CROSS JOIN usage_sums u"+
		" WHERE s.level = 0 AND u.series = s.id AND u.period = ? AND u.start >= ? AND u.start < ? GROUP BY u.period, u.start", int64(sp.period), sp.from, sp.to)
	sets := make(map[wideAt]wideSet, len(list))
	for _, v := range list {
		sets[wideAt{level, sp.period, v.start}] = wideSet{server: v.sums}
	}
	return sets, err
}

// wideRowsOf reads what all keys, or all accounts, have used in a day or month.
func wideRowsOf(ctx context.Context, c conn, at wideAt, names map[int64]series) ([]wideRow, error) {
	const text = "SELECT string_agg(concat_ws(' ', series, audio, streams, requests, errors), ' ') FROM "
	// The first condition is what the index usage_wide is known by.
	query := text + "usage_sums WHERE period + 0 > 1 AND period = ? AND start = ?"
	if at.level == levelAccount {
		query = text + "usage_series s CROSS JOIN usage_sums u WHERE s.level = 1 AND u.series = s.id AND u.period = ? AND u.start = ?"
	}
	var list sql.NullString
	if err := c.row(ctx, query, int64(at.period), at.start).Scan(&list); err != nil {
		return nil, err
	}
	rows := make([]wideRow, 0, strings.Count(list.String, " ")/5+1)
	for rest := list.String; rest != ""; {
		var n [5]int64
		for i := range n {
			var number string
			number, rest, _ = strings.Cut(rest, " ")
			var err error
			if n[i], err = strconv.ParseInt(number, 10, 64); err != nil {
				return nil, err
			}
		}
		if names[n[0]].level == at.level {
			rows = append(rows, wideRow{n[0], sums{n[1], n[2], n[3], n[4]}})
		}
	}
	slices.SortFunc(rows, func(a, b wideRow) int { return cmp.Compare(a.series, b.series) })
	return rows, nil
}

// series returns what all series are, of those that are in the database now. The result is not to be changed.
func (c *wideCache) series(ctx context.Context, db conn) (map[int64]series, error) {
	c.mu.Lock()
	names, last := c.names, c.last
	c.mu.Unlock()
	// Numbers are given in the order in which they become visible: see Store.number.
	fresh, err := seriesAfter(ctx, db, last)
	if err != nil || len(fresh) == 0 {
		return names, err
	}
	for id := range fresh {
		last = max(last, id)
	}
	maps.Copy(fresh, names)
	names = fresh
	c.mu.Lock()
	defer c.mu.Unlock()
	if last > c.last && len(names) <= maxWideNames {
		c.names, c.last = names, last
	}
	return names, nil
}

// seriesAfter returns the series with greater numbers than the last that is known.
func seriesAfter(ctx context.Context, db conn, last int64) (map[int64]series, error) {
	// None of these has the end of a line in it: see Usage.check.
	const columns = 7
	var list sql.NullString
	err := db.row(ctx, "SELECT string_agg(concat_ws('\n', id, level, account_id, key_id, model, protocol, language), '\n') FROM usage_series WHERE id > ?",
		last).Scan(&list)
	if err != nil || list.String == "" {
		return nil, err
	}
	fields := strings.Split(list.String, "\n")
	if len(fields)%columns != 0 {
		return nil, invalid("usage_series", "expected series of usage without ends of lines")
	}
	fresh := make(map[int64]series, len(fields)/columns)
	for f := range slices.Chunk(fields, columns) {
		id, err1 := strconv.ParseInt(f[0], 10, 64)
		level, err2 := strconv.ParseInt(f[1], 10, 64)
		if err := first(err1, err2); err != nil {
			return nil, err
		}
		fresh[id] = series{level, f[2], f[3], f[4], f[5], f[6]}
	}
	return fresh, nil
}
