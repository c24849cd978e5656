package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/identity"
	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/server/resources"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// estate is what outlives the process: the store, with what knows keys, limits and usage in front of it.
type estate struct {
	store     *store.Store
	log       *slog.Logger
	link      string // signs in to the console once; of the first start only
	account   string // id of the home account: of keys that stand in files, and of whoever runs the server
	keys      *identity.Keys
	throttle  *identity.Throttle
	passwords *auth.Passwords
	admin     *auth.AdminToken
	gate      *quota.Gate
	ledger    *ledger.Ledger
	keeper    *resources.Keeper

	stop    context.CancelFunc
	counted sync.WaitGroup
}

// openEstate opens the store and the files beside it, making what is missing. It tells the operator what it has made, last of all
// what is told only once. at is the address of the console.
func openEstate(ctx context.Context, cfg *config.Config, dir *datadir.Dir, at string, watch watcher, opts Options) (*estate, error) {
	opened, err := state.Open(ctx, dir.Path(""), cfg, state.Options{Getenv: opts.Getenv, Log: opts.Log})
	if err != nil {
		return nil, err
	}
	opts.Log.Info("store", slog.String("database", opened.Database))
	for _, f := range opened.Made {
		fmt.Fprintf(opts.Out, "earshot made %s\n", f)
	}
	e := &estate{store: opened.Store, log: opts.Log, throttle: identity.NewThrottle(), passwords: auth.NewPasswords(auth.Cost{}), stop: func() {}}
	files, err := e.openFiles(ctx, dir, at, opts)
	if err != nil {
		opened.Store.Close()
		return nil, err
	}
	timed := timedStore{e.store, watch.asked}
	e.keys = identity.New(timed, identity.Options{Files: files, Throttle: e.throttle, Sound: e.store.Sound, Log: opts.Log})
	e.gate = quota.New(quota.Options{Limits: e.keys, Totals: timed, Streams: cfg.Limits.Streams, Each: cfg.Limits.AccountStreams, Log: opts.Log})
	e.ledger = ledger.New(ledger.Options{Sink: e.store, Budgets: e.gate, Log: opts.Log, Wrote: watch.wrote})
	e.keeper = resources.New(e.store, resources.Options{Account: e.owner, Log: opts.Log, Files: resources.Files{
		Dir: cfg.Vocabularies.ImportDir, Buckets: cfg.Vocabularies.Buckets, Endpoint: cfg.Vocabularies.BucketEndpoint,
		Region:      cmp.Or(opts.Getenv("AWS_REGION"), opts.Getenv("AWS_DEFAULT_REGION")),
		Credentials: resources.EnvironmentCredentials(opts.Getenv)}})
	return e, nil
}

// owner returns the id of an account that is known by name: the one of keys that stand in files.
func (e *estate) owner(_ context.Context, name string) (string, error) {
	if name == auth.DefaultAccount {
		return e.account, nil
	}
	return "", stt.Errorf(stt.NotFound, "there is no account %q", name)
}

// watcher is told of what an estate does.
type watcher struct {
	wrote func(took time.Duration, err error)              // each batch of usage; nil: nobody is
	asked func(what string, took time.Duration, err error) // each question about keys, accounts and budgets; nil: nobody is
}

