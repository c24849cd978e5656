package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// route is one operation of the API.
type route struct {
	role  Role // that is needed; empty: nobody need be signed in
	fresh bool // it may be used although a password has to be set first
	serve func(*call) error
}

// call is one request to the API.
type call struct {
	w http.ResponseWriter
	r *http.Request
	*visitor
}

// table returns the operations. Those that change something are not GET, and ask for the token against forged requests.
func (c *Console) table() map[string]route {
	all := map[string]route{
		"GET /session":   {serve: c.session},
		"POST /signin":   {serve: c.signIn},
		"POST /signout":  {role: Viewer, fresh: true, serve: c.signOut},
		"POST /password": {role: Viewer, fresh: true, serve: c.changePassword},
		"GET /models":    {serve: c.models},
		"POST /presign":  {role: Operator, serve: c.presign},
		"POST /ticket":   {role: Operator, serve: c.ticket},
	}
	if c.opts.Try != nil {
		all["POST /why"] = route{role: Operator, serve: c.why}
	}
	return all
}

// api answers a request below Prefix. That it is for this Host is known.
func (c *Console) api(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := c.serve(w, r); err != nil {
		c.refuse(w, r, err)
	}
}

func (c *Console) serve(w http.ResponseWriter, r *http.Request) error {
	if err := ownPages(r); err != nil {
		return err
	}
	if r.URL.RawPath != "" && !strings.HasPrefix(r.URL.Path, Prefix+administration) || strings.Contains(r.URL.Path, "//") {
		return nothing()
	}
	who, err := c.identify(r)
	if err != nil {
		return err
	}
	if err := c.pace.take(who.pacer(r), c.opts.Now()); err != nil {
		return err
	}
	rest := strings.TrimPrefix(r.URL.Path, Prefix)
	if strings.HasPrefix(rest, administration+"/") {
		return c.administer(w, r, who)
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	found, ok := c.routes[method+" "+rest]
	if !ok {
		return c.elsewhere(w, rest)
	}
	if err := admits(r, who, found, rest); err != nil {
		return err
	}
	return found.serve(&call{w: w, r: r, visitor: who})
}

// admits says why somebody may not do something.
func admits(r *http.Request, who *visitor, to route, path string) error {
	switch {
	case to.role == "" && path != "/signin" && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return nothing() // there is no such route
	case to.role == "":
		return nil
	case !who.signedIn():
		return stt.Errorf(stt.Unauthenticated, "sign in first")
	}
	if err := who.genuine(r); err != nil {
		return err
	}
	switch {
	case who.mustSetPassword && !to.fresh:
		return &httpError{http.StatusForbidden, problem{codePassword, "somebody else has chosen your password; set one of your own first", ""}}
	case !who.role().may(to.role):
		return stt.Errorf(stt.Denied, "this needs the role %q; you have %q", to.role, who.role())
	}
	return nil
}

// elsewhere says that there is no such operation, or which there are at a path.
func (c *Console) elsewhere(w http.ResponseWriter, path string) error {
	var allowed []string
	for key := range c.routes {
		if method, at, _ := strings.Cut(key, " "); at == path {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil {
		return nothing()
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &httpError{http.StatusMethodNotAllowed, problem{codeMethod, "expected " + strings.Join(allowed, " or ") + " for this path", ""}}
}

func nothing() error { return stt.Errorf(stt.NotFound, "there is nothing at this path") }

// administration is where the administration stands below Prefix.
const administration = "/admin/v1"

// administer has the administration answer. It judges roles itself; what it must not see is taken away.
func (c *Console) administer(w http.ResponseWriter, r *http.Request, who *visitor) error {
	if c.opts.Admin == nil {
		return nothing()
	}
	if err := admits(r, who, route{role: Viewer}, administration); err != nil {
		return err
	}
	if who.account != "" {
		home, err := c.opts.Account(r.Context())
		if err != nil {
			return err
		}
		if who.account != home {
			return stt.Errorf(stt.Denied, "you are a user of another account; this server is administered by the users of its first one, \"default\"")
		}
	}
	inner := r.Clone(r.Context())
	inner.URL.Path = strings.TrimPrefix(r.URL.Path, Prefix)
	inner.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, Prefix)
	for _, name := range []string{"Authorization", "Cookie", csrfHeader} {
		inner.Header.Del(name)
	}
	c.opts.Admin(w, inner, Who{Name: who.row.Name, Role: who.role()})
	return nil
}
