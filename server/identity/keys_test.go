package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

const socket = "transcribe:StartStreamTranscriptionWebSocket"

var (
	_ auth.AccessKeys = (*Keys)(nil)
	_ quota.Source    = (*Keys)(nil)
	_ Database        = (*store.Store)(nil)
	_ Importer        = (*store.Store)(nil)
)

// enter authenticates with a good signature.
func enter(ctx context.Context, keys auth.AccessKeys, id string) (auth.Principal, error) {
	return auth.Authenticate(ctx, keys, id, "", func([]string) error { return nil })
}

func TestKeyIsRememberedUntilSomethingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{})
		for range 100 {
			who, err := enter(t.Context(), k, keyID)
			if err != nil || who.KeyID != keyID || who.Account != account || who.Name != "laptop" {
				t.Fatalf("%+v, %v", who, err)
			}
			pass(100 * time.Millisecond)
		}
		// The first look at the revision may come before or after the first request: both are right.
		if n := r.calls("access key"); n > 2 {
			t.Errorf("the store was asked %d times for one key", n)
		}
		if n := r.calls("revision"); n < 9 || n > 12 {
			t.Errorf("the revision was looked at %d times in 10 s", n)
		}
		r.change(func() { k := r.access[keyID]; k.Disabled = true; r.access[keyID] = k })
		pass(1100 * time.Millisecond)
		if _, err := enter(t.Context(), k, keyID); stt.CodeOf(err) != stt.Unauthenticated {
			t.Errorf("a second after the key was disabled: %v", err)
		}
		r.change(func() { k := r.access[keyID]; k.Disabled = false; r.access[keyID] = k })
		pass(1100 * time.Millisecond)
		if _, err := enter(t.Context(), k, keyID); err != nil {
			t.Errorf("a second after the key was enabled: %v", err)
		}
		r.change(func() { delete(r.access, keyID) })
		pass(1100 * time.Millisecond)
		if _, err := enter(t.Context(), k, keyID); stt.CodeOf(err) != stt.Unauthenticated {
			t.Errorf("a second after the key was deleted: %v", err)
		}
	})
}

