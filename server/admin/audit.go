package admin

import (
	"encoding/json"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// auditEntry is one administrative change.
type auditEntry struct {
	Revision int64           `json:"revision" doc:"Of the store, after the change."`
	At       time.Time       `json:"at"`
	Actor    string          `json:"actor" doc:"Who: admin, token:NAME, cli …"`
	Remote   string          `json:"remote,omitempty" doc:"The address that it came from."`
	Action   string          `json:"action" doc:"create, update, delete, rotate …"`
	Kind     string          `json:"kind" doc:"Of what: account, user, access-key, api-key, admin-token, price …"`
	Target   string          `json:"target" doc:"Its id or name."`
	Account  string          `json:"account,omitempty"`
	Detail   json.RawMessage `json:"detail,omitempty" doc:"What was changed, to what; never a secret."`
}

func auditEntryOf(e store.AuditEntry) auditEntry {
	out := auditEntry{Revision: e.Revision, At: e.At, Actor: e.Actor, Remote: e.Remote, Action: e.Action, Kind: e.Kind, Target: e.Target, Account: e.Account}
	out.Detail = told(e.Detail)
	return out
}

func (h *Handler) listAudit(c *call) (page[auditEntry], error) {
	p, err := c.page()
	if err != nil {
		return page[auditEntry]{}, err
	}
	account, err := h.accountParam(c, func(id string) (bool, error) {
		list, _, err := h.store.Audit(c.ctx(), store.AuditFilter{Account: id, Page: store.Page{Max: 1}})
		if absent(err) {
			return false, nil
		}
		return len(list) > 0, err
	})
	if err != nil {
		return page[auditEntry]{}, err
	}
	f := store.AuditFilter{Actor: c.ask("actor"), Action: c.ask("action"), Kind: c.ask("kind"), Target: c.ask("target"), Account: account, Page: p}
	if f.From, err = c.when("from"); err != nil {
		return page[auditEntry]{}, err
	}
	if f.To, err = c.when("to"); err != nil {
		return page[auditEntry]{}, err
	}
	list, next, err := h.store.Audit(c.ctx(), f)
	return paged(list, next, err, auditEntryOf)
}
