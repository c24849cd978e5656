package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/dialect/speechall"
	"github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// rooms are what is behind the handlers.
type rooms struct {
	keys    auth.AccessKeys
	guard   transcribe.Guard     // nil: nobody is slowed down
	used    func(id string)      // told of keys that are used; nil: nobody is
	strange transcribe.Strangers // told of requests without good credentials; nil: nobody is
	admin   *admin.Handler       // nil: there is no administration
	metrics http.Handler         // nil: there are none
	console http.Handler         // nil: there is none

	speechall http.Handler // nil: it is not spoken

	keep  transcribe.Resources // nil: there are no vocabularies
	admit transcribe.Admission

	declined func(ctx context.Context, r *session.Request, why error) // told of streams that callers who are known do not get; nil: nobody is
}

// rooms puts together what the handlers need.
func (s *server) rooms(cfg *config.Config, e *estate, recognizer stt.Recognizer, opts Options) (rooms, error) {
	slots, _ := recognizer.(stt.Slotter)
	administration := admin.New(admin.Options{Store: e.store, Home: e.account, Token: e.admin, Passwords: e.passwords,
		Throttle: e.throttle, Hosts: cfg.PublicHosts, Sessions: s.sessions, Log: s.log, System: admin.System{Version: s.version,
			Engine: s.engine, Started: s.started, State: s.state, Models: recognizer.Models, Slots: slots, Settings: settings(cfg, opts.Sources)}})
	speaks := s.speechall(cfg, e, recognizer)
	console, err := s.console(cfg, e, recognizer, administration, speaks)
	return rooms{keys: e.keys, guard: e.throttle, used: e.keys.Used, keep: e.keeper, admit: e.admitManagement, speechall: speaks,
		admin: administration, console: console}, err
}

// settings is the configuration in force.
func settings(cfg *config.Config, sources *config.Info) []admin.Setting {
	var all []admin.Setting
	for _, v := range config.Values(cfg, sources) {
		all = append(all, admin.Setting{Key: v.Path, Value: v.Text, Source: v.Source, Secret: v.Secret})
	}
	return all
}

// handlers makes the one mux that all protocols are on. A new dialect is a line here.
func (s *server) handlers(cfg *config.Config, in rooms) http.Handler {
	mux := http.NewServeMux()
	refused := cfg.Limits.Refused
	if refused == 0 {
		refused = -1 // none
	}
	amazon := transcribe.New(transcribe.Options{Sessions: s.sessions, Keys: in.keys, Guard: in.guard, Used: in.used, Strangers: in.strange, Declined: in.declined, Hosts: cfg.PublicHosts, Log: s.log,
		MaxMessage: int(cfg.Limits.Message), Refused: refused,
		StrictChunks: cfg.Transcribe.Oversize == config.OversizeRefuse,
		Unverified:   !cfg.Transcribe.VerifyChunks, ChunkAge: cfg.Transcribe.ChunkAge})
	for _, path := range transcribe.Paths() {
		mux.Handle(path, amazon)
	}
	if in.keep != nil {
		management := transcribe.NewManagement(amazon, in.keep, in.admit)
		for _, pattern := range transcribe.ManagePaths() {
			mux.Handle(pattern, management)
		}
	}
	if in.speechall != nil {
		for _, pattern := range speechall.Paths() {
			mux.Handle(pattern, in.speechall)
		}
	}
	s.health(mux)
	if in.console != nil {
		mux.Handle("GET /{$}", in.console)
		mux.Handle(console.Folder, in.console)
	} else {
		mux.HandleFunc("GET /{$}", s.greet)
	}
	if in.admin != nil {
		in.backstage(mux, in.admin.Guarded)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if transcribe.Astray(r) {
			amazon.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
	return s.handling.handler(undivided(mux, amazon))
}

// backstageHandlers makes the mux of the listener that only machines can reach that are trusted: of profiles and figures nobody is
// asked who he is. The administration asks there too.
func (s *server) backstageHandlers(in rooms) http.Handler {
	mux := http.NewServeMux()
	s.health(mux)
	in.backstage(mux, func(_ admin.Role, next http.Handler) http.Handler { return next })
	return named(mux, s.backstage.Listener)
}

// named answers only who asks for an address of this machine, where the listener has such a one: a web page whose name has been made to
// mean this machine must not read what the machine's own programs may.
func named(next http.Handler, l net.Listener) http.Handler {
	if l == nil {
		return next
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); ip == nil && !strings.EqualFold(host, "localhost") {
			http.Error(w, "Ask for localhost or an address of this machine; the listener is for nobody else.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
}

// backstage adds what is for administrators. guarded lets in who has the role. Profiles show what is in memory, and cost something to make.
func (in *rooms) backstage(mux *http.ServeMux, guarded func(needs admin.Role, next http.Handler) http.Handler) {
	mux.Handle("/debug/pprof/", guarded(admin.Admin, http.HandlerFunc(pprof.Index)))
	mux.Handle("/debug/pprof/profile", guarded(admin.Admin, http.HandlerFunc(pprof.Profile)))
	mux.Handle("/debug/pprof/trace", guarded(admin.Admin, http.HandlerFunc(pprof.Trace)))
	if in.metrics != nil {
		mux.Handle("GET /metrics", guarded(admin.Viewer, in.metrics))
	}
	if in.admin != nil {
		mux.Handle(admin.Prefix+"/", in.admin)
	}
}

// undivided answers who asks for an operation at a path with an empty segment, which an endpoint makes that ends with a slash. The mux
// would send them somewhere else, where no signature fits, and with a stream for a body nobody goes.
func undivided(next, amazon http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "//") && transcribe.Astray(r) {
			amazon.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readyz answers whether a stream would be served now.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	status, state := http.StatusServiceUnavailable, s.state()
	if state == "ready" {
		status = http.StatusOK
		if s.unwritten != nil && s.unwritten() {
			state += "\nusage cannot be written for now, and is kept: the log says why"
		}
	}
	word(w, status, state)
}

// state is warming, ready, draining, or impaired: where the store's file has been taken away, or its master key cannot be had.
func (s *server) state() string {
	switch {
	case s.sessions.Draining():
		return "draining"
	case !s.warm.Load():
		return "warming"
	case s.trouble != nil && s.trouble() != nil:
		return "impaired"
	}
	return "ready"
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
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
