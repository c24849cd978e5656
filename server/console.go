package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
	pages "github.com/earshot-stt/earshot/web"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// console makes the handler of the web console. speechall serves the streams that its pages begin.
func (s *server) console(cfg *config.Config, e *estate, recognizer stt.Recognizer, administration *admin.Handler, speechall http.Handler) (http.Handler, error) {
	return console.New(console.Options{
		Version: s.version, Store: e.store, Token: e.admin, Passwords: e.passwords, Throttle: e.throttle, Hosts: cfg.PublicHosts,
		Account: func(context.Context) (string, error) { return e.account, nil },
		Pages:   pages.Console, Client: pages.Client, Plain: http.HandlerFunc(s.greet),
		Admin: func(w http.ResponseWriter, r *http.Request, who console.Who) {
			administration.ServeAs(w, r, admin.Administrator{Name: who.Name, Role: admin.Role(who.Role)})
		},
		Models: recognizer.Models, Gives: feature.Gives(Features(cfg)), Vocabularies: e.keeper != nil, Rates: rates(), Sign: presigner{hosts: cfg.PublicHosts}, Try: tryOf(speechall), Log: s.log,
	})
}

// rates are the sample rates in use that are taken here.
func rates() []int {
	var all []int
	for _, rate := range []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000} {
		if rate >= audio.MinRate && rate <= audio.MaxRate {
			all = append(all, rate)
		}
	}
	return all
}

// presigner signs addresses of this server. It implements console.Signer.
type presigner struct{ hosts []string }

// Presign implements console.Signer.
func (p presigner) Presign(_ context.Context, in console.Presign) (string, error) {
	if len(p.hosts) > 0 && !p.signs(in.Host) {
		return "", stt.Errorf(stt.Denied, "addresses can be signed for the names in \"public_hosts\" only, and you asked for %q: open the console by one of those", in.Host)
	}
	i := 0
	operations := wire.Operations()
	for operations[i].Medical != in.Medical || !operations[i].Offered {
		if i++; i == len(operations) {
			return "", stt.Errorf(stt.Unsupported, "no such stream is offered")
		}
	}
	params, err := wire.ParseQuery(operations[i], in.Parameters)
	if err != nil {
		e := *stt.AsError(err)
		e.Option = "parameters"
		return "", &e
	}
	address := url.URL{Scheme: "ws", Host: in.Host, Path: operations[i].WebSocket, RawQuery: params.Query().Encode()}
	if in.Secure {
		address.Scheme = "wss"
	}
	signer := sigv4.Signer{Region: in.Region, Credentials: sigv4.Credentials{AccessKeyID: in.AccessKeyID, Secret: in.Secret, SessionToken: in.SessionToken}}
	signed, _, err := signer.Presign(http.MethodGet, address.String(), in.Expires, time.Now())
	if err != nil {
		return "", &stt.Error{Code: stt.Invalid, Op: "presign", Msg: "the address cannot be signed", Err: err}
	}
	return signed, nil
}

// signs reports whether a signature for a host, as browsers will send it, is one that the server takes.
func (p presigner) signs(host string) bool {
	for _, one := range p.hosts {
		for _, candidate := range sigv4.HostCandidates(one) {
			for _, sent := range sigv4.HostCandidates(host) {
				if strings.EqualFold(candidate, sent) {
					return true
				}
			}
		}
	}
	return false
}

// greet tells programs and people without a browser what this is.
func (s *server) greet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Earshot %s: speech to text.\n\nThe console is here, for a browser. Applications written for Amazon Transcribe streaming connect over HTTP/2 to %s\nor by WebSocket to %s; those for Speechall to /v1/transcribe,\nthose for OpenAI's transcriptions to /v1/audio/transcriptions.\n", s.version, transcribe.PathHTTP2, transcribe.Path)
}

// consoleURL is where a browser on this machine finds the console: by the name that operators have given the server, else at localhost,
// where browsers give the microphone to plain HTTP too.
func consoleURL(hosts []string, doors []door) string {
	if len(hosts) > 0 {
		return "https://" + hosts[0] + "/"
	}
	best := ""
	for _, d := range doors {
		host, port, err := net.SplitHostPort(d.address)
		if err != nil {
			continue
		}
		ip := net.ParseIP(host)
		local := host == "" || host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
		if local {
			host = "localhost"
		}
		at := d.scheme + "://" + net.JoinHostPort(host, port) + "/"
		if best == "" || d.scheme == "https" && !local { // over a network no browser keeps anybody signed in without TLS
			best = at
		}
	}
	return best
}

// door is where a server listens.
type door struct{ scheme, address string }

func doors(listeners []listener) []door {
	all := make([]door, len(listeners))
	for i, l := range listeners {
		all[i] = door{l.scheme, l.Addr().String()}
	}
	return all
}

// SignInURL is the address that signs in once, with a code. That stands where browsers keep it to themselves.
func SignInURL(at, code string) string { return at + "#/signin?code=" + code }

// ConsoleFile is the file in the data folder with the address of the console of the server that runs.
const ConsoleFile = "console-url"

// announce has other programs on this machine know where the console is, until the returned function is called.
func announce(dir *datadir.Dir, at string) (over func()) {
	path := dir.Path(ConsoleFile)
	if os.WriteFile(path, []byte(at+"\n"), 0o600) != nil {
		return func() {} // "earshot console" falls back on the configuration
	}
	return func() { _ = os.Remove(path) }
}

// firstLinkFor is how long the link of the first start is good.
const firstLinkFor = 24 * time.Hour

// firstLink makes the link that a first start prints.
func (e *estate) firstLink(ctx context.Context, at string) (string, error) {
	_, code, err := e.store.CreateConsoleLink(ctx, store.Actor{Name: "server"}, store.RoleAdmin, time.Now().Add(firstLinkFor))
	return SignInURL(at, code), err
}

// ConsoleAddress is where the console of the server is that runs on a data folder, or, without one, that a configuration says; running says which.
func ConsoleAddress(cfg *config.Config, folder string) (at string, running bool) {
	if text, err := os.ReadFile(folder + string(os.PathSeparator) + ConsoleFile); err == nil && len(text) < 1024 {
		if at, _, _ := strings.Cut(string(text), "\n"); strings.HasPrefix(at, "http") {
			return at, true
		}
	}
	return consoleURL(cfg.PublicHosts, []door{{"http", cfg.Listen}, {"https", cfg.TLS.Listen}}), false
}
