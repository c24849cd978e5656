package punctuate

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/stt"
)

// Features returns [Case] and [Marks], in the order in which they are done.
func Features() []feature.Feature { return []feature.Feature{Case(), Marks()} }

// Case is the capitals at the start of segments and of the pronoun I. Config.Text.NoCase switches it off.
func Case() feature.Feature {
	return feature.Feature{Name: "case", Native: stt.FeatureCase,
		Wanted: func(cfg *stt.Config) bool { return !cfg.Text.NoCase },
		New:    func(cfg *stt.Config) feature.Rewriter { return capitals{usual(cfg)} }}
}

// Marks is the mark at the end of finals. Config.Text.NoPunctuation switches it off.
func Marks() feature.Feature {
	return feature.Feature{Name: "punctuation", Native: stt.FeaturePunctuation,
		Wanted: func(cfg *stt.Config) bool { return !cfg.Text.NoPunctuation },
		New:    func(cfg *stt.Config) feature.Rewriter { return marks{usual(cfg)} }}
}

// language is a BCP 47 tag, or empty for unknown.
type language string

// usual returns the language of segments that do not say theirs. Of several candidates, any will do unless one of them
// is English, the language that is treated apart.
func usual(cfg *stt.Config) language {
	tags := cfg.Languages.Tags
	if len(tags) == 0 {
		return ""
	}
	some := func(tag string) bool { return language(tag).is("en") }
	if cfg.Languages.Mode != stt.LanguageFixed && slices.ContainsFunc(tags, some) {
		return ""
	}
	return language(tags[0])
}

// or returns the tag where there is one, else l.
func (l language) or(tag string) language {
	if tag != "" {
		return language(tag)
	}
	return l
}

// is reports whether the language is one of those, named by their primary subtags.
func (l language) is(primary ...string) bool {
	head, _, _ := strings.Cut(string(l), "-")
	return slices.Contains(primary, strings.ToLower(head))
}

func (l language) english() bool { return l == "" || l.is("en") }
