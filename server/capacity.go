package server

import (
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// capacity bounds how many connections are open on all listeners together. Its methods may be called concurrently.
type capacity struct {
	limit int64 // 0 or less: any number
	log   *slog.Logger

	open atomic.Int64
	mu   sync.Mutex // guards told
	told time.Time  // when the log was last told that connections are dropped
}

// tellEvery is the least time between two lines in the log about connections that were dropped.
const tellEvery = 10 * time.Second

// on returns a listener that drops connections beyond the limit as soon as they are there: whoever is connected is served,
// and who is not learns of it at once.
func (c *capacity) on(l net.Listener) net.Listener {
	if c.limit <= 0 {
		return l
	}
	return &bounded{Listener: l, capacity: c}
}

func (c *capacity) full() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.told) >= tellEvery {
		c.told = now
		c.log.Warn("connections are dropped: as many are open as \"limits.connections\" allows", slog.Int64("limit", c.limit))
	}
}

// bounded is a listener with a bound that it may share with others.
type bounded struct {
	net.Listener
	capacity *capacity
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for { // ends with the listener
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.capacity.open.Add(1) <= b.capacity.limit {
			return &counted{Conn: conn, capacity: b.capacity}, nil
		}
		b.capacity.open.Add(-1)
		conn.Close()
		b.capacity.full()
	}
}

// counted is a connection that counts while it is open.
type counted struct {
	net.Conn
	capacity *capacity
	once     sync.Once
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(func() { c.capacity.open.Add(-1) })
	return c.Conn.Close()
}

// CloseWrite ends the direction to the peer, as package net/http does before it drops a connection with an answer on it.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
