//go:build pocketsphinx

package pocketsphinx

import (
	"fmt"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// retryAfter is what we tell callers that found no slot: streams last for seconds to minutes.
const retryAfter = 2 * time.Second

// gate counts the streams of an engine.
type gate struct {
	slots int

	mu     sync.Mutex // guards all below
	taken  int
	closed bool
	left   *sync.Cond // a stream has left
}

func newGate(slots int) *gate {
	g := &gate{slots: slots}
	g.left = sync.NewCond(&g.mu)
	return g
}

// enter takes a slot, or fails with Exhausted at once.
func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return &stt.Error{Code: stt.Closed, Op: "open", Msg: "the engine has been closed"}
	}
	if g.taken == g.slots {
		return &stt.Error{Code: stt.Exhausted, Op: "open", Option: "pocketsphinx.slots", RetryAfter: retryAfter,
			Msg: "all slots of the engine are taken; try again",
			Err: fmt.Errorf("option \"pocketsphinx.slots\" is %d; a higher one admits more streams at a time", g.slots)}
	}
	g.taken++
	return nil
}

// leave gives a slot back.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken--
	g.left.Broadcast()
}

// close lets nobody in any more and waits until all have left.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for g.taken > 0 {
		g.left.Wait()
	}
}
