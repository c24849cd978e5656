package store

import (
	"context"
	"database/sql"
	"log/slog"
	"sync/atomic"
	"time"
)

// Options are what [Open] may be told besides the address.
type Options struct {
	// Master seals the secrets of access keys. Without it they can be neither made nor used; all else works.
	Master *Master
	// Reload gets the master key again where another process has put a new one in its place; nil: then it cannot be had, until the store is
	// opened again. It may be called from several goroutines at a time.
	Reload func() (*Master, error)
	// Existing has nothing made: where there is no store yet, [Open] fails with NotFound, and leaves everything as it is.
	Existing bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Log hears of migrations; nil: nobody does.
	Log *slog.Logger
}

// Store is an open database. All its methods may be called from any goroutine, and several processes may have the same
// database open.
type Store struct {
	// Not changed once it is open.
	dialect dialect
	where   string
	schema  int64   // the last migration
	write   *sql.DB // SQLite: one connection, which begins transactions as a writer
	read    *sql.DB // PostgreSQL: the same as write
	now     func() time.Time
	log     *slog.Logger

	reload func() (*Master, error) // nil: it cannot be had
	place  place
	held   *sql.Conn // nil: PostgreSQL
	// readOnly: it was opened to be looked at, where nothing can be written.
	readOnly bool

	master  atomic.Pointer[Master] // nil: none
	closed  atomic.Bool
	series  *seriesCache
	wide    *wideCache
	settled atomic.Int64 // the time of the journal that was written to the database last, in nanoseconds
	pruned  atomic.Int64 // when sequences of old sessions were last forgotten, in microseconds
}

// Actor is who makes an administrative change, for the audit log.
type Actor struct {
	Name   string // "admin", "cli", "user:alice": 1 to 128 characters
	Remote string // where from: an address, or empty
}

// Page asks for part of a list.
type Page struct {
	After string // what the call before returned as next; empty: from the beginning
	Max   int    // 1 to 1000; 0: 100
}

// Revision grows with every administrative change by any process. It is one cheap row: caches look at it now and then,
// and forget what they know when it has changed. [Store.AddUsage] and [Store.Touch] leave it alone.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var n int64
	err := s.reader().row(ctx, "SELECT revision FROM store").Scan(&n)
	return n, s.fail("revision", err)
}

// KeysRevision is like Revision, and leaves out changes of vocabularies and other resources, and of prices: what customers change
// themselves, as often as they like, is no reason to forget keys, accounts and users. It is never greater than Revision.
func (s *Store) KeysRevision(ctx context.Context) (int64, error) {
	var n int64
	err := s.reader().row(ctx, "SELECT keys_revision FROM store").Scan(&n)
	return n, s.fail("revision", err)
}

// reader returns the connections that are good for reading.
func (s *Store) reader() conn { return conn{s.read, s.dialect} }

// stamp is the time as it is kept.
func (s *Store) stamp() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
