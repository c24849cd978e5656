package admin

import (
	"encoding/csv"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// An account is named by id or by name wherever a parameter or a body means one; one that there is not is refused by the name of the parameter.
func TestAccountsByName(t *testing.T) {
	h := newHouse(t)
	radio, other := h.account("radio & tv"), h.account("other")
	named := h.account(other) // called like the id of another: an id means that account and no other
	key, _ := h.key("radio & tv", "studio")
	h.key(radio, "twin")
	h.key(other, "twin")
	h.do(201, "POST", "/users", `{"account":"radio & tv","name":"alice"}`)
	h.do(201, "POST", "/api-keys", `{"account":"radio & tv","name":"portal"}`)
	if err := h.store.AddUsage(t.Context(), []store.Usage{{Session: "x", Sequence: 1, At: h.now, Account: radio, Key: key, Model: "m", Audio: time.Minute},
		{Session: "y", Sequence: 1, At: h.now, Account: "999999999999", Key: "gone", Model: "m", Audio: time.Second}}); err != nil {
		t.Fatal(err)
	}
	h.sessions.open = append(h.sessions.open, live("one", radio, key, h.now), live("two", "", "ticket", h.now))
	for _, path := range []string{"/users", "/access-keys", "/api-keys", "/usage", "/sessions", "/audit"} {
		byID := h.do(200, "GET", path+"?account="+radio, "")
		byName := h.do(200, "GET", path+"?account="+url.QueryEscape("radio & tv"), "")
		if byID.get("items") == "[]" || byID.Body.String() != byName.Body.String() {
			t.Errorf("%s: by id %s, by name %s", path, byID.Body, byName.Body)
		}
		h.refused(404, "not-found", "account", `"account"`, "GET", path+"?account=radioo", "")
		h.refused(404, "not-found", "account", `"account"`, "GET", path+"?account=000000000000", "")
	}
	if a := h.do(200, "GET", "/access-keys?account="+other, ""); !strings.Contains(a.get("items"), "twin") || strings.Contains(a.get("items"), named) {
		t.Errorf("got %s", a.Body)
	}
	for _, query := range []string{"key=studio", "key=" + key} {
		if a := h.do(200, "GET", "/usage?"+query, ""); !strings.Contains(a.get("items"), `"audio_seconds":60`) {
			t.Errorf("%s: %s", query, a.Body)
		}
		if a := h.do(200, "GET", "/sessions?"+query, ""); a.get("total") != "1" {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	h.refused(400, "invalid", "key", "more than one", "GET", "/usage?key=twin", "")
	h.refused(404, "not-found", "key", `"key"`, "GET", "/sessions?key=nobody", "")
	if a := h.do(200, "GET", "/sessions?key=ticket", ""); a.get("total") != "1" { // known to this server alone
		t.Errorf("got %s", a.Body)
	}
	for _, query := range []string{"account=999999999999", "key=gone"} { // deleted
		if a := h.do(200, "GET", "/usage?"+query, ""); !strings.Contains(a.get("items"), `"audio_seconds":1`) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
}

// A bill says what accounts and keys are called; what is deleted keeps its id.
func TestUsageNames(t *testing.T) {
	h := newHouse(t)
	radio := h.account("radio")
	key, _ := h.key(radio, "=studio")
	if err := h.store.AddUsage(t.Context(), []store.Usage{{Session: "x", Sequence: 1, At: h.now, Account: radio, Key: key, Model: "m", Audio: time.Minute},
		{Session: "y", Sequence: 1, At: h.now, Account: "999999999999", Key: "gone", Model: "m", Audio: time.Second}}); err != nil {
		t.Fatal(err)
	}
	a := h.do(200, "GET", "/usage?group=account,key&format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(a.Body.String())).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %s", err, a.Body)
	}
	for _, row := range rows[1:] {
		account, name := "radio", "'=studio"
		if row[2] == "gone" {
			account, name = "", ""
		}
		if row[12] != account || row[13] != name {
			t.Errorf("got %q", row)
		}
	}
	if a := h.do(200, "GET", "/usage?group=account,key&account=radio", ""); !strings.Contains(a.get("items"), `"account_name":"radio"`) || !strings.Contains(a.get("items"), `"key_name":"=studio"`) {
		t.Errorf("got %s", a.Body)
	}
}

// A key that was rotated says until when its old secret is good, for as long as it is.
func TestOldSecret(t *testing.T) {
	h := newHouse(t)
	id, _ := h.key(h.account("a"), "studio")
	until := func() string { return h.do(200, "GET", "/access-keys/"+id, "").get("old_secret_until") }
	tag := func() string { return h.do(200, "GET", "/access-keys/"+id, "").Header().Get("ETag") }
	if got := until(); got != "null" {
		t.Errorf("before the rotation: %s", got)
	}
	before := tag()
	end := h.now.Add(time.Hour).UTC().Format(time.RFC3339)
	if a := h.do(200, "POST", "/access-keys/"+id+"/rotate", `{"grace_seconds":3600}`); a.get("access_key.old_secret_until") != end {
		t.Errorf("got %s", a.Body)
	}
	if got := until(); got != end {
		t.Errorf("got %s, expected %s", got, end)
	}
	h.now = h.now.Add(time.Hour)
	if got := until(); got != "null" || tag() != before {
		t.Errorf("when it has ended: %s, ETag %s, before %s", got, tag(), before)
	}
}
