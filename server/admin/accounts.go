package admin

import (
	"time"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
)

// account is a customer or a team.
type account struct {
	ID       string    `json:"id" doc:"12 digits."`
	Name     string    `json:"name"`
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled" doc:"All its keys are refused."`
	Limits   limits    `json:"limits" doc:"For all its keys together."`
	Home     bool      `json:"home,omitempty" doc:"Its users run the server: it cannot be renamed, disabled or deleted."`
}

// account is what is shown of one.
func (h *Handler) account(a store.Account) account {
	out := accountOf(a)
	out.Home = a.ID == h.home
	return out
}

func accountOf(a store.Account) account {
	return account{ID: a.ID, Name: a.Name, Created: a.Created, Disabled: a.Disabled, Limits: limitsOf(a.Limits)}
}

func (a account) etag() string { return tag(a) }

// newAccount makes one.
type newAccount struct {
	Name     string `json:"name" doc:"Unique; 1 to 128 characters." need:"true"`
	Disabled bool   `json:"disabled"`
	Limits   limits `json:"limits"`
}

// accountChanges changes one.
type accountChanges struct {
	Name     change[string]        `json:"name"`
	Disabled change[bool]          `json:"disabled"`
	Limits   change[*limitChanges] `json:"limits"`
}

func (h *Handler) listAccounts(c *call) (page[account], error) {
	p, err := c.page()
	if err != nil {
		return page[account]{}, err
	}
	list, next, err := h.store.Accounts(c.ctx(), p)
	return paged(list, next, err, h.account)
}

func (h *Handler) createAccount(c *call, in *newAccount) (account, error) {
	l, err := in.Limits.stored()
	if err != nil {
		return account{}, err
	}
	made, err := h.store.CreateAccount(c.ctx(), c.actor, store.Account{Name: in.Name, Disabled: in.Disabled, Limits: l})
	return h.account(made), err
}

func (h *Handler) getAccount(c *call) (account, error) {
	a, err := h.store.Account(c.ctx(), c.path("account"))
	return h.account(a), err
}

func (h *Handler) updateAccount(c *call, in *accountChanges) (account, error) {
	a, err := h.store.UpdateAccount(c.ctx(), c.actor, c.path("account"), func(a *store.Account) error {
		if err := c.unchanged(h.account(*a).etag()); err != nil {
			return err
		}
		was := *a
		in.Name.to(&a.Name)
		in.Disabled.to(&a.Disabled)
		if err := state.Stays(h.home, was, *a); err != nil {
			return err
		}
		return changeLimits(in.Limits, &a.Limits)
	})
	return h.account(a), err
}

func (h *Handler) deleteAccount(c *call) error {
	if err := h.seen(c, func() (string, error) { a, err := h.getAccount(c); return a.etag(), err }); err != nil {
		return err
	}
	if err := state.StaysThere(h.home, c.path("account")); err != nil {
		return err
	}
	return RemoveAccount(c.ctx(), h.store, c.actor, c.path("account"), c.ask("with_vocabularies") == "true",
		"with_vocabularies=true removes what else there is with it")
}

// seen compares the ETag before something is deleted, where the caller asks for that. Between the two somebody else may change the
// thing: for what is deleted that is good enough.
func (h *Handler) seen(c *call, current func() (string, error)) error {
	if len(c.request.Header.Values("If-Match")) == 0 {
		return nil
	}
	now, err := current()
	if err != nil {
		return err
	}
	return c.unchanged(now)
}