// What makes a key good or not besides itself.
func TestKeyWithItsFamily(t *testing.T) {
	const (
		parent = "ESHKPARENT"
		all    = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		socks  = `{"Statement":{"Effect":"Allow","Action":"transcribe:*WebSocket","Resource":"*"}}`
		other  = `{"Statement":{"Effect":"Allow","Action":"transcribe:Get*","Resource":"*"}}`
	)
	// In a bubble the time is this one.
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	key := func(r *rows, change func(k *store.AccessKey)) {
		k := r.access[keyID]
		change(&k)
		r.access[keyID] = k
	}
	family := func(r *rows, own, inherited string) {
		r.access[parent] = store.AccessKey{ID: parent, Account: account, Name: "parent", Policy: inherited, Secrets: []store.Secret{{Value: "p"}}}
		key(r, func(k *store.AccessKey) { k.Parent, k.Policy, k.Created = parent, own, now })
	}
	change := func(r *rows, f func(k *store.AccessKey)) { k := r.access[parent]; f(&k); r.access[parent] = k }
	for _, c := range []struct {
		name    string
		change  func(r *rows)
		code    stt.Code
		actions map[string]bool
	}{
		{name: "plain", change: func(*rows) {}, actions: map[string]bool{socket: true, "transcribe:GetVocabulary": true, "iam:CreateUser": false}},
		{name: "policy", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.Policy = socks }) }, actions: map[string]bool{socket: true, "transcribe:GetVocabulary": false}},
		{name: "policy that cannot be read", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.Policy = "{" }) }, actions: map[string]bool{socket: false}},
		{name: "disabled", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.Disabled = true }) }, code: stt.Unauthenticated},
		{name: "expired", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.Expires = now }) }, code: stt.Expired},
		{name: "account disabled", change: func(r *rows) { r.accounts[account] = store.Account{ID: account, Disabled: true} }, code: stt.Unauthenticated},
		{name: "account gone", change: func(r *rows) { delete(r.accounts, account) }, code: stt.Unauthenticated},
		{name: "user", change: func(r *rows) {
			r.users["u"] = store.User{ID: "u", Name: "alice"}
			key(r, func(k *store.AccessKey) { k.User = "u" })
		}, actions: map[string]bool{socket: true}},
		{name: "user disabled", change: func(r *rows) {
			r.users["u"] = store.User{ID: "u", Disabled: true}
			key(r, func(k *store.AccessKey) { k.User = "u" })
		}, code: stt.Unauthenticated},
		{name: "user gone", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.User = "u" }) }, code: stt.Unauthenticated},
		{name: "no secret left", change: func(r *rows) {
			key(r, func(k *store.AccessKey) { k.Secrets = []store.Secret{{Value: "x", Expires: now}} })
		}, code: stt.Unauthenticated},
		{name: "temporary, both allow", change: func(r *rows) { family(r, socks, all) }, actions: map[string]bool{socket: true, "transcribe:GetVocabulary": false}},
		{name: "temporary, the parent does not", change: func(r *rows) { family(r, all, other) }, actions: map[string]bool{socket: false, "transcribe:GetVocabulary": true}},
		{name: "temporary, neither has one", change: func(r *rows) { family(r, "", "") }, actions: map[string]bool{socket: true, "iam:CreateUser": false}},
		{name: "temporary, more than the parent's default", change: func(r *rows) { family(r, all, "") }, actions: map[string]bool{socket: true, "iam:CreateUser": false}},
		{name: "temporary, only the parent has one", change: func(r *rows) { family(r, "", socks) }, actions: map[string]bool{socket: true, "transcribe:GetVocabulary": false}},
		{name: "temporary, the parent's cannot be read", change: func(r *rows) { family(r, all, "{") }, actions: map[string]bool{socket: false}},
		{name: "temporary, the parent disabled", change: func(r *rows) { family(r, all, all); change(r, func(k *store.AccessKey) { k.Disabled = true }) }, code: stt.Unauthenticated},
		{name: "temporary, the parent expired", change: func(r *rows) { family(r, all, all); change(r, func(k *store.AccessKey) { k.Expires = now }) }, code: stt.Expired},
		{name: "temporary, the parent gone", change: func(r *rows) { family(r, all, all); delete(r.access, parent) }, code: stt.Unauthenticated},
		{name: "temporary, of temporary ones", change: func(r *rows) {
			family(r, all, all)
			r.access["ESHKGRAND"] = r.access[parent]
			change(r, func(k *store.AccessKey) { k.Parent = "ESHKGRAND" })
		}, code: stt.Unauthenticated},
		{name: "temporary, of itself", change: func(r *rows) { key(r, func(k *store.AccessKey) { k.Parent = keyID }) }, code: stt.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRows()
				r.change(func() { c.change(r) })
				k := open(t, r, Options{})
				who, err := enter(t.Context(), k, keyID)
				if stt.CodeOf(err) != c.code {
					t.Fatalf("%v, want %v", err, c.code)
				}
				for action, want := range c.actions {
					if err := auth.Authorize(who, action, "*", who.Context(auth.Origin{}, now)); (err == nil) != want {
						t.Errorf("%s: %v", action, err)
					}
				}
				if temporary := strings.HasPrefix(c.name, "temporary"); err == nil && (who.Temporary != temporary || (who.Parent == parent) != temporary) {
					t.Errorf("%+v", who)
				}
				if c.name == "user" && who.User != "alice" {
					t.Errorf("user %q", who.User)
				}
			})
		})
	}
}

// A secret that is being replaced ends when its time has come, and not when the store is asked again.
func TestSecretsEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{})
		r.access[keyID] = store.AccessKey{ID: keyID, Account: account, Secrets: []store.Secret{{Value: "new"}, {Value: "old", Expires: time.Now().Add(time.Minute)}}}
		for _, want := range [][]string{{"new", "old"}, {"new"}} {
			key, err := k.AccessKey(t.Context(), keyID)
			if err != nil || !slices.Equal(key.Secrets, want) {
				t.Errorf("%d secrets, %v; want %d", len(key.Secrets), err, len(want))
			}
			pass(time.Minute)
		}
		key, _ := k.AccessKey(t.Context(), keyID)
		key.Secrets[0] = "changed"
		if again, _ := k.AccessKey(t.Context(), keyID); again.Secrets[0] != "new" {
			t.Error("a change to the result shows in the next")
		}
	})
}

