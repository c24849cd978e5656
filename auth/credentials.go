package auth

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of what stands in a credentials file. More than two secrets for one key help nobody, and each one makes a wrong
// signature dearer to refuse.
const (
	maxIDLength     = 128
	maxSecretLength = 1024
	maxSecrets      = 8
)

// problem is what can be wrong with a credentials file. The texts are all there is to say: nothing of the file is quoted.
type problem string

const (
	badUTF8       problem = "expected UTF-8; got other bytes (a file saved as UTF-16 must be saved again)"
	badBOM        problem = "expected no byte order mark, which AWS SDKs do not understand; save the file as plain UTF-8"
	badControl    problem = "expected text; got a control character"
	badIndent     problem = "expected the line to begin in the first column; indented, some readers take it for a part of the line above"
	badSection    problem = "expected [name of a profile] and nothing after it but a comment"
	badProfile    problem = "expected a profile name of visible characters without spaces, brackets, quotes, # and ; (the word \"profile\" before it belongs in a config file, not here)"
	badOrphan     problem = "expected a [profile] before this line"
	badSetting    problem = "expected name = value"
	badTwice      problem = "expected each setting once in a profile; this one stands there twice"
	badSecondTime problem = "expected each profile once; one of this name stands further up"
	badID         problem = "expected 1 to 128 letters, digits or _-.=+@: as \"aws_access_key_id\", without quotes and with no comment behind"
	badReserved   problem = "expected another \"aws_access_key_id\": this name stands for callers without one"
	badSecret     problem = "expected 1 to 1024 visible ASCII characters, the first not # or ;, as \"aws_secret_access_key\", with no comment behind"
	badQuotes     problem = "expected no quotes around \"aws_secret_access_key\"; readers disagree whether they belong to it"
	badToken      problem = "expected no \"aws_session_token\": it belongs to temporary credentials, and here they would be good for ever"
	badNoSecret   problem = "expected \"aws_secret_access_key\" in this profile too; it has only \"aws_access_key_id\""
	badNoID       problem = "expected \"aws_access_key_id\" in this profile too; it has only \"aws_secret_access_key\""
	badRotation   problem = "expected at most 8 different secrets for one access key id; this profile has one more"
)

// at returns the problem as an error that names the line.
func (p problem) at(line int) error { return stt.Errorf(stt.Invalid, "line %d: %s", line, string(p)) }

// The settings that matter here. Names are compared without regard to case, as all readers do.
const (
	settingID     = "aws_access_key_id"
	settingSecret = "aws_secret_access_key"
	settingToken  = "aws_session_token"
)

// profile is one section of a credentials file. line is that of its name; id and secret are both set or both empty.
type profile struct {
	name, id, secret string
	line             int
}

// parseCredentials returns the profiles of an AWS shared-credentials file that hold a key. Of what readers of that format
// do differently — quotes, comments behind values, indented lines, names given twice — it takes nothing: the server must
// not accept another secret than the one that a client reads from the same file. Other settings are passed over.
func parseCredentials(data []byte) ([]profile, error) {
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, badBOM.at(1)
	}
	r := credentialsReader{names: map[string]bool{}}
	number := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		number++
		if err := r.readLine(strings.TrimSuffix(line, "\r"), number); err != nil {
			return nil, err
		}
	}
	if err := r.endSection(); err != nil {
		return nil, err
	}
	return r.profiles, nil
}

// credentialsReader is the state between two lines.
type credentialsReader struct {
	profiles []profile
	names    map[string]bool // of all sections so far

	section  profile // the one being read; line is 0 before the first
	settings map[string]bool
	last     string // the setting above, which a deeper line continues; empty: none
	indent   int    // how far that setting is indented
}

