package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// hostile are names that somebody may give, in the hope that they are taken for something else.
func hostile() []string {
	return []string{
		"'", "''", `"`, `\`, `\'`, "`", "%", "_", "%%_%", "?", "$1", "$$", "$a$", ":name", "@p1", "--", "-- x", "/* x */", ";", ");--",
		"'; DROP TABLE accounts; --", `"; DELETE FROM audit; --`, "' OR '1'='1", "' UNION SELECT sealed FROM access_key_secrets --", "1; ATTACH DATABASE 'x' AS y",
		"x' || (SELECT revision FROM store) || '", "E'\\x41'", "U&'\\0041'", "\\x41", "COPY accounts TO PROGRAM 'id'", "NULL", "null", "true", "0", "-1", "1e999", "NaN",
		"{}", "[]", `{"a":1}`, `["a"]`, "${jndi:ldap://x}", "{{.}}", "<script>alert(1)</script>", "&lt;", "=cmd|' /C calc'!A0", "+1", "@SUM(1)", "../../etc/passwd",
		"a=1 level=ERROR msg=forged", "\u00a0", " leading and trailing ", "e\u0301 é", "ΑΒΓ", "日本語", "🎧👩‍👩‍👧", "İıſK", "\u200d", "ß ẞ", strings.Repeat("界", 128), strings.Repeat("x", 128),
	}
}

// Whatever is a name goes in and comes out unchanged, is found, and is nothing but a name.
func testHostileText(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	for _, name := range hostile() {
		actor := store.Actor{Name: name, Remote: "'; --"}
		a := must(w.CreateAccount(w.ctx, actor, store.Account{Name: name}))(t)
		same(t, "account", must(w.AccountByName(w.ctx, name))(t), a)
		u := must(w.CreateUser(w.ctx, actor, store.User{Account: a.ID, Name: name, PasswordHash: name}))(t)
		same(t, "user", must(w.UserByName(w.ctx, a.ID, name))(t), u)
		k := must(w.CreateAccessKey(w.ctx, actor, store.AccessKey{Account: a.ID, User: u.ID, Name: name, Policy: name + "\n\t\r"}))(t)
		same(t, "access key", must(w.AccessKey(w.ctx, k.ID))(t), k)
		item := name // of lists, bytes count
		if len(item) > 256 {
			item = "*"
		}
		api, _, err := w.CreateAPIKey(w.ctx, actor, store.APIKey{Account: a.ID, Name: name, Models: []string{item}, Operations: []string{item}, Origins: []string{item}})
		ok(t, err)
		same(t, "API key", must(w.APIKey(w.ctx, api.ID))(t), api)
		admin, _, err := w.CreateAdminToken(w.ctx, actor, store.AdminToken{Name: name})
		ok(t, err)
		same(t, "administrator's token", must(w.AdminTokenByHash(w.ctx, admin.Hash))(t), admin)
		r := must(w.PutResource(w.ctx, actor, store.Resource{Account: a.ID, Kind: store.KindVocabulary, Name: name, Failure: name, Source: name, Content: []byte(name),
			Tags: map[string]string{name: name}}, store.Create))(t)
		same(t, "vocabulary", must(w.Resource(w.ctx, a.ID, store.KindVocabulary, name))(t), r)
		ok(t, w.SetPrice(w.ctx, actor, store.Price{Model: item, PerMinute: 1, Currency: "EUR"}))
		use := store.Usage{Session: name, At: begin, Account: a.ID, Key: name, Model: name, Protocol: name, Audio: time.Second}
		if len(name) > 256 { // the same
			use.Key, use.Model, use.Protocol = "", "", ""
		}
		ok(t, w.AddUsage(w.ctx, []store.Usage{use}))
		rows := must(w.UsageRows(w.ctx, store.UsageQuery{Account: a.ID, Key: use.Key, Model: use.Model, Group: []store.Dimension{store.DimKey, store.DimModel, store.DimProtocol}}))(t)
		same(t, "usage", rows, []store.UsageRow{{Key: use.Key, Model: use.Model, Protocol: use.Protocol, Audio: time.Second}})

		found := 0
		for _, text := range []string{name, strings.ToLower(name)} {
			list, _, err := w.AccessKeys(w.ctx, store.KeyFilter{Account: a.ID, Text: text})
			ok(t, err)
			found += len(list)
		}
		same(t, "found by name "+name, found, 2)
		entries, _, err := w.Audit(w.ctx, store.AuditFilter{Actor: name, Kind: "vocabulary", Target: name})
		ok(t, err)
		if len(entries) != 1 || entries[0].Actor != name || entries[0].Target != name || !json.Valid([]byte(entries[0].Detail)) {
			t.Errorf("expected the entry of the audit log for %q; got %v", name, entries)
		}
	}
	list, _, err := w.Accounts(w.ctx, store.Page{Max: 1000})
	ok(t, err)
	same(t, "accounts", len(list), 1+len(hostile()))
	same(t, "prices", len(must(w.Prices(w.ctx))(t)), len(hostile())) // one is too long, and "*" instead
}

