package localca

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

const day = 24 * time.Hour

// source is either kind of certificate.
type source interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// handshake connects a client, which trusts nothing but roots and believes in the time now, to a server, and returns the
// certificate that it was shown.
func handshake(t *testing.T, s source, roots *x509.CertPool, now time.Time, host string) (*x509.Certificate, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a pipe in memory stalls when both sides write
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	clock := func() time.Time { return now }
	served := make(chan error, 1)
	go func() { // owned by this function, ends when the handshake is over or the client's end is closed
		there, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer there.Close()
		served <- tls.Server(there, &tls.Config{GetCertificate: s.GetCertificate, MinVersion: tls.VersionTLS12, Time: clock}).Handshake()
	}()
	here, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := tls.Client(here, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12, Time: clock})
	if err := client.Handshake(); err != nil {
		here.Close()
		<-served
		return nil, err
	}
	defer here.Close() // not before the server is done: what it sends after the handshake would be refused
	if err := <-served; err != nil {
		t.Fatalf("the server's side: %v", err)
	}
	return client.ConnectionState().PeerCertificates[0], nil
}

// poolOf reads a PEM file as a client would.
func poolOf(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", path)
	}
	return pool
}

func pemOf(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
