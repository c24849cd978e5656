package store

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// SessionKind is what somebody signed in with.
type SessionKind string

// The kinds.
const (
	SessionUser  SessionKind = "user"  // a name and a password
	SessionToken SessionKind = "token" // an administrator's token
	SessionLink  SessionKind = "link"  // a link that works once
)

// ConsoleSession is somebody who is signed in to the console. It is kept with a hash of what the browser sends: however it is printed,
// logged or marshalled, that does not show.
type ConsoleSession struct {
	ID      string      `json:"id"` // made by OpenConsoleSession
	Hash    [32]byte    `json:"-"`
	Kind    SessionKind `json:"kind"`
	User    string      `json:"user,omitempty"`  // the id, of a session of that kind
	Token   string      `json:"token,omitempty"` // the id of an administrator's token; empty: that of the data folder
	Basis   [32]byte    `json:"-"`               // which token of the data folder it was
	Name    string      `json:"name"`            // as the audit log has it
	Role    Role        `json:"role"`
	Remote  string      `json:"remote,omitempty"` // where it was opened from
	Created time.Time   `json:"created"`
	Seen    time.Time   `json:"seen"`
	Expires time.Time   `json:"expires"`
}

// ConsoleLink lets somebody in once.
type ConsoleLink struct {
	ID      string    `json:"id"`
	Hash    [32]byte  `json:"-"`
	Role    Role      `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// mostLinks is how many links there are at a time. The oldest makes way.
const mostLinks = 20

// CreateConsoleLink makes a link of a role and returns it with its code, which cannot be found out again.
func (s *Store) CreateConsoleLink(ctx context.Context, by Actor, role Role, expires time.Time) (l ConsoleLink, code string, err error) {
	l = ConsoleLink{ID: newID(linkIDPrefix), Role: role, Created: s.stamp(), Expires: rounded(expires)}
	code, l.Hash = newToken(linkPrefix)
	err = s.changeApart(ctx, "create console link", by, func(c conn) (AuditEntry, error) {
		if err := first(checkRole(role), checkTime("expires", expires)); err != nil {
			return AuditEntry{}, err
		}
		_, err1 := c.exec(ctx, "DELETE FROM console_links WHERE expires <= ? OR hash IN (SELECT hash FROM console_links ORDER BY created DESC, id LIMIT 1000 OFFSET ?)",
			micros(l.Created), mostLinks-1)
		_, err2 := c.exec(ctx, "INSERT INTO console_links (hash, id, role, created, expires) VALUES "+values(1, 5), l.Hash[:], l.ID, string(role), micros(l.Created), micros(l.Expires))
		if err := first(err1, err2); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("create", "console-link", l.ID, "", l)
	})
	if err != nil {
		return ConsoleLink{}, "", err
	}
	return l, code, nil
}

// ConsoleLink returns the link whose code has this SHA-256, if it has not expired.
func (s *Store) ConsoleLink(ctx context.Context, hash [32]byte) (ConsoleLink, error) {
	l, err := one(s.reader().row(ctx, selectLink+" WHERE hash = ? AND expires > ?", hash[:], micros(s.now())), scanLink, "link", "of that kind")
	return l, s.fail("console link", err)
}

// OpenConsoleSession signs somebody in and returns the session with what the browser is to send, which cannot be found out again. Of
// the owner's sessions the oldest end until there are no more than most. Where link is set, it is used up; if somebody else has used it,
// or it has expired, that is a NotFound error and nothing happens.
func (s *Store) OpenConsoleSession(ctx context.Context, by Actor, n ConsoleSession, most int, link *ConsoleLink) (ConsoleSession, string, error) {
	n.ID, n.Created, n.Expires = newID(sessionIDPrefix), s.stamp(), rounded(n.Expires)
	n.Seen = n.Created
	var token string
	token, n.Hash = newToken(sessionPrefix)
	err := s.changeApart(ctx, "sign in", by, func(c conn) (AuditEntry, error) {
		if err := n.check(); err != nil {
			return AuditEntry{}, err
		}
		if link != nil {
			used, err := c.exec(ctx, "DELETE FROM console_links WHERE hash = ? AND expires > ?", link.Hash[:], micros(n.Created))
			if err == nil && used == 0 {
				err = stt.Errorf(stt.NotFound, "no link of that kind")
			}
			if err != nil {
				return AuditEntry{}, err
			}
		}
		_, err1 := c.exec(ctx, "DELETE FROM console_sessions WHERE expires <= ?", micros(n.Created))
		_, err2 := c.exec(ctx, "DELETE FROM console_sessions WHERE hash IN (SELECT hash FROM console_sessions WHERE owner = ? ORDER BY created DESC, id LIMIT 1000 OFFSET ?)",
			n.owner(), max(most, 1)-1)
		_, err3 := c.exec(ctx, "INSERT INTO console_sessions (hash, id, kind, owner, user_id, token, basis, name, role, remote, created, seen, expires) VALUES "+values(1, 13),
			n.Hash[:], n.ID, string(n.Kind), n.owner(), orNull(n.User), n.Token, n.Basis[:], n.Name, string(n.Role), n.Remote, micros(n.Created), micros(n.Seen), micros(n.Expires))
		if err := first(err1, err2, err3); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("sign-in", "console-session", n.ID, "", n)
	})
	if err != nil {
		return ConsoleSession{}, "", err
	}
	return n, token, nil
}

// ConsoleSession returns the session that a browser means, by the SHA-256 of what it sends. One is NotFound that has expired, or whose user,
// the user's account or administrator's token is disabled by now, gone or of another role.
func (s *Store) ConsoleSession(ctx context.Context, hash [32]byte) (ConsoleSession, error) {
	n, err := s.consoleSession(ctx, hash)
	return n, s.fail("console session", err)
}

func (s *Store) consoleSession(ctx context.Context, hash [32]byte) (ConsoleSession, error) {
	const what, which = "session", "of that kind"
	ended := stt.Errorf(stt.NotFound, "no %s %s", what, which)
	c := s.reader()
	n, err := one(c.row(ctx, selectSession+" WHERE hash = ?", hash[:]), scanSession, what, which)
	if err != nil {
		return ConsoleSession{}, err
	}
	now := s.now()
	if !now.Before(n.Expires) {
		return ConsoleSession{}, ended
	}
	switch {
	case n.User != "":
		u, err := getUser(ctx, c, n.User)
		if err != nil {
			return ConsoleSession{}, err
		}
		a, err := getAccount(ctx, c, u.Account)
		if err != nil {
			return ConsoleSession{}, err
		}
		if u.Disabled || a.Disabled || u.Role != n.Role {
			return ConsoleSession{}, ended
		}
	case n.Token != "":
		t, err := getAdminToken(ctx, c, n.Token)
		if err != nil {
			return ConsoleSession{}, err
		}
		if t.Disabled || t.Role != n.Role || !t.Expires.IsZero() && !now.Before(t.Expires) {
			return ConsoleSession{}, ended
		}
	}
	return n, nil
}

// SeeConsoleSession notes that a session is in use. It is cheap: no audit, no new revision.
func (s *Store) SeeConsoleSession(ctx context.Context, hash [32]byte) error {
	return s.fail("console session", s.transact(ctx, func(c conn) error {
		_, err := c.exec(ctx, "UPDATE console_sessions SET seen = ? WHERE hash = ? AND seen < ?", micros(s.stamp()), hash[:], micros(s.stamp()))
		return err
	}))
}

// CloseConsoleSession signs somebody out. It is NotFound where there is no such session.
func (s *Store) CloseConsoleSession(ctx context.Context, by Actor, hash [32]byte) error {
	return s.changeApart(ctx, "sign out", by, func(c conn) (AuditEntry, error) {
		n, err := one(c.row(ctx, selectSession+" WHERE hash = ?", hash[:]), scanSession, "session", "of that kind")
		if err != nil {
			return AuditEntry{}, err
		}
		if _, err := c.exec(ctx, "DELETE FROM console_sessions WHERE hash = ?", hash[:]); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("sign-out", "console-session", n.ID, "", nil)
	})
}

// CloseConsoleSessions signs everybody out, takes back all links, and says how many sessions there were.
func (s *Store) CloseConsoleSessions(ctx context.Context, by Actor) (n int, err error) {
	err = s.changeApart(ctx, "sign everybody out", by, func(c conn) (AuditEntry, error) {
		closed, err1 := c.exec(ctx, "DELETE FROM console_sessions")
		_, err2 := c.exec(ctx, "DELETE FROM console_links")
		if err := first(err1, err2); err != nil {
			return AuditEntry{}, err
		}
		n = int(closed)
		return entryOf("sign-out", "console-session", "all", "", map[string]any{"sessions": n})
	})
	return n, err
}

// ForgetConsoleSessions removes sessions and links that have ended: those that expired, and those that nobody has used since a time.
func (s *Store) ForgetConsoleSessions(ctx context.Context, unusedSince time.Time) error {
	return s.fail("forget console sessions", s.transact(ctx, func(c conn) error {
		now := micros(s.stamp())
		_, err1 := c.exec(ctx, "DELETE FROM console_sessions WHERE expires <= ? OR seen < ?", now, micros(unusedSince))
		_, err2 := c.exec(ctx, "DELETE FROM console_links WHERE expires <= ?", now)
		return first(err1, err2)
	}))
}

// Note writes a line into the audit log about something that was done and changed nothing here. Of the entry the fields Action, Kind,
// Target and Account count; detail must have no secret in it.
func (s *Store) Note(ctx context.Context, by Actor, e AuditEntry, detail any) error {
	return s.changeApart(ctx, "note", by, func(conn) (AuditEntry, error) {
		if err := first(checkID("action", e.Action), checkID("kind", e.Kind), checkName("target", e.Target, maxName), checkOptional("account", e.Account)); err != nil {
			return AuditEntry{}, err
		}
		return entryOf(e.Action, e.Kind, e.Target, e.Account, detail)
	})
}

// ChangePassword changes what is kept of a user's password, for the user: other sessions than the one with the hash end. was is what has
// been kept; if it is not any more, that is a Conflict.
func (s *Store) ChangePassword(ctx context.Context, by Actor, id, was, is string, session [32]byte) error {
	_, err := s.updateUser(ctx, by, id, session[:], func(u *User) error {
		if u.PasswordHash != was {
			return stt.Errorf(stt.Conflict, "the password has been changed meanwhile")
		}
		u.PasswordHash = is
		return nil
	})
	return err
}

// UsersNamed returns the users of that name, of all accounts, three at most.
func (s *Store) UsersNamed(ctx context.Context, name string) ([]User, error) {
	list, err := all(ctx, s.reader(), scanUser, "SELECT "+userColumns+" FROM users WHERE name = ? ORDER BY id LIMIT 3", lookup(name))
	return list, s.fail("users", err)
}

// endSessions ends sessions of the console within a change that makes them end.
func endSessions(ctx context.Context, c conn, condition string, args ...any) error {
	_, err := c.exec(ctx, "DELETE FROM console_sessions WHERE "+condition, args...)
	return err
}

// owner is whose sessions are counted together.
func (n *ConsoleSession) owner() string {
	switch n.Kind {
	case SessionUser:
		return "user:" + n.User
	case SessionToken:
		return "token:" + n.Token
	}
	return "link"
}

func (n *ConsoleSession) check() error {
	switch n.Kind {
	case SessionUser:
		if n.User == "" {
			return invalid("user", "expected the id of a user")
		}
	case SessionToken, SessionLink:
		if n.User != "" {
			return invalid("user", "expected none for a session of this kind")
		}
	default:
		return invalid("kind", "expected user, token or link; got %s", shown(string(n.Kind)))
	}
	if !n.Expires.After(n.Created) {
		return invalid("expires", "expected a time to come")
	}
	return first(checkOptional("user", n.User), checkOptional("token", n.Token), checkName("name", n.Name, maxName), checkRole(n.Role),
		checkLine("remote", n.Remote, 128), checkTime("expires", n.Expires))
}

const (
	selectSession = "SELECT id, hash, kind, user_id, token, basis, name, role, remote, created, seen, expires FROM console_sessions"
	selectLink    = "SELECT id, hash, role, created, expires FROM console_links"
)

func scanSession(r scanner) (n ConsoleSession, err error) {
	err = r.Scan(&n.ID, hashColumn{&n.Hash}, &n.Kind, nullText{&n.User}, &n.Token, hashColumn{&n.Basis}, &n.Name, &n.Role, &n.Remote,
		timeColumn{&n.Created}, timeColumn{&n.Seen}, timeColumn{&n.Expires})
	return n, err
}

func scanLink(r scanner) (l ConsoleLink, err error) {
	err = r.Scan(&l.ID, hashColumn{&l.Hash}, &l.Role, timeColumn{&l.Created}, timeColumn{&l.Expires})
	return l, err
}
