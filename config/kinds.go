package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// kind is a kind of value: how it is read, how it is written, and how it is described. Whatever format writes, parse
// reads as the same value.
type kind[T any] struct {
	want   string
	parse  func(string) (T, bool)
	format func(T) string
}

func asIs(s string) string { return s }

var (
	text     = kind[string]{"a text", parseText, asIs}
	name     = kind[string]{"a name of lower-case letters and digits", parseName, asIs}
	address  = kind[string]{"an address such as 127.0.0.1:8080 or [::1]:8080, or off", parseAddress, asIs}
	hosts    = kind[[]string]{"hosts such as example.com or example.com:8443", parseHosts, joinHosts}
	prefixes = kind[[]string]{"prefixes such as s3://bucket/folder/", parsePrefixes, joinHosts}
	networks = kind[[]string]{"networks such as 10.20.0.0/16, or addresses", parseNetworks, joinHosts}
	pairs    = kind[[]string]{"pairs such as openai.whisper-1=local.pocketsphinx-en-us", parsePairs, joinHosts}
	storeURL = kind[string]{"sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME (for a file write sqlite: before its path)", parseStore, asIs}
	boolean  = kind[bool]{"true or false", parseBool, strconv.FormatBool}
	origins  = kind[[]string]{"* or origins such as https://app.example.com", parseOrigins, joinHosts}
	positive = kind[int]{"a whole number, 1 or more", parsePositive, strconv.Itoa}
	count    = kind[int]{"a whole number, 0 or more", parseCount, strconv.Itoa}
	logLevel = kind[slog.Level]{"debug, info, warn or error", parseLevel, levelName}
)

func parseText(s string) (string, bool) { return s, utf8.ValidString(s) }

func parseName(s string) (string, bool) { return s, isName(s, "") }

// isName reports whether s is a lower-case letter and then such letters, digits and runes of more.
func isName(s, more string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || !(r >= '0' && r <= '9') && !strings.ContainsRune(more, r)) {
			return false
		}
	}
	return s != ""
}

func parseBool(s string) (value, ok bool) {
	value, err := strconv.ParseBool(s)
	return value, err == nil
}

func parseCount(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0
}

func parsePositive(s string) (int, bool) {
	n, ok := parseCount(s)
	return n, ok && n > 0
}

// span returns the kind of durations from least on.
func span(least time.Duration) kind[time.Duration] {
	want := "a duration such as 15s or 1h30m"
	if least > 0 {
		want += ", above 0"
	} else {
		want += ", 0 or more"
	}
	parse := func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= least
	}
	return kind[time.Duration]{want, parse, formatDuration}
}

// formatDuration writes a duration without the zero units at its end: 4h, not 4h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// enum returns the kind of a few fixed texts.
func enum[T ~string](values ...T) kind[T] {
	var want strings.Builder
	for i, v := range values {
		switch {
		case i > 0 && i == len(values)-1:
			want.WriteString(" or ")
		case i > 0:
			want.WriteString(", ")
		}
		want.WriteString(string(v))
	}
	return kind[T]{
		want:   want.String(),
		parse:  func(s string) (T, bool) { return T(s), slices.Contains(values, T(s)) },
		format: func(v T) string { return string(v) },
	}
}

func parseLevel(s string) (slog.Level, bool) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if levelName(l) == s {
			return l, true
		}
	}
	return 0, false
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

// parseAddress takes host:port with a port in digits. "off" is there for the environment, where an empty variable
// counts as not set.
func parseAddress(s string) (string, bool) {
	if s == "" || s == "off" {
		return "", true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || !isPort(port) || host != "" && !isHost(host) {
		return "", false
	}
	return s, true
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// isHost takes IP addresses and names as they stand in the DNS, underscores included because containers have them.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	const others = "-._"
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(others, r)) {
			return false
		}
	}
	return s != "" && !strings.ContainsAny(s[:1], others)
}

// loopback reports whether only this machine can reach the address, for all that can be said without asking the DNS.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// parseHosts reads hosts separated by commas. Nothing at all is an empty list; nothing between two commas is a mistake.
func parseHosts(s string) ([]string, bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	list := strings.Split(s, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
		host, port, err := net.SplitHostPort(list[i])
		if err != nil { // no port
			host, port = strings.TrimSuffix(strings.TrimPrefix(list[i], "["), "]"), "0"
		}
		if !isHost(host) || !isPort(port) {
			return nil, false
		}
	}
	return list, true
}

// parseOrigins takes origins as browsers send them (RFC 6454, section 6.2), or the one star that stands for all.
func parseOrigins(s string) ([]string, bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	list := strings.Split(s, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
		u, err := url.Parse(list[i])
		star := list[i] == "*" && len(list) == 1
		if !star && (err != nil || u.Host == "" || list[i] != strings.ToLower(u.Scheme+"://"+u.Host)) {
			return nil, false
		}
	}
	return list, true
}

func joinHosts(list []string) string { return strings.Join(list, ",") }

func parseStore(s string) (string, bool) {
	ok := s == "" || strings.HasPrefix(s, "sqlite:") || strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
	return s, ok && utf8.ValidString(s)
}

func parsePrefixes(s string) ([]string, bool) {
	var all []string
	for prefix := range strings.SplitSeq(s, ",") {
		prefix = strings.TrimSpace(prefix)
		bucket, ok := strings.CutPrefix(prefix, "s3://")
		switch {
		case s == "":
			return nil, true
		case !ok || strings.IndexByte(bucket, '/') == 0 || bucket == "" || !utf8.ValidString(prefix):
			return nil, false
		}
		all = append(all, prefix)
	}
	return all, true
}

// parseNetworks takes networks and single addresses.
func parseNetworks(s string) ([]string, bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	list := strings.Split(s, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
		p, err := netip.ParsePrefix(list[i])
		if ip, single := netip.ParseAddr(list[i]); single == nil && ip.Zone() == "" {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, false
		}
		list[i] = p.Masked().String()
	}
	return list, true
}

// parsePairs takes pairs whose first halves differ.
func parsePairs(s string) ([]string, bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	var all []string
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(pair, "=")
		from, to = strings.TrimSpace(from), strings.TrimSpace(to)
		if !ok || from == "" || to == "" || seen[from] || !utf8.ValidString(pair) {
			return nil, false
		}
		seen[from] = true
		all = append(all, from+"="+to)
	}
	return all, true
}
