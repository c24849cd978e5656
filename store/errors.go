package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/earshot-stt/earshot/stt"
)

// fail returns err as an *stt.Error, with what was being done; nil for nil.
func (s *Store) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	known := (*stt.Error)(nil)
	switch {
	case errors.As(err, &known):
		if known.Op == "" {
			with := *known
			with.Op = op
			return &with
		}
		return err
	case s.closed.Load():
		return &stt.Error{Code: stt.Closed, Op: op, Msg: "the store is closed", Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e := stt.AsError(err)
		e.Op = op
		return e
	}
	e := classify(err)
	e.Op = op
	return e
}

// classify tells a database that is not there from one that has refused something.
func classify(err error) *stt.Error {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return classifyPostgres(e)
	}
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return classifySQLite(e)
	}
	network := net.Error(nil)
	connecting := (*pgconn.ConnectError)(nil)
	switch {
	case errors.As(err, &connecting), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err),
		strings.Contains(err.Error(), "conn closed"):
		return &stt.Error{Code: stt.Unavailable, Msg: "the database cannot be reached", Err: err}
	}
	return &stt.Error{Code: stt.Internal, Msg: "internal error in the store", Err: err}
}

// classifyPostgres goes by the classes of appendix A of the PostgreSQL manual.
func classifyPostgres(e *pgconn.PgError) *stt.Error {
	switch {
	case e.Code == "23505": // unique_violation
		return &stt.Error{Code: stt.Conflict, Msg: "there is one of that name or id already", Err: e}
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"), strings.HasPrefix(e.Code, "28"),
		strings.HasPrefix(e.Code, "3D"), strings.HasPrefix(e.Code, "58"), strings.HasPrefix(e.Code, "40"), e.Code == "55P03", e.Code == "55000", e.Code == "25006":
		return &stt.Error{Code: stt.Unavailable, Msg: "the database is not available", Err: e}
	case e.Code == "57014": // query_canceled
		return &stt.Error{Code: stt.Canceled, Msg: "canceled", Err: e}
	case e.Code == "42501": // insufficient_privilege
		return &stt.Error{Code: stt.Unavailable, Msg: "the database does not let its user do this", Err: e}
	}
	return &stt.Error{Code: stt.Internal, Msg: "internal error in the store", Err: e}
}

func classifySQLite(e *sqlite.Error) *stt.Error {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return &stt.Error{Code: stt.Conflict, Msg: "there is one of that name or id already", Err: e}
	}
	switch e.Code() & 0xff { // without what is more exact
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &stt.Error{Code: stt.Unavailable, Msg: "another process has been writing to the database for too long", Err: e}
	case sqlite3.SQLITE_FULL:
		return &stt.Error{Code: stt.Unavailable, Msg: "the disk of the database is full, so that nothing can be changed, and no key disabled: make room on it, or stop the server to shut somebody out", Err: e}
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_PROTOCOL:
		return &stt.Error{Code: stt.Unavailable, Msg: "the database cannot be read or written", Err: e}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &stt.Error{Code: stt.Unavailable, Msg: "the database is damaged, or something else; restore a backup", Err: e}
	case sqlite3.SQLITE_INTERRUPT:
		return &stt.Error{Code: stt.Canceled, Msg: "canceled", Err: e}
	}
	return &stt.Error{Code: stt.Internal, Msg: "internal error in the store", Err: e}
}

// collided says that the database gave a transaction up because of another one: nothing of it has happened.
func collided(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// missing turns the absence of a row into NotFound.
func missing(err error, what, id string) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return stt.Errorf(stt.NotFound, "no %s %s", what, shown(id))
}

// taken turns a violation of uniqueness into a Conflict that says of what.
func taken(err error, format string, args ...any) error {
	if err != nil && stt.CodeOf(err) == stt.Internal && classify(err).Code == stt.Conflict {
		return stt.Errorf(stt.Conflict, format, args...)
	}
	return err
}

// shown quotes what a caller gave, if it is short enough to be the name of something.
func shown(s string) string {
	const longest = 128
	if len(s) > longest {
		return fmt.Sprintf("(of %d bytes)", len(s))
	}
	return fmt.Sprintf("%q", s)
}

func invalid(field, format string, args ...any) error {
	return &stt.Error{Code: stt.Invalid, Option: field, Msg: fmt.Sprintf("%q: ", field) + fmt.Sprintf(format, args...)}
}

func invalidNumber(field string, got int64, want string) error {
	return invalid(field, "expected %s; got %d", want, got)
}