// readLine takes one line, without its end.
func (r *credentialsReader) readLine(line string, number int) error {
	text := strings.Trim(line, " \t")
	switch {
	case !utf8.ValidString(line):
		return badUTF8.at(number)
	case strings.ContainsFunc(line, isControl):
		return badControl.at(number)
	case text == "" || isComment(text):
		return nil
	case text[0] == '[':
		return r.readSection(line, number)
	case r.section.line == 0:
		return badOrphan.at(number)
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	return r.readSetting(text, indent, number)
}

func (r *credentialsReader) readSection(line string, number int) error {
	if line[0] != '[' {
		return badIndent.at(number)
	}
	name, rest, closed := strings.Cut(line[1:], "]")
	name, rest = strings.Trim(name, " \t"), strings.Trim(rest, " \t")
	switch {
	case !closed || rest != "" && !isComment(rest) || strings.Contains(rest, "]"):
		return badSection.at(number)
	case !isProfileName(name):
		return badProfile.at(number)
	case r.names[name]:
		return badSecondTime.at(number)
	}
	if err := r.endSection(); err != nil {
		return err
	}
	r.names[name] = true
	r.section, r.settings, r.last = profile{name: name, line: number}, map[string]bool{}, ""
	return nil
}

// endSection keeps the section if it has a key.
func (r *credentialsReader) endSection() error {
	switch s := r.section; {
	case s.id == "" && s.secret == "":
		return nil
	case s.secret == "":
		return badNoSecret.at(s.line)
	case s.id == "":
		return badNoID.at(s.line)
	}
	r.profiles = append(r.profiles, r.section)
	return nil
}

// readSetting takes a line that is neither empty nor a comment nor a section. One that is indented further than the
// setting above belongs to that setting for most readers, and is passed over unless either of the two matters here.
func (r *credentialsReader) readSetting(text string, indent, number int) error {
	name, value, separated := cutSetting(text)
	if r.last != "" && indent > r.indent {
		if matters(r.last) || matters(name) {
			return badIndent.at(number)
		}
		return nil
	}
	switch {
	case !separated || name == "":
		return badSetting.at(number)
	case r.settings[name]:
		return badTwice.at(number)
	}
	r.settings[name], r.last, r.indent = true, name, indent
	if bad := r.section.set(name, value); bad != "" {
		return bad.at(number)
	}
	return nil
}

// set takes over a setting that matters, and nothing of others.
func (p *profile) set(name, value string) problem {
	switch name {
	case settingID:
		if !isAccessKeyID(value) {
			return badID
		}
		if value == APIKeyID || value == AdminID {
			return badReserved
		}
		p.id = value
	case settingSecret:
		if !isVisible(value) || isComment(value) {
			return badSecret
		}
		if isQuoted(value) {
			return badQuotes
		}
		p.secret = value
	case settingToken:
		if value != "" {
			return badToken
		}
	}
	return ""
}

func matters(name string) bool {
	return name == settingID || name == settingSecret || name == settingToken
}

// cutSetting cuts at the first "=" or ":", which older readers took as well and today's still do.
func cutSetting(text string) (name, value string, ok bool) {
	i := strings.IndexAny(text, "=:")
	if i < 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimRight(text[:i], " \t")), strings.TrimLeft(text[i+1:], " \t"), true
}

func isComment(text string) bool { return text[0] == '#' || text[0] == ';' }

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isQuoted reports whether some reader would take quotes off. One alone, at both ends of itself, counts.
func isQuoted(s string) bool {
	return s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'')
}

func isProfileName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("[]\"'#;", r) })
}

// isAccessKeyID reports whether s can stand in the credential of a signed request.
func isAccessKeyID(s string) bool {
	return s != "" && len(s) <= maxIDLength && strings.Trim(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.=+@:") == ""
}

// isVisible reports whether s is 1 to maxSecretLength ASCII characters that leave ink, which is also what an API key is.
func isVisible(s string) bool {
	return s != "" && len(s) <= maxSecretLength && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// formatCredentials writes profiles so that parseCredentials reads them back.
func formatCredentials(comment string, profiles []profile) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(comment) {
		b.WriteString("# " + line)
	}
	for _, p := range profiles {
		b.WriteString("[" + p.name + "]\n" + settingID + " = " + p.id + "\n" + settingSecret + " = " + p.secret + "\n")
	}
	return b.Bytes()
}

// keysOf gathers profiles into keys. An id that several profiles have, with different secrets, is one key whose secret is
// being rotated: the first in the file is the current one and gives the key its name.
func keysOf(profiles []profile) (map[string]AccessKey, error) {
	keys := make(map[string]AccessKey, len(profiles))
	for _, p := range profiles {
		key, known := keys[p.id]
		if !known {
			key = AccessKey{ID: p.id, Name: p.name}
		}
		if !slices.Contains(key.Secrets, p.secret) {
			key.Secrets = append(key.Secrets, p.secret)
		}
		if len(key.Secrets) > maxSecrets {
			return nil, badRotation.at(p.line)
		}
		keys[p.id] = key
	}
	return keys, nil
}
