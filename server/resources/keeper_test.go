package resources_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/server/resources"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

var by = resource.Actor{Name: "key:TEST", Remote: "192.0.2.1:99"}

// open opens a store of its own with an account in it.
func open(t *testing.T) (s *store.Store, account string) {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	a, err := s.CreateAccount(t.Context(), store.Actor{Name: "test"}, store.Account{Name: "team"})
	if err != nil {
		t.Fatal(err)
	}
	return s, a.ID
}

func keep(t *testing.T, s *store.Store, o resources.Options) *resources.Keeper {
	t.Helper()
	k := resources.New(s, o)
	t.Cleanup(func() { k.Close() })
	return k
}

// settled waits until a vocabulary is not pending any more.
func settled(t *testing.T, k *resources.Keeper, account, name string) resource.Resource {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := k.Get(t.Context(), account, resource.KindVocabulary, name)
		if err != nil {
			t.Fatal(err)
		}
		if r.State != resource.Pending {
			return r
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("it stays pending")
		}
	}
}

func phrases(t *testing.T, list ...string) []byte {
	t.Helper()
	content, err := resource.FormatPhrases(list)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestLifeOfAVocabulary(t *testing.T) {
	s, account := open(t)
	k := keep(t, s, resources.Options{})
	ctx := t.Context()
	v := resource.Resource{Account: account, Kind: resource.KindVocabulary, Name: "places", Language: "en-US", Source: resource.FromPhrases,
		Content: phrases(t, "Los-Angeles"), Tags: map[string]string{"a": "1"}}
	made, err := k.Put(ctx, by, v, true)
	if err != nil || made.State != resource.Pending || made.Modified.IsZero() {
		t.Fatalf("%+v, %v", made, err)
	}
	if r := settled(t, k, account, "places"); r.State != resource.Ready || r.Tags["a"] != "1" || r.Language != "en-US" {
		t.Errorf("%+v", r)
	}
	got, err := k.Vocabulary(ctx, account, "places")
	if err != nil || len(got.Phrases) != 1 || got.Phrases[0].Text != "Los-Angeles" || got.Language != "en-US" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Put(ctx, by, v, true); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("a second of the name: %v", err)
	}
	// Another content counts at once, and a bad one says where it is bad.
	v.Content = phrases(t, "fine", "not so fine")
	if r, err := k.Put(ctx, by, v, false); err != nil || r.State != resource.Pending {
		t.Fatalf("%+v, %v", r, err)
	}
	if r := settled(t, k, account, "places"); r.State != resource.Failed || !strings.HasPrefix(r.Failure, "phrase 2, column 4: ") || r.Tags["a"] != "1" {
		t.Errorf("%+v", r)
	}
	_, err = k.Vocabulary(ctx, account, "places")
	if e := stt.AsError(err); e == nil || e.Code != stt.Invalid || e.Option != "vocabularies" || !strings.Contains(e.Msg, "FAILED") {
		t.Errorf("one that has failed: %v", err)
	}
	if err := k.Tag(ctx, by, account, resource.KindVocabulary, "places", map[string]string{"b": "2"}, []string{"a"}); err != nil {
		t.Error(err)
	}
	if r, _ := k.Get(ctx, account, resource.KindVocabulary, "places"); len(r.Tags) != 1 || r.Tags["b"] != "2" {
		t.Errorf("tags %v", r.Tags)
	}
	if err := k.Delete(ctx, by, account, resource.KindVocabulary, "places"); err != nil {
		t.Error(err)
	}
	_, err = k.Vocabulary(ctx, account, "places")
	if e := stt.AsError(err); e == nil || e.Code != stt.NotFound || e.Option != "vocabularies" || e.Got != "places" {
		t.Errorf("one that is gone: %v", err)
	}
	for what, err := range map[string]error{
		"delete": k.Delete(ctx, by, account, resource.KindVocabulary, "places"),
		"tag":    k.Tag(ctx, by, account, resource.KindVocabulary, "places", map[string]string{"b": "2"}, nil),
		"update": second(k.Put(ctx, by, v, false)),
		"get":    second(k.Get(ctx, account, resource.KindVocabulary, "places")),
	} {
		if stt.CodeOf(err) != stt.NotFound {
			t.Errorf("%s of what is not there: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestFilters(t *testing.T) {
	s, account := open(t)
	k := keep(t, s, resources.Options{})
	f := resource.Resource{Account: account, Kind: resource.KindFilter, Name: "rude", Language: "en-US", Source: resource.FromPhrases, Content: []byte("damn\nhell\n")}
	made, err := k.Put(t.Context(), by, f, true)
	if err != nil || made.State != resource.Ready {
		t.Fatalf("%+v, %v", made, err)
	}
	got, err := k.Filter(t.Context(), account, "rude")
	if err != nil || !slices.Equal(got.Words, []string{"damn", "hell"}) {
		t.Errorf("%+v, %v", got, err)
	}
	// An update keeps the language, and is seen at once.
	f.Language, f.Content = "", []byte("heck\n")
	if made, err = k.Put(t.Context(), by, f, false); err != nil || made.Language != "en-US" {
		t.Errorf("%+v, %v", made, err)
	}
	if got, err = k.Filter(t.Context(), account, "rude"); err != nil || !slices.Equal(got.Words, []string{"heck"}) || got.Language != "en-US" {
		t.Errorf("%+v, %v", got, err)
	}
	f.Content = []byte("one\ntwo words\n")
	if _, err := k.Put(t.Context(), by, f, false); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "word 2, column 4") {
		t.Errorf("a bad one: %v", err)
	}
	if got, err = k.Filter(t.Context(), account, "rude"); err != nil || !slices.Equal(got.Words, []string{"heck"}) {
		t.Errorf("after a bad one: %+v, %v", got, err)
	}
}

// What a server that was killed left pending, the next one finishes.
func TestPendingSurvives(t *testing.T) {
	s, account := open(t)
	for i, content := range []string{"Phrase\nfine\n", "Phrase\nnot fine\n"} {
		_, err := s.PutResource(t.Context(), store.Actor{Name: "test"}, store.Resource{Account: account, Kind: store.KindVocabulary, Name: fmt.Sprint("v", i), Language: "en-US",
			State: string(resource.Pending), Source: resource.FromPhrases, Content: []byte(content)}, store.Create)
		if err != nil {
			t.Fatal(err)
		}
	}
	k := keep(t, s, resources.Options{})
	if r := settled(t, k, account, "v0"); r.State != resource.Ready {
		t.Errorf("%+v", r)
	}
	if r := settled(t, k, account, "v1"); r.State != resource.Failed {
		t.Errorf("%+v", r)
	}
}

// Two keepers on one store do not get in each other's way, and see what the other does.
func TestTwoServers(t *testing.T) {
	s, account := open(t)
	a, b := keep(t, s, resources.Options{}), keep(t, s, resources.Options{})
	v := resource.Resource{Account: account, Kind: resource.KindVocabulary, Name: "v", Language: "en-US", Source: resource.FromPhrases, Content: phrases(t, "one")}
	if _, err := a.Put(t.Context(), by, v, true); err != nil {
		t.Fatal(err)
	}
	settled(t, b, account, "v")
	if got, err := b.Vocabulary(t.Context(), account, "v"); err != nil || got.Phrases[0].Text != "one" {
		t.Fatal(got, err)
	}
	v.Content = phrases(t, "two")
	if _, err := a.Put(t.Context(), by, v, false); err != nil {
		t.Fatal(err)
	}
	settled(t, a, account, "v")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if got, err := b.Vocabulary(t.Context(), account, "v"); err == nil && got.Phrases[0].Text == "two" {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the other server goes on with the old one")
		}
	}
}

func TestQuota(t *testing.T) {
	s, account := open(t)
	k := keep(t, s, resources.Options{})
	for i := range resource.MaxEach {
		f := resource.Resource{Account: account, Kind: resource.KindFilter, Name: fmt.Sprint("f", i), Language: "en-US", Source: resource.FromPhrases, Content: []byte("a")}
		if _, err := k.Put(t.Context(), by, f, true); err != nil {
			t.Fatal(err)
		}
	}
	f := resource.Resource{Account: account, Kind: resource.KindFilter, Name: "more", Language: "en-US", Source: resource.FromPhrases, Content: []byte("a")}
	if _, err := k.Put(t.Context(), by, f, true); stt.CodeOf(err) != stt.Quota {
		t.Errorf("one more than may be: %v", err)
	}
	if all, err := k.List(t.Context(), account, resource.KindFilter); err != nil || len(all) != resource.MaxEach {
		t.Errorf("%d are there, %v", len(all), err)
	}
	f.Kind = resource.KindVocabulary // has a quota of its own
	if _, err := k.Put(t.Context(), by, f, true); err != nil {
		t.Error(err)
	}
	f.Name = "f0"
	f.Kind = resource.KindFilter // there already
	if _, err := k.Put(t.Context(), by, f, true); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("one that is there: %v", err)
	}
}

