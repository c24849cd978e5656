package transcribe

import (
	"slices"
	"strings"
)

// rule is about parameters that depend on each other. It says which constraint the parameter at does not meet, or "".
type rule struct {
	at     string
	breach func(p *Params) string
}

const identifying = "identify-language or identify-multiple-languages is true"

// rules stand in the API model's and the developer guide's descriptions of the parameters. The service's own wording of
// them is not known; the form is that of its validation errors. What the two do not forbid, such as a stability without
// stabilization or a filter's method without a filter, says nothing that could be misunderstood and is let pass.
var rules = []rule{
	{"language-code", when(func(p *Params) bool { return p.LanguageCode == "" && !p.identifies() },
		"Member must not be null unless "+identifying)},
	{"language-code", when(func(p *Params) bool { return p.LanguageCode != "" && p.identifies() },
		"Member must be null where "+identifying)},
	{"identify-multiple-languages", when(func(p *Params) bool { return p.IdentifyLanguage && p.IdentifyMultipleLanguages },
		"Member must be false where identify-language is true")},
	{"language-options", when(func(p *Params) bool { return p.identifies() && len(names("", p.LanguageOptions)) < 2 },
		"Member must list two language codes or more, such as en-US,es-US, where "+identifying)},
	{"language-options", when(func(p *Params) bool { return p.LanguageOptions != "" && !p.identifies() },
		"Member must be null unless "+identifying)},
	{"language-options", when(func(p *Params) bool { return p.identifies() && dialects(names("", p.LanguageOptions)) },
		"Member must list one dialect of a language only")},
	{"preferred-language", when(func(p *Params) bool { return p.PreferredLanguage != "" && !p.IdentifyLanguage },
		"Member must be null unless identify-language is true")},
	{"preferred-language", func(p *Params) string {
		options := names("", p.LanguageOptions)
		if p.PreferredLanguage == "" || !p.IdentifyLanguage || len(options) == 0 || slices.Contains(options, p.PreferredLanguage) {
			return ""
		}
		return enumText(options...)
	}},
	{"media-encoding", func(p *Params) string {
		if !p.identifies() || p.MediaEncoding == "pcm" || p.MediaEncoding == "flac" {
			return ""
		}
		return enumText("pcm", "flac") + " where " + identifying
	}},
	{"language-model-name", when(func(p *Params) bool { return p.LanguageModelName != "" && p.identifies() },
		"Member must be null where "+identifying)},
	{"vocabulary-name", when(func(p *Params) bool { return p.VocabularyName != "" && p.identifies() },
		"Member must be null where "+identifying+"; use vocabulary-names")},
	{"vocabulary-names", when(func(p *Params) bool { return p.VocabularyNames != "" && !p.identifies() },
		"Member must be null unless "+identifying+"; use vocabulary-name")},
	{"vocabulary-filter-name", when(func(p *Params) bool { return p.VocabularyFilterName != "" && p.identifies() },
		"Member must be null where "+identifying+"; use vocabulary-filter-names")},
	{"vocabulary-filter-names", when(func(p *Params) bool { return p.VocabularyFilterNames != "" && !p.identifies() },
		"Member must be null unless "+identifying+"; use vocabulary-filter-name")},
	{"content-redaction-type", when(func(p *Params) bool { return p.ContentRedactionType != "" && p.identifies() },
		"Member must be null where "+identifying)},
	{"content-redaction-type", when(func(p *Params) bool { return p.ContentRedactionType != "" && p.ContentIdentificationType != "" },
		"Member must be null where content-identification-type is given")},
	{"pii-entity-types", when(func(p *Params) bool {
		return p.PIIEntityTypes != "" && p.ContentIdentificationType == "" && p.ContentRedactionType == ""
	}, "Member must be null unless content-identification-type or content-redaction-type is given")},
	{"number-of-channels", when(func(p *Params) bool { return p.NumberOfChannels > 1 && !p.EnableChannelIdentification },
		"Member must be null unless enable-channel-identification is true")},
	{"number-of-channels", when(func(p *Params) bool { return p.EnableChannelIdentification && p.NumberOfChannels == 0 },
		"Member must not be null where enable-channel-identification is true")},
}

func when(broken func(p *Params) bool, constraint string) func(p *Params) string {
	return func(p *Params) string {
		if broken(p) {
			return constraint
		}
		return ""
	}
}

// conflicts returns what the parameters, each right by itself, do wrong together.
func (p *Params) conflicts() []string {
	var faults []string
	table := p.table()
	for _, r := range rules {
		constraint := r.breach(p)
		if constraint == "" {
			continue
		}
		// A rule about a parameter that an operation does not have cannot be broken.
		if i := slices.IndexFunc(table, func(d parameter) bool { return d.name == r.at }); i >= 0 {
			faults = append(faults, table[i].fault(table[i].value(p), constraint))
		}
	}
	return faults
}

func (p *Params) identifies() bool { return p.IdentifyLanguage || p.IdentifyMultipleLanguages }

// dialects reports whether two of the codes are of the same language.
func dialects(codes []string) bool {
	seen := map[string]bool{}
	for _, code := range codes {
		language, _, _ := strings.Cut(code, "-")
		if seen[language] {
			return true
		}
		seen[language] = true
	}
	return false
}
