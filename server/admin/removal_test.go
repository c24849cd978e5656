package admin

import (
	"context"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/store"
)

// What stands in the way of removing an account is said all at once, by kinds and with numbers. Keys and users never go with it, all else where that is
// asked for.
func TestRemoveAccount(t *testing.T) {
	h := newHouse(t)
	id := h.account("radio")
	path := "/accounts/" + id
	put := func(kind string, names ...string) {
		for _, name := range names {
			if _, err := h.store.PutResource(context.Background(), store.Actor{Name: "test"}, store.Resource{Account: id, Kind: kind, Name: name, Language: "en-US", State: "READY"}, store.Create); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(store.KindVocabulary, "names", "places")
	put(store.KindVocabularyFilter, "rude")
	put("replacement-ruleset", "r")
	key, _ := h.key(id, "app")
	h.do(201, "POST", "/access-keys/"+key+"/temporary", `{"ttl_seconds":60}`)
	second, _ := h.key(id, "other")
	api := h.do(201, "POST", "/api-keys", `{"account":"`+id+`","name":"portal"}`).get("api_key.id")
	user := h.do(201, "POST", "/users", `{"account":"`+id+`","name":"bob"}`).get("id")
	owners := "still has 2 access keys, 1 API key and 1 user"
	h.refused(409, "conflict", "", strings.Replace(owners, " and 1 user", ", 1 user", 1)+", 1 replacement ruleset, 2 vocabularies and 1 vocabulary filter: delete the keys and the users first; with_vocabularies=true", "DELETE", path, "")
	h.refused(409, "conflict", "", owners+": delete the keys and the users first", "DELETE", path+"?with_vocabularies=true", "")
	for _, one := range []string{"/access-keys/" + key, "/access-keys/" + second, "/api-keys/" + api, "/users/" + user} {
		h.do(204, "DELETE", one, "")
	}
	h.refused(409, "conflict", "", "still has 1 replacement ruleset, 2 vocabularies and 1 vocabulary filter: with_vocabularies=true", "DELETE", path, "")
	h.refused(400, "invalid", "with_vocabularies", "", "DELETE", path+"?with_vocabularies=yes", "")
	h.do(204, "DELETE", path+"?with_vocabularies=true", "")
	h.refused(404, "not-found", "*", "", "GET", path, "")
	h.refused(404, "not-found", "*", "", "DELETE", path, "")
	log := h.do(200, "GET", "/audit?action=delete", "").Body.String()
	for _, name := range []string{"names", "places", "rude", "r", id} {
		if strings.Count(log, `"target":"`+name+`"`) != 1 {
			t.Errorf("the audit log does not have %q once: %s", name, log)
		}
	}
}
