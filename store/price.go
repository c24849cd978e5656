package store

import (
	"context"
	"database/sql"
	"strings"
)

// Price is what a minute of audio costs with a model.
type Price struct {
	Model     string `json:"model"`      // "*": every model without a price of its own
	PerMinute int64  `json:"per_minute"` // in millionths of the currency; 0 to 10^15
	Currency  string `json:"currency"`   // three capital letters
}

// SetPrice sets or replaces the price of a model.
func (s *Store) SetPrice(ctx context.Context, by Actor, p Price) error {
	return s.changeApart(ctx, "set price", by, func(c conn) (AuditEntry, error) {
		if err := p.check(); err != nil {
			return AuditEntry{}, err
		}
		_, err := c.exec(ctx, "INSERT INTO prices (model, per_minute, currency) VALUES (?, ?, ?) ON CONFLICT (model) DO UPDATE SET per_minute = excluded.per_minute, "+
			"currency = excluded.currency", p.Model, p.PerMinute, p.Currency)
		if err != nil {
			return AuditEntry{}, err
		}
		return entryOf("update", "price", p.Model, "", p)
	})
}

// DeletePrice removes the price of a model.
func (s *Store) DeletePrice(ctx context.Context, by Actor, model string) error {
	return s.changeApart(ctx, "delete price", by, func(c conn) (AuditEntry, error) {
		n, err := c.exec(ctx, "DELETE FROM prices WHERE model = ?", lookup(model))
		if err == nil && n == 0 {
			err = missing(sql.ErrNoRows, "price of", model)
		}
		if err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "price", model, "", nil)
	})
}

// Prices returns all prices by model.
func (s *Store) Prices(ctx context.Context) ([]Price, error) {
	list, err := all(ctx, s.reader(), scanPrice, "SELECT model, per_minute, currency FROM prices ORDER BY model")
	return list, s.fail("prices", err)
}

func scanPrice(r scanner) (p Price, err error) {
	err = r.Scan(&p.Model, &p.PerMinute, &p.Currency)
	return p, err
}

func (p Price) check() error {
	const most = 1_000_000_000_000_000
	switch {
	case p.PerMinute < 0 || p.PerMinute > most:
		return invalidNumber("per_minute", p.PerMinute, "0 to 10^15")
	case len(p.Currency) != 3 || strings.Trim(p.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return invalid("currency", "expected three capital letters, such as EUR")
	case p.Model == "":
		return invalid("model", "expected the name of a model, or * for all others")
	}
	return checkLine("model", p.Model, maxItem)
}
