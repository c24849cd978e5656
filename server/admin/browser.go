package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// fromHere refuses requests that a browser sends for a page of somebody else. Two things keep such pages out although they
// cannot know the token, because one day something besides it may open the door: the page's origin must be the address
// that it asks, and that address must be one which nobody else can make point here. A name that another person owns can be
// made to (DNS rebinding); an IP address, localhost and the hosts that the configuration lists cannot.
func (h *Handler) fromHere(r *http.Request) error {
	host := r.Host
	if len(h.hosts) > 0 && !ownAddress(host) && !h.hosts[strings.ToLower(host)] && !h.hosts[strings.ToLower(hostname(host))] {
		return refusedHost(host)
	}
	header := r.Header
	browser := header.Get("Origin") != "" || header.Get("Sec-Fetch-Site") != "" || header.Get("Cookie") != ""
	if !browser {
		return nil
	}
	if len(h.hosts) == 0 && !ownAddress(host) {
		return refusedHost(host)
	}
	switch site := header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin", "none": // none: typed by a person
	default:
		return stt.Errorf(stt.Denied, "the administration answers pages of this server only; a browser says that it was asked by a page that is %q", clip(site))
	}
	for _, origin := range header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !strings.EqualFold(u.Host, host) {
			return stt.Errorf(stt.Denied, "the administration answers pages of this server only; the Origin is %q", clip(origin))
		}
	}
	return nil
}

func refusedHost(host string) error {
	return stt.Errorf(stt.Denied, "the administration is not known as %q; ask for it by IP address or as localhost, or list the name in \"public_hosts\"", clip(host))
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

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// clip keeps what strangers send to a length that can be repeated.
func clip(s string) string {
	const longest = 128
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
