package transcribe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// parametersOf returns the parameters that set an option of package stt: those of the standard operation, or else those that only the
// medical one has.
func parametersOf(option string) []*parameter {
	if all := settersOf(standardParameters, option); len(all) > 0 {
		return all
	}
	return settersOf(medicalParameters, option)
}

// settersOf returns the parameters of a table that set an option of package stt.
func settersOf(table []parameter, option string) []*parameter {
	var all []*parameter
	for i := range table {
		if slices.Contains(table[i].options, option) {
			all = append(all, &table[i])
		}
	}
	return all
}

// explain tells an error of the hub in the words of the protocol. The option at fault is set by the parameters of d, one at
// least, of which the client has used one.
func explain(d []*parameter, e *stt.Error) string {
	switch {
	case d[0].name == "language-code" && d[0].required && e.Code == stt.Unsupported:
		return "The parameter " + d[0].name + " is " + medicalLanguage + ", the only language of medical streams, and this server does not offer it: " +
			strings.TrimSuffix(e.Msg, ".") + "."
	case d[0].name == "language-code" && e.Got != "":
		return validationText([]string{d[0].fault(e.Got, enumText(codesOf(e.Want)...))})
	case d[0].name == "sample-rate" && e.Code == stt.Unsupported:
		return TextSampleRate
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

func upTo(high int) func(string) string {
	return func(s string) string {
		if s == "" || len(s) > high {
			return fmt.Sprintf("Member must have length between 1 and %d, inclusive", high)
		}
		return ""
	}
}

// matches is the constraint of a regular expression on the whole value.
func matches(expr string) func(string) string {
	re := regexp.MustCompile("^(?:" + expr + ")$")
	return func(s string) string {
		if re.MatchString(s) {
			return ""
		}
		return "Member must satisfy regular expression pattern: " + expr
	}
}

var namePattern = matches(`[0-9a-zA-Z._-]{1,200}`)

// isName is the constraint on the name of a vocabulary, filter or model.
func isName(s string) string { return namePattern(s) }

var nameList = matches(`[0-9a-zA-Z._, -]+`)

// areNames is the constraint on a comma list of names; space after a comma does no harm.
func areNames(s string) string {
	if c := upTo(3000)(s); c != "" {
		return c
	}
	if c := nameList(s); c != "" {
		return c
	}
	all := names("", s)
	for _, n := range all {
		if c := isName(n); c != "" {
			return c
		}
	}
	if len(all) == 0 {
		return isName("")
	}
	return ""
}
