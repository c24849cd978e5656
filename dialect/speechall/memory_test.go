package speechall

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/earshot-stt/earshot/feature/replace"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// memory keeps rulesets in memory. It implements Rulesets.
type memory struct {
	mu  sync.Mutex
	all map[string]kept // by account and id
}

type kept struct {
	name    string
	content []byte
}

func newMemory() *memory { return &memory{all: map[string]kept{}} }

func (m *memory) Put(_ context.Context, account, id, name string, content []byte, create bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[account+"/"+id]; there == create {
		return stt.Errorf(stt.NotFound, "not as expected")
	}
	m.all[account+"/"+id] = kept{name, slices.Clone(content)}
	return nil
}

func (m *memory) Get(_ context.Context, account, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, there := m.all[account+"/"+id]; there {
		return k.content, nil
	}
	return nil, stt.Errorf(stt.NotFound, "no such thing")
}

func (m *memory) List(_ context.Context, account string) (list []RulesetName, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, k := range m.all {
		if id, ok := strings.CutPrefix(key, account+"/"); ok {
			list = append(list, RulesetName{id, k.name})
		}
	}
	slices.SortFunc(list, func(a, b RulesetName) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (m *memory) Delete(_ context.Context, account, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[account+"/"+id]; !there {
		return stt.Errorf(stt.NotFound, "no such thing")
	}
	delete(m.all, account+"/"+id)
	return nil
}

// compiled is what a server gives as Options.Rules.
func compiled(rules []wire.Rule) (Rewriter, error) {
	all := make([]replace.Rule, len(rules))
	for i := range rules {
		all[i] = replace.Rule(rules[i])
	}
	return replace.Compile(all)
}
