package transcribe_test

import (
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/testkit"
)

// house is a server on a network in memory.
type house struct {
	net      *testkit.Network
	sessions *session.Service
	handling atomic.Int64 // requests under way; those that became WebSockets are not the HTTP server's any more
}

// serve runs a server until the test ends, which waits for every handler.
func serve(t *testing.T, so session.Options, do dialect.Options) *house {
	t.Helper()
	return serveOn(t, so, do, func(l net.Listener) net.Listener { return l })
}

// serveOn is serve with something between the network and the server.
func serveOn(t *testing.T, so session.Options, do dialect.Options, over func(net.Listener) net.Listener) *house {
	t.Helper()
	h := &house{net: testkit.NewNetwork(), sessions: session.NewService(so)}
	do.Sessions = h.sessions
	if do.Keys == nil {
		do.Keys = auth.Static{keyID: secret}
	}
	mux := http.NewServeMux()
	ended := make(chan struct{}, 1<<16)
	handler := dialect.New(do)
	for _, path := range append(dialect.Paths(), "/") { // whatever else comes is astray
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			h.handling.Add(1)
			defer func() {
				h.handling.Add(-1)
				ended <- struct{}{}
			}()
			handler.ServeHTTP(w, r)
		})
	}
	var conns testkit.Connections
	server := &http.Server{ConnState: conns.Track, Handler: mux, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols),
		HTTP2: &http.HTTP2Config{WriteByteTimeout: 5 * time.Second}, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	stopped := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(stopped)
		server.Serve(over(h.net))
	}()
	t.Cleanup(func() {
		server.Close()
		<-stopped
		conns.Wait()
		for h.handling.Load() > 0 {
			<-ended
		}
	})
	return h
}

// scripted runs a server whose engine says what the script has, in a bubble.
func scripted(t *testing.T, text string, limits session.Limits, do dialect.Options) *house {
	t.Helper()
	return serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, text)}), Limits: limits}, do)
}

// empty checks that nothing of any stream is left.
func (h *house) empty(t *testing.T) {
	t.Helper()
	synctest.Wait()
	if n, m := h.handling.Load(), h.sessions.Active(); n != 0 || m != 0 {
		t.Errorf("%d handlers and %d sessions are left over", n, m)
	}
}

// pass lets time pass in a bubble, and everything happen that has to.
func pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

// allocated returns how many bytes have been allocated so far, freed ones included.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
