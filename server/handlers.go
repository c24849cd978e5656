package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/dialect/transcribe"
)

// handlers makes the one mux that all protocols are on. A new dialect is a line here.
func (s *server) handlers(cfg *config.Config, keys auth.AccessKeys, admin *auth.AdminToken) http.Handler {
	mux := http.NewServeMux()
	refused := cfg.Limits.Refused
	if refused == 0 {
		refused = -1 // none
	}
	amazon := transcribe.New(transcribe.Options{Sessions: s.sessions, Keys: keys, Hosts: cfg.PublicHosts, Log: s.log,
		MaxMessage: int(cfg.Limits.Message), Refused: refused,
		StrictChunks: cfg.Transcribe.Oversize == config.OversizeRefuse,
		Unverified:   !cfg.Transcribe.VerifyChunks, ChunkAge: cfg.Transcribe.ChunkAge})
	for _, path := range transcribe.Paths() {
		mux.Handle(path, amazon)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "Earshot %s: speech to text.\n\nApplications written for Amazon Transcribe streaming connect over HTTP/2 to %s\nor by WebSocket to %s.\n", s.version, transcribe.PathHTTP2, transcribe.Path)
	})
	mux.Handle("/debug/pprof/", administrator(admin, http.HandlerFunc(pprof.Index)))
	mux.Handle("/debug/pprof/profile", administrator(admin, http.HandlerFunc(pprof.Profile)))
	mux.Handle("/debug/pprof/trace", administrator(admin, http.HandlerFunc(pprof.Trace)))
	return s.handling.handler(mux)
}

// readyz answers whether a stream would be served now.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	switch {
	case s.sessions.Draining():
		word(w, http.StatusServiceUnavailable, "draining")
	case !s.warm.Load():
		word(w, http.StatusServiceUnavailable, "warming")
	default:
		word(w, http.StatusOK, "ready")
	}
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// administrator lets in who has the administrator's token.
func administrator(admin *auth.AdminToken, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if ok {
			if _, err := admin.CheckAdmin(token); err == nil {
				next.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="earshot"`)
		http.Error(w, "The administrator's token is needed: Authorization: Bearer TOKEN", http.StatusUnauthorized)
	})
}

// requests counts the requests under way. Those that became WebSockets are not the HTTP server's any more, so somebody else
// has to wait for them. Its methods may be called concurrently.
type requests struct {
	mu    sync.Mutex
	open  int
	ended chan struct{} // holds a token after a request has ended
}

// handler counts what next serves.
func (q *requests) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.add(1)
		defer q.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (q *requests) add(n int) {
	q.mu.Lock()
	q.open += n
	q.mu.Unlock()
	select {
	case q.ended <- struct{}{}:
	default: // told already
	}
}

// wait returns when no request is under way, or when ctx is done.
func (q *requests) wait(ctx context.Context) {
	for {
		q.mu.Lock()
		open := q.open
		q.mu.Unlock()
		if open == 0 {
			return
		}
		select {
		case <-q.ended:
		case <-ctx.Done():
			return
		}
	}
}
