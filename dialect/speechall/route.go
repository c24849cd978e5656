package speechall

import (
	"net/http"

	"github.com/earshot-stt/earshot/stt"
)

// Paths are the paths that the handler answers, as patterns of http.ServeMux.
func Paths() []string {
	return []string{"/v1/", "GET /transcribe"}
}

// route says who answers what.
func (h *Handler) route() {
	h.routes.HandleFunc("GET /v1/transcribe", h.stream)
	h.routes.HandleFunc("GET /transcribe", h.stream) // where one of the vendor's own examples connects to
	h.routes.HandleFunc("POST /v1/transcribe", h.authorized(h.transcribe))
	h.routes.HandleFunc("GET /v1/speech-to-text-models", h.authorized(h.models))
	h.routes.HandleFunc("POST /v1/transcribe-remote", h.authorized(h.remote))
	const rulesets = "/v1/replacement-rulesets"
	h.routes.HandleFunc("POST "+rulesets, h.rulesetRequest(h.createRuleset))
	h.routes.HandleFunc("GET "+rulesets, h.rulesetRequest(h.listRulesets))
	h.routes.HandleFunc("GET "+rulesets+"/{id}", h.rulesetRequest(h.getRuleset))
	h.routes.HandleFunc("PUT "+rulesets+"/{id}", h.rulesetRequest(h.replaceRuleset))
	h.routes.HandleFunc("DELETE "+rulesets+"/{id}", h.rulesetRequest(h.deleteRuleset))
	for _, root := range []string{"/v1/openai-compatible", "/v1"} {
		h.routes.HandleFunc("POST "+root+"/audio/transcriptions", h.openAI(false, root == "/v1"))
		h.routes.HandleFunc("POST "+root+"/audio/translations", h.openAI(true, root == "/v1"))
	}
	h.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &stt.Error{Code: stt.NotFound, Op: "open", Msg: "there is nothing at " + r.Method + " " + short(r.URL.Path) + "; docs/speechall.md lists what there is"})
	})
}
