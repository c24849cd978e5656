package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

const (
	token  = "esk_abcdefghijklmnopqrstuvwxyz234567"
	remote = "192.0.2.7:4711"
)

func (r *rows) addAPIKey(token string, change func(*store.APIKey)) {
	k := store.APIKey{ID: "EAPI" + token[:8], Account: account, Name: "web", Hash: sha256.Sum256([]byte(token))}
	if change != nil {
		change(&k)
	}
	r.api[k.Hash] = k
}

func TestAPIKey(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(r *rows, k *store.APIKey)
		presented string // token unless given
		code      stt.Code
	}{
		{name: "good"},
		{name: "none", presented: " ", code: stt.Unauthenticated},
		{name: "cut short", presented: token[:len(token)-1], code: stt.Unauthenticated},
		{name: "with more", presented: token + "\n", code: stt.Unauthenticated},
		{name: "in capitals", presented: strings.ToUpper(token), code: stt.Unauthenticated},
		{name: "endless", presented: strings.Repeat("x", 1<<20), code: stt.Unauthenticated},
		{name: "disabled", change: func(_ *rows, k *store.APIKey) { k.Disabled = true }, code: stt.Unauthenticated},
		{name: "expired", change: func(_ *rows, k *store.APIKey) { k.Expires = time.Now() }, code: stt.Expired},
		{name: "not yet", change: func(_ *rows, k *store.APIKey) { k.Expires = time.Now().Add(1) }},
		{name: "account disabled", change: func(r *rows, _ *store.APIKey) { r.accounts[account] = store.Account{Disabled: true} }, code: stt.Unauthenticated},
		{name: "account gone", change: func(r *rows, k *store.APIKey) { k.Account = "999999999999" }, code: stt.Unauthenticated},
		{name: "user disabled", change: func(r *rows, k *store.APIKey) { k.User, r.users["u"] = "u", store.User{Disabled: true} }, code: stt.Unauthenticated},
		{name: "user gone", change: func(_ *rows, k *store.APIKey) { k.User = "u" }, code: stt.Unauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRows()
				r.addAPIKey(token, func(k *store.APIKey) {
					if c.change != nil {
						c.change(r, k)
					}
				})
				k := open(t, r, Options{})
				presented := token
				if c.presented != "" {
					presented = c.presented
				}
				for range 2 { // cold, and known
					g, err := k.APIKey(t.Context(), presented, auth.Origin{Remote: remote})
					if stt.CodeOf(err) != c.code || err == nil && (g.Principal.KeyID != "EAPI"+token[:8] || g.Principal.Account != account) {
						t.Errorf("%+v, %v; want %v", g, err, c.code)
					}
					if err != nil && len(presented) > 3 && strings.Contains(err.Error(), presented[:min(len(presented), 20)]) {
						t.Errorf("%v shows the key", err)
					}
				}
			})
		})
	}
}

func TestPermits(t *testing.T) {
	bound := Grant{Models: []string{"small"}, Operations: []string{"listen"}, Origins: []string{"https://app.example.com", "https://*.example.org:8443", "http://localhost"}}
	for _, c := range []struct {
		operation, model, origin string
		want                     string // empty: permitted
	}{
		{"listen", "small", "https://app.example.com", ""},
		{"listen", "small", "https://app.example.com:443", ""},
		{"listen", "small", "HTTPS://APP.example.com", ""},
		{"listen", "small", "https://a.example.org:8443", ""},
		{"listen", "small", "http://localhost:80", ""},
		{"listen", "large", "https://app.example.com", "model"},
		{"listen", "", "https://app.example.com", ""}, // what has nothing to do with models
		{"speak", "small", "https://app.example.com", "operation"},
		{"listen", "small", "", "web page"},
		{"listen", "small", "null", "web page"},
		{"listen", "small", "https://app.example.com.evil.example", "web page"},
		{"listen", "small", "https://evil.example#https://app.example.com", "web page"},
		{"listen", "small", "https://app.example.com#", "web page"},
		{"listen", "small", "https://app.example.com?", "web page"},
		{"listen", "small", "https://app.example.com/", "web page"},
		{"listen", "small", "https://x@app.example.com", "web page"},
		{"listen", "small", "http://app.example.com", "web page"},
		{"listen", "small", "https://app.example.com:444", "web page"},
		{"listen", "small", "https://example.org:8443", "web page"},
		{"listen", "small", "https://a.example.org", "web page"},
		{"listen", "small", "https://evilexample.org:8443", "web page"},
		{"listen", "small", "https://*.example.org:8443", ""}, // no browser sends it, and it is within
	} {
		err := bound.Permits(c.operation, c.model, c.origin)
		if (c.want == "") != (err == nil) || err != nil && (stt.CodeOf(err) != stt.Denied || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (Grant{}).Permits("anything", "at all", ""); err != nil {
		t.Error(err)
	}
}

// Wrong keys are soon refused with the time to wait; a good one is let in from the same address all the same, known or not.
func TestGuessingAPIKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.addAPIKey(token, nil)
		k := open(t, r, Options{Throttle: NewThrottle()})
		if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote}); err != nil {
			t.Fatal(err)
		}
		refused := 0
		for i := range 1000 {
			_, err := k.APIKey(t.Context(), fmt.Sprint("esk_guess", i), auth.Origin{Remote: remote})
			switch stt.CodeOf(err) {
			case stt.Quota:
				refused++
				if e := stt.AsError(err); e.RetryAfter <= 0 || e.RetryAfter > time.Minute {
					t.Fatalf("wait %v", e.RetryAfter)
				}
			case stt.Unauthenticated:
			default:
				t.Fatal(err)
			}
			if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote}); err != nil {
				t.Fatalf("the right key: %v", err)
			}
		}
		if refused < 900 {
			t.Errorf("%d were refused", refused)
		}
		const other = "esk_234567abcdefghijklmnopqrstuvwxyz"
		r.change(func() { r.addAPIKey(other, nil) })
		if _, err := k.APIKey(t.Context(), other, auth.Origin{Remote: remote}); err != nil {
			t.Errorf("another good key, which has not been here before: %v", err)
		}
		if _, err := k.APIKey(t.Context(), "esk_guess", auth.Origin{Remote: "198.51.100.1:1"}); stt.CodeOf(err) != stt.Unauthenticated {
			t.Errorf("from elsewhere: %v", err)
		}
	})
}

