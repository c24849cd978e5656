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
	master, made, err := store.EnsureMaster(o.Getenv, keyFile)
	if err != nil {
		return nil, err
	}
	reload := func() (*store.Master, error) { return store.LoadMaster(o.Getenv, keyFile) }
	opened.Store, err = store.Open(ctx, url, store.Options{Master: master, Reload: reload, Now: o.Now, Log: o.Log})
	if err != nil {
		return nil, explain(err, keyFile, made)
	}
	opened.Database = opened.Store.String()
	if made {
		opened.Made = append(opened.Made, keyFile)
	}
	return opened, nil
}

// explain says what to do about a master key that does not fit. One that was made just now, because there was none, sealed nothing: it
// would only be in the way of the right one.
func explain(err error, keyFile string, made bool) error {
	e := stt.AsError(err)
	if e.Code != stt.Invalid || e.Option != masterOption {
		return err
	}
	told := *e
	advice := fmt.Sprintf("; give the right one as $%s or in the file %q (a server that uses the store has it in its data folder)", store.MasterVariable, keyFile)
	told.Msg += advice
	if made {
		told.Msg, told.Got = "there is no master key here, and the secrets in this store have been sealed with one: expected the key with the id "+e.Want+advice, ""
		if err := os.Remove(keyFile); err != nil {
			told.Msg += fmt.Sprintf(", in place of the one that is there now (%v)", err)
		}
	}
	return &told
}

// masterOption is what errors of the store call the master key.
const masterOption = "master key"

// DefaultAccount is the name of the account of keys that are made without one.
const DefaultAccount = "default"

// Account is [FindAccount], but makes the one called [DefaultAccount] where it is missing.
func Account(ctx context.Context, s *store.Store, by store.Actor, which string) (store.Account, error) {
	a, err := FindAccount(ctx, s, which)
	if which != DefaultAccount || stt.CodeOf(err) != stt.NotFound {
		return a, err
	}
	a, err = s.CreateAccount(ctx, by, store.Account{Name: DefaultAccount})
	if stt.CodeOf(err) == stt.Conflict { // somebody else was faster
		return s.AccountByName(ctx, DefaultAccount)
	}
	return a, err
}

// FindAccount returns the account with a name, else the one with an id. It is NotFound if there is neither.
func FindAccount(ctx context.Context, s *store.Store, which string) (store.Account, error) {
	a, err := s.AccountByName(ctx, which)
	if err == nil || stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Invalid {
		return a, err
	}
	if a, err = s.Account(ctx, which); stt.CodeOf(err) == stt.NotFound || stt.CodeOf(err) == stt.Invalid {
		return store.Account{}, stt.Errorf(stt.NotFound, "there is no account with the name or id %q", which)
	}
	return a, err
}
