package speechall

import (
	"net/http"
	"strings"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// identify finds out who asks: by the Authorization header, and where query is set, by the parameter api_key as well, because
// browsers can set no header for a WebSocket.
func (h *Handler) identify(r *http.Request, query bool) (Caller, error) {
	token := ""
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, rest, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return Caller{}, stt.Errorf(stt.Unauthenticated, "the Authorization header is of another kind; expected Authorization: Bearer KEY")
		}
		token = strings.TrimSpace(rest)
	}
	if token == "" && query {
		token = r.URL.Query().Get("api_key")
	}
	if token == "" {
		how := "Authorization: Bearer KEY"
		if query {
			how += ", or the query parameter api_key"
		}
		return Caller{}, stt.Errorf(stt.Unauthenticated, "no API key came; send %s", how)
	}
	return h.opts.Keys(r.Context(), token, auth.Origin{Remote: r.RemoteAddr, Secure: r.TLS != nil, UserAgent: r.UserAgent(), Referer: r.Referer()})
}
