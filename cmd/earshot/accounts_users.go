package main

import (
	"fmt"
	"io"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// usersCmd manages the people of accounts, whom keys can belong to.
type usersCmd struct {
	Create   usersCreateCmd   `cmd:"" help:"Make a user."`
	Password usersPasswordCmd `cmd:"" help:"Set the password of a user, for the console. It is asked for, or read from standard input."`
	Role     usersRoleCmd     `cmd:"" help:"Change the role of a user."`
	List     usersListCmd     `cmd:"" help:"List users."`
	Disable  usersDisableCmd  `cmd:"" help:"Refuse a user, and the keys of that user, until enabled again."`
	Enable   usersEnableCmd   `cmd:"" help:"Accept a disabled user again."`
	Delete   usersDeleteCmd   `cmd:"" help:"Delete a user who has no keys any more."`
}

// roleFlag is what somebody may do.
type roleFlag struct {
	Role string `enum:"viewer,operator,administrator" default:"viewer" help:"viewer, operator or administrator. Default: ${default}."`
}

func (f roleFlag) kept() store.Role {
	kept, _ := admin.RoleIn(admin.Role(f.Role)) // one of the three
	return kept
}

func printUser(env *environment, f formatFlag, u store.User) error {
	return f.print(env, admin.Shape(u), func(w io.Writer) {
		fmt.Fprintf(w, "id\t%s\nname\t%s\naccount\t%s\nrole\t%s\npassword\t%s\nstate\t%s\n", u.ID, u.Name, u.Account, admin.RoleOf(u.Role), passwordState(u), userState(u))
	})
}

// passwordState says whether a user can sign in to the console.
func passwordState(u store.User) string {
	switch {
	case u.PasswordHash == "":
		return "none"
	case auth.TemporaryPassword(u.PasswordHash):
		return "temporary"
	}
	return "set"
}

func userState(u store.User) string {
	if u.Disabled {
		return "disabled"
	}
	return "enabled"
}

type usersCreateCmd struct {
	stateFlags
	formatFlag
	roleFlag
	Name         string `arg:"" help:"Name of the user, unique within the account."`
	Account      string `default:"default" placeholder:"NAME" help:"Account, by name or id. Default: ${default}."`
	WithPassword bool   `help:"Ask for a password, for the console, or read it from standard input."`
	Temporary    bool   `help:"With --with-password: whoever signs in with it has to choose another one first."`
}

// Run makes the user.
func (c *usersCreateCmd) Run(env *environment) error {
	hash := ""
	if c.WithPassword {
		var err error
		if hash, err = newPassword(env, c.Name, c.Temporary); err != nil {
			return err
		}
	}
	return c.making(env, func(s *store.Store, by store.Actor) error {
		owner, err := state.Account(env.ctx, s, by, c.Account)
		if err != nil {
			return err
		}
		u, err := s.CreateUser(env.ctx, by, store.User{Account: owner.ID, Name: c.Name, Role: c.kept(), PasswordHash: hash})
		if err != nil {
			return err
		}
		return printUser(env, c.formatFlag, u)
	})
}

type usersListCmd struct {
	stateFlags
	formatFlag
	Account string `placeholder:"NAME" help:"Only those of this account, by name or id."`
}

// Run prints a table.
func (c *usersListCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		account, err := accountID(env, s, c.Account)
		if err != nil {
			return err
		}
		list, err := all(func(p store.Page) ([]store.User, string, error) {
			return s.Users(env.ctx, store.UserFilter{Account: account, Page: p})
		})
		if err != nil {
			return err
		}
		return printList(env, c.formatFlag, list, "users", []string{"ID", "NAME", "ACCOUNT", "ROLE", "PASSWORD", "STATE"}, func(u store.User) []string {
			return []string{u.ID, u.Name, u.Account, string(admin.RoleOf(u.Role)), passwordState(u), userState(u)}
		})
	})
}

// userArg names a user.
type userArg struct {
	User    string `arg:"" help:"Id of the user, or the name within the account."`
	Account string `default:"default" placeholder:"NAME" help:"Account, by name or id, where a name is given. Default: ${default}."`
}

func (a userArg) find(env *environment, s *store.Store) (store.User, error) {
	u, err := s.User(env.ctx, a.User)
	if stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Invalid {
		return u, err
	}
	owner, err := state.FindAccount(env.ctx, s, a.Account)
	if err != nil {
		return store.User{}, err
	}
	u, err = s.UserByName(env.ctx, owner.ID, a.User)
	if stt.CodeOf(err) == stt.NotFound {
		err = stt.Errorf(stt.NotFound, "there is no user with the id %q, or of this name in the account %q", a.User, owner.Name)
	}
	return u, err
}

// changed applies a change to a user and prints it.
func (a userArg) changed(env *environment, f *stateFlags, format formatFlag, change func(*store.User) error) error {
	return f.with(env, func(s *store.Store, by store.Actor) error {
		u, err := a.find(env, s)
		if err != nil {
			return err
		}
		if u, err = s.UpdateUser(env.ctx, by, u.ID, change); err != nil {
			return err
		}
		return printUser(env, format, u)
	})
}

type usersDisableCmd struct {
	stateFlags
	formatFlag
	userArg
}

// Run disables the user.
func (c *usersDisableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(u *store.User) error { u.Disabled = true; return nil })
}

type usersEnableCmd struct {
	stateFlags
	formatFlag
	userArg
}

// Run enables the user.
func (c *usersEnableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(u *store.User) error { u.Disabled = false; return nil })
}

type usersDeleteCmd struct {
	stateFlags
	userArg
	Yes bool `help:"Do not ask."`
}

// Run deletes the user.
func (c *usersDeleteCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		u, err := c.find(env, s)
		if err != nil {
			return err
		}
		if err := confirmed(env, c.Yes, fmt.Sprintf("the user %s (%q)", u.ID, u.Name)); err != nil {
			return err
		}
		if err := s.DeleteUser(env.ctx, by, u.ID); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "deleted %s\n", u.ID)
		return nil
	})
}