// Cursors, filters and ids come from strangers too.
func testHostilePages(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	w.newKey("k")
	for _, text := range append(hostile(), "W10", "WyJhIl0", "WyJhIiwiYiIsImMiXQ", "bnVsbA", strings.Repeat("A", 1<<20), "\x00", "\xff") {
		f := store.KeyFilter{Page: store.Page{After: text}}
		if _, _, err := w.AccessKeys(w.ctx, f); err == nil {
			t.Errorf("expected the cursor %.40q to be refused", text)
		} else {
			wantCode(t, err, stt.Invalid, "a cursor")
		}
		for _, f := range []store.KeyFilter{{Account: text}, {User: text}, {Parent: text}, {Text: text}} {
			if list, _, err := w.AccessKeys(w.ctx, f); err == nil && len(list) > 0 && f.Text == "" {
				t.Errorf("expected no key for %.40q", text)
			} else if err != nil {
				wantCode(t, err, stt.Invalid, "a filter")
			}
		}
		if _, err := w.UsageRows(w.ctx, store.UsageQuery{Group: []store.Dimension{store.Dimension(text)}}); err == nil {
			t.Errorf("expected the dimension %.40q to be refused", text)
		}
	}
	for _, n := range []int{-1, 1001, 1 << 40} {
		_, _, err := w.AccessKeys(w.ctx, store.KeyFilter{Page: store.Page{Max: n}})
		wantCode(t, err, stt.Invalid, "the length of a page")
	}
}

