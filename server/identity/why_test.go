package identity

import (
	"crypto/sha256"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Why a key lets nobody in is a cause, for logs; what a caller may be told is the same as of a key that there is not.
func TestWhyAKeyIsDisabled(t *testing.T) {
	const parent, token = "ESHKPARENT", "esk_the-token-of-the-test"
	change := func(r *rows, f func(k *store.AccessKey)) { k := r.access[keyID]; f(&k); r.access[keyID] = k }
	for _, c := range []struct {
		name       string
		change     func(r *rows)
		why, ofAPI string // empty: the API key is good
	}{
		{"the key", func(r *rows) { change(r, func(k *store.AccessKey) { k.Disabled = true }) }, auth.KeyDisabled, ""},
		{"the account", func(r *rows) { r.accounts[account] = store.Account{ID: account, Disabled: true} }, auth.AccountDisabled, auth.AccountDisabled},
		{"both", func(r *rows) {
			change(r, func(k *store.AccessKey) { k.Disabled = true })
			r.accounts[account] = store.Account{ID: account, Disabled: true}
		}, auth.KeyDisabled, auth.AccountDisabled},
		{"the user", func(r *rows) {
			r.users["u"] = store.User{ID: "u", Name: "alice", Disabled: true}
			change(r, func(k *store.AccessKey) { k.User = "u" })
			hash := sha256.Sum256([]byte(token))
			k := r.api[hash]
			k.User = "u"
			r.api[hash] = k
		}, auth.UserDisabled, auth.UserDisabled},
		{"the parent", func(r *rows) {
			r.access[parent] = store.AccessKey{ID: parent, Account: account, Disabled: true, Secrets: []store.Secret{{Value: "p"}}}
			change(r, func(k *store.AccessKey) { k.Parent = parent })
		}, auth.ParentDisabled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRows()
				hash := sha256.Sum256([]byte(token))
				r.change(func() {
					r.api[hash] = store.APIKey{ID: apiKeyID, Account: account, Hash: hash}
					c.change(r)
				})
				k := open(t, r, Options{})
				_, err := enter(t.Context(), k, keyID)
				_, unknown := enter(t.Context(), k, strings.Repeat("X", len(keyID)))
				if e := stt.AsError(err); e == nil || e.Err == nil || e.Err.Error() != c.why || strings.ReplaceAll(e.Msg, keyID, strings.Repeat("X", len(keyID))) != stt.AsError(unknown).Msg {
					t.Errorf("%v; want the cause %q and the words of %v", err, c.why, unknown)
				}
				if over := stt.AsError(k.Still(t.Context(), keyID)); over == nil || !strings.HasSuffix(over.Error(), c.why) && c.why != auth.ParentDisabled || strings.Contains(over.Msg, "disabled") {
					t.Errorf("a stream that runs ends with %v", over)
				}
				_, err = k.APIKey(t.Context(), token, auth.Origin{Remote: "192.0.2.1:1"})
				_, wrong := k.APIKey(t.Context(), token+"x", auth.Origin{Remote: "192.0.2.1:1"})
				switch e := stt.AsError(err); {
				case c.ofAPI == "" && err != nil:
					t.Errorf("the API key: %v", err)
				case c.ofAPI != "" && (e == nil || e.Err == nil || e.Err.Error() != c.ofAPI || e.Msg != stt.AsError(wrong).Msg):
					t.Errorf("the API key: %v; want the cause %q and the words of %v", err, c.ofAPI, wrong)
				}
			})
		})
	}
}