// For addresses that have guessed the store is asked for few keys at a time; others do not wait for them.
func TestGuessesLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.addAPIKey(token, nil)
		throttle := NewThrottle()
		k := open(t, r, Options{Throttle: throttle})
		for range freeGuesses {
			throttle.Failed(remote)
		}
		r.set(func() { r.takes = patience })
		asked := r.calls("hash") + r.calls("access key")
		var all sync.WaitGroup
		for i := range 20 * mostDoubted {
			all.Go(func() { // ends with the answer
				guess := fmt.Sprint("esk_guess", i)
				if i%2 == 0 {
					guess = auth.Ticket{Key: fmt.Sprint("guess", i), Expires: time.Now().Add(time.Minute)}.Sign("x")
				}
				if _, err := k.APIKey(t.Context(), guess, auth.Origin{Remote: remote}); err == nil {
					t.Error("a wrong key is let in")
				}
			})
		}
		synctest.Wait()
		if n := r.calls("hash") + r.calls("access key") - asked; n != mostDoubted {
			t.Errorf("the store is asked for %d keys at a time", n)
		}
		r.set(func() { r.takes = 0 })
		began := time.Now()
		if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: "198.51.100.1:1"}); err != nil || time.Since(began) != 0 {
			t.Errorf("from elsewhere: %v, after %v", err, time.Since(began))
		}
		all.Wait()
		gone, leave := context.WithCancel(t.Context())
		leave()
		if k.doubted.take(gone) {
			k.doubted.give() // by chance; but it did not wait
		}
	})
}

// The store learns when an API key was used.
func TestAPIKeyUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.addAPIKey(token, nil)
		k := open(t, r, Options{})
		if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote}); err != nil {
			t.Fatal(err)
		}
		if _, err := k.APIKey(t.Context(), token+"x", auth.Origin{Remote: remote}); err == nil {
			t.Fatal("a wrong key is let in")
		}
		pass(touchEvery + lookEvery)
		if uses := r.uses(); len(uses) != 1 || uses[0].ID != "EAPI"+token[:8] || time.Since(uses[0].At) != touchEvery+lookEvery {
			t.Errorf("told of %+v", uses)
		}
	})
}

// The key of the file is good beside the store, until the store has taken it over.
func TestAPIKeyOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), auth.APIKeyFile)
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := auth.OpenAPIKey(path, auth.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	r := newRows()
	k := open(t, r, Options{Files: Files{APIKey: file, Account: account, Taken: func(id string) bool { return taken[id] }}})
	g, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote})
	if err != nil || g.Principal.KeyID != auth.APIKeyID || g.Principal.Account != account {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := k.APIKey(t.Context(), token+"x", auth.Origin{Remote: remote}); stt.CodeOf(err) != stt.Unauthenticated {
		t.Error(err)
	}
	taken[takenName(token)] = true
	if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote}); stt.CodeOf(err) != stt.Unauthenticated {
		t.Errorf("taken over, and deleted there: %v", err)
	}
}
