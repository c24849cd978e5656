package state

import (
	"context"
	"strings"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// DefaultAccount is the name of the home account: whose users run the server, and whose the keys are that are made without an account.
const DefaultAccount = "default"

// homeMark is how the note begins by which the store keeps which account is the home; the id follows. A name would not do: whoever may change
// accounts could give it to another one, and its users would run the server from the next start on.
const homeMark = "home-account:"

// Home returns the home account. Where the store has none it is the one called [DefaultAccount], which is made where it is missing; from then on it is
// that one, whatever it is called.
func Home(ctx context.Context, s *store.Store, by store.Actor) (store.Account, error) {
	if a, err := marked(ctx, s); stt.CodeOf(err) != stt.NotFound {
		return a, err
	}
	a, err := s.AccountByName(ctx, DefaultAccount)
	if stt.CodeOf(err) == stt.NotFound {
		a, err = s.CreateAccount(ctx, by, store.Account{Name: DefaultAccount})
		if stt.CodeOf(err) == stt.Conflict { // somebody else was faster
			a, err = s.AccountByName(ctx, DefaultAccount)
		}
	}
	if err != nil {
		return store.Account{}, err
	}
	if err := s.NoteImports(ctx, []string{homeMark + a.ID}); err != nil {
		return store.Account{}, err
	}
	return marked(ctx, s) // of two that began at once both find the same
}

// FindHome is [Home], but makes nothing: it is NotFound where there is no such account yet.
func FindHome(ctx context.Context, s *store.Store) (store.Account, error) {
	if a, err := marked(ctx, s); stt.CodeOf(err) != stt.NotFound {
		return a, err
	}
	return s.AccountByName(ctx, DefaultAccount)
}

// marked returns the account that the store keeps as the home; NotFound: there is none. Notes stay when an account goes, so that there may be others.
func marked(ctx context.Context, s *store.Store) (store.Account, error) {
	names, err := s.Imports(ctx)
	if err != nil {
		return store.Account{}, err
	}
	for _, name := range names {
		id, is := strings.CutPrefix(name, homeMark)
		if !is {
			continue
		}
		if a, err := s.Account(ctx, id); stt.CodeOf(err) != stt.NotFound {
			return a, err
		}
	}
	return store.Account{}, stt.Errorf(stt.NotFound, "there is no home account yet")
}

// Stays says why a change of an account must not be, where it is the home: without it, or with its keys refused, nobody could run the server any
// more. A Conflict. What an earlier version let happen can be mended.
func Stays(home string, was, is store.Account) error {
	switch {
	case was.ID != home:
		return nil
	case is.Name != was.Name && is.Name != DefaultAccount:
		return fixedHome("name", "renamed")
	case is.Disabled && !was.Disabled:
		return fixedHome("disabled", "disabled; its keys and users can be, each for itself")
	}
	return nil
}

// StaysThere says why an account must not be deleted, where it is the home. A Conflict.
func StaysThere(home, id string) error {
	if id != home {
		return nil
	}
	return fixedHome("", "deleted")
}

func fixedHome(field, what string) error {
	return &stt.Error{Code: stt.Conflict, Option: field, Msg: "the users of this account run the server: it cannot be " + what}
}

// Account is [FindAccount], but makes the home account where that is asked for and there is none.
func Account(ctx context.Context, s *store.Store, by store.Actor, which string) (store.Account, error) {
	if which == DefaultAccount {
		return Home(ctx, s, by)
	}
	return FindAccount(ctx, s, which)
}

// FindAccount returns the account with a name, else the one with an id. [DefaultAccount] is the home account, if there is one. It is NotFound if there is neither.
func FindAccount(ctx context.Context, s *store.Store, which string) (store.Account, error) {
	find := s.AccountByName
	if which == DefaultAccount {
		find = func(ctx context.Context, _ string) (store.Account, error) { return FindHome(ctx, s) }
	}
	a, err := find(ctx, which)
	if err == nil || stt.CodeOf(err) != stt.NotFound && stt.CodeOf(err) != stt.Invalid {
		return a, err
	}
	if a, err = s.Account(ctx, which); stt.CodeOf(err) == stt.NotFound || stt.CodeOf(err) == stt.Invalid {
		return store.Account{}, stt.Errorf(stt.NotFound, "there is no account with the name or id %q", which)
	}
	return a, err
}
