package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/localca"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// sessionsCmd lists and ends the streams of a server that runs. Only the server itself knows them: it is asked over its administration.
type sessionsCmd struct {
	List sessionsListCmd `cmd:"" default:"withargs" help:"List the open streams of a server."`
	Kill sessionsKillCmd `cmd:"" help:"End an open stream of a server, after the results of what was said."`
}

// serverFlags say which server is asked, and by what right. Whoever may write to its store needs no token: one is made for the moment.
type serverFlags struct {
	stateFlags
	URL string `name:"url" placeholder:"URL" help:"Address of the server, such as http://127.0.0.1:8080. Default: where the server that runs with the data folder is."`
	CA  string `name:"ca" type:"path" placeholder:"FILE" help:"Certificates to trust beside the system's (PEM), for https://. Default: the ca.pem in the data folder."`
}

// tokenVariable holds an administrator's token, for servers whose store is elsewhere.
const tokenVariable = "EARSHOT_ADMIN_TOKEN"

// Help is shown below the options.
func (serverFlags) Help() string {
	return "The server is asked over its administration. With an administrator's token in the environment variable " + tokenVariable + " any server can be asked, with --url. " +
		"Without, a token that is good for a minute is made in the server's store and deleted again; both stand in the audit log. Each of several servers on one database knows its own streams only."
}

// administration is a server's, as a client sees it.
type administration struct {
	base   string
	token  string
	client *http.Client
}

// asking calls do with the administration of the server that is meant.
func (f *serverFlags) asking(env *environment, role admin.Role, do func(*administration) error) error {
	cfg, _, err := loadConfig(f.Config, f.flags())
	if err != nil {
		return err
	}
	a := &administration{token: env.getenv(tokenVariable)}
	folder, err := dataFolder(env, cfg, true)
	if err != nil && a.token == "" {
		return err
	}
	if a.base, err = f.base(cfg, folder); err != nil {
		return err
	}
	if a.client, err = f.client(folder); err != nil {
		return err
	}
	switch {
	case a.token != "":
		return do(a)
	case f.URL != "" && !onThisMachine(a.base):
		return stt.InvalidOption("--url", f.URL, "an address of this machine, or an administrator's token in "+tokenVariable+": other machines are not sent one of this store")
	}
	return f.with(env, func(s *store.Store, by store.Actor) (err error) {
		kept, _ := admin.RoleIn(role) // one of the three
		made, token, err := s.CreateAdminToken(env.ctx, by, store.AdminToken{Name: by.Name, Role: kept, Expires: time.Now().Add(time.Minute)})
		if err != nil {
			return err
		}
		defer func() { // also when it was interrupted
			err = errors.Join(err, s.DeleteAdminToken(context.WithoutCancel(env.ctx), by, made.ID))
		}()
		a.token = token
		return do(a)
	})
}

// base returns the address of the administration.
func (f *serverFlags) base(cfg *config.Config, folder string) (string, error) {
	at := f.URL
	if at == "" {
		at, _ = server.ConsoleAddress(cfg, folder)
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", stt.InvalidOption("--url", at, "the address of a server, such as http://127.0.0.1:8080")
	}
	return u.Scheme + "://" + u.Host + admin.Prefix, nil
}

