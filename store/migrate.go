package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/earshot-stt/earshot/stt"
)

// migrationLock is the number of the advisory lock in PostgreSQL: "earshot" in hexadecimal.
const migrationLock int64 = 0x65617273686f74

// lockPatience is how long another process may take over its migrations.
const lockPatience = 5 * time.Minute

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns what has to be done, in order; the files are called NUMBER_name.sql. There is no way back: who wants an
// older version restores a backup.
func migrations(d dialect) ([]*goose.Migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var list []*goose.Migration
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, err
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		run := func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, d.schema.Replace(string(text)))
			return err
		}
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{RunTx: run}, nil))
	}
	return list, nil
}

// newestMigration returns the version of the tables that this program knows.
func newestMigration() (int64, error) {
	list, err := migrations(dialect{schema: strings.NewReplacer()})
	if err != nil {
		return 0, err
	}
	return list[len(list)-1].Version, nil
}

// migrate brings the tables up to date. The caller holds the lock.
func (s *Store) migrate(ctx context.Context) error {
	list, err := migrations(s.dialect)
	if err != nil {
		return err
	}
	newest := list[len(list)-1].Version
	p, err := goose.NewProvider(s.dialect.goose, s.write, nil, goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	found, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if found > newest {
		return tooNew(found, newest)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return err
	}
	s.schema = newest
	if s.log != nil && len(done) > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "tables of the store brought up to date", slog.Int64("from", found), slog.Int64("to", newest))
	}
	return nil
}

// lockFile takes a lock that the system gives back when the process ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.NewTimer(lockPatience)
	defer late.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-late.C:
			return nil, errors.Join(&stt.Error{Code: stt.Unavailable, Msg: "another process has been bringing the tables up to date for too long; it holds " + path}, f.Close())
		}
	}
}
