package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/earshot-stt/earshot/stt"
)

const (
	idA, secretA = "ESHKAAAAAAAAAAAAAAAA", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	idB, secretB = "ESHKBBBBBBBBBBBBBBBB", "second+secret/of=forty(characters)#12345"
)

func section(name, id, secret string) string {
	return "[" + name + "]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
}

// goodFiles and badFiles are what the parser, the comparison with an SDK and the fuzzer are fed with.
var goodFiles = []struct {
	name, text string
	want       []profile
}{
	{"empty", "", nil},
	{"only comments", "# one\n; two\n\n\t\n", nil},
	{"one", section("default", idA, secretA), []profile{{"default", idA, secretA, 1}}},
	{"two", section("default", idA, secretA) + "\n" + section("night", idB, secretB),
		[]profile{{"default", idA, secretA, 1}, {"night", idB, secretB, 5}}},
	{"no last newline", strings.TrimSuffix(section("default", idA, secretA), "\n"), []profile{{"default", idA, secretA, 1}}},
	{"lines of Windows", strings.ReplaceAll(section("default", idA, secretA), "\n", "\r\n"), []profile{{"default", idA, secretA, 1}}},
	{"any case, any order, no spaces", "[x]\nAWS_SECRET_ACCESS_KEY=" + secretA + "\nAws_Access_Key_Id=" + idA + "\n", []profile{{"x", idA, secretA, 1}}},
	{"much white space", "[\tx ]  \naws_access_key_id \t=\t " + idA + " \t\naws_secret_access_key\t= " + secretA + "\t\n", []profile{{"x", idA, secretA, 1}}},
	{"colons", "[x]\naws_access_key_id: " + idA + "\naws_secret_access_key : " + secretA + "\n", []profile{{"x", idA, secretA, 1}}},
	{"other settings", "[x]\nregion = eu-west-1 # home\naws_access_key_id = " + idA + "\noutput: json\naws_secret_access_key = " + secretA + "\n", []profile{{"x", idA, secretA, 1}}},
	{"profile without a key", "[sso]\nsso_session = a\n" + section("x", idA, secretA), []profile{{"x", idA, secretA, 3}}},
	{"no token", section("x", idA, secretA) + "aws_session_token =\n", []profile{{"x", idA, secretA, 1}}},
	{"comment behind a profile", "[x] # " + "the office" + section("", idA, secretA)[2:], []profile{{"x", idA, secretA, 1}}},
	{"nested settings", "[x]\ns3 =\n  max_concurrent_requests = 20\n  addressing_style = path\naws_access_key_id = " + idA + "\naws_secret_access_key = " + secretA + "\n",
		[]profile{{"x", idA, secretA, 1}}},
	{"all indented alike", "[x]\n  aws_access_key_id = " + idA + "\n  aws_secret_access_key = " + secretA + "\n", []profile{{"x", idA, secretA, 1}}},
	{"equals signs and hashes inside", section("x", "a=b@c", "=#;:"+secretB), []profile{{"x", "a=b@c", "=#;:" + secretB, 1}}},
	{"umlaut in name and comment", "# für alle\n" + section("büro", idA, secretA), []profile{{"büro", idA, secretA, 2}}},
	{"a quote inside", section("x", idA, `"abc'`), []profile{{"x", idA, `"abc'`, 1}}},
	{"longest", section("x", strings.Repeat("i", 128), strings.Repeat("s", 1024)), []profile{{"x", strings.Repeat("i", 128), strings.Repeat("s", 1024), 1}}},
}

