package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

type explainCmd struct {
	stateFlags
	URL         string   `arg:"" optional:"" help:"A presigned address, in quotes; - reads it from standard input."`
	Request     string   `placeholder:"FILE" help:"A request in place of an address, as text: HTTP/1.1, what curl -v prints, or the headers of HTTP/2 from a log; - is standard input."`
	Credentials string   `type:"path" placeholder:"FILE" help:"Credentials file of the server. Default: for an address on this machine the keys in its store and its data folder, else what AWS tools would find."`
	Profile     string   `placeholder:"NAME" help:"The only profile of the file to take keys from."`
	Host        string   `placeholder:"HOST:PORT" help:"Host that reaches the server, where a proxy sends another than the client."`
	PublicHosts []string `name:"public-hosts" placeholder:"HOST:PORT" help:"What public_hosts in the configuration of the server says. Default: what it says in the configuration here."`
	Now         string   `placeholder:"TIME" help:"Time to judge by, such as 20260102T030405Z or 2026-01-02T03:04:05Z. Default: this machine's clock."`
	Format      string   `enum:"text,json" default:"text" help:"Output: text or json. Default: ${default}."`
}

// Help is shown below the options.
func (*explainCmd) Help() string {
	return "Says what keeps a signature from being accepted, as a server would compute it: every field at fault, the canonical request line by line, and the mistake that explains the signature. Nothing is sent anywhere, and no secret is shown.\n\nExit codes: 0 the signature would be accepted, 1 it would be refused, 2 wrong use."
}

// maxRequestFile bounds what is read, in bytes.
const maxRequestFile = 1 << 20

// Run prints the explanation. It fails with errReported when the signature would be refused.
func (c *explainCmd) Run(env *environment) error {
	now, err := c.now()
	if err != nil {
		return err
	}
	a, err := c.subject(env)
	if err != nil {
		return err
	}
	keys, err := c.keys(env, a)
	if err != nil {
		return err
	}
	if len(c.PublicHosts) == 0 {
		// What the server is told; where its configuration cannot be read it says why itself.
		if cfg, _, err := loadConfig(c.Config, c.flags()); err == nil {
			c.PublicHosts = cfg.PublicHosts
		}
	}
	a.request.Hosts = c.hosts(a)
	if a.request.Header == nil {
		a.request.Header = http.Header{}
	}
	a.request.Header.Set("Host", a.sent) // where another reaches the server, it explains the most
	a.keys, a.now = keys, now
	a.found = sigv4.Examine(a.request, keys, now, sigv4.Limits{})
	a.found.Findings = append(a.found.Findings, a.refused...)
	a.adviseKeys(env)
	if c.Format == "json" {
		err = a.printJSON(env.out)
	} else {
		a.print(env.out)
	}
	if err == nil && a.found.Err != nil {
		return errReported
	}
	return err
}

func (c *explainCmd) now() (time.Time, error) {
	if c.Now == "" {
		return time.Now(), nil
	}
	for _, layout := range []string{sigv4.TimeFormat, time.RFC3339} {
		if at, err := time.Parse(layout, c.Now); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, stt.InvalidOption("--now", c.Now, "a time such as 20260102T030405Z or 2026-01-02T03:04:05Z")
}

// subject is what is explained.
type subject struct {
	request sigv4.Request
	shown   string   // without what is secret
	sent    string   // the host that the client sends; empty: none
	mended  []string // what was done to the text before it could be read
	keys    []sigv4.Key
	refused []sigv4.Finding // why the key is refused though the store has it
	now     time.Time
	found   *sigv4.Examination
}

// subject reads what is to be explained.
func (c *explainCmd) subject(env *environment) (*subject, error) {
	switch {
	case c.URL == "" && c.Request == "":
		return nil, &stt.Error{Code: stt.Invalid, Op: "explain-url", Msg: "expected a presigned address (in quotes, for it holds &), or --request FILE; got neither"}
	case c.URL != "" && c.Request != "":
		return nil, stt.InvalidOption("--request", c.Request, "no address beside it: one of the two")
	case c.Request != "":
		return c.fromRequest(env)
	}
	text := c.URL
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(env.in, maxRequestFile))
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	return fromURL(text)
}

