package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Sequences of sessions are forgotten after a while, a few at a time.
const (
	sessionsKept = 7 * 24 * time.Hour
	pruneEvery   = time.Minute
	pruneAtOnce  = 2000
)

// claim returns what of a batch, sorted by session and sequence, has not been added before, and notes that it will have been. Until the
// transaction ends, whoever adds to the same sessions waits.
func (s *Store) claim(ctx context.Context, c conn, sorted []Usage) ([]Usage, error) {
	var sessions []string
	for i, u := range sorted {
		if i == 0 || u.Session != sorted[i-1].Session {
			sessions = append(sessions, u.Session)
		}
	}
	now := s.sessionTime()
	before, err := s.sequences(ctx, c, sessions, now)
	if err != nil {
		return nil, err
	}
	last := make(map[string]sequence, len(sessions))
	for _, name := range sessions {
		last[name] = sequence{name, -1, 0}
	}
	maps.Copy(last, before)
	fresh := make([]Usage, 0, len(sorted))
	for _, u := range sorted {
		if v := last[u.Session]; u.Sequence > v.sequence {
			fresh = append(fresh, u)
			v.sequence = u.Sequence
			last[u.Session] = v
		}
	}
	// Those whose time stays as it is are written without it: its index is left alone then.
	var moved, timed []any
	for _, name := range sessions {
		switch was, known := before[name]; {
		case known && was.sequence == last[name].sequence:
		case known && was.at == now:
			moved = append(moved, name, last[name].sequence, now)
		default:
			timed = append(timed, name, last[name].sequence, now)
		}
	}
	for set, rows := range map[string][]any{"sequence = excluded.sequence": moved, "sequence = excluded.sequence, at = excluded.at": timed} {
		err := inChunks(len(rows)/3, func(from, to int) error {
			_, err := c.exec(ctx, "INSERT INTO usage_sessions (session, sequence, at) VALUES "+values(to-from, 3)+" ON CONFLICT (session) DO UPDATE SET "+set, rows[3*from:3*to]...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// sequences returns the last sequences of sessions, of which no other transaction changes any until this one ends. Sessions that are new may be missing.
func (s *Store) sequences(ctx context.Context, c conn, sessions []string, now int64) (map[string]sequence, error) {
	last := make(map[string]sequence, len(sessions))
	return last, inChunks(len(sessions), func(from, to int) error {
		var query string
		var args []any
		if s.dialect.oneWriter {
			// This transaction has been the only one that writes since it began.
			query = "SELECT session, sequence, at FROM usage_sessions WHERE session IN " + values(1, to-from)
			for _, name := range sessions[from:to] {
				args = append(args, name)
			}
		} else {
			// It locks the rows, makes those that are missing, and leaves sequences alone, which is what is returned.
			query = "INSERT INTO usage_sessions (session, sequence, at) VALUES " + values(to-from, 3) + " ON CONFLICT (session) DO UPDATE SET at = excluded.at RETURNING session, sequence, at"
			for _, name := range sessions[from:to] {
				args = append(args, name, -1, now)
			}
		}
		rows, err := all(ctx, c, scanSequence, query, args...)
		for _, r := range rows {
			last[r.session] = r
		}
		return err
	})
}

// sessionTime is the time that is kept of sessions: the end of this hour, so that it seldom changes.
func (s *Store) sessionTime() int64 { return micros(s.now().UTC().Truncate(time.Hour).Add(time.Hour)) }

type sequence struct {
	session  string
	sequence int64
	at       int64
}

func scanSequence(r scanner) (v sequence, err error) {
	err = r.Scan(&v.session, &v.sequence, &v.at)
	return v, err
}

// sums is what is kept of usage.
type sums struct{ audio, streams, requests, errors int64 }

func (a sums) plus(b sums) sums {
	return sums{a.audio + b.audio, a.streams + b.streams, a.requests + b.requests, a.errors + b.errors}
}

// slot is where sums stand.
type slot struct {
	series int64
	period Period
	start  int64 // in hours since 1970
}

func (a slot) compare(b slot) int {
	return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.period, b.period), cmp.Compare(a.start, b.start))
}

// addSums adds usage to all sums that it counts for, and returns the numbers of their series.
func (s *Store) addSums(ctx context.Context, c conn, fresh []Usage) (map[series]int64, error) {
	wanted := map[series]bool{}
	for _, u := range fresh {
		for _, v := range seriesOf(u) {
			wanted[v] = true
		}
	}
	ids, err := s.number(ctx, c, wanted)
	if err != nil {
		return nil, err
	}
	add := map[slot]sums{}
	for _, u := range fresh {
		one := sums{u.Audio.Microseconds(), u.Streams, u.Requests, u.Errors}
		for _, v := range seriesOf(u) {
			for _, p := range [...]Period{ByHour, ByDay, ByMonth} {
				at := slot{ids[v], p, p.floor(hourOf(u.At))}
				add[at] = add[at].plus(one)
			}
		}
	}
	slots := slices.SortedFunc(maps.Keys(add), slot.compare) // in one order, so that two processes do not wait for each other
	return ids, inChunks(len(slots), func(from, to int) error {
		args := make([]any, 0, 7*(to-from))
		for _, at := range slots[from:to] {
			v := add[at]
			args = append(args, at.series, int64(at.period), at.start, v.audio, v.streams, v.requests, v.errors)
		}
		_, err := c.exec(ctx, "INSERT INTO usage_sums (series, period, start, audio, streams, requests, errors) VALUES "+values(to-from, 7)+
			" ON CONFLICT (series, period, start) DO UPDATE SET audio = usage_sums.audio + excluded.audio, streams = usage_sums.streams + excluded.streams,"+
			" requests = usage_sums.requests + excluded.requests, errors = usage_sums.errors + excluded.errors", args...)
		return err
	})
}

// forgetSessions removes some sequences of sessions that have been silent for long, now and then.
func (s *Store) forgetSessions(ctx context.Context, c conn) error {
	now := s.now()
	last := s.pruned.Load()
	if now.Sub(time.UnixMicro(last)) < pruneEvery || !s.pruned.CompareAndSwap(last, now.UnixMicro()) {
		return nil
	}
	n, err := c.exec(ctx, "DELETE FROM usage_sessions WHERE session IN (SELECT session FROM usage_sessions WHERE at < ? ORDER BY at LIMIT ?)",
		micros(now.Add(-sessionsKept)), pruneAtOnce)
	if n == pruneAtOnce { // there may be more: the next batch goes on
		s.pruned.Store(last)
	}
	return err
}
