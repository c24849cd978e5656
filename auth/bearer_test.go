package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

const token = "esk_abcdefghijklmnopqrstuvwxyz234567"

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// opened is one of the two kinds of bearer file.
type opened func(presented string) (Principal, error)

var bearers = []struct {
	name, content, next string
	want                Principal
	open                func(path string, o FileOptions) (opened, error)
}{
	{"API key", token, token + "2", Principal{KeyID: "api-key", Name: "api-key", Account: "default", Policies: []policy.Policy{DefaultPolicy()}}, func(path string, o FileOptions) (opened, error) {
		k, err := OpenAPIKey(path, o)
		if err != nil {
			return nil, err
		}
		return k.Check, nil
	}},
	{"administrator token", hashed(token), strings.ToUpper(hashed(token + "2")), Principal{KeyID: "admin", Name: "admin", Account: "default", Admin: true}, func(path string, o FileOptions) (opened, error) {
		a, err := OpenAdminToken(path, o)
		if err != nil {
			return nil, err
		}
		return a.CheckAdmin, nil
	}},
}

func TestBearer(t *testing.T) {
	for _, b := range bearers {
		t.Run(b.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			write := func(text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			now := time.Now()
			var told []error
			write("# a comment\n\n" + b.content + "\r\n")
			check, err := b.open(path, FileOptions{Now: func() time.Time { return now }, Changed: func(err error) { told = append(told, err) }})
			if err != nil {
				t.Fatal(err)
			}
			expect := func(presented string, good bool) {
				t.Helper()
				got, err := check(presented)
				switch {
				case good && (err != nil || !reflect.DeepEqual(got, b.want)):
					t.Errorf("%q: got %v, %v", presented, got, err)
				case !good && (stt.CodeOf(err) != stt.Unauthenticated || !reflect.DeepEqual(got, Principal{})):
					t.Errorf("%q: got %v, %v; want unauthenticated", presented, got, err)
				case !good && presented != "" && strings.Contains(err.Error(), presented):
					t.Errorf("%q shows what was presented", err)
				}
			}
			expect(token, true)
			for _, wrong := range []string{"", token[:len(token)-1], token + "2", " " + token, token + "\n", strings.ToUpper(token), hashed(token), "# a comment"} {
				expect(wrong, false)
			}
			write(b.next)
			expect(token, true) // not looked at yet
			now = now.Add(time.Second)
			expect(token+"2", true)
			expect(token, false)
			write("x")
			now = now.Add(time.Second)
			expect(token+"2", true)
			if len(told) != 2 || told[0] != nil || stt.CodeOf(told[1]) != stt.Invalid {
				t.Errorf("told %v", told)
			}
		})
	}
}

func TestBearerFileErrors(t *testing.T) {
	key, admin := bearers[0], bearers[1]
	for _, c := range []struct {
		name, text string
		kind       int
		want       string
	}{
		{"empty", "", 0, "one line besides comments; got none"},
		{"only comments", "#\n\n", 1, "one line besides comments; got none"},
		{"two lines", token + "\n" + token, 0, "one line besides comments; got more"},
		{"short", token[:15], 0, "16 to 1024"},
		{"long", strings.Repeat("k", 1025), 0, "16 to 1024"},
		{"with a space", token + " " + token, 0, "16 to 1024"},
		{"not ASCII", token + "ü", 0, "16 to 1024"},
		{"the token itself", token, 1, "64 hexadecimal digits"},
		{"short hash", hashed(token)[:62], 1, "64 hexadecimal digits"},
		{"long hash", hashed(token) + "00", 1, "64 hexadecimal digits"},
		{"odd hash", hashed(token) + "0", 1, "64 hexadecimal digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			open, what := key.open, key.name
			if c.kind == 1 {
				open, what = admin.open, admin.name
			}
			_, err := open(path, FileOptions{})
			if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), what) {
				t.Errorf("got %v; want %q, the path and %q", err, c.want, what)
			}
			if len(c.text) > 8 && strings.Contains(err.Error(), c.text[:8]) {
				t.Errorf("%q shows what is in the file", err)
			}
		})
	}
	for _, b := range bearers {
		path := filepath.Join(t.TempDir(), "file")
		if _, err := b.open(path, FileOptions{}); stt.CodeOf(err) != stt.NotFound {
			t.Errorf("%s missing: %v", b.name, err)
		}
		if err := writeMode(path, b.content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := b.open(path, FileOptions{}); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("%s readable by all: %v", b.name, err)
		}
	}
}

func TestBearerLongestAndShortest(t *testing.T) {
	for _, n := range []int{16, 1024} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(strings.Repeat("~", n)), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := OpenAPIKey(path, FileOptions{})
		if err != nil {
			t.Fatalf("%d characters: %v", n, err)
		}
		if _, err := k.Check(strings.Repeat("~", n)); err != nil {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

// FuzzBearerFile: a file is refused, or one string opens it, which then stands in the file on a line of its own.
func FuzzBearerFile(f *testing.F) {
	for _, text := range []string{"", "#\n", token, "# a\r\n\n\t" + token + " \r\n", token + "\n" + token, hashed(token), hashed(token) + "00", "#" + token} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		line, lineErr := onlyLine(data)
		if key, err := parseAPIKey(data); err == nil {
			if lineErr != nil || !key.sum.matches(line) || !isVisible(line) || len(line) < minAPIKey {
				t.Errorf("accepted a key of %d characters (%v)", len(line), lineErr)
			}
			if again, err := parseAPIKey([]byte("# x\n" + line + "\n")); err != nil || again != key {
				t.Errorf("written again it is %v", err)
			}
		}
		if sum, err := parseDigest(data); err == nil {
			again, err := parseDigest([]byte(hex.EncodeToString(sum[:])))
			if err != nil || again != sum || len(line) != 64 {
				t.Errorf("accepted a hash of %d characters; written again it is %v", len(line), err)
			}
		}
	})
}

// Who keeps the key elsewhere gets its hash, and of keys made here how they begin; of those that people make up nothing shows.
func TestAPIKeyDigest(t *testing.T) {
	made := newToken(apiKeyPrefix)
	for key, want := range map[string]string{made: made[:12], "esk_short0123456789": APIKeyID, made + "a": APIKeyID, "esk_" + strings.Repeat("A", 32): APIKeyID,
		strings.Repeat("correct horse", 2)[:16] + "": ""} {
		path := filepath.Join(t.TempDir(), APIKeyFile)
		if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := OpenAPIKey(path, FileOptions{})
		if want == "" {
			if err == nil {
				t.Errorf("%q is taken", key)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if sum, prefix := k.Digest(); sum != sha256.Sum256([]byte(key)) || prefix != want {
			t.Errorf("%q: prefix %q, want %q", key, prefix, want)
		}
	}
}
