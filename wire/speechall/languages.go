package speechall

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// LanguageAuto asks for the language to be found out.
const LanguageAuto = "auto"

// Languages returns the codes that a request may name, [LanguageAuto] included.
func Languages() []string { return strings.Fields(languageCodes) }

const languageCodes = "auto en en_au en_uk en_us af am ar as az ba be bg bn bo br bs ca cs cy da de el es et eu fa fi fo fr gl gu ha haw " +
	"he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro " +
	"ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"

// oddTags are the codes whose BCP 47 tag is not the code with another case and hyphen: "uk" behind "en" is no region of ISO
// 3166, and "jw" was withdrawn.
var oddTags = map[string]string{"en_uk": "en-GB", "jw": "jv"}

// Tag returns the BCP 47 tag of a language code, such as "en-US" for "en_us", and an empty one for [LanguageAuto]. Tags with a
// hyphen are codes as well, whatever their case, because the model list writes them so; ok is false for what is neither.
func Tag(code string) (tag string, ok bool) {
	code = strings.ReplaceAll(strings.ToLower(code), "-", "_")
	if code == LanguageAuto {
		return "", true
	}
	if t := oddTags[code]; t != "" {
		return t, true
	}
	language, region, regional := strings.Cut(code, "_")
	if !slices.Contains(Languages(), language) || language == LanguageAuto || regional && !isRegion(region) {
		return "", false
	}
	if regional {
		return language + "-" + strings.ToUpper(region), true
	}
	return language, true
}

func isRegion(s string) bool {
	return len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z'
}

// Code returns the code that requests name a tag by: the one of the list, else the bare language where that is in the list, else
// the tag itself.
func Code(tag string) string {
	lower := strings.ReplaceAll(strings.ToLower(tag), "-", "_")
	for code, odd := range oddTags {
		if strings.EqualFold(odd, tag) {
			return code
		}
	}
	language, _, _ := strings.Cut(lower, "_")
	switch {
	case slices.Contains(Languages(), lower):
		return lower
	case slices.Contains(Languages(), language):
		return language
	}
	return tag
}

// ISO returns the language of a tag without its region, which is what responses name.
func ISO(tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	return strings.ToLower(language)
}

// closest returns the tag to ask a model for: the one of the request where the model serves it, else, for a bare language, the
// model's first tag of that language, else the request's.
func closest(tag string, can *stt.Capabilities) string {
	if can.Serves(tag) || strings.Contains(tag, "-") {
		return tag
	}
	for _, have := range can.Languages {
		if ISO(have) == tag {
			return have
		}
	}
	return tag
}
