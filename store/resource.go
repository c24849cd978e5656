package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Kinds of resources.
const (
	KindVocabulary       = "vocabulary"
	KindVocabularyFilter = "vocabulary-filter"
)

// Resource is a vocabulary or a vocabulary filter as its owner gave it.
type Resource struct {
	Account  string            `json:"account"`
	Kind     string            `json:"kind"` // 1 to 64 letters, digits and "-"
	Name     string            `json:"name"` // unique within account and kind; 1 to 256 characters
	Language string            `json:"language"`
	State    string            `json:"state"`             // "PENDING", "READY", "FAILED"; at most 64 characters
	Failure  string            `json:"failure,omitempty"` // why it failed; at most 4096 bytes
	Source   string            `json:"source,omitempty"`  // where the content came from; at most 4096 bytes
	Content  []byte            `json:"-"`                 // at most 1 MiB
	Created  time.Time         `json:"created"`
	Modified time.Time         `json:"modified"`
	Tags     map[string]string `json:"tags,omitempty"` // at most 50; keys of 1 to 128, values of 0 to 256 characters
}

// PutMode says what [Store.PutResource] expects to find.
type PutMode uint8

// The modes.
const (
	Create PutMode = iota + 1 // nothing: else it is a Conflict
	Update                    // a resource of that name: else it is NotFound. Created and Tags stay as they are
)

// ResourceFilter chooses resources. Empty fields choose all.
type ResourceFilter struct {
	Account      string
	Kind         string
	State        string
	NameContains string // whatever the case
	After        string // what the call before returned as next
	Max          int    // 1 to 1000; 0: 100
}

// PutResource makes or replaces a resource and returns it as it is kept. Created and Modified are set by the store.
func (s *Store) PutResource(ctx context.Context, by Actor, r Resource, mode PutMode) (Resource, error) {
	now := s.stamp()
	r.Created, r.Modified = now, now
	err := s.changeApart(ctx, "put resource", by, func(c conn) (AuditEntry, error) {
		if err := r.check(); err != nil {
			return AuditEntry{}, err
		}
		switch mode {
		case Create:
			if _, err := getAccount(ctx, c, r.Account); err != nil {
				return AuditEntry{}, err
			}
			if err := insertResource(ctx, c, r); err != nil {
				return AuditEntry{}, taken(err, "there is a %s with the name %q already", r.Kind, r.Name)
			}
			return entryOf("create", r.Kind, r.Name, r.Account, r)
		case Update:
			before, err := getResource(ctx, c, r.Account, r.Kind, r.Name)
			if err != nil {
				return AuditEntry{}, err
			}
			r.Created, r.Tags = before.Created, before.Tags
			return updateResource(ctx, c, before, r)
		}
		return AuditEntry{}, invalid("mode", "expected Create or Update")
	})
	if err != nil {
		return Resource{}, err
	}
	return r, nil
}

// UpdateResource changes a resource; see [Store.UpdateAccount]. Account, Kind, Name and Created cannot be changed; Modified
// is what change leaves, or now where it leaves it as it was. Whoever finishes a resource that was PENDING checks in change that it still is.
func (s *Store) UpdateResource(ctx context.Context, by Actor, account, kind, name string, change func(*Resource) error) (Resource, error) {
	var r Resource
	err := s.changeApart(ctx, "update resource", by, func(c conn) (AuditEntry, error) {
		before, err := getResource(ctx, c, account, kind, name)
		if err != nil {
			return AuditEntry{}, err
		}
		r = before
		r.Content, r.Tags = slices.Clone(before.Content), maps.Clone(before.Tags)
		if err := change(&r); err != nil {
			return AuditEntry{}, err
		}
		if r.Modified.Equal(before.Modified) {
			r.Modified = s.stamp()
		}
		r.Modified = rounded(r.Modified)
		err = first(fixed("account", r.Account == before.Account), fixed("kind", r.Kind == before.Kind), fixed("name", r.Name == before.Name),
			fixed("created", r.Created.Equal(before.Created)), r.check())
		if err != nil {
			return AuditEntry{}, err
		}
		return updateResource(ctx, c, before, r)
	})
	if err != nil {
		return Resource{}, err
	}
	return r, nil
}

// Resource returns a resource with its content.
func (s *Store) Resource(ctx context.Context, account, kind, name string) (Resource, error) {
	r, err := getResource(ctx, s.reader(), account, kind, name)
	return r, s.fail("resource", err)
}

// Resources lists resources by account, kind and name, without their contents. next is empty on the last page.
func (s *Store) Resources(ctx context.Context, f ResourceFilter) (list []Resource, next string, err error) {
	most, err := Page{Max: f.Max}.limit()
	var w where
	w.equal("account_id", f.Account)
	w.equal("kind", f.Kind)
	w.equal("state", f.State)
	if err = first(err, checkText("account", f.Account, maxText), checkText("kind", f.Kind, maxText), checkText("state", f.State, maxText),
		w.contains("search", f.NameContains), w.after(f.After, "account_id", "kind", "name")); err != nil {
		return nil, "", s.fail("resources", err)
	}
	list, err = all(ctx, s.reader(), scanResource, "SELECT "+resourceColumns+", NULL FROM resources"+w.text.String()+" ORDER BY account_id, kind, name LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("resources", err)
	}
	list, next = page(list, most, func(r Resource) string { return cursorOf(r.Account, r.Kind, r.Name) })
	return list, next, nil
}

