package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/earshot-stt/earshot/stt"
)

// besides returns the names of the files that SQLite keeps beside a database while somebody has it open, and after a process was killed.
// What was written last is in the journal alone: whoever makes another database of the same name destroys it.
func besides() []string { return []string{"-wal", "-journal", "-shm"} }

// place is the file of a SQLite database and its journal, as they were when it was opened.
type place struct {
	path    string
	info    fs.FileInfo // nil: the database is no file
	journal fs.FileInfo
}

func placeOf(path string) (place, error) {
	info, err := os.Stat(path)
	if err != nil {
		return place{}, err
	}
	journal, err := os.Stat(path + "-wal") // some connection has it open from here on: see [Store.hold]
	return place{path, info, journal}, err
}

// inPlace returns nil where the files at the store's address are those that were opened. SQLite goes on with files that have been
// deleted, and that nobody will ever find again.
func (s *Store) inPlace() error {
	if s.place.info == nil || s.closed.Load() {
		return nil
	}
	now, err := os.Stat(s.place.path)
	if err != nil || !os.SameFile(s.place.info, now) {
		what := "another file is at"
		if err != nil {
			what = "there is no such file any more at"
		}
		return &stt.Error{Code: stt.Unavailable, Option: "store", Err: err,
			Msg: "the database has been taken away while it is in use: " + what + " " + shown(s.place.path) +
				"; nothing can be changed until it is back. Put it back, before the program is started again and beside the same " +
				shown(filepath.Base(s.place.path)+"-wal") + ", which has in it what was written last"}
	}
	journal, err := os.Stat(s.place.path + "-wal")
	if err != nil || !os.SameFile(s.place.journal, journal) {
		return &stt.Error{Code: stt.Unavailable, Option: "store", Err: err,
			Msg: "the journal of the database has been taken away while it is in use: expected the same file at " + shown(s.place.path+"-wal") +
				"; nothing can be changed any more. Put it back, or end this program in order, with SIGTERM: what was written last goes to the database then. Run \"earshot store check\" afterwards"}
	}
	return nil
}

// alone says whether files beside a database are there and the database is not. Without it they are of no use, and it is of little use
// without them: a new one must not take its place.
func alone(path string) error {
	for _, suffix := range besides() {
		if _, err := os.Lstat(path + suffix); err != nil {
			continue
		}
		if _, err := os.Lstat(path); err == nil {
			return nil // somebody has made both in the meantime
		}
		return stt.Errorf(stt.Conflict, "the database %q is not there, and %q is, which belongs to it and may have in it what was written last: nothing is made in its place. "+
			"Stop the server, if one runs with it, and put the database back first; if it is lost for good, move what is left of it away", path, path+suffix)
	}
	return nil
}

// seek looks at the file of a database before anything is opened. fresh says that there is none; that is an error where one is expected.
func seek(path string, existing bool) (fresh bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := alone(path); err != nil {
			return false, err
		}
		if existing {
			return false, nowhere("no database at " + shown(path))
		}
		return true, nil
	case err != nil:
		return false, invalid("store", "%v", err)
	case !info.Mode().IsRegular():
		return false, invalid("store", "expected a file at %q; got something else", path)
	case info.Mode().Perm()&0o077 != 0:
		return false, invalid("store", "expected a database that only its owner may read (mode 0600); %q has mode %04o: run chmod 600 on it", path, info.Mode().Perm())
	}
	return false, nil
}

// nowhere says that a store is not where it is expected.
func nowhere(what string) error {
	return &stt.Error{Code: stt.NotFound, Option: "store", Msg: "there is no store: " + what}
}

// ownFile makes the file where it is missing. SQLite gives the files beside it the same mode. The caller holds the lock.
func ownFile(path string, existing bool) error {
	fresh, err := seek(path, existing)
	if err != nil || !fresh {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // a link to nowhere
		return invalid("store", "expected a file at %q; got something else", path)
	}
	if err != nil {
		return invalid("store", "the database cannot be made: %v", err)
	}
	return f.Close()
}

// hold keeps one connection open as long as the store, so that the journal is never deleted and made anew in the meantime, as SQLite does
// with the last connection: then it is known to be the same file, see [Store.inPlace].
func (s *Store) hold(ctx context.Context) (err error) {
	if s.held, err = s.read.Conn(ctx); err != nil {
		return err
	}
	var n int64
	return s.held.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master").Scan(&n) // opens the journal
}

// furnished returns nil where the tables of a store are there.
func (s *Store) furnished(ctx context.Context) error {
	var n int64
	if err := s.reader().row(ctx, s.dialect.tables).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return nowhere("the database " + s.where + " has none of its tables")
	}
	return nil
}
