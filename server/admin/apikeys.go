package admin

import (
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
)

// apiKey is a key that clients send as it is, without itself.
type apiKey struct {
	ID         string    `json:"id" doc:"Not part of the key."`
	Account    string    `json:"account"`
	User       string    `json:"user,omitempty" doc:"The id of the user whose it is; absent: the account's."`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix" doc:"How the key begins, for people who look for it."`
	Limits     limits    `json:"limits"`
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires,omitzero"`
	LastUsed   time.Time `json:"last_used,omitzero"`
	Disabled   bool      `json:"disabled"`
	Models     []string  `json:"models,omitempty" doc:"The models that it is good for; absent: all."`
	Operations []string  `json:"operations,omitempty" doc:"The operations that it is good for; absent: all."`
	Origins    []string  `json:"origins,omitempty" doc:"The origins of the web pages that may use it; absent: all."`
}

func apiKeyOf(k store.APIKey) apiKey {
	return apiKey{ID: k.ID, Account: k.Account, User: k.User, Name: k.Name, Prefix: k.Prefix, Limits: limitsOf(k.Limits), Created: k.Created,
		Expires: k.Expires, LastUsed: k.LastUsed, Disabled: k.Disabled, Models: k.Models, Operations: k.Operations, Origins: k.Origins}
}

func (k apiKey) etag() string {
	k.LastUsed = time.Time{}
	return tag(k)
}

// shownAPIKey is a key with itself, which is shown only once.
type shownAPIKey struct {
	Key   apiKey `json:"api_key"`
	Token string `json:"token" doc:"The key; shown this once."`
}

// newAPIKey makes one.
type newAPIKey struct {
	Account    string    `json:"account" doc:"Id or name." need:"true"`
	User       string    `json:"user"`
	Name       string    `json:"name" need:"true"`
	Limits     limits    `json:"limits"`
	Expires    time.Time `json:"expires" doc:"Absent: never."`
	Disabled   bool      `json:"disabled"`
	Models     []string  `json:"models"`
	Operations []string  `json:"operations"`
	Origins    []string  `json:"origins"`
}

// apiKeyChanges changes one.
type apiKeyChanges struct {
	Name       change[string]        `json:"name"`
	User       change[string]        `json:"user"`
	Limits     change[*limitChanges] `json:"limits"`
	Expires    change[time.Time]     `json:"expires" doc:"null: never."`
	Disabled   change[bool]          `json:"disabled"`
	Models     change[[]string]      `json:"models"`
	Operations change[[]string]      `json:"operations"`
	Origins    change[[]string]      `json:"origins"`
}

func (h *Handler) listAPIKeys(c *call) (page[apiKey], error) {
	p, err := c.page()
	if err != nil {
		return page[apiKey]{}, err
	}
	account, err := h.accountParam(c, nil)
	if err != nil {
		return page[apiKey]{}, err
	}
	list, next, err := h.store.APIKeys(c.ctx(), store.KeyFilter{Account: account, User: c.ask("user"), Text: c.ask("text"), Prefix: c.ask("prefix"), Page: p})
	return paged(list, next, err, apiKeyOf)
}

func (h *Handler) createAPIKey(c *call, in *newAPIKey) (shownAPIKey, error) {
	l, err := in.Limits.stored()
	if err != nil {
		return shownAPIKey{}, err
	}
	if err := h.future("expires", in.Expires); err != nil {
		return shownAPIKey{}, err
	}
	if err := auth.CheckScope(in.Operations, in.Origins); err != nil {
		return shownAPIKey{}, err
	}
	if in.Account, err = h.accountIn(c, in.Account); err != nil {
		return shownAPIKey{}, err
	}
	made, token, err := h.store.CreateAPIKey(c.ctx(), c.actor, store.APIKey{Account: in.Account, User: in.User, Name: in.Name, Limits: l,
		Expires: in.Expires, Disabled: in.Disabled, Models: in.Models, Operations: in.Operations, Origins: in.Origins})
	return shownAPIKey{Key: apiKeyOf(made), Token: token}, err
}

func (h *Handler) getAPIKey(c *call) (apiKey, error) {
	k, err := h.store.APIKey(c.ctx(), c.path("id"))
	return apiKeyOf(k), err
}

func (h *Handler) updateAPIKey(c *call, in *apiKeyChanges) (apiKey, error) {
	k, err := h.store.UpdateAPIKey(c.ctx(), c.actor, c.path("id"), func(k *store.APIKey) error {
		if err := c.unchanged(apiKeyOf(*k).etag()); err != nil {
			return err
		}
		in.Name.to(&k.Name)
		in.User.to(&k.User)
		in.Expires.to(&k.Expires)
		in.Disabled.to(&k.Disabled)
		in.Models.to(&k.Models)
		in.Operations.to(&k.Operations)
		in.Origins.to(&k.Origins)
		if err := auth.CheckScope(in.Operations.value, in.Origins.value); err != nil { // not what has been kept for long
			return err
		}
		return changeLimits(in.Limits, &k.Limits)
	})
	return apiKeyOf(k), err
}

func (h *Handler) deleteAPIKey(c *call) error {
	if err := h.seen(c, func() (string, error) { k, err := h.getAPIKey(c); return k.etag(), err }); err != nil {
		return err
	}
	return h.store.DeleteAPIKey(c.ctx(), c.actor, c.path("id"))
}
