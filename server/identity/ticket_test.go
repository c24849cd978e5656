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
	const own, parent, page = auth.ConsoleKey + "ESSN", auth.ConsoleKey + account, "https://speech.example.com"
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
		{name: "the console's key disabled", change: func(r *rows, _ *auth.Ticket) { edit(r, parent, func(k *store.AccessKey) { k.Disabled = true }) }, code: stt.Unauthenticated},
		// Whoever has the secret of another key can sign a ticket, and would need no session token then.
		{name: "made by a caller", change: func(r *rows, t *auth.Ticket) {
			t.Key = keyID
			edit(r, keyID, func(k *store.AccessKey) { k.Secrets = []store.Secret{{Value: "its secret"}} })
		}, code: stt.Unauthenticated},
		{name: "made with temporary credentials", change: func(r *rows, _ *auth.Ticket) { edit(r, own, func(k *store.AccessKey) { k.Parent = keyID }) }, code: stt.Unauthenticated},
		{name: "with the account's key itself", change: func(r *rows, t *auth.Ticket) {
			t.Key = parent
			edit(r, parent, func(k *store.AccessKey) { k.Secrets = []store.Secret{{Value: "its secret"}} })
		}, code: stt.Unauthenticated},
		{name: "of another account's console", change: func(r *rows, _ *auth.Ticket) {
			edit(r, own, func(k *store.AccessKey) { k.Account = "999900001111" })
			r.accounts["999900001111"] = store.Account{}
		}, code: stt.Unauthenticated},
		{name: "for years", change: func(_ *rows, t *auth.Ticket) { t.Expires = time.Now().Add(time.Hour) }, code: stt.Unauthenticated},
		{name: "a policy that has no streams", change: func(r *rows, _ *auth.Ticket) {
			edit(r, parent, policyOf(`"Allow","Action":"transcribe:ListVocabularies","Resource":"*"`))
		}, code: stt.Denied},
		{name: "a policy for TLS", change: func(r *rows, _ *auth.Ticket) {
			edit(r, own, policyOf(`"Allow","Action":"transcribe:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}`))
		}},
		{name: "a policy for another network", change: func(r *rows, _ *auth.Ticket) {
			edit(r, parent, policyOf(`"Allow","Action":"transcribe:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`))
		}, code: stt.Denied},
		{name: "user disabled", change: func(r *rows, _ *auth.Ticket) { r.users["u"] = store.User{Name: "alice", Disabled: true} }, code: stt.Unauthenticated},
		{name: "account disabled", change: func(r *rows, _ *auth.Ticket) { r.accounts[account] = store.Account{Disabled: true} }, code: stt.Unauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRows()
				r.users["u"] = store.User{ID: "u", Name: "alice"}
				r.access[parent] = store.AccessKey{ID: parent, Account: account, Name: "console", Secrets: []store.Secret{{Value: "nobody knows"}}}
				r.access[own] = store.AccessKey{ID: own, Account: account, User: "u", Name: "console", Parent: parent, Expires: time.Now().Add(time.Hour), TokenHash: make([]byte, 32),
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
				g, err := k.APIKey(t.Context(), ticket.Sign(with), auth.Origin{Remote: remote, Secure: true})
				if stt.CodeOf(err) != c.code {
					t.Fatalf("%v, expected %v", err, c.code)
				}
				if guessed := throttle.count[network(remote)].n; (guessed > 0) != (c.code == stt.Unauthenticated) {
					t.Errorf("%v guesses were counted", guessed)
				}
				if err != nil {
					return
				}
				if p := g.Principal; p.KeyID != own || p.Parent != parent || p.Account != account || p.User != "alice" || !p.Temporary {
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

// policyOf gives a key a policy of one statement.
func policyOf(effect string) func(*store.AccessKey) {
	return func(k *store.AccessKey) { k.Policy = `{"Version":"2012-10-17","Statement":{"Effect":` + effect + `}}` }
}

func edit(r *rows, id string, change func(*store.AccessKey)) {
	k := r.access[id]
	change(&k)
	r.access[id] = k
}