var badFiles = []struct {
	name, text string
	line       int
	want       problem
}{
	{"latin 1", "[x]\n# f\xfcr alle\n", 2, badUTF8},
	{"UTF-16", "\xff\xfe[\x00x\x00]\x00\n\x00", 1, badUTF8},
	{"byte order mark", "\ufeff" + section("x", idA, secretA), 1, badBOM},
	{"NUL", section("x", idA, secretA) + "\x00\n", 4, badControl},
	{"lines of an old Mac", strings.ReplaceAll(section("x", idA, secretA), "\n", "\r"), 1, badControl},
	{"no profile", "aws_access_key_id = " + idA + "\n", 1, badOrphan},
	{"profile open", "[x\n", 1, badSection},
	{"behind profile", "[x] y\n", 1, badSection},
	{"bracket in the comment behind", "[x] # ]\n", 1, badSection},
	{"profile without a name", "[ ]\n", 1, badProfile},
	{"config file", "[profile x]\n", 1, badProfile},
	{"hash in profile", "[a#b]\n", 1, badProfile},
	{"bracket in profile", "[[x]\n", 1, badProfile},
	{"quotes in profile", "[\"x\"]\n", 1, badProfile},
	{"profile twice", section("x", idA, secretA) + "[x]\n", 4, badSecondTime},
	{"empty profile twice", "[x]\n[x]\n", 2, badSecondTime},
	{"profile indented", section("x", idA, secretA) + "  [y]\n", 4, badIndent},
	{"no value", "[x]\n" + secretA[:5] + "\n", 2, badSetting},
	{"no name", "[x]\n= 1\n", 2, badSetting},
	{"setting twice", section("x", idA, secretA) + "AWS_ACCESS_KEY_ID = " + idA + "\n", 4, badTwice},
	{"other setting twice", "[x]\na = 1\na = 1\n", 3, badTwice},
	{"id continued", "[x]\naws_access_key_id = " + idA + "\n  BBBB\n", 3, badIndent},
	{"secret indented more than id", "[x]\naws_access_key_id = " + idA + "\n aws_secret_access_key = " + secretA + "\n", 3, badIndent},
	{"key among nested settings", "[x]\ns3 =\n  aws_access_key_id = " + idA + "\n", 3, badIndent},
	{"id empty", "[x]\naws_access_key_id =\n", 2, badID},
	{"id with a slash", section("x", secretA, secretA), 2, badID},
	{"id with a comment", section("x", idA+" # mine", secretA), 2, badID},
	{"id in quotes", section("x", `"`+idA+`"`, secretA), 2, badID},
	{"id too long", section("x", strings.Repeat("i", 129), secretA), 2, badID},
	{"id of the API key", section("x", APIKeyID, secretA), 2, badReserved},
	{"id of the administrator", section("x", AdminID, secretA), 2, badReserved},
	{"secret empty", section("x", idA, ""), 3, badSecret},
	{"secret with a comment", section("x", idA, secretA+" ; mine"), 3, badSecret},
	{"secret that looks like a comment", section("x", idA, "#"+secretA), 3, badSecret},
	{"secret that looks like another comment", section("x", idA, ";"+secretA), 3, badSecret},
	{"secret with a tab", section("x", idA, "ab\tcd"), 3, badSecret},
	{"secret with a no-break space", section("x", idA, secretA+"\u00a0"), 3, badSecret},
	{"secret too long", section("x", idA, strings.Repeat("s", 1025)), 3, badSecret},
	{"secret in quotes", section("x", idA, `"`+secretA+`"`), 3, badQuotes},
	{"secret in single quotes", section("x", idA, "'"+secretA+"'"), 3, badQuotes},
	{"secret a single quote", section("x", idA, "'"), 3, badQuotes},
	{"token", section("x", idA, secretA) + "aws_session_token = " + secretB + "\n", 4, badToken},
	{"id alone", "\n[x]\naws_access_key_id = " + idA + "\n" + section("y", idB, secretB), 2, badNoSecret},
	{"secret alone", section("y", idB, secretB) + "[x]\naws_secret_access_key = " + secretA + "\n", 4, badNoID},
	{"nine secrets", nineSecrets(), 25, badRotation},
}

func nineSecrets() string {
	var b strings.Builder
	for i := range 9 {
		b.WriteString(section("p"+strconv.Itoa(i), idA, secretA+strconv.Itoa(i)))
	}
	return b.String()
}