// Nobody sees what another account has.
func TestAccounts(t *testing.T) {
	s, account := open(t)
	other, err := s.CreateAccount(t.Context(), store.Actor{Name: "test"}, store.Account{Name: "others"})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	k := keep(t, s, resources.Options{Account: func(_ context.Context, name string) (string, error) {
		asked++
		if name != "default" {
			return "", stt.Errorf(stt.NotFound, "no account %q", name)
		}
		return account, nil
	}})
	f := resource.Resource{Account: "default", Kind: resource.KindFilter, Name: "f", Language: "en-US", Source: resource.FromPhrases, Content: []byte("a")}
	if made, err := k.Put(t.Context(), by, f, true); err != nil || made.Account != account {
		t.Fatal(made, err)
	}
	if _, err := k.Filter(t.Context(), "default", "f"); err != nil {
		t.Error(err)
	}
	if _, err := k.Filter(t.Context(), account, "f"); err != nil {
		t.Error(err)
	}
	if _, err := k.Filter(t.Context(), other.ID, "f"); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("another account's: %v", err)
	}
	if _, err := k.Filter(t.Context(), "nobody", "f"); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("nobody's: %v", err)
	}
	if asked != 2 {
		t.Errorf("asked %d times for the account of a name, expected once for each name", asked)
	}
	if all, err := k.List(t.Context(), other.ID, resource.KindFilter); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// A stream is served from the cache while the store is away.
func TestStoreAway(t *testing.T) {
	s, account := open(t)
	k := keep(t, s, resources.Options{})
	f := resource.Resource{Account: account, Kind: resource.KindFilter, Name: "f", Language: "en-US", Source: resource.FromPhrases, Content: []byte("a")}
	if _, err := k.Put(t.Context(), by, f, true); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Filter(t.Context(), account, "f"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got, err := k.Filter(t.Context(), account, "f"); err != nil || got.Words[0] != "a" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Filter(t.Context(), account, "g"); err == nil || stt.CodeOf(err) == stt.NotFound {
		t.Errorf("one that was not in the cache: %v", err)
	}
}
