package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Changes at the same time happen one after the other: none is lost, and each has its revision and its entry in the audit log.
func testConcurrentChanges(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	stores := []*store.Store{w.Store, open(t, w.url, store.Options{Now: w.clock.read, Master: w.master})}
	before := w.revision()
	const workers, rounds = 6, 4
	var tasks sync.WaitGroup
	for n := range workers {
		tasks.Go(func() { // owned by the test, which waits for it
			s := stores[n%2]
			for i := range rounds {
				_, err := s.UpdateAccount(w.ctx, by, w.account.ID, func(a *store.Account) error { a.Limits.Streams++; return nil })
				if err != nil {
					t.Error(err)
				}
				if _, err := s.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: fmt.Sprintf("%d-%d", n, i)}); err != nil {
					t.Error(err)
				}
				if _, _, err := s.AccessKeys(w.ctx, store.KeyFilter{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	// All want the same name: one gets it.
	winners := make(chan string, workers)
	for range workers {
		tasks.Go(func() { // owned by the test, which waits for it
			a, err := w.CreateAccount(w.ctx, by, store.Account{Name: "wanted"})
			if err == nil {
				winners <- a.ID
			} else {
				wantCode(t, err, stt.Conflict, "a name that another was faster to get")
			}
		})
	}
	tasks.Wait()
	same(t, "who got the name", len(winners), 1)
	same(t, "additions", must(w.Account(w.ctx, w.account.ID))(t).Limits.Streams, workers*rounds)
	same(t, "revision", w.revision(), before+2*workers*rounds+1)
	list, _, err := w.Audit(w.ctx, store.AuditFilter{Page: store.Page{Max: 1000}})
	ok(t, err)
	for i, e := range list {
		same(t, "revision of an entry", e.Revision, w.revision()-int64(i))
	}
	wantWhole(t, w.Store)
}

// What one store does, another on the same database sees at once.
func testTwoStores(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	other := open(t, w.url, store.Options{Master: w.master, Now: w.clock.read})
	key := w.newKey("k")
	same(t, "a key made elsewhere", must(other.AccessKey(w.ctx, key.ID))(t), key)
	same(t, "revision", must(other.Revision(w.ctx))(t), w.revision())
	must(other.UpdateAccessKey(w.ctx, by, key.ID, func(k *store.AccessKey) error { k.Disabled = true; return nil }))(t)
	if !must(w.AccessKey(w.ctx, key.ID))(t).Disabled {
		t.Error("expected a key disabled elsewhere to be disabled here")
	}
}

// A new database that many open at the same moment is made once.
func testOpenedAtOnce(t *testing.T, fresh func(testing.TB) string) {
	url, master := fresh(t), store.NewMaster()
	const n = 6
	var tasks sync.WaitGroup
	for i := range n {
		tasks.Go(func() { // owned by the test, which waits for it
			s, err := store.Open(t.Context(), url, store.Options{Master: master})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.CreateAccount(t.Context(), by, store.Account{Name: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	tasks.Wait()
	s := open(t, url, store.Options{Master: master})
	same(t, "revision", must(s.Revision(t.Context()))(t), int64(n))
	wantWhole(t, s)
}
