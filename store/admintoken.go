package store

import (
	"context"
	"time"
)

// AdminToken lets a program or a person administer the server. It is kept as a hash: however it is printed, logged or
// marshalled, the hash does not show.
type AdminToken struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Hash     [32]byte  `json:"-"`    // SHA-256 of the token
	Role     Role      `json:"role"` // empty: admin
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	Disabled bool      `json:"disabled,omitempty"`
}

// CreateAdminToken makes an administrator's token and returns it, with the token itself: it cannot be found out again. Where
// Hash is set (a token that existed before), token is empty.
func (s *Store) CreateAdminToken(ctx context.Context, by Actor, t AdminToken) (kept AdminToken, token string, err error) {
	t.Created, t.Expires = orNow(t.Created, s), rounded(t.Expires)
	if t.Role == "" {
		t.Role = RoleAdmin
	}
	if t.Hash == ([32]byte{}) {
		token, t.Hash = newToken(adminPrefix)
	}
	err = s.change(ctx, "create administrator's token", by, func(c conn) (AuditEntry, error) {
		if t.ID == "" {
			t.ID = newID(adminIDPrefix)
		}
		if err := t.check(); err != nil {
			return AuditEntry{}, err
		}
		_, err := c.exec(ctx, "INSERT INTO admin_tokens (id, name, hash, role, created, expires, disabled) VALUES "+values(1, 7),
			t.ID, t.Name, t.Hash[:], string(t.Role), micros(t.Created), micros(t.Expires), truth(t.Disabled))
		if err != nil {
			return AuditEntry{}, taken(err, "there is an administrator's token with the id %s, or the same token, already", t.ID)
		}
		return entryOf("create", "admin-token", t.ID, "", t)
	})
	if err != nil {
		return AdminToken{}, "", err
	}
	return t, token, nil
}

// AdminTokenByHash returns the entry of the token with this SHA-256.
func (s *Store) AdminTokenByHash(ctx context.Context, hash [32]byte) (AdminToken, error) {
	t, err := one(s.reader().row(ctx, selectAdminToken+" WHERE hash = ?", hash[:]), scanAdminToken, "administrator's token", "of that kind")
	return t, s.fail("administrator's token", err)
}

// AdminTokens lists administrators' tokens by name. next is empty on the last page.
func (s *Store) AdminTokens(ctx context.Context, p Page) (list []AdminToken, next string, err error) {
	most, err := p.limit()
	var w where
	if err = first(err, w.after(p.After, "name", "id")); err != nil {
		return nil, "", s.fail("administrators' tokens", err)
	}
	list, err = all(ctx, s.reader(), scanAdminToken, selectAdminToken+w.text.String()+" ORDER BY name, id LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("administrators' tokens", err)
	}
	list, next = page(list, most, func(t AdminToken) string { return cursorOf(t.Name, t.ID) })
	return list, next, nil
}

// UpdateAdminToken changes an entry; see [Store.UpdateAccount]. ID, Hash and Created cannot be changed.
func (s *Store) UpdateAdminToken(ctx context.Context, by Actor, id string, change func(*AdminToken) error) (AdminToken, error) {
	var t AdminToken
	err := s.change(ctx, "update administrator's token", by, func(c conn) (AuditEntry, error) {
		before, err := getAdminToken(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		t = before
		if err := change(&t); err != nil {
			return AuditEntry{}, err
		}
		t.Expires = rounded(t.Expires)
		err = first(fixed("id", t.ID == before.ID), fixed("hash", t.Hash == before.Hash), fixed("created", t.Created.Equal(before.Created)), t.check())
		if err != nil {
			return AuditEntry{}, err
		}
		_, err = c.exec(ctx, "UPDATE admin_tokens SET name = ?, role = ?, expires = ?, disabled = ? WHERE id = ?",
			t.Name, string(t.Role), micros(t.Expires), truth(t.Disabled), t.ID)
		if err == nil && (t.Disabled || t.Role != before.Role) {
			err = endSessions(ctx, c, "token = ?", id)
		}
		if err != nil {
			return AuditEntry{}, err
		}
		return entryOf("update", "admin-token", id, "", changed(before, t))
	})
	if err != nil {
		return AdminToken{}, err
	}
	return t, nil
}

// DeleteAdminToken removes an entry.
func (s *Store) DeleteAdminToken(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, "delete administrator's token", by, func(c conn) (AuditEntry, error) {
		t, err := getAdminToken(ctx, c, id)
		if err != nil {
			return AuditEntry{}, err
		}
		_, err1 := c.exec(ctx, "DELETE FROM admin_tokens WHERE id = ?", id)
		if err := first(err1, endSessions(ctx, c, "token = ?", id)); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", "admin-token", id, "", t)
	})
}

const selectAdminToken = "SELECT id, name, hash, role, created, expires, disabled FROM admin_tokens"

func scanAdminToken(r scanner) (t AdminToken, err error) {
	err = r.Scan(&t.ID, &t.Name, hashColumn{&t.Hash}, &t.Role, timeColumn{&t.Created}, timeColumn{&t.Expires}, &t.Disabled)
	return t, err
}

func getAdminToken(ctx context.Context, c conn, id string) (AdminToken, error) {
	return one(c.row(ctx, selectAdminToken+" WHERE id = ?", lookup(id)), scanAdminToken, "administrator's token", id)
}

func (t AdminToken) check() error {
	return first(checkID("id", t.ID), checkName("name", t.Name, maxName), checkRole(t.Role), checkTime("created", t.Created), checkTime("expires", t.Expires))
}
