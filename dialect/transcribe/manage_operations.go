package transcribe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// perform does what an operation asks for, if the caller may.
func (m *Management) perform(ctx context.Context, c *caller, a *managed, req *wire.ManageRequest) (any, error) {
	kind := a.op.Kind
	a.name = req.Name
	if kind == "" {
		account, of, name, err := wire.ParseARN(req.ResourceARN)
		if err != nil {
			return nil, err
		}
		kind, a.name, a.op.Kind = of, name, of
		if account != a.account && account != c.principal.Account {
			// Nobody is told what others have.
			return nil, &stt.Error{Code: stt.NotFound, Op: "manage", Msg: "the resource is another account's"}
		}
	}
	if err := m.may(c, a, a.op.Name, kind, a.name, requestTags(req)); err != nil {
		return nil, err
	}
	by := resource.Actor{Name: "key:" + c.principal.KeyID, Remote: c.origin.Remote}
	k := resource.Kind(kind)
	switch a.op.Name {
	case "CreateVocabulary", "CreateVocabularyFilter":
		return m.put(ctx, by, a, req, true)
	case "UpdateVocabulary", "UpdateVocabularyFilter":
		return m.put(ctx, by, a, req, false)
	case "GetVocabulary", "GetVocabularyFilter":
		r, err := m.keep.Get(ctx, a.account, k, a.name)
		if err != nil {
			return nil, err
		}
		return describe(r, a.downloadURI(r)), nil
	case "DeleteVocabulary", "DeleteVocabularyFilter":
		return wire.NoAnswer{}, m.keep.Delete(ctx, by, a.account, k, a.name)
	case "ListVocabularies", "ListVocabularyFilters":
		return m.list(ctx, a, req)
	case "ListTagsForResource":
		return m.tags(ctx, a, req)
	case "TagResource":
		set := map[string]string{}
		for _, t := range req.Tags {
			set[t.Key] = t.Value
		}
		return wire.NoAnswer{}, m.keep.Tag(ctx, by, a.account, k, a.name, set, nil)
	case "UntagResource":
		return wire.NoAnswer{}, m.keep.Tag(ctx, by, a.account, k, a.name, nil, req.TagKeys)
	}
	return nil, &stt.Error{Code: stt.Internal, Op: "manage", Msg: "operation " + a.op.Name + " is offered but not done"}
}

// put makes a resource or replaces its content.
func (m *Management) put(ctx context.Context, by resource.Actor, a *managed, req *wire.ManageRequest, isNew bool) (any, error) {
	r := resource.Resource{Account: a.account, Kind: resource.Kind(a.op.Kind), Name: req.Name, Language: req.LanguageCode, Source: req.FileURI}
	for _, t := range req.Tags {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[t.Key] = t.Value
	}
	if req.FileURI == "" {
		r.Source = resource.FromPhrases
		format, unit := resource.FormatPhrases, "phrase"
		if r.Kind == resource.KindFilter {
			format, unit = resource.FormatFilter, "word"
		}
		var err error
		if r.Content, err = format(req.Entries); err != nil {
			return nil, syntax(err, unit)
		}
	}
	kept, err := m.keep.Put(ctx, by, r, isNew)
	if err != nil {
		return nil, err
	}
	return describe(kept, ""), nil
}

// syntax tells the place of an error in the client's words.
func syntax(err error, unit string) error {
	e := &stt.Error{Code: stt.Invalid, Op: "manage", Msg: err.Error()}
	if s, ok := errors.AsType[*resource.SyntaxError](err); ok {
		e.Msg = s.At(unit)
	}
	return e
}

// describe is what is told of a resource.
func describe(r resource.Resource, download string) any {
	if r.Kind == resource.KindFilter {
		return filterAnswer(r, download)
	}
	return vocabularyAnswer(r, download)
}

func vocabularyAnswer(r resource.Resource, download string) wire.VocabularyAnswer {
	return wire.VocabularyAnswer{VocabularyName: r.Name, LanguageCode: r.Language, LastModifiedTime: wire.Epoch(r.Modified),
		VocabularyState: string(r.State), FailureReason: r.Failure, DownloadURI: download}
}

func filterAnswer(r resource.Resource, download string) wire.FilterAnswer {
	return wire.FilterAnswer{VocabularyFilterName: r.Name, LanguageCode: r.Language, LastModifiedTime: wire.Epoch(r.Modified), DownloadURI: download}
}

// list answers with one page, newest first.
func (m *Management) list(ctx context.Context, a *managed, req *wire.ManageRequest) (any, error) {
	query := strings.Join([]string{a.account, a.op.Name, req.StateEquals, strings.ToLower(req.NameContains)}, "\n")
	after := ""
	if req.NextToken != "" {
		var err error
		if after, err = wire.ReadPageToken(query, req.NextToken); err != nil {
			return nil, err
		}
	}
	all, err := m.keep.List(ctx, a.account, resource.Kind(a.op.Kind))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(r resource.Resource) bool {
		return req.StateEquals != "" && string(r.State) != req.StateEquals ||
			!strings.Contains(strings.ToLower(r.Name), strings.ToLower(req.NameContains)) || after != "" && position(r) <= after
	})
	slices.SortFunc(all, func(x, y resource.Resource) int { return cmp.Compare(position(x), position(y)) })
	most, next := cmp.Or(req.MaxResults, wire.DefaultMaxResults), ""
	if len(all) > most {
		all = all[:most]
		next = wire.PageToken(query, position(all[most-1]))
	}
	if a.op.Kind == wire.KindFilter {
		answer := wire.FiltersAnswer{NextToken: next}
		for _, r := range all {
			answer.VocabularyFilters = append(answer.VocabularyFilters, filterAnswer(r, ""))
		}
		return answer, nil
	}
	answer := wire.VocabulariesAnswer{NextToken: next, Status: req.StateEquals}
	for _, r := range all {
		brief := vocabularyAnswer(r, "")
		brief.FailureReason = ""
		answer.Vocabularies = append(answer.Vocabularies, brief)
	}
	return answer, nil
}

// position is where a resource stands in lists: texts in ascending order are resources from the newest to the oldest, of which no
// two stand in the same place.
func position(r resource.Resource) string {
	const far = 1 << 62 // microseconds
	return strconv.FormatInt(far-r.Modified.UnixMicro(), 10) + "/" + r.Name
}

// tags answers with the tags of a resource, by key.
func (m *Management) tags(ctx context.Context, a *managed, req *wire.ManageRequest) (any, error) {
	r, err := m.keep.Get(ctx, a.account, resource.Kind(a.op.Kind), a.name)
	if err != nil {
		return nil, err
	}
	answer := wire.TagsAnswer{ResourceARN: req.ResourceARN}
	for key, value := range r.Tags {
		answer.Tags = append(answer.Tags, wire.Tag{Key: key, Value: value})
	}
	slices.SortFunc(answer.Tags, func(x, y wire.Tag) int { return cmp.Compare(x.Key, y.Key) })
	return answer, nil
}
