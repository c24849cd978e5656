package store

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// A backup is JSON, a line per row, compressed with gzip. The first line is the header; then come rows as ["table", value, …]
// with bytes in base64; the last line has the SHA-256 of all lines before it. It is as confidential as the database: whoever reads
// it knows names, usage and hashes, but no secret, since those are sealed.

// backupFormat is how every backup begins.
const backupFormat = "earshot store backup 1"

// BackupInfo is what a backup says about itself.
type BackupInfo struct {
	Created time.Time `json:"created"`
	// Master is the id of the master key that the secrets in it are sealed with; the key is not in the backup. Empty: no secrets are in it.
	Master   string           `json:"master"`
	Revision int64            `json:"revision"`
	Schema   int64            `json:"schema"` // the last migration
	Rows     map[string]int64 `json:"rows"`   // by table
}

// header is the first line.
type header struct {
	Format string `json:"format"`
	BackupInfo
	Check  []byte `json:"master_check"`
	Series int64  `json:"series"`
}

// trailer is the last line.
type trailer struct {
	SHA256 string `json:"sha256"`
}

// Backup writes everything that is in the store, as it is at one moment, in a form that both databases can restore. Secrets
// are in it as they are in the database: sealed with the master key, which is not in it. Serving goes on meanwhile.
func (s *Store) Backup(ctx context.Context, w io.Writer) (BackupInfo, error) {
	var info BackupInfo
	err := s.snapshot(ctx, func(c conn) error {
		h := header{Format: backupFormat, BackupInfo: BackupInfo{Created: s.stamp(), Schema: s.schema}}
		err := c.row(ctx, "SELECT revision, series, master, master_check FROM store").Scan(&h.Revision, &h.Series, &h.Master, &h.Check)
		if err != nil {
			return err
		}
		if h.Rows, err = countRows(ctx, c); err != nil {
			return err
		}
		info = h.BackupInfo
		packed := gzip.NewWriter(w)
		out := backupWriter{out: packed, sum: sha256.New()}
		out.line(h)
		for _, t := range tables() {
			if err := out.table(ctx, c, t); err != nil {
				return err
			}
		}
		out.line(trailer{SHA256: hex.EncodeToString(out.sum.Sum(nil))})
		if out.err == nil {
			out.err = packed.Close()
		}
		return out.err
	})
	return info, s.fail("backup", err)
}

// backupWriter writes lines and sums them up. Its error stays.
type backupWriter struct {
	out io.Writer
	sum hash.Hash
	err error
}

func (w *backupWriter) line(v any) {
	text, err := json.Marshal(v)
	if w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return
	}
	text = append(text, '\n')
	w.sum.Write(text)
	if _, err := w.out.Write(text); err != nil {
		w.err = &stt.Error{Code: stt.Unavailable, Msg: "the backup cannot be written", Err: err}
	}
}

// table writes the rows of a table, without holding more than one.
func (w *backupWriter) table(ctx context.Context, c conn, t table) error {
	rows, err := c.query(ctx, "SELECT "+t.list()+" FROM "+t.name+" ORDER BY "+t.order)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() && w.err == nil {
		row, err := t.read(rows)
		if err != nil {
			return err
		}
		w.line(row)
	}
	return first(w.err, rows.Err())
}

// read returns a row as a backup has it: the name of the table, then the values.
func (t table) read(r scanner) ([]any, error) {
	dest := make([]any, len(t.columns))
	for i, c := range t.columns {
		switch c.kind {
		case textKind:
			dest[i] = &sql.NullString{}
		case numberKind:
			dest[i] = &sql.NullInt64{}
		case bytesKind:
			dest[i] = &[]byte{}
		}
	}
	if err := r.Scan(dest...); err != nil {
		return nil, err
	}
	row := make([]any, 0, 1+len(dest))
	row = append(row, t.name)
	for _, d := range dest {
		switch v := d.(type) {
		case *sql.NullString:
			row = append(row, pick(v.Valid, v.String))
		case *sql.NullInt64:
			row = append(row, pick(v.Valid, v.Int64))
		case *[]byte:
			row = append(row, pick(*v != nil, base64.StdEncoding.EncodeToString(*v)))
		}
	}
	return row, nil
}

// pick is v, or NULL.
func pick[T any](valid bool, v T) any {
	if !valid {
		return nil
	}
	return v
}

// value checks a value of a backup and returns it as the database takes it.
func (c column) value(raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		if c.null {
			return nil, nil
		}
		return nil, invalid(c.name, "expected a value; got null")
	}
	if c.kind == numberKind {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return nil, invalid(c.name, "expected a whole number")
		}
		return n, nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, invalid(c.name, "expected text in quotes")
	}
	if c.kind == textKind {
		return s, checkText(c.name, s, maxColumn)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, invalid(c.name, "expected bytes in base64")
	}
	return b, nil
}