// Who was known goes on for a while without the store; nobody else does.
func TestStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.access["cold"] = r.access[keyID]
		k := open(t, r, Options{Stale: time.Minute})
		pass(1500 * time.Millisecond) // the first look is over
		if _, err := enter(t.Context(), k, keyID); err != nil {
			t.Fatal(err)
		}
		r.set(func() { r.down = errDown })
		for range 59 {
			if _, err := enter(t.Context(), k, keyID); err != nil {
				t.Fatalf("who was known: %v", err)
			}
			if _, err := enter(t.Context(), k, "cold"); stt.CodeOf(err) != stt.Unavailable || !errors.Is(err, errDown) {
				t.Fatalf("who was not: %v", err)
			}
			pass(time.Second)
		}
		pass(2 * time.Second)
		if _, err := enter(t.Context(), k, keyID); stt.CodeOf(err) != stt.Unavailable {
			t.Errorf("who was known, after a minute: %v", err)
		}
		r.set(func() { r.down = nil })
		if _, err := enter(t.Context(), k, keyID); err != nil {
			t.Errorf("when it can be reached again: %v", err)
		}
	})
}

// A change that was noticed before the store went away, but whose content could not be read any more, takes nobody's key.
func TestStoreGoesDownAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{Stale: time.Minute})
		pass(1500 * time.Millisecond)
		if _, err := enter(t.Context(), k, keyID); err != nil {
			t.Fatal(err)
		}
		r.change(func() {})
		pass(time.Second)
		r.set(func() { r.down, r.takes = errDown, time.Hour })
		pass(time.Second) // a look finds out
		began := time.Now()
		if _, err := enter(t.Context(), k, keyID); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("a caller who is known waited %v for a store that is down", took)
		}
		pass(time.Minute)
		if _, err := enter(t.Context(), k, keyID); stt.CodeOf(err) != stt.Unavailable {
			t.Errorf("after a minute: %v", err)
		}
	})
}

// A store that does not answer keeps nobody waiting for long, and everybody who waits for the same is told at once.
func TestStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{})
		r.set(func() { r.takes = time.Hour })
		began := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { // ends with the answer
				if _, err := enter(context.Background(), k, keyID); stt.CodeOf(err) != stt.Unavailable {
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != patience {
			t.Errorf("it took %v", took)
		}
		if n := r.calls("access key"); n != 1 {
			t.Errorf("the store was asked %d times", n)
		}
		// Who goes away does not take the answer from the others.
		r.set(func() { r.takes = time.Second })
		gone, leave := context.WithCancel(context.Background())
		all.Go(func() { _, _ = enter(gone, k, keyID) }) // ends with the answer
		synctest.Wait()
		all.Go(func() { // ends with the answer
			if _, err := enter(context.Background(), k, keyID); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		all.Wait()
	})
}

// Ids that nobody has are remembered for a moment only, and not without bound.
func TestUnknownKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{})
		for range 10 {
			if _, err := enter(t.Context(), k, "nobody"); stt.CodeOf(err) != stt.Unauthenticated {
				t.Fatal(err)
			}
		}
		if n := r.calls("access key"); n != 1 {
			t.Errorf("the store was asked %d times", n)
		}
		r.change(func() {
			r.access["nobody"] = store.AccessKey{ID: "nobody", Account: account, Secrets: []store.Secret{{Value: "x"}}}
		})
		pass(unknownFor)
		if _, err := enter(t.Context(), k, "nobody"); err != nil {
			t.Errorf("a key that was made %v ago: %v", unknownFor, err)
		}
		for i := range 3 * mostUnknown {
			_, _ = k.AccessKey(t.Context(), fmt.Sprint("guess", i))
		}
		if n := len(k.access.unknown); n > mostUnknown {
			t.Errorf("%d unknown ids are kept", n)
		}
	})
}

