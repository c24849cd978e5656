package transcribe_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"

	"github.com/earshot-stt/earshot/testkit"
)

// shears is a network whose connections are cut after a number of bytes.
type shears struct {
	*testkit.Network
	// next says after how many bytes the next connection is cut, in either direction; less than 0: not in that one.
	next func() (up, down int)

	mu       sync.Mutex // guards all below
	dials    int
	cuts     int
	up, down int // bytes in all
}

// client returns an HTTP client on the network.
func (s *shears) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := s.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dials++
		w := &cable{Conn: conn, shears: s, up: -1, down: -1}
		if s.next != nil {
			w.up, w.down = s.next()
		}
		return w, nil
	}}}
}

// carried is how many bytes have gone through in either direction.
func (s *shears) carried() (up, down int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up, s.down
}

// cable is one connection, at the client's end.
type cable struct {
	net.Conn
	shears *shears

	// Guarded by shears.mu.
	up, down int // bytes left; less than 0: no end of them
	cut      bool
}

// allow returns how many of n bytes go through. w.shears.mu is held.
func allow(left *int, n int) int {
	if *left < 0 {
		return n
	}
	n = min(n, *left)
	*left -= n
	return n
}

// sever cuts the connection. What has gone through arrives. w.shears.mu is held.
func (w *cable) sever() error {
	if !w.cut {
		w.cut = true
		w.shears.cuts++
	}
	w.Conn.Close()
	return syscall.ECONNRESET
}

func (w *cable) Write(p []byte) (int, error) {
	w.shears.mu.Lock()
	n := allow(&w.up, len(p))
	w.shears.up += n
	w.shears.mu.Unlock()
	m, err := w.Conn.Write(p[:n])
	if err != nil || n == len(p) {
		return m, err
	}
	w.shears.mu.Lock()
	defer w.shears.mu.Unlock()
	return m, w.sever()
}

func (w *cable) Read(p []byte) (int, error) {
	w.shears.mu.Lock()
	over := w.down == 0
	if over {
		defer w.shears.mu.Unlock()
		return 0, w.sever()
	}
	if w.down > 0 {
		p = p[:min(len(p), w.down)]
	}
	w.shears.mu.Unlock()
	n, err := w.Conn.Read(p)
	w.shears.mu.Lock()
	defer w.shears.mu.Unlock()
	w.shears.down += n
	if w.down > 0 {
		w.down -= n
	}
	return n, err
}
