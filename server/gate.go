package server

import (
	"context"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// gate admits so many streams at a time. It implements session.Gate.
type gate chan struct{}

// newGate returns a gate for n streams, or nil for any number.
func newGate(n int) session.Gate {
	if n <= 0 {
		return nil
	}
	return make(gate, n)
}

// Admit implements session.Gate.
func (g gate) Admit(context.Context, *session.Request) (release func(), err error) {
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	default:
		return nil, &stt.Error{Code: stt.Exhausted, Op: "open", RetryAfter: time.Second,
			Msg: fmt.Sprintf("all %d streams that this server allows at a time are in use; try again", cap(g))}
	}
}
