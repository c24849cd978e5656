package transcribe

import (
	"net/http"
	"net/url"
	"strings"
)

// headerModel is the header that names the model that answers. It is ours and not Amazon's, whose clients pass it over.
const headerModel = "X-Earshot-Model"

// modelNamer puts the model into the answer to a handshake, and into no other: an upgrade may still turn out to be none
// when the session is open.
type modelNamer struct {
	http.ResponseWriter
	model string
}

// WriteHeader implements http.ResponseWriter.
func (m modelNamer) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		m.Header().Set(headerModel, headerValue(m.model))
	}
	m.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (m modelNamer) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// headerValue returns an identifier as it can stand in a header whatever it is made of: some clients refuse an answer with
// a byte in it that is no visible ASCII character.
func headerValue(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return url.PathEscape(id)
	}
	return id
}
