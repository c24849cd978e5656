package storetest

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

const aPolicy = "{\n\t\"Version\": \"2012-10-17\", \"Statement\": []\r\n}"

// bare is a key without its secrets, as lists have it.
func bare(k store.AccessKey) store.AccessKey {
	k.Secrets = nil
	return k
}

// value returns the secret that signatures are made with now.
func value(t testing.TB, k store.AccessKey) string {
	t.Helper()
	if len(k.Secrets) == 0 || k.Secrets[0].Value == "" {
		t.Fatalf("expected a secret; got %v", k)
	}
	return k.Secrets[0].Value
}

func testAccessKeys(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	user := w.newUser("u")
	made := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, User: user.ID, Name: "k", Policy: aPolicy, Limits: someLimits,
		Expires: begin.Add(time.Hour), Disabled: true}))(t)
	if !regexp.MustCompile(`^ESHK[A-Z2-7]{16}$`).MatchString(made.ID) || !regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(value(t, made)) {
		t.Errorf("expected a key of Amazon's shape; got %q", made.ID)
	}
	same(t, "with secrets", must(w.AccessKey(w.ctx, made.ID))(t), made)
	same(t, "secret", value(t, must(w.AccessKey(w.ctx, made.ID))(t)), value(t, made))
	same(t, "without secrets", must(w.DescribeAccessKey(w.ctx, made.ID))(t), bare(made))

	// One that existed before, with two secrets.
	old := store.AccessKey{ID: "AKIA.moved_here-1=+@:", Account: w.account.ID, Name: "moved", Created: begin.Add(-time.Hour),
		Secrets: []store.Secret{{Value: "new/secret+1"}, {Value: "old/secret+2", Created: begin.Add(-time.Hour), Expires: begin.Add(time.Minute)}}}
	moved := must(w.CreateAccessKey(w.ctx, by, old))(t)
	got := must(w.AccessKey(w.ctx, old.ID))(t)
	same(t, "moved", got, moved)
	if len(got.Secrets) != 2 || got.Secrets[0].Value != "new/secret+1" || got.Secrets[1].Value != "old/secret+2" {
		t.Error("expected both secrets, the first one first")
	}
	w.clock.move(time.Minute)
	same(t, "secrets when one has expired", len(must(w.AccessKey(w.ctx, old.ID))(t).Secrets), 1)

	_, err := w.CreateAccessKey(w.ctx, by, store.AccessKey{ID: made.ID, Account: w.account.ID, Name: "k"})
	wantCode(t, err, stt.Conflict, "an id that is taken")
	stranger := must(w.CreateUser(w.ctx, by, store.User{Account: w.newAccount("other").ID, Name: "u"}))(t)
	for what, k := range map[string]store.AccessKey{
		"a user of another account":     {Account: w.account.ID, User: stranger.ID, Name: "k"},
		"an id with odd characters":     {ID: "a b", Account: w.account.ID, Name: "k"},
		"a secret that cannot be typed": {Account: w.account.ID, Name: "k", Secrets: []store.Secret{{Value: "a\nb"}}},
		"an empty secret":               {Account: w.account.ID, Name: "k", Secrets: []store.Secret{{Value: "good"}, {}}},
		"too many secrets":              {Account: w.account.ID, Name: "k", Secrets: make([]store.Secret, 6)},
		"a hash of a token of 31 bytes": {Account: w.account.ID, Name: "k", TokenHash: make([]byte, 31)},
		"a long policy":                 {Account: w.account.ID, Name: "k", Policy: strings.Repeat(" ", 20<<10+1)},
		"negative limits":               {Account: w.account.ID, Name: "k", Limits: store.Limits{Rate: -1}},
	} {
		_, err := w.CreateAccessKey(w.ctx, by, k)
		wantCode(t, err, stt.Invalid, what)
	}
	_, err = w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: "123456789012", Name: "k"})
	wantCode(t, err, stt.NotFound, "an account that is not there")
	_, err = w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, User: "nobody", Name: "k"})
	wantCode(t, err, stt.NotFound, "a user who is not there")

	changed := must(w.UpdateAccessKey(w.ctx, by, made.ID, func(k *store.AccessKey) error {
		k.User, k.Name, k.Policy, k.Limits, k.Expires, k.Disabled = "", "renamed", "", store.Limits{}, time.Time{}, false
		return nil
	}))(t)
	same(t, "changed", must(w.DescribeAccessKey(w.ctx, made.ID))(t), changed)
	same(t, "secret after the change", value(t, must(w.AccessKey(w.ctx, made.ID))(t)), value(t, made))

	for what, f := range map[string]store.KeyFilter{"account": {Account: w.account.ID, Text: "ren"}, "text": {Text: "RENAMED"}, "id": {Text: strings.ToLower(made.ID)}} {
		list, _, err := w.AccessKeys(w.ctx, f)
		ok(t, err)
		same(t, "by "+what, list, []store.AccessKey{changed})
	}
	list, _, err := w.AccessKeys(w.ctx, store.KeyFilter{User: user.ID})
	ok(t, err)
	same(t, "keys of a user who has none now", len(list), 0)

	ok(t, w.DeleteAccessKey(w.ctx, by, made.ID))
	_, err = w.AccessKey(w.ctx, made.ID)
	wantCode(t, err, stt.NotFound, "a deleted key")
	wantCode(t, w.DeleteAccessKey(w.ctx, by, made.ID), stt.NotFound, "deleted twice")
	_, err = w.DescribeAccessKey(w.ctx, made.ID)
	wantCode(t, err, stt.NotFound, "a deleted key without secrets")
	_, err = w.RotateAccessKey(w.ctx, by, made.ID, 0)
	wantCode(t, err, stt.NotFound, "a deleted key rotated")
}

