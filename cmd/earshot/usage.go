package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// usageCmd tells what has been used, and what a minute costs.
type usageCmd struct {
	Export usageExportCmd `cmd:"" help:"Print what has been used and what it costs."`
	Prices usagePricesCmd `cmd:"" help:"List the prices of models."`
	Price  usagePriceCmd  `cmd:"" help:"Set what a minute of audio costs with a model."`
}

// usageExportCmd prints usage for a spreadsheet or a program.
type usageExportCmd struct {
	stateFlags
	From    string   `placeholder:"TIME" help:"Begin with this hour, day or month (UTC): 2026-11, 2026-11-21, 2026-11-21T13:00:00Z. Default: this month."`
	To      string   `placeholder:"TIME" help:"End before this hour, day or month (UTC). Default: now."`
	By      []string `placeholder:"NAME,..." default:"month,account,key,model" help:"One line for each hour, day or month, and for each account, key, model, protocol and language. Default: ${default}."`
	Format  string   `enum:"csv,json" default:"csv" help:"csv or json. Default: ${default}."`
	Account string   `placeholder:"NAME" help:"Only this account, by name or id; one that was deleted by id."`
	Key     string   `placeholder:"NAME" help:"Only this access key or API key, by name or id; one that was deleted by id."`
	Model   string   `placeholder:"NAME" help:"Only this model."`
}

// Run prints the usage.
func (c *usageExportCmd) Run(env *environment) error {
	q, err := c.query(time.Now())
	if err != nil {
		return err
	}
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		if err := c.resolve(env, s, &q); err != nil {
			return err
		}
		lines, err := ledger.Bill(env.ctx, s, q)
		switch {
		case err != nil:
			return err
		case c.Format == "json":
			return ledger.WriteJSON(env.out, lines)
		default:
			return ledger.WriteCSV(env.out, lines)
		}
	})
}

// resolve puts ids in place of the names of an account and a key. What there is no more is known by what it has used; anything else is
// refused, since a bill with nothing in it looks like one of somebody who has used nothing.
func (c *usageExportCmd) resolve(env *environment, s *store.Store, q *store.UsageQuery) error {
	if c.Account != "" {
		a, err := state.FindAccount(env.ctx, s, c.Account)
		if err := c.known(env, s, store.UsageQuery{Account: c.Account}, err); err != nil {
			return err
		}
		q.Account = or(a.ID, c.Account)
	}
	if c.Key == "" {
		return nil
	}
	k, err := keyArg{c.Key}.find(env, s)
	if err == nil {
		q.Key = k.ID
		return nil
	}
	other, otherErr := apiKeyArg{c.Key}.find(env, s)
	switch {
	case otherErr == nil:
		q.Key = other.ID
		return nil
	case stt.CodeOf(err) == stt.NotFound:
		err = otherErr // it may be that several API keys have the name
	}
	if stt.CodeOf(err) == stt.NotFound {
		err = stt.Errorf(stt.NotFound, "there is no access key or API key with the id or name %q, and none of that id has used anything; \"earshot keys list\" and \"earshot api-keys list\" show what there is", c.Key)
	}
	return c.known(env, s, store.UsageQuery{Key: c.Key}, err)
}

// known returns nil in place of NotFound where something was used.
func (c *usageExportCmd) known(env *environment, s *store.Store, q store.UsageQuery, err error) error {
	if stt.CodeOf(err) != stt.NotFound {
		return err
	}
	used, failed := wasUsed(env, s, q)
	switch {
	case failed != nil:
		return failed
	case used:
		return nil
	}
	return err
}

// wasUsed says whether there is any usage of an account, a key or a model, at any time.
func wasUsed(env *environment, s *store.Store, q store.UsageQuery) (bool, error) {
	q.From, q.To = time.Unix(0, 0), time.Now().Add(time.Hour)
	rows, err := s.UsageRows(env.ctx, q)
	return len(rows) > 0, err
}

