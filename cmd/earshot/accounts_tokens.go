package main

import (
	"fmt"
	"io"
	"time"

	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// adminTokensCmd manages the tokens that the administration over HTTP asks for. The one that the first start of a server printed is
// not among them: only its hash is kept, in the data folder.
type adminTokensCmd struct {
	Create  adminTokensCreateCmd  `cmd:"" help:"Make an administrator's token and print it, this once."`
	List    adminTokensListCmd    `cmd:"" help:"List administrators' tokens, without themselves."`
	Disable adminTokensDisableCmd `cmd:"" help:"Refuse an administrator's token until it is enabled again."`
	Enable  adminTokensEnableCmd  `cmd:"" help:"Accept a disabled administrator's token again."`
	Delete  adminTokensDeleteCmd  `cmd:"" help:"Delete an administrator's token."`
}

type adminTokensCreateCmd struct {
	stateFlags
	formatFlag
	roleFlag
	Name    string `required:"" placeholder:"NAME" help:"What it is called; it stands in the audit log."`
	Expires string `placeholder:"TIME" help:"When it ends: 12h or 30d from now, 2027-01-31, or never. Default: never."`
}

// Run makes the token.
func (c *adminTokensCreateCmd) Run(env *environment) error {
	until, err := expiry(c.Expires, time.Now())
	if err != nil {
		return err
	}
	return c.making(env, func(s *store.Store, by store.Actor) error {
		made, token, err := s.CreateAdminToken(env.ctx, by, store.AdminToken{Name: c.Name, Role: c.kept(), Expires: until})
		if err != nil {
			return err
		}
		return c.print(env, admin.ShapeNewAdminToken(made, token), func(w io.Writer) {
			fmt.Fprintf(w, "token\t%s\nid\t%s\nname\t%s\nrole\t%s\nexpires\t%s\n", token, made.ID, made.Name, admin.RoleOf(made.Role), timeText(made.Expires))
			fmt.Fprintln(env.errOut, "The token is shown this once.")
		})
	})
}

// tokens returns all of them.
func tokens(env *environment, s *store.Store) ([]store.AdminToken, error) {
	return all(func(p store.Page) ([]store.AdminToken, string, error) { return s.AdminTokens(env.ctx, p) })
}

type adminTokensListCmd struct {
	stateFlags
	formatFlag
}

// Run prints a table.
func (c *adminTokensListCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		list, err := tokens(env, s)
		if err != nil {
			return err
		}
		return printList(env, c.formatFlag, list, "administrators' tokens", []string{"ID", "NAME", "ROLE", "STATE", "EXPIRES"}, func(t store.AdminToken) []string {
			return []string{t.ID, t.Name, string(admin.RoleOf(t.Role)), stateText(t.Disabled, t.Expires), timeText(t.Expires)}
		})
	})
}

// adminTokenArg names an administrator's token.
type adminTokenArg struct {
	Token string `arg:"" help:"Id of the token, or the name if only one has it. Not the token itself."`
}

func (a adminTokenArg) find(env *environment, s *store.Store) (found store.AdminToken, err error) {
	list, err := tokens(env, s)
	if err != nil {
		return store.AdminToken{}, err
	}
	matches := 0
	for _, t := range list {
		if t.ID == a.Token {
			return t, nil
		}
		if t.Name == a.Token {
			found = t
			matches++
		}
	}
	switch matches {
	case 0:
		return store.AdminToken{}, stt.Errorf(stt.NotFound, "there is no such token; \"earshot admin-tokens list\" shows what there is")
	case 1:
		return found, nil
	}
	return store.AdminToken{}, stt.Errorf(stt.Invalid, "%d tokens are called so; give the id, which \"earshot admin-tokens list\" shows", matches)
}

func (a adminTokenArg) disable(env *environment, f *stateFlags, disabled bool) error {
	return f.with(env, func(s *store.Store, by store.Actor) error {
		t, err := a.find(env, s)
		if err != nil {
			return err
		}
		t, err = s.UpdateAdminToken(env.ctx, by, t.ID, func(t *store.AdminToken) error { t.Disabled = disabled; return nil })
		if err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "%s (%q) is %s\n", t.ID, t.Name, stateText(t.Disabled, t.Expires))
		return nil
	})
}

type adminTokensDisableCmd struct {
	stateFlags
	adminTokenArg
}

// Run disables the token.
func (c *adminTokensDisableCmd) Run(env *environment) error {
	return c.disable(env, &c.stateFlags, true)
}

type adminTokensEnableCmd struct {
	stateFlags
	adminTokenArg
}

// Run enables the token.
func (c *adminTokensEnableCmd) Run(env *environment) error {
	return c.disable(env, &c.stateFlags, false)
}

type adminTokensDeleteCmd struct {
	stateFlags
	adminTokenArg
	Yes bool `help:"Do not ask."`
}

// Run deletes the token.
func (c *adminTokensDeleteCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		t, err := c.find(env, s)
		if err != nil {
			return err
		}
		if err := confirmed(env, c.Yes, fmt.Sprintf("the administrator's token %s (%q)", t.ID, t.Name)); err != nil {
			return err
		}
		if err := s.DeleteAdminToken(env.ctx, by, t.ID); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "deleted %s\n", t.ID)
		return nil
	})
}