func testTemporaryKeys(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	parent := w.newKey("parent")
	hash := sha256.Sum256([]byte("token"))
	temporary := store.AccessKey{Account: w.account.ID, Name: "t", Parent: parent.ID, TokenHash: hash[:], Expires: begin.Add(time.Hour)}
	made := must(w.CreateAccessKey(w.ctx, by, temporary))(t)
	same(t, "temporary", must(w.AccessKey(w.ctx, made.ID))(t), made)
	same(t, "the hash of the token", string(must(w.AccessKey(w.ctx, made.ID))(t).TokenHash), string(hash[:]))

	other := w.newAccount("other")
	for what, change := range map[string]func(k *store.AccessKey){
		"without a token":          func(k *store.AccessKey) { k.TokenHash = nil },
		"without an end":           func(k *store.AccessKey) { k.Expires = time.Time{} },
		"of a temporary one":       func(k *store.AccessKey) { k.Parent = made.ID },
		"of one of another's keys": func(k *store.AccessKey) { k.Account = other.ID },
	} {
		k := temporary
		change(&k)
		_, err := w.CreateAccessKey(w.ctx, by, k)
		wantCode(t, err, stt.Invalid, what)
	}
	k := temporary
	k.Parent = "ESHKNOBODY"
	_, err := w.CreateAccessKey(w.ctx, by, k)
	wantCode(t, err, stt.NotFound, "of one that is not there")

	k = temporary
	k.Expires = begin.Add(2 * time.Hour)
	later := must(w.CreateAccessKey(w.ctx, by, k))(t)
	list, _, err := w.AccessKeys(w.ctx, store.KeyFilter{Parent: parent.ID})
	ok(t, err)
	same(t, "temporary keys of a key", len(list), 2)
	before := w.revision()
	same(t, "expired before the first has", must(w.DeleteExpiredKeys(w.ctx, by, begin.Add(time.Hour)))(t), 0)
	same(t, "revision when there was nothing to do", w.revision(), before)
	same(t, "expired", must(w.DeleteExpiredKeys(w.ctx, by, begin.Add(time.Hour+time.Second)))(t), 1)
	_, err = w.AccessKey(w.ctx, made.ID)
	wantCode(t, err, stt.NotFound, "the expired key")
	must(w.AccessKey(w.ctx, later.ID))(t)

	ok(t, w.DeleteAccessKey(w.ctx, by, parent.ID))
	_, err = w.AccessKey(w.ctx, later.ID)
	wantCode(t, err, stt.NotFound, "a key whose parent is deleted")
}

func testRotation(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	first := w.newKey("k")
	second := must(w.RotateAccessKey(w.ctx, by, first.ID, time.Hour))(t)
	if value(t, second) == value(t, first) || len(second.Secrets) != 2 || second.Secrets[1].Value != value(t, first) {
		t.Error("expected a new secret, then the old one")
	}
	same(t, "the end of the old one", second.Secrets[1].Expires, begin.Truncate(time.Microsecond).Add(time.Hour))
	same(t, "read again", must(w.AccessKey(w.ctx, first.ID))(t), second)

	// A longer grace later does not make the first one last.
	third := must(w.RotateAccessKey(w.ctx, by, first.ID, 24*time.Hour))(t)
	same(t, "secrets after another rotation", len(third.Secrets), 3)
	w.clock.move(time.Hour)
	got := must(w.AccessKey(w.ctx, first.ID))(t)
	if len(got.Secrets) != 2 || got.Secrets[0].Value != value(t, third) || got.Secrets[1].Value != value(t, second) {
		t.Error("expected the two that have not expired")
	}
	// No grace ends all at once.
	fourth := must(w.RotateAccessKey(w.ctx, by, first.ID, 0))(t)
	same(t, "secrets without grace", len(fourth.Secrets), 1)

	for range 10 {
		must(w.RotateAccessKey(w.ctx, by, first.ID, time.Hour))(t)
	}
	same(t, "secrets after many rotations", len(must(w.AccessKey(w.ctx, first.ID))(t).Secrets), 5)
	_, err := w.RotateAccessKey(w.ctx, by, first.ID, -time.Second)
	wantCode(t, err, stt.Invalid, "a negative grace")
}

