package quota_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// ledger says what was used. It implements quota.Totals.
type ledger struct {
	mu    sync.Mutex // guards all below
	rows  []row
	err   error
	asked int
	slow  time.Duration
}

type row struct {
	at           time.Time
	account, key string
	audio        time.Duration
}

func (l *ledger) UsageTotals(_ context.Context, of store.UsageOf, since time.Time) (sum time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.slow > 0 {
		<-time.After(l.slow)
	}
	for _, r := range l.rows {
		if !r.at.Before(since) && (of.Key != "" && of.Key == r.key || of.Key == "" && of.Account == r.account) {
			sum += r.audio
		}
	}
	return sum, l.err
}

func (l *ledger) add(account, key string, audio time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, row{time.Now(), account, key, audio})
}

// A budget that has been used up before refuses who comes, saying when there is more.
func TestBudgetBefore(t *testing.T) {
	for _, c := range []struct {
		name    string
		account store.Limits
		key     store.Limits
		used    time.Duration // by the key, an hour ago
		other   time.Duration // by another key of the account
		code    stt.Code
		text    string
		wait    time.Duration
	}{
		{"nothing used", store.Limits{DayAudio: time.Hour}, store.Limits{DayAudio: time.Hour}, 0, 0, 0, "", 0},
		{"some used", store.Limits{}, store.Limits{DayAudio: time.Hour}, 59 * time.Minute, time.Hour, 0, "", 0},
		{"the key's day", store.Limits{}, store.Limits{DayAudio: time.Hour}, time.Hour, 0, stt.Quota,
			"the key has used the 1h0m0s of audio that it may use in a day; there is more in 11h0m0s, when the next day begins (UTC)", 11 * time.Hour},
		{"the key's month", store.Limits{}, store.Limits{MonthAudio: time.Hour}, 2 * time.Hour, 0, stt.Quota,
			"the key has used the 1h0m0s of audio that it may use in a month", 11*time.Hour + 16*24*time.Hour},
		{"the account's day", store.Limits{DayAudio: time.Hour}, store.Limits{}, 0, time.Hour, stt.Quota, "the account has used", 11 * time.Hour},
		{"only warned of", store.Limits{}, store.Limits{DayAudio: time.Hour, WarnOnly: true}, time.Hour, 0, 0, "", 0},
		{"the key is warned, the account is not", store.Limits{DayAudio: time.Hour}, store.Limits{DayAudio: time.Minute, WarnOnly: true}, time.Hour, 0, stt.Quota, "the account", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				<-time.After(14*24*time.Hour + 12*time.Hour) // the clock begins at midnight of January 1
				l := &ledger{}
				l.add("a", "k", c.used)
				l.add("a", "l", c.other)
				l.add("b", "m", 100*time.Hour)
				<-time.After(time.Hour)
				b := &book{accounts: map[string]store.Limits{"a": c.account}, keys: map[string]store.Limits{"k": c.key}}
				log, text := logged()
				g := quota.New(quota.Options{Limits: b, Totals: l, Log: log})
				for range 2 {
					_, err := g.Admit(t.Context(), of("a", "k"))
					wantCode(t, err, c.code, c.text)
					if e := stt.AsError(err); c.wait > 0 && e.RetryAfter != c.wait {
						t.Errorf("come again in %v, expected %v", e.RetryAfter, c.wait)
					}
					// A client of ours at another server learns it from the text, since an exception has no other place.
					if back := wire.ErrorOf(wire.ExceptionOf(err), true); err != nil && c.wait > 0 && back.RetryAfter != c.wait {
						t.Errorf("a client reads that it may come again in %v, expected %v: %s", back.RetryAfter, c.wait, back.Msg)
					}
				}
				if warned := strings.Count(text.String(), "only warns"); c.key.WarnOnly && warned != 1 {
					t.Errorf("warned %d times, expected once: %s", warned, text)
				}
			})
		})
	}
}

// While streams run, what they use counts at once; what another server writes counts after some seconds; nothing counts twice.
func TestBudgetWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		b := &book{keys: map[string]store.Limits{"k": {DayAudio: time.Minute}}}
		g := quota.New(quota.Options{Limits: b, Totals: l})
		if _, err := g.Admit(t.Context(), of("a", "k")); err != nil {
			t.Fatal(err)
		}
		used := func() time.Duration {
			_, ofKey := g.Used("a", "k")
			if !ofKey.Known {
				t.Error("not known")
			}
			return ofKey.Day
		}
		for i := range 20 { // every half second a second
			<-time.After(500 * time.Millisecond)
			g.Spend("a", "k", time.Second)
			if i%3 != 0 { // sometimes the store is written to a little later
				l.add("a", "k", time.Second)
				g.Written("a", "k", time.Second)
			}
			if err := g.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				l.add("a", "k", time.Second)
				g.Written("a", "k", time.Second)
			}
			if want := time.Duration(i+1) * time.Second; used() != want {
				t.Fatalf("used %v, expected %v", used(), want)
			}
			wantCode(t, g.Over(t.Context(), "a", "k"), 0)
		}
		l.add("a", "k", 39*time.Second) // another server
		<-time.After(4 * time.Second)
		if err := g.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if used() != 59*time.Second {
			t.Errorf("used %v, expected what the other server has used, too", used())
		}
		wantCode(t, g.Over(t.Context(), "a", "k"), 0)
		g.Spend("a", "k", time.Second)
		wantCode(t, g.Over(t.Context(), "a", "k"), stt.Quota, "in a day")
		wantCode(t, g.Over(t.Context(), "a", "other"), 0)
		_, err := g.Admit(t.Context(), of("a", "k"))
		wantCode(t, err, stt.Quota)

		b.set(func(b *book) { b.keys["k"] = store.Limits{DayAudio: 2 * time.Minute} })
		wantCode(t, g.Over(t.Context(), "a", "k"), 0)
		b.set(func(b *book) { b.keys["k"] = store.Limits{MonthAudio: time.Minute} })
		wantCode(t, g.Over(t.Context(), "a", "k"), stt.Quota, "in a month")
		b.set(func(b *book) { b.keys["k"] = store.Limits{MonthAudio: time.Minute, WarnOnly: true} })
		wantCode(t, g.Over(t.Context(), "a", "k"), 0)
		b.set(func(b *book) { b.err = errDown })
		wantCode(t, g.Over(t.Context(), "a", "k"), 0)
	})
}

