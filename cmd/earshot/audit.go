package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// auditCmd lists the audit log.
type auditCmd struct {
	stateFlags
	formatFlag
	Since     string `placeholder:"TIME" help:"Begin with this time: 24h or 7d ago, or 2026-11, 2026-11-21, 2026-11-21T13:00:00Z (UTC). Default: all there is."`
	Until     string `placeholder:"TIME" help:"End before this time."`
	Who       string `placeholder:"NAME" help:"Only what this administrator did, as the log has the name: cli:root, token:robot, user:alice."`
	Operation string `placeholder:"NAME" help:"Only this operation, such as create, update, delete, rotate, restore or end."`
	Kind      string `placeholder:"NAME" help:"Only what was done to such things: account, user, access-key, api-key, admin-token, vocabulary, price, session and others."`
	Target    string `placeholder:"ID" help:"Only what was done to the thing with this id or name, as the log has it."`
	Account   string `placeholder:"NAME" help:"Only what belongs to this account, by name or id; one that was deleted by id."`
	Limit     int    `default:"100" placeholder:"N" help:"Entries at most, the newest first; 0: all. Default: ${default}."`
}

// Run prints a table, the newest entry first.
func (c *auditCmd) Run(env *environment) error {
	if c.Limit < 0 {
		return stt.InvalidOption("--limit", strconv.Itoa(c.Limit), "0 or more")
	}
	f := store.AuditFilter{Actor: c.Who, Action: c.Operation, Kind: c.Kind, Target: c.Target}
	var err error
	if f.From, err = pastTime("since", c.Since, time.Now()); err != nil {
		return err
	}
	if f.To, err = pastTime("until", c.Until, time.Now()); err != nil {
		return err
	}
	return c.looking(env, func(s *store.Store, _ store.Actor) error {
		if f.Account, err = auditAccount(env, s, c.Account); err != nil {
			return err
		}
		list, err := firstOf(c.Limit, func(p store.Page) ([]store.AuditEntry, string, error) {
			f.Page = p
			return s.Audit(env.ctx, f)
		})
		if err != nil {
			return err
		}
		return printList(env, c.formatFlag, list, "such entries in the audit log", []string{"TIME", "WHO", "FROM", "OPERATION", "KIND", "TARGET", "ACCOUNT", "DETAIL"}, func(e store.AuditEntry) []string {
			return []string{e.At.UTC().Format("2006-01-02 15:04:05"), e.Actor, or(e.Remote, "-"), e.Action, e.Kind, or(e.Target, "-"), or(e.Account, "-"), oneLine(e.Detail)}
		})
	})
}

// auditAccount returns the id of an account by name or id. One that is there no more is known by what the log has of it.
func auditAccount(env *environment, s *store.Store, which string) (string, error) {
	id, err := accountID(env, s, which)
	if stt.CodeOf(err) != stt.NotFound {
		return id, err
	}
	if list, _, failed := s.Audit(env.ctx, store.AuditFilter{Account: which, Page: store.Page{Max: 1}}); failed == nil && len(list) > 0 {
		return which, nil
	}
	return "", err
}

// firstOf is [all], up to so many; 0: all.
func firstOf[T any](most int, page func(store.Page) ([]T, string, error)) ([]T, error) {
	if most == 0 {
		return all(page)
	}
	var list []T
	for after := ""; len(list) < most; {
		part, next, err := page(store.Page{After: after, Max: min(1000, most-len(list))})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
		if after = next; next == "" {
			break
		}
	}
	return list, nil
}

// pastTime reads a time, or how long ago it was; zero for nothing.
func pastTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, ok := span(text); ok {
		return now.Add(-d), nil
	}
	t, err := usageTime(flag, text)
	if err != nil {
		return t, stt.InvalidOption("--"+flag, text, "a time such as 2026-11, 2026-11-21 or 2026-11-21T13:00:00Z, or how long ago, such as 24h or 7d")
	}
	return t, nil
}

// oneLine is the detail of an entry for a table: what there is, and no more than can be read.
func oneLine(detail string) string {
	const longest = 100
	text := []rune(strings.Join(strings.Fields(detail), " "))
	if len(text) > longest {
		return string(text[:longest]) + "…"
	}
	return or(string(text), "-")
}
