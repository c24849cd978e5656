package transcribe

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// member describes one member of a request: its name, what it must be like, and where it goes.
type member struct {
	name     string
	required bool
	check    func(r *ManageRequest) string // returns the constraint that is not met, or ""
	field    func(r *ManageRequest) any    // *string, *int, *[]string or *[]Tag
}

func required(m member) member {
	m.required = true
	return m
}

// valued is the member for a string.
func valued(name string, must bool, check func(string) string, field func(r *ManageRequest) *string) member {
	return member{name: name, required: must, field: func(r *ManageRequest) any { return field(r) },
		check: func(r *ManageRequest) string { return check(*field(r)) }}
}

func entries(name string, shortest int) member {
	return member{name: name, field: func(r *ManageRequest) any { return &r.Entries },
		check: func(r *ManageRequest) string {
			if len(r.Entries) < shortest {
				return fmt.Sprintf("Member must have length greater than or equal to %d", shortest)
			}
			for _, e := range r.Entries {
				if n := utf8.RuneCountInString(e); n > 256 || n < shortest {
					return fmt.Sprintf("Member must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to %d]", shortest)
				}
			}
			return ""
		}}
}

var (
	vocabularyName = valued("VocabularyName", true, isName, func(r *ManageRequest) *string { return &r.Name })
	filterName     = valued("VocabularyFilterName", true, isName, func(r *ManageRequest) *string { return &r.Name })
	languageCode   = valued("LanguageCode", true, isCode, func(r *ManageRequest) *string { return &r.LanguageCode })
	vocabularyFile = valued("VocabularyFileUri", false, isFileURI, func(r *ManageRequest) *string { return &r.FileURI })
	filterFile     = valued("VocabularyFilterFileUri", false, isFileURI, func(r *ManageRequest) *string { return &r.FileURI })
	accessRole     = valued("DataAccessRoleArn", false, isRole, func(r *ManageRequest) *string { return &r.DataAccessRoleARN })
	resourceARN    = valued("ResourceArn", true, isARN, func(r *ManageRequest) *string { return &r.ResourceARN })
	nextToken      = valued("NextToken", false, upTo(8192), func(r *ManageRequest) *string { return &r.NextToken })
	stateEquals    = valued("StateEquals", false, oneOf("PENDING", "READY", "FAILED"), func(r *ManageRequest) *string { return &r.StateEquals })
	nameContains   = valued("NameContains", false, isName, func(r *ManageRequest) *string { return &r.NameContains })

	phrases     = entries("Phrases", 0)
	filterWords = entries("Words", 1)

	maxResults = member{name: "MaxResults", field: func(r *ManageRequest) any { return &r.MaxResults },
		check: func(r *ManageRequest) string { return between(1, 100)(fmt.Sprint(r.MaxResults)) }}
	tags    = member{name: "Tags", field: func(r *ManageRequest) any { return &r.Tags }, check: areTags}
	tagKeys = member{name: "TagKeys", required: true, field: func(r *ManageRequest) any { return &r.TagKeys }, check: areKeys}
)

var (
	isFileURI = both(upTo(2000), matches(`(s3://|http(s*)://|file:).+`))
	isRole    = both(upTo(1100), matches(`arn:(aws|aws-cn|aws-us-gov|aws-iso[a-z-]*):iam::[0-9]{0,63}:role/[A-Za-z0-9:_/+=,@.-]*`))
	isARN     = upTo(1011)
)

// both is the constraint that a value meets two others.
func both(first, second func(string) string) func(string) string {
	return func(s string) string {
		if c := first(s); c != "" {
			return c
		}
		return second(s)
	}
}

// mostTags is how many tags a resource may have ("Tagging resources", developer guide).
const mostTags = 50

func areTags(r *ManageRequest) string {
	keys := make([]string, len(r.Tags))
	for i, t := range r.Tags {
		keys[i] = t.Key
		if utf8.RuneCountInString(t.Value) > 256 || !plain(t.Value) {
			return "Member must have length between 0 and 256, inclusive, and no control characters"
		}
	}
	return keysFault(keys)
}

func areKeys(r *ManageRequest) string { return keysFault(r.TagKeys) }

func keysFault(keys []string) string {
	if len(keys) == 0 || len(keys) > mostTags {
		return fmt.Sprintf("Member must have length between 1 and %d, inclusive", mostTags)
	}
	seen := map[string]bool{}
	for _, k := range keys {
		switch {
		case k == "" || utf8.RuneCountInString(k) > 128 || !plain(k):
			return "Member must satisfy constraint: [Member must have length between 1 and 128, inclusive, and no control characters]"
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return "Member must not begin with aws:"
		case seen[k]:
			return "Member must not have a key twice"
		}
		seen[k] = true
	}
	return ""
}

// plain reports whether a text can be shown in one line.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' })
}

// given reports whether the member has a value in r.
func (m *member) given(r *ManageRequest) bool {
	switch f := m.field(r).(type) {
	case *string:
		return *f != ""
	case *int:
		return *f != 0
	case *[]string:
		return *f != nil
	case *[]Tag:
		return *f != nil
	}
	return false
}

// fault words what is wrong with the member.
func (m *member) fault(r *ManageRequest, constraint string) string {
	at := strings.ToLower(m.name[:1]) + m.name[1:]
	switch f := m.field(r).(type) {
	case *string:
		return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", short(*f), at, constraint)
	case *int:
		return fmt.Sprintf("Value '%d' at '%s' failed to satisfy constraint: %s", *f, at, constraint)
	}
	return fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", at, constraint)
}
