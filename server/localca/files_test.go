package localca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// pair is a certificate and a key as an operator would have them.
type pair struct{ cert, key string }

// newPair returns a pair for localhost, self-signed.
func newPair(t *testing.T, c *clock) pair {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template := leafTemplate(names{dns: []string{localhost}}, c.Now().Add(-day), c.Now().Add(day))
	cert, err := sign(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{string(pemOf(certBlock, cert.Raw)), string(pemOf(keyBlock, raw))}
}

// bench is a pair of files under test: a clock that stands still until it is moved, and what Changed was told.
type bench struct {
	*clock
	t         *testing.T
	cert, key string
	files     *Files

	told []error // guarded by the clock's mu
}

// The files' times lie far from the clock's unless a test says otherwise, so that they count as settled.
var longAgo = newClock().Now().Add(-1000 * time.Hour)

func newBench(t *testing.T, p pair) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{clock: newClock(), t: t, cert: filepath.Join(dir, "c.pem"), key: filepath.Join(dir, "k.pem")}
	b.write(b.cert, p.cert, longAgo)
	b.write(b.key, p.key, longAgo)
	var err error
	b.files, err = OpenFiles(b.cert, b.key, FilesOptions{Now: b.Now, Changed: func(err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, err)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) write(path, text string, at time.Time) {
	b.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		b.t.Fatal(err)
	}
}

// expect makes a handshake and compares the certificate shown, and what was told since the last time.
func (b *bench) expect(when string, p pair, told ...string) {
	b.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(p.cert))
	leaf, err := handshake(b.t, b.files, roots, b.Now(), localhost)
	if err != nil {
		b.t.Errorf("%s: another certificate is shown: %v", when, err)
	} else if got := b.files.Leaf(); !got.Equal(leaf) {
		b.t.Errorf("%s: Leaf is another certificate than the one shown", when)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.told) != len(told) {
		b.t.Errorf("%s: told %q; want %q", when, b.told, told)
	}
	for i, err := range b.told[:min(len(b.told), len(told))] {
		if text := fmt.Sprint(err); !strings.Contains(text, told[i]) {
			b.t.Errorf("%s: told %q; want %q", when, text, told[i])
		}
	}
	b.told = nil
}

const renewed = "<nil>"

func TestFilesReload(t *testing.T) {
	c := newClock()
	old, next := newPair(t, c), newPair(t, c)
	for _, s := range []struct {
		name   string
		change func(b *bench)
		want   pair
		told   []string
	}{
		{"nothing", func(*bench) {}, old, nil},
		{"written again as they were", func(b *bench) { b.write(b.key, old.key, longAgo.Add(1)); b.write(b.cert, old.cert, longAgo.Add(1)) }, old, nil},
		{"both", func(b *bench) { b.write(b.key, next.key, longAgo.Add(1)); b.write(b.cert, next.cert, longAgo.Add(1)) }, next, []string{renewed}},
		{"only the certificate", func(b *bench) { b.write(b.cert, next.cert, longAgo.Add(1)) }, old, []string{"--tls-key"}},
		{"only the key", func(b *bench) { b.write(b.key, next.key, longAgo.Add(1)) }, old, []string{"--tls-key"}},
		{"certificate broken", func(b *bench) { b.write(b.cert, old.cert[:100], longAgo) }, old, []string{"--tls-cert"}},
		{"certificate removed", func(b *bench) { _ = os.Remove(b.cert) }, old, []string{`option "--tls-cert": `}},
		{"key removed", func(b *bench) { _ = os.Remove(b.key) }, old, []string{`option "--tls-key": `}},
		{"a comment more", func(b *bench) { b.write(b.cert, "comment\n"+old.cert, longAgo) }, old, []string{renewed}},
	} {
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t, old)
			b.expect("at first", old)
			s.change(b)
			b.advance(checkEvery - 1)
			b.expect("before a second has passed", old)
			b.advance(1)
			b.expect("after a second", s.want, s.told...)
			b.advance(time.Minute)
			b.expect("a minute later, unchanged", s.want)

			third := newPair(t, b.clock)
			b.write(b.cert, third.cert, longAgo.Add(2))
			b.write(b.key, third.key, longAgo.Add(2))
			b.advance(checkEvery)
			b.expect("at the end", third, renewed)
		})
	}
}

