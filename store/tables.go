package store

import (
	"context"
	"strings"
)

// The tables as a backup has them, in an order in which rows refer only to what comes before. (That of the migrations is
// not it: a new column has to be entered here as well, which a test checks.)

// kind is what a column holds.
type kind uint8

const (
	textKind kind = iota + 1
	numberKind
	bytesKind
)

type column struct {
	name string
	kind kind
	null bool
}

type table struct {
	name    string
	columns []column
	order   string // of its rows in a backup
}

func text(names ...string) []column    { return columnsOf(textKind, names) }
func numbers(names ...string) []column { return columnsOf(numberKind, names) }
func blobs(names ...string) []column   { return columnsOf(bytesKind, names) }

func columnsOf(k kind, names []string) []column {
	list := make([]column, 0, len(names))
	for _, name := range names {
		name, null := strings.CutSuffix(name, "?")
		list = append(list, column{name, k, null})
	}
	return list
}

func tableOf(name, order string, columns ...[]column) table {
	t := table{name: name, order: order}
	for _, c := range columns {
		t.columns = append(t.columns, c...)
	}
	return t
}

// tables returns all but the one row of the table store, which stands in the header of a backup.
func tables() []table {
	return []table{
		tableOf("accounts", "id", text("id", "name", "search", "limits"), numbers("created", "disabled")),
		tableOf("users", "id", text("id", "account_id", "name", "search", "password_hash", "role"), numbers("created", "disabled")),
		tableOf("access_keys", "CASE WHEN parent_id IS NULL THEN 0 ELSE 1 END, id", // parents first
			text("id", "account_id", "user_id?", "name", "search", "policy", "limits", "parent_id?"), numbers("created", "expires", "disabled"), blobs("token_hash?")),
		tableOf("access_key_secrets", "key_id, number", text("key_id"), numbers("number", "created", "expires"), blobs("sealed")),
		tableOf("api_keys", "id", text("id", "account_id", "user_id?", "name", "search", "prefix", "limits", "models", "operations", "origins"),
			numbers("created", "expires", "disabled"), blobs("hash")),
		tableOf("admin_tokens", "id", text("id", "name", "role"), numbers("created", "expires", "disabled"), blobs("hash")),
		tableOf("last_used", "id", text("id"), numbers("at")),
		tableOf("resources", "account_id, kind, name", text("account_id", "kind", "name", "search", "language", "state", "failure", "source", "tags"),
			numbers("created", "modified"), blobs("content")),
		tableOf("usage_sessions", "session", text("session"), numbers("sequence", "at")),
		tableOf("usage_series", "id", numbers("id", "level"), text("name", "account_id", "key_id", "model", "protocol", "language")),
		tableOf("usage_sums", "series, period, start", numbers("series", "period", "start", "audio", "streams", "requests", "errors")),
		tableOf("prices", "model", text("model", "currency"), numbers("per_minute")),
		tableOf("imports", "name", text("name"), numbers("at")),
		tableOf("audit", "revision", numbers("revision", "at"), text("actor", "remote", "action", "kind", "target", "account", "detail")),
	}
}

// list returns the names of the columns, for a SELECT or an INSERT.
func (t table) list() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// countRows returns how many rows each table has.
func countRows(ctx context.Context, c conn) (map[string]int64, error) {
	rows := map[string]int64{}
	for _, t := range tables() {
		var n int64
		if err := c.row(ctx, "SELECT COUNT(*) FROM "+t.name).Scan(&n); err != nil {
			return nil, err
		}
		rows[t.name] = n
	}
	return rows, nil
}
