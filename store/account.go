package store

import (
	"context"
	"fmt"
	"time"
)

// Account is a customer or a team: it owns users, keys and vocabularies, and has limits and a bill.
type Account struct {
	ID       string    `json:"id"`   // 12 digits; made by CreateAccount where it is empty
	Name     string    `json:"name"` // unique
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled,omitempty"` // its keys are refused
	Limits   Limits    `json:"limits"`             // for all its keys together
}

// CreateAccount makes an account and returns it as it is kept. A name or an id that is taken is a Conflict.
func (s *Store) CreateAccount(ctx context.Context, by Actor, a Account) (Account, error) {
	a.Created = orNow(a.Created, s)
	err := s.change(ctx, "create account", by, func(c conn) (AuditEntry, error) {
		taking := fmt.Sprintf("the name %q or the id %s", a.Name, a.ID)
		if a.ID == "" {
			a.ID, taking = newAccountID(), fmt.Sprintf("the name %q", a.Name)
		}
		if err := a.check(); err != nil {
			return AuditEntry{}, err
		}
		if err := insertAccount(ctx, c, a); err != nil {
			return AuditEntry{}, taken(err, "there is an account with %s already", taking)
		}
		return entryOf("create", "account", a.ID, a.ID, a)
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

// Account returns the account with an id.
func (s *Store) Account(ctx context.Context, id string) (Account, error) {
	a, err := getAccount(ctx, s.reader(), id)
	return a, s.fail("account", err)
}

// AccountByName returns the account with a name.
func (s *Store) AccountByName(ctx context.Context, name string) (Account, error) {
	a, err := one(s.reader().row(ctx, "SELECT "+accountColumns+" FROM accounts WHERE name = ?", lookup(name)), scanAccount, "account", name)
	return a, s.fail("account", err)
}

// Accounts lists accounts by name. next is empty on the last page.
func (s *Store) Accounts(ctx context.Context, p Page) (list []Account, next string, err error) {
	most, err := p.limit()
	var w where
	if err = first(err, w.after(p.After, "name")); err != nil {
		return nil, "", s.fail("accounts", err)
	}
	list, err = all(ctx, s.reader(), scanAccount, "SELECT "+accountColumns+" FROM accounts"+w.text.String()+" ORDER BY name LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("accounts", err)
	}
	list, next = page(list, most, func(a Account) string { return cursorOf(a.Name) })
	return list, next, nil
}

// UpdateAccount changes an account: change gets it as it is kept, and what it leaves is written. ID and Created cannot be
// changed. change runs inside a transaction and must not use the store; its error is returned as it is, and nothing is changed.
func (s *Store) UpdateAccount(ctx context.Context, by Actor, id string, change func(*Account) error) (Account, error) {
	var a Account
	err := s.change(ctx, "update account", by, func(c conn) (AuditEntry, error) {
		before, err := getAccount(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		a = before
		if err := change(&a); err != nil {
			return AuditEntry{}, err
		}
		err = first(fixed("id", a.ID == before.ID), fixed("created", a.Created.Equal(before.Created)), a.check())
		if err != nil {
			return AuditEntry{}, err
		}
		_, err = c.exec(ctx, "UPDATE accounts SET name = ?, search = ?, disabled = ?, limits = ? WHERE id = ?",
			a.Name, searchable(a.Name, a.ID), truth(a.Disabled), asJSON(a.Limits), a.ID)
		if err != nil {
			return AuditEntry{}, taken(err, "there is an account with the name %q already", a.Name)
		}
		if a.Disabled {
			if err := endSessions(ctx, c, "user_id IN (SELECT id FROM users WHERE account_id = ?)", id); err != nil {
				return AuditEntry{}, err
			}
		}
		return entryOf("update", "account", id, id, changed(before, a))
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

// DeleteAccount removes an account. It is a Conflict while it has users, keys or vocabularies. Its usage stays.
func (s *Store) DeleteAccount(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, "delete account", by, func(c conn) (AuditEntry, error) {
		a, err := getAccount(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		for _, owned := range []struct{ table, what string }{{"access_keys", "access keys"}, {"api_keys", "API keys"}, {"users", "users"}, {"resources", "vocabularies"}} {
			if err := unused(ctx, c, owned.table, "account_id", id, "the account %s still has %s: delete them first", id, owned.what); err != nil {
				return AuditEntry{}, err
			}
		}
		if _, err := c.exec(ctx, "DELETE FROM accounts WHERE id = ?", id); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "account", id, id, a)
	})
}

const accountColumns = "id, name, created, disabled, limits"

func scanAccount(r scanner) (a Account, err error) {
	err = r.Scan(&a.ID, &a.Name, timeColumn{&a.Created}, &a.Disabled, jsonColumn{&a.Limits})
	return a, err
}

func getAccount(ctx context.Context, c conn, id string) (Account, error) {
	return one(c.row(ctx, "SELECT "+accountColumns+" FROM accounts WHERE id = ?", lookup(id)), scanAccount, "account", id)
}

func insertAccount(ctx context.Context, c conn, a Account) error {
	_, err := c.exec(ctx, "INSERT INTO accounts (id, name, search, created, disabled, limits) VALUES "+values(1, 6),
		a.ID, a.Name, searchable(a.Name, a.ID), micros(a.Created), truth(a.Disabled), asJSON(a.Limits))
	return err
}

func (a Account) check() error {
	return first(checkDigits("id", a.ID), checkName("name", a.Name, maxName), checkTime("created", a.Created), a.Limits.check())
}
