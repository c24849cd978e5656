package identity

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		guess := func(from string, n int) (took time.Duration) {
			began := time.Now()
			for range n {
				if err := th.Guessed(t.Context(), from); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(began)
		}
		if took := guess(remote, freeGuesses); took != 0 {
			t.Errorf("the first ones took %v", took)
		}
		if err := th.Check(remote); stt.CodeOf(err) != stt.Quota || stt.AsError(err).RetryAfter != forgiveEvery {
			t.Errorf("%v", err)
		}
		// A list of guesses takes at least a second each.
		if took := guess(remote, 50); took < 30*time.Second {
			t.Errorf("50 more took %v", took)
		}
		for from, want := range map[string]bool{"192.0.2.7:1": true, "192.0.2.7": true, "[::ffff:192.0.2.7]:9": true, "192.0.2.8:4711": false, "[2001:db8::1]:1": false, "@": false} {
			if (th.Check(from) != nil) != want {
				t.Errorf("%s is slowed: %v", from, !want)
			}
		}
		pass(2 * freeGuesses * forgiveEvery)
		if err := th.Check(remote); err != nil {
			t.Errorf("after a while: %v", err)
		}
		if took := guess(remote, freeGuesses); took != 0 {
			t.Errorf("and then the first ones took %v", took)
		}
	})
}

// A customer has a whole network of IPv6.
func TestThrottleOfNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		for i := range freeGuesses {
			th.Failed(fmt.Sprintf("[2001:db8:0:1::%x]:1", i))
		}
		for from, want := range map[string]bool{"[2001:db8:0:1:ffff::1]:1": true, "[2001:db8:0:2::1]:1": false, "fe80::1%eth0": false} {
			if (th.Check(from) != nil) != want {
				t.Errorf("%s is slowed: %v", from, !want)
			}
		}
	})
}

func TestThrottleIsBounded(t *testing.T) {
	th := NewThrottle()
	for i := range 3 * mostAddrs {
		th.Failed(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
	}
	if n := len(th.count); n > mostAddrs {
		t.Errorf("%d addresses are kept", n)
	}
}

// However many guess at once, few are kept waiting, and nobody beyond the end of his request. All others are told nothing but to wait.
func TestThrottleKeepsFewWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		for range freeGuesses {
			th.Failed(remote)
		}
		var mu sync.Mutex
		now, later := 0, 0
		began := time.Now()
		var all sync.WaitGroup
		for range 3 * mostWaiting {
			all.Go(func() { // ends with the answer
				err := th.Guessed(context.Background(), remote)
				mu.Lock()
				defer mu.Unlock()
				switch at := time.Since(began); {
				case at == 0 && stt.CodeOf(err) == stt.Quota && stt.AsError(err).RetryAfter > 0:
					now++
				case at == guessDelay && err == nil:
					later++
				}
			})
		}
		all.Wait()
		if now != 2*mostWaiting || later != mostWaiting || time.Since(began) != guessDelay {
			t.Errorf("%d were answered at once, %d later; it took %v", now, later, time.Since(began))
		}
		gone, leave := context.WithCancel(context.Background())
		leave()
		began = time.Now()
		if err := th.Guessed(gone, remote); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("who is gone was kept for %v", took)
		}
	})
}
