package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// newFile returns the path of a SQLite database that is not there yet. What is wrong with an address [Open] says better.
func newFile(url string) (path string, ok bool) {
	path, ok = strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" || strings.HasPrefix(path, ":") || strings.ContainsRune(path, 0) {
		return "", false
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	_, err = os.Lstat(path)
	return path, errors.Is(err, fs.ErrNotExist)
}

// asFile makes a SQLite database of the backup. It removes nothing but what it has made under a name of its own.
func (b *Backup) asFile(ctx context.Context, path string, by Actor, o Options) error {
	if err := alone(path); err != nil {
		return err
	}
	sweep(path, o.Log)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+restoring+"*") // mode 0600
	if err != nil {
		return invalid("store", "the database cannot be made: %v", err)
	}
	own := f.Name()
	defer func() {
		_ = f.Close() // not before: see claim
		for _, suffix := range []string{"", "-wal", "-shm", "-lock"} {
			_ = os.Remove(own + suffix) // after the link it is a second name for the same file
		}
	}()
	if err := claim(f); err != nil {
		return err
	}
	if err := b.intoStore(ctx, "sqlite:"+own, by, o); err != nil {
		return err
	}
	return named(own, path)
}

// named gives a database that is closed its name, unless something has that by now.
func named(own, path string) error {
	err := first(noJournal(own), alone(path)) // whoever closes a database last empties its journal
	if err == nil {
		err = synced(own)
	}
	if err != nil {
		return err
	}
	switch err := os.Link(own, path); {
	case errors.Is(err, fs.ErrExist):
		return stt.Errorf(stt.Conflict, "somebody has made a database at %q in the meantime, which stays as it is; nothing is restored", path)
	case err != nil:
		return invalid("store", "the database cannot be made: %v", err)
	}
	return synced(filepath.Dir(path))
}

// noJournal sees to it that all of a database that was closed is in its file.
func noJournal(path string) error {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Lstat(path + suffix); err == nil && info.Size() > 0 {
			return stt.Errorf(stt.Conflict, "%q was not emptied: another process has the database open", path+suffix)
		}
	}
	return nil
}

// synced has the system write a file, or the names in a folder, to the disk.
func synced(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
