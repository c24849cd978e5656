package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Whatever the sink does, in the end it has everything once: batches that fail before they are written or after it, at random.
func TestSinkFails(t *testing.T) {
	for range 10 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		synctest.Test(t, func(t *testing.T) {
			h := build(t, ledger.Options{Rows: 5}, nil, script.Fault{})
			fate := rand.New(rand.NewPCG(seed, 1)) // of the one who writes
			h.sink.fail = func([]store.Usage) (before, after error) {
				switch fate.IntN(4) {
				case 0:
					return errors.New("down"), nil
				case 1:
					return nil, errors.New("connection lost after the commit")
				case 2:
					<-time.After(time.Duration(fate.Int64N(int64(3 * time.Second))))
				}
				return nil, nil
			}
			want := map[string]total{}
			var all sync.WaitGroup // of this bubble, which waits for it
			for i := range 30 {
				key := fmt.Sprint("k", i%3)
				length := time.Duration(1+r.IntN(40)) * 100 * time.Millisecond
				name := "a|" + key + "|script|p|en-US"
				w := want[name]
				want[name] = total{w.audio + length, w.streams + 1, w.requests + 1, 0}
				pause := time.Duration(r.Int64N(int64(20 * time.Second)))
				all.Go(func() {
					<-time.After(pause)
					h.talk(t, ask("a", key, fmt.Sprint("s", i)), length)
				})
			}
			all.Wait()
			h.sink.mu.Lock()
			fail := h.sink.fail
			h.sink.fail = func(batch []store.Usage) (before, after error) {
				if before, after = fail(batch); before == nil { // in the end it answers, but not at once
					h.sink.mu.Lock()
					defer h.sink.mu.Unlock()
					h.sink.fail = nil
				}
				return before, after
			}
			h.sink.mu.Unlock()
			h.end()
			h.sink.want(t, want)
			if t.Failed() {
				t.Logf("seed %d; %d batches, %d rows, %d again\n%s", seed, h.sink.batches, h.sink.rows, h.sink.again, h.text)
			}
		})
	}
}

// A sink that hangs keeps nobody from being served, nor from being counted.
func TestSinkHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{})
		h.sink.fail = func([]store.Usage) (error, error) {
			<-time.After(10 * time.Second)
			return nil, nil
		}
		began := time.Now()
		for i := range 10 {
			h.talk(t, ask("a", "k", fmt.Sprint(i)), time.Second)
		}
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("ten seconds of audio took %v", took)
		}
		h.end()
		h.sink.want(t, map[string]total{"a|k|script|p|en-US": {10 * time.Second, 10, 10, 0}})
	})
}

// While nobody answers for long, what is kept does not grow with the number of streams, and hours stay apart.
func TestBacklogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{Rows: 50}, nil, script.Fault{})
		h.sink.fail = func([]store.Usage) (error, error) { return errors.New("down"), nil }
		for i := range 600 {
			h.talk(t, ask("a", fmt.Sprint("k", i%3), fmt.Sprint(i)), 100*time.Millisecond)
			<-time.After(17900 * time.Millisecond) // 200 in an hour
			if rows, oldest := h.ledger.Backlog(); rows > 53 {
				t.Fatalf("%d rows are kept, the oldest for %v", rows, oldest)
			}
		}
		if rows, oldest := h.ledger.Backlog(); rows < 3 || oldest < 2*time.Hour || !h.ledger.Failing() {
			t.Errorf("%d rows are kept, the oldest for %v", rows, oldest)
		}
		h.sink.mu.Lock()
		h.sink.fail = nil
		h.sink.mu.Unlock()
		h.end()
		want := map[string]total{}
		for i := range 3 {
			want[fmt.Sprintf("a|k%d|script|p|en-US", i)] = total{20 * time.Second, 200, 200, 0}
		}
		h.sink.want(t, want)
		for _, hour := range []string{"00h", "01h", "02h"} {
			if got := h.sink.hours[hour]; got != 20*time.Second {
				t.Errorf("hour %s has %v, expected 20s", hour, got)
			}
		}
		if n := strings.Count(h.text.String(), "cannot be written"); n < 170 || n > 181 || strings.Count(h.text.String(), "written again") != 1 { // of three hours
			t.Errorf("the log should say once a minute that the store is down, and once that it is back; it says the one %d times", n)
		}
		if h.ledger.Failing() {
			t.Error("it seems to be down still")
		}
	})
}

// A row that the store refuses for good is lost, said to be, and keeps nothing else from being written.
func TestRowIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{})
		h.sink.fail = func(batch []store.Usage) (error, error) {
			for i := range batch {
				if batch[i].Key == "poison" {
					return stt.Errorf(stt.Invalid, "no such key"), nil
				}
			}
			return nil, nil
		}
		var all sync.WaitGroup // of this bubble, which waits for it
		for i := range 20 {
			all.Go(func() {
				key := "k"
				if i == 7 {
					key = "poison"
				}
				h.talk(t, ask("a", key, fmt.Sprint(i)), 300*time.Millisecond)
			})
		}
		all.Wait()
		h.end()
		h.sink.want(t, map[string]total{"a|k|script|p|en-US": {19 * 300 * time.Millisecond, 19, 19, 0}})
		if h.ledger.Lost() == 0 || !strings.Contains(h.text.String(), "usage is lost") || !strings.Contains(h.text.String(), "poison") {
			t.Errorf("nobody is told: %d lost\n%s", h.ledger.Lost(), h.text)
		}
	})
}

// When the server ends and the store does not answer, the end comes all the same, and says what is lost.
func TestEndWithoutSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{})
		h.sink.fail = func([]store.Usage) (error, error) { return errors.New("down"), nil }
		h.talk(t, ask("a", "k", "s"), time.Second)
		began := time.Now()
		h.end()
		if took := time.Since(began); took > 15*time.Second || !strings.Contains(h.text.String(), "could not be written before the end") {
			t.Errorf("the end took %v:\n%s", took, h.text)
		}
	})
}
