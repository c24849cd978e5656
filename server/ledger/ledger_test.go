package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

var (
	_ ledger.Sink     = (*store.Store)(nil)
	_ ledger.Sessions = (*session.Service)(nil)
	_ ledger.Budgets  = (*quota.Gate)(nil)
	_ session.Meter   = (*ledger.Ledger)(nil)
)

var mono16k = stt.Format{Rate: 16000, Channels: 1}

// total is what has been used, as one that adds up sees it.
type total struct {
	audio                     time.Duration
	streams, requests, errors int64
}

// sink keeps what is written as the store does. It implements ledger.Sink and quota.Totals.
type sink struct {
	mu      sync.Mutex // guards all below
	fail    func(batch []store.Usage) (before, after error)
	last    map[string]int64 // sequence by session
	sums    map[string]total // by account, key, model, protocol, language
	hours   map[string]time.Duration
	batches int
	rows    int
	again   int // rows that were there already
}

func newSink() *sink {
	return &sink{last: map[string]int64{}, sums: map[string]total{}, hours: map[string]time.Duration{}}
}

func (s *sink) AddUsage(_ context.Context, batch []store.Usage) error {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	var after error
	if fail != nil {
		before, then := fail(batch)
		if before != nil {
			return before
		}
		after = then
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches++
	for i := range batch {
		u := &batch[i]
		if u.Sequence <= s.last[u.Session] {
			s.again++
			continue
		}
		s.rows++
		s.last[u.Session] = u.Sequence
		name := strings.Join([]string{u.Account, u.Key, u.Model, u.Protocol, u.Language}, "|")
		t := s.sums[name]
		t.audio, t.streams, t.requests, t.errors = t.audio+u.Audio, t.streams+u.Streams, t.requests+u.Requests, t.errors+u.Errors
		s.sums[name] = t
		s.hours[u.At.UTC().Format("15h")] += u.Audio
	}
	return after
}

func (s *sink) UsageTotals(_ context.Context, of store.UsageOf, _ time.Time) (sum time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, t := range s.sums {
		if f := strings.Split(name, "|"); of.Key != "" && f[1] == of.Key || of.Key == "" && f[0] == of.Account {
			sum += t.audio
		}
	}
	return sum, nil
}

func (s *sink) want(t *testing.T, want map[string]total) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, w := range want {
		if s.sums[name] != w {
			t.Errorf("%s: got %+v, expected %+v", name, s.sums[name], w)
		}
	}
	for name, got := range s.sums {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: got %+v, expected nothing", name, got)
		}
	}
}

// house is a service whose use is counted.
type house struct {
	*session.Service
	ledger *ledger.Ledger
	sink   *sink
	text   *bytes.Buffer
	end    func() // writes what is left
}

// build builds a house in a bubble, which must call end.
func build(t *testing.T, o ledger.Options, gate *quota.Gate, fault script.Fault) *house {
	t.Helper()
	h := &house{sink: newSink(), text: &bytes.Buffer{}}
	if o.Sink == nil {
		o.Sink = h.sink
	}
	o.Log = slog.New(slog.NewTextHandler(h.text, nil))
	opts := session.Options{}
	if gate != nil {
		o.Budgets, opts.Gate = gate, gate
	}
	h.ledger = ledger.New(o)
	said, err := script.Parse("0.5-1.6 good morning everybody\n2.0-3.1 how are you")
	if err != nil {
		t.Fatal(err)
	}
	opts.Recognizer, opts.Meter = script.New(script.Options{Script: said, Fault: fault}), h.ledger
	h.Service = session.NewService(opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // owned by the test, which calls end
		defer close(done)
		h.ledger.Run(ctx, h.Service)
	}()
	h.end = func() {
		h.Service.Drain(t.Context())
		cancel()
		<-done
	}
	return h
}

func ask(account, key, id string) *session.Request {
	return &session.Request{ID: id, Protocol: "p", Caller: key, Account: account,
		Config: stt.Config{Audio: mono16k, Languages: stt.Languages{Tags: []string{"en-US"}}}}
}

// talk opens a session, sends so much audio at the pace of speech, and reads it to its end, which it returns.
func (h *house) talk(t *testing.T, r *session.Request, length time.Duration) (sent time.Duration, why error) {
	ses, err := h.Open(t.Context(), r)
	if err != nil {
		return 0, err
	}
	heard := make(chan error, 1)
	go func() { // ends with the session, and talk receives
		for {
			if _, err := ses.Next(t.Context()); err != nil {
				heard <- err
				return
			}
		}
	}()
	const piece = 100 * time.Millisecond
	for sent = 0; sent < length; {
		<-time.After(piece)
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(piece))); err != nil {
			ses.Finish(t.Context(), err)
			break
		}
		sent += piece
	}
	_ = ses.CloseSend(t.Context()) // the reason is what Next says
	why = <-heard
	ses.Close(why)
	return sent, why
}

