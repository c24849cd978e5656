package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// storeFindings looks at the database and the master key, and changes neither.
func storeFindings(env *environment, cfg *config.Config, folder string) []finding {
	const what, patience = "store", 5 * time.Second
	if folder == "" && cfg.Store == "" {
		return nil // which is told already
	}
	url, keyFile := cfg.Store, cfg.MasterKeyFile
	if url == "" {
		url = "sqlite:" + filepath.Join(folder, state.DatabaseFile)
	}
	if keyFile == "" {
		keyFile = filepath.Join(folder, state.MasterKeyFile)
	}
	master, keyErr := store.LoadMaster(env.getenv, keyFile)
	ctx, cancel := context.WithTimeout(env.ctx, patience)
	defer cancel()
	p, err := store.Probe(ctx, url, master)
	switch {
	case stt.CodeOf(err) == stt.NotFound:
		_, used := os.Stat(filepath.Join(folder, datadir.LockFile))
		if cfg.Store == "" && used == nil {
			return []finding{{what, false, fmt.Sprintf("a server has run with this folder, and its database is not there: stop the server if it runs, and put %s back, or restore a backup; the next start makes a new one with nothing in it",
				filepath.Join(folder, state.DatabaseFile))}, keyFinding(env, keyErr, keyFile, master, "")}
		}
		return []finding{{what, true, "will be made at the first start"}, keyFinding(env, keyErr, keyFile, master, "")}
	case stt.AsError(err) != nil && stt.AsError(err).Option == "master key":
		return []finding{{what, true, p.Where}, {"master key", false, stt.AsError(err).Msg}}
	case errors.Is(err, context.DeadlineExceeded):
		return []finding{{what, false, fmt.Sprintf("no answer within %s", patience)}}
	case err != nil:
		return []finding{{what, false, err.Error()}}
	}
	text := p.Where
	if p.Schema < p.Newest {
		text += "; the next start brings its tables up to date: make a backup before"
	}
	return []finding{{what, true, text}, keyFinding(env, keyErr, keyFile, master, p.SealedBy)}
}

// keyFinding says where the master key is.
func keyFinding(env *environment, err error, file string, master *store.Master, sealedBy string) finding {
	const what = "master key"
	switch {
	case stt.CodeOf(err) == stt.NotFound && sealedBy == "":
		return finding{what, true, "will be made at the first start"}
	case stt.CodeOf(err) == stt.NotFound:
		return finding{what, false, fmt.Sprintf("there is none, and the secrets in the store have been sealed with the one with the id %s: give it as $%s or in %s", sealedBy, store.MasterVariable, file)}
	case err != nil:
		return finding{what, false, err.Error()}
	case env.getenv(store.MasterVariable) != "":
		file = "$" + store.MasterVariable
	}
	return finding{what, true, fmt.Sprintf("%s, id %s; it is in no backup: keep a copy elsewhere", file, master.ID())}
}
