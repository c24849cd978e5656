package ledger

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Book is where usage and prices are read. *store.Store implements it.
type Book interface {
	UsageRows(ctx context.Context, q store.UsageQuery) ([]store.UsageRow, error)
	Prices(ctx context.Context) ([]store.Price, error)
	// Names returns the names of accounts and keys by their ids; what there is no more is left out.
	Names(ctx context.Context, accounts, keys []string) (ofAccounts, ofKeys map[string]string, err error)
}

// Line is one line of a bill: what was used, and what it costs.
type Line struct {
	store.UsageRow
	// AccountName and KeyName are what they are called now; empty: they are deleted, or the line is not of one.
	AccountName, KeyName string
	// Cost is in millionths of the currency: the audio of each model times its price, rounded to the nearest, and added up.
	Cost     int64
	Currency string // empty: there is no price for all of it, and Cost is 0
}

// Bill returns what was used, as the store sums it up, and what that costs. The prices are those of now. It fails with Invalid where
// a line would add up different currencies: those are added up by nobody but a bank.
func Bill(ctx context.Context, b Book, q store.UsageQuery) ([]Line, error) {
	lines, err := billed(ctx, b, q)
	if err != nil {
		return nil, err
	}
	var accounts, keys []string
	for i := range lines {
		accounts, keys = append(accounts, lines[i].Account), append(keys, lines[i].Key)
	}
	ofAccounts, ofKeys, err := b.Names(ctx, distinct(accounts), distinct(keys))
	for i := range lines {
		l := &lines[i]
		if l.Account != "" {
			l.AccountName = ofAccounts[l.Account]
		}
		if l.Key != "" {
			l.KeyName = ofKeys[l.Key]
		}
	}
	return lines, err
}

// distinct returns each id once, and not the empty one.
func distinct(ids []string) []string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 0 && ids[0] == "" {
		ids = ids[1:]
	}
	return ids
}

// billed returns the lines of a bill without names.
func billed(ctx context.Context, b Book, q store.UsageQuery) ([]Line, error) {
	list, err := b.Prices(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 { // then it makes no difference which model it was
		rows, err := b.UsageRows(ctx, q)
		lines := make([]Line, len(rows))
		for i := range rows {
			lines[i].UsageRow = rows[i]
		}
		return lines, err
	}
	prices := map[string]store.Price{}
	for _, p := range list {
		prices[p.Model] = p
	}
	byModel := slices.Contains(q.Group, store.DimModel)
	if !byModel {
		if q.Top > 0 && q.TopOf == nil {
			q.TopOf = append([]store.Dimension{}, q.Group...) // none is not the same as not set
		}
		q.Group = append(slices.Clone(q.Group), store.DimModel)
	}
	rows, err := b.UsageRows(ctx, q)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(rows))
	at := map[store.UsageRow]int{} // where the line of a row is that has no figures
	for i := range rows {
		line, err := priced(&rows[i], prices)
		if err != nil {
			return nil, err
		}
		if !byModel {
			line.Model = ""
		}
		name := line.UsageRow
		name.Audio, name.Streams, name.Requests, name.Errors = 0, 0, 0, 0
		j, ok := at[name]
		if !ok {
			at[name] = len(lines)
			lines = append(lines, line)
			continue
		}
		if err := lines[j].add(&line); err != nil {
			return nil, err
		}
	}
	if !byModel { // the rows came ordered by model, too
		slices.SortStableFunc(lines, func(a, b Line) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key),
				cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Language, b.Language))
		})
	}
	return lines, nil
}

// priced returns the line of what one model was used for.
func priced(row *store.UsageRow, prices map[string]store.Price) (Line, error) {
	line := Line{UsageRow: *row}
	p, ok := prices[row.Model]
	if !ok {
		p, ok = prices["*"]
	}
	switch {
	case row.Audio == 0:
		line.Currency = free
		return line, nil
	case !ok:
		return line, nil
	}
	cost, ok := Cost(row.Audio, p.PerMinute)
	if !ok {
		return line, tooMuch()
	}
	line.Cost, line.Currency = cost, p.Currency
	return line, nil
}

// free is the currency of what costs nothing, whatever it is paid in.
const free = "-"

// add adds what another model was used for.
func (l *Line) add(more *Line) error {
	l.Audio += more.Audio
	l.Streams += more.Streams
	l.Requests += more.Requests
	l.Errors += more.Errors
	switch {
	case l.Currency == "" || more.Currency == "":
		l.Cost, l.Currency = 0, ""
		return nil
	case l.Currency == free:
		l.Currency = more.Currency
	case more.Currency != free && more.Currency != l.Currency:
		return &stt.Error{Code: stt.Invalid, Op: "bill", Option: "by", Got: l.Currency + " and " + more.Currency, Want: "model",
			Msg: "the prices are in " + l.Currency + " and in " + more.Currency + ", which cannot be added up; ask for usage by model as well"}
	}
	if l.Cost > math.MaxInt64-more.Cost {
		return tooMuch()
	}
	l.Cost += more.Cost
	return nil
}

func tooMuch() error {
	return stt.Errorf(stt.Invalid, "the bill is longer than a number can be; ask for a shorter time or correct the prices")
}

// Cost returns what audio costs at a price for a minute, in the units of the price, rounded to the nearest and upwards from the
// middle. It is computed in whole numbers. ok is false where the result does not fit.
func Cost(audio time.Duration, perMinute int64) (cost int64, ok bool) {
	if audio < 0 || perMinute < 0 {
		return 0, false
	}
	const minute = uint64(time.Minute)
	high, low := bits.Mul64(uint64(audio), uint64(perMinute))
	low, carry := bits.Add64(low, minute/2, 0)
	if high += carry; high >= minute {
		return 0, false
	}
	n, _ := bits.Div64(high, low, minute)
	return int64(n), n <= math.MaxInt64
}
