package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// writeBuffer is what the system may hold of what has been written to a connection, in bytes: 2 s of audio at 16 kHz,
	// enough for a far server at many times real time. By itself a system takes megabytes, and whoever writes them takes
	// them for sent.
	writeBuffer = 64 << 10
	// setUp ends attempts to connect that nobody waits for any more: net/http goes on with them after the caller has left.
	setUp = 30 * time.Second
	// maxRoots bounds a file of certificates, in bytes. Systems' own have a quarter of it.
	maxRoots = 1 << 20
)

// NewClient returns a client to dial with. It uses the proxy of the environment and trusts the authorities in roots; nil
// means the system's. Its connections hold little of what is written to them, so that writing keeps step with the server,
// and none stays open behind a request.
func NewClient(roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialTCP,
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		TLSHandshakeTimeout: setUp,
		DisableKeepAlives:   true,
	}}
}

func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: setUp}).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		_ = tcp.SetWriteBuffer(writeBuffer) // without it the connection works, only less evenly
	}
	return conn, err
}

// Roots returns the system's authorities and those in a file of PEM certificates, of which there must be one at least. Its
// errors do not name the file.
func Roots(file string) (*x509.CertPool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, unread(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRoots+1))
	if err != nil {
		return nil, unread(err)
	}
	if len(text) > maxRoots {
		return nil, fmt.Errorf("it is longer than %d bytes", maxRoots)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without authorities of its own: the file's are what there is
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("it has none")
	}
	return roots, nil
}

// unread says why a file cannot be read, without its name.
func unread(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("it cannot be read: %w", err)
}
