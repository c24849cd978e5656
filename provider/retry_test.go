package provider_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider"
)

// The waits are drawn below a bound that doubles from 100 ms to 5 s, and all of them end within the time there is.
func TestRetryBounds(t *testing.T) {
	const ms = time.Millisecond
	bounds := []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms}
	for name, random := range map[string]func() float64{"least": func() float64 { return 0 }, "most": func() float64 { return 1 - 1e-9 }, "any": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := provider.Retry{For: time.Minute, Random: random}
				for i, bound := range bounds {
					wait, ok := r.Again(0)
					if !ok || wait < 0 || wait >= bound {
						t.Errorf("attempt %d after %v, %v; expected less than %v", i+1, wait, ok, bound)
					}
					if name == "least" && wait != 0 || name == "most" && wait < bound-time.Microsecond {
						t.Errorf("attempt %d after %v of %v", i+1, wait, bound)
					}
					<-time.After(wait)
				}
				if tries, took := r.Tried(); tries != len(bounds) || took > time.Minute {
					t.Errorf("%d attempts in %v", tries, took)
				}
			})
		})
	}
}

// However the waits fall, no attempt begins after the time, there are not a thousand, and whoever starts anew has all again.
func TestRetryEnds(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			draw := rand.New(rand.NewPCG(seed, 1))
			r := provider.Retry{For: 30 * time.Second, Random: draw.Float64}
			for range 2 {
				began := time.Now()
				n := 0
				for ; n < 1000; n++ {
					wait, ok := r.Again(0)
					if !ok {
						break
					}
					<-time.After(wait)
					if r.Left() <= 0 {
						t.Errorf("seed %d: an attempt %v after the beginning", seed, time.Since(began))
					}
				}
				if took := time.Since(began); n < 9 || n > 100 || took < 24*time.Second || took > 30*time.Second {
					t.Errorf("seed %d: %d attempts in %v", seed, n, took)
				}
				<-time.After(time.Hour)
				if _, ok := r.Again(0); ok {
					t.Errorf("seed %d: there is an attempt after an hour", seed)
				}
				r.Reset()
			}
		})
	}
}

func TestRetryWaitsAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := provider.Retry{For: 30 * time.Second}
		if wait, ok := r.Again(12 * time.Second); !ok || wait != 12*time.Second {
			t.Errorf("%v, %v", wait, ok)
		}
		<-time.After(20 * time.Second)
		if wait, ok := r.Again(10 * time.Second); ok {
			t.Errorf("%v after the time", wait)
		}
		if wait, ok := r.Again(0); !ok || wait >= 200*time.Millisecond {
			t.Errorf("%v, %v; expected the second attempt still", wait, ok)
		}
		if _, ok := new(provider.Retry).Again(0); ok {
			t.Error("an attempt without any time")
		}
	})
}
