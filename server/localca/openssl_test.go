package localca

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Most clients verify by OpenSSL, whose idea of name constraints is not Go's.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed (Debian package openssl)")
	}
	dir := t.TempDir()
	ca, err := Open(dir, []string{"stt.example.com", "192.168.1.7", "2001:db8::7"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	forgedTemplate := leafTemplate(names{dns: []string{"example.org"}}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	forged, err := sign(forgedTemplate, ca.cert, ca.key.Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := filepath.Join(dir, "good.pem"), filepath.Join(dir, "bad.pem")
	for path, raw := range map[string][]byte{good: cert.Certificate[0], bad: forged.Raw} {
		if err := os.WriteFile(path, pemOf(certBlock, raw), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ file, kind, host, want string }{
		{good, "hostname", "localhost", ""},
		{good, "hostname", "stt.example.com", ""},
		{good, "ip", "127.0.0.1", ""},
		{good, "ip", "::1", ""},
		{good, "ip", "192.168.1.7", ""},
		{good, "ip", "2001:db8::7", ""},
		{good, "hostname", "example.org", "hostname mismatch"},
		{good, "ip", "127.0.0.2", "IP address mismatch"},
		{bad, "hostname", "example.org", "permitted subtree violation"},
	} {
		out, err := exec.CommandContext(t.Context(), openssl, "verify", "-x509_strict", "-purpose", "sslserver",
			"-CAfile", ca.Path(), "-verify_"+c.kind, c.host, c.file).CombinedOutput()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(strings.ToLower(string(out)), strings.ToLower(c.want))) {
			t.Errorf("%s for %s: %v; want %q\n%s", filepath.Base(c.file), c.host, err, c.want, out)
		}
	}
	out, err := exec.CommandContext(t.Context(), openssl, "x509", "-in", ca.Path(), "-noout", "-text").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Name Constraints: critical", "DNS:localhost", "DNS:stt.example.com", "IP:127.0.0.0/255.0.0.0", "CA:TRUE, pathlen:0"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the authority's certificate has no %q:\n%s", want, out)
		}
	}
}
