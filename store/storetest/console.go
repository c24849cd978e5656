package storetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// signIn opens a session.
func (w *world) signIn(n store.ConsoleSession) (store.ConsoleSession, [32]byte) {
	w.t.Helper()
	if n.Expires.IsZero() {
		n.Expires = w.clock.read().Add(24 * time.Hour)
	}
	opened, token, err := w.OpenConsoleSession(w.ctx, by, n, 10, nil)
	ok(w.t, err)
	hash := sha256.Sum256([]byte(token))
	same(w.t, "the hash", opened.Hash, hash)
	return opened, hash
}

// open says whether a session is.
func (w *world) open(hash [32]byte) bool {
	w.t.Helper()
	_, err := w.ConsoleSession(w.ctx, hash)
	if err != nil {
		wantCode(w.t, err, stt.NotFound, "a session that has ended")
	}
	return err == nil
}

func testConsoleSessions(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	user := must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "alice", Role: store.RoleMember}))(t)
	before := w.revision()
	opened, hash := w.signIn(store.ConsoleSession{Kind: store.SessionUser, User: user.ID, Name: "user:alice", Role: store.RoleMember, Remote: "192.0.2.7", Basis: [32]byte{1, 2}})
	same(t, "read again", must(w.ConsoleSession(w.ctx, hash))(t), opened)
	same(t, "revision", w.revision(), before+1)
	entries, _, err := w.Audit(w.ctx, store.AuditFilter{Kind: "console-session"})
	ok(t, err)
	if len(entries) != 1 || entries[0].Action != "sign-in" || entries[0].Target != opened.ID || !strings.Contains(entries[0].Detail, `"role":"member"`) {
		t.Errorf("expected the sign-in in the audit log; got %v", entries)
	}
	_, err = w.ConsoleSession(w.ctx, [32]byte{1})
	wantCode(t, err, stt.NotFound, "a session that nobody has")

	// Use is noted, without a line in the audit log, and never back in time.
	w.clock.move(time.Hour)
	ok(t, w.SeeConsoleSession(w.ctx, hash))
	same(t, "seen", must(w.ConsoleSession(w.ctx, hash))(t).Seen, begin.Truncate(time.Microsecond).Add(time.Hour))
	w.clock.move(-time.Minute)
	ok(t, w.SeeConsoleSession(w.ctx, hash))
	same(t, "seen", must(w.ConsoleSession(w.ctx, hash))(t).Seen, begin.Truncate(time.Microsecond).Add(time.Hour))
	same(t, "revision", w.revision(), before+1)

	// It ends by itself.
	w.clock.move(23*time.Hour + time.Minute - time.Microsecond)
	if !w.open(hash) {
		t.Error("it has ended early")
	}
	w.clock.move(time.Microsecond)
	if w.open(hash) {
		t.Error("it goes on")
	}
	_, hash = w.signIn(store.ConsoleSession{Kind: store.SessionLink, Name: "link:x", Role: store.RoleAdmin})
	ok(t, w.CloseConsoleSession(w.ctx, by, hash))
	if w.open(hash) {
		t.Error("it is open after the sign-out")
	}
	wantCode(t, w.CloseConsoleSession(w.ctx, by, hash), stt.NotFound, "signed out twice")

	for name, bad := range map[string]store.ConsoleSession{
		"no kind":            {Name: "n", Role: store.RoleAdmin},
		"no user":            {Kind: store.SessionUser, Name: "n", Role: store.RoleAdmin},
		"a user too many":    {Kind: store.SessionLink, User: user.ID, Name: "n", Role: store.RoleAdmin},
		"no name":            {Kind: store.SessionLink, Role: store.RoleAdmin},
		"no role":            {Kind: store.SessionLink, Name: "n"},
		"a name of two":      {Kind: store.SessionLink, Name: "n\nm", Role: store.RoleAdmin},
		"an end in the past": {Kind: store.SessionLink, Name: "n", Role: store.RoleAdmin, Expires: w.clock.read()},
		"a remote of two":    {Kind: store.SessionLink, Name: "n", Role: store.RoleAdmin, Remote: "\x1b[2J"},
	} {
		if bad.Expires.IsZero() {
			bad.Expires = w.clock.read().Add(time.Hour)
		}
		_, _, err := w.OpenConsoleSession(w.ctx, by, bad, 10, nil)
		wantCode(t, err, stt.Invalid, name)
	}
	_, _, err = w.OpenConsoleSession(w.ctx, by, store.ConsoleSession{Kind: store.SessionUser, User: "nobody", Name: "n", Role: store.RoleAdmin, Expires: w.clock.read().Add(time.Hour)}, 10, nil)
	if err == nil {
		t.Error("a session of a user who is not there")
	}
}

