package admin

import (
	"time"

	"github.com/earshot-stt/earshot/store"
)

// adminToken lets somebody administer the server; it is shown without itself.
type adminToken struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	Disabled bool      `json:"disabled"`
}

func adminTokenOf(t store.AdminToken) adminToken {
	return adminToken{ID: t.ID, Name: t.Name, Role: RoleOf(t.Role), Created: t.Created, Expires: t.Expires, Disabled: t.Disabled}
}

func (t adminToken) etag() string { return tag(t) }

// shownToken is a token with itself, which is shown only once.
type shownToken struct {
	Entry adminToken `json:"admin_token"`
	Token string     `json:"token" doc:"Shown this once."`
}

// newToken makes one.
type newToken struct {
	Name    string    `json:"name" need:"true"`
	Role    Role      `json:"role" doc:"Absent: viewer."`
	Expires time.Time `json:"expires" doc:"Absent: never."`
}

// tokenChanges changes one.
type tokenChanges struct {
	Name     change[string]    `json:"name"`
	Role     change[Role]      `json:"role"`
	Expires  change[time.Time] `json:"expires" doc:"null: never."`
	Disabled change[bool]      `json:"disabled"`
}

func (h *Handler) listTokens(c *call) (page[adminToken], error) {
	p, err := c.page()
	if err != nil {
		return page[adminToken]{}, err
	}
	list, next, err := h.store.AdminTokens(c.ctx(), p)
	return paged(list, next, err, adminTokenOf)
}

func (h *Handler) createToken(c *call, in *newToken) (shownToken, error) {
	kept, err := role(in.Role)
	if err != nil {
		return shownToken{}, err
	}
	if err := h.future("expires", in.Expires); err != nil {
		return shownToken{}, err
	}
	made, token, err := h.store.CreateAdminToken(c.ctx(), c.actor, store.AdminToken{Name: in.Name, Role: kept, Expires: in.Expires})
	return shownToken{Entry: adminTokenOf(made), Token: token}, err
}

func (h *Handler) updateToken(c *call, in *tokenChanges) (adminToken, error) {
	kept, err := role(in.Role.value)
	if err != nil {
		return adminToken{}, err
	}
	t, err := h.store.UpdateAdminToken(c.ctx(), c.actor, c.path("id"), func(t *store.AdminToken) error {
		if err := c.unchanged(adminTokenOf(*t).etag()); err != nil {
			return err
		}
		in.Name.to(&t.Name)
		in.Expires.to(&t.Expires)
		in.Disabled.to(&t.Disabled)
		if in.Role.set {
			t.Role = kept
		}
		return nil
	})
	return adminTokenOf(t), err
}

func (h *Handler) deleteToken(c *call) error {
	return h.store.DeleteAdminToken(c.ctx(), c.actor, c.path("id"))
}
