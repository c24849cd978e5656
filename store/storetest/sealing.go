package storetest

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

func testMaster(t *testing.T, fresh func(testing.TB) string) {
	url, ctx := fresh(t), t.Context()
	without := open(t, url, store.Options{})
	account := must(without.CreateAccount(ctx, by, store.Account{Name: "a"}))(t)
	_, err := without.CreateAccessKey(ctx, by, store.AccessKey{Account: account.ID, Name: "k"})
	wantCode(t, err, stt.Unavailable, "a key made without a master key")

	master := store.NewMaster()
	with := open(t, url, store.Options{Master: master})
	key := must(with.CreateAccessKey(ctx, by, store.AccessKey{Account: account.ID, Name: "k"}))(t)
	again := open(t, url, store.Options{Master: master})
	same(t, "the secret", value(t, must(again.AccessKey(ctx, key.ID))(t)), value(t, key))

	wrong := store.NewMaster()
	_, err = store.Open(ctx, url, store.Options{Master: wrong})
	wantCode(t, err, stt.Invalid, "opened with another master key")
	if err != nil && (!strings.Contains(err.Error(), master.ID()) || !strings.Contains(err.Error(), wrong.ID())) {
		t.Errorf("expected both ids in %q", err)
	}
	_, err = without.AccessKey(ctx, key.ID)
	wantCode(t, err, stt.Unavailable, "a secret without a master key")
	same(t, "described without a master key", must(without.DescribeAccessKey(ctx, key.ID))(t), bare(key))
	_, err = without.RotateAccessKey(ctx, by, key.ID, 0)
	wantCode(t, err, stt.Unavailable, "rotated without a master key")
}

func testRotateMaster(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	elsewhere := open(t, w.url, store.Options{Master: w.master, Now: w.clock.read})
	keys := make([]store.AccessKey, 3)
	for i := range keys {
		keys[i] = w.newKey("k")
	}
	keys[1] = must(w.RotateAccessKey(w.ctx, by, keys[1].ID, time.Hour))(t)
	before := w.revision()
	next := store.NewMaster()
	ok(t, w.RotateMaster(w.ctx, by, next))
	same(t, "revision", w.revision(), before+1)
	for _, k := range keys {
		same(t, "secrets", must(w.AccessKey(w.ctx, k.ID))(t).Secrets, k.Secrets)
	}
	wantWhole(t, w.Store)
	w.newKey("after")

	// Who still has the old one is told so, and can do no harm.
	_, err := elsewhere.AccessKey(w.ctx, keys[0].ID)
	wantCode(t, err, stt.Unavailable, "a secret with the master key of before")
	_, err = elsewhere.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: "k"})
	wantCode(t, err, stt.Unavailable, "a key made with the master key of before")
	wantCode(t, elsewhere.RotateMaster(w.ctx, by, store.NewMaster()), stt.Unavailable, "rotated from the master key of before")
	if err != nil && !strings.Contains(err.Error(), next.ID()) {
		t.Errorf("expected the id of the key that is needed in %q", err)
	}
	_, err = store.Open(w.ctx, w.url, store.Options{Master: w.master})
	wantCode(t, err, stt.Invalid, "opened with the master key of before")
	reopened := open(t, w.url, store.Options{Master: next, Now: w.clock.read})
	same(t, "the secret", value(t, must(reopened.AccessKey(w.ctx, keys[0].ID))(t)), value(t, keys[0]))

	wantCode(t, w.RotateMaster(w.ctx, by, nil), stt.Invalid, "rotated to nothing")
	wantCode(t, open(t, w.url, store.Options{}).RotateMaster(w.ctx, by, store.NewMaster()), stt.Unavailable, "rotated without the present one")
	wantWhole(t, reopened)
}

// backupOf returns the lines of a backup.
func backupOf(t testing.TB, s *store.Store) []string {
	t.Helper()
	var out bytes.Buffer
	_, err := s.Backup(t.Context(), &out)
	ok(t, err)
	plain := must(gzip.NewReader(&out))(t)
	text := must(io.ReadAll(plain))(t)
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

// What is kept of a secret does not open for another key, nor when a bit of it has changed.
func testSealedInPlace(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	first, second := w.newKey("first"), w.newKey("second")
	lines := backupOf(t, w.Store)
	var rows []int
	for i, line := range lines {
		if strings.HasPrefix(line, `["access_key_secrets"`) {
			rows = append(rows, i)
		}
	}
	same(t, "secrets in the backup", len(rows), 2)
	sealed := func(i int) string { return lines[i][strings.LastIndex(lines[i], ",")+1:] }
	swapped := append([]string(nil), lines...)
	swapped[rows[0]] = strings.Replace(lines[rows[0]], sealed(rows[0]), sealed(rows[1]), 1)
	swapped[rows[1]] = strings.Replace(lines[rows[1]], sealed(rows[1]), sealed(rows[0]), 1)
	url := fresh(t)
	b, err := store.ReadBackup(bytes.NewReader(pack(swapped)))
	ok(t, err)
	ok(t, b.Restore(t.Context(), url, by, store.Options{Master: w.master}))
	s := open(t, url, store.Options{Master: w.master, Now: w.clock.read})
	for _, k := range []store.AccessKey{first, second} {
		_, err := s.AccessKey(t.Context(), k.ID)
		wantCode(t, err, stt.Unavailable, "a secret that belongs to another key")
	}
	same(t, "findings", len(must(s.Check(t.Context()))(t).Findings), 2)
}

// testAtRest looks at everything that is kept, as a backup has it: no secret is in there, nor a token.
func testAtRest(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	key := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: "k", Secrets: []store.Secret{{Value: "the/quick+brown/fox"}}}))(t)
	rotated := must(w.RotateAccessKey(w.ctx, by, key.ID, time.Hour))(t)
	_, token, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "a"})
	ok(t, err)
	_, admin, err := w.CreateAdminToken(w.ctx, by, store.AdminToken{Name: "t"})
	ok(t, err)
	all := strings.Join(backupOf(t, w.Store), "")
	for what, secret := range map[string]string{"a secret": "the/quick+brown/fox", "a rotated secret": value(t, rotated), "an API key": token[12:], "an administrator's token": admin[12:]} {
		if strings.Contains(all, secret) || strings.Contains(all, strings.Trim(asJSON([]byte(secret)), `"=`)) {
			t.Errorf("%s is kept as it is", what)
		}
	}
}
