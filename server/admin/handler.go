package admin

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Options are what an administration needs. Store and Log must be set; of what else is nil the operations answer that the
// server does not have it.
type Options struct {
	Store *store.Store
	// Home is the id of the account whose users run the server. It stays as it is; empty: there is none such.
	Home string
	// Token checks the one administrator's token that stands in the data folder. An [auth.AdminToken] is one.
	Token TokenChecker
	// Passwords makes hashes of users' passwords; nil: they can be given none.
	Passwords *auth.Passwords
	// Throttle slows down guessing.
	Throttle Throttle
	// Hosts are those that this server goes by, as in "public_hosts": host or host:port. When there are none, any Host will
	// do for programs, and an IP address or localhost for browsers.
	Hosts    []string
	Sessions Sessions
	System   System
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger
}

// Handler is the administration as an [http.Handler]. It may be used from any goroutine.
type Handler struct {
	// immutable
	store     *store.Store
	home      string
	token     TokenChecker
	throttle  Throttle
	passwords *auth.Passwords
	hosts     map[string]bool
	sessions  Sessions
	system    System
	now       func() time.Time
	log       *slog.Logger
	routes    []route
}

// New returns the administration, for requests whose path begins with [Prefix].
func New(o Options) *Handler {
	h := &Handler{store: o.Store, home: o.Home, token: o.Token, throttle: o.Throttle, passwords: o.Passwords, hosts: map[string]bool{}, sessions: o.Sessions,
		system: o.System, now: o.Now, log: o.Log}
	for _, host := range o.Hosts {
		h.hosts[strings.ToLower(host)] = true
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.routes = routes(h)
	return h
}

// call is one request that may be served.
type call struct {
	w       http.ResponseWriter
	request *http.Request
	params  map[string]string
	who     Administrator
	actor   store.Actor
}

// ctx is the request's.
func (c *call) ctx() context.Context { return c.request.Context() }

// path returns what stands at a name of the path.
func (c *call) path(name string) string { return c.params[name] }

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.answerTo(w, r, func() (Administrator, error) { return h.identify(r) })
}

// ServeAs answers a request of somebody whom the caller has identified. That the request comes from a page of this server, if it comes from any,
// is looked at here as well; that it was not forged is the caller's business.
func (h *Handler) ServeAs(w http.ResponseWriter, r *http.Request, who Administrator) {
	h.answerTo(w, r, func() (Administrator, error) { return who, nil })
}

// answerTo answers a request of whoever identify says.
func (h *Handler) answerTo(w http.ResponseWriter, r *http.Request, identify func() (Administrator, error)) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	name, err := h.serve(w, r, identify)
	if err != nil {
		h.fail(w, r, name, err)
	}
}

// serve answers, or returns why it cannot. name is that of the operation, once it is known.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, identify func() (Administrator, error)) (name string, err error) {
	if err := h.fromHere(r); err != nil {
		return "", err
	}
	who, err := identify()
	if err != nil {
		return "", err
	}
	rt, params, allowed := find(h.routes, r.Method, r.URL)
	if rt == nil {
		if len(allowed) == 0 {
			return "", stt.Errorf(stt.NotFound, "there is nothing at this path; what there is says %s/openapi.json", Prefix)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return "", &httpError{http.StatusMethodNotAllowed, codeMethod, "expected " + strings.Join(allowed, " or ") + " for this path", ""}
	}
	if !who.may(rt.role) {
		return rt.name, stt.Errorf(stt.Denied, "this needs the role %q; yours is %q", rt.role, who.Role)
	}
	if err := known(rt.query, r); err != nil {
		return rt.name, err
	}
	if !rt.guarded && r.Header.Get("If-Match") != "" {
		return rt.name, invalid("If-Match", "this does not look at If-Match; send it without")
	}
	c := &call{w: w, request: r, params: params, who: who, actor: store.Actor{Name: who.Name, Remote: remote(r)}}
	out, err := rt.serve(c)
	if err != nil {
		return rt.name, err
	}
	if rt.method != http.MethodGet {
		// Paths hold identifiers and names, which are in the audit log; here the operation is enough.
		h.log.Info("administration", slog.String("operation", rt.name), slog.String("by", who.Name), slog.String("remote", remote(r)))
	}
	h.answer(w, rt, out)
	return rt.name, nil
}

// answer writes what an operation gave.
func (h *Handler) answer(w http.ResponseWriter, rt *route, out any) {
	switch body := out.(type) {
	case nil:
		w.WriteHeader(rt.status)
	case raw:
		w.Header().Set("Content-Type", body.media)
		if body.name != "" {
			w.Header().Set("Content-Disposition", `attachment; filename="`+body.name+`"`)
		}
		w.WriteHeader(rt.status)
		if err := body.write(w); err != nil {
			h.log.Warn("an answer was cut short", slog.String("operation", rt.name), slog.Any("error", err))
			panic(http.ErrAbortHandler) // the only way to tell that what came is not the whole
		}
	default:
		if tagged, ok := out.(interface{ etag() string }); ok {
			w.Header().Set("ETag", tagged.etag())
		}
		writeJSON(w, rt.status, out)
	}
}

// remote is the address of whoever asks, without the port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
