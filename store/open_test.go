package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + path
	}
	for what, c := range map[string]struct {
		url  string
		code stt.Code
		says string
	}{
		"nothing":                 {"", stt.Invalid, "sqlite:PATH"},
		"another database":        {"mysql://user:hunter2@host/db", stt.Invalid, "sqlite:PATH"},
		"no path":                 {"sqlite:", stt.Invalid, "path"},
		"memory":                  {"sqlite::memory:", stt.Invalid, "memory"},
		"a folder":                {"sqlite:" + dir, stt.Invalid, "expected a file"},
		"no folder":               {"sqlite:" + dir + "/no/where.db", stt.Invalid, "cannot be made"},
		"a file of others":        {write("open.db", 0o644, ""), stt.Invalid, "chmod 600"},
		"another file":            {write("text.db", 0o600, strings.Repeat("not a database ", 100)), stt.Unavailable, "damaged"},
		"no host":                 {"postgres://user:hunter2@host.invalid:x/db", stt.Invalid, "libpq"},
		"an escape":               {"postgres://user:hunter2%zz@host/db", stt.Invalid, "libpq"},
		"nobody listens":          {"postgres://user:hunter2@127.0.0.1:1/db?connect_timeout=5", stt.Unavailable, "reached"},
		"nobody listens (socket)": {"postgres:///db?password=hunter2&host=" + dir, stt.Unavailable, "reached"},
	} {
		_, err := store.Open(t.Context(), c.url, store.Options{})
		if stt.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: expected %s and %q and no password; got %s: %v", what, c.code, c.says, stt.CodeOf(err), err)
		}
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?b%20#c;d'e.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Master: store.NewMaster()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount(t.Context(), store.Actor{Name: "t"}, store.Account{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 4 {
		t.Errorf("expected four files; got %v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode() != 0o600 || !strings.HasPrefix(f.Name(), filepath.Base(path)) {
			t.Errorf("expected a file of mode 0600; got %s with %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if got := s.String(); got != "sqlite:"+path {
		t.Errorf("expected where it is; got %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A database that a newer program has had is left alone.
func testNewer(t *testing.T, url, driver, dsn string) {
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)"); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), url, store.Options{})
	if stt.CodeOf(err) != stt.Unsupported || !strings.Contains(err.Error(), "99") {
		t.Errorf("expected it to be refused as newer; got %v", err)
	}
}

func TestNewer(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		url := newFile(t)
		testNewer(t, url, "sqlite", strings.TrimPrefix(url, "sqlite:"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := cluster.Database(t)
		testNewer(t, url, "pgx", url)
	})
}

// Every table that a migration makes is in backups, with all its columns, but for those that say who is signed in.
func TestEveryColumnIsInBackups(t *testing.T) {
	url := newFile(t)
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' AND m.name NOT LIKE 'console_%' AND m.name NOT IN ('store', 'usage_packs')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kept := store.BackupColumns()
	n := 0
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if n++; !kept[table+"."+column] {
			t.Errorf("the column %s of %s is not in backups", column, table)
		}
	}
	if err := rows.Err(); err != nil || n != len(kept) {
		t.Errorf("expected %d columns; got %d, %v", len(kept), n, err)
	}
}

// Where the database goes away, calls say so; when it comes back, the same store works again.
func TestDatabaseGone(t *testing.T) {
	url := cluster.Database(t)
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	begin, rest, _ := strings.Cut(url, "?")
	name := begin[strings.LastIndex(begin, "/")+1:]
	admin, err := sql.Open("pgx", strings.TrimSuffix(begin, name)+"postgres?"+rest)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	run := func(query string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	by := store.Actor{Name: "t"}
	run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	// A connection that was lost is noticed by the first who uses it; from then on no new one is let in.
	for range 3 {
		_, err1 := s.Revision(t.Context())
		_, err2 := s.CreateAccount(t.Context(), by, store.Account{Name: "a"})
		err3 := s.AddUsage(t.Context(), []store.Usage{{Session: "s", At: noon, Key: "k", Audio: 1e9}})
		for _, err := range []error{err1, err2, err3} {
			if stt.CodeOf(err) != stt.Unavailable {
				t.Errorf("expected Unavailable; got %s: %v", stt.CodeOf(err), err)
			}
		}
	}
	run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true")
	if err := s.AddUsage(t.Context(), []store.Usage{{Session: "s", At: noon, Key: "k", Audio: 1e9}}); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if got, err := s.UsageTotals(t.Context(), store.UsageOf{Key: "k"}, noon); err != nil || got != 1e9 {
		t.Errorf("when it is back: %v, %v", got, err)
	}
}

// A database that another process keeps for itself is waited for, as long as the caller likes.
func TestBusy(t *testing.T) {
	url := newFile(t)
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revision(t.Context()); err != nil {
		t.Errorf("reading does not wait: %v", err)
	}
	done := make(chan error, 1)
	go func() { // owned by the test, which waits for it
		_, err := s.CreateAccount(t.Context(), store.Actor{Name: "t"}, store.Account{Name: "a"})
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("expected it to wait; got %v", err)
	case <-time.After(300 * time.Millisecond): // it waits, or has not begun to: both are well
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after waiting: %v", err)
	}
}
