// Package state opens the store of an installation: the one place that knows which database belongs to a configuration and
// where the master key comes from, so that the server and the commands beside it mean the same.
//
//	folder, err := state.Folder(cfg, getenv)      // the commands; a server has a datadir.Dir
//	opened, err := state.Open(ctx, folder, cfg, state.Options{Getenv: getenv})
//	defer opened.Store.Close()
//
// Several processes may have the store open: a command never waits for a server to end, nor does it take the lock of the
// data folder. Whoever comes first makes what is missing, with mode 0600 in a folder of mode 0700.
package state