// The usual way of renewal: two files, one after the other, with handshakes in between.
func TestFilesOneAfterTheOther(t *testing.T) {
	c := newClock()
	old, next := newPair(t, c), newPair(t, c)
	b := newBench(t, old)
	b.write(b.cert, next.cert, b.Now())
	b.advance(checkEvery)
	b.expect("certificate only", old, "private key does not match")
	b.advance(checkEvery)
	b.expect("still", old)
	b.write(b.key, next.key, b.Now())
	b.advance(checkEvery)
	b.expect("the key as well", next, renewed)
}

// Trouble that passes without anything new is told, too.
func TestFilesTroublePasses(t *testing.T) {
	old := newPair(t, newClock())
	b := newBench(t, old)
	if err := os.Rename(b.key, b.key+".away"); err != nil {
		t.Fatal(err)
	}
	b.advance(checkEvery)
	b.expect("away", old, b.key)
	if err := os.Rename(b.key+".away", b.key); err != nil {
		t.Fatal(err)
	}
	b.advance(checkEvery)
	b.expect("back", old, renewed)
}

// A write within the tick of the file system's clock that the last read fell into leaves time and size as they were.
func TestFilesWrittenWhileRead(t *testing.T) {
	c := newClock()
	old := newPair(t, c)
	b := newBench(t, old)
	justNow := b.Now()
	broken := strings.Replace(old.key, "PRIVATE", "PRIVATF", 2)
	b.write(b.key, broken, justNow)
	b.advance(checkEvery)
	b.expect("half written", old, "--tls-key")
	b.write(b.key, old.key, justNow)
	b.advance(checkEvery)
	b.expect("whole, no stamp tells", old, renewed)
}

func TestFilesClockBackwards(t *testing.T) {
	c := newClock()
	old, next := newPair(t, c), newPair(t, c)
	b := newBench(t, old)
	b.advance(-time.Hour)
	b.write(b.cert, next.cert, longAgo.Add(1))
	b.write(b.key, next.key, longAgo.Add(1))
	b.expect("clock set back", next, renewed)
}

