package identity

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Rows are what keys are read from. Errors have the codes of package store: what there is not is NotFound.
type Rows interface {
	AccessKey(ctx context.Context, id string) (store.AccessKey, error)
	APIKeyByHash(ctx context.Context, hash [32]byte) (store.APIKey, error)
	APIKey(ctx context.Context, id string) (store.APIKey, error)
	Account(ctx context.Context, id string) (store.Account, error)
	User(ctx context.Context, id string) (store.User, error)
}

// Database is where keys are kept. A *store.Store is one.
type Database interface {
	Rows
	// KeysRevision grows with every change that keys, accounts and users may depend on.
	KeysRevision(ctx context.Context) (int64, error)
	// Touch notes when keys were last used.
	Touch(ctx context.Context, uses []store.Use) error
}

// Options make Keys. The zero value is good.
type Options struct {
	// Files are asked about access keys that the store does not have; nil: there are none.
	Files Files
	// Stale is how long who was known goes on where the store cannot be reached; 0: 5 minutes.
	Stale time.Duration
	// Throttle slows down whoever guesses API keys; nil: nobody is.
	Throttle *Throttle
	// Sound says whether the database can do all it is for; it is asked once a second. nil: it can.
	Sound func(ctx context.Context) error
	// Log is told when the store cannot be reached, when it can again, and of policies that cannot be read; nil: nobody is.
	Log *slog.Logger
}

// Files are keys that stand in files beside the store. Whoever holds one belongs to Account.
type Files struct {
	Keys    auth.AccessKeys // nil: none
	APIKey  *auth.APIKey    // nil: none
	Account string
	// Taken says which keys the store has taken over: it alone says whether they are good. nil: none. See [Import].
	Taken func(id string) bool
}

const (
	// lookEvery is how often the store's revision is looked at.
	lookEvery = time.Second
	// touchEvery is how often the store is told which keys were used, and mostTouched of how many at once.
	touchEvery  = 15 * time.Second
	mostTouched = 1 << 14
	// mostDoubted is how many API keys are looked up at a time for addresses that have presented too many wrong ones.
	mostDoubted = 4
)

// Keys knows keys, their holders and their limits. It implements [auth.AccessKeys] and quota.Source.
type Keys struct {
	db       Database
	files    Files
	throttle *Throttle
	doubted  places // looking up API keys for addresses that have guessed
	log      *slog.Logger

	sound   func(ctx context.Context) error // nil: it always is
	unsound atomic.Pointer[stt.Error]       // what is wrong with the database; nil: nothing is known to be

	fresh    *freshness
	access   *table[string, *access]
	tokens   *table[[32]byte, *store.APIKey]
	apiKeys  *table[string, *store.APIKey]
	accounts *table[string, *store.Account]
	users    *table[string, *store.User]

	mu   sync.Mutex // guards used
	used map[string]time.Time

	changed chan struct{} // holds a token after something administrative has changed; Watch takes it
	stop    context.CancelFunc
	ended   chan struct{}
}

// New returns Keys over a database. Close ends what it starts.
func New(db Database, o Options) *Keys {
	const stale = 5 * time.Minute
	if o.Stale <= 0 {
		o.Stale = stale
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keys{db: db, files: o.Files, throttle: o.Throttle, sound: o.Sound, doubted: make(places, mostDoubted), log: o.Log, used: map[string]time.Time{},
		changed: make(chan struct{}, 1), ended: make(chan struct{})}
	k.fresh = newFreshness(o.Stale)
	k.access = newTable(k.fresh, k.loadAccess)
	k.tokens = newTable(k.fresh, func(ctx context.Context, hash [32]byte) (*store.APIKey, error) {
		return pointer(db.APIKeyByHash(ctx, hash))
	})
	k.apiKeys = newTable(k.fresh, func(ctx context.Context, id string) (*store.APIKey, error) { return pointer(db.APIKey(ctx, id)) })
	k.accounts = newTable(k.fresh, func(ctx context.Context, id string) (*store.Account, error) { return pointer(db.Account(ctx, id)) })
	k.users = newTable(k.fresh, func(ctx context.Context, id string) (*store.User, error) { return pointer(db.User(ctx, id)) })
	ctx, stop := context.WithCancel(context.Background())
	k.stop = stop
	go k.run(ctx) // owned by Keys; Close ends it
	return k
}

func pointer[T any](v T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// Close ends the looking after the store, and tells it once more which keys were used. What is known stays in use for
// [Options.Stale].
func (k *Keys) Close() {
	k.stop()
	<-k.ended
}

// run looks at the store now and then, until Close.
func (k *Keys) run(ctx context.Context) {
	defer close(k.ended)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	revision, touched := int64(-1), time.Now()
	for {
		revision = k.look(ctx, revision)
		select {
		case <-tick.C:
		case <-ctx.Done():
			k.touch(context.WithoutCancel(ctx))
			return
		}
		if time.Since(touched) >= touchEvery {
			touched = time.Now()
			k.touch(ctx)
		}
	}
}

// look makes everything known be read again where the store's revision is not the one that it was, and returns what it is.
func (k *Keys) look(ctx context.Context, before int64) int64 {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := k.fresh.now()
	revision, err := k.db.KeysRevision(bounded)
	if ctx.Err() != nil {
		return before
	}
	if err != nil {
		if !k.fresh.down.Swap(true) {
			k.log.Error("the store cannot be reached; who is known goes on for a while", slog.Duration("while", k.fresh.stale), slog.Any("error", err))
		}
		return before
	}
	if k.fresh.down.Swap(false) {
		k.log.Info("the store can be reached again")
	}
	k.examine(ctx, bounded)
	k.fresh.confirm(began, revision != before)
	if revision != before {
		select {
		case k.changed <- struct{}{}:
		default: // it is there already
		}
	}
	return revision
}

// examine asks whether the database is sound. What is wrong with it is told once, however long it lasts.
func (k *Keys) examine(ctx, bounded context.Context) {
	if k.sound == nil {
		return
	}
	err := k.sound(bounded)
	if ctx.Err() != nil {
		return
	}
	was := k.unsound.Swap(stt.AsError(err))
	switch {
	case err != nil && (was == nil || was.Error() != err.Error()):
		k.log.Error("the store is at fault, and the server not ready until it is mended", slog.Any("error", err))
	case err == nil && was != nil:
		k.log.Info("the store is sound again")
	}
}

// Trouble returns what is wrong with the store, as far as that is known, where it can be reached and yet not all can be done that it is for; nil: nothing.
func (k *Keys) Trouble() error {
	if e := k.unsound.Load(); e != nil {
		return e
	}
	return nil
}

// Used notes that a key let somebody in. It costs next to nothing; the store learns of it later.
func (k *Keys) Used(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.used[id]; known || len(k.used) < mostTouched {
		k.used[id] = time.Now()
	}
}

// touch tells the store which keys were used. What it does not take is told again.
func (k *Keys) touch(ctx context.Context) {
	k.mu.Lock()
	used := k.used
	k.used = map[string]time.Time{}
	k.mu.Unlock()
	if len(used) == 0 {
		return
	}
	uses := make([]store.Use, 0, len(used))
	for id, at := range used {
		uses = append(uses, store.Use{ID: id, At: at})
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := k.db.Touch(bounded, uses); err == nil || stt.CodeOf(err) != stt.Unavailable && bounded.Err() == nil {
		return // told, or nothing that another try would mend
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, at := range used {
		if later, known := k.used[id]; !known && len(k.used) < mostTouched || known && later.Before(at) {
			k.used[id] = at
		}
	}
}
