package store

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func noVariables(string) string { return "" }

func TestParseMaster(t *testing.T) {
	key := make([]byte, masterSize)
	for i := range key {
		key[i] = byte(i*37 + 250)
	}
	want, err := masterOf(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)), base64.StdEncoding.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key), " " + base64.StdEncoding.EncodeToString(key) + "\r\n"} {
		m, err := ParseMaster(text)
		if err != nil || m.ID() != want.ID() {
			t.Errorf("%q: got %v, %v", text, m, err)
		}
	}
	for _, text := range []string{"", "x", strings.Repeat("0", 64), strings.Repeat("g", 64), strings.Repeat("!", 44), hex.EncodeToString(key[:31]),
		base64.StdEncoding.EncodeToString(make([]byte, masterSize+1)), hex.EncodeToString(key) + "00", "password"} {
		m, err := ParseMaster(text)
		if stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%q: expected it to be refused; got %v, %v", text, m, err)
		} else if len(text) > 5 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats what may be a key: %v", err)
		}
	}
}

func TestMasterFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := LoadMaster(noVariables, path); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("no file: %v", err)
	}
	made, created, err := EnsureMaster(noVariables, path)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("expected mode 0600; got %v, %v", info, err)
	}
	again, created, err := EnsureMaster(noVariables, path)
	if err != nil || created || again.ID() != made.ID() {
		t.Errorf("the second time: %v %v %v", again, created, err)
	}
	if err := NewMaster().WriteFile(path); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("written over a key: %v", err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || left != nil {
		t.Errorf("files left behind: %v, %v", left, err)
	}
	other := NewMaster()
	variable := func(string) string { return base64.StdEncoding.EncodeToString(other.key) }
	if m, err := LoadMaster(variable, path); err != nil || m.ID() != other.ID() {
		t.Errorf("the variable comes first: %v, %v", m, err)
	}
	if _, err := LoadMaster(func(string) string { return "nonsense-of-a-key" }, path); stt.CodeOf(err) != stt.Invalid || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a variable that is no key: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaster(noVariables, path); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others may read: %v", err)
	}
	if _, err := LoadMaster(noVariables, filepath.Dir(path)); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("a folder: %v", err)
	}
}

func TestSeal(t *testing.T) {
	m := NewMaster()
	sealed := m.seal("secret", "here")
	if text, err := m.open(sealed, "here"); err != nil || text != "secret" {
		t.Fatal(text, err)
	}
	if string(m.seal("secret", "here")) == string(sealed) {
		t.Error("expected another nonce each time")
	}
	for i := range sealed { // any bit counts
		damaged := append([]byte(nil), sealed...)
		damaged[i] ^= 1
		if _, err := m.open(damaged, "here"); err == nil {
			t.Errorf("opened although byte %d has changed", i)
		}
		if _, err := m.open(sealed[:i], "here"); err == nil {
			t.Errorf("opened although cut to %d bytes", i)
		}
	}
	if _, err := m.open(sealed, "there"); err == nil {
		t.Error("opened elsewhere")
	}
	if _, err := NewMaster().open(sealed, "here"); err == nil {
		t.Error("opened with another key")
	}
	if (*Master)(nil).ID() != "" {
		t.Error("expected no id for no key")
	}
}

// Whole periods cover a time exactly, without a gap or an overlap, and shorter ones than asked for lie within one.
func TestCover(t *testing.T) {
	for from := int64(480000); from < 480000+1500; from += 37 {
		for length := int64(0); length < 3000; length += 113 {
			for p := ByHour; p <= ByMonth; p++ {
				at := from
				for _, sp := range cover(from, from+length, p) {
					if sp.from != at || sp.to <= sp.from || sp.period > p || sp.period.floor(sp.from) != sp.from || sp.period.floor(sp.to) != sp.to {
						t.Fatalf("%d + %d by %d: %v after %d", from, length, p, sp, at)
					}
					if sp.period < p && p.floor(sp.from) != p.floor(sp.to-1) {
						t.Fatalf("%d + %d by %d: %v lies in two", from, length, p, sp)
					}
					at = sp.to
				}
				if at != from+length {
					t.Fatalf("%d + %d by %d: ends at %d", from, length, p, at)
				}
			}
		}
	}
}
