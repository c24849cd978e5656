package replace

import (
	"fmt"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// template is the replacement of a pattern: texts and groups, one behind the other.
type template []part

// part is a text, or a group where there is none.
type part struct {
	text  string
	group int
}

// parseTemplate reads a replacement for a pattern with so many groups: $1 is a group, $0 the whole match, $$ a dollar, and a dollar that
// nothing of that kind follows is one as well. Of two digits the second is text where there is no such group, as in JavaScript.
// highest is the highest group that there is in it.
func parseTemplate(with string, groups int) (t template, highest int, err error) {
	text := "" // the next part's
	for with != "" {
		before, after, found := strings.Cut(with, "$")
		text += before
		if !found {
			break
		}
		with = after
		if strings.HasPrefix(with, "$") {
			text, with = text+"$", with[1:]
			continue
		}
		n, size := reference(with, groups)
		switch {
		case size == 0:
			text += "$"
		case n > groups:
			return nil, 0, &stt.Error{Code: stt.Invalid, Option: "replacement", Msg: fmt.Sprintf(`has "$%d", but %s; "$$" is a dollar`, n, groupsText(groups))}
		default:
			if text != "" {
				t = append(t, part{text: text})
			}
			t, text, with = append(t, part{group: n}), "", with[size:]
			highest = max(highest, n)
		}
	}
	if text != "" {
		t = append(t, part{text: text})
	}
	return t, highest, nil
}

// reference reads the number of a group, and of how many digits it is: none, if there is no number. Where there is no such group it is above
// groups.
func reference(s string, groups int) (n, size int) {
	digit := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	if !digit(0) {
		return 0, 0
	}
	n = int(s[0] - '0')
	if digit(1) {
		if both := 10*n + int(s[1]-'0'); both > 0 && both <= groups {
			return both, 2
		}
	}
	return n, 1
}

// size is how long the replacement of a match is, in bytes.
func (t template) size(at []int) int {
	n := 0
	for i := range t {
		n += len(t[i].text)
		if t[i].text == "" {
			n += at[2*t[i].group+1] - at[2*t[i].group] // of a group that does not take part both are -1
		}
	}
	return n
}

// expand is the replacement of a match.
func (t template) expand(text string, at []int) string {
	if len(t) == 1 && t[0].text != "" {
		return t[0].text
	}
	var b strings.Builder
	for i := range t {
		if t[i].text != "" {
			b.WriteString(t[i].text)
		} else if from := at[2*t[i].group]; from >= 0 {
			b.WriteString(text[from:at[2*t[i].group+1]])
		}
	}
	return b.String()
}
