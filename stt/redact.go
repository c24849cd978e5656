package stt

import "net/url"

// RedactURL returns an address as it may be shown in logs, traces and errors: without user information, query and
// fragment, where signatures, tokens and keys travel. A query that was there is shown as "?...".
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	if u.Opaque != "" {
		return u.Scheme + ":..." // not a hierarchical address: anything may be in it
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	s := shown.String()
	if u.RawQuery != "" {
		s += "?..."
	}
	return s
}
