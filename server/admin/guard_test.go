package admin

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Figures and profiles know the tokens that the administration knows, and who guesses there is slowed down as there.
func TestGuarded(t *testing.T) {
	brake := &throttle{}
	h := newHouse(t, func(o *Options) { o.Throttle = brake })
	tokens := map[string]string{"root": rootToken, "none": "", "wrong": rootToken + "x"}
	for name, kept := range map[string]store.AdminToken{
		"viewer": {Role: store.RoleViewer}, "operator": {Role: store.RoleMember}, "administrator": {Role: store.RoleAdmin},
		"disabled": {Role: store.RoleAdmin, Disabled: true}, "ended": {Role: store.RoleAdmin, Expires: h.now.Add(-time.Hour)},
	} {
		kept.Name = name
		_, token, err := h.store.CreateAdminToken(t.Context(), store.Actor{Name: "test"}, kept)
		if err != nil {
			t.Fatal(err)
		}
		tokens[name] = token
	}
	ask := func(needs Role, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		h.handler.Guarded(needs, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, r)
		return w
	}
	for name, want := range map[string][2]int{ // for a viewer's, for an administrator's
		"root": {418, 418}, "administrator": {418, 418}, "operator": {418, 403}, "viewer": {418, 403},
		"none": {401, 401}, "wrong": {401, 401}, "disabled": {401, 401}, "ended": {401, 401},
	} {
		for i, needs := range []Role{Viewer, Admin} {
			if w := ask(needs, tokens[name]); w.Code != want[i] || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("%s where %s is needed: %d %v %s", name, needs, w.Code, w.Header(), w.Body)
			}
		}
	}
	if len(brake.failed) != 6 {
		t.Errorf("%d guesses are counted", len(brake.failed))
	}
	brake.refuse = &stt.Error{Code: stt.Quota, RetryAfter: time.Second}
	if w := ask(Viewer, "wrong"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("who guesses on: %d %v", w.Code, w.Header())
	}
	if w := ask(Viewer, tokens["viewer"]); w.Code != 418 {
		t.Errorf("who is right all the same: %d", w.Code)
	}
}
