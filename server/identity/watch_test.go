package identity

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// open sessions, which end when they are told to.
type streams struct {
	mu    sync.Mutex // guards all below
	live  []session.Live
	ended map[string]error
}

func newStreams(callers ...string) *streams {
	s := &streams{ended: map[string]error{}}
	for _, id := range callers {
		s.live = append(s.live, session.Live{Serial: "of " + id, Request: &session.Request{Caller: id, Account: account}})
	}
	return s
}

func (s *streams) Sessions() []session.Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]session.Live(nil), s.live...)
}

func (s *streams) End(serial string, why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.live {
		if s.live[i].Serial == serial && !s.live[i].Ending {
			s.live[i].Ending, s.ended[serial] = true, why
			return true
		}
	}
	return false
}

// why returns the code with which the stream of a caller was ended; 0: it goes on.
func (s *streams) why(caller string) stt.Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	return stt.CodeOf(s.ended["of "+caller])
}

const (
	apiKeyID = "EAPI" + "esk_abcd"
	derived  = "ESHKBBBBBBBBBBBBBBBB"
)

// Whatever the protocol, and though nothing is sent: a stream ends when its key is not good any more.
func TestWatch(t *testing.T) {
	disable := func(r *rows) {
		r.access[keyID] = store.AccessKey{ID: keyID, Account: account, Secrets: []store.Secret{{Value: secret}}, Disabled: true}
	}
	for _, c := range []struct {
		name            string
		change          func(r *rows)
		key, api, child stt.Code // with what the streams of each end
	}{
		{"nothing", func(*rows) {}, 0, 0, 0},
		{"key disabled", disable, stt.Unauthenticated, 0, stt.Unauthenticated},
		{"key deleted", func(r *rows) { delete(r.access, keyID); delete(r.access, derived) }, stt.Unauthenticated, 0, stt.Unauthenticated},
		{"key has ended", func(r *rows) {
			r.access[keyID] = store.AccessKey{ID: keyID, Account: account, Secrets: []store.Secret{{Value: secret}}, Expires: time.Now()}
		}, stt.Expired, 0, stt.Expired},
		{"secret has ended", func(r *rows) {
			r.access[keyID] = store.AccessKey{ID: keyID, Account: account, Secrets: []store.Secret{{Value: secret, Expires: time.Now()}}}
		}, stt.Unauthenticated, 0, stt.Unauthenticated},
		{"temporary credentials have ended", func(r *rows) {
			k := r.access[derived]
			k.Expires = time.Now()
			r.access[derived] = k
		}, 0, 0, 0},
		{"API key disabled", func(r *rows) { r.addAPIKey(token, func(k *store.APIKey) { k.Disabled = true }) }, 0, stt.Unauthenticated, 0},
		{"API key deleted", func(r *rows) { delete(r.api, sha256.Sum256([]byte(token))) }, 0, stt.Unauthenticated, 0},
		{"API key has ended", func(r *rows) { r.addAPIKey(token, func(k *store.APIKey) { k.Expires = time.Now() }) }, 0, stt.Expired, 0},
		{"user of the API key disabled", func(r *rows) {
			r.users["u"] = store.User{ID: "u", Disabled: true}
			r.addAPIKey(token, func(k *store.APIKey) { k.User = "u" })
		}, 0, stt.Unauthenticated, 0},
		{"account disabled", func(r *rows) { r.accounts[account] = store.Account{ID: account, Disabled: true} }, stt.Unauthenticated, stt.Unauthenticated, stt.Unauthenticated},
		{"account gone", func(r *rows) { delete(r.accounts, account) }, stt.Unauthenticated, stt.Unauthenticated, stt.Unauthenticated},
		{"store gone", func(r *rows) { r.down = errDown }, 0, 0, 0},
		{"store gone for long, after a change", func(r *rows) { disable(r); r.down = errDown }, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, known := range []bool{true, false} { // a stream of a server that has looked the key up, and has forgotten it
				synctest.Test(t, func(t *testing.T) {
					r := newRows()
					r.addAPIKey(token, nil)
					r.access[derived] = store.AccessKey{ID: derived, Account: account, Parent: keyID, Secrets: []store.Secret{{Value: secret}}, Expires: time.Now().Add(time.Hour)}
					k := open(t, r, Options{})
					synctest.Wait()
					if known {
						for _, id := range []string{keyID, derived} {
							if _, err := k.AccessKey(t.Context(), id); err != nil {
								t.Fatal(err)
							}
						}
						if _, err := k.APIKey(t.Context(), token, auth.Origin{Remote: remote}); err != nil {
							t.Fatal(err)
						}
					}
					open := newStreams(keyID, apiKeyID, derived, auth.APIKeyID, "")
					ctx, stop := context.WithCancel(t.Context())
					watching := make(chan struct{})
					go func() { // ends with ctx
						defer close(watching)
						k.Watch(ctx, open)
					}()
					r.change(func() { c.change(r) })
					pass(lookEvery + watchEvery + time.Millisecond)
					for id, want := range map[string]stt.Code{keyID: c.key, apiKeyID: c.api, derived: c.child, auth.APIKeyID: 0, "": 0} {
						if got := open.why(id); got != want {
							t.Errorf("known %v: the stream of %q was ended with %v, want %v", known, id, got, want)
						}
					}
					stop()
					<-watching
				})
			}
		})
	}
}

// A key that stands in a file alone goes when it is taken out of the file.
func TestWatchFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := auth.Static{"FILE": secret}
		k := open(t, newRows(), Options{Files: Files{Keys: file, Taken: func(string) bool { return false }}})
		if err := k.Still(t.Context(), "FILE"); err != nil {
			t.Error(err)
		}
		if err := k.Still(t.Context(), "GONE"); stt.CodeOf(err) != stt.Unauthenticated {
			t.Error(err)
		}
	})
}

// While the store cannot be reached nobody can say that it does not have a key: that is no wrong one.
func TestFilesWhileStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		r.set(func() { r.down = errDown })
		file := auth.Static{"FILE": secret, "TAKEN": secret}
		k := open(t, r, Options{Files: Files{Keys: file, Taken: func(id string) bool { return id == "TAKEN" }}})
		for id, want := range map[string]stt.Code{"FILE": 0, "TAKEN": stt.Unavailable, keyID: stt.Unavailable} {
			if _, err := k.AccessKey(t.Context(), id); stt.CodeOf(err) != want {
				t.Errorf("%s: %v, want %v", id, err, want)
			}
		}
	})
}

// All streams of a key cost one look.
func TestWatchAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows()
		k := open(t, r, Options{})
		open := newStreams()
		for range 1000 {
			open.live = append(open.live, newStreams(keyID).live...)
		}
		synctest.Wait()
		for range 3 {
			k.endOver(t.Context(), open)
		}
		if n := r.calls("access key"); n != 1 {
			t.Errorf("the store was asked %d times", n)
		}
	})
}
