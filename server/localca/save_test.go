package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// A folder whose files are not what Open has written: it says so, and touches nothing.
func TestBrokenAuthority(t *testing.T) {
	put := func(dir, name string, text []byte) error { return os.WriteFile(filepath.Join(dir, name), text, 0o600) }
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		file  string
		want  string
	}{
		{"no key", func(d string) error { return os.Remove(filepath.Join(d, KeyFile)) }, KeyFile, "restore it, or remove ca.pem"},
		{"key not PEM", func(d string) error { return put(d, KeyFile, []byte("secret content")) }, KeyFile, `PEM block "PRIVATE KEY"; got none`},
		{"key is a certificate", func(d string) error { return copyFile(d, CertFile, KeyFile) }, KeyFile, `PEM block "PRIVATE KEY"; got none`},
		{"key broken inside", func(d string) error { return put(d, KeyFile, pemOf(keyBlock, []byte("secret content"))) }, KeyFile, "its content is broken"},
		{"key of RSA", func(d string) error { return put(d, KeyFile, rsaKey()) }, KeyFile, "got one of another kind"},
		{"key readable by others", func(d string) error { return os.Chmod(filepath.Join(d, KeyFile), 0o644) }, KeyFile, "it has mode 0644: run chmod 600 "},
		{"key too large", func(d string) error { return put(d, KeyFile, make([]byte, maxFileSize+1)) }, KeyFile, "at most 1048576 bytes"},
		{"key a pipe", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, KeyFile)), syscall.Mkfifo(filepath.Join(d, KeyFile), 0o600))
		}, KeyFile, "expected a file"},
		{"certificate not PEM", func(d string) error { return put(d, CertFile, nil) }, CertFile, `PEM block "CERTIFICATE"; got none`},
		{"certificate broken inside", func(d string) error { return put(d, CertFile, pemOf(certBlock, []byte("x"))) }, CertFile, "expected a certificate"},
		{"certificate a folder", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, CertFile)), os.Mkdir(filepath.Join(d, CertFile), 0o700))
		}, CertFile, "expected a file"},
		{"certificate of another key", func(d string) error { return put(d, CertFile, foreign(nil, true)) }, CertFile, "it is another key's"},
		{"not an authority", func(d string) error { return put(d, CertFile, foreign(nil, false)) }, CertFile, "use --tls-cert and --tls-key"},
		{"somebody else's authority", func(d string) error {
			return put(d, CertFile, foreign(func(c *x509.Certificate) { c.PermittedDNSDomains, c.PermittedIPRanges = nil, nil }, true))
		}, CertFile, "use --tls-cert and --tls-key"},
		{"constraints that may be ignored", func(d string) error {
			return put(d, CertFile, foreign(func(c *x509.Certificate) { c.PermittedDNSDomainsCritical = false }, true))
		}, CertFile, "use --tls-cert and --tls-key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data's")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			clock := newClock()
			open(t, dir, clock)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			_, err := Open(dir, nil, clock.Now)
			if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Join(dir, c.file)) {
				t.Errorf("got %v; want %q and the path of %s", err, c.want, c.file)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%q shows what is in the file", err)
			}
			if strings.Contains(c.want, "chmod") && !strings.HasSuffix(err.Error(), `/data'\''s/ca-key.pem'`) {
				t.Errorf("%q cannot be pasted into a shell", err)
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("the folder was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

func snapshot(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(info.Mode().String() + " " + e.Name() + " " + info.ModTime().String() + "\n")
		if info.Mode().IsRegular() {
			b.WriteString(read(t, filepath.Join(dir, e.Name())))
		}
	}
	return b.String()
}

func copyFile(dir, from, to string) error {
	text, err := os.ReadFile(filepath.Join(dir, from))
	return errors.Join(err, os.WriteFile(filepath.Join(dir, to), text, 0o600))
}

func rsaKey() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pemOf(keyBlock, raw)
}

// foreign is a certificate like ours, but of another key and changed.
func foreign(change func(*x509.Certificate), authority bool) []byte {
	n, err := parseHosts(nil)
	if err != nil {
		panic(err)
	}
	now := newClock().Now()
	template, err := caTemplate(n, now)
	if err != nil {
		panic(err)
	}
	if !authority {
		template = leafTemplate(n, now, now.Add(day))
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	cert, err := sign(template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return pemOf(certBlock, cert.Raw)
}

func TestCannotWrite(t *testing.T) {
	c := newClock()
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Open(missing, nil, c.Now); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), filepath.Join(missing, KeyFile)) {
		t.Errorf("in a missing folder: %v", err)
	}
	// Something in the way of the certificate only: the key is there, and the next start goes on with it.
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "."+CertFile+".new")
	if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil, c.Now); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, CertFile)) {
		t.Errorf("with something in the way: %v", err)
	}
	key := read(t, filepath.Join(dir, KeyFile))
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	open(t, dir, c)
	if read(t, filepath.Join(dir, KeyFile)) != key {
		t.Error("another key was made")
	}
}

// Modes do not depend on the umask, which a service manager may have set to anything.
func TestUmask(t *testing.T) {
	for _, mask := range []int{0, 0o077, 0o277} {
		dir := t.TempDir()
		old := syscall.Umask(mask)
		_, err := Open(dir, nil, newClock().Now)
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %o: %v", mask, err)
		}
		for name, want := range map[string]os.FileMode{CertFile: 0o644, KeyFile: 0o600} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
				t.Errorf("umask %o: %s: %v, %v", mask, name, info, err)
			}
		}
	}
}

// FuzzAuthority: whatever stands in the files, ours or the operator's, the parsers refuse it or have something to use.
func FuzzAuthority(f *testing.F) {
	dir := f.TempDir()
	if _, err := Open(dir, nil, newClock().Now); err != nil {
		f.Fatal(err)
	}
	cert, certErr := os.ReadFile(filepath.Join(dir, CertFile))
	key, keyErr := os.ReadFile(filepath.Join(dir, KeyFile))
	if err := errors.Join(certErr, keyErr); err != nil {
		f.Fatal(err)
	}
	f.Add(cert, key)
	f.Add(key, cert)
	f.Add(foreign(nil, true), key)
	f.Add([]byte{}, []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		if signer, err := parseKey(key); err == nil && signer == nil {
			t.Error("neither key nor error")
		}
		if got, err := parseAuthority(cert); err == nil {
			if again, err := parseAuthority(pemOf(certBlock, got.Raw)); err != nil || !again.Equal(got) {
				t.Errorf("written again it is %v", err)
			}
		}
		pair := Files{certPath: "c", keyPath: "k"}
		if got, err := pair.parse(cert, key); err == nil && got.Leaf == nil {
			t.Error("a pair without a certificate")
		}
	})
}
