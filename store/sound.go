package store

import (
	"context"
	"io/fs"
	"log/slog"
	"os"

	"github.com/earshot-stt/earshot/stt"
)

// Sound returns nil where the store can do all it is for. Otherwise it is still there and answers, but its file is not the one at its address any
// more, so that what is written would be lost, or its secrets have been sealed with a master key that cannot be had: Unavailable errors. It is
// cheap, and meant to be called now and then.
func (s *Store) Sound(ctx context.Context) error {
	if err := s.inPlace(); err != nil {
		return s.fail("look at the store", err)
	}
	if s.master.Load() == nil {
		return nil
	}
	_, err := s.sealer(ctx, s.reader())
	return s.fail("look at the store", err)
}

// place is the file of a SQLite database, as it was when it was opened.
type place struct {
	path string
	info fs.FileInfo // nil: the database is no file
}

func placeOf(path string) (place, error) {
	info, err := os.Stat(path)
	return place{path, info}, err
}

// inPlace returns nil where the file at the store's address is the one that was opened. SQLite goes on with a file that has been
// deleted, and that nobody will ever find again.
func (s *Store) inPlace() error {
	if s.place.info == nil {
		return nil
	}
	now, err := os.Stat(s.place.path)
	if err == nil && os.SameFile(s.place.info, now) {
		return nil
	}
	what := "another file is at"
	if err != nil {
		what = "there is no such file any more at"
	}
	return &stt.Error{Code: stt.Unavailable, Option: "store", Err: err,
		Msg: "the database has been taken away while it is in use: " + what + " " + shown(s.place.path) + "; nothing can be changed until it is back, or the program is started again"}
}

// reloaded looks whether the master key that the store is sealed with by now can be had, and uses it from now on.
func (s *Store) reloaded(present *Master, id string, check []byte) (*Master, error) {
	if s.reload == nil {
		return nil, rotated(id, present)
	}
	fresh, err := s.reload()
	if err == nil {
		err = fresh.fits(id, check)
	}
	if err != nil {
		return nil, rotated(id, present)
	}
	if s.master.CompareAndSwap(present, fresh) && s.log != nil {
		s.log.Info("the master key has been rotated, and was read again", slog.String("from", present.id), slog.String("to", fresh.id))
	}
	return fresh, nil
}
