package auth

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	created, err := FirstStart(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"credentials", "api-key", "admin-token.sha256"}
	before := map[string]string{}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if i >= len(created.Files) || created.Files[i] != path {
			t.Errorf("reported %q; want %q as number %d", created.Files, path, i)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info, err)
		}
		before[name] = read(t, path)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != len(names) {
		t.Errorf("the folder holds %v", entries)
	}

	keys, err := OpenFile(filepath.Join(dir, CredentialsFile), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.AccessKey(t.Context(), created.AccessKeyID)
	if err != nil || key.Name != "default" || keys.Len() != 1 {
		t.Errorf("got %v, %v", key, err)
	}
	if !regexp.MustCompile(`^ESHK[A-Z2-7]{16}$`).MatchString(key.ID) || !regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(key.Secrets[0]) {
		t.Errorf("id %q or secret have another shape than Amazon's", key.ID)
	}
	if sdk, err := readAsSDK(filepath.Join(dir, CredentialsFile), "default"); err != nil || sdk.id != key.ID || sdk.secret != key.Secrets[0] {
		t.Errorf("the SDK reads id %q, %v", sdk.id, err)
	}

	api, err := OpenAPIKey(filepath.Join(dir, APIKeyFile), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSuffix(before[APIKeyFile], "\n")
	if _, err := api.Check(line); err != nil || !regexp.MustCompile(`^esk_[a-z2-7]{32}$`).MatchString(line) {
		t.Errorf("api-key: %v", err)
	}

	admin, err := OpenAdminToken(filepath.Join(dir, AdminTokenFile), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := admin.CheckAdmin(created.AdminToken); err != nil || !who.Admin || !regexp.MustCompile(`^esa_[a-z2-7]{32}$`).MatchString(created.AdminToken) {
		t.Errorf("administrator: %v, %v", who, err)
	}
	for name, text := range before {
		if strings.Contains(text, created.AdminToken[4:]) {
			t.Errorf("%s holds the administrator's token", name)
		}
	}

	again, err := FirstStart(dir)
	if err != nil || len(again.Files) != 0 || again.AccessKeyID != "" || again.AdminToken != "" {
		t.Errorf("the second start made %v, %v", again, err)
	}
	for name, text := range before {
		if read(t, filepath.Join(dir, name)) != text {
			t.Errorf("the second start changed %s", name)
		}
	}
}

func TestFirstStartMakesWhatIsMissing(t *testing.T) {
	all := []string{CredentialsFile, APIKeyFile, AdminTokenFile}
	for _, missing := range all {
		t.Run(missing, func(t *testing.T) {
			dir := t.TempDir()
			first, err := FirstStart(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, missing)); err != nil {
				t.Fatal(err)
			}
			second, err := FirstStart(dir)
			if err != nil || !slices.Equal(second.Files, []string{filepath.Join(dir, missing)}) {
				t.Fatalf("made %v, %v", second, err)
			}
			if (second.AccessKeyID != "") != (missing == CredentialsFile) || (second.AdminToken != "") != (missing == AdminTokenFile) {
				t.Errorf("reported access key %q, administrator token %t", second.AccessKeyID, second.AdminToken != "")
			}
			if second.AccessKeyID == first.AccessKeyID || second.AdminToken == first.AdminToken {
				t.Error("the second is the same as the first")
			}
		})
	}
}

// Whatever stands in the place of a file is left alone, even what is useless.
func TestFirstStartNeverOverwrites(t *testing.T) {
	for name, place := range map[string]func(path string) error{
		"an empty file":       func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"a folder":            func(p string) error { return os.Mkdir(p, 0o755) },
		"a link into nowhere": func(p string) error { return os.Symlink("nowhere", p) },
		"a pipe":              func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, APIKeyFile)
			if err := place(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			created, err := FirstStart(dir)
			if err != nil || len(created.Files) != 2 || slices.Contains(created.Files, path) {
				t.Errorf("made %v, %v", created, err)
			}
			if after, err := os.Lstat(path); err != nil || !sameStamp(before, after) {
				t.Errorf("was %v, is %v, %v", before, after, err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "nowhere")); err == nil {
				t.Error("wrote through a link")
			}
		})
	}
}

// A process that died left its half of a file behind.
func TestFirstStartAfterDeath(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "."+APIKeyFile+".new"), []byte("esk_ha"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := FirstStart(dir); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("the folder holds %v", entries)
	}
	if _, err := OpenAPIKey(filepath.Join(dir, APIKeyFile), FileOptions{}); err != nil {
		t.Error(err)
	}
}

func TestFirstStartErrors(t *testing.T) {
	dir := t.TempDir()
	if created, err := FirstStart(filepath.Join(dir, "missing")); stt.CodeOf(err) != stt.Invalid || len(created.Files) != 0 || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("in a missing folder: %v, %v", created, err)
	}
	// A folder in the way of the second file's making: the first has been made and is reported.
	if err := os.MkdirAll(filepath.Join(dir, "."+APIKeyFile+".new", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	created, err := FirstStart(dir)
	if err == nil || len(created.Files) != 1 || created.AccessKeyID == "" || created.AdminToken != "" {
		t.Errorf("got %v, %v", created, err)
	}
	if _, err := os.Stat(filepath.Join(dir, AdminTokenFile)); err == nil {
		t.Error("a token was made that nobody will ever see")
	}
}

func TestCreateFile(t *testing.T) {
	for _, c := range []struct {
		name string
		link func(from, to string) error
		made bool
		want string
	}{
		{"links", os.Link, true, "new"},
		{"a file system without links", func(string, string) error { return syscall.EPERM }, true, "new"},
		{"somebody was faster", func(_, path string) error {
			return errors.Join(os.WriteFile(path, []byte("theirs"), 0o600), fs.ErrExist)
		}, false, "theirs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			made, err := createFile(dir, "f", []byte("new"), c.link)
			if err != nil || made != c.made || read(t, filepath.Join(dir, "f")) != c.want {
				t.Errorf("made %t, %v; want %t, %q", made, err, c.made, c.want)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("the folder holds %v", entries)
			}
		})
	}
}

// Modes do not depend on the umask, which a service manager may have set to anything.
func TestFirstStartUmask(t *testing.T) {
	old := syscall.Umask(0)
	syscall.Umask(old)
	for _, mask := range []int{0, 0o077, 0o277} {
		dir := t.TempDir()
		syscall.Umask(mask)
		_, err := FirstStart(dir)
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %o: %v", mask, err)
		}
		if info, err := os.Stat(filepath.Join(dir, CredentialsFile)); err != nil || info.Mode() != 0o600 {
			t.Errorf("umask %o: %v, %v", mask, info, err)
		}
	}
}

func TestRandom(t *testing.T) {
	for _, alphabet := range []string{base32Upper, base32Lower, base64} {
		if 256%len(alphabet) != 0 {
			t.Errorf("an alphabet of %d letters favours some", len(alphabet))
		}
		met := map[rune]bool{}
		for _, r := range random(alphabet, 4096) {
			met[r] = true
		}
		// That one of 64 letters is missing from 4096 has a probability of 64·(63/64)^4096 < 1e-26.
		if len(met) != len(alphabet) {
			t.Errorf("met %d letters of %d", len(met), len(alphabet))
		}
	}
	seen := map[string]bool{}
	for range 100 {
		seen[newAccessKeyID()], seen[newSecret()], seen[newToken(adminPrefix)] = true, true, true
	}
	if len(seen) != 300 {
		t.Errorf("%d of 300 are different", len(seen))
	}
}
