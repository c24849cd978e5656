package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of what is restored. A column of text has at most the audit log's detail, a line at most a resource's content in base64.
const (
	maxColumn = 256 << 10
	maxLine   = 4 << 20
	maxHeader = 64 << 10
)

// Backup is a backup that is being read.
type Backup struct {
	header header
	lines  *lineReader
}

// ReadBackup reads the beginning of a backup: what it needs is known before anything is restored. What is no backup, or one of another
// version, is Malformed or Unsupported.
func ReadBackup(r io.Reader) (*Backup, error) {
	packed, err := gzip.NewReader(r)
	if err != nil {
		return nil, broken(1, "expected a backup of an earshot store, compressed with gzip", err)
	}
	packed.Multistream(false)
	b := &Backup{lines: &lineReader{in: bufio.NewReader(packed), sum: sha256.New()}}
	line, err := b.lines.next(maxHeader)
	if err != nil {
		return nil, err
	}
	if err := strict(line, &b.header); err != nil || b.header.Format != backupFormat {
		return nil, broken(1, "expected the header of a backup of an earshot store", err)
	}
	return b, b.header.check()
}

func (h header) check() error {
	newest, err := newestMigration()
	switch {
	case err != nil:
		return err
	case h.Schema > newest:
		return stt.Errorf(stt.Unsupported, "the backup is of a newer earshot: its tables have version %d, and this program knows those up to %d", h.Schema, newest)
	case h.Schema < 1, h.Revision < 0, h.Series < 0, len(h.Check) > 1<<10, h.Master != "" && len(h.Master) != 16, h.Master == "" && h.Rows["access_key_secrets"] != 0:
		return broken(1, "expected the header of a backup of an earshot store", nil)
	}
	known := tables()
	for name, n := range h.Rows {
		if n < 0 || !slices.ContainsFunc(known, func(t table) bool { return t.name == name }) {
			return broken(1, "expected counts of rows of known tables", nil)
		}
	}
	return nil
}

// Info returns what the backup says about itself.
func (b *Backup) Info() BackupInfo {
	info := b.header.BackupInfo
	info.Rows = maps.Clone(info.Rows)
	return info
}

// Restore puts the backup into a store that has nothing in it yet (see [Open] for the address), all of it or nothing. It fails, before it writes
// anything, if o.Master is not the one that the backup needs; without one it restores, and secrets cannot be used. A Backup can be restored once.
//
// A SQLite database that is not there yet is made under another name beside it, and gets its own when all is in it: whoever makes one there
// in the meantime keeps it, and the restore fails with Conflict.
func (b *Backup) Restore(ctx context.Context, url string, by Actor, o Options) error {
	if o.Master != nil && b.header.Master != "" {
		if err := o.Master.fits(b.header.Master, b.header.Check); err != nil {
			e := *stt.AsError(err)
			e.Op = "restore"
			e.Msg = strings.Replace(e.Msg, "in this store", "in this backup", 1)
			return &e
		}
	}
	o.Master = nil // the mark comes with the backup
	if path, ok := newFile(url); ok {
		return b.asFile(ctx, path, by, o)
	}
	return b.intoStore(ctx, url, by, o)
}

// intoStore fills a store that is there, in one transaction.
func (b *Backup) intoStore(ctx context.Context, url string, by Actor, o Options) (err error) {
	s, err := Open(ctx, url, o)
	if err != nil {
		return err
	}
	defer func() { err = first(err, s.Close()) }()
	if err := by.check(); err != nil {
		return s.fail("restore", err)
	}
	return s.fail("restore", s.once(ctx, func(c conn) error { return b.into(ctx, s, c, by) }))
}

func (b *Backup) into(ctx context.Context, s *Store, c conn, by Actor) error {
	// Nobody else changes anything from here on.
	if _, err := c.exec(ctx, "UPDATE store SET revision = revision"); err != nil {
		return err
	}
	found, err := countRows(ctx, c)
	if err != nil {
		return err
	}
	for name, n := range found {
		if n > 0 {
			return stt.Errorf(stt.Conflict, "expected a store with nothing in it; this one has rows in the table %q: stop the server if one has been started with it, and restore into a new data folder", name)
		}
	}
	if err := b.rows(ctx, c); err != nil {
		return err
	}
	h := b.header
	_, err = c.exec(ctx, "UPDATE store SET revision = ?, keys_revision = ?, series = ?, master = ?, master_check = ?", h.Revision+1, h.Revision+1, h.Series, h.Master, notNull(h.Check))
	if err != nil {
		return err
	}
	entry, err := entryOf("restore", "store", "backup", "", h.BackupInfo)
	if err != nil {
		return err
	}
	entry.Revision, entry.At, entry.Actor, entry.Remote = h.Revision+1, s.stamp(), by.Name, by.Remote
	if err := insertAudit(ctx, c, entry); err != nil {
		return err
	}
	report := CheckReport{}
	if err := s.inspect(ctx, c, &report); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return &stt.Error{Code: stt.Malformed, Msg: "the backup is not one that was made by a store: " + report.Findings[0]}
	}
	return nil
}