// DeleteResource removes a resource.
func (s *Store) DeleteResource(ctx context.Context, by Actor, account, kind, name string) error {
	return s.changeApart(ctx, "delete resource", by, func(c conn) (AuditEntry, error) {
		r, err := getResource(ctx, c, account, kind, name)
		if err != nil {
			return AuditEntry{}, err
		}
		if _, err := c.exec(ctx, "DELETE FROM resources WHERE account_id = ? AND kind = ? AND name = ?", account, kind, name); err != nil {
			return AuditEntry{}, err
		}
		return entryOf("delete", r.Kind, r.Name, r.Account, r)
	})
}

// SetTags adds tags to a resource, replacing those of the same key. Modified stays as it is.
func (s *Store) SetTags(ctx context.Context, by Actor, account, kind, name string, tags map[string]string) error {
	return s.retag(ctx, "tag resource", by, account, kind, name, func(r *Resource) {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		maps.Copy(r.Tags, tags)
	})
}

// RemoveTags removes tags from a resource; those that it has not are ignored.
func (s *Store) RemoveTags(ctx context.Context, by Actor, account, kind, name string, keys []string) error {
	return s.retag(ctx, "untag resource", by, account, kind, name, func(r *Resource) {
		for _, k := range keys {
			delete(r.Tags, k)
		}
	})
}

func (s *Store) retag(ctx context.Context, op string, by Actor, account, kind, name string, change func(*Resource)) error {
	return s.changeApart(ctx, op, by, func(c conn) (AuditEntry, error) {
		before, err := getResource(ctx, c, account, kind, name)
		if err != nil {
			return AuditEntry{}, err
		}
		r := before
		r.Tags = maps.Clone(before.Tags)
		change(&r)
		if err := r.check(); err != nil {
			return AuditEntry{}, err
		}
		return updateResource(ctx, c, before, r)
	})
}

const resourceColumns = "account_id, kind, name, language, state, failure, source, created, modified, tags"

func scanResource(row scanner) (r Resource, err error) {
	err = row.Scan(&r.Account, &r.Kind, &r.Name, &r.Language, &r.State, &r.Failure, &r.Source, timeColumn{&r.Created}, timeColumn{&r.Modified}, jsonColumn{&r.Tags}, &r.Content)
	return r, err
}

func getResource(ctx context.Context, c conn, account, kind, name string) (Resource, error) {
	return one(c.row(ctx, "SELECT "+resourceColumns+", content FROM resources WHERE account_id = ? AND kind = ? AND name = ?", lookup(account), lookup(kind), lookup(name)),
		scanResource, strings.ReplaceAll(lookup(kind), "-", " "), name)
}

func insertResource(ctx context.Context, c conn, r Resource) error {
	_, err := c.exec(ctx, "INSERT INTO resources ("+resourceColumns+", search, content) VALUES "+values(1, 12), r.Account, r.Kind, r.Name, r.Language, r.State, r.Failure,
		r.Source, micros(r.Created), micros(r.Modified), asJSON(r.Tags), searchable(r.Name), notNull(r.Content))
	return err
}

func updateResource(ctx context.Context, c conn, before, r Resource) (AuditEntry, error) {
	_, err := c.exec(ctx, "UPDATE resources SET language = ?, state = ?, failure = ?, source = ?, modified = ?, tags = ?, content = ? WHERE account_id = ? AND kind = ? AND name = ?",
		r.Language, r.State, r.Failure, r.Source, micros(r.Modified), asJSON(r.Tags), notNull(r.Content), r.Account, r.Kind, r.Name)
	if err != nil {
		return AuditEntry{}, err
	}
	return entryOf("update", r.Kind, r.Name, r.Account, changed(before, r))
}

// notNull is an empty value where there is none.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (r Resource) check() error {
	err := first(checkDigits("account", r.Account), checkName("name", r.Name, maxResource), checkLine("language", r.Language, 64), checkLine("state", r.State, 64),
		checkText("failure", r.Failure, maxText), checkText("source", r.Source, maxText), checkTime("created", r.Created), checkTime("modified", r.Modified))
	switch {
	case err != nil:
		return err
	case r.Kind == "" || len(r.Kind) > 64 || strings.Trim(r.Kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "":
		return invalid("kind", "expected 1 to 64 letters, digits and -")
	case len(r.Content) > maxContent:
		return invalidNumber("content", int64(len(r.Content)), "at most 1048576 bytes")
	case len(r.Tags) > maxTags:
		return invalidNumber("tags", int64(len(r.Tags)), "at most 50")
	}
	for k, v := range r.Tags {
		if utf8.RuneCountInString(v) > maxItem {
			return invalid("tags", "expected values of at most %d characters", maxItem)
		}
		if err := first(checkName("tags", k, maxName), checkLine("tags", v, maxItem*utf8.UTFMax)); err != nil {
			return err
		}
	}
	return nil
}
