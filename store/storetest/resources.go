package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

func testResources(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	given := store.Resource{Account: w.account.ID, Kind: store.KindVocabulary, Name: "Names", Language: "en-US", State: "PENDING", Source: "phrases",
		Content: []byte("a\x00b\xff\nc"), Tags: map[string]string{"team": "a", "empty": ""}}
	made := must(w.PutResource(w.ctx, by, given, store.Create))(t)
	same(t, "created", made.Created, begin.Truncate(time.Microsecond))
	get := func(name string) store.Resource {
		t.Helper()
		return must(w.Resource(w.ctx, w.account.ID, store.KindVocabulary, name))(t)
	}
	same(t, "read", get("Names"), made)
	_, err := w.PutResource(w.ctx, by, given, store.Create)
	wantCode(t, err, stt.Conflict, "made twice")
	other := given
	other.Kind = store.KindVocabularyFilter
	must(w.PutResource(w.ctx, by, other, store.Create))(t)
	other = given
	other.Account = w.newAccount("other").ID
	must(w.PutResource(w.ctx, by, other, store.Create))(t)
	other.Name = "names"
	_, err = w.PutResource(w.ctx, by, other, store.Update)
	wantCode(t, err, stt.NotFound, "replaced when it is not there")
	_, err = w.PutResource(w.ctx, by, given, 0)
	wantCode(t, err, stt.Invalid, "without a mode")

	w.clock.move(time.Minute)
	given.State, given.Content, given.Tags = "READY", []byte("new"), nil
	changed := must(w.PutResource(w.ctx, by, given, store.Update))(t)
	same(t, "replaced", get("Names"), changed)
	same(t, "modified", changed.Modified, made.Created.Add(time.Minute))
	same(t, "created when replaced", changed.Created, made.Created)
	same(t, "tags when replaced", changed.Tags, made.Tags)

	w.clock.move(time.Minute)
	finished := must(w.UpdateResource(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", func(r *store.Resource) error {
		r.State, r.Failure, r.Content[0] = "FAILED", "line 3", 'N'
		r.Tags["team"] = "b"
		return nil
	}))(t)
	same(t, "updated", get("Names"), finished)
	same(t, "modified by an update", finished.Modified, changed.Modified.Add(time.Minute))
	_, err = w.UpdateResource(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", func(r *store.Resource) error {
		r.Tags["team"] = "c"
		return errors.New("no")
	})
	wantCode(t, err, stt.Internal, "an update that is refused")
	same(t, "after an update that was refused", get("Names"), finished)
	_, err = w.UpdateResource(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", func(r *store.Resource) error { r.Name = "x"; return nil })
	wantCode(t, err, stt.Invalid, "an update that renames")

	ok(t, w.SetTags(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", map[string]string{"team": "c", "cost": "1"}))
	ok(t, w.RemoveTags(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", []string{"empty", "never"}))
	same(t, "tags", get("Names").Tags, map[string]string{"team": "c", "cost": "1"})
	same(t, "modified by tags", get("Names").Modified, finished.Modified)
	wantCode(t, w.SetTags(w.ctx, by, w.account.ID, store.KindVocabulary, "nobody", nil), stt.NotFound, "tags of nothing")
	many := map[string]string{}
	for i := range 50 {
		many[strings.Repeat("x", i+1)] = "1"
	}
	wantCode(t, w.SetTags(w.ctx, by, w.account.ID, store.KindVocabulary, "Names", many), stt.Invalid, "52 tags")

	for i, name := range []string{"alpha", "Beta", "gamma"} {
		r := store.Resource{Account: w.account.ID, Kind: store.KindVocabulary, Name: name, State: []string{"READY", "PENDING", "READY"}[i], Content: []byte("x")}
		must(w.PutResource(w.ctx, by, r, store.Create))(t)
	}
	for what, c := range map[string]struct {
		f    store.ResourceFilter
		want string
	}{
		"all of an account": {store.ResourceFilter{Account: w.account.ID}, "Beta Names alpha gamma Names"},
		"of a kind":         {store.ResourceFilter{Account: w.account.ID, Kind: store.KindVocabulary}, "Beta Names alpha gamma"},
		"in a state":        {store.ResourceFilter{State: "PENDING"}, "Beta Names Names"},
		"by part of a name": {store.ResourceFilter{Account: w.account.ID, NameContains: "AM", Kind: store.KindVocabulary}, "Names gamma"},
		"none":              {store.ResourceFilter{Account: "123456789012"}, ""},
	} {
		var names []string
		c.f.Max = 2
		for n := 0; n == 0 || c.f.After != ""; n++ {
			list, next, err := w.Resources(w.ctx, c.f)
			ok(t, err)
			for _, r := range list {
				names = append(names, r.Name)
				if r.Content != nil {
					t.Error("expected lists without contents")
				}
			}
			if c.f.After = next; n > 10 {
				t.Fatal("the list does not end")
			}
		}
		if c.f.Account == "" { // the order of accounts is that of their random ids
			continue
		}
		same(t, what, strings.Join(names, " "), c.want)
	}

	ok(t, w.DeleteResource(w.ctx, by, w.account.ID, store.KindVocabulary, "Names"))
	_, err = w.Resource(w.ctx, w.account.ID, store.KindVocabulary, "Names")
	wantCode(t, err, stt.NotFound, "a deleted vocabulary")
	must(w.Resource(w.ctx, w.account.ID, store.KindVocabularyFilter, "Names"))(t)
	wantCode(t, w.DeleteResource(w.ctx, by, w.account.ID, store.KindVocabulary, "Names"), stt.NotFound, "deleted twice")
}