// rows restores all rows and looks at the last line.
func (b *Backup) rows(ctx context.Context, c conn) error {
	known := tables()
	w := rowWriter{c: c}
	got := map[string]int64{}
	for at := 0; ; {
		sum := b.lines.sum.Sum(nil)
		line, err := b.lines.next(maxLine)
		if err != nil {
			return err
		}
		if line[0] == '{' {
			if err := w.flush(ctx); err != nil {
				return b.refused(err)
			}
			return b.end(line, sum, got)
		}
		var row []json.RawMessage
		var name string
		if json.Unmarshal(line, &row) != nil || len(row) == 0 || json.Unmarshal(row[0], &name) != nil {
			return broken(b.lines.n, "expected a row", nil)
		}
		for at < len(known) && known[at].name != name {
			at++
		}
		if at == len(known) {
			return broken(b.lines.n, "expected rows of known tables, in their order; got "+shown(name), nil)
		}
		if got[name]++; got[name] > b.header.Rows[name] {
			return broken(b.lines.n, "expected as many rows of "+name+" as the header says; there are more", nil)
		}
		args, err := known[at].parse(row[1:])
		if err == nil {
			err = b.usage(known[at], args)
		}
		if err != nil {
			return broken(b.lines.n, "in the table "+name, err)
		}
		if err := w.add(ctx, known[at], args, len(line)); err != nil {
			return b.refused(err)
		}
	}
}

// usage looks at rows of usage before they are written: there may be a great many, and who has waited for all of them shall not hear
// then that one of the first was wrong.
func (b *Backup) usage(t table, args []any) error {
	named := make(map[string]any, len(args))
	for i, c := range t.columns {
		named[c.name] = args[i]
	}
	number := func(name string) int64 { n, _ := named[name].(int64); return n }
	text := func(name string) string { s, _ := named[name].(string); return s }
	switch t.name {
	case "usage_series":
		v := seriesRow{number("id"), text("name"), series{number("level"), text("account_id"), text("key_id"), text("model"), text("protocol"), text("language")}}
		return v.check(b.header.Series)
	case "usage_sums":
		v := sumRow{number("period"), number("start"), number("series"), sums{number("audio"), number("streams"), number("requests"), number("errors")}}
		return v.check()
	}
	return nil
}

// end looks at the trailer and what follows it, which must be nothing.
func (b *Backup) end(line, sum []byte, got map[string]int64) error {
	var t trailer
	if err := strict(line, &t); err != nil {
		return broken(b.lines.n, "expected the last line of a backup", err)
	}
	said, err := hex.DecodeString(t.SHA256)
	if err != nil || subtle.ConstantTimeCompare(said, sum) != 1 {
		return broken(b.lines.n, "expected the checksum of the lines before; the backup was damaged", nil)
	}
	for name, n := range b.header.Rows {
		if got[name] != n {
			return broken(b.lines.n, fmt.Sprintf("expected %d rows of %s; got %d", n, name, got[name]), nil)
		}
	}
	if err := b.lines.over(); err != nil {
		return broken(b.lines.n+1, "expected nothing after the last line", err)
	}
	return nil
}

// refused says that the database did not take rows: they contradict each other.
func (b *Backup) refused(err error) error {
	if classify(err).Code == stt.Unavailable || stt.CodeOf(err) == stt.Canceled || stt.CodeOf(err) == stt.DeadlineExceeded {
		return err
	}
	return broken(b.lines.n, "the rows before this line contradict each other, or refer to what is not there", err)
}

func (t table) parse(values []json.RawMessage) ([]any, error) {
	if len(values) != len(t.columns) {
		return nil, invalid("row", "expected %d values; got %d", len(t.columns), len(values))
	}
	args := make([]any, len(values))
	for i, c := range t.columns {
		v, err := c.value(values[i])
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return args, nil
}

// rowWriter collects rows of one table and writes them together.
type rowWriter struct {
	c           conn
	table       table
	args        []any
	rows, bytes int
}

func (w *rowWriter) add(ctx context.Context, t table, args []any, size int) error {
	if t.name != w.table.name || w.rows >= rowsAtOnce || w.bytes >= maxLine {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.table = t
	w.args = append(w.args, args...)
	w.rows++
	w.bytes += size
	return nil
}

func (w *rowWriter) flush(ctx context.Context) error {
	if w.rows == 0 {
		return nil
	}
	_, err := w.c.exec(ctx, "INSERT INTO "+w.table.name+" ("+w.table.list()+") VALUES "+values(w.rows, len(w.table.columns)), w.args...)
	w.args, w.rows, w.bytes = w.args[:0], 0, 0
	return err
}

// lineReader reads lines and sums them up.
type lineReader struct {
	in  *bufio.Reader
	sum hash.Hash
	n   int // lines read
}

// next returns a line of at most so many bytes, without its end. It is good until the next call.
func (r *lineReader) next(most int) ([]byte, error) {
	r.n++
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if len(line)+len(part) > most {
			return nil, broken(r.n, "expected at most "+strconv.Itoa(most)+" bytes in a line", nil)
		}
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, broken(r.n, "the backup ends before its last line, or is damaged", err)
		}
	}
	r.sum.Write(line)
	if line = bytes.TrimSuffix(line, []byte("\n")); len(line) == 0 {
		return nil, broken(r.n, "expected a row; got an empty line", nil)
	}
	return line, nil
}

// over reads on to the end, so that the checksum of gzip is looked at as well.
func (r *lineReader) over() error {
	switch _, err := r.in.ReadByte(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("there is more")
}

// strict unmarshals one object that has no other fields.
func strict(line []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

func broken(line int, text string, cause error) error {
	return &stt.Error{Code: stt.Malformed, Op: "restore", Msg: "line " + strconv.Itoa(line) + " of the backup: " + text, Err: cause}
}