func testBounds(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	before := w.revision()
	for _, name := range []string{"", strings.Repeat("x", 129), strings.Repeat("界", 129), "a\nb", "a\rb", "a\tb", "\x00", "a\x1b[31m", "\x7f", "\u0085", "\xff\xfe", "a\u2028b", "\u202egnp.exe",
		"\u2066x", "\ufeff", string([]byte{0xc0, 0xaf}), strings.Repeat("x", 1<<22)} {
		_, err := w.CreateAccount(w.ctx, by, store.Account{Name: name})
		wantCode(t, err, stt.Invalid, "an account's name")
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r\x1b\x00") || len(err.Error()) > 300 || !utf8.ValidString(err.Error())) {
			t.Errorf("expected an error that can be shown; got %q", err)
		}
		_, err = w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: name})
		wantCode(t, err, stt.Invalid, "a key's name")
		_, err = w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: name})
		wantCode(t, err, stt.Invalid, "a user's name")
		if name != "" {
			wantCode(t, w.AddUsage(w.ctx, []store.Usage{{Session: "s", At: begin, Model: name + strings.Repeat("x", 128)}}), stt.Invalid, "a model")
		}
	}
	for what, r := range map[string]store.Resource{
		"a kind":       {Kind: "a b", Name: "n"},
		"no kind":      {Name: "n"},
		"a long name":  {Kind: "k", Name: strings.Repeat("x", 257)},
		"a large file": {Kind: "k", Name: "n", Content: make([]byte, 1<<20+1)},
		"a failure":    {Kind: "k", Name: "n", Failure: strings.Repeat("x", 4097)},
		"a tag":        {Kind: "k", Name: "n", Tags: map[string]string{"": "x"}},
		"a tag's text": {Kind: "k", Name: "n", Tags: map[string]string{"x": strings.Repeat("x", 257)}},
	} {
		r.Account = w.account.ID
		_, err := w.PutResource(w.ctx, by, r, store.Create)
		wantCode(t, err, stt.Invalid, what)
	}
	for what, at := range map[string]time.Time{"before 1970": time.Unix(-1, 0).AddDate(-1, 0, 0), "after 9998": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "far away": time.Unix(1<<55, 0)} {
		_, err := w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: "k", Expires: at})
		wantCode(t, err, stt.Invalid, what)
		wantCode(t, w.AddUsage(w.ctx, []store.Usage{{Session: "s", At: at}}), stt.Invalid, what)
	}
	for what, u := range map[string]store.Usage{
		"no session": {}, "negative audio": {Session: "s", Audio: -1}, "endless audio": {Session: "s", Audio: 1 << 62}, "negative errors": {Session: "s", Errors: -1},
		"very many streams": {Session: "s", Streams: 1 << 60}, "a negative sequence": {Session: "s", Sequence: -1},
	} {
		u.At = begin
		wantCode(t, w.AddUsage(w.ctx, []store.Usage{{Session: "good", At: begin, Audio: time.Second}, u}), stt.Invalid, what)
	}
	wantCode(t, w.AddUsage(w.ctx, make([]store.Usage, 100_001)), stt.Invalid, "too much at once")
	same(t, "usage of batches that were refused", len(must(w.UsageRows(w.ctx, store.UsageQuery{}))(t)), 0)
	same(t, "revision", w.revision(), before)
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Secrets do not show, however what has them is printed.
func testHidden(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	const word = "s3cr3t-W0rd"
	hash := [32]byte([]byte(word + strings.Repeat(word, 2))[:32])
	user := must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: "u", PasswordHash: word}))(t)
	key := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: "k", TokenHash: hash[:], Secrets: []store.Secret{{Value: word}}}))(t)
	api, _, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: w.account.ID, Name: "a", Prefix: "p", Hash: hash})
	ok(t, err)
	admin, _, err := w.CreateAdminToken(w.ctx, by, store.AdminToken{Name: "t", Hash: hash})
	ok(t, err)
	same(t, "the secret itself", value(t, must(w.AccessKey(w.ctx, key.ID))(t)), word)
	must(w.UpdateUser(w.ctx, by, user.ID, func(u *store.User) error { u.PasswordHash = word + word; return nil }))(t)

	var out bytes.Buffer
	text, structured := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	master, err := store.ParseMaster(strings.Repeat("s3cr3tW0rd", 4) + "AAA=") // 43 characters of base64 with the word in them
	ok(t, err)
	for _, v := range []any{user, &user, key, &key, key.Secrets, key.Secrets[0], &key.Secrets[0], api, &api, admin, &admin, master, []any{key}, map[string]any{"x": key},
		struct{ K store.AccessKey }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		out.WriteString(asJSON(v))
		text.Info("m", "v", v)
		structured.Info("m", "v", v)
	}
	entries, _, err := w.Audit(w.ctx, store.AuditFilter{})
	ok(t, err)
	fmt.Fprintf(&out, "%+v %s", entries, w.Store)
	for what, leak := range map[string]string{"the word": word, "in hexadecimal": fmt.Sprintf("%x", word), "as numbers": "115 51 99 114 51 116", "the master key": "s3cr3tW0rds3cr3tW0rd",
		"bytes of the master key": fmt.Sprintf("%d", []byte{0xb3, 0x77})[1:8]} {
		if i := strings.Index(out.String(), leak); i >= 0 {
			t.Errorf("%s shows: %q", what, out.String()[max(0, i-60):i+20])
		}
	}
	for _, shown := range []string{user.ID, key.ID, api.ID, admin.ID, master.ID()} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("expected the id %s to show", shown)
		}
	}
}
