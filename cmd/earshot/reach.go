package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// with runs a command on a store that is there: whoever looks for something, or changes it, means a store that has it, and one that was
// made for the purpose would hide that the place is the wrong one.
func (f *stateFlags) with(env *environment, do func(*store.Store, store.Actor) error) error {
	return f.on(env, state.Options{Existing: true}, do)
}

// looking is with for what can be done without the master key too.
func (f *stateFlags) looking(env *environment, do func(*store.Store, store.Actor) error) error {
	return f.on(env, state.Options{Existing: true, KeyOptional: true}, do)
}

// making runs a command that makes something, and so a store for it where there is none.
func (f *stateFlags) making(env *environment, do func(*store.Store, store.Actor) error) error {
	return f.on(env, state.Options{}, do)
}

func (f *stateFlags) on(env *environment, o state.Options, do func(*store.Store, store.Actor) error) error {
	s, err := f.open(env, o)
	if err != nil {
		return err
	}
	defer s.Close() // what was written is written
	return do(s, commandLine())
}

// open opens the store. The caller closes it.
func (f *stateFlags) open(env *environment, o state.Options) (*store.Store, error) {
	cfg, _, err := loadConfig(f.Config, f.flags())
	if err != nil {
		return nil, err
	}
	folder, err := dataFolder(env, cfg, o.Existing)
	if err != nil {
		return nil, err
	}
	if cfg.Store == "" {
		if err := notMissed(env, folder); err != nil {
			return nil, err
		}
	}
	o.Getenv = env.getenv
	opened, err := state.Open(env.ctx, folder, cfg, o)
	if o.Existing && stt.CodeOf(err) == stt.NotFound && stt.AsError(err).Option == "store" {
		return nil, misplaced(err)
	}
	if err != nil {
		return nil, err
	}
	for _, file := range opened.Made {
		fmt.Fprintf(env.errOut, "earshot made %s\n", file)
	}
	return opened.Store, nil
}

// dataFolder returns the data folder of a configuration. Where it is missing, and nothing shall be made, it does as long as the store is elsewhere.
func dataFolder(env *environment, cfg *config.Config, existing bool) (string, error) {
	if !existing {
		return state.Folder(cfg, env.getenv)
	}
	path, _ := datadir.Resolve(cfg.Data, env.getenv)
	folder, err := datadir.Look(path)
	switch {
	case stt.CodeOf(err) != stt.NotFound:
		return folder, err
	case cfg.Store != "":
		return folder, nil
	}
	return "", misplaced(err)
}

// misplaced says what to do where there is no store.
func misplaced(err error) error {
	e := *stt.AsError(err)
	e.Msg += `; name the place as for "earshot serve", with --data, --store or --config. The first start of the server makes a store, and so do commands that make an account or a key`
	return &e
}

// notMissed waits until the database of a server that runs with a data folder is there: it has the lock before it makes one. Where it does
// not come it has been taken away, and nothing must be made in its place.
func notMissed(env *environment, folder string) error {
	const patience, pause = 3 * time.Second, 20 * time.Millisecond
	path := filepath.Join(folder, state.DatabaseFile)
	missing := func(path string) bool {
		_, err := os.Lstat(path)
		return errors.Is(err, fs.ErrNotExist)
	}
	missed := func() bool { // beside a journal nothing is made anyhow
		return missing(path) && missing(path+"-wal") && inUse(folder)
	}
	if !missed() {
		return nil
	}
	again := time.NewTicker(pause)
	defer again.Stop()
	for range int(patience / pause) {
		select {
		case <-again.C:
		case <-env.ctx.Done():
			return env.ctx.Err()
		}
		if !missed() {
			return nil
		}
	}
	return stt.Errorf(stt.Conflict, "a server runs with the data folder %q, and its database %q is not there any more: stop the server and put the file back first", folder, path)
}
