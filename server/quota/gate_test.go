package quota_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// book says which limits there are. It implements quota.Source.
type book struct {
	mu       sync.Mutex // guards all below
	keys     map[string]store.Limits
	accounts map[string]store.Limits
	err      error
}

func (b *book) Limits(_ context.Context, account, key string) (quota.Limits, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return quota.Limits{Account: b.accounts[account], Key: b.keys[key]}, b.err
}

func (b *book) set(change func(b *book)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func of(account, key string) *session.Request {
	return &session.Request{Account: account, Caller: key}
}

func wantCode(t testing.TB, err error, code stt.Code, texts ...string) {
	t.Helper()
	if stt.CodeOf(err) != code {
		t.Errorf("got %v (%v), expected code %v", err, stt.CodeOf(err), code)
		return
	}
	for _, text := range texts {
		if err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("got %q, expected it to say %q", err, text)
		}
	}
}

// Streams at a time, for keys, accounts and the server: each line is who comes in that order, and what becomes of them.
func TestStreams(t *testing.T) {
	const fine = stt.Code(0)
	type guest struct {
		account, key string
		code         stt.Code
		text         string
	}
	crowded := func(n int, noun string) string { return fmt.Sprintf("the %s has %d stream", noun, n) }
	for _, c := range []struct {
		name     string
		options  quota.Options
		accounts map[string]store.Limits
		keys     map[string]store.Limits
		guests   []guest
	}{
		{"no limits", quota.Options{}, nil, nil, []guest{{"a", "k", fine, ""}, {"a", "k", fine, ""}, {"", "", fine, ""}}},
		{"of an account by default", quota.Options{Each: 2}, nil, nil, []guest{
			{"a", "k", fine, ""}, {"a", "l", fine, ""}, {"a", "m", stt.Quota, crowded(2, "account")}, {"b", "n", fine, ""}}},
		{"of a key that has no account", quota.Options{Each: 1}, nil, nil, []guest{
			{"", "k", fine, ""}, {"", "k", stt.Quota, "the account has 1 stream open, which is as many as it may have at a time; end one, or try again later"}, {"", "l", fine, ""}}},
		{"of the server", quota.Options{Streams: 2}, nil, nil, []guest{
			{"a", "k", fine, ""}, {"b", "l", fine, ""}, {"c", "m", stt.Exhausted, "all 2 streams that this server allows at a time are in use; try again"}}},
		{"who has enough of his own hears so in a full server", quota.Options{Streams: 2, Each: 2}, nil, nil, []guest{
			{"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "k", stt.Quota, "account"}, {"b", "l", stt.Exhausted, ""}}},
		{"the account's own counts instead of the default", quota.Options{Each: 1}, map[string]store.Limits{"a": {Streams: 3}}, nil, []guest{
			{"a", "k", fine, ""}, {"a", "l", fine, ""}, {"a", "k", fine, ""}, {"a", "k", stt.Quota, crowded(3, "account")}, {"b", "m", fine, ""}, {"b", "m", stt.Quota, crowded(1, "account")}}},
		{"the key's own counts instead of the default", quota.Options{Each: 2}, nil, map[string]store.Limits{"k": {Streams: 3}}, []guest{
			{"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "k", stt.Quota, crowded(3, "key")}}},
		{"a key with its own takes no place from the others", quota.Options{Each: 2}, nil, map[string]store.Limits{"k": {Streams: 3}}, []guest{
			{"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "k", stt.Quota, crowded(3, "key")}, {"a", "l", fine, ""}, {"a", "m", fine, ""}, {"a", "l", stt.Quota, crowded(2, "account")}}},
		{"the account's own counts all", quota.Options{Each: 9}, map[string]store.Limits{"a": {Streams: 3}}, map[string]store.Limits{"k": {Streams: 2}}, []guest{
			{"a", "k", fine, ""}, {"a", "k", fine, ""}, {"a", "l", fine, ""}, {"a", "l", stt.Quota, crowded(3, "account")}}},
		{"the key's own within the account's own", quota.Options{}, map[string]store.Limits{"a": {Streams: 2}}, map[string]store.Limits{"k": {Streams: 1}}, []guest{
			{"a", "k", fine, ""}, {"a", "k", stt.Quota, crowded(1, "key")}, {"a", "l", fine, ""}, {"a", "l", stt.Quota, crowded(2, "account")}}},
		{"a key named like an account is not the account", quota.Options{}, map[string]store.Limits{"x": {Streams: 1}}, map[string]store.Limits{"x": {Streams: 1}}, []guest{
			{"x", "k", fine, ""}, {"y", "x", fine, ""}, {"x", "k", stt.Quota, "account"}, {"y", "x", stt.Quota, "key"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Limits = &book{accounts: c.accounts, keys: c.keys}
			g := quota.New(c.options)
			var release []func()
			for round := range 2 {
				for i, who := range c.guests {
					leave, err := g.Admit(t.Context(), of(who.account, who.key))
					wantCode(t, err, who.code, who.text)
					if (leave == nil) == (err == nil) {
						t.Fatalf("guest %d: a place and an error, or neither", i)
					}
					if e := stt.AsError(err); e != nil && e.RetryAfter <= 0 {
						t.Errorf("guest %d does not hear when to come again", i)
					}
					if leave != nil {
						release = append(release, leave)
					}
				}
				for _, leave := range release {
					leave()
					leave() // once is enough
				}
				if t.Failed() {
					t.Fatalf("in round %d", round)
				}
			}
		})
	}
}

// A limit that changes counts at once, for who comes next.
func TestLimitsChange(t *testing.T) {
	b := &book{keys: map[string]store.Limits{"k": {Streams: 1}}}
	g := quota.New(quota.Options{Limits: b})
	admit := func(code stt.Code) {
		t.Helper()
		_, err := g.Admit(t.Context(), of("a", "k"))
		wantCode(t, err, code)
	}
	admit(0)
	admit(stt.Quota)
	b.set(func(b *book) { b.keys["k"] = store.Limits{Streams: 3} })
	admit(0)
	admit(0)
	b.set(func(b *book) { b.keys["k"] = store.Limits{Streams: 2} })
	admit(stt.Quota)
	b.set(func(b *book) { b.keys["k"] = store.Limits{} })
	admit(0)
	b.set(func(b *book) { b.err = stt.Errorf(stt.Unavailable, "no database") })
	admit(stt.Unavailable)
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits store.Limits
		at     []time.Duration // when requests come
		wait   []time.Duration // what they are told; 0: they are served
	}{
		{"none", store.Limits{Burst: 1}, []time.Duration{0, 0, 0}, []time.Duration{0, 0, 0}},
		{"one a second", store.Limits{Rate: 1}, []time.Duration{0, 0, 400 * time.Millisecond, time.Second, time.Second},
			[]time.Duration{0, time.Second, 600 * time.Millisecond, 0, time.Second}},
		{"a burst", store.Limits{Rate: 2, Burst: 3}, []time.Duration{0, 0, 0, 0, 500 * time.Millisecond, 500 * time.Millisecond, 10 * time.Second, 10 * time.Second, 10 * time.Second, 10 * time.Second},
			[]time.Duration{0, 0, 0, 500 * time.Millisecond, 0, 500 * time.Millisecond, 0, 0, 0, 500 * time.Millisecond}},
		{"as many at once as in a second", store.Limits{Rate: 2.5}, []time.Duration{0, 0, 0, 0}, []time.Duration{0, 0, 0, 400 * time.Millisecond}},
		{"one in ten seconds", store.Limits{Rate: 0.1}, []time.Duration{0, time.Second}, []time.Duration{0, 9 * time.Second}},
		{"hardly ever", store.Limits{Rate: 1e-9}, []time.Duration{0, time.Second}, []time.Duration{0, 24 * time.Hour}},
	} {
		for _, whose := range []string{"key", "account"} {
			t.Run(c.name+" of the "+whose, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := &book{keys: map[string]store.Limits{}, accounts: map[string]store.Limits{}}
					if whose == "key" {
						b.keys["k"] = c.limits
					} else {
						b.accounts["a"] = c.limits
					}
					g := quota.New(quota.Options{Limits: b})
					began := time.Now()
					for i, at := range c.at {
						<-time.After(at - time.Since(began))
						var err error
						if i%2 == 0 { // streams and other requests come out of the same bucket
							_, err = g.Admit(t.Context(), of("a", "k"))
						} else {
							err = g.Request(t.Context(), "a", "k")
						}
						if c.wait[i] == 0 {
							wantCode(t, err, 0)
							continue
						}
						wantCode(t, err, stt.Quota, "the "+whose+" sends more than", "a second")
						if e := stt.AsError(err); e != nil && (e.RetryAfter-c.wait[i]).Abs() > time.Millisecond {
							t.Errorf("request %d shall wait for %v, expected %v", i, e.RetryAfter, c.wait[i])
						}
					}
				})
			})
		}
	}
}

// What the account refuses is not taken out of the key's bucket.
func TestRefusedRequestCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{keys: map[string]store.Limits{"k": {Rate: 0.001, Burst: 2}}, accounts: map[string]store.Limits{"a": {Rate: 1}}}
		g := quota.New(quota.Options{Limits: b})
		wantCode(t, g.Request(t.Context(), "a", "k"), 0)
		for range 5 {
			wantCode(t, g.Request(t.Context(), "a", "k"), stt.Quota, "the account sends more than 1 request a second; try again in 1s")
		}
		<-time.After(time.Second)
		wantCode(t, g.Request(t.Context(), "a", "k"), 0)
		<-time.After(time.Second)
		wantCode(t, g.Request(t.Context(), "a", "k"), stt.Quota, "the key sends more than 0.001 requests a second")
	})
}

// However requests come, no more are served than the bucket holds and the rate gives, and one who waits as told is served.
func TestRateProperty(t *testing.T) {
	for range 20 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		synctest.Test(t, func(t *testing.T) {
			l := store.Limits{Rate: 0.1 + r.Float64()*20, Burst: r.IntN(10)}
			g := quota.New(quota.Options{Limits: &book{keys: map[string]store.Limits{"k": l}}})
			most := float64(max(l.Burst, 1))
			if l.Burst == 0 {
				most = l.Rate + 1
			}
			began, served := time.Now(), 0.0
			for range 300 {
				<-time.After(time.Duration(r.Int64N(int64(500 * time.Millisecond))))
				err := g.Request(t.Context(), "", "k")
				if err == nil {
					served++
				} else if r.IntN(3) == 0 {
					<-time.After(stt.AsError(err).RetryAfter)
					if err := g.Request(t.Context(), "", "k"); err != nil {
						t.Fatalf("waited as told, and yet %v (seed %d)", err, seed)
					}
					served++
				}
				if allowed := most + l.Rate*time.Since(began).Seconds() + 1e-6; served > allowed {
					t.Fatalf("served %v, allowed %v with %+v (seed %d)", served, allowed, l, seed)
				}
			}
		})
	}
}

// However many come and go at once, the limit holds, and in the end everybody has left.
func TestStreamsProperty(t *testing.T) {
	const most = 5
	g := quota.New(quota.Options{Streams: 2 * most, Each: most})
	var all sync.WaitGroup // of this test, which waits for it
	for i := range 16 {
		all.Go(func() {
			for range 500 {
				account := fmt.Sprint("a", i%3)
				leave, err := g.Admit(t.Context(), of(account, "k"))
				if ofAccount, _ := g.Used(account, "k"); ofAccount.Streams > most {
					t.Errorf("%d streams of an account that may have %d", ofAccount.Streams, most)
				}
				if err == nil {
					leave()
				}
			}
		})
	}
	all.Wait()
	for i := range 3 {
		if ofAccount, ofKey := g.Used(fmt.Sprint("a", i), "k"); ofAccount.Streams != 0 || ofKey.Streams != 0 {
			t.Errorf("%+v and %+v are left", ofAccount, ofKey)
		}
	}
}

var errDown = errors.New("the database is down")

// logged returns a log and what was written into it.
func logged() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, nil)), &text
}
