package storetest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// A store that was opened just now answers the same with pieces as without, also where usage came late, of everything that is over and of what is not.
func testUsagePacked(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	start := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) // after the clock
	var batch []store.Usage
	for h := 0; h < 75*24; h += 7 {
		batch = append(batch, store.Usage{Session: "s" + strconv.Itoa(h), Sequence: 1, At: start.Add(time.Duration(h) * time.Hour), Account: "a", Key: "k" + strconv.Itoa(h%5),
			Model: "m" + strconv.Itoa(h%2), Audio: time.Duration(h+1) * time.Second})
	}
	ok(t, w.AddUsage(w.ctx, batch))
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 3))
	for round := range 6 {
		switch round {
		case 1: // two months are over, and half of the third
			w.clock.move(start.AddDate(0, 2, 10).Add(5 * time.Hour).Sub(w.clock.read()))
			ok(t, w.PackUsage(w.ctx))
		case 2, 4: // what is in pieces changes
			late := []store.Usage{{Session: "late" + strconv.Itoa(round), Sequence: 1, At: start.AddDate(0, 1, round), Account: "a", Key: "fresh", Model: "m1", Audio: time.Hour},
				{Session: "late" + strconv.Itoa(round), Sequence: 2, At: start.AddDate(0, 2, 10), Account: "a", Key: "k1", Model: "m1", Audio: time.Minute}}
			ok(t, w.AddUsage(w.ctx, late))
			batch = append(batch, late...)
		case 3, 5:
			ok(t, w.PackUsage(w.ctx))
			ok(t, w.PackUsage(w.ctx))
		}
		cold := open(t, w.url, store.Options{Now: w.clock.read})
		for n := range 6 {
			from := start.AddDate(0, 0, random.IntN(80)-4)
			q := store.UsageQuery{From: from, To: from.Add(time.Duration(random.IntN(80*24)) * time.Hour), By: store.Period(n % 4), Group: []store.Dimension{store.DimKey}}
			if n == 5 {
				q.From, q.To = start, start.AddDate(0, 3, 0)
			}
			same(t, fmt.Sprintf("seed %d, round %d, %s to %s by %d", seed, round, q.From, q.To, q.By), must(cold.UsageRows(w.ctx, q))(t), expected(batch, q))
		}
		q := store.UsageQuery{Group: []store.Dimension{store.DimAccount}, By: store.ByMonth}
		perMonth := expected(batch, store.UsageQuery{By: store.ByMonth, To: start.AddDate(1, 0, 0)})
		for i := range perMonth {
			perMonth[i].Account = "a"
		}
		same(t, fmt.Sprintf("round %d, of accounts", round), must(cold.UsageRows(w.ctx, q))(t), perMonth)
	}
	wantWhole(t, w.Store)
}

// Names are those of accounts and of keys of both kinds, by id and nothing else.
func testNames(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	a := must(w.CreateAccount(w.ctx, by, store.Account{Name: "the account"}))(t)
	k := must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: a.ID, Name: "it's a \"key\" | ü"}))(t)
	api, _, err := w.CreateAPIKey(w.ctx, by, store.APIKey{Account: a.ID, Name: "portal"})
	ok(t, err)
	accounts, keys, err := w.Names(w.ctx, []string{a.ID, "000000000000", k.ID, "the account", "' OR 1=1 --", "\x00"}, []string{api.ID, k.ID, a.ID, "portal"})
	ok(t, err)
	same(t, "accounts", accounts, map[string]string{a.ID: a.Name})
	same(t, "keys", keys, map[string]string{k.ID: k.Name, api.ID: "portal"})
	accounts, keys, err = w.Names(w.ctx, nil, nil)
	ok(t, err)
	same(t, "of none", len(accounts)+len(keys), 0)
}
