package main

import (
	"fmt"
	"io"

	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// accountsCmd manages accounts: customers or teams, which own keys and have limits and a bill.
type accountsCmd struct {
	Create  accountsCreateCmd  `cmd:"" help:"Make an account."`
	List    accountsListCmd    `cmd:"" help:"List accounts."`
	Show    accountsShowCmd    `cmd:"" help:"Show an account."`
	Limits  accountsLimitsCmd  `cmd:"" help:"Change the limits of an account, for all its keys together."`
	Rename  accountsRenameCmd  `cmd:"" help:"Change the name of an account."`
	Disable accountsDisableCmd `cmd:"" help:"Refuse all keys of an account until it is enabled again."`
	Enable  accountsEnableCmd  `cmd:"" help:"Accept the keys of a disabled account again."`
	Delete  accountsDeleteCmd  `cmd:"" help:"Delete an account that has no users and keys any more."`
}

// accountArg names an account.
type accountArg struct {
	Account string `arg:"" help:"Name or id of the account."`
}

func printAccount(env *environment, f formatFlag, a store.Account) error {
	return f.print(env, admin.Shape(a), func(w io.Writer) {
		fmt.Fprintf(w, "id\t%s\nname\t%s\nstate\t%s\ncreated\t%s\nlimits\t%s\n", a.ID, a.Name, accountState(a), timeText(a.Created), limitText(a.Limits))
	})
}

func accountState(a store.Account) string {
	if a.Disabled {
		return "disabled"
	}
	return "enabled"
}

type accountsCreateCmd struct {
	stateFlags
	formatFlag
	limitFlags
	Name string `arg:"" help:"Name of the account; 1 to 128 characters."`
}

// Run makes the account.
func (c *accountsCreateCmd) Run(env *environment) error {
	account := store.Account{Name: c.Name}
	if err := c.to(&account.Limits); err != nil {
		return err
	}
	return c.making(env, func(s *store.Store, by store.Actor) error {
		made, err := s.CreateAccount(env.ctx, by, account)
		if err != nil {
			return err
		}
		return printAccount(env, c.formatFlag, made)
	})
}

type accountsListCmd struct {
	stateFlags
	formatFlag
}

// Run prints a table.
func (c *accountsListCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		list, err := all(func(p store.Page) ([]store.Account, string, error) { return s.Accounts(env.ctx, p) })
		if err != nil {
			return err
		}
		return printList(env, c.formatFlag, list, "accounts", []string{"ID", "NAME", "STATE", "LIMITS"}, func(a store.Account) []string {
			return []string{a.ID, a.Name, accountState(a), limitText(a.Limits)}
		})
	})
}

type accountsShowCmd struct {
	stateFlags
	formatFlag
	accountArg
}

// Run prints the account.
func (c *accountsShowCmd) Run(env *environment) error {
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		a, err := state.FindAccount(env.ctx, s, c.Account)
		if err != nil {
			return err
		}
		return printAccount(env, c.formatFlag, a)
	})
}

// changed applies a change to an account and prints it.
func (a accountArg) changed(env *environment, f *stateFlags, format formatFlag, change func(*store.Account) error) error {
	return f.with(env, func(s *store.Store, by store.Actor) error {
		account, err := state.Account(env.ctx, s, by, a.Account)
		if err != nil {
			return err
		}
		home, err := homeID(env, s)
		if err != nil {
			return err
		}
		account, err = s.UpdateAccount(env.ctx, by, account.ID, func(a *store.Account) error {
			was := *a
			if err := change(a); err != nil {
				return err
			}
			return state.Stays(home, was, *a)
		})
		if err != nil {
			return err
		}
		return printAccount(env, format, account)
	})
}

// homeID returns the id of the account whose users run the server; empty: there is none yet.
func homeID(env *environment, s *store.Store) (string, error) {
	home, err := state.FindHome(env.ctx, s)
	if stt.CodeOf(err) == stt.NotFound {
		return "", nil
	}
	return home.ID, err
}

type accountsLimitsCmd struct {
	stateFlags
	formatFlag
	accountArg
	limitFlags
}

// Run changes what is given.
func (c *accountsLimitsCmd) Run(env *environment) error {
	if !c.given() {
		return noLimits()
	}
	return c.changed(env, &c.stateFlags, c.formatFlag, func(a *store.Account) error { return c.to(&a.Limits) })
}

type accountsRenameCmd struct {
	stateFlags
	formatFlag
	accountArg
	Name string `arg:"" help:"The new name."`
}

// Run changes the name.
func (c *accountsRenameCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(a *store.Account) error { a.Name = c.Name; return nil })
}

type accountsDisableCmd struct {
	stateFlags
	formatFlag
	accountArg
}

// Run disables the account.
func (c *accountsDisableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(a *store.Account) error { a.Disabled = true; return nil })
}

type accountsEnableCmd struct {
	stateFlags
	formatFlag
	accountArg
}

// Run enables the account.
func (c *accountsEnableCmd) Run(env *environment) error {
	return c.changed(env, &c.stateFlags, c.formatFlag, func(a *store.Account) error { a.Disabled = false; return nil })
}

type accountsDeleteCmd struct {
	stateFlags
	accountArg
	WithVocabularies bool `help:"Delete its vocabularies, vocabulary filters and replacement rulesets too."`
	Yes              bool `help:"Do not ask."`
}

// Run deletes the account.
func (c *accountsDeleteCmd) Run(env *environment) error {
	return c.with(env, func(s *store.Store, by store.Actor) error {
		a, err := state.FindAccount(env.ctx, s, c.Account)
		if err != nil {
			return err
		}
		home, err := homeID(env, s)
		if err != nil {
			return err
		}
		if err := state.StaysThere(home, a.ID); err != nil {
			return err
		}
		what := fmt.Sprintf("the account %s (%q)", a.ID, a.Name)
		if c.WithVocabularies {
			what += ", with its vocabularies, filters and rulesets,"
		}
		if err := confirmed(env, c.Yes, what); err != nil {
			return err
		}
		if err := admin.RemoveAccount(env.ctx, s, by, a.ID, c.WithVocabularies, "--with-vocabularies deletes what else there is with it"); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "deleted %s\n", a.ID)
		return nil
	})
}
