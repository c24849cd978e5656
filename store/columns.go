package store

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// How values stand in columns: times as microseconds, truth as 0 and 1, structures as JSON.

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// rounded is a time as it will be read again.
func rounded(t time.Time) time.Time { return fromMicros(micros(t)) }

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// asJSON cannot fail for the types it is used with: limits, lists and maps of strings.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(text)
}

// timeColumn, boolColumn, jsonColumn and nullText read a column into a variable.
type timeColumn struct{ to *time.Time }

// Scan reads microseconds.
func (c timeColumn) Scan(v any) error {
	var n sql.NullInt64
	if err := n.Scan(v); err != nil {
		return err
	}
	*c.to = fromMicros(n.Int64)
	return nil
}

type jsonColumn struct{ to any }

// Scan reads JSON.
func (c jsonColumn) Scan(v any) error {
	var s sql.NullString
	if err := s.Scan(v); err != nil {
		return err
	}
	return json.Unmarshal([]byte(s.String), c.to)
}

type nullText struct{ to *string }

// Scan reads text; NULL is the empty one.
func (c nullText) Scan(v any) error {
	var s sql.NullString
	err := s.Scan(v)
	*c.to = s.String
	return err
}

// orNull is NULL for the empty text, which refers to nothing.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// searchable is what a search by part of name or id looks into.
func searchable(parts ...string) string { return strings.ToLower(strings.Join(parts, "\x01")) }

// pattern matches what contains a text, for LIKE … ESCAPE '\'.
func pattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text)) + "%"
}

// where collects conditions.
type where struct {
	text conditions
	args []any
}

// conditions are what follows the tables of a query. (A strings.Builder would not do: it must not be copied.)
type conditions string

// String returns them.
func (c conditions) String() string { return string(c) }

// and adds a condition.
func (w *where) and(condition string, args ...any) {
	if w.text == "" {
		w.text = " WHERE "
	} else {
		w.text += " AND "
	}
	w.text += conditions(condition)
	w.args = append(w.args, args...)
}

// equal adds a condition unless the value is empty, which chooses all.
func (w *where) equal(column, value string) {
	if value != "" {
		w.and(column+" = ?", value)
	}
}

// contains adds a search unless the text is empty.
func (w *where) contains(column, text string) error {
	if text == "" {
		return nil
	}
	if err := checkText("text", text, maxText); err != nil {
		return err
	}
	w.and(column+` LIKE ? ESCAPE '\'`, pattern(text))
	return nil
}

// A cursor is the columns that the last row of a page is ordered by. Whoever changes one gets another page or an error, nothing that they could not
// ask for otherwise.
func cursorOf(keys ...string) string {
	text, err := json.Marshal(keys)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// after adds the condition that a row comes after a cursor, if there is one.
func (w *where) after(cursor string, columns ...string) error {
	if cursor == "" {
		return nil
	}
	bad := invalid("after", "expected what the page before this one gave as the next")
	if len(cursor) > 4*maxText {
		return bad
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return bad
	}
	var keys []string
	if json.Unmarshal(text, &keys) != nil || len(keys) != len(columns) {
		return bad
	}
	args := make([]any, len(keys))
	for i, k := range keys {
		if checkText("after", k, maxText) != nil {
			return bad
		}
		args[i] = k
	}
	if len(columns) == 1 {
		w.and(columns[0]+" > ?", args...)
	} else {
		w.and("("+strings.Join(columns, ", ")+") > "+values(1, len(columns)), args...)
	}
	return nil
}

// page cuts the row that tells whether there are more.
func page[T any](list []T, most int, cursor func(T) string) ([]T, string) {
	if len(list) <= most {
		return list, ""
	}
	return list[:most], cursor(list[most-1])
}

// lookup makes what somebody claims fit to be looked for. What no row can have finds none, whatever the database thinks of it.
func lookup(s string) string {
	if checkText("", s, maxText) != nil {
		return ""
	}
	return s
}

type hashColumn struct{ to *[32]byte }

// Scan reads 32 bytes.
func (c hashColumn) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(c.to) {
		return invalid("hash", "expected 32 bytes")
	}
	copy(c.to[:], b)
	return nil
}
