package localca

import (
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func open(t *testing.T, dir string, c *clock, hosts ...string) *CA {
	t.Helper()
	ca, err := Open(dir, hosts, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestFirstUse(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	ca := open(t, dir, c)
	if ca.Made() != "there was none" || ca.Path() != filepath.Join(dir, "ca.pem") {
		t.Errorf("made %q at %q", ca.Made(), ca.Path())
	}
	for name, mode := range map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, mode)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder holds %v", entries)
	}
	root := ca.Root()
	if got := root.NotAfter; !got.Equal(c.Now().AddDate(10, 0, 0)) || root.NotBefore.After(c.Now()) {
		t.Errorf("valid from %v to %v", root.NotBefore, got)
	}
	if !root.IsCA || !root.MaxPathLenZero || root.KeyUsage != x509.KeyUsageCertSign || !root.PermittedDNSDomainsCritical ||
		!slices.Equal(root.PermittedDNSDomains, []string{"localhost"}) || len(root.PermittedIPRanges) != 2 ||
		root.PermittedIPRanges[0].String() != "127.0.0.0/8" || root.PermittedIPRanges[1].String() != "::1/128" {
		t.Errorf("the authority may do something else: %+v", root)
	}

	again := open(t, dir, c)
	if again.Made() != "" || !again.Root().Equal(root) {
		t.Errorf("the second Open made another: %q", again.Made())
	}
}

func TestHandshake(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	ca := open(t, dir, c, "stt.example.com", "192.168.1.7", "2001:db8::7", "my_box")
	roots := poolOf(t, ca.Path())
	var first *x509.Certificate
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "stt.example.com", "192.168.1.7", "2001:db8::7", "my_box"} {
		leaf, err := handshake(t, ca, roots, c.Now(), host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if first == nil {
			first = leaf
		}
		if !leaf.Equal(first) {
			t.Errorf("%s was shown another certificate", host)
		}
		if life := leaf.NotAfter.Sub(c.Now()); life != 90*day || leaf.NotBefore.After(c.Now()) || leaf.IsCA {
			t.Errorf("%s: valid from %v to %v", host, leaf.NotBefore, leaf.NotAfter)
		}
	}
	for _, host := range []string{"example.com", "127.0.0.2", "sub.localhost", "192.168.1.8"} {
		if _, err := handshake(t, ca, roots, c.Now(), host); !errors.As(err, &x509.HostnameError{}) {
			t.Errorf("%s: %v; want a refusal of the name", host, err)
		}
	}
	stranger := open(t, t.TempDir(), c)
	if _, err := handshake(t, ca, poolOf(t, stranger.Path()), c.Now(), "localhost"); !errors.As(err, &x509.UnknownAuthorityError{}) {
		t.Errorf("with another authority's certificate: %v", err)
	}
}

// What somebody who has stolen the key can and cannot do.
func TestConstraints(t *testing.T) {
	c := newClock()
	ca := open(t, t.TempDir(), c, "stt.example.com", "192.168.1.7")
	for _, s := range []struct {
		name    string
		forge   func(*x509.Certificate)
		refused bool
	}{
		{"what it is for", func(*x509.Certificate) {}, false},
		{"below a name", func(l *x509.Certificate) { l.DNSNames = []string{"a.stt.example.com"} }, false},
		{"all of loopback", func(l *x509.Certificate) { l.IPAddresses = []net.IP{net.IPv4(127, 9, 9, 9)} }, false},
		{"another name", func(l *x509.Certificate) { l.DNSNames = []string{"example.org"} }, true},
		{"another name besides", func(l *x509.Certificate) { l.DNSNames = append(l.DNSNames, "example.org") }, true},
		{"the name above", func(l *x509.Certificate) { l.DNSNames = []string{"example.com"} }, true},
		{"a name that ends alike", func(l *x509.Certificate) { l.DNSNames = []string{"evilstt.example.com"} }, true},
		{"a wildcard above", func(l *x509.Certificate) { l.DNSNames = []string{"*.example.com"} }, true},
		{"the address next door", func(l *x509.Certificate) { l.IPAddresses = []net.IP{net.IPv4(192, 168, 1, 8).To4()} }, true},
		{"another address of version 6", func(l *x509.Certificate) { l.IPAddresses = []net.IP{net.ParseIP("::2")} }, true},
		{"for mail", func(l *x509.Certificate) {
			l.DNSNames, l.IPAddresses, l.EmailAddresses = nil, nil, []string{"boss@example.org"}
			l.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}, true},
		{"for a client", func(l *x509.Certificate) { l.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			template := leafTemplate(ca.names, c.Now(), c.Now().Add(day))
			template.DNSNames = slices.Clone(template.DNSNames)
			s.forge(template)
			leaf, err := sign(template, ca.cert, ca.key.Public(), ca.key)
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: poolOf(t, ca.Path()), CurrentTime: c.Now(), KeyUsages: template.ExtKeyUsage})
			if (err != nil) != s.refused {
				t.Errorf("verified with %v; want refused: %t", err, s.refused)
			}
			if !s.refused {
				return
			}
			var invalid x509.CertificateInvalidError
			if !errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName && invalid.Reason != x509.IncompatibleUsage {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
}

// No authority below this one.
func TestPathLength(t *testing.T) {
	c := newClock()
	ca := open(t, t.TempDir(), c)
	template, err := caTemplate(ca.names, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	below, err := sign(template, ca.cert, key.Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := sign(leafTemplate(ca.names, c.Now(), c.Now().Add(day)), below, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	between := x509.NewCertPool()
	between.AddCert(below)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: poolOf(t, ca.Path()), Intermediates: between, CurrentTime: c.Now()})
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.TooManyIntermediates {
		t.Errorf("a certificate of an authority below was verified with %v", err)
	}
}

// Through two years, at every hour of which a client would connect, and with the clock going wrong in between.
func TestRenewal(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	ca := open(t, dir, c)
	roots := poolOf(t, ca.Path())
	made, last := 0, (*x509.Certificate)(nil)
	for hour := range 2 * 365 * 24 {
		cert, err := ca.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf := cert.Leaf
		if last == nil || !leaf.Equal(last) {
			made, last = made+1, leaf
			if _, err := handshake(t, ca, roots, c.Now(), "localhost"); err != nil {
				t.Errorf("hour %d: %v", hour, err)
			}
		}
		if left := leaf.NotAfter.Sub(c.Now()); left <= 30*day-time.Hour || left > 90*day || c.Now().Before(leaf.NotBefore) {
			t.Fatalf("hour %d: a certificate with %v left was shown", hour, left)
		}
		c.advance(time.Hour)
	}
	if want := 13; made != want { // once in 60 days
		t.Errorf("%d certificates in two years; want %d", made, want)
	}
	c.advance(-700 * day)
	if _, err := handshake(t, ca, roots, c.Now(), "localhost"); err != nil {
		t.Errorf("after the clock was set back: %v", err)
	}
	for _, ip := range last.IPAddresses {
		if !ip.IsLoopback() {
			t.Errorf("a certificate for %v", ip)
		}
	}
}

func TestAuthorityEnds(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	ca := open(t, dir, c)
	end := ca.Root().NotAfter

	c.advance(end.Sub(c.Now()) - 366*day)
	if kept := open(t, dir, c); kept.Made() != "" {
		t.Errorf("replaced with 366 days left: %s", kept.Made())
	}
	running := open(t, dir, c) // and is not restarted for more than a year
	c.advance(2 * day)
	replaced := open(t, dir, c)
	if !strings.Contains(replaced.Made(), end.Format(time.DateOnly)) || !replaced.Root().NotAfter.After(end) {
		t.Errorf("with 364 days left: %q", replaced.Made())
	}

	c.advance(354 * day)
	cert, err := running.GetCertificate(nil)
	if err != nil || cert.Leaf.NotAfter.After(end) {
		t.Errorf("10 days before the end: %v", err)
	}
	c.advance(10 * day)
	if _, err := running.GetCertificate(nil); stt.CodeOf(err) != stt.Expired || !strings.Contains(err.Error(), end.Format(time.DateOnly)) {
		t.Errorf("after the end: %v", err)
	}
}

// A machine without a clock of its own starts in the past: an authority that is not valid yet is no reason to replace it.
func TestClockInThePast(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	roots := poolOf(t, open(t, dir, c).Path())
	c.advance(-20 * 365 * day)
	ca := open(t, dir, c)
	if ca.Made() != "" {
		t.Errorf("replaced: %s", ca.Made())
	}
	if _, err := ca.GetCertificate(nil); err != nil {
		t.Error(err)
	}
	c.advance(20*365*day + time.Minute)
	if _, err := handshake(t, ca, roots, c.Now(), "localhost"); err != nil {
		t.Errorf("after the clock was set: %v", err)
	}
}

func TestHostsChange(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	ca := open(t, dir, c, "a.example.com", "example.org", "10.0.0.1")
	root := ca.Root()
	for _, hosts := range [][]string{{"example.org"}, {}, {"10.0.0.1", "below.example.org", "127.0.0.77"}} {
		again := open(t, dir, c, hosts...)
		if again.Made() != "" || !again.Root().Equal(root) {
			t.Errorf("hosts %q, all permitted, made a new authority: %s", hosts, again.Made())
		}
		for _, host := range append(hosts, "localhost") {
			if _, err := handshake(t, again, poolOf(t, ca.Path()), c.Now(), host); err != nil {
				t.Errorf("hosts %q: %s: %v", hosts, host, err)
			}
		}
	}
	oldKey, oldRoots := read(t, filepath.Join(dir, KeyFile)), poolOf(t, ca.Path())
	for _, host := range []string{"b.example.com", "example.net", "10.0.0.2", "2001:db8::1"} {
		before := read(t, ca.Path())
		again := open(t, dir, c, "a.example.com", host)
		if !strings.Contains(again.Made(), host) || read(t, ca.Path()) == before {
			t.Errorf("host %q, not permitted: made %q", host, again.Made())
		}
		if _, err := handshake(t, again, poolOf(t, ca.Path()), c.Now(), host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if _, err := handshake(t, again, oldRoots, c.Now(), "localhost"); err == nil {
			t.Error("the authority before vouches for the new one")
		}
		if next := open(t, dir, c, "a.example.com", host); next.Made() != "" {
			t.Errorf("host %q: made another at the next start: %s", host, next.Made())
		}
	}
	if read(t, filepath.Join(dir, KeyFile)) == oldKey {
		t.Error("the key is still the old one")
	}
}

// After each of the steps in which the files are written the next start goes on, without asking anybody.
func TestDiedWhileMaking(t *testing.T) {
	c := newClock()
	t.Run("key alone", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, c)
		key := read(t, filepath.Join(dir, KeyFile))
		if err := os.Remove(filepath.Join(dir, CertFile)); err != nil {
			t.Fatal(err)
		}
		ca := open(t, dir, c)
		if ca.Made() == "" || read(t, filepath.Join(dir, KeyFile)) != key {
			t.Errorf("made %q, or another key", ca.Made())
		}
		if _, err := handshake(t, ca, poolOf(t, ca.Path()), c.Now(), "localhost"); err != nil {
			t.Error(err)
		}
	})
	t.Run("replaced, key alone", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, c)
		inTheWay := filepath.Join(dir, "."+CertFile+".new")
		if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		if ca, err := Open(dir, []string{"a.example"}, c.Now); err == nil {
			t.Fatalf("nothing was in the way: %s", ca.Made())
		}
		if err := os.RemoveAll(inTheWay); err != nil {
			t.Fatal(err)
		}
		ca := open(t, dir, c, "a.example")
		if _, err := handshake(t, ca, poolOf(t, ca.Path()), c.Now(), "a.example"); err != nil {
			t.Error(err)
		}
	})
	t.Run("half of a file", func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range []string{CertFile, KeyFile} {
			if err := os.WriteFile(filepath.Join(dir, "."+name+".new"), []byte("-----BEG"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		open(t, dir, c)
		if entries, _ := os.ReadDir(dir); len(entries) != 2 {
			t.Errorf("the folder holds %v", entries)
		}
	})
}

func TestConcurrentHandshakes(t *testing.T) {
	c := newClock()
	ca := open(t, t.TempDir(), c)
	roots := poolOf(t, ca.Path())
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() { // owned by this test, ends after 10 handshakes
			for range 10 {
				if _, err := handshake(t, ca, roots, c.Now(), "localhost"); err != nil {
					t.Error(err)
				}
				c.advance(9 * time.Hour)
			}
		})
	}
	clients.Wait()
}

func TestDefaultClock(t *testing.T) {
	ca, err := Open(t.TempDir(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, ca, poolOf(t, ca.Path()), time.Now(), "localhost"); err != nil {
		t.Error(err)
	}
}
