package speechall

import (
	"context"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// RulesetName is what a list tells of a ruleset.
type RulesetName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Rulesets keeps the replacement rules of accounts. Its methods may be called concurrently. Contents are wire.Ruleset as JSON.
type Rulesets interface {
	// Put makes or replaces a ruleset. create: there must be none of that id, else there must be one (NotFound). An account that has as
	// many as it may is a Quota error.
	Put(ctx context.Context, account, id, name string, content []byte, create bool) error
	// Get returns the content; NotFound where the account has none of that id.
	Get(ctx context.Context, account, id string) ([]byte, error)
	// List returns all rulesets of the account, ordered by name, without their rules.
	List(ctx context.Context, account string) ([]RulesetName, error)
	// Delete removes a ruleset; NotFound where the account has none of that id.
	Delete(ctx context.Context, account, id string) error
}

// rules makes the rewriter of stored and inline rules, in that order; nil: there are none.
func (h *Handler) rules(ctx context.Context, caller Caller, id string, inline []wire.Rule) (Rewriter, error) {
	if id == "" && len(inline) == 0 {
		return nil, nil
	}
	var content []byte
	if id != "" {
		var err error
		if content, err = h.ruleset(ctx, caller, id); err != nil {
			return nil, err
		}
	}
	if h.opts.Rules == nil {
		return nil, &stt.Error{Code: stt.Unsupported, Op: "open", Option: "replacement_ruleset", Msg: "replacement rules are not offered here"}
	}
	if id == "" {
		return h.opts.Rules(inline)
	}
	compile := func() (Rewriter, error) {
		set, err := wire.ParseRuleset(content)
		if err != nil {
			return nil, err
		}
		return h.opts.Rules(append(set.Rules, inline...))
	}
	if len(inline) > 0 {
		return compile() // nobody else asks for just these
	}
	return h.rulings.get(content, compile)
}

// ruleset returns the content of a ruleset of the caller's.
func (h *Handler) ruleset(ctx context.Context, caller Caller, id string) ([]byte, error) {
	if h.opts.Rulesets == nil {
		return nil, missing(stt.Errorf(stt.NotFound, "none"), id)
	}
	content, err := h.opts.Rulesets.Get(ctx, caller.Principal.Account, id)
	return content, missing(err, id)
}

// maxRuleset is the longest body of a request about rulesets, in bytes; the store takes as much.
const maxRuleset = 1 << 20

// admit lets a request in that opens no session, or says why not.
func (h *Handler) admit(r *http.Request, caller Caller, operation string) error {
	if h.opts.Admit != nil {
		if err := h.opts.Admit(r.Context(), caller.Principal); err != nil {
			return err
		}
	}
	return permits(caller, operation, r)
}

// rulesetRequest answers a request about the caller's rulesets.
func (h *Handler) rulesetRequest(next func(w http.ResponseWriter, r *http.Request, account string) error) http.HandlerFunc {
	return h.authorized(func(w http.ResponseWriter, r *http.Request, caller Caller) error {
		if err := h.admit(r, caller, opRulesets); err != nil {
			return err
		}
		if h.opts.Rulesets == nil || h.opts.Rules == nil {
			return &stt.Error{Code: stt.Unsupported, Op: "open", Option: "rules", Msg: "replacement rulesets are not kept here"}
		}
		return next(w, r, caller.Principal.Account)
	})
}

// receiveRuleset reads a ruleset and sees to it that it can be used.
func (h *Handler) receiveRuleset(w http.ResponseWriter, r *http.Request, id string) (wire.Ruleset, []byte, error) {
	body, err := small(w, r, maxRuleset)
	if err != nil {
		return wire.Ruleset{}, nil, err
	}
	set, err := wire.ParseRuleset(body)
	if err == nil {
		err = plainName(set.Name)
	}
	if err == nil {
		_, err = h.opts.Rules(set.Rules)
	}
	if err != nil {
		return wire.Ruleset{}, nil, err
	}
	set.ID = id
	content, err := wire.AppendJSON(nil, set)
	return set, content, err
}

// plainName takes a name of one line that can be shown as it is. What a decoder puts in the place of half a character is no part of a name.
func plainName(name string) error {
	for _, r := range name {
		if stt.Misleads(r) || r == utf8.RuneError {
			return stt.InvalidOption("name", fmt.Sprintf("%U", r), "characters that can be shown")
		}
	}
	return nil
}

// createRuleset keeps a new ruleset and answers with its identifier.
func (h *Handler) createRuleset(w http.ResponseWriter, r *http.Request, account string) error {
	set, content, err := h.receiveRuleset(w, r, newID())
	if err == nil {
		err = h.opts.Rulesets.Put(r.Context(), account, set.ID, set.Name, content, true)
	}
	if err == nil {
		answerJSON(w, http.StatusCreated, wire.Created{ID: set.ID})
	}
	return err
}

// replaceRuleset puts another ruleset in the place of one, and answers with it.
func (h *Handler) replaceRuleset(w http.ResponseWriter, r *http.Request, account string) error {
	id := r.PathValue("id")
	set, content, err := h.receiveRuleset(w, r, id)
	if err == nil {
		err = missing(h.opts.Rulesets.Put(r.Context(), account, id, set.Name, content, false), id)
	}
	if err == nil {
		answer(w, http.StatusOK, "application/json", content)
	}
	return err
}

// getRuleset answers with a ruleset.
func (h *Handler) getRuleset(w http.ResponseWriter, r *http.Request, account string) error {
	id := r.PathValue("id")
	content, err := h.opts.Rulesets.Get(r.Context(), account, id)
	if err != nil {
		return missing(err, id)
	}
	answer(w, http.StatusOK, "application/json", content)
	return nil
}

// listRulesets answers with an array of all rulesets.
func (h *Handler) listRulesets(w http.ResponseWriter, r *http.Request, account string) error {
	all, err := h.opts.Rulesets.List(r.Context(), account)
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, append([]RulesetName{}, all...)) // an array always
	return nil
}

// deleteRuleset removes a ruleset and answers with its identifier: some clients take an empty answer for a fault.
func (h *Handler) deleteRuleset(w http.ResponseWriter, r *http.Request, account string) error {
	id := r.PathValue("id")
	err := missing(h.opts.Rulesets.Delete(r.Context(), account, id), id)
	if err == nil {
		answerJSON(w, http.StatusOK, wire.Created{ID: id})
	}
	return err
}

// missing words the error of a ruleset that does not exist; others stay as they are.
func missing(err error, id string) error {
	if stt.CodeOf(err) != stt.NotFound {
		return err
	}
	return &stt.Error{Code: stt.NotFound, Op: "open", Option: "ruleset_id", Got: short(id), Msg: `ruleset "` + short(id) + `" does not exist`}
}