// Whatever takes a right away ends the sessions that stand on it, and no others; what is given back does not bring them back.
func testConsoleSessionsEnd(t *testing.T, fresh func(testing.TB) string) {
	type made struct {
		user    store.User
		token   store.AdminToken
		account store.Account
		hash    [32]byte // of the session that is kept
	}
	update := func(change func(*store.User)) func(*world, made) error {
		return func(w *world, m made) error {
			_, err := w.UpdateUser(w.ctx, by, m.user.ID, func(u *store.User) error { change(u); return nil })
			return err
		}
	}
	retoken := func(change func(*store.AdminToken)) func(*world, made) error {
		return func(w *world, m made) error {
			_, err := w.UpdateAdminToken(w.ctx, by, m.token.ID, func(u *store.AdminToken) error { change(u); return nil })
			return err
		}
	}
	account := func(disabled bool) func(*world, made) error {
		return func(w *world, m made) error {
			_, err := w.UpdateAccount(w.ctx, by, m.account.ID, func(a *store.Account) error { a.Disabled = disabled; return nil })
			return err
		}
	}
	w := newWorld(t, fresh)
	for _, c := range []struct {
		name        string
		do, undo    func(*world, made) error
		user, token bool // still open
	}{
		{"renamed", update(func(u *store.User) { u.Name = "alina" }), nil, true, true},
		{"another role", update(func(u *store.User) { u.Role = store.RoleAdmin }), update(func(u *store.User) { u.Role = store.RoleViewer }), false, true},
		{"disabled", update(func(u *store.User) { u.Disabled = true }), update(func(u *store.User) { u.Disabled = false }), false, true},
		{"another password", update(func(u *store.User) { u.PasswordHash = "$x$" }), nil, false, true},
		{"a password of one's own", func(w *world, m made) error {
			return w.ChangePassword(w.ctx, by, m.user.ID, m.user.PasswordHash, "$y$", m.hash)
		}, nil, true, true},
		{"a password of one's own, elsewhere", func(w *world, m made) error {
			return w.ChangePassword(w.ctx, by, m.user.ID, m.user.PasswordHash, "$y$", [32]byte{9})
		}, nil, false, true},
		{"deleted", func(w *world, m made) error { return w.DeleteUser(w.ctx, by, m.user.ID) }, nil, false, true},
		{"account disabled", account(true), account(false), false, true},
		{"token renamed", retoken(func(t *store.AdminToken) { t.Name = "other" }), nil, true, true},
		{"token disabled", retoken(func(t *store.AdminToken) { t.Disabled = true }), retoken(func(t *store.AdminToken) { t.Disabled = false }), true, false},
		{"token of another role", retoken(func(t *store.AdminToken) { t.Role = store.RoleViewer }), nil, true, false},
		{"token expired", retoken(func(t *store.AdminToken) { t.Expires = begin.Add(-time.Hour) }), nil, true, false},
		{"token deleted", func(w *world, m made) error { return w.DeleteAdminToken(w.ctx, by, m.token.ID) }, nil, true, false},
		{"everybody out", func(w *world, _ made) error {
			n, err := w.CloseConsoleSessions(w.ctx, by)
			same(w.t, "sessions", n, 2)
			return err
		}, nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := made{account: w.newAccount(c.name)}
			m.user = must(w.CreateUser(w.ctx, by, store.User{Account: m.account.ID, Name: "alice", Role: store.RoleViewer, PasswordHash: "$w$"}))(t)
			var err error
			m.token, _, err = w.CreateAdminToken(w.ctx, by, store.AdminToken{Name: "t"})
			ok(t, err)
			_, user := w.signIn(store.ConsoleSession{Kind: store.SessionUser, User: m.user.ID, Name: "user:alice", Role: m.user.Role})
			m.hash = user
			_, token := w.signIn(store.ConsoleSession{Kind: store.SessionToken, Token: m.token.ID, Name: "token:t", Role: m.token.Role})
			if !w.open(user) || !w.open(token) {
				t.Fatal("not open to begin with")
			}
			for _, do := range []func(*world, made) error{c.do, c.undo} {
				if do == nil {
					continue
				}
				ok(t, do(w, m))
				same(t, "the user is signed in", w.open(user), c.user)
				same(t, "the token is signed in", w.open(token), c.token)
			}
			must(w.CloseConsoleSessions(w.ctx, by))(t)
		})
	}
	user := must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "bob", PasswordHash: "$w$"}))(t)
	wantCode(t, w.ChangePassword(w.ctx, by, user.ID, "$v$", "$y$", [32]byte{}), stt.Conflict, "a password that has changed meanwhile")
	other := w.newAccount("other")
	twin := must(w.CreateUser(w.ctx, by, store.User{Account: other.ID, Name: "bob"}))(t)
	same(t, "users of a name", len(must(w.UsersNamed(w.ctx, "bob"))(t)), 2)
	ok(t, w.DeleteUser(w.ctx, by, twin.ID))
	same(t, "users of a name", must(w.UsersNamed(w.ctx, "bob"))(t), []store.User{user})
	same(t, "users of no name", len(must(w.UsersNamed(w.ctx, "\x00"))(t)), 0)
}

