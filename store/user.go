package store

import (
	"context"
	"time"
)

// Role is what somebody may do.
type Role string

// The roles.
const (
	RoleAdmin  Role = "admin"  // everything: of the account for a user, of the server for an administrator's token
	RoleMember Role = "member" // streams, and keys of their own
	RoleViewer Role = "viewer" // looks, changes nothing
)

// User is a person within an account. However it is printed, logged or marshalled, the hash of the password does not show.
type User struct {
	ID           string    `json:"id"` // made by CreateUser where it is empty
	Account      string    `json:"account"`
	Name         string    `json:"name"` // unique within the account
	PasswordHash string    `json:"-"`    // as made by who checks it; at most 1024 bytes; empty: no password is good
	Role         Role      `json:"role"` // empty: member
	Created      time.Time `json:"created"`
	Disabled     bool      `json:"disabled,omitempty"`
}

// UserFilter chooses users. Empty fields choose all.
type UserFilter struct {
	Account string
	Text    string // part of the name or the id, whatever the case
	Page    Page
}

// CreateUser makes a user and returns it as it is kept.
func (s *Store) CreateUser(ctx context.Context, by Actor, u User) (User, error) {
	u.Created = orNow(u.Created, s)
	if u.Role == "" {
		u.Role = RoleMember
	}
	err := s.change(ctx, "create user", by, func(c conn) (AuditEntry, error) {
		if u.ID == "" {
			u.ID = newID(userIDPrefix)
		}
		if err := u.check(); err != nil {
			return AuditEntry{}, err
		}
		if _, err := getAccount(ctx, c, u.Account); err != nil {
			return AuditEntry{}, err
		}
		_, err := c.exec(ctx, "INSERT INTO users (id, account_id, name, search, password_hash, role, created, disabled) VALUES "+values(1, 8),
			u.ID, u.Account, u.Name, searchable(u.Name, u.ID), u.PasswordHash, string(u.Role), micros(u.Created), truth(u.Disabled))
		if err != nil {
			return AuditEntry{}, taken(err, "there is a user with the name %q in the account %s, or with the id %s, already", u.Name, u.Account, u.ID)
		}
		return entryOf("create", "user", u.ID, u.Account, u)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// User returns the user with an id.
func (s *Store) User(ctx context.Context, id string) (User, error) {
	u, err := getUser(ctx, s.reader(), id)
	return u, s.fail("user", err)
}

// UserByName returns the user of an account with a name.
func (s *Store) UserByName(ctx context.Context, account, name string) (User, error) {
	u, err := one(s.reader().row(ctx, "SELECT "+userColumns+" FROM users WHERE account_id = ? AND name = ?", lookup(account), lookup(name)), scanUser, "user", name)
	return u, s.fail("user", err)
}

// Users lists users by name. next is empty on the last page.
func (s *Store) Users(ctx context.Context, f UserFilter) (list []User, next string, err error) {
	most, err := f.Page.limit()
	var w where
	w.equal("account_id", f.Account)
	if err = first(err, checkText("account", f.Account, maxText), w.contains("search", f.Text), w.after(f.Page.After, "name", "id")); err != nil {
		return nil, "", s.fail("users", err)
	}
	list, err = all(ctx, s.reader(), scanUser, "SELECT "+userColumns+" FROM users"+w.text.String()+" ORDER BY name, id LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("users", err)
	}
	list, next = page(list, most, func(u User) string { return cursorOf(u.Name, u.ID) })
	return list, next, nil
}

// UpdateUser changes a user; see [Store.UpdateAccount]. ID, Account and Created cannot be changed. Who is disabled, or gets another role
// or password, is signed out of the console.
func (s *Store) UpdateUser(ctx context.Context, by Actor, id string, change func(*User) error) (User, error) {
	return s.updateUser(ctx, by, id, []byte{}, change)
}

// updateUser is UpdateUser, and leaves the session of the console that has the hash.
func (s *Store) updateUser(ctx context.Context, by Actor, id string, keep []byte, change func(*User) error) (User, error) {
	var u User
	err := s.change(ctx, "update user", by, func(c conn) (AuditEntry, error) {
		before, err := getUser(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		u = before
		if err := change(&u); err != nil {
			return AuditEntry{}, err
		}
		err = first(fixed("id", u.ID == before.ID), fixed("account", u.Account == before.Account), fixed("created", u.Created.Equal(before.Created)), u.check())
		if err != nil {
			return AuditEntry{}, err
		}
		_, err = c.exec(ctx, "UPDATE users SET name = ?, search = ?, password_hash = ?, role = ?, disabled = ? WHERE id = ?",
			u.Name, searchable(u.Name, u.ID), u.PasswordHash, string(u.Role), truth(u.Disabled), u.ID)
		if err != nil {
			return AuditEntry{}, taken(err, "there is a user with the name %q in the account %s already", u.Name, u.Account)
		}
		if u.Disabled || u.Role != before.Role || u.PasswordHash != before.PasswordHash {
			if err := endSessions(ctx, c, "user_id = ? AND hash <> ?", id, keep); err != nil {
				return AuditEntry{}, err
			}
		}
		detail := changed(before, u)
		if u.PasswordHash != before.PasswordHash {
			detail["password"] = "changed"
		}
		return entryOf("update", "user", id, u.Account, detail)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// DeleteUser removes a user. It is a Conflict while the user has keys.
func (s *Store) DeleteUser(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, "delete user", by, func(c conn) (AuditEntry, error) {
		u, err := getUser(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		for _, owned := range []struct{ table, what string }{{"access_keys", "access keys"}, {"api_keys", "API keys"}} {
			if err := unused(ctx, c, owned.table, "user_id", id, "the user %q still has %s: delete them first", u.Name, owned.what); err != nil {
				return AuditEntry{}, err
			}
		}
		if _, err := c.exec(ctx, "DELETE FROM users WHERE id = ?", id); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "user", id, u.Account, u)
	})
}

const userColumns = "id, account_id, name, password_hash, role, created, disabled"

func scanUser(r scanner) (u User, err error) {
	err = r.Scan(&u.ID, &u.Account, &u.Name, &u.PasswordHash, &u.Role, timeColumn{&u.Created}, &u.Disabled)
	return u, err
}

func getUser(ctx context.Context, c conn, id string) (User, error) {
	return one(c.row(ctx, "SELECT "+userColumns+" FROM users WHERE id = ?", lookup(id)), scanUser, "user", id)
}

func (u User) check() error {
	return first(checkID("id", u.ID), checkDigits("account", u.Account), checkName("name", u.Name, maxName), checkLine("password", u.PasswordHash, maxHash),
		checkRole(u.Role), checkTime("created", u.Created))
}

// checkOwner says whether a key may belong to a user: one of the same account.
func checkOwner(ctx context.Context, c conn, user, account string) error {
	if user == "" {
		return nil
	}
	u, err := getUser(ctx, c, user)
	if err != nil {
		return err
	}
	if u.Account != account {
		return invalid("user", "expected a user of the account %s", account)
	}
	return nil
}
