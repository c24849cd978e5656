package transcribe

import (
	"regexp"
	"slices"
	"strings"
)

// Languages returns the language codes of the API model's enumeration for streaming, in its order: those of 2025, then
// those added by 2026.
func Languages() []string { return strings.Fields(languageCodes) }

const languageCodes = "af-ZA ar-AE ar-SA ca-ES cs-CZ da-DK de-CH de-DE el-GR en-AB en-AU en-GB en-IE en-IN en-NZ en-US en-WL " +
	"en-ZA es-ES es-US eu-ES fa-IR fi-FI fr-CA fr-FR gl-ES he-IL hi-IN hr-HR id-ID it-IT ja-JP ko-KR lv-LV ms-MY nl-NL no-NO " +
	"pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK so-SO sr-RS sv-SE th-TH tl-PH uk-UA vi-VN zh-CN zh-HK zh-TW zu-ZA " +
	"am-ET be-BY bg-BG bn-IN bs-BA ckb-IQ ckb-IR cy-WL es-MX et-ET fa-AF gu-IN ht-HT hu-HU hy-AM is-IS jv-ID ka-GE kab-DZ " +
	"kk-KZ km-KH kn-IN lg-IN lt-LT mk-MK ml-IN mr-IN my-MM ne-NP or-IN pa-IN ps-AF si-LK sl-SI sq-AL su-ID sw-BI sw-KE " +
	"sw-RW sw-TZ sw-UG ta-IN te-IN tr-TR uz-UZ"

// codeShape is how the codes of the enumeration are written, case and all.
var codeShape = regexp.MustCompile(`^[a-z]{2,3}-[A-Z]{2}$`)

// isCode is the constraint on a language code. A code that is written as Amazon writes them but is not in its list passes:
// a model of the operator's own may serve it, and where none does, the session refuses it and explain names what is served.
func isCode(s string) string {
	if codeShape.MatchString(s) {
		return ""
	}
	return enumText(Languages()...)
}

// codesOf returns the codes that a client may use of the tags, separated by commas, that models serve. A tag without a region
// stands for every code of its language; one that is not written as Amazon writes codes would be refused. Where nothing is left
// it returns the tags.
func codesOf(tags string) []string {
	given := names("", tags)
	var codes []string
	for _, tag := range given {
		if codeShape.MatchString(tag) {
			codes = append(codes, tag)
		}
	}
	for _, code := range Languages() {
		language, _, _ := strings.Cut(code, "-")
		if slices.Contains(given, language) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		return given
	}
	return codes
}

var codeList = matches(`[a-zA-Z,-]{1,200}`)

// areCodes is the constraint on a comma list of language codes.
func areCodes(s string) string {
	if c := codeList(s); c != "" {
		return c
	}
	for _, code := range names("", s) {
		if c := isCode(code); c != "" {
			return c
		}
	}
	return ""
}

func enumText(values ...string) string {
	return "Member must satisfy enum value set: [" + strings.Join(values, ", ") + "]"
}

func oneOf(values ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		return enumText(values...)
	}
}
