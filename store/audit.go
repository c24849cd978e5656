package store

import (
	"context"
	"strconv"
	"time"
)

// AuditEntry is one administrative change.
type AuditEntry struct {
	Revision int64     `json:"revision"` // of the store after it; see [Store.Revision]
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`
	Remote   string    `json:"remote,omitempty"`
	Action   string    `json:"action"` // "create", "update", "delete", "rotate", "restore"
	Kind     string    `json:"kind"`   // "account", "user", "access-key", "api-key", "admin-token", "vocabulary", "price", "master-key", "store" …
	Target   string    `json:"target"` // its id or name
	Account  string    `json:"account,omitempty"`
	Detail   string    `json:"detail,omitempty"` // JSON: what was changed, to what; never a secret
}

// AuditFilter chooses entries. Empty fields choose all.
type AuditFilter struct {
	Actor, Action, Kind, Target, Account string
	From, To                             time.Time // To is not included
	Page                                 Page
}

// Audit lists changes, the newest first. next is empty on the last page.
func (s *Store) Audit(ctx context.Context, f AuditFilter) (list []AuditEntry, next string, err error) {
	most, err := f.Page.limit()
	var w where
	for _, c := range []struct{ column, value string }{{"actor", f.Actor}, {"action", f.Action}, {"kind", f.Kind}, {"target", f.Target}, {"account", f.Account}} {
		w.equal(c.column, c.value)
		err = first(err, checkText(c.column, c.value, maxText))
	}
	if !f.From.IsZero() {
		w.and("at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.and("at < ?", micros(f.To))
	}
	if f.Page.After != "" {
		before, bad := strconv.ParseInt(f.Page.After, 10, 64)
		if bad != nil {
			err = first(err, invalid("after", "expected what the page before this one gave as the next"))
		}
		w.and("revision < ?", before)
	}
	if err != nil {
		return nil, "", s.fail("audit", err)
	}
	list, err = all(ctx, s.reader(), scanAudit, "SELECT "+auditColumns+" FROM audit"+w.text.String()+" ORDER BY revision DESC LIMIT ?", append(w.args, most+1)...)
	if err != nil {
		return nil, "", s.fail("audit", err)
	}
	list, next = page(list, most, func(e AuditEntry) string { return strconv.FormatInt(e.Revision, 10) })
	return list, next, nil
}

const auditColumns = "revision, at, actor, remote, action, kind, target, account, detail"

func scanAudit(r scanner) (e AuditEntry, err error) {
	err = r.Scan(&e.Revision, timeColumn{&e.At}, &e.Actor, &e.Remote, &e.Action, &e.Kind, &e.Target, &e.Account, &e.Detail)
	return e, err
}

func insertAudit(ctx context.Context, c conn, e AuditEntry) error {
	_, err := c.exec(ctx, "INSERT INTO audit ("+auditColumns+") VALUES "+values(1, 9), e.Revision, micros(e.At), e.Actor, e.Remote, e.Action, e.Kind, e.Target, e.Account, e.Detail)
	return err
}

// ForgetAudit removes at most so many entries of the audit log that are older than a time and of one of some kinds, the oldest first, and returns
// how many these were.
func (s *Store) ForgetAudit(ctx context.Context, before time.Time, kinds []string, most int) (int64, error) {
	if len(kinds) == 0 {
		return 0, nil
	}
	args := []any{micros(before)}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	var n int64
	err := s.transact(ctx, func(c conn) (err error) {
		n, err = c.exec(ctx, "DELETE FROM audit WHERE revision IN (SELECT revision FROM audit WHERE at < ? AND kind IN "+values(1, len(kinds))+" ORDER BY at LIMIT ?)", append(args, most)...)
		return err
	})
	return n, s.fail("forget audit", err)
}
