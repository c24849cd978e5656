package store

import (
	"context"
	"errors"
	"time"
)

// OpenToLook opens a database as [Open] does on a file system that is read-only.
func OpenToLook(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{now: time.Now, series: newSeriesCache(), wide: newWideCache()}
	path, err := s.atPath(path)
	if err == nil {
		err = s.openToLook(ctx, path)
	}
	if err == nil {
		err = s.adopt(ctx, o.Master)
	}
	if err != nil {
		return nil, errors.Join(s.fail("open store", err), s.Close())
	}
	return s, nil
}

// Fill lets the database of a store grow no more, as a full disk does.
func (s *Store) Fill(ctx context.Context) error {
	_, err := s.write.ExecContext(ctx, "PRAGMA max_page_count = 1") // not less than it has
	return err
}
