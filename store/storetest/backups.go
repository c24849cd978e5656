package storetest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Furnish puts so many of everything, 1 to 9, into a store with a master key.
func Furnish(t testing.TB, s *store.Store, n int) {
	t.Helper()
	ctx := t.Context()
	a := must(s.CreateAccount(ctx, by, store.Account{Name: "furnished", Limits: someLimits}))(t)
	u := must(s.CreateUser(ctx, by, store.User{Account: a.ID, Name: "u", PasswordHash: "$x$"}))(t)
	hash := sha256.Sum256([]byte("token"))
	for i, name := range append(hostile()[:n-1], "z") {
		k := must(s.CreateAccessKey(ctx, by, store.AccessKey{Account: a.ID, User: []string{"", u.ID}[i%2], Name: name, Policy: aPolicy}))(t)
		must(s.RotateAccessKey(ctx, by, k.ID, 365*24*time.Hour))(t)
		must(s.CreateAccessKey(ctx, by, store.AccessKey{ID: "A" + k.ID, Account: a.ID, Name: name, Parent: k.ID, TokenHash: hash[:], Expires: begin.AddDate(1, 0, 0)}))(t)
		api, _, err := s.CreateAPIKey(ctx, by, store.APIKey{Account: a.ID, User: u.ID, Name: name, Models: []string{name}, Limits: someLimits})
		ok(t, err)
		ok(t, s.Touch(ctx, []store.Use{{ID: k.ID, At: begin}, {ID: api.ID, At: begin.Add(time.Second)}}))
		must(s.PutResource(ctx, by, store.Resource{Account: a.ID, Kind: store.KindVocabulary, Name: name, State: "READY", Content: []byte{0, 1, byte(i), 0xff}, Tags: map[string]string{"k": name}}, store.Create))(t)
		ok(t, s.SetPrice(ctx, by, store.Price{Model: name, PerMinute: int64(i), Currency: "EUR"}))
		ok(t, s.AddUsage(ctx, []store.Usage{{Session: name, Sequence: 3, At: begin.Add(time.Duration(i*20) * time.Hour), Account: a.ID, Key: k.ID, Model: name, Audio: time.Minute, Streams: 1}}))
	}
	_, _, err := s.CreateAdminToken(ctx, by, store.AdminToken{Name: "t"})
	ok(t, err)
	ok(t, s.NoteImports(ctx, []string{"FILE", "another"}))
	ok(t, s.NoteImports(ctx, []string{"another", "third"}))
	same(t, "what has been taken over", must(s.Imports(ctx))(t), []string{"FILE", "another", "third"})
	wantCode(t, s.NoteImports(ctx, []string{"a name with spaces"}), stt.Invalid, "a name that no key has")
}

// pack compresses the lines of a backup, with the checksum that belongs to them.
func pack(lines []string) []byte {
	body := strings.Join(lines[:len(lines)-1], "")
	sum := sha256.Sum256([]byte(body))
	return compress(body + `{"sha256":"` + hex.EncodeToString(sum[:]) + "\"}\n")
}

func compress(text string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err1 := w.Write([]byte(text))
	if err := errors.Join(err1, w.Close()); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// state is everything that is in a store: the lines of its backup, but for what tells when it was made and what a restore adds.
func state(t testing.TB, s *store.Store) []string {
	t.Helper()
	lines := backupOf(t, s)[1:]
	lines = lines[:len(lines)-1]
	return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `"restore","store"`) })
}

// Moves holds a backup of one database to be the same in another.
func Moves(t *testing.T, from, to func(testing.TB) string) {
	w := newWorld(t, from)
	Furnish(t, w.Store, 9)
	var out bytes.Buffer
	info := must(w.Backup(t.Context(), &out))(t)
	same(t, "the master key that is needed", info.Master, w.master.ID())
	same(t, "revision", info.Revision, w.revision())

	b, err := store.ReadBackup(bytes.NewReader(out.Bytes()))
	ok(t, err)
	same(t, "what the backup says", b.Info(), info)
	url := to(t)
	err = b.Restore(t.Context(), url, by, store.Options{Master: store.NewMaster()})
	wantCode(t, err, stt.Invalid, "restored with another master key")
	ok(t, b.Restore(t.Context(), url, by, store.Options{Master: w.master, Now: w.clock.read}))
	s := open(t, url, store.Options{Master: w.master, Now: w.clock.read})
	same(t, "everything", state(t, s), state(t, w.Store))
	same(t, "revision after it", must(s.Revision(t.Context()))(t), info.Revision+1)
	wantWhole(t, s)

	// It works on: keys open, usage counts once, series go on.
	list, _, err := s.AccessKeys(t.Context(), store.KeyFilter{})
	ok(t, err)
	for _, k := range list {
		same(t, "a key", must(s.AccessKey(t.Context(), k.ID))(t), must(w.AccessKey(t.Context(), k.ID))(t))
	}
	ok(t, s.AddUsage(t.Context(), []store.Usage{{Session: hostile()[0], Sequence: 3, At: begin, Key: "new", Audio: time.Hour}, {Session: "new", At: begin, Key: "new", Audio: time.Second}}))
	same(t, "usage after it", must(s.UsageTotals(t.Context(), store.UsageOf{Key: "new"}, begin))(t), time.Second)
	wantWhole(t, s)

	again, err := store.ReadBackup(bytes.NewReader(out.Bytes()))
	ok(t, err)
	wantCode(t, again.Restore(t.Context(), url, by, store.Options{}), stt.Conflict, "restored into a store that has something in it")
	wantWhole(t, s)
}

