package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/earshot-stt/earshot/stt"
)

// How long SQLite waits for another process that is writing, in milliseconds, and how many connections there are.
const (
	sqliteBusy      = "10000"
	sqliteReaders   = 4
	sqliteMaxIdle   = time.Minute // each has pages of the database in memory, and opens again in a moment
	postgresMost    = 16
	postgresIdle    = 4
	postgresMaxIdle = 5 * time.Minute
)

// Open opens the database at an address, makes it where it is missing (SQLite), and brings its tables up to date under a
// lock, so that several processes may start at once:
//
//	sqlite:PATH                              a file of mode 0600; beside it PATH-wal and PATH-shm while it is open, and PATH-lock
//	postgres://user:password@host/database   as libpq understands it; the database must exist, with the encoding UTF8
//
// On a file system that is read-only, one that exists can be opened with [Options.Existing] and looked at.
// Where the file of a database is missing and its journal is not, that is a Conflict, and nothing is made: what was written last is in the
// journal. A database of a newer version of this program is refused, and so is a master key other than the one that sealed what is in it.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	s := &Store{now: o.Now, log: o.Log, reload: o.Reload, series: newSeriesCache(), wide: newWideCache()}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		err = s.openSQLite(ctx, rest, o)
	case "postgres", "postgresql":
		err = s.openPostgres(ctx, url, o)
	default:
		return nil, invalid("store", "expected sqlite:PATH or postgres://user:password@host/database") // what came may have a password in it
	}
	if err == nil {
		err = s.adopt(ctx, o.Master)
	}
	if err != nil {
		return nil, errors.Join(s.fail("open store", err), s.Close())
	}
	return s, nil
}

// Close closes the database. Calls that are under way may fail.
func (s *Store) Close() error {
	s.closed.Store(true)
	var err error
	if s.held != nil {
		if err = s.held.Close(); errors.Is(err, sql.ErrConnDone) { // closed before
			err = nil
		}
	}
	if s.read != nil && s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	if err != nil {
		return &stt.Error{Code: stt.Unavailable, Op: "close store", Msg: "the database could not be closed in order", Err: err}
	}
	return nil
}

// String says where the store is, without user or password.
func (s *Store) String() string { return s.where }

func (s *Store) openSQLite(ctx context.Context, path string, o Options) error {
	path, err := s.atPath(path)
	if err != nil {
		return err
	}
	// Before anything is made, the lock included: where a database is missed the folder stays as it is.
	if _, err := seek(path, o.Existing); err != nil {
		return err
	}
	// Each process takes this lock alone while it looks at the tables and mends them. It is a file of its own, since SQLite loses
	// its locks when anybody in the process closes the file itself.
	unlock, err := lockFile(ctx, path+"-lock")
	if o.Existing && errors.Is(err, syscall.EROFS) {
		return s.openToLook(ctx, path)
	}
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		return unwritable(path, err)
	}
	if err != nil {
		return err
	}
	defer unlock()
	sweep(path, s.log)
	if err := ownFile(path, o.Existing); err != nil {
		return err
	}
	if err := s.connectSQLite(path); err != nil {
		return err
	}
	if o.Existing {
		if err := s.furnished(ctx); err != nil {
			return err
		}
	}
	var mode string
	if err := s.write.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return &stt.Error{Code: stt.Unavailable, Msg: "the file system of the database does not do for SQLite: its journal would be " + mode + " instead of wal"}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.hold(ctx); err != nil {
		return err
	}
	s.place, err = placeOf(path)
	return err
}

// atPath takes the path of an address.
func (s *Store) atPath(path string) (string, error) {
	s.dialect = sqliteDialect()
	switch {
	case path == "" || strings.HasPrefix(path, ":"):
		return "", invalid("store", "expected a path after sqlite:; a database in memory would be another for every connection")
	case strings.ContainsRune(path, 0):
		return "", invalid("store", "expected a path without a zero byte")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	s.where = "sqlite:" + path
	return path, nil
}

// connectSQLite makes both pools, which connect when they are used.
func (s *Store) connectSQLite(path string) (err error) {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_defensive=1&_dqs=0&_foreign_keys=1&_busy_timeout=" + sqliteBusy
	if s.write, err = sql.Open("sqlite", name+"&_txlock=immediate&_synchronous=FULL"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", name+"&_query_only=1"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(1 + sqliteReaders)
	s.read.SetMaxIdleConns(1 + sqliteReaders)
	s.read.SetConnMaxIdleTime(sqliteMaxIdle)
	return nil
}

func (s *Store) openPostgres(ctx context.Context, address string, o Options) error {
	if err := s.connectPostgres(ctx, address); err != nil {
		return err
	}
	if o.Existing {
		if err := s.furnished(ctx); err != nil {
			return err
		}
	}
	// The lock belongs to a connection, and goes with it should the process die.
	locked, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer locked.Close() // after the unlocking below
	if _, err := locked.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	defer func() { // also when ctx is done: the connection goes back to the pool
		_, _ = locked.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
	}()
	return s.migrate(ctx)
}

// connectPostgres makes the pool, and looks whether the database can be reached and is one that will do.
func (s *Store) connectPostgres(ctx context.Context, address string) error {
	s.dialect = postgresDialect()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The cause may have the password in it.
		return invalid("store", "expected postgres://user:password@host:port/database?option=value as libpq understands it; got an address that it does not")
	}
	s.where = "postgres://" + config.Host + "/" + config.Database
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "earshot"
	}
	s.write = stdlib.OpenDB(*config)
	s.write.SetMaxOpenConns(postgresMost)
	s.write.SetMaxIdleConns(postgresIdle)
	s.write.SetConnMaxIdleTime(postgresMaxIdle)
	s.read = s.write
	var encoding string
	if err := s.write.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return &stt.Error{Code: stt.Unsupported, Msg: "expected a PostgreSQL database with the encoding UTF8; this one has " + encoding}
	}
	return nil
}
