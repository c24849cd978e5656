package console

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Where the console stands on the server. The page itself is at the root.
const (
	Folder = "/console/"    // what the page loads
	Prefix = "/console/api" // what it asks
)

// Role is what somebody may do; later ones may do what earlier ones may.
type Role string

// The roles.
const (
	Viewer        Role = "viewer"
	Operator      Role = "operator"
	Administrator Role = "administrator"
)

// ranks orders the roles. One that is not here may do nothing.
var ranks = map[Role]int{Viewer: 1, Operator: 2, Administrator: 3}

// may reports whether a role is enough.
func (r Role) may(needs Role) bool { return ranks[needs] > 0 && ranks[r] >= ranks[needs] }

// roleOf is a role as the store has it. What is not known may do the least.
func roleOf(r store.Role) Role {
	switch r {
	case store.RoleAdmin:
		return Administrator
	case store.RoleMember:
		return Operator
	}
	return Viewer
}

// Token knows the administrator's token of the data folder. An [auth.AdminToken] is one.
type Token interface {
	// CheckAdmin returns who has the token, or an [stt.Unauthenticated] error.
	CheckAdmin(token string) (auth.Principal, error)
	// Digest is what changes when the token does.
	Digest() [32]byte
}

// Throttle slows down whoever guesses. An identity.Throttle is one.
type Throttle interface {
	// Check returns nil where an address may try, else an [stt.Quota] error with the time to wait.
	Check(remote string) error
	// Failed notes that what an address presented was wrong.
	Failed(remote string)
}

// Who is somebody who is signed in, as the administration needs to know it.
type Who struct {
	Name string // as it stands in the audit log
	Role Role
}

// Options make a console. Store, Passwords, Pages, Client, Models, Sign and Log must be set.
type Options struct {
	Version string
	Region  string // that addresses are signed for where nobody asks for another; empty: us-east-1
	Store   *store.Store
	// Account returns the id of the account of whoever is no user: whose keys stand in files.
	Account   func(context.Context) (string, error)
	Token     Token // nil: there is none
	Passwords *auth.Passwords
	Throttle  Throttle // nil: nobody is slowed down by address
	// Hosts are those that this server goes by, as in "public_hosts". When there are none, browsers may ask for an IP address or localhost.
	Hosts []string
	// Pages is the console, with index.html, and Client the JavaScript client, which is served in the folder "client".
	Pages, Client fs.FS
	// Plain answers at the root whoever wants no page; nil: it is not found.
	Plain http.Handler
	// Admin answers the administration below [Prefix] for somebody; nil: there is none.
	Admin func(w http.ResponseWriter, r *http.Request, who Who)
	// Models lists what recognizes, and Gives are the abilities that features of the server stand in for, whatever the model.
	Models func(context.Context) ([]stt.Model, error)
	Gives  stt.Feature
	// Vocabularies says that the server keeps vocabularies itself, which do with every model what it lets them.
	Vocabularies bool
	// Rates are the sample rates that the server takes, in Hz.
	Rates []int
	Sign  Signer
	// Try tells the page why a stream was refused; nil: nobody can.
	Try Try
	Now func() time.Time // nil: time.Now
	Log *slog.Logger
}

// Console is the console as an [http.Handler]. It may be used from any goroutine.
type Console struct {
	opts   Options // immutable
	hosts  map[string]bool
	assets map[string]*asset // by path; "/" is the page
	routes map[string]route  // by "METHOD /path" below Prefix
	known  models
	names  *guesses // wrong passwords, by user
	pace   *pace    // requests, by session or address
}

// New returns a console. It fails where a page cannot be read.
func New(o Options) (*Console, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	c := &Console{opts: o, hosts: map[string]bool{}, names: newGuesses(), pace: newPace()}
	for _, host := range o.Hosts {
		c.hosts[strings.ToLower(host)] = true
	}
	var err error
	if c.assets, err = load(o.Pages, o.Client); err != nil {
		return nil, err
	}
	c.routes = c.table()
	return c, nil
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.protect(w.Header(), r.Host)
	if err := c.named(r); err != nil {
		if r.URL.Path == "/" && !wantsPage(r) && c.opts.Plain != nil { // programs do not care what they call it
			c.opts.Plain.ServeHTTP(w, r)
			return
		}
		c.refuse(w, r, err)
		return
	}
	switch {
	case r.URL.Path == "/":
		c.root(w, r)
	case r.URL.Path == Prefix || strings.HasPrefix(r.URL.Path, Prefix+"/"):
		c.api(w, r)
	case r.URL.Path == "/console" || r.URL.Path == Folder:
		http.Redirect(w, r, "/", http.StatusFound)
	default:
		c.file(w, r, c.assets[r.URL.Path])
	}
}

// root is the page, for whoever says that he takes one.
func (c *Console) root(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if !wantsPage(r) && c.opts.Plain != nil {
		c.opts.Plain.ServeHTTP(w, r)
		return
	}
	c.file(w, r, c.assets["/"])
}

// wantsPage reports whether a request's Accept names HTML, as that of every browser does. Programs say */* or nothing.
func wantsPage(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			media, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(media), "text/html") {
				return true
			}
		}
	}
	return false
}