func testBackup(t *testing.T, fresh func(testing.TB) string) {
	Moves(t, fresh, fresh)
	// Nothing at all is a backup too, and needs no master key.
	empty := open(t, fresh(t), store.Options{})
	var out bytes.Buffer
	info := must(empty.Backup(t.Context(), &out))(t)
	same(t, "master key of an empty backup", info.Master, "")
	b, err := store.ReadBackup(&out)
	ok(t, err)
	url := fresh(t)
	ok(t, b.Restore(t.Context(), url, by, store.Options{}))
	open(t, url, store.Options{Master: store.NewMaster()})
	_, err = empty.Backup(t.Context(), fullDisk{})
	wantCode(t, err, stt.Unavailable, "written to a disk that is full")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// Backups that were damaged, or made by somebody else, are refused with what is wrong, and leave the store empty.
func testHostileBackups(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	Furnish(t, w.Store, 2)
	lines := backupOf(t, w.Store)
	rowWith := func(table, text string) int {
		return slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, `["`+table+`"`) && strings.Contains(line, text) })
	}
	row := func(table string) int { return rowWith(table, "") }
	replaced := func(i int, old, fresh string) []string {
		t.Helper()
		changed := slices.Clone(lines)
		if changed[i] = strings.Replace(lines[i], old, fresh, 1); changed[i] == lines[i] {
			t.Fatalf("%q is not in %q", old, lines[i])
		}
		return changed
	}
	packed := pack(lines)
	account := w.account.ID
	type attack struct {
		data []byte
		code stt.Code
		says string
	}
	attacks := map[string]attack{
		"nothing":                         {nil, stt.Malformed, "line 1"},
		"no backup":                       {[]byte("SQLite format 3\x00"), stt.Malformed, "gzip"},
		"another file":                    {compress("hello\n"), stt.Malformed, "header"},
		"another format":                  {pack(replaced(0, "backup 1", "backup 2")), stt.Malformed, "header"},
		"of a newer program":              {pack(replaced(0, `"schema":`, `"schema":9`)), stt.Unsupported, "newer"},
		"an unknown field":                {pack(replaced(0, `"schema":`, `"evil":1,"schema":`)), stt.Malformed, "evil"},
		"a header without end":            {compress(strings.Repeat(" ", 1<<20)), stt.Malformed, "65536 bytes"},
		"a line without end":              {compress(strings.Join(lines[:2], "") + `["accounts","` + strings.Repeat("x", 8<<20)), stt.Malformed, "4194304 bytes"},
		"half of it":                      {packed[:len(packed)/2], stt.Malformed, "ends before"},
		"without the last byte":           {packed[:len(packed)-1], stt.Malformed, ""},
		"without the last line":           {compress(strings.Join(lines[:len(lines)-1], "")), stt.Malformed, "ends before"},
		"a row less":                      {pack(slices.Delete(slices.Clone(lines), row("prices"), row("prices")+1)), stt.Malformed, "rows of prices"},
		"a row more":                      {pack(slices.Insert(slices.Clone(lines), row("prices"), `["prices","m","EUR",1]`+"\n")), stt.Malformed, "there are more"},
		"a row twice":                     {pack(slices.Insert(replaced(0, `"accounts":2`, `"accounts":3`), row("accounts"), lines[row("accounts")])), stt.Malformed, "contradict"},
		"rows in another order":           {pack(slices.Insert(replaced(0, `"accounts":2`, `"accounts":3`), row("users")+1, lines[row("accounts")])), stt.Malformed, "in their order"},
		"a table that is not there":       {pack(replaced(row("prices"), "prices", "sqlite_schema")), stt.Malformed, "known tables"},
		"SQL for a table":                 {pack(replaced(row("prices"), "prices", "prices; DROP TABLE audit")), stt.Malformed, "known tables"},
		"another checksum":                {compress(strings.Join(lines[:len(lines)-1], "") + `{"sha256":"` + strings.Repeat("0", 64) + "\"}\n"), stt.Malformed, "checksum"},
		"a bit less, old checksum":        {compress(strings.Join(replaced(row("accounts"), `"accounts"`, `"accounts" `), "") + "\n"), stt.Malformed, "checksum"},
		"more after the end":              {compress(strings.Join(lines, "") + "\nx"), stt.Malformed, "after the last line"},
		"an empty line":                   {pack(slices.Insert(slices.Clone(lines), 2, "\n")), stt.Malformed, "empty line"},
		"too few values":                  {pack(replaced(row("prices"), `,"EUR"`, ``)), stt.Malformed, "3 values"},
		"a number for text":               {pack(replaced(row("prices"), `"EUR"`, `7`)), stt.Malformed, "currency"},
		"text for a number":               {pack(replaced(row("accounts"), `,0]`, `,"0"]`)), stt.Malformed, "disabled"},
		"a fraction":                      {pack(replaced(row("accounts"), `,0]`, `,0.5]`)), stt.Malformed, "disabled"},
		"a large number":                  {pack(replaced(row("accounts"), `,0]`, `,9223372036854775808]`)), stt.Malformed, "disabled"},
		"null for text":                   {pack(replaced(row("prices"), `"EUR"`, `null`)), stt.Malformed, "currency"},
		"an object for text":              {pack(replaced(row("prices"), `"EUR"`, `{"a":1}`)), stt.Malformed, "currency"},
		"bytes that are not base64":       {pack(replaced(row("resources"), `"]`, `!"]`)), stt.Malformed, "content"},
		"a zero byte":                     {pack(replaced(rowWith("accounts", "main"), `"main"`, `"ma\u0000in"`)), stt.Malformed, "zero"},
		"a name that misleads":            {pack(replaced(rowWith("accounts", "furnished"), `"furnished"`, "\"\u202efurnished\"")), stt.Malformed, "U+202E"},
		"limits that are no JSON":         {pack(replaced(rowWith("accounts", "main"), `{}`, `{`)), stt.Malformed, ""},
		"an account that is not":          {pack(replaced(row("users"), `"`+w.accountOf("furnished")+`"`, `"123456789012"`)), stt.Malformed, "contradict"},
		"a price below zero":              {pack(replaced(row("prices"), `"EUR",`, `"EUR",-1`)), stt.Malformed, "per_minute"},
		"a currency":                      {pack(replaced(row("prices"), `"EUR"`, `"eur"`)), stt.Malformed, "currency"},
		"sums that are none":              {pack(replaced(row("usage_sums"), `60000000`, `70000000`)), stt.Malformed, "sums of"},
		"a series that lies":              {pack(replaced(row("usage_series"), `,0,"[0,`, `,1,"[0,`)), stt.Malformed, "series"},
		"a series that lies, and no more": {compress(strings.Join(replaced(row("usage_series"), `,0,"[0,`, `,1,"[0,`)[:row("usage_sums")], "")), stt.Malformed, "series"},
		"a short hash":                    {pack(replaced(row("admin_tokens"), `="]`, `"]`)), stt.Malformed, ""},
		"a disabled that is 2":            {pack(replaced(row("accounts"), `,0]`, `,2]`)), stt.Malformed, "account"},
		"a user of another account":       {pack(replaced(row("users"), `"`+w.accountOf("furnished")+`"`, `"`+account+`"`)), stt.Malformed, "user"},
		"a role that is not there":        {pack(replaced(row("users"), `"member"`, `"root"`)), stt.Malformed, "role"},
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 3))
	for n := range 25 { // any byte, changed
		data := slices.Clone(packed)
		data[20+random.IntN(len(data)-20)] ^= byte(1 + random.IntN(255))
		attacks["damaged "+strconv.Itoa(n)+" (seed "+strconv.FormatUint(seed, 10)+")"] = attack{data, stt.Malformed, ""}
	}
	url := fresh(t)
	open(t, url, store.Options{})
	for what, a := range attacks {
		b, err := store.ReadBackup(bytes.NewReader(a.data))
		if err == nil {
			err = b.Restore(t.Context(), url, by, store.Options{})
		}
		wantCode(t, err, a.code, what)
		if err != nil && !strings.Contains(err.Error(), a.says) {
			t.Errorf("%s: expected %q in %q", what, a.says, err)
		}
		if t.Failed() {
			break // the store may not be empty any more
		}
	}
	s := open(t, url, store.Options{})
	same(t, "revision", must(s.Revision(t.Context()))(t), int64(0))
	for table, n := range must(s.Check(t.Context()))(t).Rows {
		same(t, "rows of "+table, n, int64(0))
	}
	b, err := store.ReadBackup(bytes.NewReader(packed))
	ok(t, err)
	ok(t, b.Restore(t.Context(), url, by, store.Options{}))
}

// accountOf returns the id of the account with a name.
func (w *world) accountOf(name string) string {
	w.t.Helper()
	return must(w.AccountByName(w.ctx, name))(w.t).ID
}

func testCheck(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	Furnish(t, w.Store, 2)
	report := must(w.Check(w.ctx))(t)
	same(t, "findings", len(report.Findings), 0)
	for table, n := range report.Rows {
		if n == 0 {
			t.Errorf("expected Furnish to put something into %s", table)
		}
	}
	same(t, "accounts", report.Rows["accounts"], int64(2))
}
