package store

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of what is kept. Every string and every list has one.
const (
	maxName     = 128 // characters
	maxResource = 256 // characters of a resource's name
	maxID       = 128
	maxPolicy   = 20 << 10
	maxHash     = 1 << 10 // of a password's hash
	maxScope    = 100     // models, operations, origins of an API key
	maxItem     = 256     // bytes of each, and of what usage is told apart by
	maxText     = 4 << 10
	maxContent  = 1 << 20
	maxTags     = 50
	maxSecrets  = 5
	maxPage     = 1000
	defaultPage = 100
)

// checkName takes 1 to most characters of one line that can be shown as they are.
func checkName(field, s string, most int) error {
	if len(s) > most*utf8.UTFMax || utf8.RuneCountInString(s) > most {
		return invalid(field, "expected 1 to %d characters; got %d", most, utf8.RuneCountInString(s))
	}
	if s == "" {
		return invalid(field, "expected 1 to %d characters; got none", most)
	}
	return checkLine(field, s, most*utf8.UTFMax)
}

// checkLine takes at most so many bytes, none of which could make a line of a log, or a terminal, say something else.
func checkLine(field, s string, most int) error {
	if err := checkText(field, s, most); err != nil {
		return err
	}
	for i, r := range s {
		if stt.Misleads(r) {
			return invalid(field, "expected characters that can be shown; at byte %d there is %U", i, r)
		}
	}
	return nil
}

// checkText takes at most so many bytes of UTF-8 without zeros, which PostgreSQL does not keep.
func checkText(field, s string, most int) error {
	switch {
	case len(s) > most:
		return invalid(field, "expected at most %d bytes; got %d", most, len(s))
	case !utf8.ValidString(s):
		return invalid(field, "expected text in UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		return invalid(field, "expected text without zero bytes")
	}
	return nil
}

// checkID takes 1 to 128 letters, digits and _-.=+@: which can be sent in a signed request.
func checkID(field, s string) error {
	if s == "" || len(s) > maxID {
		return invalid(field, "expected 1 to %d characters; got %d", maxID, len(s))
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("_-.=+@:", c) < 0 {
			return invalid(field, "expected letters, digits and _-.=+@: only")
		}
	}
	return nil
}

// checkOptional is checkID for ids that may be empty.
func checkOptional(field, s string) error {
	if s == "" {
		return nil
	}
	return checkID(field, s)
}

// checkDigits takes an account's id.
func checkDigits(field, s string) error {
	if len(s) != 12 || strings.Trim(s, "0123456789") != "" {
		return invalid(field, "expected 12 digits")
	}
	return nil
}

// checkList takes a list of names.
func checkList(field string, list []string) error {
	if len(list) > maxScope {
		return invalid(field, "expected at most %d entries; got %d", maxScope, len(list))
	}
	for _, s := range list {
		if s == "" {
			return invalid(field, "expected no empty entry")
		}
		if err := checkLine(field, s, maxItem); err != nil {
			return err
		}
	}
	return nil
}

// checkTime takes never, and times that every format of dates can write.
func checkTime(field string, t time.Time) error {
	if !t.IsZero() && (t.Year() < 1970 || t.Year() > 9998) {
		return invalid(field, "expected a time from 1970 to 9998")
	}
	return nil
}

func checkRole(r Role) error {
	switch r {
	case RoleAdmin, RoleMember, RoleViewer:
		return nil
	}
	return invalid("role", "expected %q, %q or %q; got %s", RoleAdmin, RoleMember, RoleViewer, shown(string(r)))
}

// limit is how many rows a page has.
func (p Page) limit() (int, error) {
	switch {
	case p.Max == 0:
		return defaultPage, nil
	case p.Max < 0 || p.Max > maxPage:
		return 0, invalidNumber("max", int64(p.Max), "1 to 1000")
	}
	return p.Max, nil
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