// client returns one that trusts the server's own authority too, and follows no redirection: nobody else gets the token.
func (f *serverFlags) client(folder string) (*http.Client, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	file := f.CA
	if file == "" && folder != "" {
		file = readable(filepath.Join(folder, localca.CertFile))
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil || !pool.AppendCertsFromPEM(text) {
			return nil, stt.InvalidOption("--ca", file, "a file with certificates (PEM) that can be read")
		}
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// do asks, and reads the answer into a value; nil: there is none to read.
func (a *administration) do(env *environment, method, path string, into any) error {
	request, err := http.NewRequestWithContext(env.ctx, method, a.base+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	answer, err := a.client.Do(request)
	if err != nil {
		return stt.Errorf(stt.Unavailable, "the server cannot be reached: %v; is it running? --url gives another address", errors.Unwrap(err))
	}
	defer answer.Body.Close()
	const most = 16 << 20
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return stt.Errorf(stt.Unavailable, "the answer of the server cannot be read to its end: %v", err)
	}
	if answer.StatusCode/100 != 2 {
		return told(answer.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return stt.Errorf(stt.Unavailable, "the answer is not that of an earshot server: %v", err)
	}
	return nil
}

// told is an error in an answer.
func told(status int, text []byte) error {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &body) != nil || body.Error.Message == "" {
		return stt.Errorf(stt.Unavailable, "the server answers %d %s; expected an earshot server at --url", status, http.StatusText(status))
	}
	code := map[int]stt.Code{http.StatusNotFound: stt.NotFound, http.StatusUnauthorized: stt.Unauthenticated, http.StatusForbidden: stt.Denied, http.StatusBadRequest: stt.Invalid}[status]
	if code == 0 {
		code = stt.Unavailable
	}
	return stt.Errorf(code, "the server says: %s", body.Error.Message)
}

type sessionsListCmd struct {
	serverFlags
	formatFlag
	Account string `placeholder:"NAME" help:"Only those of this account, by name or id."`
	Key     string `placeholder:"NAME" help:"Only those of this key, by id, or by a name that only one has."`
}

// liveSession is what a table shows of a stream.
type liveSession struct {
	ID       string    `json:"id"`
	Account  string    `json:"account"`
	Key      string    `json:"key"`
	Remote   string    `json:"remote"`
	Protocol string    `json:"protocol"`
	Model    string    `json:"model"`
	Language string    `json:"language"`
	Since    time.Time `json:"since"`
	Audio    float64   `json:"audio_seconds"`
	Lag      float64   `json:"lag_seconds"`
	Ending   bool      `json:"ending"`
}

// Run prints a table.
func (c *sessionsListCmd) Run(env *environment) error {
	query := url.Values{}
	for name, value := range map[string]string{"account": c.Account, "key": c.Key} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return c.asking(env, admin.Viewer, func(a *administration) error {
		var raw json.RawMessage
		if err := a.do(env, http.MethodGet, "/sessions?"+query.Encode(), &raw); err != nil {
			return err
		}
		if c.Format == "json" {
			return printJSON(env.out, raw)
		}
		var list struct {
			Items []liveSession `json:"items"`
			Total int           `json:"total"`
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			return stt.Errorf(stt.Unavailable, "the answer is not that of an earshot server: %v", err)
		}
		if err := printList(env, c.formatFlag, list.Items, "open streams", []string{"ID", "ACCOUNT", "KEY", "FROM", "PROTOCOL", "MODEL", "LANGUAGE", "SINCE", "AUDIO", "LAG", "STATE"}, liveSession.row); err != nil {
			return err
		}
		if more := list.Total - len(list.Items); more > 0 {
			fmt.Fprintf(env.errOut, "and %d more; --account or --key shows fewer\n", more)
		}
		return nil
	})
}

func (s liveSession) row() []string {
	state := "open"
	if s.Ending {
		state = "ending"
	}
	length := func(seconds float64) string { return fmt.Sprintf("%.1fs", seconds) }
	return []string{s.ID, or(s.Account, "-"), or(s.Key, "-"), or(s.Remote, "-"), s.Protocol, s.Model, or(s.Language, "-"), s.Since.UTC().Format("2006-01-02 15:04:05"), length(s.Audio), length(s.Lag), state}
}

type sessionsKillCmd struct {
	serverFlags
	ID string `arg:"" help:"Id of the stream, as \"earshot sessions\" lists it."`
}

// Run ends the stream.
func (c *sessionsKillCmd) Run(env *environment) error {
	return c.asking(env, admin.Operator, func(a *administration) error {
		if err := a.do(env, http.MethodDelete, "/sessions/"+url.PathEscape(c.ID), nil); err != nil {
			return err
		}
		fmt.Fprintf(env.errOut, "%s is being ended\n", c.ID)
		return nil
	})
}