func testAPIKeys(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	user := w.newUser("u")
	made, token, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, User: user.ID, Name: "k", Limits: someLimits, Expires: begin.Add(time.Hour), Disabled: true,
		Models: []string{"sphinx"}, Operations: []string{"stream", "list"}, Origins: []string{"https://example.com"}})
	ok(t, err)
	if !regexp.MustCompile(`^esk_[a-z2-7]{32}$`).MatchString(token) || made.Prefix != token[:12] || made.Hash != sha256.Sum256([]byte(token)) {
		t.Errorf("expected a token, how it begins, and its hash; got %v", made)
	}
	same(t, "by id", must(w.APIKey(w.ctx, made.ID))(t), made)
	same(t, "by hash", must(w.APIKeyByHash(w.ctx, sha256.Sum256([]byte(token))))(t), made)
	_, err = w.APIKeyByHash(w.ctx, sha256.Sum256([]byte(token+"x")))
	wantCode(t, err, stt.NotFound, "another token")

	hash := sha256.Sum256([]byte("a key that was there before"))
	moved, none, err := w.CreateAPIKey(w.ctx, by, store.APIKey{ID: "api-key", Account: w.account.ID, Name: "moved", Prefix: "a key", Hash: hash})
	ok(t, err)
	same(t, "the token of one that was there before", none, "")
	same(t, "moved", must(w.APIKeyByHash(w.ctx, hash))(t), moved)
	_, _, err = w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "again", Prefix: "a key", Hash: hash})
	wantCode(t, err, stt.Conflict, "the same key twice")

	for prefix, count := range map[string]int{"esk_": 1, token[:12]: 1, "a": 1, "a key": 1, "a key!": 0, "e%": 0, "": 2} {
		list, _, err := w.APIKeys(w.ctx, store.KeyFilter{Prefix: prefix})
		ok(t, err)
		if len(list) != count {
			t.Errorf("expected %d keys that begin with %q; got %d", count, prefix, len(list))
		}
	}
	changed := must(w.UpdateAPIKey(w.ctx, by, made.ID, func(k *store.APIKey) error {
		k.User, k.Name, k.Limits, k.Expires, k.Disabled = "", "renamed", store.Limits{}, time.Time{}, false
		k.Models, k.Operations, k.Origins = nil, []string{"*"}, nil
		return nil
	}))(t)
	same(t, "changed", must(w.APIKey(w.ctx, made.ID))(t), changed)
	for what, k := range map[string]store.APIKey{
		"too many models":        {Models: make([]string, 101)},
		"an empty model":         {Models: []string{""}},
		"an origin of two lines": {Origins: []string{"https://a\r\nSet-Cookie: x"}},
		"a long operation":       {Operations: []string{strings.Repeat("x", 257)}},
		"a hash without prefix":  {Hash: sha256.Sum256([]byte("y"))},
	} {
		k.Account, k.Name = w.account.ID, "k"
		_, _, err := w.CreateAPIKey(w.ctx, by, k)
		wantCode(t, err, stt.Invalid, what)
	}
	ok(t, w.DeleteAPIKey(w.ctx, by, made.ID))
	_, err = w.APIKeyByHash(w.ctx, made.Hash)
	wantCode(t, err, stt.NotFound, "a deleted key")
	wantCode(t, w.DeleteAPIKey(w.ctx, by, made.ID), stt.NotFound, "deleted twice")
}

