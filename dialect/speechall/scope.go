package speechall

import (
	"context"
	"net/http"
	"strings"

	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// permits asks whether the caller's key is good for a request, whatever the model.
func permits(caller Caller, operation string, r *http.Request) error {
	if caller.Permits == nil {
		return nil
	}
	return caller.Permits(operation, "", r.Header.Get("Origin"))
}

// permitsModel asks whether the caller's key is good for a request for a model, by any of the model's names: keys are bound to models, whatever
// people call them.
func (h *Handler) permitsModel(caller Caller, operation, asked string, model stt.Model, r *http.Request) error {
	if caller.Permits == nil {
		return nil
	}
	origin := r.Header.Get("Origin")
	why := caller.Permits(operation, asked, origin)
	if why == nil {
		return nil
	}
	for _, name := range h.names(model.ID) {
		if caller.Permits(operation, name, origin) == nil {
			return nil
		}
	}
	return why
}

// names returns what a model is called here: by itself, and by the aliases that stand for it, with and without what may be left out.
func (h *Handler) names(id string) []string {
	all := []string{id, wire.Local + "." + id}
	for alias, to := range h.opts.Aliases {
		if strings.TrimPrefix(to, wire.Local+".") == id && alias != anyModel {
			all = append(all, alias, strings.TrimPrefix(alias, openAIPrefix))
		}
	}
	return all
}

// choose finds the model that a caller asks for. Who may use some models only is not told which others there are.
func (h *Handler) choose(ctx context.Context, caller Caller, operation, asked string, r *http.Request) (stt.Model, error) {
	if err := permits(caller, operation, r); err != nil {
		return stt.Model{}, err
	}
	model, err := h.resolve(ctx, asked)
	if err == nil {
		return model, h.permitsModel(caller, operation, asked, model, r)
	}
	if stt.CodeOf(err) == stt.NotFound && caller.Permits != nil {
		if denied := caller.Permits(operation, asked, r.Header.Get("Origin")); denied != nil {
			return stt.Model{}, denied
		}
	}
	return stt.Model{}, err
}

// permitted leaves of a list the models that the caller's key is good for.
func (h *Handler) permitted(ctx context.Context, caller Caller, list []wire.Model, r *http.Request) []wire.Model {
	if caller.Permits == nil {
		return list
	}
	some := []wire.Model{} // an array always
	for i := range list {
		model, err := h.resolve(ctx, list[i].ID)
		if err == nil && h.permitsModel(caller, opModels, list[i].ID, model, r) == nil {
			some = append(some, list[i])
		}
	}
	return some
}
