package speechall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// FetchOptions make a Fetch. The zero value is safe.
type FetchOptions struct {
	// Allow are networks that may be reached although they are not public, such as the one with the company's recordings. Nothing else
	// that is not public may: loopback, private and link-local addresses, the addresses of clouds' metadata and all of this machine among
	// them.
	Allow []netip.Prefix
	// Header is how long a server may take until its answer begins; 0 means 15 s.
	Header time.Duration
	// Idle is how long it may then send nothing; 0 means 30 s.
	Idle time.Duration
	// Whole is how long all of a fetch may be waited for; 0 means 10 min. The time in which nobody reads does not count.
	Whole time.Duration
	// Redirects is how many redirects are followed; 0 means 5, below 0 none.
	Redirects int

	own func() ([]net.Addr, error) // addresses of this machine; nil: as the system knows them
}

// NewFetch returns a Fetch for addresses that anybody may have made up. Whether an address may be reached is decided when it is
// dialled, after the name has been resolved, so that no name, redirect or second answer of a name server leads anywhere else; proxies of
// the environment are not used, because they would resolve the name themselves.
func NewFetch(o FetchOptions) Fetch {
	if o.Header <= 0 {
		o.Header = 15 * time.Second
	}
	if o.Idle <= 0 {
		o.Idle = 30 * time.Second
	}
	if o.Whole <= 0 {
		o.Whole = 10 * time.Minute
	}
	if o.Redirects == 0 {
		o.Redirects = 5
	}
	dialer := &net.Dialer{Timeout: o.Header, Control: func(_, address string, _ syscall.RawConn) error { return o.judge(address) }}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: o.Header, ResponseHeaderTimeout: o.Header,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > max(o.Redirects, 0) {
			return errors.New("too many redirects")
		}
		return addressable(req.URL)
	}}
	return func(ctx context.Context, address string) (io.ReadCloser, error) {
		u, err := url.Parse(address)
		if err == nil {
			err = addressable(u)
		}
		if err != nil {
			return nil, &stt.Error{Code: stt.Invalid, Op: "fetch", Option: "file_url", Msg: `parameter "file_url" is no address that can be fetched; expected http:// or https:// with a host, and no user and password`}
		}
		ctx, cancel := context.WithCancelCause(ctx)
		began := time.Now()
		whole := time.AfterFunc(o.Whole, func() { cancel(tooSlow(o.Whole)) })
		body, err := get(ctx, client, u)
		whole.Stop()
		if err != nil {
			cancel(err)
			return nil, err
		}
		return &fetched{body: body, ctx: ctx, cancel: cancel, options: &o, waited: time.Since(began)}, nil
	}
}

func tooSlow(whole time.Duration) error {
	return &stt.Error{Code: stt.NotFound, Op: "fetch", Option: "file_url", Msg: "fetching the file took longer than " + whole.String()}
}

// addressable says what is wrong with an address, before anybody looks where it leads.
func addressable(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the scheme is not http or https")
	case u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return errors.New("there is no host, or more than one")
	}
	return nil
}

// errNotPublic is what a dial ends with that would leave the public internet.
var errNotPublic = errors.New("the address is not public")

// judge says whether an address, ip:port, may be dialled.
func (o *FetchOptions) judge(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errNotPublic
	}
	ip := ap.Addr().WithZone("").Unmap()
	for _, p := range o.Allow {
		if p.Contains(ip) {
			return nil
		}
	}
	if !public(ip) || o.ours(ip) {
		return errNotPublic
	}
	return nil
}

// ours reports whether an address is one of this machine's, which may have public ones. Where that cannot be known it may be.
func (o *FetchOptions) ours(ip netip.Addr) bool {
	own := o.own
	if own == nil {
		own = net.InterfaceAddrs
	}
	all, err := own()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().WithZone("").Unmap() == ip
	})
}

// special are the networks that are not the public internet, besides those that package netip knows: the registries of special-purpose
// addresses, RFC 6890, and the public address at which Azure's machines, and they alone, find the services of their host. Addresses that
// stand for one of IPv4 are refused altogether.
var special = [...]string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "168.63.129.16/32", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	"5f00::/16", "fec0::/10"}

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if netip.MustParsePrefix(p).Contains(ip) {
			return false
		}
	}
	return true
}

// get sends the request. What it says of a failure is the same whether nobody listens or nobody may be asked: a client must not learn what
// is in our network.
func get(ctx context.Context, client *http.Client, u *url.URL) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Op: "fetch", Option: "file_url", Msg: `parameter "file_url" is no address`}
	}
	req.Header.Set("User-Agent", "earshot")
	req.Header.Set("Accept", "audio/*, video/*, application/octet-stream, */*;q=0.1")
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the address may hold a token
		}
		return nil, &stt.Error{Code: stt.NotFound, Op: "fetch", Option: "file_url", Msg: `the file of "file_url" cannot be reached`, Err: errors.New(err.Error())}
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, &stt.Error{Code: stt.NotFound, Op: "fetch", Option: "file_url", Msg: fmt.Sprintf(`the file of "file_url" cannot be had: the server there answered with status %d`, resp.StatusCode)}
	}
	return resp.Body, nil
}

// fetched is a body that is waited for within bounds. One goroutine at a time reads.
type fetched struct {
	body    io.ReadCloser
	ctx     context.Context // of this one request
	cancel  context.CancelCauseFunc
	options *FetchOptions
	waited  time.Duration
}

// Read implements io.Reader.
func (f *fetched) Read(p []byte) (int, error) {
	o := f.options
	left, why := o.Whole-f.waited, tooSlow(o.Whole)
	if o.Idle < left {
		left, why = o.Idle, &stt.Error{Code: stt.NotFound, Op: "fetch", Option: "file_url", Msg: `the file of "file_url" stopped coming: nothing came for ` + o.Idle.String()}
	}
	began := time.Now()
	bound := time.AfterFunc(left, func() { f.cancel(why) })
	n, err := f.body.Read(p)
	bound.Stop()
	f.waited += time.Since(began)
	if err != nil && err != io.EOF && f.ctx.Err() != nil {
		err = context.Cause(f.ctx)
	}
	return n, err
}

// Close implements io.Closer.
func (f *fetched) Close() error {
	f.cancel(context.Canceled)
	return f.body.Close()
}