// An owner has so many sessions and no more, and what has ended is forgotten.
func testConsoleSessionsBound(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	user := must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "alice"}))(t)
	_, aside := w.signIn(store.ConsoleSession{Kind: store.SessionLink, Name: "link:x", Role: store.RoleAdmin})
	var hashes [][32]byte
	for range 13 {
		w.clock.move(time.Second)
		_, hash := w.signIn(store.ConsoleSession{Kind: store.SessionUser, User: user.ID, Name: "user:alice", Role: user.Role})
		hashes = append(hashes, hash)
	}
	for i, hash := range hashes {
		same(t, "open", w.open(hash), i >= 3)
	}
	if !w.open(aside) {
		t.Error("the session of somebody else has ended")
	}
	w.clock.move(time.Hour)
	ok(t, w.SeeConsoleSession(w.ctx, hashes[12]))
	ok(t, w.ForgetConsoleSessions(w.ctx, w.clock.read().Add(-time.Minute)))
	same(t, "in use", w.open(hashes[12]), true)
	same(t, "not in use", w.open(hashes[11]), false)
	w.clock.move(48 * time.Hour)
	ok(t, w.ForgetConsoleSessions(w.ctx, begin))
	same(t, "left", must(w.CloseConsoleSessions(w.ctx, by))(t), 0)
}

