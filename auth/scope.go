package auth

import (
	"net/url"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// APIOperations returns the names of all operations that an API key can be bound to.
func APIOperations() []string {
	return []string{"stream", "transcribe", "transcribe-remote", "models", "replacement-rulesets", "audio-transcriptions", "audio-translations"}
}

// CheckScope returns nil if an API key can be bound to these operations and origins of web pages, and otherwise an [stt.Invalid] error that names
// the first that no request will ever have. A host may begin with *. for whatever stands there.
func CheckScope(operations, origins []string) error {
	known := APIOperations()
	for _, name := range operations {
		if !slices.Contains(known, name) {
			want := strings.Join(known, ", ")
			return &stt.Error{Code: stt.Invalid, Option: "operations", Want: want, Got: shown(name),
				Msg: `"operations" has ` + shown(name) + ", which is no operation that takes API keys; expected some of " + want}
		}
	}
	for _, origin := range origins {
		u, ok := ParseOrigin(origin)
		if !ok || strings.Contains(strings.TrimPrefix(u.Hostname(), "*."), "*") {
			const want = "scheme://host or scheme://host:port, such as https://app.example.com or https://*.example.com"
			return &stt.Error{Code: stt.Invalid, Option: "origins", Want: want, Got: shown(origin),
				Msg: `"origins" has ` + shown(origin) + ", which no browser sends; expected " + want}
		}
	}
	return nil
}

// ParseOrigin reads the origin of a web page (RFC 6454 section 6.1) and nothing else. The port that goes without saying is filled in, and letters are
// small.
func ParseOrigin(s string) (*url.URL, bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#") {
		return nil, false
	}
	switch u.Scheme + ":" + u.Port() {
	case "https:":
		u.Host += ":443"
	case "http:":
		u.Host += ":80"
	}
	return u, true
}
