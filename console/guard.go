package console

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// protect sets what tells the browser which rights the page has: to load what stands here, to ask this server, to use the microphone and
// to record the screen, and nothing else.
func (c *Console) protect(h http.Header, host string) {
	sockets := ""
	if plainHost(host) { // older browsers do not count WebSockets to 'self'
		sockets = " ws://" + host + " wss://" + host
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'"+sockets+
		"; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "microphone=(self), display-capture=(self)")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// plainHost reports whether a Host can stand in a policy as it is: a name or an address of IPv4, with a port or without.
func plainHost(host string) bool {
	return host != "" && len(host) <= 255 && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-.:") == "" && strings.Count(host, ":") <= 1
}

// named refuses requests for a Host that somebody else may have made to point here (DNS rebinding). An IP address, localhost and the
// hosts that the configuration lists cannot.
func (c *Console) named(r *http.Request) error {
	if ownAddress(r.Host) || c.hosts[strings.ToLower(r.Host)] || c.hosts[strings.ToLower(hostname(r.Host))] {
		return nil
	}
	return stt.Errorf(stt.Denied, "the console is not known as %q; ask for it by IP address or as localhost, or list the name in \"public_hosts\"", clip(r.Host))
}

// ownPages refuses requests that a browser sends for a page of somebody else.
func ownPages(r *http.Request) error {
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin", "none": // none: typed by a person
	default:
		return stt.Errorf(stt.Denied, "the console answers its own pages only; a browser says that it was asked by a page that is %q", clip(site))
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !strings.EqualFold(u.Host, r.Host) {
			return stt.Errorf(stt.Denied, "the console answers its own pages only; the Origin is %q", clip(origin))
		}
	}
	return nil
}

// ownAddress reports whether a Host cannot be a name that somebody else owns.
func ownAddress(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}

// loopback reports whether a Host is this machine to whoever asks for it, so that browsers trust plain HTTP there.
func loopback(host string) bool {
	name := strings.ToLower(strings.Trim(hostname(host), "[]"))
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// secure reports whether the browser reaches this server by HTTPS, as far as can be known: it says so itself where something that speaks
// TLS stands in between.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(strings.ToLower(r.Header.Get("Origin")), "https://")
}

// clip keeps what strangers send to a length that can be repeated.
func clip(s string) string {
	const longest = 128
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

// remote is the address of whoever asks, without the port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
