package sigv4

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a request in text.
const (
	maxDump      = 1 << 20 // bytes
	maxDumpLines = 10_000
	maxFields    = 500
)

// ParseRequest reads a request that somebody has copied out of a tool, for Examine. It understands what goes over the wire
// in HTTP/1.1, request line and headers up to an empty line; the output of "curl -v", of which it takes the lines that were
// sent; and the pseudo headers and headers of HTTP/2 as logs print them: "name: value", "[name: value]", "name = value", or
// quoted as Go's http2debug=1 has them, with anything else around. Of several requests it takes the first. Hosts has the
// one host of the request, or nothing when there is none; the body is passed over. Errors are *Error with the reason
// Malformed and name the line.
func ParseRequest(text string) (Request, error) {
	if len(text) > maxDump {
		return Request{}, malformed("request", "wanted at most %d bytes; got %d", maxDump, len(text))
	}
	d := dump{log: logged.MatchString(text)}
	d.curl = d.log && curlSent.MatchString(text)
	number := 0
	for line := range strings.Lines(text) {
		if number++; number > maxDumpLines || len(d.fields) > maxFields {
			return Request{}, malformed(fmt.Sprintf("line %d", number), "wanted one request of at most %d headers; got more", maxFields)
		}
		if d.done {
			break
		}
		if err := d.line(strings.TrimRight(line, "\r\n"), number); err != nil {
			return Request{}, err
		}
	}
	return d.request()
}

var (
	// curlSent is what curl -v puts before what it sends.
	curlSent = regexp.MustCompile(`(?m)^> ?[A-Z]+ \S+ HTTP/[0-9.]+\s*$`)
	// logged is the mark of a text in which lines of other kinds stand between those of the request.
	logged = regexp.MustCompile(`(?m)^> ?[A-Z]+ \S+ HTTP/[0-9.]+\s*$|(^|[\s"\[]):(method|path|authority|scheme)"?\]?\s*[:=]`)
	// requestLine is RFC 9112 section 3; people leave the version out.
	requestLine = regexp.MustCompile(`^([A-Z]{1,20}) ((?:/|https?://|wss?://).*?)(?: HTTP/[0-9.]+)?$`)
	methodName  = regexp.MustCompile(`^[A-Z]{1,20}$`)
	// quotedField is how Go prints a header field.
	quotedField = regexp.MustCompile(`(?:^|header (?:field )?)("(?:[^"\\]|\\.)*") = ("(?:[^"\\]|\\.)*")$`)
	// plainField is "name: value" or "name = value"; a name of HTTP/2 may begin with a colon.
	plainField = regexp.MustCompile("^(:?[A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:[ \t]*:|[ \t]+=)[ \t]*(.*)$")
	// curlField is how curl -v shows a header of HTTP/2 before it sends it.
	curlField = regexp.MustCompile(`^\* (?:\[HTTP/[23]\] \[[0-9]+\] |h[23] ?(?:h3)? ?(?:header )?)\[(:?[^\s:]+): (.*)\]$`)
)

// dump is the reading of a request in text.
type dump struct {
	log, curl bool
	done      bool
	method    string
	target    string
	authority string
	fields    []pair // as written
	hosts     []string
}

// line reads a line without its end.
func (d *dump) line(line string, number int) error {
	text := strings.TrimSpace(line)
	if d.curl {
		sent, ok := strings.CutPrefix(text, ">")
		if m := curlField.FindStringSubmatch(text); !ok && m != nil && strings.HasPrefix(m[1], ":") {
			return d.field(m[1], m[2], number)
		} else if !ok {
			return nil
		}
		text = strings.TrimSpace(sent)
	}
	if text == "" {
		// What follows is a body. Logs have empty lines anywhere.
		d.done = d.target != "" && (!d.log || d.curl)
		return nil
	}
	if m := requestLine.FindStringSubmatch(text); m != nil {
		return d.request1(m[1], m[2], number)
	}
	if m := quotedField.FindStringSubmatch(text); m != nil && d.log {
		name, err1 := strconv.Unquote(m[1])
		value, err2 := strconv.Unquote(m[2])
		if err1 == nil && err2 == nil {
			return d.field(name, value, number)
		}
	}
	bare := text
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		bare = strings.TrimSuffix(inner, "]")
	}
	if m := plainField.FindStringSubmatch(bare); m != nil {
		return d.field(m[1], m[2], number)
	}
	if d.log {
		return nil
	}
	return malformed(fmt.Sprintf("line %d", number), `wanted a request line such as "GET /path?query HTTP/1.1", or a header such as "Host: localhost:8443"; got %d characters that are neither`, len(text))
}

