package config

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// A rule is what must hold between several keys. A rule about a key that has a mistake of its own is not looked at.
type rule struct {
	keys []string // the first one is what an error names
	// broken returns what is wrong and what would be right; empty: nothing.
	broken func(*Config) (wrong, want string)
}

var rules = [...]rule{
	{[]string{"listen", "tls.listen"}, func(c *Config) (string, string) {
		if c.Listen != "" || c.TLS.Listen != "" {
			return "", ""
		}
		return `"listen" and "tls.listen" are both off, so nobody could connect`, "an address for at least one of them"
	}},
	{[]string{"listen", "allow_plain"}, func(c *Config) (string, string) {
		if c.Listen == "" || c.AllowPlain || loopback(c.Listen) {
			return "", ""
		}
		return `option "listen" is ` + quote(c.Listen) + ", which takes audio and credentials from other machines without TLS",
			`a loopback address (with "tls.listen" on the network instead), or "allow_plain: true" when a proxy in front speaks TLS`
	}},
	{[]string{"admin_listen", "allow_plain"}, func(c *Config) (string, string) {
		if c.AdminListen == "" || c.AllowPlain || loopback(c.AdminListen) {
			return "", ""
		}
		return `option "admin_listen" is ` + quote(c.AdminListen) + ", which shows profiles and takes administrators' tokens from other machines without TLS",
			`a loopback address, or "allow_plain: true" when only machines that you trust can reach it`
	}},
	{[]string{"tls.listen", "listen"}, func(c *Config) (string, string) {
		if c.Listen == "" || c.Listen != c.TLS.Listen || strings.HasSuffix(c.Listen, ":0") {
			return "", ""
		}
		return `options "listen" and "tls.listen" are both ` + quote(c.Listen), "different addresses"
	}},
	{[]string{"tls.cert", "tls.key"}, func(c *Config) (string, string) {
		if c.TLS.Cert != "" || c.TLS.Key == "" {
			return "", ""
		}
		return `option "tls.key" is set and "tls.cert" is not`, "both or neither"
	}},
	{[]string{"tls.key", "tls.cert"}, func(c *Config) (string, string) {
		if c.TLS.Key != "" || c.TLS.Cert == "" {
			return "", ""
		}
		return `option "tls.cert" is set and "tls.key" is not`, "both or neither"
	}},
}

// check looks at what several keys say together.
func (l *loader) check() {
	for _, r := range rules {
		if slices.ContainsFunc(r.keys, func(path string) bool { return l.bad[path] }) {
			continue
		}
		wrong, want := r.broken(l.cfg)
		if wrong == "" {
			continue
		}
		l.fail(l.origin(r.keys), &stt.Error{Code: stt.Invalid, Option: r.keys[0], Want: want, Msg: wrong + "; expected " + want})
	}
}

// origin returns where the first of the keys that somebody has set was set.
func (l *loader) origin(paths []string) Source {
	for _, path := range paths {
		if src, ok := l.info.Sources[path]; ok {
			return src
		}
	}
	return Source{}
}