// What is written is what was used, by whom and with what, whether sessions are open or have ended between two looks.
func TestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{})
		var all sync.WaitGroup // of this bubble, which waits for it
		for i := range 12 {
			all.Go(func() {
				length := time.Duration(1+i) * 300 * time.Millisecond
				h.talk(t, ask(fmt.Sprint("a", i%2), fmt.Sprint("k", i%4), fmt.Sprint("s", i)), length)
			})
		}
		all.Wait()
		bad := ask("a0", "k0", "bad")
		bad.Config.Model, bad.Config.Languages.Tags = "nobody", []string{"xx-XX"}
		if _, err := h.Open(t.Context(), bad); err == nil {
			t.Fatal("opened a model that there is not")
		}
		h.ledger.Request("a1", "k1", "p", nil)
		h.ledger.Request("a1", "k1", "p", errors.New("refused"))
		h.end()
		want := map[string]total{"a0|k0||p|": {0, 0, 1, 1}, "a1|k1||p|": {0, 0, 2, 1}}
		for i, tenths := range []int{3 + 15 + 27, 6 + 18 + 30, 9 + 21 + 33, 12 + 24 + 36} {
			want[fmt.Sprintf("a%d|k%d|script|p|en-US", i%2, i)] = total{time.Duration(tenths) * 100 * time.Millisecond, 3, 3, 0}
		}
		h.sink.want(t, want)
		if rows, oldest := h.ledger.Backlog(); rows != 0 || oldest != 0 || h.ledger.Lost() != 0 {
			t.Errorf("%d rows of %v are left", rows, oldest)
		}
	})
}

// What an open session has used is written while it runs: at any moment no more than half a second of it is missing.
func TestWrittenWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{})
		done := make(chan struct{})
		go func() { // owned by the test, which receives
			defer close(done)
			h.talk(t, ask("a", "k", "s"), 20*time.Second)
		}()
		began := time.Now()
		for time.Since(began) < 20*time.Second {
			<-time.After(70 * time.Millisecond)
			synctest.Wait()
			live, written := h.Sessions(), h.sink.audio()
			if len(live) == 1 && (written > live[0].Audio || live[0].Audio-written > 500*time.Millisecond) {
				t.Fatalf("%v are written of %v", written, live[0].Audio)
			}
		}
		<-done
		h.end()
		h.sink.want(t, map[string]total{"a|k|script|p|en-US": {20 * time.Second, 1, 1, 0}})
		if h.sink.rows > 45 {
			t.Errorf("%d rows, expected two a second", h.sink.rows)
		}
	})
}

func (s *sink) audio() (sum time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.sums {
		sum += t.audio
	}
	return sum
}

// A stream that fails counts as an error, one whose client goes away does not.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, ledger.Options{}, nil, script.Fault{Kind: script.Die, At: time.Second, Times: 1})
		h.talk(t, ask("a", "dies", "1"), 2*time.Second)
		ses, err := h.Open(t.Context(), ask("a", "leaves", "2"))
		if err != nil {
			t.Fatal(err)
		}
		ses.Close(stt.Errorf(stt.Canceled, "gone"))
		h.end()
		if got := h.sink.sums["a|dies|script|p|en-US"]; got.errors != 1 || got.audio < 900*time.Millisecond || got.audio > 2*time.Second {
			t.Errorf("a stream that dies is %+v", got)
		}
		if got := h.sink.sums["a|leaves|script|p|en-US"]; got != (total{0, 1, 1, 0}) {
			t.Errorf("a client that leaves is %+v", got)
		}
	})
}

// limits are those of all keys.
type limits store.Limits

func (l *limits) Limits(context.Context, string, string) (quota.Limits, error) {
	return quota.Limits{Key: store.Limits(*l)}, nil
}

// A stream whose key uses up its audio ends with the finals of what was said, and why; the next is refused; nobody else notices.
func TestBudgetEndsStreams(t *testing.T) {
	for _, warn := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			counted := newSink()
			l := &limits{DayAudio: 10 * time.Second, WarnOnly: warn}
			gate := quota.New(quota.Options{Limits: l, Totals: counted})
			h := build(t, ledger.Options{Sink: counted}, gate, script.Fault{})
			defer h.end()
			var all sync.WaitGroup // of this bubble, which waits for it
			var mu sync.Mutex      // guards sent
			var sent time.Duration
			for i := range 4 {
				all.Go(func() {
					length := time.Minute
					if i == 3 {
						length = time.Second // ends before
					}
					n, err := h.talk(t, ask("a", "k", fmt.Sprint(i)), length)
					mu.Lock()
					defer mu.Unlock()
					sent += n
					if code := stt.CodeOf(err); (code == stt.Quota) != (!warn && i < 3) {
						t.Errorf("stream %d ended with %v", i, err)
					}
				})
			}
			all.Add(1)
			go func() { // owned by the test, which waits for it
				defer all.Done()
				if n, err := h.talk(t, ask("a", "other", "o"), 8*time.Second); n != 8*time.Second || stt.CodeOf(err) == stt.Quota {
					t.Errorf("somebody else's stream ended after %v with %v", n, err)
				}
			}()
			all.Wait()
			if !warn && (sent < 10*time.Second || sent > 13*time.Second) {
				t.Errorf("sent %v of the 10s there were", sent)
			}
			_, err := h.talk(t, ask("a", "k", "late"), time.Second)
			if refused := stt.CodeOf(err) == stt.Quota; refused == warn {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
