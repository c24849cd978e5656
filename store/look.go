package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/earshot-stt/earshot/stt"
)

// unwritable says why the file that stands for the right to change a database's tables cannot be had.
func unwritable(path string, err error) error {
	if _, missing := os.Stat(path); missing != nil {
		return invalid("store", "the database cannot be made: %v", err)
	}
	hint := ""
	if errors.Is(err, syscall.EROFS) {
		hint = "; on a file system that is read-only, commands that look work, such as \"earshot store check\" and \"earshot store backup\""
	}
	return invalid("store", "the database cannot be written: %v%s", err, hint)
}

// openToLook opens a database that is there, on a file system where nothing can be written. Nobody else writes to it then, and it is
// read as it is: its tables must be those of this program.
func (s *Store) openToLook(ctx context.Context, path string) error {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_defensive=1&_dqs=0&_query_only=1"
	journal, err := os.Stat(path + "-wal")
	inJournal := err == nil && journal.Size() > 0
	if !inJournal {
		name += "&immutable=1" // SQLite would make the files that it keeps beside a database
	}
	if s.read, err = sql.Open("sqlite", name); err != nil {
		return err
	}
	s.write = s.read // which refuses
	s.readOnly = true
	if err := s.furnished(ctx); err != nil {
		if inJournal && classify(err).Code == stt.Unavailable {
			return &stt.Error{Code: stt.Unavailable, Option: "store", Err: err, Msg: "the database cannot be read where nothing can be written, since some of it is in its journal: copy it and " +
				shown(filepath.Base(path)+"-wal") + " into a folder that can be written, and look there"}
		}
		return err
	}
	var p Probed
	if err := s.probe(ctx, &p, nil); err != nil {
		return err
	}
	if p.Schema != p.Newest {
		return stt.Errorf(stt.Unsupported, "the tables of the database have version %d, and those of this program %d; they cannot be brought up to date where nothing can be written: "+
			"copy the database into a folder that can be, or use the program that wrote it", p.Schema, p.Newest)
	}
	s.schema = p.Schema
	return nil
}
