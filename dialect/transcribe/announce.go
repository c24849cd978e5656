package transcribe

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/session"
)

// headerModel is the header that names the model that answers, and headerResumed the one that says, in seconds, where on the session's
// timeline the audio of a client belongs that has come back. They are ours and not Amazon's, whose clients pass them over.
const (
	headerModel   = "X-Earshot-Model"
	headerResumed = "X-Earshot-Resumed-At"
)

// announce puts what a client may want to know about its session into the header of an answer.
func announce(header http.Header, ses *session.Session) {
	header.Set(headerModel, headerValue(ses.Model()))
	if at := ses.ResumedAt(); at > 0 {
		header.Set(headerResumed, strconv.FormatFloat(at.Seconds(), 'f', -1, 64))
	}
}

// announcer announces the session in the answer to a handshake, and in no other: an upgrade may still turn out to be none
// when the session is open.
type announcer struct {
	http.ResponseWriter
	session *session.Session
}

// WriteHeader implements http.ResponseWriter.
func (m announcer) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		announce(m.Header(), m.session)
	}
	m.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (m announcer) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// headerValue returns an identifier as it can stand in a header whatever it is made of: some clients refuse an answer with
// a byte in it that is no visible ASCII character.
func headerValue(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return url.PathEscape(id)
	}
	return id
}
