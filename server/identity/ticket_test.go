package identity

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// A ticket speaks for the access key that it was made with: for streams, for a page, for a while.
func TestTicket(t *testing.T) {
	const own, page = "console-ESSN", "https://speech.example.com"
	for _, c := range []struct {
		name   string
		change func(r *rows, t *auth.Ticket)
		secret string
		code   stt.Code
	}{
		{name: "good"},
		{name: "another secret", secret: "x", code: stt.Unauthenticated},
		{name: "another key", change: func(_ *rows, t *auth.Ticket) { t.Key = keyID }, code: stt.Unauthenticated},
		{name: "no key", change: func(_ *rows, t *auth.Ticket) { t.Key = "nobody" }, code: stt.Unauthenticated},
		{name: "expired", change: func(_ *rows, t *auth.Ticket) { t.Expires = time.Now() }, code: stt.Expired},
		{name: "key expired", change: func(r *rows, _ *auth.Ticket) { edit(r, own, func(k *store.AccessKey) { k.Expires = time.Now() }) }, code: stt.Expired},
		{name: "key disabled", change: func(r *rows, _ *auth.Ticket) { edit(r, own, func(k *store.AccessKey) { k.Disabled = true }) }, code: stt.Unauthenticated},
		{name: "the console's key disabled", change: func(r *rows, _ *auth.Ticket) { edit(r, keyID, func(k *store.AccessKey) { k.Disabled = true }) }, code: stt.Unauthenticated},
		{name: "user disabled", change: func(r *rows, _ *auth.Ticket) { r.users["u"] = store.User{Name: "alice", Disabled: true} }, code: stt.Unauthenticated},
		{name: "account disabled", change: func(r *rows, _ *auth.Ticket) { r.accounts[account] = store.Account{Disabled: true} }, code: stt.Unauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRows()
				r.users["u"] = store.User{ID: "u", Name: "alice"}
				r.access[own] = store.AccessKey{ID: own, Account: account, User: "u", Name: "console", Parent: keyID, Expires: time.Now().Add(time.Hour), TokenHash: make([]byte, 32),
					Secrets: []store.Secret{{Value: "its secret"}}}
				ticket := auth.Ticket{Key: own, Expires: time.Now().Add(time.Minute), Origin: page}
				if c.change != nil {
					c.change(r, &ticket)
				}
				throttle := NewThrottle()
				k := New(r, Options{Throttle: throttle})
				defer k.Close()
				with := "its secret"
				if c.secret != "" {
					with = c.secret
				}
				g, err := k.APIKey(t.Context(), ticket.Sign(with), remote)
				if stt.CodeOf(err) != c.code {
					t.Fatalf("%v, expected %v", err, c.code)
				}
				if guessed := throttle.count[network(remote)].n; (guessed > 0) != (c.code == stt.Unauthenticated) {
					t.Errorf("%v guesses were counted", guessed)
				}
				if err != nil {
					return
				}
				if p := g.Principal; p.KeyID != own || p.Parent != keyID || p.Account != account || p.User != "alice" || !p.Temporary {
					t.Errorf("it speaks for %+v", p)
				}
				for _, may := range []struct {
					operation, origin string
					ok                bool
				}{{TicketOperation, page, true}, {TicketOperation, "https://evil.example", false}, {TicketOperation, "", false}, {"transcribe", page, false}} {
					if err := g.Permits(may.operation, "m", may.origin); (err == nil) != may.ok {
						t.Errorf("%s from %q: %v", may.operation, may.origin, err)
					}
				}
			})
		})
	}
}

func edit(r *rows, id string, change func(*store.AccessKey)) {
	k := r.access[id]
	change(&k)
	r.access[id] = k
}
