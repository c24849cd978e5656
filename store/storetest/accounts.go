package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// someLimits sets every field.
var someLimits = store.Limits{Streams: 5, Rate: 2.5, Burst: 10, DayAudio: 90 * time.Minute, MonthAudio: 31 * time.Hour, WarnOnly: true}

// same compares what was written with what was read.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		// As JSON too, since some types print without their fields.
		t.Errorf("%s: got %v, expected %v\n%s\n%s", what, got, want, asJSON(got), asJSON(want))
	}
}

func testAccounts(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	made := must(w.CreateAccount(w.ctx, by, store.Account{Name: "Łódź & Söhne", Limits: someLimits}))(t)
	if len(made.ID) != 12 || strings.Trim(made.ID, "0123456789") != "" {
		t.Errorf("expected an id of 12 digits; got %q", made.ID)
	}
	same(t, "created", made.Created, begin.Truncate(time.Microsecond))
	same(t, "by id", must(w.Account(w.ctx, made.ID))(t), made)
	same(t, "by name", must(w.AccountByName(w.ctx, made.Name))(t), made)

	kept := must(w.CreateAccount(w.ctx, by, store.Account{ID: "000000000001", Name: "moved", Created: begin.Add(-time.Hour), Disabled: true}))(t)
	same(t, "an account with everything given", must(w.Account(w.ctx, "000000000001"))(t), kept)

	_, err := w.CreateAccount(w.ctx, by, store.Account{Name: made.Name})
	wantCode(t, err, stt.Conflict, "a name that is taken")
	_, err = w.CreateAccount(w.ctx, by, store.Account{ID: made.ID, Name: "other"})
	wantCode(t, err, stt.Conflict, "an id that is taken")
	_, err = w.UpdateAccount(w.ctx, by, made.ID, func(a *store.Account) error { a.Name = "main"; return nil })
	wantCode(t, err, stt.Conflict, "renamed to a name that is taken")
	for _, id := range []string{"", "999999999999", "1", "'; DROP TABLE accounts; --", "\x00", "\xff", strings.Repeat("1", 1<<20)} {
		_, err := w.Account(w.ctx, id)
		wantCode(t, err, stt.NotFound, "an id that nobody has")
		_, err = w.AccountByName(w.ctx, id)
		wantCode(t, err, stt.NotFound, "a name that nobody has")
	}

	changed := must(w.UpdateAccount(w.ctx, by, made.ID, func(a *store.Account) error {
		same(t, "what is to be changed", *a, made)
		a.Name, a.Disabled, a.Limits = "renamed", true, store.Limits{Streams: 1}
		return nil
	}))(t)
	same(t, "changed", changed, store.Account{ID: made.ID, Name: "renamed", Created: made.Created, Disabled: true, Limits: store.Limits{Streams: 1}})
	same(t, "changed, read again", must(w.Account(w.ctx, made.ID))(t), changed)

	list, next, err := w.Accounts(w.ctx, store.Page{})
	ok(t, err)
	same(t, "list", list, []store.Account{w.account, kept, changed})
	same(t, "next", next, "")

	ok(t, w.DeleteAccount(w.ctx, by, made.ID))
	_, err = w.Account(w.ctx, made.ID)
	wantCode(t, err, stt.NotFound, "a deleted account")
	wantCode(t, w.DeleteAccount(w.ctx, by, made.ID), stt.NotFound, "deleted twice")
	_, err = w.UpdateAccount(w.ctx, by, made.ID, func(*store.Account) error { t.Error("nothing is to be changed"); return nil })
	wantCode(t, err, stt.NotFound, "updated when it is gone")

	user, key := w.newUser("u"), w.newKey("k")
	api, _, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "a"})
	ok(t, err)
	_, err = w.PutResource(w.ctx, by, store.Resource{Account: w.account.ID, Kind: store.KindVocabulary, Name: "v"}, store.Create)
	ok(t, err)
	for _, remove := range []func() error{
		func() error { return w.DeleteUser(w.ctx, by, user.ID) }, func() error { return w.DeleteAccessKey(w.ctx, by, key.ID) },
		func() error { return w.DeleteAPIKey(w.ctx, by, api.ID) },
		func() error { return w.DeleteResource(w.ctx, by, w.account.ID, store.KindVocabulary, "v") }} {
		wantCode(t, w.DeleteAccount(w.ctx, by, w.account.ID), stt.Conflict, "an account that owns something")
		ok(t, remove())
	}
	ok(t, w.DeleteAccount(w.ctx, by, w.account.ID))
}

