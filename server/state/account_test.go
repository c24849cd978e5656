package state

import (
	"testing"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// The home is an account and no name: whoever gets the name does not get the server with it, neither now nor after the next start.
func TestHome(t *testing.T) {
	cfg, folder := at(t)
	s := open(t, cfg, folder, nothing).Store
	if _, err := FindHome(t.Context(), s); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("looking makes an account: %v", err)
	}
	home := func(s *store.Store) store.Account {
		t.Helper()
		a, err := Home(t.Context(), s, by)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := FindHome(t.Context(), s); err != nil || found.ID != a.ID {
			t.Errorf("found %v, %v", found, err)
		}
		for _, which := range []func() (store.Account, error){
			func() (store.Account, error) { return Account(t.Context(), s, by, DefaultAccount) },
			func() (store.Account, error) { return FindAccount(t.Context(), s, DefaultAccount) },
		} {
			if b, err := which(); err != nil || b.ID != a.ID {
				t.Errorf("%q is %v, %v", DefaultAccount, b, err)
			}
		}
		return a
	}
	was := home(s)
	if was.Name != DefaultAccount {
		t.Errorf("made %v", was)
	}
	rename := func(id, name string) {
		t.Helper()
		if _, err := s.UpdateAccount(t.Context(), by, id, func(a *store.Account) error { a.Name = name; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	rename(was.ID, "old") // as earlier versions let operators do
	if now := home(s); now.ID != was.ID {
		t.Errorf("another account is the home when it has another name: %v", now)
	}
	radio, err := s.CreateAccount(t.Context(), by, store.Account{Name: "radio"})
	if err != nil {
		t.Fatal(err)
	}
	rename(radio.ID, DefaultAccount)
	again := open(t, cfg, folder, nothing).Store
	for _, s := range []*store.Store{s, again} {
		if now := home(s); now.ID != was.ID {
			t.Errorf("who has the name has the server: %v", now)
		}
	}
	if a, err := Account(t.Context(), s, by, radio.ID); err != nil || a.ID != radio.ID {
		t.Errorf("the other account by its id: %v, %v", a, err)
	}
	if err := s.DeleteAccount(t.Context(), by, was.ID); err != nil { // as earlier versions let operators do
		t.Fatal(err)
	}
	if now := home(again); now.ID != radio.ID {
		t.Errorf("without the home it is whoever has the name: %v", now)
	}
}

// What there was before there were notes has the home by its name.
func TestHomeOfBefore(t *testing.T) {
	cfg, folder := at(t)
	s := open(t, cfg, folder, nothing).Store
	made, err := s.CreateAccount(t.Context(), by, store.Account{Name: DefaultAccount})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := FindHome(t.Context(), s); err != nil || a.ID != made.ID {
		t.Errorf("found %v, %v", a, err)
	}
	if a, err := Home(t.Context(), s, by); err != nil || a.ID != made.ID {
		t.Errorf("%v, %v", a, err)
	}
}

func TestStays(t *testing.T) {
	const home = "123456789012"
	other := store.Account{ID: "210987654321", Name: "radio"}
	fine := store.Account{ID: home, Name: DefaultAccount}
	with := func(a store.Account, name string, disabled bool) store.Account {
		a.Name, a.Disabled = name, disabled
		return a
	}
	for _, c := range []struct {
		name    string
		was, is store.Account
		field   string // that the refusal names; empty: it may be
	}{
		{"nothing", fine, fine, ""},
		{"limits", fine, store.Account{ID: home, Name: DefaultAccount, Limits: store.Limits{Streams: 3}}, ""},
		{"renamed", fine, with(fine, "old", false), "name"},
		{"disabled", fine, with(fine, DefaultAccount, true), "disabled"},
		{"another one renamed", other, with(other, "tv", false), ""},
		{"another one disabled", other, with(other, "radio", true), ""},
		{"enabled again", with(fine, DefaultAccount, true), fine, ""},
		{"its name back", with(fine, "old", false), fine, ""},
		{"still disabled", with(fine, DefaultAccount, true), with(fine, DefaultAccount, true), ""},
		{"a third name", with(fine, "old", false), with(fine, "older", false), "name"},
	} {
		err := Stays(home, c.was, c.is)
		if c.field == "" && err != nil || c.field != "" && (stt.CodeOf(err) != stt.Conflict || stt.AsError(err).Option != c.field) {
			t.Errorf("%s: %v, expected a conflict about %q", c.name, err, c.field)
		}
		if err := Stays("", c.was, c.is); err != nil {
			t.Errorf("%s: without a home: %v", c.name, err)
		}
	}
	if err := StaysThere(home, home); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("the home may be deleted: %v", err)
	}
	if err := StaysThere(home, other.ID); err != nil {
		t.Errorf("another one may not: %v", err)
	}
}
