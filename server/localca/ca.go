package localca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// The files of the authority in its folder.
const (
	CertFile = "ca.pem"     // its certificate, which clients trust; mode 0644
	KeyFile  = "ca-key.pem" // its key; mode 0600
)

// How long things last.
const (
	caYears    = 10
	caReserve  = 365 * 24 * time.Hour // an authority that ends sooner is replaced when the server starts
	leafLife   = 90 * 24 * time.Hour
	leafSpare  = 30 * 24 * time.Hour // a certificate with less left is renewed
	clockError = time.Hour           // how far a client's clock may be behind when a certificate is new
)

// CA is a local certificate authority and the server's certificate. Its methods may be called from any goroutine.
type CA struct {
	path  string
	cert  *x509.Certificate
	key   crypto.Signer
	names names
	now   func() time.Time
	made  string

	mu   sync.Mutex // guards what follows
	leaf *tls.Certificate
}

// Open reads the authority from a folder, which must exist and belong to this process alone, or makes it there. The
// server's certificate, which is kept in memory only, is for localhost, 127.0.0.1, ::1 and hosts: names and IP addresses,
// without ports. now is the clock; nil: time.Now.
//
// The authority is replaced, key and all, if its constraints do not permit one of the hosts, or if it ends within a year.
// Hosts that are no longer given leave it as it is. A file that is broken, does not fit the other, or was not made here is
// an [stt.Invalid] error and is left alone, as is a certificate without its key; a key without its certificate gets one.
func Open(dir string, hosts []string, now func() time.Time) (*CA, error) {
	if now == nil {
		now = time.Now
	}
	names, err := parseHosts(hosts)
	if err != nil {
		return nil, err
	}
	c := &CA{path: filepath.Join(dir, CertFile), names: names, now: now}
	if c.cert, c.key, err = load(dir); err != nil {
		return nil, err
	}
	if c.made, err = c.whyAnew(); err != nil {
		return nil, err
	}
	if c.made == "" {
		return c, nil
	}
	if err := c.renewAuthority(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// Made says why Open has made a new certificate authority, in words for a log line: clients must be told to trust it. It
// is empty if they have been.
func (c *CA) Made() string { return c.made }

// Path returns the path of the authority's certificate, for clients to trust.
func (c *CA) Path() string { return c.path }

// Root returns the authority's certificate. It must not be changed.
func (c *CA) Root() *x509.Certificate { return c.cert }

// GetCertificate returns the server's certificate, a new one if the old one has less than 30 of its 90 days left. It is
// the same whatever name the client asks for: one that asks for another than ours will not accept it, and says so better
// than we could. It fails when the authority itself has ended; the next Open replaces it.
func (c *CA) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaf != nil && !now.Before(c.leaf.Leaf.NotBefore) && now.Before(c.leaf.Leaf.NotAfter.Add(-leafSpare)) {
		return c.leaf, nil
	}
	if !now.Before(c.cert.NotAfter) {
		return nil, stt.Errorf(stt.Expired, "the local certificate authority ended on %s: start the server again to have a new one",
			c.cert.NotAfter.UTC().Format(time.DateOnly))
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	from, to := now.Add(-clockError), now.Add(leafLife)
	if to.After(c.cert.NotAfter) {
		to = c.cert.NotAfter
	}
	leaf, err := sign(leafTemplate(c.names, from, to), c.cert, key.Public(), c.key)
	if err != nil {
		return nil, err
	}
	c.leaf = &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	return c.leaf, nil
}

// whyAnew says why there must be a new authority; empty: the one loaded is good.
func (c *CA) whyAnew() (string, error) {
	switch {
	case c.key == nil:
		return "there was none", nil
	case c.cert == nil:
		return fmt.Sprintf("there was only the key, %s, without %s", KeyFile, CertFile), nil
	case c.now().Add(caReserve).After(c.cert.NotAfter):
		return "the one before ends on " + c.cert.NotAfter.UTC().Format(time.DateOnly), nil
	}
	err := c.permits()
	var refusal x509.CertificateInvalidError
	if errors.As(err, &refusal) && refusal.Reason == x509.CANotAuthorizedForThisName {
		return "the one before may not sign for all hosts: " + refusal.Detail, nil
	}
	if err != nil {
		return "", caError(c.path, "expected a certificate authority that can sign for this server: %v", err)
	}
	return "", nil
}

// permits asks the verifier that Go clients use whether it would accept the authority's signature for our names, whatever
// the clock says.
func (c *CA) permits() error {
	leaf, err := sign(leafTemplate(c.names, c.cert.NotBefore, c.cert.NotAfter), c.cert, c.key.Public(), c.key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.cert)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: c.cert.NotBefore})
	return err
}

// renewAuthority makes a certificate, and a key unless there is one that has none. At every point of it the files are
// such that the next Open can go on: a key without certificate, if not a whole pair.
func (c *CA) renewAuthority(dir string) error {
	replaced := c.cert != nil
	var err error
	if c.key == nil || replaced {
		if c.key, err = newKey(); err != nil {
			return err
		}
		if err := saveKey(dir, c.key, replaced); err != nil {
			return err
		}
	}
	template, err := caTemplate(c.names, c.now())
	if err != nil {
		return err
	}
	if c.cert, err = sign(template, template, c.key.Public(), c.key); err != nil {
		return err
	}
	return saveCert(dir, c.cert)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
