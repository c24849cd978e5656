package store

import (
	"context"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// CheckReport is what [Store.Check] found.
type CheckReport struct {
	Findings []string         `json:"findings"` // sentences; none: all is well. At most 100
	Rows     map[string]int64 `json:"rows"`     // by table
}

const maxFindings = 100

func (r *CheckReport) add(format string, args ...any) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// Check looks at everything in the store: that the database is sound, that every row is as it would have been written, that every
// secret opens (with a master key), and that sums of days and months are those of their hours. It takes seconds where there is much.
func (s *Store) Check(ctx context.Context) (CheckReport, error) {
	var report CheckReport
	err := s.snapshot(ctx, func(c conn) error {
		if s.dialect.name == "sqlite" {
			for _, pragma := range []string{"PRAGMA integrity_check(10)", "PRAGMA foreign_key_check"} {
				if err := soundness(ctx, c, pragma, &report); err != nil {
					return err
				}
			}
		}
		return s.inspect(ctx, c, &report)
	})
	return report, s.fail("check", err)
}

// soundness runs what SQLite has for it; it answers "ok", or nothing, or a row for each fault.
func soundness(ctx context.Context, c conn, pragma string, report *CheckReport) error {
	rows, err := c.query(ctx, pragma)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		dest := make([]any, len(columns))
		for i := range dest {
			dest[i] = new(any)
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if text := fmt.Sprint(*dest[0].(*any)); text != "ok" {
			report.add("the database is damaged: %s", text)
		}
	}
	return rows.Err()
}

// inspect looks at all rows. With a master key it opens all secrets.
func (s *Store) inspect(ctx context.Context, c conn, report *CheckReport) (err error) {
	if report.Rows, err = countRows(ctx, c); err != nil {
		return err
	}
	users, parents := map[string]string{}, map[string]AccessKey{} // what others refer to: a user's account, a key
	if err := inspectOwners(ctx, c, users, report); err != nil {
		return err
	}
	if err := inspectKeys(ctx, c, users, parents, report); err != nil {
		return err
	}
	if err := s.inspectSecrets(ctx, c, report); err != nil {
		return err
	}
	if err := inspectRest(ctx, c, report); err != nil {
		return err
	}
	return inspectUsage(ctx, c, report)
}

// each calls f with every row, holding one at a time. A row that cannot be read is a finding.
func each[T any](ctx context.Context, c conn, report *CheckReport, what string, scan func(scanner) (T, error), query string, f func(T)) error {
	rows, err := c.query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() && len(report.Findings) < maxFindings {
		v, err := scan(rows)
		if err != nil {
			report.add("%s cannot be read: %v", what, err)
			continue
		}
		f(v)
	}
	return rows.Err()
}

// verdict adds what is wrong with a thing.
func (r *CheckReport) verdict(what, id string, errs ...error) {
	if err := first(errs...); err != nil {
		r.add("the %s %s: %v", what, shown(id), err)
	}
}

func inspectOwners(ctx context.Context, c conn, users map[string]string, report *CheckReport) error {
	err := each(ctx, c, report, "an account", scanAccount, "SELECT "+accountColumns+" FROM accounts", func(a Account) {
		report.verdict("account", a.ID, a.check())
	})
	if err != nil {
		return err
	}
	err = each(ctx, c, report, "a user", scanUser, "SELECT "+userColumns+" FROM users", func(u User) {
		users[u.ID] = u.Account
		report.verdict("user", u.ID, u.check())
	})
	if err != nil {
		return err
	}
	return each(ctx, c, report, "an administrator's token", scanAdminToken, selectAdminToken, func(t AdminToken) {
		report.verdict("administrator's token", t.ID, t.check())
	})
}

func inspectKeys(ctx context.Context, c conn, users map[string]string, keys map[string]AccessKey, report *CheckReport) error {
	owner := func(user, account string) error {
		if user != "" && users[user] != account {
			return invalid("user", "expected a user of the account %s", account)
		}
		return nil
	}
	err := each(ctx, c, report, "an access key", scanAccessKey, selectAccessKey+" ORDER BY CASE WHEN k.parent_id IS NULL THEN 0 ELSE 1 END", func(k AccessKey) {
		if k.Parent == "" {
			keys[k.ID] = AccessKey{Account: k.Account}
			report.verdict("access key", k.ID, k.check(), owner(k.User, k.Account))
			return
		}
		parent, known := keys[k.Parent]
		if !known {
			parent.Parent = "another" // it is temporary
		}
		report.verdict("access key", k.ID, k.check(), owner(k.User, k.Account), k.checkParent(parent))
	})
	if err != nil {
		return err
	}
	return each(ctx, c, report, "an API key", scanAPIKey, selectAPIKey, func(k APIKey) {
		report.verdict("API key", k.ID, k.check(), owner(k.User, k.Account))
	})
}

// inspectSecrets opens all secrets. Where the master key is another by now, and cannot be had, nothing can be said about them but that.
func (s *Store) inspectSecrets(ctx context.Context, c conn, report *CheckReport) error {
	if s.master.Load() == nil {
		return nil
	}
	m, err := s.sealer(ctx, c)
	if e := stt.AsError(err); e != nil && e.Option == "master key" { // it has been rotated
		report.add("the secrets of access keys were not looked at: %s", e.Msg)
		return nil
	}
	if err != nil {
		return err
	}
	return each(ctx, c, report, "a secret", scanSealed, "SELECT key_id, number, sealed FROM access_key_secrets", func(v sealedSecret) {
		text, err := m.open(v.sealed, secretPlace(v.key, v.number))
		if err == nil {
			err = Secret{Value: text}.check()
		}
		report.verdict("secret of the access key", v.key, err)
	})
}

func inspectRest(ctx context.Context, c conn, report *CheckReport) error {
	err := each(ctx, c, report, "a vocabulary", scanResource, "SELECT "+resourceColumns+", content FROM resources", func(r Resource) {
		report.verdict(r.Kind, r.Name, r.check())
	})
	if err != nil {
		return err
	}
	err = each(ctx, c, report, "a price", scanPrice, "SELECT model, per_minute, currency FROM prices", func(p Price) {
		report.verdict("price of", p.Model, p.check())
	})
	if err != nil {
		return err
	}
	err = each(ctx, c, report, "a key that was taken over", scanText, "SELECT name FROM imports", func(name string) {
		report.verdict("key that was taken over", name, checkID("name", name))
	})
	if err != nil {
		return err
	}
	var revision int64
	if err := c.row(ctx, "SELECT revision FROM store").Scan(&revision); err != nil {
		return err
	}
	return each(ctx, c, report, "an entry of the audit log", scanAudit, "SELECT "+auditColumns+" FROM audit", func(e AuditEntry) {
		if e.Revision > revision {
			report.add("the audit log has the revision %d, and the store only %d", e.Revision, revision)
		}
		by := Actor{e.Actor, e.Remote}
		report.verdict("audit log entry", fmt.Sprint(e.Revision), by.check(), checkTime("at", e.At), checkLine("action", e.Action, maxItem), checkLine("kind", e.Kind, maxItem),
			checkLine("target", e.Target, maxText), checkLine("account", e.Account, maxItem), checkText("detail", e.Detail, maxColumn))
	})
}

// sumRow is a row of usage_sums, or a difference between what should be the same.
type sumRow struct {
	period, start, series int64
	sums
}

func scanSums(r scanner) (v sumRow, err error) {
	err = r.Scan(&v.period, &v.start, &v.series, &v.audio, &v.streams, &v.requests, &v.errors)
	return v, err
}

// check says what no sum can be. Whether sums go together is another matter.
func (v sumRow) check() error {
	if v.period < int64(ByHour) || v.period > int64(ByMonth) || v.start < 0 || Period(v.period).floor(v.start) != v.start || min(v.audio, v.streams, v.requests, v.errors) < 0 {
		return invalid("usage_sums", "expected a sum that can have been added")
	}
	return nil
}

type seriesRow struct {
	id   int64
	name string
	series
}

// check says whether the series is what its name says, where last is the last number that was given to one.
func (v seriesRow) check(last int64) error {
	u := Usage{Session: "-", At: time.Unix(0, 0), Account: v.account, Key: v.key, Model: v.model, Protocol: v.protocol, Language: v.language}
	if err := u.check(); err != nil {
		return err
	}
	if v.level < levelServer || v.level > levelKey || v.series != seriesOf(u)[v.level] || v.name != v.series.name() || v.id < 1 || v.id > last {
		return invalid("usage_series", "expected a series that is what it says")
	}
	return nil
}

func scanSeries(r scanner) (v seriesRow, err error) {
	err = r.Scan(&v.id, &v.name, &v.level, &v.account, &v.key, &v.model, &v.protocol, &v.language)
	return v, err
}

func inspectUsage(ctx context.Context, c conn, report *CheckReport) error {
	var last int64
	if err := c.row(ctx, "SELECT series FROM store").Scan(&last); err != nil {
		return err
	}
	err := each(ctx, c, report, "a series of usage", scanSeries, "SELECT id, name, level, account_id, key_id, model, protocol, language FROM usage_series", func(v seriesRow) {
		report.verdict("series of usage", fmt.Sprint(v.id), v.check(last))
	})
	if err != nil {
		return err
	}
	err = each(ctx, c, report, "a sum of usage", scanSums, "SELECT period, start, series, audio, streams, requests, errors FROM usage_sums", func(v sumRow) {
		if err := v.check(); err != nil {
			report.add("a sum of usage (period %d, start %d, series %d): %v", v.period, v.start, v.series, err)
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, c, report, "a session", scanSequence, "SELECT session, sequence, at FROM usage_sessions", func(v sequence) {
		report.verdict("session", v.session, checkName("session", v.session, maxID))
	})
	if err != nil || len(report.Findings) > 0 {
		return err
	}
	return inspectSums(ctx, c, report)
}

// sumDifferences are queries whose rows are sums that should be the same and are not: what is added on one side is taken away on the other.
func sumDifferences() map[string]string {
	const (
		plus  = "audio AS a, streams AS b, requests AS c, errors AS d"
		minus = "-audio AS a, -streams AS b, -requests AS c, -errors AS d"
		over  = ") AS both_sides GROUP BY 1, 2, 3 HAVING SUM(a) <> 0 OR SUM(b) <> 0 OR SUM(c) <> 0 OR SUM(d) <> 0 LIMIT 10"
		begin = "SELECT period, start, series, CAST(SUM(a) AS BIGINT), CAST(SUM(b) AS BIGINT), CAST(SUM(c) AS BIGINT), CAST(SUM(d) AS BIGINT) FROM ("
		// The levels of all series, added up with signs: that of the server against that of the accounts, or of the keys.
		levels = "SELECT period, start, 0 AS series, %s FROM usage_sums u JOIN usage_series s ON s.id = u.series WHERE s.level = %d"
	)
	union := func(a, b string) string { return begin + a + " UNION ALL " + b + over }
	return map[string]string{
		"hours and days": union("SELECT 2 AS period, start - start % 24 AS start, series, "+plus+" FROM usage_sums WHERE period = 1",
			"SELECT period, start, series, "+minus+" FROM usage_sums WHERE period = 2"),
		"days and months": union("SELECT 3 AS period, 0 AS start, series, "+plus+" FROM usage_sums WHERE period = 2",
			"SELECT period, 0, series, "+minus+" FROM usage_sums WHERE period = 3"),
		"the server and its accounts": union(fmt.Sprintf(levels, plus, levelServer), fmt.Sprintf(levels, minus, levelAccount)),
		"accounts and their keys":     union(fmt.Sprintf(levels, plus, levelAccount), fmt.Sprintf(levels, minus, levelKey)),
	}
}

func inspectSums(ctx context.Context, c conn, report *CheckReport) error {
	for what, query := range sumDifferences() {
		err := each(ctx, c, report, "sums of usage", scanSums, query, func(v sumRow) {
			report.add("the sums of %s differ (period %d, start %d, series %d)", what, v.period, v.start, v.series)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
