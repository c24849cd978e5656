package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// allDimensions groups by everything.
func allDimensions() []store.Dimension {
	return []store.Dimension{store.DimAccount, store.DimKey, store.DimModel, store.DimProtocol, store.DimLanguage}
}

func testUsage(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	before := w.revision()
	at := time.Date(2026, 3, 31, 23, 59, 59, 999_999_999, time.UTC)
	batch := []store.Usage{
		{Session: "a", Sequence: 1, At: at, Account: "acct1", Key: "k1", Model: "m1", Protocol: "p1", Language: "en-US", Audio: 1500 * time.Millisecond, Streams: 1, Requests: 2, Errors: 3},
		{Session: "a", Sequence: 2, At: at.Add(time.Nanosecond), Account: "acct1", Key: "k1", Model: "m1", Protocol: "p1", Language: "en-US", Audio: 250 * time.Millisecond},
		{Session: "b", Sequence: 0, At: at, Account: "acct1", Key: "k2", Model: "m2", Protocol: "p1", Language: "de-DE", Audio: time.Second, Streams: 1},
		{Session: "c", Sequence: 7, At: at, Account: "acct2", Key: "k3", Model: "m1", Protocol: "p2", Audio: time.Minute, Errors: 1},
		{Session: "d", Sequence: 1, At: at, Errors: 1, Requests: 1}, // nobody knows whose
	}
	ok(t, w.AddUsage(w.ctx, batch))
	ok(t, w.AddUsage(w.ctx, nil))
	same(t, "revision", w.revision(), before)

	query := func(q store.UsageQuery) []store.UsageRow {
		t.Helper()
		return must(w.UsageRows(w.ctx, q))(t)
	}
	hour, next := time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for what, c := range map[string]struct {
		q    store.UsageQuery
		want []store.UsageRow
	}{
		"everything": {store.UsageQuery{}, []store.UsageRow{{Audio: 62750 * time.Millisecond, Streams: 2, Requests: 3, Errors: 5}}},
		"by hour and everything": {store.UsageQuery{By: store.ByHour, Group: allDimensions()}, []store.UsageRow{
			{Start: hour, Errors: 1, Requests: 1},
			{Start: hour, Account: "acct1", Key: "k1", Model: "m1", Protocol: "p1", Language: "en-US", Audio: 1500 * time.Millisecond, Streams: 1, Requests: 2, Errors: 3},
			{Start: hour, Account: "acct1", Key: "k2", Model: "m2", Protocol: "p1", Language: "de-DE", Audio: time.Second, Streams: 1},
			{Start: hour, Account: "acct2", Key: "k3", Model: "m1", Protocol: "p2", Audio: time.Minute, Errors: 1},
			{Start: next, Account: "acct1", Key: "k1", Model: "m1", Protocol: "p1", Language: "en-US", Audio: 250 * time.Millisecond},
		}},
		"by month and account": {store.UsageQuery{By: store.ByMonth, Group: []store.Dimension{store.DimAccount}, Model: "m1"}, []store.UsageRow{
			{Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Account: "acct1", Audio: 1500 * time.Millisecond, Streams: 1, Requests: 2, Errors: 3},
			{Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Account: "acct2", Audio: time.Minute, Errors: 1},
			{Start: next, Account: "acct1", Audio: 250 * time.Millisecond},
		}},
		"one key by day": {store.UsageQuery{By: store.ByDay, Key: "k2"}, []store.UsageRow{{Start: hour.Add(-23 * time.Hour), Audio: time.Second, Streams: 1}}},
		"from":           {store.UsageQuery{From: next.Add(59 * time.Minute)}, []store.UsageRow{{Audio: 250 * time.Millisecond}}},
		"to":             {store.UsageQuery{To: next, Language: "en-US"}, []store.UsageRow{{Audio: 1500 * time.Millisecond, Streams: 1, Requests: 2, Errors: 3}}},
		"to within":      {store.UsageQuery{To: next.Add(time.Nanosecond), Language: "en-US"}, []store.UsageRow{{Audio: 1750 * time.Millisecond, Streams: 1, Requests: 2, Errors: 3}}},
		"nothing":        {store.UsageQuery{Account: "nobody"}, []store.UsageRow{}},
		"no time":        {store.UsageQuery{From: next, To: next}, []store.UsageRow{}},
		"time backwards": {store.UsageQuery{From: next, To: hour}, []store.UsageRow{}},
	} {
		same(t, what, query(c.q), c.want)
	}
	for of, want := range map[store.UsageOf]time.Duration{{Key: "k1"}: 1750 * time.Millisecond, {Account: "acct1"}: 2750 * time.Millisecond, {Account: "acct2"}: time.Minute,
		{Key: "k1", Account: "acct1"}: 1750 * time.Millisecond, {Key: "nobody"}: 0} {
		same(t, "total of "+of.Key+of.Account, must(w.UsageTotals(w.ctx, of, hour))(t), want)
	}
	same(t, "total since", must(w.UsageTotals(w.ctx, store.UsageOf{Key: "k1"}, next))(t), 250*time.Millisecond)
	_, err := w.UsageTotals(w.ctx, store.UsageOf{}, hour)
	wantCode(t, err, stt.Invalid, "the total of nobody")
	_, err = w.UsageRows(w.ctx, store.UsageQuery{By: store.ByHour, Group: allDimensions(), Max: 4})
	wantCode(t, err, stt.Invalid, "more rows than wanted")
	same(t, "as many rows as wanted", len(query(store.UsageQuery{By: store.ByHour, Group: allDimensions(), Max: 5})), 5)
	_, err = w.UsageRows(w.ctx, store.UsageQuery{By: 9})
	wantCode(t, err, stt.Invalid, "a period that is not there")
}

