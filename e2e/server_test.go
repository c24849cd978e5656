package e2e_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	startTime = 60 * time.Second // the model is read from disk the first time
	stopTime  = 15 * time.Second
)

// server is one bin/earshot with a data folder of its own. Its methods may be called concurrently.
type server struct {
	name       string
	plain, tls string // host:port
	ca         string // file
	key        string
	secret     string
	pin        string // hash of its public key, as Chromium takes it

	cmd   *exec.Cmd
	log   *serverLog
	ended chan struct{} // closed when the process is gone
}

// start starts a server with more arguments, and waits until it is ready. stop must be called.
func start(ctx context.Context, binary, folder, name string, args ...string) (*server, error) {
	s := &server{name: name, ca: filepath.Join(folder, "ca.pem"), log: newLog(), ended: make(chan struct{})}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--data", folder, "--grace", "5s"}, args...)
	s.cmd = exec.CommandContext(ctx, binary, args...)
	s.cmd.Env = plainEnv()
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	// start owns the goroutine; it ends with the process.
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // stop and the log say how it went
	}()
	if err := s.ready(ctx); err != nil {
		_ = s.stop()
		return nil, fmt.Errorf("server %q: %w; its log:\n%s", name, err, s.log.tail(20))
	}
	return s, nil
}

var (
	readyLine  = regexp.MustCompile(`^earshot is ready: (https?)://(\S+)`)
	keyLine    = regexp.MustCompile(`(?m)^aws_access_key_id\s*=\s*(\S+)`)
	secretLine = regexp.MustCompile(`(?m)^aws_secret_access_key\s*=\s*(\S+)`)
)

// ready waits for both addresses, and learns what clients need.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	addresses, err := s.log.find(ctx, s.ended, readyLine, 2)
	if err != nil {
		return err
	}
	for _, m := range addresses {
		if m[1] == "http" {
			s.plain = m[2]
		} else {
			s.tls = m[2]
		}
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.ca), "credentials"))
	if err != nil {
		return err
	}
	key, secret := keyLine.FindSubmatch(text), secretLine.FindSubmatch(text)
	if key == nil || secret == nil {
		return errors.New("the credentials file has no key")
	}
	s.key, s.secret = string(key[1]), string(secret[1])
	s.pin, err = pin(ctx, s.tls, s.ca)
	return err
}

// pin returns the hash of the public key of a server that the authority vouches for.
func pin(ctx context.Context, addr, ca string) (string, error) {
	config, err := trust(ca)
	if err != nil {
		return "", err
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.(*tls.Conn).ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// trust returns how to connect to servers whose authority is in a file.
func trust(ca string) (*tls.Config, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("there is no certificate in %s", ca)
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}, nil
}

// port returns the port of an address.
func port(addr string) string {
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err) // the server has printed it
	}
	return p
}

// stop asks the server to end, and says what was wrong with how it did.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already, which its log tells
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		_ = s.cmd.Process.Kill()
		<-s.ended
		return fmt.Errorf("server %q did not end within %v of being asked to", s.name, stopTime)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("server %q ended with %d: %s", s.name, code, s.log.tail(5))
	}
	return s.log.judge(s.name)
}

// plainEnv is the environment without what would lead an SDK or the server elsewhere.
func plainEnv(more ...string) []string {
	env := make([]string, 0, len(os.Environ())+len(more))
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "EARSHOT_") && !strings.HasSuffix(strings.ToLower(v[:strings.IndexByte(v, '=')]), "_proxy") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}