func testUsers(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	made := must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "alice", PasswordHash: "$argon2id$v=19$…", Role: store.RoleAdmin}))(t)
	same(t, "by id", must(w.User(w.ctx, made.ID))(t), made)
	same(t, "by name", must(w.UserByName(w.ctx, w.account.ID, "alice"))(t), made)
	other := w.newAccount("other")
	twin := must(w.CreateUser(w.ctx, by, store.User{Account: other.ID, Name: "alice"}))(t)
	same(t, "the role of whom nobody gave one", twin.Role, store.RoleMember)

	_, err := w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "alice"})
	wantCode(t, err, stt.Conflict, "a name that is taken in the account")
	_, err = w.CreateUser(w.ctx, by, store.User{Account: "123456789012", Name: "bob"})
	wantCode(t, err, stt.NotFound, "an account that is not there")
	_, err = w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "bob", Role: "root"})
	wantCode(t, err, stt.Invalid, "a role that is not there")
	_, err = w.UserByName(w.ctx, w.account.ID, "ALICE")
	wantCode(t, err, stt.NotFound, "a name in other letters")

	changed := must(w.UpdateUser(w.ctx, by, made.ID, func(u *store.User) error {
		u.Name, u.PasswordHash, u.Role, u.Disabled = "alina", "$other$", store.RoleViewer, true
		return nil
	}))(t)
	same(t, "changed", must(w.User(w.ctx, made.ID))(t), changed)
	same(t, "the hash of the password", changed.PasswordHash, "$other$")

	list, _, err := w.Users(w.ctx, store.UserFilter{Account: w.account.ID})
	ok(t, err)
	same(t, "users of an account", list, []store.User{changed})
	list, _, err = w.Users(w.ctx, store.UserFilter{Text: "ALI"})
	ok(t, err)
	same(t, "users by part of the name", list, []store.User{twin, changed})

	key := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, User: made.ID, Name: "k"}))(t)
	wantCode(t, w.DeleteUser(w.ctx, by, made.ID), stt.Conflict, "a user who has a key")
	ok(t, w.DeleteAccessKey(w.ctx, by, key.ID))
	ok(t, w.DeleteUser(w.ctx, by, made.ID))
	_, err = w.User(w.ctx, made.ID)
	wantCode(t, err, stt.NotFound, "a deleted user")
}

func testPrices(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	ok(t, w.SetPrice(w.ctx, by, store.Price{Model: "b", PerMinute: 24_000, Currency: "EUR"}))
	ok(t, w.SetPrice(w.ctx, by, store.Price{Model: "*", PerMinute: 0, Currency: "USD"}))
	ok(t, w.SetPrice(w.ctx, by, store.Price{Model: "b", PerMinute: 25_000, Currency: "USD"}))
	same(t, "prices", must(w.Prices(w.ctx))(t), []store.Price{{Model: "*", Currency: "USD"}, {Model: "b", PerMinute: 25_000, Currency: "USD"}})
	ok(t, w.DeletePrice(w.ctx, by, "*"))
	wantCode(t, w.DeletePrice(w.ctx, by, "*"), stt.NotFound, "deleted twice")
	same(t, "prices left", must(w.Prices(w.ctx))(t), []store.Price{{Model: "b", PerMinute: 25_000, Currency: "USD"}})
	for _, p := range []store.Price{{Model: "m", PerMinute: -1, Currency: "EUR"}, {Model: "m", PerMinute: 1 << 60, Currency: "EUR"}, {Model: "m", Currency: "eur"},
		{Model: "m", Currency: "EURO"}, {Currency: "EUR"}, {Model: "a\nb", Currency: "EUR"}} {
		wantCode(t, w.SetPrice(w.ctx, by, p), stt.Invalid, "a price that makes no sense")
	}
}

