package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"
)

// Days and months that are over are kept in one piece, too, which is read a hundred times faster than ten thousand rows. A piece is good as long as
// the whole server has used as much in that time as it had when the piece was made: usage that comes late makes it stale, and it is made again.

// packForm is the first byte of a piece.
const packForm = 1

// daysPacked is for how many days there are pieces; of months there are all. Who asks for more days at once gets more rows than anybody reads.
const daysPacked = 100

// pack writes the rows of a set, in the order of their series, as differences and numbers of varying length.
func (set wideSet) pack() []byte {
	out := binary.AppendUvarint([]byte{packForm}, uint64(len(set.rows)))
	last := int64(0)
	for _, row := range set.rows {
		for _, n := range [...]int64{row.series - last, row.audio, row.streams, row.requests, row.errors} {
			out = binary.AppendUvarint(out, uint64(n))
		}
		last = row.series
	}
	return out
}

// unpack reads a set that adds up to what the server has used. ok is false for anything else.
func unpack(content []byte, server sums) (set wideSet, ok bool) {
	number := func() int64 {
		n, length := binary.Uvarint(content)
		if length <= 0 || n > 1<<62 {
			ok = false
			return 0
		}
		content = content[length:]
		return int64(n)
	}
	if len(content) == 0 || content[0] != packForm {
		return set, false
	}
	content, ok = content[1:], true
	count := number()
	if !ok || count > int64(len(content))/5 {
		return set, false
	}
	set.server, set.rows = server, make([]wideRow, 0, count)
	var all sums
	last := int64(0)
	for range count {
		row := wideRow{series: last + number(), sums: sums{number(), number(), number(), number()}}
		if !ok || row.series <= last {
			return wideSet{}, false
		}
		last = row.series
		all = all.plus(row.sums)
		set.rows = append(set.rows, row)
	}
	return set, len(content) == 0 && all == server
}

// packed returns the pieces of a span that are still good.
func packed(ctx context.Context, c conn, level int64, sp span, wanted map[wideAt]wideSet) (map[wideAt]wideSet, error) {
	found := map[wideAt]wideSet{}
	_, err := all(ctx, c, func(r scanner) (none struct{}, err error) {
		var v sumRow
		var content []byte
		if err := r.Scan(&v.start, &v.audio, &v.streams, &v.requests, &v.errors, &content); err != nil {
			return none, err
		}
		at := wideAt{level, sp.period, v.start}
		if set, known := wanted[at]; known && set.server == v.sums {
			if set, ok := unpack(content, v.sums); ok {
				found[at] = set
			}
		}
		return none, nil
	}, "SELECT start, audio, streams, requests, errors, content FROM usage_packs WHERE level = ? AND period = ? AND start >= ? AND start < ?", level, int64(sp.period), sp.from, sp.to)
	return found, err
}

// PackUsage looks through the days and months that are over and makes pieces of those whose usage is not in one, so that who asks about all keys or
// accounts need not wait. It is meant to be called now and then by whoever serves. It takes seconds where there are thousands of keys and nothing is
// in pieces yet, but writes little at a time and leaves half of the time to others. The first call also reads what series there are, which is kept.
func (s *Store) PackUsage(ctx context.Context) error {
	now := hourOf(s.now())
	err := s.snapshot(ctx, func(c conn) error {
		_, err := s.wide.series(ctx, c)
		return err
	})
	if err != nil {
		return s.fail("pack usage", err)
	}
	for _, sp := range []span{
		{ByMonth, 0, ByMonth.floor(now)},
		{ByDay, ByDay.floor(now) - daysPacked*24, ByDay.floor(now)},
	} {
		for _, level := range []int64{levelKey, levelAccount} {
			if err := s.packSpan(ctx, level, sp); err != nil {
				return s.fail("pack usage", err)
			}
		}
	}
	return nil
}

// packSpan makes the pieces of a span that are missing or stale, the last first, and removes those that come before it.
func (s *Store) packSpan(ctx context.Context, level int64, sp span) error {
	var missing []wideAt
	old := 0
	err := s.snapshot(ctx, func(c conn) error {
		sets, err := serverSets(ctx, c, level, sp)
		if err != nil {
			return err
		}
		if err := c.row(ctx, "SELECT COUNT(*) FROM usage_packs WHERE level = ? AND period = ? AND start < ?", level, int64(sp.period), sp.from).Scan(&old); err != nil {
			return err
		}
		good, err := all(ctx, c, scanSums, "SELECT period, start, 0, audio, streams, requests, errors FROM usage_packs WHERE level = ? AND period = ? AND start >= ? AND start < ?",
			level, int64(sp.period), sp.from, sp.to)
		for _, v := range good {
			at := wideAt{level, sp.period, v.start}
			if set, known := sets[at]; known && set.server == v.sums {
				delete(sets, at)
			}
		}
		for at := range sets {
			missing = append(missing, at)
		}
		return err
	})
	if err != nil {
		return err
	}
	if old > 0 {
		if err := s.transact(ctx, func(c conn) error {
			_, err := c.exec(ctx, "DELETE FROM usage_packs WHERE level = ? AND period = ? AND start < ?", level, int64(sp.period), sp.from)
			return err
		}); err != nil {
			return err
		}
	}
	slices.SortFunc(missing, func(a, b wideAt) int { return cmp.Compare(b.start, a.start) })
	for _, at := range missing {
		began := time.Now()
		if err := s.packOne(ctx, at); err != nil {
			return err
		}
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// packOne makes one piece.
func (s *Store) packOne(ctx context.Context, at wideAt) error {
	var set wideSet
	err := s.snapshot(ctx, func(c conn) error {
		names, err := s.wide.series(ctx, c)
		if err != nil {
			return err
		}
		sets, err := serverSets(ctx, c, at.level, span{at.period, at.start, at.start + 1})
		if err != nil {
			return err
		}
		set.server = sets[at].server
		set.rows, err = wideRowsOf(ctx, c, at, names)
		return err
	})
	if err != nil {
		return err
	}
	content := set.pack()
	if _, ok := unpack(content, set.server); !ok {
		return nil // the sums do not go together, which "store check" says; they are read as they stand
	}
	return s.transact(ctx, func(c conn) error {
		_, err := c.exec(ctx, "INSERT INTO usage_packs (level, period, start, audio, streams, requests, errors, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (level, period, start) DO UPDATE SET audio = excluded.audio, streams = excluded.streams, requests = excluded.requests, errors = excluded.errors, content = excluded.content",
			at.level, int64(at.period), at.start, set.server.audio, set.server.streams, set.server.requests, set.server.errors, content)
		return err
	})
}
