package admin

import (
	"testing"

	"github.com/earshot-stt/earshot/store"
)

// The account whose users run the server stays, whoever asks.
func TestHomeStays(t *testing.T) {
	var home string
	h := newHouse(t, func(o *Options) {
		a, err := o.Store.CreateAccount(t.Context(), store.Actor{Name: "test"}, store.Account{Name: "default"})
		if err != nil {
			t.Fatal(err)
		}
		o.Home, home = a.ID, a.ID
	})
	at := "/accounts/" + home
	if a := h.do(200, "GET", at, ""); a.get("home") != "true" {
		t.Errorf("shown as %s", a.Body)
	}
	h.refused(409, "conflict", "name", "run the server", "PATCH", at, `{"name":"old"}`)
	h.refused(409, "conflict", "disabled", "run the server", "PATCH", at, `{"disabled":true}`)
	h.refused(409, "conflict", "", "run the server", "DELETE", at, "")
	if a := h.do(200, "PATCH", at, `{"name":"default","limits":{"streams":3}}`); a.get("limits.streams") != "3" || a.get("name") != "default" || a.get("disabled") != "false" {
		t.Errorf("changed to %s", a.Body)
	}
	other := h.do(201, "POST", "/accounts", `{"name":"radio"}`)
	if other.get("home") != "null" {
		t.Errorf("made %s", other.Body)
	}
	h.refused(409, "conflict", "", "already", "PATCH", "/accounts/"+other.get("id"), `{"name":"default"}`)
	h.do(200, "PATCH", "/accounts/"+other.get("id"), `{"name":"tv","disabled":true}`)
	h.do(204, "DELETE", "/accounts/"+other.get("id"), "")
}
