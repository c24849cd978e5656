package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
)

// readyTime is how long a server may take to start: it reads its model from disk.
const readyTime = time.Minute

// Server is an Earshot server with a data folder of its own, on a free port of the loopback interface.
type Server struct {
	*Child
	// Addr is its host and port.
	Addr string
	// Credentials is the file with the key that it made at its first start.
	Credentials string
	token       string
}

// Serve starts the program, which is bin/earshot or one like it, and waits until it is ready. dir is an empty folder for its
// data; args are more flags of its command serve. Its log goes to log.
func Serve(ctx context.Context, log io.Writer, program, dir string, args ...string) (*Server, error) {
	data := filepath.Join(dir, "data")
	child, err := Start(ctx, log, program, append([]string{"serve", "--listen", "127.0.0.1:0", "--tls-listen", "off", "--data", data,
		"--limits-account-streams", "0"}, args...)...)
	if err != nil {
		return nil, err
	}
	s := &Server{Child: child, Credentials: filepath.Join(data, auth.CredentialsFile)}
	patience, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if _, err = s.Await(patience, "its token", s.understands); err == nil {
		_, err = s.Await(patience, "that it is ready", s.understands)
	}
	if err != nil {
		_ = s.Stop() // why it is not ready says more
		return nil, err
	}
	return s, nil
}

// understands takes what is needed from a line.
func (s *Server) understands(line string) bool {
	addr, ready := strings.CutPrefix(line, "earshot is ready: http://")
	_, token, shown := strings.Cut(line, "administrator token, shown this once: ")
	switch {
	case ready:
		s.Addr = addr
	case shown:
		s.token = token
	}
	return ready || shown
}

// Client returns a client of the server, which answers as its engine does.
func (s *Server) Client(ctx context.Context) (*transcribe.Recognizer, error) {
	return Client(ctx, s.Addr, s.Credentials)
}

// Client returns a client of a server that is known by address and credentials file. A connection that is lost is a finding, so
// it is not made again.
func Client(ctx context.Context, addr, credentials string) (*transcribe.Recognizer, error) {
	driver := transcribe.Driver()
	r, err := driver.Open(ctx, map[string]string{"endpoint": "ws://" + addr, "region": "us-east-1", "credentials_file": credentials, "reconnect_for": "0s"},
		func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	client, ok := r.(*transcribe.Recognizer)
	if !ok {
		return nil, &stt.Error{Code: stt.Internal, Op: "open", Msg: fmt.Sprintf("the driver of the client makes a %T", r)}
	}
	return client, nil
}

// Profile returns a profile of the server, as package net/http/pprof serves it: "goroutine?debug=1", "heap?gc=1".
func (s *Server) Profile(ctx context.Context, what string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+"/debug/pprof/"+what, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no connection stays to be counted
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("profile %s: the server answers %s", what, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 64<<20))
}

// Goroutines returns how many goroutines the server has, the one that answers this included.
func (s *Server) Goroutines(ctx context.Context) (int, error) {
	text, err := s.Profile(ctx, "goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	return parseGoroutines(string(text))
}

// parseGoroutines reads the first line of a goroutine profile: "goroutine profile: total 12".
func parseGoroutines(text string) (int, error) {
	first, _, _ := strings.Cut(text, "\n")
	number, ok := strings.CutPrefix(first, "goroutine profile: total ")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		return 0, fmt.Errorf(`profile of goroutines: want "goroutine profile: total N", got %q`, first)
	}
	return n, nil
}
