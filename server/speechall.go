package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/dialect/speechall"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/replace"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/spool"
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
		Keys: func(ctx context.Context, token string, from auth.Origin) (speechall.Caller, error) {
			g, err := e.keys.APIKey(ctx, token, from)
			return speechall.Caller{Principal: g.Principal, Permits: g.Permits}, err
		},
		Jobs: job.New(job.Options{Sessions: s.sessions, MaxAudio: cfg.Speechall.MaxAudio, MaxTime: cfg.Limits.Stream,
			FFmpeg: s.ffmpeg(cfg), Spool: spool.New(cfg.Speechall.SpoolDir, int64(cfg.Speechall.MaxSpool))}),
		Rulesets: &rulesets{store: e.store}, Admit: e.admit(speechall.ProtocolFile), Rules: compileRules, Fetch: fetcher(cfg),
		MaxMessage: int(cfg.Limits.Message), MaxBody: int64(cfg.Speechall.MaxFile), Compat: cfg.Speechall.Compat, Idle: idle, Log: s.log,
		Origins: cfg.Speechall.Origins,
	})
}

// fetcher makes what gets recordings from somewhere else.
func fetcher(cfg *config.Config) speechall.Fetch {
	allow := make([]netip.Prefix, len(cfg.Speechall.FetchAllow))
	for i, network := range cfg.Speechall.FetchAllow {
		allow[i] = netip.MustParsePrefix(network) // as package config has it
	}
	return speechall.NewFetch(speechall.FetchOptions{Allow: allow, Whole: cfg.Speechall.FetchTime})
}

// ffmpeg finds the program that decodes what package audio does not; nil: it is not there, or not wanted.
func (s *server) ffmpeg(cfg *config.Config) *ffmpeg.Program {
	if cfg.FFmpeg.Program == "" {
		return nil
	}
	program, err := FFmpeg(cfg)
	if err != nil {
		s.log.Warn("MP3, MP4, WebM and the like are not decoded", slog.String("reason", err.Error()))
		return nil
	}
	s.log.Debug("other files are decoded by ffmpeg", slog.String("program", program.Path()))
	return program
}

// FFmpeg finds the program that the configuration names. The error says how to install it.
func FFmpeg(cfg *config.Config) (*ffmpeg.Program, error) {
	return ffmpeg.Find(ffmpeg.Options{Program: cfg.FFmpeg.Program, Memory: int64(cfg.FFmpeg.Memory), Time: cfg.FFmpeg.Time,
		Most: cfg.FFmpeg.Processes, Folder: cfg.Speechall.SpoolDir})
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
type rulesets struct {
	store   *store.Store
	putting sync.Mutex // held while an account's rulesets are counted and one is added
}

// Put implements speechall.Rulesets.
func (r *rulesets) Put(ctx context.Context, account, id, name string, content []byte, create bool) error {
	mode := store.Update
	if create {
		mode = store.Create
		r.putting.Lock()
		defer r.putting.Unlock()
		if all, err := r.List(ctx, account); err != nil {
			return err
		} else if len(all) >= mostRulesets {
			return stt.Errorf(stt.Quota, "the account has %d replacement rulesets, which is as many as it may have; delete one, or replace one", len(all))
		}
	}
	_, err := r.store.PutResource(ctx, store.Actor{Name: "account:" + account}, store.Resource{Account: account, Kind: kindRuleset, Name: id,
		State: "READY", Source: name, Content: content}, mode)
	return err
}

// Get implements speechall.Rulesets.
func (r *rulesets) Get(ctx context.Context, account, id string) ([]byte, error) {
	found, err := r.store.Resource(ctx, account, kindRuleset, id)
	return found.Content, err
}

// mostRulesets is how many rulesets an account may have.
const mostRulesets = 100

// List implements speechall.Rulesets.
func (r *rulesets) List(ctx context.Context, account string) ([]speechall.RulesetName, error) {
	page, _, err := r.store.Resources(ctx, store.ResourceFilter{Account: account, Kind: kindRuleset, Max: 1000}) // there may be some from before the limit
	all := make([]speechall.RulesetName, len(page))
	for i := range page {
		all[i] = speechall.RulesetName{ID: page[i].Name, Name: page[i].Source}
	}
	slices.SortFunc(all, func(a, b speechall.RulesetName) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// Delete implements speechall.Rulesets.
func (r *rulesets) Delete(ctx context.Context, account, id string) error {
	return r.store.DeleteResource(ctx, store.Actor{Name: "account:" + account}, account, kindRuleset, id)
}
