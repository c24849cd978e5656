package admin

import (
	"net/http"

	"github.com/earshot-stt/earshot/stt"
)

// Guarded returns a handler that lets in to next who has the token of an administrator with a role, in the same way as the
// administration does: with the tokens of the store, the same brake on guessing, and a line in the log for each wrong one.
func (h *Handler) Guarded(needs Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := h.identify(r)
		if err == nil && !who.may(needs) {
			err = stt.Errorf(stt.Denied, "this needs the role %q; yours is %q", needs, who.Role)
		}
		if err != nil {
			w.Header().Set("Cache-Control", "no-store")
			h.fail(w, r, "guarded", err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
