package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// The names of the files in the data folder.
const (
	DatabaseFile  = "earshot.db" // SQLite, where "store" names no other database
	MasterKeyFile = "master-key" // where neither "master_key_file" nor EARSHOT_MASTER_KEY says otherwise
)

// Options are what [Open] needs besides the configuration. Getenv must be set.
type Options struct {
	Getenv func(string) string
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
	// Existing has nothing made: where there is no store, that is NotFound.
	Existing bool
	// KeyOptional, with Existing, opens a store also where there is no master key at all. Its secrets cannot be used then.
	KeyOptional bool
}

// Opened is a store that is open. Its owner closes the store.
type Opened struct {
	Store *store.Store
	// Database says which one it is, without user or password.
	Database string
	// Made are the files that were made because they were missing: keep copies of a master key, elsewhere than the backups.
	Made []string
}

// Folder returns the data folder of a configuration and makes it where it is missing, without taking the lock that servers
// take. It fails like [datadir.Open].
func Folder(cfg *config.Config, getenv func(string) string) (string, error) {
	path, _ := datadir.Resolve(cfg.Data, getenv)
	return datadir.Visit(path)
}

// Open opens the store of a configuration, with the master key, and makes both where they are missing. folder is the data
// folder, which must exist; it counts where the configuration does not name another place.
//
// Errors are those of [store.Open] and [store.EnsureMaster], and say what to do where the master key is another than the one that the
// store was made with.
func Open(ctx context.Context, folder string, cfg *config.Config, o Options) (*Opened, error) {
	url, opened := cfg.Store, &Opened{}
	if url == "" {
		path := filepath.Join(folder, DatabaseFile)
		url = "sqlite:" + path
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			opened.Made = append(opened.Made, path)
		}
	}
	keyFile := cfg.MasterKeyFile
	if keyFile == "" {
		keyFile = filepath.Join(folder, MasterKeyFile)
	}
	if o.Existing {
		return existing(ctx, url, keyFile, o)
	}
	master, made, err := store.EnsureMaster(o.Getenv, keyFile)
	if err != nil {
		return nil, err
	}
	opened.Store, err = store.Open(ctx, url, o.store(master, keyFile))
	if err != nil {
		return nil, explain(err, keyFile, made)
	}
	opened.Database = opened.Store.String()
	if made {
		opened.Made = append(opened.Made, keyFile)
	}
	return opened, nil
}

// store returns what the store is opened with.
func (o Options) store(master *store.Master, keyFile string) store.Options {
	reload := func() (*store.Master, error) { return store.LoadMaster(o.Getenv, keyFile) }
	return store.Options{Master: master, Reload: reload, Existing: o.Existing, Now: o.Now, Log: o.Log}
}

// existing opens what is there and makes nothing.
func existing(ctx context.Context, url, keyFile string, o Options) (*Opened, error) {
	master, noKey := store.LoadMaster(o.Getenv, keyFile)
	if noKey != nil && stt.CodeOf(noKey) != stt.NotFound {
		return nil, noKey
	}
	s, err := store.Open(ctx, url, o.store(master, keyFile))
	if err != nil {
		return nil, explain(err, keyFile, false)
	}
	if noKey != nil && !o.KeyOptional {
		id, err := s.SealedWith(ctx)
		if err == nil && id != "" {
			err = &stt.Error{Code: stt.Invalid, Option: masterOption, Want: id, Msg: missingKey(id) + advice(keyFile)}
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return &Opened{Store: s, Database: s.String()}, nil
}

func missingKey(id string) string {
	return "there is no master key here, and the secrets in this store have been sealed with one: expected the key with the id " + id
}

// advice says where the right master key may be.
func advice(keyFile string) string {
	return fmt.Sprintf("; give the right one as $%s or in the file %q (a server that uses the store has it in its data folder)", store.MasterVariable, keyFile)
}

// explain says what to do about a master key that does not fit. One that was made just now, because there was none, sealed nothing: it
// would only be in the way of the right one.
func explain(err error, keyFile string, made bool) error {
	e := stt.AsError(err)
	if e.Code != stt.Invalid || e.Option != masterOption {
		return err
	}
	told := *e
	told.Msg += advice(keyFile)
	if old := keyFile + "." + e.Want; isThere(old) {
		told.Msg += fmt.Sprintf("; the file %q beside it has that id: it is the key of before a rotation", old)
	}
	if made {
		told.Msg, told.Got = missingKey(e.Want)+advice(keyFile), ""
		if err := os.Remove(keyFile); err != nil {
			told.Msg += fmt.Sprintf(", in place of the one that is there now (%v)", err)
		}
	}
	return &told
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// masterOption is what errors of the store call the master key.
const masterOption = "master key"
