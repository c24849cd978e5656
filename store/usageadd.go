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
	last := make(map[string]int64, len(sessions))
	now := micros(s.stamp())
	err := inChunks(len(sessions), func(from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for _, name := range sessions[from:to] {
			args = append(args, name, -1, now)
		}
		// It locks the rows and leaves their sequences alone, which is what is returned.
		rows, err := all(ctx, c, scanSequence, "INSERT INTO usage_sessions (session, sequence, at) VALUES "+values(to-from, 3)+
			" ON CONFLICT (session) DO UPDATE SET at = excluded.at RETURNING session, sequence", args...)
		for _, r := range rows {
			last[r.session] = r.sequence
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	before := maps.Clone(last)
	fresh := make([]Usage, 0, len(sorted))
	for _, u := range sorted {
		if u.Sequence > last[u.Session] {
			fresh = append(fresh, u)
			last[u.Session] = u.Sequence
		}
	}
	moved := slices.DeleteFunc(sessions, func(name string) bool { return last[name] == before[name] })
	return fresh, inChunks(len(moved), func(from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for _, name := range moved[from:to] {
			args = append(args, name, last[name], now)
		}
		_, err := c.exec(ctx, "INSERT INTO usage_sessions (session, sequence, at) VALUES "+values(to-from, 3)+
			" ON CONFLICT (session) DO UPDATE SET sequence = excluded.sequence", args...)
		return err
	})
}

type sequence struct {
	session  string
	sequence int64
}

func scanSequence(r scanner) (v sequence, err error) {
	err = r.Scan(&v.session, &v.sequence)
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