// A sequence that was added before adds nothing, whether it comes in the same call, the next one, or after a restart.
func testUsageOnce(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	use := func(sequence int64) store.Usage {
		return store.Usage{Session: "s", Sequence: sequence, At: begin, Key: "k", Audio: time.Second}
	}
	ok(t, w.AddUsage(w.ctx, []store.Usage{use(2), use(1), use(2), use(1)}))
	ok(t, w.AddUsage(w.ctx, []store.Usage{use(1), use(2)}))
	ok(t, w.AddUsage(w.ctx, []store.Usage{use(2), use(3)}))
	again := open(t, w.url, store.Options{Now: w.clock.read})
	ok(t, again.AddUsage(w.ctx, []store.Usage{use(1), use(2), use(3), use(4)}))
	same(t, "total", must(w.UsageTotals(w.ctx, store.UsageOf{Key: "k"}, begin))(t), 4*time.Second)
}

// Sums over a time are those of its hours, wherever it is cut: a year of hours, compared with additions in memory.
func testUsagePeriods(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	start := time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC) // a leap year follows
	var batch []store.Usage
	for h := 0; h < 100*24; h += 5 {
		batch = append(batch, store.Usage{Session: "s" + strconv.Itoa(h), Sequence: 1, At: start.Add(time.Duration(h) * time.Hour).Add(30 * time.Minute), Account: "a", Key: "k" + strconv.Itoa(h%3),
			Audio: time.Duration(h+1) * time.Second})
	}
	ok(t, w.AddUsage(w.ctx, batch))
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for n := range 60 {
		if n == 30 { // what was read before is not believed for ever
			late := []store.Usage{{Session: "late", Sequence: 1, At: start.AddDate(0, 1, 3), Account: "a", Key: "k1", Audio: time.Minute},
				{Session: "late", Sequence: 2, At: start.AddDate(0, 1, 4), Account: "b", Key: "fresh", Model: "m", Audio: time.Hour}}
			ok(t, w.AddUsage(w.ctx, late))
			batch = append(batch, late...)
		}
		from := start.Add(time.Duration(random.IntN(110*24)-100) * time.Hour)
		to := from.Add(time.Duration(random.IntN(100*24)) * time.Hour)
		if n%5 == 0 { // as consoles ask
			from, to = from.Truncate(24*time.Hour), to.Truncate(24*time.Hour)
		}
		q := store.UsageQuery{From: from, To: to, By: store.Period(n % 4)}
		if n%3 > 0 {
			q.Group = []store.Dimension{store.DimKey}
		}
		same(t, fmt.Sprintf("seed %d, %s to %s by %d", seed, from, to, q.By), must(w.UsageRows(w.ctx, q))(t), expected(batch, q))
	}
	q := store.UsageQuery{From: start.AddDate(0, 1, 0), By: store.ByDay, Group: []store.Dimension{store.DimKey}, Model: "m"}
	same(t, "of one model", must(w.UsageRows(w.ctx, q))(t), []store.UsageRow{{Start: start.AddDate(0, 1, 4), Key: "fresh", Audio: time.Hour}})
}

