package admin

import (
	"time"

	"github.com/earshot-stt/earshot/store"
)

// user is a person of an account.
type user struct {
	ID       string    `json:"id"`
	Account  string    `json:"account"`
	Name     string    `json:"name" doc:"Unique within the account."`
	Role     Role      `json:"role"`
	Password bool      `json:"password" doc:"There is one."`
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled"`
}

func userOf(u store.User) user {
	return user{ID: u.ID, Account: u.Account, Name: u.Name, Role: RoleOf(u.Role), Password: u.PasswordHash != "", Created: u.Created, Disabled: u.Disabled}
}

func (u user) etag() string { return tag(u) }

// newUser makes one.
type newUser struct {
	Account  string `json:"account" need:"true"`
	Name     string `json:"name" need:"true"`
	Role     Role   `json:"role" doc:"Absent: viewer."`
	Disabled bool   `json:"disabled"`
}

// userChanges changes one.
type userChanges struct {
	Name     change[string] `json:"name"`
	Role     change[Role]   `json:"role"`
	Disabled change[bool]   `json:"disabled"`
}

// role reads the name of a role; nothing is the least.
func role(given Role) (store.Role, error) {
	if given == "" {
		return store.RoleViewer, nil
	}
	kept, ok := given.stored()
	if !ok {
		return "", invalid("role", "\"role\": expected viewer, operator or administrator; got %q", clip(string(given)))
	}
	return kept, nil
}

func (h *Handler) listUsers(c *call) (page[user], error) {
	p, err := c.page()
	if err != nil {
		return page[user]{}, err
	}
	list, next, err := h.store.Users(c.ctx(), store.UserFilter{Account: c.ask("account"), Text: c.ask("text"), Page: p})
	return paged(list, next, err, userOf)
}

func (h *Handler) createUser(c *call, in *newUser) (user, error) {
	kept, err := role(in.Role)
	if err != nil {
		return user{}, err
	}
	made, err := h.store.CreateUser(c.ctx(), c.actor, store.User{Account: in.Account, Name: in.Name, Role: kept, Disabled: in.Disabled})
	return userOf(made), err
}

func (h *Handler) getUser(c *call) (user, error) {
	u, err := h.store.User(c.ctx(), c.path("user"))
	return userOf(u), err
}

func (h *Handler) updateUser(c *call, in *userChanges) (user, error) {
	kept, err := role(in.Role.value)
	if err != nil {
		return user{}, err
	}
	u, err := h.store.UpdateUser(c.ctx(), c.actor, c.path("user"), func(u *store.User) error {
		if err := c.unchanged(userOf(*u).etag()); err != nil {
			return err
		}
		in.Name.to(&u.Name)
		in.Disabled.to(&u.Disabled)
		if in.Role.set {
			u.Role = kept
		}
		return nil
	})
	return userOf(u), err
}

func (h *Handler) deleteUser(c *call) error {
	if err := h.seen(c, func() (string, error) { u, err := h.getUser(c); return u.etag(), err }); err != nil {
		return err
	}
	return h.store.DeleteUser(c.ctx(), c.actor, c.path("user"))
}
