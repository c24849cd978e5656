package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/dialect/speechall"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/replace"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// speechall makes the handler of Speechall's API.
func (s *server) speechall(cfg *config.Config, e *estate, recognizer stt.Recognizer) http.Handler {
	aliases := map[string]string{}
	for _, pair := range cfg.Speechall.Aliases {
		from, to, _ := strings.Cut(pair, "=")
		aliases[from] = to
	}
	idle := cfg.Speechall.Idle
	if idle == 0 {
		idle = -1 // never
	}
	return speechall.New(speechall.Options{
		Sessions: s.sessions, Models: recognizer.Models, Gives: feature.Gives(Features(cfg)), Aliases: aliases,
		Keys: func(ctx context.Context, token, remote string) (speechall.Caller, error) {
			g, err := e.keys.APIKey(ctx, token, remote)
			return speechall.Caller{Principal: g.Principal, Permits: g.Permits}, err
		},
		Jobs:     job.New(job.Options{Sessions: s.sessions, MaxAudio: cfg.Speechall.MaxAudio, MaxTime: cfg.Limits.Stream}),
		Rulesets: rulesets{e.store}, Rules: compileRules, Fetch: speechall.NewFetch(speechall.FetchOptions{}),
		MaxMessage: int(cfg.Limits.Message), MaxBody: int64(cfg.Speechall.MaxFile), Compat: cfg.Speechall.Compat, Idle: idle, Log: s.log,
	})
}

// compileRules implements speechall.Rules.
func compileRules(rules []wire.Rule) (speechall.Rewriter, error) {
	all := make([]replace.Rule, len(rules))
	for i := range rules {
		all[i] = replace.Rule(rules[i])
	}
	compiled, err := replace.Compile(all)
	if err != nil {
		return nil, err
	}
	return compiled, nil
}

// kindRuleset is the kind of the store's resources that are replacement rulesets. Their name is the id, their source the name.
const kindRuleset = "replacement-ruleset"

// rulesets keeps replacement rulesets in the store. It implements speechall.Rulesets.
type rulesets struct{ store *store.Store }

// Put implements speechall.Rulesets.
func (r rulesets) Put(ctx context.Context, account, id, name string, content []byte, create bool) error {
	mode := store.Update
	if create {
		mode = store.Create
	}
	_, err := r.store.PutResource(ctx, store.Actor{Name: "account:" + account}, store.Resource{Account: account, Kind: kindRuleset, Name: id,
		State: "READY", Source: name, Content: content}, mode)
	return err
}

// Get implements speechall.Rulesets.
func (r rulesets) Get(ctx context.Context, account, id string) ([]byte, error) {
	found, err := r.store.Resource(ctx, account, kindRuleset, id)
	return found.Content, err
}

// mostRulesets bounds a list.
const mostRulesets = 1000

// List implements speechall.Rulesets.
func (r rulesets) List(ctx context.Context, account string) ([][]byte, error) {
	page, _, err := r.store.Resources(ctx, store.ResourceFilter{Account: account, Kind: kindRuleset, Max: mostRulesets})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(page, func(a, b store.Resource) int { return strings.Compare(a.Source, b.Source) })
	var all [][]byte
	for i := range page {
		content, err := r.Get(ctx, account, page[i].Name)
		if stt.CodeOf(err) == stt.NotFound {
			continue // deleted in the meantime
		}
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// Delete implements speechall.Rulesets.
func (r rulesets) Delete(ctx context.Context, account, id string) error {
	return r.store.DeleteResource(ctx, store.Actor{Name: "account:" + account}, account, kindRuleset, id)
}
