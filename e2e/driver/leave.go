package driver

import (
	"context"
	"iter"
	"net"
	"net/http"
)

// Leave makes the connections of a transport break when ctx is done: what becomes of a context once a stream has been handed over
// differs from SDK to SDK.
func Leave(ctx context.Context, transport *http.Transport) {
	transport.DialContext = func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	}
}

// Until yields events until there are no more, or ctx is done: an SDK that waits for audio does not notice that its connection
// is gone.
func Until[T any](ctx context.Context, events <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case e, ok := <-events:
				if !ok || !yield(e) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
