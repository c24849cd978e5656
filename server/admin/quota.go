package admin

import (
	"time"

	"github.com/earshot-stt/earshot/store"
)

// quotas says how much of its limits a key has used, and its account.
type quotas struct {
	Key     *quota `json:"key,omitempty" doc:"Of the key; absent where an account was asked for."`
	Account quota  `json:"account" doc:"Of the account, with all its keys."`
}

func (h *Handler) accountQuota(c *call) (quotas, error) {
	a, err := h.store.Account(c.ctx(), c.path("account"))
	if err != nil {
		return quotas{}, err
	}
	q, err := h.used(c, store.UsageOf{Account: a.ID}, a.Limits)
	return quotas{Account: q}, err
}

func (h *Handler) accessKeyQuota(c *call) (quotas, error) {
	k, err := h.store.DescribeAccessKey(c.ctx(), c.path("id"))
	if err != nil {
		return quotas{}, err
	}
	return h.keyQuota(c, k.ID, k.Account, k.Limits)
}

func (h *Handler) apiKeyQuota(c *call) (quotas, error) {
	k, err := h.store.APIKey(c.ctx(), c.path("id"))
	if err != nil {
		return quotas{}, err
	}
	return h.keyQuota(c, k.ID, k.Account, k.Limits)
}

func (h *Handler) keyQuota(c *call, id, owner string, l store.Limits) (quotas, error) {
	a, err := h.store.Account(c.ctx(), owner)
	if err != nil {
		return quotas{}, err
	}
	key, err := h.used(c, store.UsageOf{Key: id}, l)
	if err != nil {
		return quotas{}, err
	}
	account, err := h.used(c, store.UsageOf{Account: a.ID}, a.Limits)
	return quotas{Key: &key, Account: account}, err
}

// used looks up what was used of some limits.
func (h *Handler) used(c *call, of store.UsageOf, l store.Limits) (quota, error) {
	now := h.now().UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	today, err := h.store.UsageTotals(c.ctx(), of, day)
	if err != nil {
		return quota{}, err
	}
	total, err := h.store.UsageTotals(c.ctx(), of, month)
	if err != nil {
		return quota{}, err
	}
	shown := limitsOf(l)
	return quota{Limits: shown,
		Streams: gauge{Used: h.open(of.Account, of.Key), Limit: l.Streams},
		Day:     budget{Used: seconds(today), Limit: shown.DaySeconds, Resets: day.AddDate(0, 0, 1)},
		Month:   budget{Used: seconds(total), Limit: shown.MonthSeconds, Resets: month.AddDate(0, 1, 0)},
	}, nil
}