// The top of a list are those who have used most over all of the time, with all their rows.
func testUsageTop(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var batch []store.Usage
	for i, minutes := range []int{5, 1, 3, 3, 0} { // in two halves, the second of another model
		for half := range 2 {
			batch = append(batch, store.Usage{Session: strconv.Itoa(i), Sequence: int64(half + 1), At: day.AddDate(0, 0, half), Account: "a" + strconv.Itoa(i%2), Key: "k" + strconv.Itoa(i),
				Model: "m" + strconv.Itoa(half), Audio: time.Duration(minutes) * 30 * time.Second, Streams: int64(i)})
		}
	}
	ok(t, w.AddUsage(w.ctx, batch))
	row := func(start time.Time, key, model string, audio time.Duration, streams int64) store.UsageRow {
		return store.UsageRow{Start: start, Key: key, Model: model, Audio: audio, Streams: streams}
	}
	none, next, half := time.Time{}, day.AddDate(0, 0, 1), 30*time.Second
	byKey, byBoth := []store.Dimension{store.DimKey}, []store.Dimension{store.DimKey, store.DimModel}
	for what, c := range map[string]struct {
		q    store.UsageQuery
		want []store.UsageRow
	}{
		"the one":                    {store.UsageQuery{Group: byKey, Top: 1}, []store.UsageRow{row(none, "k0", "", 10*half, 0)}},
		"two, one with more streams": {store.UsageQuery{Group: byKey, Top: 2}, []store.UsageRow{row(none, "k0", "", 10*half, 0), row(none, "k3", "", 6*half, 6)}},
		"of a day":                   {store.UsageQuery{Group: byKey, Top: 1, By: store.ByDay}, []store.UsageRow{row(day, "k0", "", 5*half, 0), row(next, "k0", "", 5*half, 0)}},
		"of keys, by model too":      {store.UsageQuery{Group: byBoth, TopOf: byKey, Top: 1}, []store.UsageRow{row(none, "k0", "m0", 5*half, 0), row(none, "k0", "m1", 5*half, 0)}},
		"of keys and models":         {store.UsageQuery{Group: byBoth, Top: 1}, []store.UsageRow{row(none, "k0", "m0", 5*half, 0)}},
		"more than there are":        {store.UsageQuery{Group: byKey, Top: 9, Model: "m1", To: day}, []store.UsageRow{}},
		"where all are too many":     {store.UsageQuery{Group: byKey, Top: 1, Max: 2, By: store.ByDay, From: next}, []store.UsageRow{row(next, "k0", "", 5*half, 0)}},
	} {
		same(t, what, must(w.UsageRows(w.ctx, c.q))(t), c.want)
	}
	_, err := w.UsageRows(w.ctx, store.UsageQuery{Group: byKey, Top: -1})
	wantCode(t, err, stt.Invalid, "a top below none")
}

// expected adds up usage in the plainest way.
func expected(batch []store.Usage, q store.UsageQuery) []store.UsageRow {
	rows := map[string]store.UsageRow{}
	for _, u := range batch {
		hour := u.At.Truncate(time.Hour)
		if hour.Before(q.From) || !hour.Before(q.To) {
			continue
		}
		var row store.UsageRow
		switch q.By {
		case store.ByHour:
			row.Start = hour
		case store.ByDay:
			row.Start = u.At.Truncate(24 * time.Hour)
		case store.ByMonth:
			row.Start = time.Date(u.At.Year(), u.At.Month(), 1, 0, 0, 0, 0, time.UTC)
		}
		if len(q.Group) > 0 {
			row.Key = u.Key
		}
		name := row.Start.Format(time.RFC3339) + row.Key
		sum := rows[name]
		sum.Start, sum.Key = row.Start, row.Key
		sum.Audio += u.Audio
		rows[name] = sum
	}
	list := make([]store.UsageRow, 0, len(rows))
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, rows[name])
	}
	return list
}

