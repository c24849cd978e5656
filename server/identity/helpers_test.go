package identity

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

const (
	keyID   = "ESHKAAAAAAAAAAAAAAAA"
	secret  = "TheSecretItself0123456789/abcdefghijklmn"
	account = "111122223333"
)

// rows is a database in memory. All fields are guarded by mu.
type rows struct {
	mu       sync.Mutex
	revision int64
	access   map[string]store.AccessKey
	api      map[[32]byte]store.APIKey
	accounts map[string]store.Account
	users    map[string]store.User
	down     error         // what every call fails with
	takes    time.Duration // every call
	asked    map[string]int
	touched  []store.Use
}

func newRows() *rows {
	return &rows{access: map[string]store.AccessKey{keyID: {ID: keyID, Account: account, Name: "laptop", Secrets: []store.Secret{{Value: secret}}}},
		api: map[[32]byte]store.APIKey{}, accounts: map[string]store.Account{account: {ID: account, Name: "team"}}, users: map[string]store.User{}, asked: map[string]int{}}
}

// change changes what is kept, as an administrator does.
func (r *rows) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	r.revision++
}

// set changes how the database behaves.
func (r *rows) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// calls returns how often something was asked for.
func (r *rows) calls(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[what]
}

// uses returns what the database has been told of the use of keys.
func (r *rows) uses() []store.Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.touched)
}

func find[K comparable, V any](ctx context.Context, r *rows, what string, m map[K]V, key K) (V, error) {
	var none V
	r.mu.Lock()
	r.asked[what]++
	takes := r.takes
	r.mu.Unlock()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return none, stt.AsError(ctx.Err())
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down != nil {
		return none, r.down
	}
	v, ok := m[key]
	if !ok {
		return none, stt.Errorf(stt.NotFound, "no %s", what)
	}
	return v, nil
}

func (r *rows) AccessKey(ctx context.Context, id string) (store.AccessKey, error) {
	return find(ctx, r, "access key", r.access, id)
}

func (r *rows) APIKeyByHash(ctx context.Context, hash [32]byte) (store.APIKey, error) {
	return find(ctx, r, "hash", r.api, hash)
}

func (r *rows) APIKey(ctx context.Context, id string) (store.APIKey, error) {
	r.mu.Lock()
	byID := map[string]store.APIKey{}
	for _, k := range r.api {
		byID[k.ID] = k
	}
	r.mu.Unlock()
	return find(ctx, r, "API key", byID, id)
}

func (r *rows) Account(ctx context.Context, id string) (store.Account, error) {
	return find(ctx, r, "account", r.accounts, id)
}

func (r *rows) User(ctx context.Context, id string) (store.User, error) {
	return find(ctx, r, "user", r.users, id)
}

func (r *rows) KeysRevision(ctx context.Context) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked["revision"]++
	return r.revision, r.down
}

func (r *rows) Touch(_ context.Context, uses []store.Use) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down != nil {
		return r.down
	}
	r.touched = append(r.touched, uses...)
	return nil
}

// open returns Keys over rows, which are closed when the test ends.
func open(t *testing.T, r *rows, o Options) *Keys {
	t.Helper()
	k := New(r, o)
	t.Cleanup(k.Close)
	return k
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }

var errDown = stt.Errorf(stt.Unavailable, "database gone")
