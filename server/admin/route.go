package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Prefix is the path that all of the administration stands below.
const Prefix = "/admin/v1"

// route is one operation, as data. The handler and openapi.json are made of it.
type route struct {
	method string
	path   string // below Prefix; {name} is one segment
	name   string // of the operation, in camel case
	about  string // a sentence
	role   Role
	query  []param
	status int // of success
	media  []string
	endpoint
}

// param is a parameter of the query.
type param struct {
	name, about string
	kind        string   // a type of JSON schema: string, integer
	enum        []string // of each of a list of values, separated by commas, where list is set
	list        bool
}

// endpoint is what an operation does, with the types of what it takes and gives; nil: nothing.
type endpoint struct {
	in, out reflect.Type
	serve   func(*call) (any, error)
	guarded bool // it heeds If-Match
}

// guarded says that an operation changes nothing where If-Match says so.
func guarded(e endpoint) endpoint {
	e.guarded = true
	return e
}

// gives is an operation without a body.
func gives[Out any](serve func(*call) (Out, error)) endpoint {
	return endpoint{out: reflect.TypeFor[Out](), serve: func(c *call) (any, error) { return serve(c) }}
}

// takes is an operation with a body.
func takes[In, Out any](serve func(*call, *In) (Out, error)) endpoint {
	return endpoint{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), serve: func(c *call) (any, error) {
		in := new(In)
		if err := decode(c.request, c.w, in); err != nil {
			return nil, err
		}
		return serve(c, in)
	}}
}

// givesAny is an operation without a body that gives an Out, or the same in another form.
func givesAny[Out any](serve func(*call) (any, error)) endpoint {
	return endpoint{out: reflect.TypeFor[Out](), serve: serve}
}

// does is an operation that answers nothing.
func does(serve func(*call) error) endpoint {
	return endpoint{serve: func(c *call) (any, error) { return nil, serve(c) }}
}

// raw is an answer that is not JSON of ours.
type raw struct {
	media string
	name  string // of a file that browsers keep it as; empty: none
	write func(io.Writer) error
}

// segments cuts a path as it came, still escaped, into unescaped segments. ok is false for paths that mean different
// places to different readers: with empty segments, dots, escaped slashes or control characters.
func segments(u *url.URL) (all []string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), Prefix+"/")
	if !ok || len(rest) > 1024 {
		return nil, false
	}
	for part := range strings.SplitSeq(rest, "/") {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" || text == "." || text == ".." || strings.ContainsAny(text, "/\\") || strings.ContainsFunc(text, isControl) {
			return nil, false
		}
		all = append(all, text)
	}
	return all, true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }

// match compares a path with that of a route and returns what stands at its names.
func (rt *route) match(parts []string) (params map[string]string, ok bool) {
	pattern := strings.Split(strings.TrimPrefix(rt.path, "/"), "/")
	if len(pattern) != len(parts) {
		return nil, false
	}
	for i, p := range pattern {
		switch {
		case strings.HasPrefix(p, "{"):
			if params == nil {
				params = map[string]string{}
			}
			params[strings.Trim(p, "{}")] = parts[i]
		case p != parts[i]:
			return nil, false
		}
	}
	return params, true
}

// find returns the route of a request, or the methods that the path has.
func find(routes []route, method string, u *url.URL) (rt *route, params map[string]string, allowed []string) {
	parts, ok := segments(u)
	if !ok {
		return nil, nil, nil
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range routes {
		params, ok := routes[i].match(parts)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], params, nil
		}
		allowed = append(allowed, routes[i].method)
		if routes[i].method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	return nil, nil, slices.Compact(allowed)
}

// writeJSON answers. What cannot be sent any more is nobody's concern.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	_ = enc.Encode(body)
}