// Batches that are cut, mixed and repeated in any way, each session's in its order, give the same sums.
func testUsageProperty(t *testing.T, fresh func(testing.TB) string) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	var sessions [][]store.Usage
	for i := range 12 {
		var one []store.Usage
		sequence := int64(random.IntN(3))
		for range 1 + random.IntN(12) {
			one = append(one, store.Usage{Session: "s" + strconv.Itoa(i), Sequence: sequence, At: begin.Add(time.Duration(random.IntN(5000)) * time.Minute),
				Account: strconv.Itoa(i % 2), Key: strconv.Itoa(i % 4), Model: strconv.Itoa(random.IntN(2)), Audio: time.Duration(random.IntN(5e6)) * time.Microsecond, Requests: 1})
			sequence += 1 + int64(random.IntN(3))
		}
		sessions = append(sessions, one)
	}
	q := store.UsageQuery{By: store.ByHour, Group: allDimensions()}
	plain := newWorld(t, fresh)
	for _, one := range sessions {
		ok(t, plain.AddUsage(plain.ctx, one))
	}
	want := must(plain.UsageRows(plain.ctx, q))(t)

	w := newWorld(t, fresh)
	done := make([]int, len(sessions)) // what of each session has been added
	for left := true; left; {
		left = false
		var batch []store.Usage
		for i, one := range sessions {
			from := max(0, done[i]-random.IntN(4)) // some again
			to := min(len(one), done[i]+random.IntN(4))
			if to > from {
				batch = append(batch, one[from:to]...)
			}
			done[i] = max(done[i], to)
			left = left || done[i] < len(one)
		}
		random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		for range 1 + random.IntN(2) {
			ok(t, w.AddUsage(w.ctx, batch))
		}
	}
	same(t, fmt.Sprintf("seed %d", seed), must(w.UsageRows(w.ctx, q))(t), want)
	wantWhole(t, w.Store)
}

// Many goroutines on two stores of one database, all adding to the same hours, some of them twice: everything counts once.
func testUsageConcurrent(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	stores := []*store.Store{w.Store, open(t, w.url, store.Options{Now: w.clock.read})}
	const workers, rounds = 8, 6
	var tasks sync.WaitGroup
	for n := range workers {
		tasks.Go(func() { // owned by the test, which waits for it
			for i := range rounds {
				var batch []store.Usage
				for k := range 5 {
					batch = append(batch, store.Usage{Session: fmt.Sprintf("s%d-%d", n, k), Sequence: int64(i), At: begin, Account: "a", Key: "k" + strconv.Itoa((n+k)%7), Audio: time.Second})
				}
				for again := range 2 {
					if err := stores[(n+again)%2].AddUsage(w.ctx, batch); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	tasks.Wait()
	same(t, "total", must(w.UsageTotals(w.ctx, store.UsageOf{Account: "a"}, begin))(t), workers*rounds*5*time.Second)
	wantWhole(t, w.Store)
}

// Sequences are forgotten after a week of silence, and not before.
func testForget(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	use := []store.Usage{{Session: "old", Sequence: 5, At: begin, Key: "k", Audio: time.Second}}
	other := func() { // batches of others are the occasion
		for i := range 3 {
			ok(t, w.AddUsage(w.ctx, []store.Usage{{Session: "other", Sequence: w.clock.read().UnixMicro() + int64(i), At: begin}}))
		}
	}
	ok(t, w.AddUsage(w.ctx, use))
	w.clock.move(6 * 24 * time.Hour)
	other()
	same(t, "sessions kept", must(w.Check(w.ctx))(t).Rows["usage_sessions"], int64(2))
	ok(t, w.AddUsage(w.ctx, use))
	same(t, "total", must(w.UsageTotals(w.ctx, store.UsageOf{Key: "k"}, begin))(t), time.Second)
	w.clock.move(8 * 24 * time.Hour)
	other()
	same(t, "sessions left", must(w.Check(w.ctx))(t).Rows["usage_sessions"], int64(1))
}

// wantWhole checks that the store finds nothing wrong with itself.
func wantWhole(t testing.TB, s *store.Store) {
	t.Helper()
	report := must(s.Check(context.WithoutCancel(t.Context())))(t)
	if len(report.Findings) > 0 {
		t.Errorf("expected a sound store; got %q", report.Findings)
	}
}
