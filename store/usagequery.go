package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How many rows a query returns at most, and how many it may read to add them up.
const (
	defaultRows = 100_000
	maxRows     = 1_000_000
)

// hourOf returns the hours since 1970.
func hourOf(t time.Time) int64 {
	const hour = int64(time.Hour / time.Second)
	n := t.Unix()
	if n%hour < 0 {
		return n/hour - 1
	}
	return n / hour
}

func fromHour(n int64) time.Time { return time.Unix(n*int64(time.Hour/time.Second), 0).UTC() }

// floor returns the beginning of the period that an hour lies in.
func (p Period) floor(hour int64) int64 {
	switch p {
	case ByDay:
		return hour - hour%24
	case ByMonth:
		y, m, _ := fromHour(hour).Date()
		return hourOf(time.Date(y, m, 1, 0, 0, 0, 0, time.UTC))
	}
	return hour
}

// ceil returns the beginning of the first period that does not begin before an hour.
func (p Period) ceil(hour int64) int64 {
	begin := p.floor(hour)
	switch {
	case begin == hour:
		return hour
	case p == ByMonth:
		return hourOf(fromHour(begin).AddDate(0, 1, 0))
	}
	return begin + 24
}

// span is a time that is made of whole periods.
type span struct {
	period   Period
	from, to int64
}

// cover divides a time into whole periods, the longest that are no longer than p: a year is 12 months and not 8760 hours. What is made of
// shorter ones than p lies within one p.
func cover(from, to int64, p Period) []span {
	if from >= to {
		return nil
	}
	if p == ByHour {
		return []span{{ByHour, from, to}}
	}
	a, b := p.ceil(from), p.floor(to)
	if a > b {
		return cover(from, to, p-1)
	}
	whole := []span{{p, a, b}}
	if a == b {
		whole = nil
	}
	return slices.Concat(cover(from, a, p-1), whole, cover(b, to, p-1))
}

// plan is a query that has been checked.
type plan struct {
	from    int64 // in hours, as the next
	to      int64
	longest Period // of the spans
	by      Period
	level   int64
	group   []Dimension // in order
	filters where       // on usage_series
	max     int
}

// dimension is a dimension with its column.
type dimension struct {
	name   Dimension
	column string
}

// dimensions in the order of UsageRow.
func dimensions() []dimension {
	return []dimension{{DimAccount, "account_id"}, {DimKey, "key_id"}, {DimModel, "model"}, {DimProtocol, "protocol"}, {DimLanguage, "language"}}
}

