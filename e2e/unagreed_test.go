package e2e_test

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
)

// withoutALPN returns an address at which plain TCP goes on to a server over TLS that offers no protocols, until the test ends.
func withoutALPN(t *testing.T, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		open sync.WaitGroup
		mu   sync.Mutex
		all  []net.Conn
	)
	keep := func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
	}
	open.Go(func() { // owned by the test; ends with the listener
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			keep(near)
			open.Go(func() { // owned by the test; ends with either connection
				defer near.Close()
				far, err := tls.Dial("tcp", server, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is this test's own server
				if err != nil {
					t.Log(err)
					return
				}
				keep(far)
				defer far.Close()
				open.Go(func() { // owned by the connection; ends with it
					_, _ = io.Copy(far, near)
					_ = far.CloseWrite()
				})
				_, _ = io.Copy(near, far) // what breaks ends both
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range all {
			c.Close()
		}
		mu.Unlock()
		open.Wait()
	})
	return l.Addr().String()
}
