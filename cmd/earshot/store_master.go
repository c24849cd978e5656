package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// storeRotateMasterCmd puts a new master key in the place of the present one. It can be killed at any moment and run again: the new
// key is on the disk before anything is sealed with it.
type storeRotateMasterCmd struct {
	stateFlags
	NewKeyFile string `type:"path" placeholder:"FILE" help:"File for the new key, where the present one comes from $EARSHOT_MASTER_KEY. Default: the master key file, and the present key is kept beside it."`
}

// Run rotates the key.
func (c *storeRotateMasterCmd) Run(env *environment) error {
	p, err := c.place(env, true)
	if err != nil {
		return err
	}
	inFile := env.getenv(store.MasterVariable) == ""
	aside := c.NewKeyFile
	switch {
	case inFile && aside == "":
		aside = p.keyFile + ".new"
	case aside == "":
		return &stt.Error{Code: stt.Invalid, Option: "--new-key-file", Msg: "the master key comes from $" + store.MasterVariable +
			", which a command cannot change: say with --new-key-file where the new key shall be written"}
	case inFile:
		return &stt.Error{Code: stt.Invalid, Option: "--new-key-file", Msg: fmt.Sprintf("the master key is in the file %q, which gets the new one: leave the option out", p.keyFile)}
	}
	present, err := store.LoadMaster(env.getenv, p.keyFile)
	if err != nil {
		return err
	}
	if err := there(env, p.url); err != nil { // before a key is made for it
		return err
	}
	fresh, _, err := store.EnsureMaster(func(string) string { return "" }, aside) // the one of a rotation that was killed, if there was
	if err != nil {
		return err
	}
	if err := rotateMaster(env, p.url, present, fresh); err != nil {
		return err
	}
	if !inFile {
		fmt.Fprintf(env.errOut, "All secrets are sealed with the master key %s now, which is in %s: set $%s to it and start the servers again.\n", fresh.ID(), aside, store.MasterVariable)
		return nil
	}
	kept := p.keyFile + "." + present.ID()
	if err := os.Link(p.keyFile, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(aside, p.keyFile); err != nil {
		return err
	}
	fmt.Fprintf(env.errOut, "All secrets are sealed with the master key %s now, which is in %s. Servers that read it from there take it within a second; copy it to others and start those again.\n"+
		"Backups made before need the key of before, which is kept in %s.\n", fresh.ID(), p.keyFile, kept)
	return nil
}

// there fails where there is no store at an address.
func there(env *environment, url string) error {
	s, err := store.Open(env.ctx, url, store.Options{Existing: true})
	if stt.CodeOf(err) == stt.NotFound {
		return misplaced(err)
	}
	if err != nil {
		return err
	}
	return s.Close()
}

// rotateMaster does nothing where it has been done already.
func rotateMaster(env *environment, url string, present, fresh *store.Master) error {
	s, err := store.Open(env.ctx, url, store.Options{Master: present, Existing: true})
	if stt.CodeOf(err) == stt.Invalid && stt.AsError(err).Option == "master key" {
		done, again := store.Open(env.ctx, url, store.Options{Master: fresh, Existing: true})
		if again != nil {
			return err
		}
		return done.Close()
	}
	if err != nil {
		return err
	}
	return errors.Join(s.RotateMaster(env.ctx, commandLine(), fresh), s.Close())
}
