package admin

import (
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// user is a person of an account.
type user struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	Name      string    `json:"name" doc:"Unique within the account."`
	Role      Role      `json:"role"`
	Password  bool      `json:"password" doc:"There is one, so that the user can sign in to the console."`
	Temporary bool      `json:"temporary_password" doc:"It has to be replaced at the next sign-in."`
	Created   time.Time `json:"created"`
	Disabled  bool      `json:"disabled"`
}

func userOf(u store.User) user {
	return user{ID: u.ID, Account: u.Account, Name: u.Name, Role: RoleOf(u.Role), Password: u.PasswordHash != "", Temporary: auth.TemporaryPassword(u.PasswordHash), Created: u.Created, Disabled: u.Disabled}
}

func (u user) etag() string { return tag(u) }

// newUser makes one.
type newUser struct {
	Account   string `json:"account" doc:"Id or name." need:"true"`
	Name      string `json:"name" need:"true"`
	Role      Role   `json:"role" doc:"Absent: viewer."`
	Disabled  bool   `json:"disabled"`
	Password  string `json:"password" doc:"For the console, at least 12 characters; absent: the user cannot sign in there. It never shows again."`
	Temporary bool   `json:"temporary_password" doc:"Whoever signs in with the password has to choose another one first."`
}

// userChanges changes one.
type userChanges struct {
	Name      change[string] `json:"name"`
	Role      change[Role]   `json:"role"`
	Disabled  change[bool]   `json:"disabled"`
	Password  change[string] `json:"password" doc:"At least 12 characters; null: none. Whoever has signed in with the old one is signed out."`
	Temporary bool           `json:"temporary_password" doc:"With a password: whoever signs in with it has to choose another one first."`
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
	account, err := h.accountParam(c, nil)
	if err != nil {
		return page[user]{}, err
	}
	list, next, err := h.store.Users(c.ctx(), store.UserFilter{Account: account, Text: c.ask("text"), Page: p})
	return paged(list, next, err, userOf)
}

func (h *Handler) createUser(c *call, in *newUser) (user, error) {
	kept, err := role(in.Role)
	if err != nil {
		return user{}, err
	}
	hash, err := h.hash(c, in.Name, in.Password, in.Temporary)
	if err != nil {
		return user{}, err
	}
	if in.Account, err = h.accountIn(c, in.Account); err != nil {
		return user{}, err
	}
	made, err := h.store.CreateUser(c.ctx(), c.actor, store.User{Account: in.Account, Name: in.Name, Role: kept, Disabled: in.Disabled, PasswordHash: hash})
	return userOf(made), err
}

// hash returns what is kept of a password for somebody; nothing of none.
func (h *Handler) hash(c *call, name, password string, temporary bool) (string, error) {
	switch {
	case password == "" && temporary:
		return "", invalid("temporary_password", "\"temporary_password\": expected a \"password\" beside it")
	case password == "":
		return "", nil
	case h.passwords == nil:
		return "", stt.Errorf(stt.Unsupported, "this server keeps no passwords")
	}
	if err := auth.NewPassword(name, password); err != nil {
		return "", err
	}
	return h.passwords.Hash(c.ctx(), password, temporary)
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
	hash, err := h.passwordFor(c, in)
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
		if in.Password.set {
			u.PasswordHash = hash
		}
		return nil
	})
	return userOf(u), err
}

// passwordFor returns what is kept of the password in a change. It must not be the name of the user, which is looked up for that.
func (h *Handler) passwordFor(c *call, in *userChanges) (string, error) {
	if in.Password.set && in.Password.value == "" && !in.Password.null {
		return "", invalid("password", "\"password\": expected at least %d characters, or null for none; got none", auth.MinPassword)
	}
	name := in.Name.value
	if in.Password.value != "" && !in.Name.set {
		u, err := h.store.User(c.ctx(), c.path("user"))
		if err != nil {
			return "", err
		}
		name = u.Name
	}
	return h.hash(c, name, in.Password.value, in.Temporary)
}

func (h *Handler) deleteUser(c *call) error {
	if err := h.seen(c, func() (string, error) { u, err := h.getUser(c); return u.etag(), err }); err != nil {
		return err
	}
	return h.store.DeleteUser(c.ctx(), c.actor, c.path("user"))
}