func (q UsageQuery) plan() (plan, error) {
	p := plan{by: q.By, max: cmp.Or(q.Max, defaultRows)}
	if q.Max < 0 || q.Max > maxRows {
		return p, invalidNumber("max", int64(q.Max), "1 to 1000000")
	}
	if q.Top < 0 || q.Top > maxRows {
		return p, invalidNumber("top", int64(q.Top), "0 to 1000000")
	}
	if q.By > ByMonth {
		return p, invalid("by", "expected Total, ByHour, ByDay or ByMonth")
	}
	if err := first(checkTime("from", q.From), checkTime("to", q.To)); err != nil {
		return p, err
	}
	p.to = hourOf(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	if !q.From.IsZero() {
		p.from = hourOf(q.From)
	}
	if !q.To.IsZero() {
		p.to = hourOf(q.To.Add(time.Hour - 1))
	}
	p.longest = q.By
	if q.By == Total {
		p.longest = ByMonth
	}
	return p, p.choose(q)
}

// choose adds groups and filters, and finds the level of the series that know them.
func (p *plan) choose(q UsageQuery) error {
	known := dimensions()
	for _, d := range q.Group {
		if !slices.ContainsFunc(known, func(k dimension) bool { return k.name == d }) {
			return invalid("group", "expected account, key, model, protocol or language; got %s", shown(string(d)))
		}
	}
	wanted := map[Dimension]string{DimAccount: q.Account, DimKey: q.Key, DimModel: q.Model, DimProtocol: q.Protocol, DimLanguage: q.Language}
	level := map[Dimension]int64{DimAccount: levelAccount, DimKey: levelKey}
	for _, d := range known {
		value := wanted[d.name]
		if err := checkText(string(d.name), value, maxText); err != nil {
			return err
		}
		p.filters.equal("s."+d.column, value)
		grouped := slices.Contains(q.Group, d.name)
		if grouped {
			p.group = append(p.group, d.name)
		}
		if grouped || value != "" {
			p.level = max(p.level, level[d.name])
		}
	}
	p.filters.and("s.level = ?", p.level)
	return nil
}

// bucket is a row without its sums.
type bucket struct {
	start int64
	of    series // without level, and with what is grouped by only
}

// row returns the row that the sums of the bucket stand in.
func (a bucket) row(v sums, by Period) UsageRow {
	row := UsageRow{Account: a.of.account, Key: a.of.key, Model: a.of.model, Protocol: a.of.protocol, Language: a.of.language,
		Audio: time.Duration(v.audio) * time.Microsecond, Streams: v.streams, Requests: v.requests, Errors: v.errors}
	if by != Total {
		row.Start = fromHour(a.start)
	}
	return row
}

func (a bucket) compare(b bucket) int {
	return cmp.Or(cmp.Compare(a.start, b.start), a.of.compare(&b.of))
}

// compare orders series as rows are ordered. There may be many: nothing is compared that need not be.
func (v *series) compare(w *series) int {
	if n := strings.Compare(v.account, w.account); n != 0 {
		return n
	}
	if n := strings.Compare(v.key, w.key); n != 0 {
		return n
	}
	return cmp.Or(strings.Compare(v.model, w.model), strings.Compare(v.protocol, w.protocol), strings.Compare(v.language, w.language))
}

func (s *Store) usageRows(ctx context.Context, q UsageQuery) ([]UsageRow, error) {
	p, err := q.plan()
	if err != nil {
		return nil, err
	}
	if q.wide(p) {
		return s.usageWide(ctx, q, p)
	}
	total := map[bucket]sums{}
	// One snapshot: an hour must not be counted while its day is not.
	err = s.snapshot(ctx, func(c conn) error { return p.addUp(ctx, c, total) })
	if err != nil {
		return nil, err
	}
	if q.Top > 0 {
		keepTop(q, total)
	}
	if len(total) > p.max {
		return nil, tooManyRows(p.max)
	}
	list := make([]UsageRow, 0, len(total))
	for _, b := range slices.SortedFunc(maps.Keys(total), bucket.compare) {
		list = append(list, b.row(total[b], q.By))
	}
	return list, nil
}

// addUp adds up what is asked for.
func (p plan) addUp(ctx context.Context, c conn, total map[bucket]sums) error {
	names, err := p.names(ctx, c)
	if err != nil {
		return err
	}
	for _, sp := range cover(p.from, p.to, p.longest) {
		if err := p.read(ctx, c, sp, names, total); err != nil {
			return err
		}
		if len(total) > maxRows {
			return tooManyRows(p.max)
		}
	}
	return nil
}

// ranked is somebody with what they have used in all.
type ranked struct {
	of   series
	used bool
	sums
}

// compare puts who has used more before others.
func (r *ranked) compare(other *ranked) int {
	if n := cmp.Compare(other.audio, r.audio); n != 0 {
		return n
	}
	return cmp.Or(cmp.Compare(other.streams, r.streams), cmp.Compare(other.requests, r.requests), r.of.compare(&other.of))
}

// keepTop leaves those who have used most, and removes all others.
func keepTop(q UsageQuery, total map[bucket]sums) {
	of := q.TopOf
	if of == nil {
		of = q.Group
	}
	each := map[series]sums{}
	for b, v := range total {
		name := b.of.only(of)
		each[name] = each[name].plus(v)
	}
	if len(each) <= q.Top {
		return
	}
	list := make([]ranked, 0, len(each))
	for name, v := range each {
		list = append(list, ranked{of: name, sums: v})
	}
	slices.SortFunc(list, func(a, b ranked) int { return a.compare(&b) })
	kept := map[series]bool{}
	for _, r := range list[:q.Top] {
		kept[r.of] = true
	}
	maps.DeleteFunc(total, func(b bucket, _ sums) bool { return !kept[b.of.only(of)] })
}

func tooManyRows(most int) error {
	return invalid("max", "expected at most %d rows; there are more: ask for less time, longer periods or fewer groups", most)
}

// names returns the series that are asked for, each with what it is grouped by. Without groups there is nothing to know.
func (p plan) names(ctx context.Context, c conn) (map[int64]series, error) {
	if len(p.group) == 0 {
		return nil, nil
	}
	list, err := all(ctx, c, scanSeries, "SELECT s.id, '', s.level, s.account_id, s.key_id, s.model, s.protocol, s.language FROM usage_series s"+p.filters.text.String(), p.filters.args...)
	names := make(map[int64]series, len(list))
	for _, v := range list {
		names[v.id] = v.only(p.group)
	}
	return names, err
}

// only returns the series with some dimensions alone.
func (v series) only(group []Dimension) (w series) {
	for _, d := range group {
		switch d {
		case DimAccount:
			w.account = v.account
		case DimKey:
			w.key = v.key
		case DimModel:
			w.model = v.model
		case DimProtocol:
			w.protocol = v.protocol
		case DimLanguage:
			w.language = v.language
		}
	}
	return w
}

type seriesSums struct {
	series, start int64
	sums
}

// read adds the sums of a span to the buckets they belong to. The database adds up what is of one series and one start, in the order that it keeps
// them in; to group by names there would mean to sort.
func (p plan) read(ctx context.Context, c conn, sp span, names map[int64]series, total map[bucket]sums) error {
	var group []string
	if names != nil {
		group = append(group, "s.id")
	}
	if sp.period == p.by {
		group = append(group, "u.start")
	}
	columns := append(slices.Clone(group), "CAST(SUM(u.audio) AS BIGINT)", "CAST(SUM(u.streams) AS BIGINT)", "CAST(SUM(u.requests) AS BIGINT)", "CAST(SUM(u.errors) AS BIGINT)")
	// SQLite takes the tables of a CROSS JOIN in this order.
	query := "SELECT " + strings.Join(columns, ", ") + " FROM usage_series s CROSS JOIN usage_sums u" + p.filters.text.String() +
		" AND u.series = s.id AND u.period = ? AND u.start >= ? AND u.start < ?"
	if len(group) > 0 {
		query += " GROUP BY " + strings.Join(group, ", ")
	} else {
		query += " HAVING COUNT(*) > 0"
	}
	query += " LIMIT " + strconv.Itoa(maxRows+1)
	list, err := all(ctx, c, func(r scanner) (v seriesSums, err error) {
		var dest []any
		if names != nil {
			dest = append(dest, &v.series)
		}
		v.start = p.by.floor(sp.from) // the span lies within one period, or else:
		if sp.period == p.by {
			dest = append(dest, &v.start)
		}
		err = r.Scan(append(dest, &v.audio, &v.streams, &v.requests, &v.errors)...)
		return v, err
	}, query, append(slices.Clone(p.filters.args), int64(sp.period), sp.from, sp.to)...)
	if err == nil && len(list) > maxRows {
		err = tooManyRows(p.max)
	}
	for _, v := range list {
		b := bucket{start: v.start, of: names[v.series]}
		if p.by == Total {
			b.start = 0
		}
		total[b] = total[b].plus(v.sums)
	}
	return err
}
