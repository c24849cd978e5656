package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// gate admits so many streams at a time, in all and of each caller. It implements session.Gate.
type gate struct {
	limit, each int // immutable; 0 or less: any number

	mu   sync.Mutex // guards all below
	open int
	of   map[string]int // by caller
}

// newGate returns a gate for so many streams in all and of each caller; 0 or less: any number.
func newGate(limit, each int) session.Gate {
	return &gate{limit: limit, each: each, of: map[string]int{}}
}

// Admit implements session.Gate. Who has enough of his own is told so, whether the server is full or not.
func (g *gate) Admit(_ context.Context, r *session.Request) (release func(), err error) {
	caller := r.Caller
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.each > 0 && g.of[caller] >= g.each {
		return nil, &stt.Error{Code: stt.Quota, Op: "open", RetryAfter: time.Second,
			Msg: fmt.Sprintf("the account has %s open, which is as many as it may have at a time; end one, or try again later", streams(g.each))}
	}
	if g.limit > 0 && g.open >= g.limit {
		return nil, &stt.Error{Code: stt.Exhausted, Op: "open", RetryAfter: time.Second,
			Msg: fmt.Sprintf("all %d streams that this server allows at a time are in use; try again", g.limit)}
	}
	g.open++
	g.of[caller]++
	return sync.OnceFunc(func() { g.leave(caller) }), nil
}

func (g *gate) leave(caller string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.of[caller]--; g.of[caller] == 0 {
		delete(g.of, caller)
	}
}

func streams(n int) string {
	if n == 1 {
		return "1 stream"
	}
	return fmt.Sprintf("%d streams", n)
}