func TestTableIsBounded(t *testing.T) {
	fresh := newFreshness(time.Minute)
	table := newTable(fresh, func(_ context.Context, n int) (int, error) { return n, nil })
	for i := range most + 100 {
		if v, err := table.get(t.Context(), i); err != nil || v != i {
			t.Fatalf("%d: %d, %v", i, v, err)
		}
	}
	if n := len(table.entries); n != most {
		t.Errorf("%d entries", n)
	}
}

// Whatever happens at the same time, nobody is told what was so before a change once a look has found it.
func TestChangesAndRequests(t *testing.T) {
	r := newRows()
	k := open(t, r, Options{})
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() { // ends when the changes are over
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := k.AccessKey(context.Background(), keyID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	revision := int64(-1)
	for i := range 200 {
		name := fmt.Sprint("name", i)
		r.change(func() { k := r.access[keyID]; k.Name = name; r.access[keyID] = k })
		revision = k.look(t.Context(), revision)
		if key, err := k.AccessKey(t.Context(), keyID); err != nil || key.Name != name {
			t.Fatalf("%v, %v; want %s", key, err, name)
		}
	}
	close(stop)
	all.Wait()
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.accounts[account] = store.Account{ID: account, Limits: store.Limits{Streams: 5}}
		key := r.access[keyID]
		key.Limits = store.Limits{Streams: 2}
		r.access[keyID] = key
		r.api[[32]byte{1}] = store.APIKey{ID: "EAPI1", Account: account, Hash: [32]byte{1}, Limits: store.Limits{Rate: 3}}
		k := open(t, r, Options{})
		for _, c := range []struct {
			account, key string
			want         quota.Limits
		}{
			{account, keyID, quota.Limits{Account: store.Limits{Streams: 5}, Key: store.Limits{Streams: 2}}},
			{account, "EAPI1", quota.Limits{Account: store.Limits{Streams: 5}, Key: store.Limits{Rate: 3}}},
			{account, "", quota.Limits{Account: store.Limits{Streams: 5}}},
			{"", keyID, quota.Limits{Key: store.Limits{Streams: 2}}},
			{"default", "file", quota.Limits{}},
			{"", "", quota.Limits{}},
		} {
			if got, err := k.Limits(t.Context(), c.account, c.key); err != nil || got != c.want {
				t.Errorf("%q, %q: %+v, %v; want %+v", c.account, c.key, got, err, c.want)
			}
		}
		pass(1500 * time.Millisecond)
		for range 20 {
			for _, id := range []string{keyID, "EAPI1"} {
				if _, err := k.Limits(t.Context(), account, id); err != nil {
					t.Error(err)
				}
			}
		}
		asked := r.calls("access key") + r.calls("API key")
		for range 1000 {
			if _, err := k.Limits(t.Context(), account, "EAPI1"); err != nil {
				t.Error(err)
			}
		}
		if n := r.calls("access key") + r.calls("API key"); n != asked {
			t.Errorf("the store was asked %d times about what is known", n-asked)
		}
		r.change(func() { r.accounts[account] = store.Account{ID: account, Limits: store.Limits{Streams: 7}} })
		pass(1100 * time.Millisecond)
		if got, err := k.Limits(t.Context(), account, keyID); err != nil || got.Account.Streams != 7 {
			t.Errorf("a second after a change: %+v, %v", got, err)
		}
	})
}

// The store learns which keys were used, in batches, and again what it could not be told.
func TestUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := New(r, Options{})
		for range 10 {
			k.Used(keyID)
		}
		pass(touchEvery + time.Second)
		if told := r.uses(); len(told) != 1 || told[0].ID != keyID {
			t.Errorf("%v", told)
		}
		r.set(func() { r.down = errDown })
		k.Used("a")
		pass(touchEvery + time.Second)
		r.set(func() { r.down = nil })
		k.Used("b")
		for i := range 2 * mostTouched {
			k.Used(fmt.Sprint(i))
		}
		k.Close()
		told := r.uses()
		if n := len(told); n != 1+mostTouched || !slices.ContainsFunc(told, func(u store.Use) bool { return u.ID == "a" }) {
			t.Errorf("%d uses were told", n)
		}
	})
}