func TestOpenFilesErrors(t *testing.T) {
	c := newClock()
	good, other := newPair(t, c), newPair(t, c)
	for _, s := range []struct {
		name   string
		p      pair
		option string
		want   string
	}{
		{"certificate empty", pair{"", good.key}, certOption, "there is none in it"},
		{"certificate no PEM", pair{"secret text", good.key}, certOption, "there is none in it"},
		{"certificate is the key", pair{good.key, good.key}, certOption, "there is none in it"},
		{"certificate broken", pair{string(pemOf(certBlock, []byte("secret"))), good.key}, certOption, "expected a certificate"},
		{"second certificate broken", pair{good.cert + string(pemOf(certBlock, nil)), good.key}, certOption, "expected a certificate"},
		{"certificate too large", pair{strings.Repeat("x", maxFileSize+1), good.key}, certOption, "at most 1048576 bytes"},
		{"key empty", pair{good.cert, ""}, keyOption, "failed to find any PEM data"},
		{"key is the certificate", pair{good.cert, good.cert}, keyOption, "found a certificate rather than a key"},
		{"key broken", pair{good.cert, string(pemOf(keyBlock, []byte("secret")))}, keyOption, "failed to parse private key"},
		{"another's key", pair{good.cert, other.key}, keyOption, "private key does not match public key"},
		{"key encrypted", pair{good.cert, string(pemOf("ENCRYPTED PRIVATE KEY", []byte("secret")))}, keyOption, "run openssl pkey -in "},
		{"key encrypted the old way", pair{good.cert, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n"}, keyOption, "not encrypted"},
	} {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			paths := map[string]string{certOption: filepath.Join(dir, "c.pem"), keyOption: filepath.Join(dir, "k.pem")}
			for option, text := range map[string]string{certOption: s.p.cert, keyOption: s.p.key} {
				if err := os.WriteFile(paths[option], []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := OpenFiles(paths[certOption], paths[keyOption], FilesOptions{})
			if err == nil {
				t.Fatal("no error")
			}
			e := stt.AsError(err)
			if e.Code != stt.Invalid || e.Option != s.option || !strings.Contains(e.Msg, s.want) || !strings.HasPrefix(e.Msg, fmt.Sprintf("option %q: %q: expected", s.option, paths[s.option])) {
				t.Errorf("got %v %q; want option %s, its file, and %q", e.Code, e.Msg, s.option, s.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q shows what is in the file", err)
			}
		})
	}
}

func TestOpenFilesMissing(t *testing.T) {
	b := newBench(t, newPair(t, newClock()))
	none := filepath.Join(t.TempDir(), "none")
	for _, s := range []struct {
		cert, key, option, want string
		code                    stt.Code
	}{
		{"", b.key, certOption, keyOption, stt.Invalid},
		{b.cert, "", keyOption, certOption, stt.Invalid},
		{none, b.key, certOption, none, stt.NotFound},
		{b.cert, none, keyOption, none, stt.NotFound},
		{filepath.Dir(b.cert), b.key, certOption, "expected a file", stt.Invalid},
	} {
		_, err := OpenFiles(s.cert, s.key, FilesOptions{})
		if err == nil {
			t.Fatalf("%q, %q: no error", s.cert, s.key)
		}
		if e := stt.AsError(err); e.Code != s.code || e.Option != s.option || !strings.Contains(e.Msg, s.want) || !strings.Contains(e.Msg, s.option) {
			t.Errorf("%q, %q: got %v, option %q: %v", s.cert, s.key, e.Code, e.Option, e)
		}
	}
}

// All that a certificate authority may hand out.
func TestFilesKinds(t *testing.T) {
	c := newClock()
	ec, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	template := leafTemplate(names{dns: []string{localhost}}, c.Now().Add(-day), c.Now().Add(day))
	ecCert, err := sign(template, template, ec.Public(), ec)
	if err != nil {
		t.Fatal(err)
	}
	edCert, err := sign(template, template, ed.Public(), ed)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]pair{
		// openssl writes the parameters first.
		"SEC 1":              {string(pemOf(certBlock, ecCert.Raw)), string(pemOf("EC PARAMETERS", []byte{5})) + string(pemOf("EC PRIVATE KEY", sec1))},
		"PKCS #8, Ed25519":   {string(pemOf(certBlock, edCert.Raw)), string(pemOf(keyBlock, pkcs8))},
		"both in both files": {string(pemOf(keyBlock, pkcs8)) + string(pemOf(certBlock, edCert.Raw)), string(pemOf(certBlock, edCert.Raw)) + string(pemOf(keyBlock, pkcs8))},
	} {
		t.Run(name, func(t *testing.T) { newBench(t, p).expect(name, p) })
	}
}

func TestFilesConcurrently(t *testing.T) {
	c := newClock()
	pairs := []pair{newPair(t, c), newPair(t, c)}
	b := newBench(t, pairs[0])
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() { // owned by this test, ends after 200 looks
			for range 200 {
				cert, err := b.files.GetCertificate(nil)
				if err != nil {
					t.Error(err)
					return
				}
				if !cert.PrivateKey.(*ecdsa.PrivateKey).PublicKey.Equal(cert.Leaf.PublicKey) {
					t.Error("the key is not the certificate's")
				}
			}
		})
	}
	for i := range 40 {
		p := pairs[i%2]
		b.write(b.cert, p.cert, longAgo.Add(time.Duration(i)))
		b.advance(checkEvery)
		b.write(b.key, p.key, longAgo.Add(time.Duration(i)))
		b.advance(checkEvery)
	}
	clients.Wait()
	if _, err := b.files.GetCertificate(nil); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.told = nil // how often the files did not match depends on who was when
	b.mu.Unlock()
	b.expect("at the end", pairs[1])
}