// openFiles opens the keys that stand in files, and has the store take over those that it does not know yet.
func (e *estate) openFiles(ctx context.Context, dir *datadir.Dir, at string, opts Options) (identity.Files, error) {
	by := store.Actor{Name: "server"}
	account, err := state.Home(ctx, e.store, by)
	if err != nil {
		return identity.Files{}, err
	}
	e.account = account.ID
	created, err := auth.FirstStart(dir.Path(""))
	if err != nil {
		return identity.Files{}, err
	}
	for _, f := range created.Files {
		fmt.Fprintf(opts.Out, "earshot made %s\n", f)
	}
	if created.AdminToken != "" {
		fmt.Fprintf(opts.Out, "administrator token, shown this once: %s\n", created.AdminToken)
		if at != "" {
			link, err := e.firstLink(ctx, at)
			if err != nil {
				return identity.Files{}, err
			}
			e.link = link
		}
	}
	keys, err := auth.OpenFile(dir.Path(auth.CredentialsFile), told(auth.CredentialsFile, opts.Log))
	if err != nil {
		return identity.Files{}, err
	}
	apiKey, err := auth.OpenAPIKey(dir.Path(auth.APIKeyFile), told(auth.APIKeyFile, opts.Log))
	if err != nil {
		return identity.Files{}, err
	}
	if e.admin, err = auth.OpenAdminToken(dir.Path(auth.AdminTokenFile), told(auth.AdminTokenFile, opts.Log)); err != nil {
		return identity.Files{}, err
	}
	imported, err := identity.Import(ctx, e.store, identity.Sources{Keys: keys, APIKey: apiKey, Account: account.ID}, by)
	if err != nil {
		return identity.Files{}, err
	}
	if n := len(imported.AccessKeys); n > 0 || imported.APIKey {
		opts.Log.Info("the store has taken over keys of files", slog.Int("access_keys", n), slog.Bool("api_key", imported.APIKey))
	}
	for _, id := range imported.Left {
		opts.Log.Warn("the store does not take over a key, which stays good as it stands in the file", slog.String("key", id))
	}
	return identity.Files{Keys: keys, APIKey: apiKey, Account: account.ID, Taken: imported.Taken}, nil
}

// told has the log told of a file that has changed.
func told(what string, log *slog.Logger) auth.FileOptions {
	return auth.FileOptions{Changed: func(err error) {
		if err != nil {
			log.Error("what was read before stays in force", slog.String("file", what), slog.Any("error", err))
			return
		}
		log.Info("read again", slog.String("file", what))
	}}
}

// admit returns what lets a request in that opens no stream, or says that they come too fast. It is counted either way, under the
// protocol.
func (e *estate) admit(protocol string) func(context.Context, auth.Principal) error {
	return func(ctx context.Context, caller auth.Principal) error {
		key := cmp.Or(caller.Parent, caller.KeyID)
		err := e.gate.Request(ctx, caller.Account, key)
		e.ledger.Request(caller.Account, key, protocol, err)
		return err
	}
}

// keptResources is how long the audit log has what accounts have done to their own resources, as often as they liked. What administrators have
// done stays.
const keptResources = 400 * 24 * time.Hour

// forgetAudit removes what is older.
func (e *estate) forgetAudit(ctx context.Context) {
	const atOnce = 2000
	for range 100 {
		n, err := e.store.ForgetAudit(ctx, time.Now().Add(-keptResources), []string{store.KindVocabulary, store.KindVocabularyFilter, kindRuleset}, atOnce)
		if err != nil || n < atOnce {
			return // what is left the next time is soon enough for
		}
	}
}

// count begins to write down what sessions use, to end those whose key is not good any more, and to tidy up, until close.
func (e *estate) count(sessions *session.Service) {
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.counted.Go(func() { e.ledger.Run(ctx, sessions) }) // owned by the estate; close ends it
	e.counted.Go(func() { e.keys.Watch(ctx, sessions) }) // owned by the estate; close ends it
	e.counted.Go(func() { e.tidy(ctx) })                 // owned by the estate; close ends it
}

const (
	// tidyEvery is how often keys are removed that ended long ago, and keptExpired how long they stay, so that a question about one is
	// answered with its end.
	tidyEvery   = time.Hour
	keptExpired = 24 * time.Hour
)

// tidy removes temporary credentials that ended long ago, until ctx is done.
func (e *estate) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := e.store.ForgetConsoleSessions(ctx, time.Now().Add(-keptExpired)); err != nil && ctx.Err() == nil {
			e.log.Warn("tidying up", slog.Any("error", err))
		}
		e.forgetAudit(ctx)
		for range 100 {
			n, err := e.store.DeleteExpiredKeys(ctx, store.Actor{Name: "server"}, time.Now().Add(-keptExpired))
			if err != nil || n == 0 {
				break // what is left the next time is soon enough for
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// close writes down what is left and closes everything. The sessions have ended by then.
func (e *estate) close() error {
	e.stop()
	e.counted.Wait()
	e.keeper.Close()
	e.keys.Close()
	return e.store.Close()
}