func testAudit(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	w.clock.move(time.Minute)
	key := w.newKey("k")
	w.clock.move(time.Minute)
	other := store.Actor{Name: "user:alice", Remote: "2001:db8::1"}
	must(w.UpdateAccessKey(w.ctx, other, key.ID, func(k *store.AccessKey) error { k.Disabled, k.Name = true, "off"; return nil }))(t)
	ok(t, w.DeleteAccessKey(w.ctx, other, key.ID))

	entries := func(f store.AuditFilter) []store.AuditEntry {
		t.Helper()
		list, _, err := w.Audit(w.ctx, f)
		ok(t, err)
		return list
	}
	all := entries(store.AuditFilter{})
	if len(all) != 4 {
		t.Fatalf("expected 4 entries; got %v", all)
	}
	update := all[1]
	same(t, "an entry", update, store.AuditEntry{Revision: 3, At: begin.Truncate(time.Microsecond).Add(2 * time.Minute), Actor: "user:alice", Remote: "2001:db8::1", Action: "update",
		Kind: "access-key", Target: key.ID, Account: w.account.ID, Detail: `{"disabled":true,"name":"off"}`})
	same(t, "the newest entry has the revision", all[0].Revision, w.revision())
	for name, f := range map[string]store.AuditFilter{
		"by actor":  {Actor: "user:alice", Action: "update"},
		"by action": {Action: "update"},
		"by target": {Kind: "access-key", Target: key.ID, Action: "update", Account: w.account.ID},
		"by time":   {From: begin.Add(2 * time.Minute).Truncate(time.Microsecond), To: begin.Add(time.Hour), Action: "update"},
	} {
		same(t, name, entries(f), []store.AuditEntry{update})
	}
	same(t, "before a time", len(entries(store.AuditFilter{To: begin.Add(time.Minute)})), 1)
	var paged []store.AuditEntry
	for next := "?"; next != ""; {
		var part []store.AuditEntry
		var err error
		part, next, err = w.Audit(w.ctx, store.AuditFilter{Page: store.Page{Max: 3, After: strings.Trim(next, "?")}})
		ok(t, err)
		paged = append(paged, part...)
	}
	same(t, "page by page", paged, all)

	for _, bad := range []store.Actor{{}, {Name: "a\nb"}, {Name: strings.Repeat("x", 129)}, {Name: "a", Remote: "\x1b[2J"}, {Name: "\u202eevil"}} {
		_, err := w.CreateAccount(w.ctx, bad, store.Account{Name: "n"})
		wantCode(t, err, stt.Invalid, "an actor that cannot be shown")
	}
	same(t, "no entry for what failed", len(entries(store.AuditFilter{})), 4)
}

// Lists are whole and without repetition, however they are cut, also when names are the same.
func testPages(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	const n = 23
	for i := range n {
		name := []string{"same", "Same", "sáme", "zz", "%", "_"}[i%6]
		must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: name}))(t)
	}
	collect := func(most int) (ids []string) {
		f := store.KeyFilter{Page: store.Page{Max: most}}
		for range n + 1 {
			list, next, err := w.AccessKeys(w.ctx, f)
			ok(t, err)
			if len(list) > most {
				t.Fatalf("expected at most %d keys; got %d", most, len(list))
			}
			for _, k := range list {
				ids = append(ids, k.Name+" "+k.ID)
			}
			if f.Page.After = next; next == "" {
				return ids
			}
		}
		t.Fatal("the list does not end")
		return nil
	}
	whole := collect(1000)
	if len(whole) != n || !slices.IsSorted(whole) {
		t.Errorf("expected %d keys in order; got %q", n, whole)
	}
	for _, most := range []int{1, 2, 7, n - 1, n, n + 1} {
		same(t, "page by page", collect(most), whole)
	}
	for text, count := range map[string]int{"same": 8, "SAME": 8, "%": 4, "_": 3, "sáme": 4, `\`: 0, "": n} {
		list, _, err := w.AccessKeys(w.ctx, store.KeyFilter{Text: text})
		ok(t, err)
		if len(list) != count {
			t.Errorf("expected %d keys with %q; got %d", count, text, len(list))
		}
	}
}

func testContexts(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	gone, cancel := context.WithCancel(w.ctx)
	cancel()
	before := w.revision()
	_, err := w.Account(gone, w.account.ID)
	wantCode(t, err, stt.Canceled, "reading")
	_, err = w.CreateAccount(gone, by, store.Account{Name: "n"})
	wantCode(t, err, stt.Canceled, "writing")
	wantCode(t, w.AddUsage(gone, []store.Usage{{Session: "s", At: begin}}), stt.Canceled, "adding usage")
	late, cancel := context.WithDeadline(w.ctx, time.Unix(0, 0))
	defer cancel()
	_, err = w.someAccounts(late)
	wantCode(t, err, stt.DeadlineExceeded, "listing")
	_, err = store.Open(gone, fresh(t), store.Options{})
	wantCode(t, err, stt.Canceled, "opening")
	same(t, "revision", w.revision(), before)
}

// someAccounts returns the first accounts.
func (w *world) someAccounts(ctx context.Context) ([]store.Account, error) {
	list, _, err := w.Accounts(ctx, store.Page{})
	return list, err
}

func testClosed(t *testing.T, fresh func(testing.TB) string) {
	s, err := store.Open(t.Context(), fresh(t), store.Options{})
	ok(t, err)
	ok(t, s.Close())
	ok(t, s.Close())
	_, err = s.Revision(t.Context())
	wantCode(t, err, stt.Closed, "reading")
	_, err = s.CreateAccount(t.Context(), by, store.Account{Name: "n"})
	wantCode(t, err, stt.Closed, "writing")
	wantCode(t, s.AddUsage(t.Context(), []store.Usage{{Session: "s", At: begin}}), stt.Closed, "adding usage")
}