func testAdminTokens(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	made, token, err := w.CreateAdminToken(w.ctx, by, store.AdminToken{Name: "console", Expires: begin.Add(time.Hour)})
	ok(t, err)
	same(t, "role", made.Role, store.RoleAdmin)
	if !regexp.MustCompile(`^esa_[a-z2-7]{32}$`).MatchString(token) {
		t.Error("expected an administrator's token")
	}
	same(t, "by hash", must(w.AdminTokenByHash(w.ctx, sha256.Sum256([]byte(token))))(t), made)
	_, _, err = w.CreateAdminToken(w.ctx, by, store.AdminToken{Name: "twin", Hash: made.Hash})
	wantCode(t, err, stt.Conflict, "the same token twice")
	changed := must(w.UpdateAdminToken(w.ctx, by, made.ID, func(k *store.AdminToken) error {
		k.Name, k.Role, k.Expires, k.Disabled = "looks", store.RoleViewer, time.Time{}, true
		return nil
	}))(t)
	list, _, err := w.AdminTokens(w.ctx, store.Page{})
	ok(t, err)
	same(t, "list", list, []store.AdminToken{changed})
	_, err = w.UpdateAdminToken(w.ctx, by, made.ID, func(k *store.AdminToken) error { k.Hash[0]++; return nil })
	wantCode(t, err, stt.Invalid, "another hash")
	ok(t, w.DeleteAdminToken(w.ctx, by, made.ID))
	_, err = w.AdminTokenByHash(w.ctx, made.Hash)
	wantCode(t, err, stt.NotFound, "a deleted token")
}

func testTouch(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	key := w.newKey("k")
	api, _, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "a"})
	ok(t, err)
	before := w.revision()
	at := begin.Truncate(time.Microsecond)
	ok(t, w.Touch(w.ctx, []store.Use{{ID: key.ID, At: at.Add(time.Second)}, {ID: api.ID, At: at}, {ID: key.ID, At: at}, {ID: "nobody", At: at}}))
	ok(t, w.Touch(w.ctx, []store.Use{{ID: key.ID, At: at.Add(-time.Hour)}}))
	ok(t, w.Touch(w.ctx, nil))
	same(t, "access key", must(w.AccessKey(w.ctx, key.ID))(t).LastUsed, at.Add(time.Second))
	same(t, "API key", must(w.APIKey(w.ctx, api.ID))(t).LastUsed, at)
	same(t, "revision", w.revision(), before)
	wantCode(t, w.Touch(w.ctx, []store.Use{{ID: "", At: at}}), stt.Invalid, "no id")

	ok(t, w.DeleteAccessKey(w.ctx, by, key.ID))
	again := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{ID: key.ID, Account: w.account.ID, Name: "k"}))(t)
	same(t, "a new key of the same id", must(w.AccessKey(w.ctx, again.ID))(t).LastUsed, time.Time{})
}

// Whatever change refuses, or may not change, leaves everything as it was.
func testFailedUpdates(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	user, key := w.newUser("u"), w.newKey("k")
	api, _, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "a"})
	ok(t, err)
	before := w.revision()
	no := stt.Errorf(stt.Denied, "not today")
	_, err = w.UpdateAccount(w.ctx, by, w.account.ID, func(a *store.Account) error { a.Name = "x"; return no })
	wantCode(t, err, stt.Denied, "a change that is refused")
	for what, update := range map[string]func() error{
		"account id": func() error {
			_, err := w.UpdateAccount(w.ctx, by, w.account.ID, func(a *store.Account) error { a.ID = "123456789012"; return nil })
			return err
		},
		"account limits": func() error {
			_, err := w.UpdateAccount(w.ctx, by, w.account.ID, func(a *store.Account) error { a.Limits.Streams = -1; return nil })
			return err
		},
		"user account": func() error {
			_, err := w.UpdateUser(w.ctx, by, user.ID, func(u *store.User) error { u.Account = "123456789012"; return nil })
			return err
		},
		"user created": func() error {
			_, err := w.UpdateUser(w.ctx, by, user.ID, func(u *store.User) error { u.Created = begin.Add(time.Hour); return nil })
			return err
		},
		"key secrets": func() error {
			_, err := w.UpdateAccessKey(w.ctx, by, key.ID, func(k *store.AccessKey) error { k.Secrets = []store.Secret{{Value: "x"}}; return nil })
			return err
		},
		"key parent": func() error {
			_, err := w.UpdateAccessKey(w.ctx, by, key.ID, func(k *store.AccessKey) error { k.Parent = "x"; return nil })
			return err
		},
		"key token": func() error {
			_, err := w.UpdateAccessKey(w.ctx, by, key.ID, func(k *store.AccessKey) error { k.TokenHash = make([]byte, 32); return nil })
			return err
		},
		"API key hash": func() error {
			_, err := w.UpdateAPIKey(w.ctx, by, api.ID, func(k *store.APIKey) error { k.Hash[0]++; return nil })
			return err
		},
	} {
		wantCode(t, update(), stt.Invalid, what)
	}
	same(t, "revision", w.revision(), before)
	same(t, "account", must(w.Account(w.ctx, w.account.ID))(t), w.account)
	same(t, "key", must(w.AccessKey(w.ctx, key.ID))(t), key)
}
