package store

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Who asks about all keys at once asks for as many rows as there are keys, for each day or month of a time. These stand together in an
// index, and what was read is kept in memory: days and months that are over do not change, but for usage that comes late. Whether
// something has is seen by the sums of the whole server, to which everything counts. What is over stands in the database in one piece as well
// (usagepack.go), for the first question after a start.

// Bounds of what is kept, of about 50 bytes each.
const (
	maxWideRows  = 600_000
	maxWideNames = 200_000
)

// wideSet is what all series have used in a day or a month.
type wideSet struct {
	server sums // of everything
	rows   []wideRow
}

type wideRow struct {
	series int64
	sums
}

// wideAt is which day or month it is, and whether of keys or of accounts.
type wideAt struct {
	level  int64
	period Period
	start  int64
}

// wideCache keeps sets, and what series are.
type wideCache struct {
	mu    sync.Mutex // guards all below; never held while the database is asked
	sets  map[wideAt]wideSet
	held  int // rows of all sets
	names map[int64]series
	last  int64 // the greatest number in names
}

func newWideCache() *wideCache {
	return &wideCache{sets: map[wideAt]wideSet{}, names: map[int64]series{}}
}

// find returns a set if it is kept and still as it was.
func (c *wideCache) find(at wideAt, server sums) (wideSet, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set, known := c.sets[at]
	return set, known && set.server == server
}

// keep keeps a set, in the place of some others where there are too many.
func (c *wideCache) keep(at wideAt, set wideSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(at)
	for other := range c.sets {
		if c.held+len(set.rows) <= maxWideRows {
			break
		}
		c.drop(other)
	}
	if c.held+len(set.rows) <= maxWideRows {
		c.sets[at] = set
		c.held += len(set.rows)
	}
}

// drop forgets a set. mu is held.
func (c *wideCache) drop(at wideAt) {
	c.held -= len(c.sets[at].rows)
	delete(c.sets, at)
}

// wide reports whether a query is about the keys of all accounts, or about all accounts.
func (q UsageQuery) wide(p plan) bool {
	return p.level > levelServer && q.Account == "" && q.Key == "" && len(p.group) > 0
}

// wideSums adds up what is asked for, by numbers of groups: these are cheaper than their names.
type wideSums struct {
	plan
	names  map[int64]series
	number map[series]int // of a group
	of     []series       // the groups
	group  map[int64]int  // the group of each series that is asked for
	starts map[int64]*wideRows
}

// wideRows are the sums of all groups in one period.
type wideRows struct {
	sums []sums
	used []bool // whether there is a sum
}

func newWideSums(q UsageQuery, p plan, names map[int64]series) *wideSums {
	w := &wideSums{plan: p, names: names, number: make(map[series]int, len(names)), group: make(map[int64]int, len(names)), starts: map[int64]*wideRows{}}
	chosen := func(want, is string) bool { return want == "" || want == is }
	for id, v := range names {
		if v.level == p.level && chosen(q.Model, v.model) && chosen(q.Protocol, v.protocol) && chosen(q.Language, v.language) {
			w.group[id] = w.numberOf(v.only(p.group))
		}
	}
	return w
}

func (w *wideSums) numberOf(name series) int {
	n, known := w.number[name]
	if !known {
		n = len(w.of)
		w.number[name] = n
		w.of = append(w.of, name)
	}
	return n
}

// begin returns when the period begins that an hour lies in.
func (w *wideSums) begin(hour int64) int64 {
	if w.by == Total {
		return 0
	}
	return w.by.floor(hour)
}

// fits returns an error where there are too many periods in which something was used for the groups that there are.
func (w *wideSums) fits(sets map[wideAt]wideSet) error {
	begins := map[int64]bool{}
	for at := range sets {
		begins[w.begin(at.start)] = true
	}
	return w.room(len(begins))
}

// room returns an error where all groups in so many periods are too many.
func (w *wideSums) room(periods int) error {
	if periods*len(w.of) > 2*maxRows {
		return tooManyRows(w.max)
	}
	return nil
}

// at returns the sums of the period that an hour lies in. All groups have their numbers by then.
func (w *wideSums) at(hour int64) (*wideRows, error) {
	begin := w.begin(hour)
	rows := w.starts[begin]
	if rows == nil {
		if err := w.room(len(w.starts) + 1); err != nil {
			return nil, err
		}
		rows = &wideRows{make([]sums, len(w.of)), make([]bool, len(w.of))}
		w.starts[begin] = rows
	}
	return rows, nil
}

