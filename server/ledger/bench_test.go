package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
)

// crowd is ten thousand streams that all speak. It implements ledger.Sessions.
type crowd struct {
	live  []session.Live
	looks chan struct{} // a token for each look
}

func (c *crowd) Sessions() []session.Live {
	for i := range c.live {
		c.live[i].Audio += 500 * time.Millisecond
	}
	select {
	case c.looks <- struct{}{}:
	default: // enough of them
	}
	return c.live
}

func (c *crowd) End(string, error) bool { return false }

type nowhere struct{}

func (nowhere) AddUsage(context.Context, []store.Usage) error { return nil }

// BenchmarkLook is what looking at ten thousand streams costs; it is done twice a second.
func BenchmarkLook(b *testing.B) {
	c := &crowd{looks: make(chan struct{})}
	for i := range 10000 {
		c.live = append(c.live, session.Live{Serial: fmt.Sprint("serial", i), Request: ask("a", fmt.Sprint("k", i%100), ""), Model: "m"})
	}
	l := ledger.New(ledger.Options{Sink: nowhere{}, Every: time.Nanosecond})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { // owned by the benchmark, which receives
		defer close(done)
		l.Run(ctx, c)
	}()
	for b.Loop() {
		<-c.looks
	}
	cancel()
	<-done
}