// query is what the flags ask for.
func (c *usageExportCmd) query(now time.Time) (store.UsageQuery, error) {
	q := store.UsageQuery{Account: c.Account, Key: c.Key, Model: c.Model, Max: 1_000_000}
	var err error
	if q.From, err = usageTime("from", cmp.Or(c.From, now.UTC().Format("2006-01"))); err != nil {
		return q, err
	}
	if q.To, err = usageTime("to", cmp.Or(c.To, now.UTC().Format(time.RFC3339))); err != nil {
		return q, err
	}
	if !q.From.Before(q.To) {
		return q, stt.Errorf(stt.Invalid, "--from is %s and --to is %s; expected an earlier time to begin with", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	periods := map[string]store.Period{"hour": store.ByHour, "day": store.ByDay, "month": store.ByMonth}
	dimensions := []store.Dimension{store.DimAccount, store.DimKey, store.DimModel, store.DimProtocol, store.DimLanguage}
	for _, by := range c.By {
		period, ok := periods[by]
		switch d := store.Dimension(by); {
		case ok && q.By != store.Total && q.By != period:
			return q, stt.Errorf(stt.Invalid, "--by has two lengths of time; expected one of hour, day and month")
		case ok:
			q.By = period
		case !slices.Contains(dimensions, d):
			return q, stt.Errorf(stt.Invalid, "--by has %q; expected some of hour, day, month, account, key, model, protocol, language", by)
		case !slices.Contains(q.Group, d):
			q.Group = append(q.Group, d)
		}
	}
	return q, nil
}

// usageTime reads a time of a flag.
func usageTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, stt.Errorf(stt.Invalid, "--%s is %q; expected a time such as 2026-11, 2026-11-21 or 2026-11-21T13:00:00Z", flag, text)
}

// usagePricesCmd lists prices.
type usagePricesCmd struct {
	stateFlags
	formatFlag
}

// Run prints a table.
func (c *usagePricesCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		list, err := s.Prices(env.ctx)
		if err != nil {
			return err
		}
		return printList(env, c.formatFlag, list, "prices", []string{"MODEL", "PER MINUTE"}, func(p store.Price) []string {
			return []string{p.Model, moneyText(p)}
		})
	})
}

// usagePriceCmd sets a price.
type usagePriceCmd struct {
	stateFlags
	Model     string `arg:"" help:"Model, as \"earshot usage export\" names it; * for all that have no price of their own."`
	PerMinute string `arg:"" help:"Price of a minute, such as 0.024, with at most six places; none removes the price."`
	Currency  string `arg:"" optional:"" default:"USD" help:"Currency, three letters. Default: ${default}."`
}

// Run sets the price.
func (c *usagePriceCmd) Run(env *environment) error {
	price := store.Price{Model: c.Model, Currency: strings.ToUpper(c.Currency)}
	var err error
	if price.PerMinute, err = micros(c.PerMinute); err != nil && c.PerMinute != "none" {
		return err
	}
	return c.making(env, func(s *store.Store, by store.Actor) error {
		if c.PerMinute == "none" {
			err := s.DeletePrice(env.ctx, by, c.Model)
			if err == nil {
				fmt.Fprintf(env.errOut, "%s has no price of its own any more\n", c.Model)
			}
			return err
		}
		if err := s.SetPrice(env.ctx, by, price); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "a minute with %s costs %s\n", c.Model, moneyText(price))
		if used, err := wasUsed(env, s, store.UsageQuery{Model: c.Model}); err != nil || used || c.Model == "*" {
			return err
		}
		fmt.Fprintf(env.errOut, "note: nothing has been used with a model called %q so far; bills name models as \"earshot usage export --by model\" does\n", c.Model)
		return nil
	})
}

// micros reads an amount of money as millionths, without floating point.
func micros(text string) (int64, error) {
	whole, fraction, point := strings.Cut(text, ".")
	digits := whole + fraction
	bad := digits == "" || point && fraction == "" || len(fraction) > 6 || strings.Trim(digits, "0123456789") != ""
	n, err := strconv.ParseInt(digits+strings.Repeat("0", max(6-len(fraction), 0)), 10, 64)
	if bad || err != nil {
		return 0, stt.Errorf(stt.Invalid, "the price is %q; expected an amount such as 0.024, with at most six places, or none", text)
	}
	return n, nil
}

// moneyText writes a price for people.
func moneyText(p store.Price) string {
	digits := strconv.FormatInt(p.PerMinute, 10)
	digits = strings.Repeat("0", max(7-len(digits), 0)) + digits
	whole, fraction := digits[:len(digits)-6], strings.TrimRight(digits[len(digits)-6:], "0")
	if fraction != "" {
		whole += "." + fraction
	}
	return whole + " " + p.Currency
}
