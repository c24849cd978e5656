package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is what differs between the databases.
type dialect struct {
	name     string
	goose    goose.Dialect
	numbered bool // arguments are $1, $2 and not ?
	// oneWriter is where a transaction that writes is alone in doing so from its beginning (BEGIN IMMEDIATE: see connectSQLite).
	oneWriter bool
	schema    *strings.Replacer // for the words in migrations/*.sql
	snapshot  *sql.TxOptions    // for reading everything as it is at one moment
	tables    string            // query for how many tables called "store" there are
}

func sqliteDialect() dialect {
	return dialect{
		name: "sqlite", goose: goose.DialectSQLite3, oneWriter: true,
		// STRICT: without it SQLite keeps any type in any column.
		schema: strings.NewReplacer("$INT", "INTEGER", "$TEXT", "TEXT", "$BYTES", "BLOB", "$EMPTY", "x''", "$STRICT", "STRICT",
			"$CLUSTERED", "STRICT, WITHOUT ROWID"),
		snapshot: &sql.TxOptions{ReadOnly: true},
		tables:   "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'store'",
	}
}

func postgresDialect() dialect {
	return dialect{
		name: "postgres", goose: goose.DialectPostgres, numbered: true,
		// COLLATE "C": the same order as SQLite's, whatever the database was created with.
		schema: strings.NewReplacer("$INT", "BIGINT", "$TEXT", `TEXT COLLATE "C"`, "$BYTES", "BYTEA", "$EMPTY", "''", "$STRICT", "",
			"$CLUSTERED", ""),
		snapshot: &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		tables:   "SELECT CASE WHEN to_regclass('store') IS NULL THEN 0 ELSE 1 END",
	}
}

// bind writes the arguments of a query, which are question marks, as the database wants them. No query has any other question mark.
func (d dialect) bind(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// querier is a pool or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// conn asks in one dialect.
type conn struct {
	q querier
	d dialect
}

func (c conn) exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	r, err := c.q.ExecContext(ctx, c.d.bind(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c conn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.q.QueryContext(ctx, c.d.bind(query), args...)
}

func (c conn) row(ctx context.Context, query string, args ...any) *sql.Row {
	return c.q.QueryRowContext(ctx, c.d.bind(query), args...)
}

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// all returns what scan makes of each row.
func all[T any](ctx context.Context, c conn, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := c.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// values returns n times "(?,?)" with as many question marks as columns, separated by commas.
func values(n, columns int) string {
	one := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(one+",", n-1) + one
}

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 500

// inChunks calls f with the beginning and end of pieces of n rows, each as many as one statement writes.
func inChunks(n int, f func(from, to int) error) error {
	for from := 0; from < n; from += rowsAtOnce {
		if err := f(from, min(from+rowsAtOnce, n)); err != nil {
			return err
		}
	}
	return nil
}
