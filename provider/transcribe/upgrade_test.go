package transcribe_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// refusing answers the first upgrade as serve does, and further ones with a status until as many as that have been refused.
func refusing(t *testing.T, times, status int, after string, serve ...func(c *call)) (*fake, *atomic.Int64) {
	f, n := inTurn(t, serve...)
	var asked atomic.Int64
	inner := f
	outer := refuser(t, func(w http.ResponseWriter, r *http.Request) {
		if k := asked.Add(1); k > 1 && k <= int64(times)+1 {
			w.Header().Set("Retry-After", after)
			http.Error(w, "not now", status)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		inner.answer(ctx, w, r)
	})
	return outer, n
}

func TestRefusedUpgrades(t *testing.T) { overBoth(t, testRefusedUpgrades) }

func testRefusedUpgrades(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  string
		took   time.Duration // until it is connected again; 0: it is not
		code   stt.Code
	}{
		"full, later":       {503, "7", 7100 * time.Millisecond, 0},
		"too many":          {429, "", 300 * time.Millisecond, 0},
		"full, much later":  {503, "60", 0, stt.Unavailable},
		"a broken gateway":  {502, "", 300 * time.Millisecond, 0},
		"nothing here":      {404, "", 0, stt.Unavailable},
		"unknown":           {401, "", 0, stt.Unauthenticated},
		"forbidden":         {403, "", 0, stt.Denied},
		"no upgrade needed": {426, "", 0, stt.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, calls := refusing(t, 1, c.status, c.after, func(c *call) { c.say(nothing) }, func(c *call) { c.audio(); c.goodbye() })
				s := open(t, f.client(persistent), stt.Config{})
				send(t, s, time.Second)
				synctest.Wait()
				s.CloseSend()
				began := time.Now()
				_, err := story(s)
				if c.took == 0 {
					wantError(t, err, c.code, "not now")
					return
				}
				if took := time.Since(began).Round(100 * time.Millisecond); err != io.EOF || calls.Load() != 2 || took != c.took {
					t.Errorf("%d connections, %v after %v", calls.Load(), err, took)
				}
			})
		})
	}
}
