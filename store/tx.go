package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// attempts is how often a transaction is tried that the database gave up because of another one.
const attempts = 5

// transact runs f in a transaction that writes. f may run more than once, each time in a transaction of its own.
func (s *Store) transact(ctx context.Context, f func(conn) error) error {
	for n := 1; ; n++ {
		err := s.once(ctx, f)
		if err == nil || n == attempts || !collided(err) {
			return err
		}
		select {
		case <-time.After(time.Duration(n) * 10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Store) once(ctx context.Context, f func(conn) error) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, what went wrong is being returned
	if err := f(conn{tx, s.dialect}); err != nil {
		return err
	}
	return tx.Commit()
}

// change makes an administrative change: what f does, the line in the audit log that it returns, and the new revision are
// one transaction. Such transactions run one after the other, whoever makes them: each has the row of the store to itself.
func (s *Store) change(ctx context.Context, op string, by Actor, f func(conn) (AuditEntry, error)) error {
	return s.changeWith(ctx, op, by, "revision = revision + 1, keys_revision = revision + 1", f)
}

// changeApart is change for what neither keys nor their owners depend on: see [Store.KeysRevision].
func (s *Store) changeApart(ctx context.Context, op string, by Actor, f func(conn) (AuditEntry, error)) error {
	return s.changeWith(ctx, op, by, "revision = revision + 1", f)
}

func (s *Store) changeWith(ctx context.Context, op string, by Actor, revisions string, f func(conn) (AuditEntry, error)) error {
	if err := by.check(); err != nil {
		return s.fail(op, err)
	}
	return s.fail(op, s.transact(ctx, func(c conn) error {
		var revision int64
		if err := c.row(ctx, "UPDATE store SET "+revisions+" RETURNING revision").Scan(&revision); err != nil {
			return err
		}
		entry, err := f(c)
		if err != nil {
			return err
		}
		entry.Revision, entry.At, entry.Actor, entry.Remote = revision, s.stamp(), by.Name, by.Remote
		return insertAudit(ctx, c, entry)
	}))
}

func (by Actor) check() error {
	if err := checkName("actor", by.Name, 128); err != nil {
		return err
	}
	return checkLine("actor.remote", by.Remote, 128)
}

// entryOf describes a change for the audit log. detail must have no secret in it: the types of this package marshal without theirs.
func entryOf(action, kind, target, account string, detail any) (AuditEntry, error) {
	e := AuditEntry{Action: action, Kind: kind, Target: target, Account: account}
	if detail != nil {
		text, err := json.Marshal(detail)
		if err != nil {
			return e, err
		}
		e.Detail = string(text)
	}
	return e, nil
}

// snapshot runs f on the database as it is at one moment.
func (s *Store) snapshot(ctx context.Context, f func(conn) error) error {
	tx, err := s.read.BeginTx(ctx, s.dialect.snapshot)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it has only read
	return f(conn{tx, s.dialect})
}

// one maps the row that a query returns; no row is a NotFound error about what and id.
func one[T any](row *sql.Row, scan func(scanner) (T, error), what, id string) (T, error) {
	v, err := scan(row)
	if err != nil {
		var none T
		return none, missing(err, what, id)
	}
	return v, nil
}

// orNow is when a thing was made: now, or as it says (one that is moved here from elsewhere).
func orNow(t time.Time, s *Store) time.Time {
	if t.IsZero() {
		return s.stamp()
	}
	return rounded(t)
}

// fixed is the error for a field that cannot be changed and was.
func fixed(field string, same bool) error {
	if same {
		return nil
	}
	return invalid(field, "expected it to be left as it is: it cannot be changed")
}

// unused is a Conflict if any row of a table refers to something.
func unused(ctx context.Context, c conn, table, column, id, format string, args ...any) error {
	var n int
	err := c.row(ctx, "SELECT 1 FROM "+table+" WHERE "+column+" = ? LIMIT 1", id).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return stt.Errorf(stt.Conflict, format, args...)
}

// changed returns the fields that differ, as they are marshalled, with what they have become.
func changed(before, after any) map[string]any {
	was, is := fieldsOf(before), fieldsOf(after)
	detail := map[string]any{}
	for name, v := range is {
		if !reflect.DeepEqual(was[name], v) {
			detail[name] = v
		}
	}
	for name := range was {
		if _, there := is[name]; !there {
			detail[name] = nil
		}
	}
	return detail
}

func fieldsOf(v any) map[string]any {
	fields := map[string]any{}
	if text, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(text, &fields) // what was marshalled from a struct is an object
	}
	return fields
}
