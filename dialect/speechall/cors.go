package speechall

import (
	"net/http"
	"slices"
)

// crossOrigin tells a browser whether the scripts of another page may use the API (Fetch standard, section 3.2), and reports whether
// that was all that was asked. No cookie and nothing else that a browser sends by itself is worth anything here: whoever asks must
// know a key, and the key may be bound to origins of its own, which is judged with the request itself. So the answer to the question
// before the request, which carries no key, gives nothing away.
func (h *Handler) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	all := slices.Contains(h.opts.Origins, "*")
	if !all {
		w.Header().Add("Vary", "Origin")
	}
	if origin == "" || !all && !slices.Contains(h.opts.Origins, origin) {
		return false
	}
	if all {
		origin = "*"
	}
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		header.Set("Access-Control-Expose-Headers", "Retry-After, "+headerModel+", "+headerIgnored)
		return false
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
	// The star does not stand for Authorization, and not for anything where an SDK adds headers of its own: what is asked for is granted,
	// because no header is trusted.
	header.Add("Vary", "Access-Control-Request-Headers")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		header.Set("Access-Control-Allow-Headers", asked)
	}
	header.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
	return true
}
