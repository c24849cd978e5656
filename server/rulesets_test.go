package server

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// An account may have so many rulesets and no more; a list has their names, in order; and no key is read again for them.
func TestRulesets(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a, err := db.CreateAccount(ctx, store.Actor{Name: "t"}, store.Account{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	timed := timedStore{db, func(what string, _ time.Duration, _ error) { asked[what]++ }}
	before, err := timed.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r := &rulesets{store: db}
	for i := range mostRulesets {
		if err := r.Put(ctx, a.ID, fmt.Sprintf("id%03d", i), fmt.Sprintf("name%03d", mostRulesets-i), []byte("{}"), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Put(ctx, a.ID, "one-more", "n", []byte("{}"), true); stt.CodeOf(err) != stt.Quota {
		t.Errorf("one more than there may be: %v", err)
	}
	if err := r.Put(ctx, a.ID, "id000", "zz", []byte("{}"), false); err != nil {
		t.Errorf("another content: %v", err)
	}
	list, err := r.List(ctx, a.ID)
	if err != nil || len(list) != mostRulesets || list[0].Name != "name001" || list[mostRulesets-1].ID != "id000" {
		t.Errorf("%v, %v", list, err)
	}
	if err := r.Delete(ctx, a.ID, "id000"); err != nil {
		t.Error(err)
	}
	if err := r.Put(ctx, a.ID, "one-more", "n", []byte("{}"), true); err != nil {
		t.Errorf("in the place of one that is gone: %v", err)
	}
	after, err := timed.Revision(ctx)
	if err != nil || after != before {
		t.Errorf("keys are read again: revision %d, then %d, %v", before, after, err)
	}
	if _, err := timed.Account(ctx, a.ID); err != nil {
		t.Error(err)
	}
	if asked["revision"] != 2 || asked["account"] != 1 {
		t.Errorf("told of %v", asked)
	}
}