// read adds what was used in a span.
func (w *wideSums) read(ctx context.Context, c conn, cache *wideCache, sp span) error {
	if sp.period == ByHour {
		return w.readHours(ctx, c, sp)
	}
	sets, err := cache.read(ctx, c, w.level, sp, w.names, w.fits)
	for at, set := range sets {
		rows, err := w.at(at.start)
		if err != nil {
			return err
		}
		for i := range set.rows {
			row := &set.rows[i]
			if n, wanted := w.group[row.series]; wanted {
				rows.sums[n], rows.used[n] = rows.sums[n].plus(row.sums), true
			}
		}
	}
	return err
}

// readHours has the database add up hours, of which there may be some at the ends.
func (w *wideSums) readHours(ctx context.Context, c conn, sp span) error {
	total, only := map[bucket]sums{}, make(map[int64]series, len(w.group))
	for id, n := range w.group {
		only[id] = w.of[n]
	}
	if err := w.plan.read(ctx, c, sp, only, total); err != nil {
		return err
	}
	for b, v := range total {
		n, known := w.number[b.of]
		if !known {
			continue // no series has it
		}
		rows, err := w.at(b.start)
		if err != nil {
			return err
		}
		rows.sums[n], rows.used[n] = rows.sums[n].plus(v), true
	}
	return nil
}

// list returns the rows, in order.
func (w *wideSums) list(q UsageQuery) ([]UsageRow, error) {
	order := make([]int, 0, len(w.of)) // of groups, by name
	kept := w.top(q)
	for n := range w.of {
		if q.Top > 0 && !kept[n] {
			continue
		}
		order = append(order, n)
	}
	slices.SortFunc(order, func(a, b int) int { return w.of[a].compare(&w.of[b]) })
	list := make([]UsageRow, 0, min(len(order)*len(w.starts), w.max))
	for _, start := range slices.Sorted(maps.Keys(w.starts)) {
		rows := w.starts[start]
		for _, n := range order {
			if !rows.used[n] {
				continue
			}
			if len(list) == w.max {
				return nil, tooManyRows(w.max)
			}
			list = append(list, bucket{start, w.of[n]}.row(rows.sums[n], q.By))
		}
	}
	return list, nil
}

// top returns which groups belong to those who have used most; nil: all do.
func (w *wideSums) top(q UsageQuery) []bool {
	if q.Top == 0 {
		return nil
	}
	owner, of := make([]int, len(w.of)), w.of // the number in of of whom each group is one
	if q.TopOf != nil {
		var numbers map[series]int
		numbers, of = map[series]int{}, nil
		for n, name := range w.of {
			name = name.only(q.TopOf)
			i, known := numbers[name]
			if !known {
				i = len(of)
				numbers[name] = i
				of = append(of, name)
			}
			owner[n] = i
		}
	} else {
		for n := range owner {
			owner[n] = n
		}
	}
	each := make([]ranked, len(of))
	for i := range of {
		each[i].of = of[i]
	}
	for _, rows := range w.starts {
		for n, used := range rows.used {
			if used {
				r := &each[owner[n]]
				r.sums, r.used = r.plus(rows.sums[n]), true
			}
		}
	}
	order := make([]int, 0, len(of)) // numbers are cheaper to move about than what they are of
	for i := range each {
		if each[i].used {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return each[a].compare(&each[b]) })
	best := make([]bool, len(of))
	for _, i := range order[:min(q.Top, len(order))] {
		best[i] = true
	}
	kept := make([]bool, len(w.of))
	for n := range kept {
		kept[n] = best[owner[n]]
	}
	return kept
}

// usageWide is usageRows for what is about all keys or accounts.
func (s *Store) usageWide(ctx context.Context, q UsageQuery, p plan) (list []UsageRow, err error) {
	err = s.snapshot(ctx, func(c conn) error {
		names, err := s.wide.series(ctx, c)
		if err != nil {
			return err
		}
		to := p.to
		if p.longest == ByMonth {
			if to, err = widened(ctx, c, p.from, to); err != nil {
				return err
			}
		}
		w := newWideSums(q, p, names)
		for _, sp := range cover(p.from, to, p.longest) {
			if err := w.read(ctx, c, s.wide, sp); err != nil {
				return err
			}
		}
		list, err = w.list(q)
		return err
	})
	return list, err
}

// widened returns a query's time with its end moved to that of the month where nothing was used after it: a month is one set, and its days
// are thirty.
func widened(ctx context.Context, c conn, from, to int64) (int64, error) {
	end := ByMonth.ceil(to)
	if end == to || from >= to {
		return to, nil
	}
	var later int64
	err := c.row(ctx, "SELECT COUNT(*) FROM usage_series s CROSS JOIN usage_sums u WHERE s.level = 0 AND u.series = s.id AND u.period = 1 AND u.start >= ? AND u.start < ?", to, end).Scan(&later)
	if err != nil || later > 0 {
		return to, err
	}
	return end, nil
}