// At midnight, UTC, a new day begins, and at the month's end a new month.
func TestBudgetTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		<-time.After(30*24*time.Hour + 23*time.Hour) // January 31
		b := &book{keys: map[string]store.Limits{"day": {DayAudio: time.Minute}, "month": {MonthAudio: time.Minute}}}
		g := quota.New(quota.Options{Limits: b, Totals: &ledger{}})
		over := func(key string, code stt.Code) {
			t.Helper()
			wantCode(t, g.Over(t.Context(), "", key), code)
		}
		for _, key := range []string{"day", "month"} {
			if _, err := g.Admit(t.Context(), of("", key)); err != nil {
				t.Fatal(err)
			}
			g.Spend("", key, time.Minute)
			over(key, stt.Quota)
		}
		<-time.After(59*time.Minute + 59*time.Second)
		over("day", stt.Quota)
		over("month", stt.Quota)
		<-time.After(time.Second)
		over("day", 0)
		over("month", 0)
		for _, key := range []string{"day", "month"} {
			g.Spend("", key, time.Minute)
			over(key, stt.Quota)
		}
		<-time.After(24 * time.Hour)
		over("day", 0)
		over("month", stt.Quota)
	})
}

// A store that does not answer keeps nobody waiting for long, and nobody out; what is used counts all the same.
func TestBudgetWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{err: errDown}
		l.add("a", "k", time.Hour)
		log, text := logged()
		g := quota.New(quota.Options{Limits: &book{keys: map[string]store.Limits{"k": {DayAudio: time.Hour}}}, Totals: l, Log: log})
		for range 10 {
			if _, err := g.Admit(t.Context(), of("a", "k")); err != nil {
				t.Fatal(err)
			}
		}
		if l.asked != 1 || !strings.Contains(text.String(), "database is down") {
			t.Errorf("the store was asked %d times, expected once, and it should be in the log: %s", l.asked, text)
		}
		<-time.After(4 * time.Second)
		if err := g.Refresh(t.Context()); err == nil {
			t.Error("Refresh does not tell that the store is down")
		}
		wantCode(t, g.Over(t.Context(), "a", "k"), 0)
		l.err = nil
		<-time.After(4 * time.Second)
		if err := g.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantCode(t, g.Over(t.Context(), "a", "k"), stt.Quota)
	})
}

// Many who come at once, and of whom nothing is known, cost one look into the store.
func TestBudgetIsLearntOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{slow: 100 * time.Millisecond}
		g := quota.New(quota.Options{Limits: &book{keys: map[string]store.Limits{"k": {DayAudio: time.Hour}}}, Totals: l})
		began := time.Now()
		var all sync.WaitGroup // of this bubble, which waits for it
		for range 50 {
			all.Go(func() {
				if _, err := g.Admit(t.Context(), of("a", "k")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 200*time.Millisecond || l.asked != 2 {
			t.Errorf("took %v and asked %d times, expected one question for the day and one for the month", took, l.asked)
		}
	})
}

// Refreshing thousands does not keep who writes usage for long; it goes on the next time.
func TestRefreshInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		keys := map[string]store.Limits{}
		g := quota.New(quota.Options{Limits: &book{keys: keys}, Totals: l})
		for i := range 100 {
			key := string(rune('A'+i/10)) + string(rune('0'+i%10))
			keys[key] = store.Limits{DayAudio: time.Hour}
			if _, err := g.Admit(t.Context(), of("", key)); err != nil {
				t.Fatal(err)
			}
			l.add("", key, 2*time.Hour)
		}
		<-time.After(5 * time.Second)
		l.slow, l.asked = 10*time.Millisecond, 0
		for range 100 {
			began := time.Now()
			if err := g.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 150*time.Millisecond {
				t.Fatalf("took %v", took)
			}
			<-time.After(time.Millisecond)
		}
		if l.asked != 200 {
			t.Errorf("%d questions, expected two of each key", l.asked)
		}
		for key := range keys {
			wantCode(t, g.Over(t.Context(), "", key), stt.Quota)
		}
	})
}

// Who has gone is forgotten after a while; what he has used is not, the store has that.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		g := quota.New(quota.Options{Limits: &book{keys: map[string]store.Limits{"k": {DayAudio: time.Minute}}}, Totals: l})
		leave, err := g.Admit(t.Context(), of("a", "k"))
		if err != nil {
			t.Fatal(err)
		}
		g.Spend("a", "k", time.Minute)
		l.add("a", "k", time.Minute)
		g.Written("a", "k", time.Minute)
		leave()
		<-time.After(20 * time.Minute)
		if _, err := g.Admit(t.Context(), of("b", "l")); err != nil {
			t.Fatal(err)
		}
		if _, ofKey := g.Used("a", "k"); ofKey.Known {
			t.Error("somebody who went long ago is remembered")
		}
		_, err = g.Admit(t.Context(), of("a", "k"))
		wantCode(t, err, stt.Quota)
	})
}
