package server

import (
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
	amazon := transcribe.New(transcribe.Options{Sessions: s.sessions, Keys: keys, Hosts: cfg.PublicHosts,
		MaxMessage: int(cfg.Limits.Message), Refused: cfg.Limits.Refused,
		StrictChunks: cfg.Transcribe.Oversize == config.OversizeRefuse})
	for _, path := range transcribe.Paths() {
		mux.Handle(path, amazon)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "Earshot %s: speech to text.\n\nApplications written for Amazon Transcribe streaming connect by WebSocket to %s.\n", s.version, transcribe.Path)
	})
	mux.Handle("/debug/pprof/", administrator(admin, http.HandlerFunc(pprof.Index)))
	mux.Handle("/debug/pprof/profile", administrator(admin, http.HandlerFunc(pprof.Profile)))
	mux.Handle("/debug/pprof/trace", administrator(admin, http.HandlerFunc(pprof.Trace)))
	return counted(&s.handling, mux)
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

// counted counts the requests under way. Those that became WebSockets are not the HTTP server's any more, so somebody else
// has to wait for them.
func counted(open *sync.WaitGroup, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		next.ServeHTTP(w, r)
	})
}
