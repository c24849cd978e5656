package transcribe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// rule is a combination of parameters that cannot be.
type rule struct {
	broken func(p *Params) bool
	msg    string
}

// rules stand in the API model's and the developer guide's descriptions of the parameters. Of those, what this package
// understands all the same is let pass: a list of vocabularies together with a given language, for example.
var rules = []rule{
	{func(p *Params) bool { return p.SampleRate == 0 }, "The parameter sample-rate is missing."},
	{func(p *Params) bool { return p.MediaEncoding == "" }, "The parameter media-encoding is missing."},
	{func(p *Params) bool {
		return count(p.LanguageCode != "", p.IdentifyLanguage, p.IdentifyMultipleLanguages) != 1
	},
		"Give exactly one of the parameters language-code, identify-language=true and identify-multiple-languages=true."},
	{func(p *Params) bool { return p.identifies() && len(names("", p.LanguageOptions)) < 2 },
		"The parameters identify-language and identify-multiple-languages need language-options with two language codes or more, such as en-US,es-US."},
	{func(p *Params) bool { return !p.identifies() && (p.LanguageOptions != "" || p.PreferredLanguage != "") },
		"The parameters language-options and preferred-language need identify-language=true or identify-multiple-languages=true."},
	{func(p *Params) bool { return p.identifies() && dialects(names("", p.LanguageOptions)) },
		"The parameter language-options may hold one dialect of a language only."},
	{func(p *Params) bool {
		return p.PreferredLanguage != "" && !slices.Contains(names("", p.LanguageOptions), p.PreferredLanguage)
	}, "The parameter preferred-language must be one of language-options."},
	{func(p *Params) bool { return p.NumberOfChannels > 1 && !p.EnableChannelIdentification },
		"The parameter number-of-channels needs enable-channel-identification=true."},
	{func(p *Params) bool { return p.EnableChannelIdentification && p.NumberOfChannels == 0 },
		"The parameter enable-channel-identification needs number-of-channels."},
	{func(p *Params) bool { return p.VocabularyName != "" && p.VocabularyNames != "" },
		"Give one of the parameters vocabulary-name and vocabulary-names."},
	{func(p *Params) bool { return p.VocabularyFilterName != "" && p.VocabularyFilterNames != "" },
		"Give one of the parameters vocabulary-filter-name and vocabulary-filter-names."},
	{func(p *Params) bool { return p.ContentIdentificationType != "" && p.ContentRedactionType != "" },
		"Give one of the parameters content-identification-type and content-redaction-type."},
	{func(p *Params) bool {
		return p.PIIEntityTypes != "" && p.ContentIdentificationType == "" && p.ContentRedactionType == ""
	}, "The parameter pii-entity-types needs content-identification-type or content-redaction-type."},
}

// require checks what must be there, and what goes together.
func (p *Params) require() error {
	for _, r := range rules {
		if r.broken(p) {
			return &stt.Error{Code: stt.Invalid, Op: "open", Msg: r.msg}
		}
	}
	return nil
}

func (p *Params) identifies() bool { return p.IdentifyLanguage || p.IdentifyMultipleLanguages }

func count(given ...bool) int {
	n := 0
	for _, g := range given {
		if g {
			n++
		}
	}
	return n
}

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

// parametersOf returns the parameters that set an option of package stt.
func parametersOf(option string) []*parameter {
	var all []*parameter
	for i := range parameters {
		if slices.Contains(parameters[i].options, option) {
			all = append(all, &parameters[i])
		}
	}
	return all
}

// explain tells an error of the hub in the words of the protocol. The option at fault is set by the parameters of d, one at
// least, of which the client has used one.
func explain(d []*parameter, e *stt.Error) string {
	switch {
	case d[0].name == "language-code" && e.Got != "":
		return validationText([]string{d[0].fault(e.Got, "Member must satisfy enum value set: ["+e.Want+"]")})
	case e.Code == stt.Unsupported:
		all := make([]string, len(d))
		for i := range d {
			all[i] = d[i].name
		}
		return fmt.Sprintf("The parameter %s asks for something that this server does not offer: %s.", strings.Join(all, " or "), strings.TrimSuffix(e.Msg, "."))
	case e.Code == stt.Invalid && e.Got != "":
		return validationText([]string{d[0].fault(e.Got, "Member must be "+e.Want)})
	}
	return e.Msg
}

// short keeps what a peer sent from filling an error text.
func short(s string) string { return cut(s, 64) }

func cut(s string, longest int) string {
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

func between(low, high int) func(string) string {
	return func(s string) string {
		n, _ := strconv.Atoi(s)
		switch {
		case n < low:
			return fmt.Sprintf("Member must have value greater than or equal to %d", low)
		case n > high:
			return fmt.Sprintf("Member must have value less than or equal to %d", high)
		}
		return ""
	}
}

func oneOf(values ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		return "Member must satisfy enum value set: [" + strings.Join(values, ", ") + "]"
	}
}

func upTo(high int) func(string) string {
	return func(s string) string {
		if s == "" || len(s) > high {
			return fmt.Sprintf("Member must have length between 1 and %d, inclusive", high)
		}
		return ""
	}
}

func pattern(expr string) func(string) string {
	re := regexp.MustCompile("^(?:" + expr + ")$")
	return func(s string) string {
		if re.MatchString(s) {
			return ""
		}
		return "Member must satisfy regular expression pattern: " + expr
	}
}

// name is the constraint on names of vocabularies, filters and models.
func name() func(string) string { return pattern(`[0-9a-zA-Z._-]{1,200}`) }