func TestCredentialsGood(t *testing.T) {
	for _, c := range goodFiles {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseCredentials([]byte(c.text))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestCredentialsBad(t *testing.T) {
	met := map[problem]bool{}
	for _, c := range badFiles {
		t.Run(c.name, func(t *testing.T) {
			profiles, err := parseCredentials([]byte(c.text))
			if err == nil {
				_, err = keysOf(profiles)
			}
			if want := c.want.at(c.line); err == nil || err.Error() != want.Error() || stt.CodeOf(err) != stt.Invalid {
				t.Errorf("got %v; want %v", err, want)
			}
			met[c.want] = true
		})
	}
	for _, p := range problemsInSource(t) {
		if !met[p] {
			t.Errorf("no case meets the problem %q", p)
		}
	}
}

// problemsInSource keeps the table of bad files complete.
func problemsInSource(t testing.TB) (all []problem) {
	source, err := os.ReadFile("credentials.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`problem = (".*")`).FindAllSubmatch(source, -1) {
		text, err := strconv.Unquote(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, problem(text))
	}
	if len(all) < 10 {
		t.Fatalf("found %d problems in the source; the pattern must be wrong", len(all))
	}
	return all
}

// What the server reads from a file is what a client of the AWS SDK reads from it.
func TestCredentialsAsSDK(t *testing.T) {
	for _, c := range goodFiles {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credentials")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				got, err := readAsSDK(path, want.name)
				if err != nil {
					t.Fatalf("the SDK does not read profile %q: %v", want.name, err)
				}
				if got.id != want.id || got.secret != want.secret {
					t.Errorf("the SDK reads %q, %q from profile %q; we %q, %q", got.id, got.secret, want.name, want.id, want.secret)
				}
			}
		})
	}
}

func readAsSDK(path, name string) (profile, error) {
	shared, err := config.LoadSharedConfigProfile(context.Background(), name, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{path}, []string{}
	})
	return profile{name: name, id: shared.Credentials.AccessKeyID, secret: shared.Credentials.SecretAccessKey}, err
}

func TestRotation(t *testing.T) {
	profiles := []profile{{"new", idA, "2", 1}, {"other", idB, "3", 2}, {"old", idA, "1", 3}, {"copy", idA, "2", 4}}
	keys, err := keysOf(profiles)
	if err != nil || len(keys) != 2 {
		t.Fatalf("got %d keys, %v; want 2", len(keys), err)
	}
	if k := keys[idA]; k.Name != "new" || !slices.Equal(k.Secrets, []string{"2", "1"}) {
		t.Errorf("got name %q, secrets %q; want new, the current secret first, none twice", k.Name, k.Secrets)
	}
}

// FuzzCredentials holds the parser to three promises: what it reads it can write and read again; what it refuses it
// refuses with one of the known sentences and a line of the file; and what it returns can be used.
func FuzzCredentials(f *testing.F) {
	for _, c := range goodFiles {
		f.Add([]byte(c.text))
	}
	for _, c := range badFiles {
		f.Add([]byte(c.text))
	}
	wanted, known := regexp.MustCompile(`^line (\d+): (.*)$`), problemsInSource(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		profiles, err := parseCredentials(data)
		if err != nil {
			m := wanted.FindStringSubmatch(err.Error())
			if m == nil || !slices.Contains(known, problem(m[2])) {
				t.Fatalf("error %q is not one of the known sentences", err)
			}
			line, _ := strconv.Atoi(m[1])
			if lines := strings.Count(string(data), "\n") + 1; line < 1 || line > lines {
				t.Fatalf("line %d of %d", line, lines)
			}
			return
		}
		for i, p := range profiles {
			if !isAccessKeyID(p.id) || !isVisible(p.secret) || p.name == "" {
				t.Fatalf("profile %d cannot be used", i)
			}
		}
		text := formatCredentials("a\nb\n", profiles)
		again, err := parseCredentials(text)
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if !slices.EqualFunc(profiles, again, func(a, b profile) bool { a.line, b.line = 0, 0; return a == b }) {
			t.Fatalf("wrote %v, read %v", profiles, again)
		}
		if _, err := keysOf(profiles); err != nil && !errors.As(err, new(*stt.Error)) {
			t.Fatal(err)
		}
	})
}

// FuzzCredentialsAsSDK looks for a file from which the AWS SDK reads another key than we do.
func FuzzCredentialsAsSDK(f *testing.F) {
	for _, c := range goodFiles {
		f.Add([]byte(c.text))
	}
	path := filepath.Join(f.TempDir(), "credentials")
	f.Fuzz(func(t *testing.T, data []byte) {
		profiles, err := parseCredentials(data)
		if err != nil || len(profiles) == 0 {
			return
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, p := range profiles {
			got, err := readAsSDK(path, p.name)
			if err == nil && (got.id != p.id || got.secret != p.secret) {
				t.Fatalf("the SDK reads %q, %q from profile %q; we %q, %q", got.id, got.secret, p.name, p.id, p.secret)
			}
		}
	})
}
