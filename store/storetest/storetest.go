package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Run holds the store to its promises. fresh makes an empty database and returns its address for [store.Open]; it may skip the test.
func Run(t *testing.T, fresh func(testing.TB) string) {
	for _, c := range []struct {
		name string
		test func(*testing.T, func(testing.TB) string)
	}{
		{"accounts", testAccounts},
		{"users", testUsers},
		{"access keys", testAccessKeys},
		{"temporary keys", testTemporaryKeys},
		{"rotation", testRotation},
		{"API keys", testAPIKeys},
		{"administrators' tokens", testAdminTokens},
		{"touch", testTouch},
		{"temporary or not", testTemporaryFilter},
		{"sessions of the console", testConsoleSessions},
		{"sessions of the console end", testConsoleSessionsEnd},
		{"sessions of the console are few", testConsoleSessionsBound},
		{"links to the console", testConsoleLinks},
		{"notes", testConsoleNotes},
		{"resources", testResources},
		{"keys' revision", testKeysRevision},
		{"audit log forgets", testForgetAudit},
		{"prices", testPrices},
		{"audit", testAudit},
		{"pages", testPages},
		{"hostile text", testHostileText},
		{"hostile pages", testHostilePages},
		{"bounds", testBounds},
		{"updates that fail", testFailedUpdates},
		{"secrets stay hidden", testHidden},
		{"nothing secret at rest", testAtRest},
		{"usage", testUsage},
		{"usage adds once", testUsageOnce},
		{"usage by period", testUsagePeriods},
		{"usage in pieces", testUsagePacked},
		{"top of usage", testUsageTop},
		{"names", testNames},
		{"usage in any order", testUsageProperty},
		{"usage of many at once", testUsageConcurrent},
		{"sessions are forgotten", testForget},
		{"changes at once", testConcurrentChanges},
		{"two stores", testTwoStores},
		{"opened at once", testOpenedAtOnce},
		{"master key", testMaster},
		{"master key rotated", testRotateMaster},
		{"sealed in place", testSealedInPlace},
		{"backup", testBackup},
		{"hostile backups", testHostileBackups},
		{"check", testCheck},
		{"contexts", testContexts},
		{"closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh) })
	}
}

// by makes all changes.
var by = store.Actor{Name: "tester", Remote: "192.0.2.1"}

// begin is when the clock of a test begins.
var begin = time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func newClock() *clock { return &clock{now: begin} }

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// open opens a database until the end of the test.
func open(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// world is a store with an account.
type world struct {
	*store.Store
	t       testing.TB
	ctx     context.Context
	url     string
	clock   *clock
	master  *store.Master
	account store.Account
}

func newWorld(t testing.TB, fresh func(testing.TB) string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), url: fresh(t), clock: newClock(), master: store.NewMaster()}
	w.Store = open(t, w.url, store.Options{Master: w.master, Now: w.clock.read})
	w.account = w.newAccount("main")
	return w
}

func (w *world) newAccount(name string) store.Account {
	w.t.Helper()
	return must(w.CreateAccount(w.ctx, by, store.Account{Name: name}))(w.t)
}

func (w *world) newUser(name string) store.User {
	w.t.Helper()
	return must(w.CreateUser(w.ctx, by, store.User{Account: w.account.ID, Name: name}))(w.t)
}

func (w *world) newKey(name string) store.AccessKey {
	w.t.Helper()
	return must(w.CreateAccessKey(w.ctx, by, store.AccessKey{Account: w.account.ID, Name: name}))(w.t)
}

// revision returns the revision, which cannot fail.
func (w *world) revision() int64 {
	w.t.Helper()
	return must(w.Revision(w.ctx))(w.t)
}

// must returns what a call returned, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ok ends the test if there is an error.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks that there is an error of the only kind there may be, with a code.
func wantCode(t testing.TB, err error, code stt.Code, what string) {
	t.Helper()
	e := (*stt.Error)(nil)
	switch {
	case err == nil:
		t.Errorf("%s: expected the code %s; got no error", what, code)
	case !errors.As(err, &e):
		t.Errorf("%s: expected an *stt.Error; got %T: %v", what, err, err)
	case e.Code != code:
		t.Errorf("%s: expected the code %s; got %s: %v", what, code, e.Code, err)
	}
}
