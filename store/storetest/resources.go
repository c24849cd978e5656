package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// What customers change themselves makes nobody read keys again; what keys depend on does.
func testKeysRevision(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	kept := func() int64 { return must(w.KeysRevision(w.ctx))(t) }
	same(t, "after an account", kept(), w.revision())
	r := store.Resource{Account: w.account.ID, Kind: store.KindVocabulary, Name: "v", State: "READY"}
	for _, c := range []struct {
		what   string
		change func() error
	}{
		{"a new one", func() error { _, err := w.PutResource(w.ctx, by, r, store.Create); return err }},
		{"a new text", func() error { _, err := w.PutResource(w.ctx, by, r, store.Update); return err }},
		{"tags", func() error { return w.SetTags(w.ctx, by, r.Account, r.Kind, r.Name, map[string]string{"k": "v"}) }},
		{"no tags", func() error { return w.RemoveTags(w.ctx, by, r.Account, r.Kind, r.Name, []string{"k"}) }},
		{"none", func() error { return w.DeleteResource(w.ctx, by, r.Account, r.Kind, r.Name) }},
		{"a price", func() error { return w.SetPrice(w.ctx, by, store.Price{Model: "m", PerMinute: 1, Currency: "EUR"}) }},
	} {
		before, revision := kept(), w.revision()
		ok(t, c.change())
		same(t, c.what, kept(), before)
		same(t, "revision after "+c.what, w.revision(), revision+1)
	}
	before := kept()
	w.newKey("k")
	if now := kept(); now <= before || now != w.revision() {
		t.Errorf("after a key: %d, before it %d, the store has %d", now, before, w.revision())
	}
}

// The audit log forgets what is old and of a kind that is named, the oldest first, so many at a time.
func testForgetAudit(t *testing.T, fresh func(testing.TB) string) {
	w := newWorld(t, fresh)
	for i := range 5 {
		r := store.Resource{Account: w.account.ID, Kind: store.KindVocabulary, Name: "v" + string(rune('0'+i)), State: "READY"}
		must(w.PutResource(w.ctx, by, r, store.Create))(t)
		w.clock.move(time.Hour)
	}
	left := func() (names string) {
		list, _, err := w.Audit(w.ctx, store.AuditFilter{})
		ok(t, err)
		for _, e := range list {
			names = e.Kind + " " + e.Target + ", " + names
		}
		return names
	}
	account := "account " + w.account.ID + ", "
	forget := func(want int64, age time.Duration, kinds []string, most int, names string) {
		t.Helper()
		same(t, "forgotten", must(w.ForgetAudit(w.ctx, begin.Add(age), kinds, most))(t), want)
		same(t, "left", left(), account+names)
	}
	vocabularies := []string{store.KindVocabulary, store.KindVocabularyFilter}
	all := "vocabulary v0, vocabulary v1, vocabulary v2, vocabulary v3, vocabulary v4, "
	forget(0, 9*time.Hour, nil, 100, all)
	forget(0, 9*time.Hour, []string{store.KindVocabularyFilter}, 100, all)
	forget(0, 0, vocabularies, 100, all)
	forget(1, 9*time.Hour, vocabularies, 1, all[len("vocabulary v0, "):])
	forget(2, 3*time.Hour, vocabularies, 100, "vocabulary v3, vocabulary v4, ")
	w.newAccount("after it") // revisions go on
	wantWhole(t, w.Store)
}

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
