package testkit

import (
	"net"
	"net/http"
	"sync"
)

// Connections are those of an http.Server whose ConnState is Track. A server that is closed leaves goroutines behind: one that did not
// read a request to its end waits for half a second before it hangs up.
type Connections struct{ open sync.WaitGroup }

// Track implements http.Server's ConnState. What a handler has taken over is its own affair.
func (c *Connections) Track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.open.Add(1)
	case http.StateHijacked, http.StateClosed:
		c.open.Done()
	case http.StateActive, http.StateIdle:
	}
}

// Wait returns when all are closed or taken over. Call it when the server's Serve has returned.
func (c *Connections) Wait() { c.open.Wait() }
