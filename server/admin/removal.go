package admin

import (
	"context"
	"fmt"
	"strings"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// RemoveAccount removes an account that has no keys and users any more. Its vocabularies, vocabulary filters and replacement rulesets are removed
// before it where the caller says so, each with a line in the audit log; otherwise they stand in the way as well. Its usage stays.
//
// All that stands in the way is in the one Conflict that is returned, with numbers, and nothing has been removed then. how is what the caller can do to
// have the resources removed.
func RemoveAccount(ctx context.Context, s *store.Store, by store.Actor, id string, withResources bool, how string) error {
	if _, err := s.Account(ctx, id); err != nil {
		return err
	}
	owners, err := ownersOf(ctx, s, id)
	if err != nil {
		return err
	}
	owned, err := resourcesOf(ctx, s, id)
	if err != nil {
		return err
	}
	var advice []string
	if len(owners) > 0 {
		advice = append(advice, "delete the keys and the users first")
	}
	if len(owned) > 0 && !withResources {
		owners = append(owners, counted(owned)...)
		advice = append(advice, how)
	}
	if len(advice) > 0 {
		return stt.Errorf(stt.Conflict, "the account %s still has %s: %s", id, listed(owners), strings.Join(advice, "; "))
	}
	for _, r := range owned {
		if err := s.DeleteResource(ctx, by, r.Account, r.Kind, r.Name); err != nil && stt.CodeOf(err) != stt.NotFound {
			return err
		}
	}
	return s.DeleteAccount(ctx, by, id) // which looks once more
}

// plenty is how many pages of a list are counted: more is plenty.
const plenty = 100

// every calls see with each page of a list.
func every[T any](page func(after string) ([]T, string, error), see func([]T)) error {
	after := ""
	for range plenty {
		part, next, err := page(after)
		if err != nil {
			return err
		}
		see(part)
		if next == "" {
			break
		}
		after = next
	}
	return nil
}

// ownersOf says how many keys and users an account has, in words. Temporary credentials go with their keys.
func ownersOf(ctx context.Context, s *store.Store, id string) ([]string, error) {
	keys, apiKeys, users := 0, 0, 0
	err := every(func(after string) ([]store.AccessKey, string, error) {
		return s.AccessKeys(ctx, store.KeyFilter{Account: id, Temporary: "false", Page: store.Page{After: after, Max: 1000}})
	}, func(part []store.AccessKey) { keys += len(part) })
	if err == nil {
		err = every(func(after string) ([]store.APIKey, string, error) {
			return s.APIKeys(ctx, store.KeyFilter{Account: id, Page: store.Page{After: after, Max: 1000}})
		}, func(part []store.APIKey) { apiKeys += len(part) })
	}
	if err == nil {
		err = every(func(after string) ([]store.User, string, error) {
			return s.Users(ctx, store.UserFilter{Account: id, Page: store.Page{After: after, Max: 1000}})
		}, func(part []store.User) { users += len(part) })
	}
	var all []string
	for _, one := range []struct {
		n    int
		what string
	}{{keys, "access key"}, {apiKeys, "API key"}, {users, "user"}} {
		if one.n > 0 {
			all = append(all, plural(one.n, one.what))
		}
	}
	return all, err
}

// resourcesOf returns what vocabularies, filters and rulesets an account has.
func resourcesOf(ctx context.Context, s *store.Store, id string) (all []store.Resource, err error) {
	err = every(func(after string) ([]store.Resource, string, error) {
		return s.Resources(ctx, store.ResourceFilter{Account: id, After: after, Max: 1000})
	}, func(part []store.Resource) { all = append(all, part...) })
	return all, err
}

// counted says how many resources there are of each kind.
func counted(owned []store.Resource) (all []string) {
	var kinds []string // in the order in which they come
	number := map[string]int{}
	for _, r := range owned {
		if number[r.Kind]++; number[r.Kind] == 1 {
			kinds = append(kinds, r.Kind)
		}
	}
	for _, kind := range kinds {
		all = append(all, plural(number[kind], strings.ReplaceAll(kind, "-", " ")))
	}
	return all
}

func plural(n int, what string) string {
	switch stem, y := strings.CutSuffix(what, "y"); {
	case n == 1:
	case y && !strings.HasSuffix(stem, "e"): // a vocabulary, and not a key
		what = stem + "ies"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// listed puts words in a row.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