func testConsoleLinks(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	until := begin.Add(time.Hour)
	made, code, err := w.CreateConsoleLink(w.ctx, by, store.RoleViewer, until)
	ok(t, err)
	link := must(w.ConsoleLink(w.ctx, sha256.Sum256([]byte(code))))(t)
	same(t, "the link", link, made)
	if entries, _, err := w.Audit(w.ctx, store.AuditFilter{Kind: "console-link"}); err != nil || len(entries) != 1 || strings.Contains(entries[0].Detail, code[4:]) {
		t.Errorf("expected the link in the audit log, without its code; got %v, %v", entries, err)
	}
	_, _, err = w.CreateConsoleLink(w.ctx, by, "root", until)
	wantCode(t, err, stt.Invalid, "a role that is not there")
	_, err = w.ConsoleLink(w.ctx, [32]byte{})
	wantCode(t, err, stt.NotFound, "a link that nobody has")

	// However many try at once, it works once.
	session := store.ConsoleSession{Kind: store.SessionLink, Name: "link:" + link.ID, Role: link.Role, Expires: until.Add(time.Hour)}
	var in atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { // ends with its transaction
			_, _, err := w.OpenConsoleSession(w.ctx, by, session, 10, &link)
			switch {
			case err == nil:
				in.Add(1)
			case stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Unavailable:
				t.Error(err)
			}
		})
	}
	all.Wait()
	same(t, "how often it worked", in.Load(), int64(1))
	_, err = w.ConsoleLink(w.ctx, link.Hash)
	wantCode(t, err, stt.NotFound, "a link that was used")

	// It expires, also between the look and the use.
	link, code, err = w.CreateConsoleLink(w.ctx, by, store.RoleAdmin, until)
	ok(t, err)
	w.clock.move(time.Hour)
	_, err = w.ConsoleLink(w.ctx, sha256.Sum256([]byte(code)))
	wantCode(t, err, stt.NotFound, "a link that has expired")
	_, _, err = w.OpenConsoleSession(w.ctx, by, session, 10, &link)
	wantCode(t, err, stt.NotFound, "used when it has expired")

	// There are not many at a time.
	var links []store.ConsoleLink
	for range 25 {
		w.clock.move(time.Millisecond)
		l, _, err := w.CreateConsoleLink(w.ctx, by, store.RoleViewer, w.clock.read().Add(time.Hour))
		ok(t, err)
		links = append(links, l)
	}
	for i, l := range links {
		_, err := w.ConsoleLink(w.ctx, l.Hash)
		same(t, "there", err == nil, i >= 5)
	}
	must(w.CloseConsoleSessions(w.ctx, by))(t)
	_, err = w.ConsoleLink(w.ctx, links[24].Hash)
	wantCode(t, err, stt.NotFound, "a link after everybody was signed out")
}

// What is noted stands in the audit log like a change, and what a restored store has is nobody who is signed in.
func testConsoleNotes(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	ok(t, w.Note(w.ctx, by, store.AuditEntry{Action: "presign", Kind: "access-key", Target: "k", Account: w.account.ID}, map[string]any{"region": "r"}))
	entries, _, err := w.Audit(w.ctx, store.AuditFilter{Action: "presign"})
	ok(t, err)
	same(t, "the note", entries, []store.AuditEntry{{Revision: w.revision(), At: begin.Truncate(time.Microsecond), Actor: by.Name, Remote: by.Remote, Action: "presign", Kind: "access-key", Target: "k",
		Account: w.account.ID, Detail: `{"region":"r"}`}})
	for _, bad := range []store.AuditEntry{{}, {Action: "a b", Kind: "k", Target: "t"}, {Action: "a", Kind: "k", Target: "t\n"}, {Action: "a", Kind: "k"}} {
		wantCode(t, w.Note(w.ctx, by, bad, nil), stt.Invalid, "a note that cannot be shown")
	}
	opened, _ := w.signIn(store.ConsoleSession{Kind: store.SessionLink, Name: "link:x", Role: store.RoleAdmin})
	_, code, err := w.CreateConsoleLink(w.ctx, by, store.RoleViewer, begin.Add(time.Hour))
	ok(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d"} {
		same(t, "printed", fmt.Sprintf(verb, opened), opened.String())
	}
	if text := asJSON(opened); strings.Contains(strings.ToLower(text), "hash") || strings.Contains(text, "asis") {
		t.Errorf("marshalled: %s", text)
	}
	backup := strings.Join(backupOf(t, w.Store), "")
	for what, secret := range map[string]string{"a session": string(opened.Hash[:8]), "a link": code[4:]} {
		if strings.Contains(backup, secret) {
			t.Errorf("%s is in the backup", what)
		}
	}
	if strings.Contains(backup, `["console_`) {
		t.Error("tables of the console are in the backup")
	}
	wantWhole(t, w.Store)
}

func testTemporaryFilter(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	key := w.newKey("k")
	hash := sha256.Sum256([]byte("t"))
	derived := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: "k", Parent: key.ID, TokenHash: hash[:], Expires: begin.Add(time.Hour)}))(t)
	for temporary, want := range map[string][]string{"true": {derived.ID}, "false": {key.ID}} {
		list, _, err := w.AccessKeys(w.ctx, store.KeyFilter{Temporary: temporary})
		ok(t, err)
		var ids []string
		for _, k := range list {
			ids = append(ids, k.ID)
		}
		same(t, "temporary "+temporary, ids, want)
	}
}