// fromRequest reads a request in text.
func (c *explainCmd) fromRequest(env *environment) (*subject, error) {
	in := env.in
	if c.Request != "-" {
		f, err := os.Open(c.Request)
		if err != nil {
			return nil, stt.InvalidOption("--request", c.Request, "a file with a request, or - for standard input; it cannot be read")
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxRequestFile+1))
	if err != nil {
		return nil, fmt.Errorf("the request cannot be read: %w", err)
	}
	r, err := sigv4.ParseRequest(string(text))
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Op: "explain-url", Option: "--request", Msg: err.Error()}
	}
	a := &subject{request: r}
	if len(r.Hosts) > 0 {
		a.sent = r.Hosts[0]
	}
	a.shown = r.Method + " " + r.Path + redactedQuery(r.RawQuery)
	return a, nil
}

// wrapped is white space that terminals and mail programs put into long lines.
var wrapped = regexp.MustCompile(`[ \t]*[\r\n]+[ \t]*`)

// fromURL reads an address as people paste it.
func fromURL(text string) (*subject, error) {
	a := &subject{request: sigv4.Request{Method: "GET"}}
	mend := func(mended, what string) {
		if mended != text {
			text = mended
			a.mended = append(a.mended, what)
		}
	}
	text = strings.TrimSpace(text)
	for _, quote := range []string{`"`, "'", "`"} {
		if len(text) > 1 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			mend(text[1:len(text)-1], "the quotes around it were taken off")
		}
	}
	mend(wrapped.ReplaceAllString(text, ""), "the line breaks in it were taken out")
	mend(regexp.MustCompile(`\\([&?=%])`).ReplaceAllString(text, "$1"), "the backslashes that a shell had put into it were taken out")
	u, err := url.Parse(text)
	schemes := []string{"wss", "ws", "https", "http"}
	if err != nil || u.Host == "" || !slices.Contains(schemes, strings.ToLower(u.Scheme)) {
		shown := "something that is not an address"
		if err == nil {
			shown = stt.RedactURL(u)
		}
		return nil, stt.InvalidOption("URL", shown, "a presigned address such as wss://localhost:8443/stream-transcription-websocket?X-Amz-...")
	}
	if !strings.Contains(u.RawQuery, "&") {
		a.mended = append(a.mended, `there is no "&" in it: without quotes around the address a shell cuts it off at the first one`)
	}
	a.request.Path, a.request.RawQuery = u.EscapedPath(), u.RawQuery
	a.sent = withoutDefaultPort(u)
	if a.sent != u.Host {
		a.mended = append(a.mended, fmt.Sprintf("the port of %q is the default of %s: most clients leave it out of the Host header, and so it is done here", u.Host, u.Scheme))
	}
	a.shown = u.Scheme + "://" + u.Host + u.EscapedPath() + redactedQuery(u.RawQuery)
	return a, nil
}

// withoutDefaultPort returns the host as clients send it.
func withoutDefaultPort(u *url.URL) string {
	defaults := map[string]string{"https": ":443", "wss": ":443", "http": ":80", "ws": ":80"}
	return strings.TrimSuffix(u.Host, defaults[strings.ToLower(u.Scheme)])
}

// secretParameter finds what must not be shown of a query: whoever has the signature can use the address. It looks at the
// text and not at what is decoded, for what is explained may be damaged.
var secretParameter = regexp.MustCompile(`(?i)((?:signature|token|secret|password|key)[^&=]*=)[^&]*`)

// redactedQuery returns a query as it may be shown, with the question mark before it.
func redactedQuery(raw string) string {
	if raw == "" {
		return ""
	}
	return "?" + secretParameter.ReplaceAllString(raw, "$1(withheld)")
}

// hosts returns the hosts that the server would accept a signature for.
func (c *explainCmd) hosts(a *subject) []string {
	received := a.sent
	if c.Host != "" {
		received = c.Host
	}
	if len(c.PublicHosts) == 0 {
		return sigv4.HostCandidates(received)
	}
	var all []string
	for _, host := range c.PublicHosts {
		all = append(all, sigv4.HostCandidates(host)...)
	}
	return all
}