// request1 takes the request line of HTTP/1.1, or what curl prints in its place.
func (d *dump) request1(method, target string, number int) error {
	switch {
	case strings.ContainsAny(target, " \t"):
		return malformed(fmt.Sprintf("line %d", number), "wanted a request line without spaces in the address (a space is written %%20)")
	case d.curl && d.target != "" && len(d.fields) == 0 && d.method == method: // curl has shown the pseudo headers before
		return nil
	case d.target != "":
		d.done = true
		return nil
	}
	d.method, d.target = method, target
	return nil
}

// field takes a header, or a pseudo header of HTTP/2 (RFC 9113 section 8.3.1).
func (d *dump) field(name, value string, number int) error {
	where := fmt.Sprintf("line %d", number)
	if !printable(value) {
		return malformed(where, "wanted the value of %s without control characters", quote(name))
	}
	value = strings.TrimSpace(value)
	once := func(place *string) {
		if *place != "" {
			d.done = true // the next request
			return
		}
		*place = value
	}
	switch lower := strings.ToLower(name); {
	case lower == ":status":
		d.done = true
	case lower == ":method":
		once(&d.method)
	case lower == ":path":
		once(&d.target)
	case lower == authorityHeader:
		once(&d.authority)
	case strings.HasPrefix(name, ":"): // :scheme, :protocol
	case lower == hostHeader:
		d.hosts = append(d.hosts, value)
	case !isWord(name, 256, "!#$%&'*+-.^_`|~"):
		if !d.log {
			return malformed(where, "wanted the name of a header; got %s", quote(name))
		}
	default:
		d.fields = append(d.fields, pair{name, value})
	}
	return nil
}

// request puts together what has been read.
func (d *dump) request() (Request, error) {
	if d.method == "" || d.target == "" {
		return Request{}, malformed("request", `wanted a request line such as "GET /path?query HTTP/1.1", or the pseudo headers :method and :path of HTTP/2; it has %s`, found(d.method != "", d.target != ""))
	}
	r := Request{Method: d.method, Header: http.Header{}}
	if !methodName.MatchString(d.method) {
		return Request{}, malformed(":method", "wanted a method such as GET or POST; got %s", quote(d.method))
	}
	target := d.target
	if !strings.HasPrefix(target, "/") {
		u, err := url.Parse(target)
		if err != nil || u.Host == "" {
			return Request{}, malformed("request line", "wanted an address that begins with / or is absolute")
		}
		_, rest, _ := strings.Cut(target, "://")
		if i := strings.IndexAny(rest, "/?#"); i < 0 {
			target = "/"
		} else if target = rest[i:]; target[0] != '/' {
			target = "/" + target
		}
		d.authority = u.Host // RFC 9112 section 3.2.2: it goes before the Host header
	}
	target, _, _ = strings.Cut(target, "#")
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return Request{}, malformed("request line", "wanted a path and query without broken escapes or control characters") // the cause quotes it
	}
	r.Path, r.RawQuery = u.EscapedPath(), u.RawQuery
	for _, f := range d.fields {
		name := textproto.CanonicalMIMEHeaderKey(f.name)
		r.Header[name] = append(r.Header[name], f.value)
	}
	switch {
	case d.authority != "":
		r.Hosts = []string{d.authority}
	case len(d.hosts) > 1:
		return Request{}, malformed("Host", "wanted the header once; it is there %d times", len(d.hosts))
	case len(d.hosts) == 1 && d.hosts[0] != "":
		r.Hosts = d.hosts
	}
	return r, nil
}

func found(method, target bool) string {
	switch {
	case method:
		return "a method and no path"
	case target:
		return "a path and no method"
	}
	return "neither"
}
