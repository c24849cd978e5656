package store

import (
	"context"
	"log/slog"
	"os"
	"time"
)

// Sound returns nil where the store can do all it is for. Otherwise it is still there and answers, but its file is not the one at its address any
// more, so that what is written would be lost, or its secrets have been sealed with a master key that cannot be had: Unavailable errors. It is
// cheap, and meant to be called now and then.
func (s *Store) Sound(ctx context.Context) error {
	if err := s.inPlace(); err != nil {
		return s.fail("look at the store", err)
	}
	if err := s.settle(ctx); err != nil {
		return s.fail("look at the store", err)
	}
	if s.master.Load() == nil {
		return nil
	}
	_, err := s.sealer(ctx, s.reader())
	return s.fail("look at the store", err)
}

// quiet is how long nothing must have been written before the journal of SQLite goes to the database.
const quiet = time.Minute

// settle has what stands in SQLite's journal alone written to the database, once nothing has been written for a while. Else all of a small
// installation would be in the journal for ever, and a copy of the one file next to nothing. A checkpoint that a reader or a writer is in
// the way of does what it can.
func (s *Store) settle(ctx context.Context) error {
	if s.place.info == nil {
		return nil
	}
	info, err := os.Stat(s.place.path + "-wal")
	if err != nil || info.Size() == 0 || time.Since(info.ModTime()) < quiet || s.settled.Swap(info.ModTime().UnixNano()) == info.ModTime().UnixNano() {
		return err
	}
	var busy, inJournal, written int64
	return s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &inJournal, &written)
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
