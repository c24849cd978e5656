package speechall

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// The names of the protocol's ways in, in logs and accounts.
const (
	ProtocolStream = "speechall-websocket"
	ProtocolFile   = "speechall-rest"
	ProtocolOpenAI = "openai-rest"
)

// Caller is who presented an API key.
type Caller struct {
	Principal auth.Principal
	// Permits says why the key is not good for an operation, a model or a web page's origin: an *stt.Error with code Denied. No model
	// means whatever has nothing to do with one. nil: it is good for everything.
	Permits func(operation, model, origin string) error
}

// Keys finds out who presents an API key, and from where: an *stt.Error with code Unauthenticated, Expired or Quota where nobody does,
// Denied for who may not from there. It may be called concurrently.
type Keys func(ctx context.Context, token string, from auth.Origin) (Caller, error)

// OneKey makes Keys of what knows one key, such as an *auth.APIKey.
func OneKey(key interface {
	Check(presented string) (auth.Principal, error)
}) Keys {
	return func(_ context.Context, token string, _ auth.Origin) (Caller, error) {
		p, err := key.Check(token)
		return Caller{Principal: p}, err
	}
}

// Models lists the models that there are, as stt.Recognizer has it.
type Models func(ctx context.Context) ([]stt.Model, error)

// Rewriter rewrites events, each by itself. It is called for several streams at a time.
type Rewriter interface {
	Rewrite(ev *stt.Event)
}

// Rules makes the rewriter of replacement rules. The error is Invalid and names the rule.
type Rules func(rules []wire.Rule) (Rewriter, error)

// Options make a Handler. Sessions, Keys and Models must be set.
type Options struct {
	Sessions *session.Service
	Keys     Keys
	Models   Models
	// Admit is asked before anything is done for a known caller that opens no session, and returns an error such as stt.Quota where nothing
	// shall be; nil: everybody is let in.
	Admit func(ctx context.Context, caller auth.Principal) error
	// Gives are the abilities that features of the session stand in for, whatever the model.
	Gives stt.Feature
	// Aliases are identifiers that clients use for models of this server: "deepgram.nova-2" for "local.pocketsphinx", or the model's
	// own name. "*" is for every identifier that is not known; without it those are refused.
	Aliases map[string]string
	// Compat leaves models out of the list whose identifier clients with a closed list do not know.
	Compat bool
	// Jobs transcribes files; nil: with Sessions and no limits.
	Jobs *job.Service
	// Rulesets keeps replacement rules; nil: there are none.
	Rulesets Rulesets
	// Rules compiles them; nil: requests with rules are refused.
	Rules Rules
	// Fetch gets files from somewhere else; nil: such requests are refused.
	Fetch Fetch

	// MaxMessage is the longest WebSocket message taken, in bytes; 0 means 1 MiB.
	MaxMessage int
	// MaxBody is the longest file taken, in bytes; 0 means 2 GiB.
	MaxBody int64
	// Pause is how long a stream must be without audio for what was said to be finalised; 0 means 2 s, below 0 never.
	Pause time.Duration
	// Idle is how long a stream may be without audio, in place of the session's own limit; 0: that, below 0: for ever.
	Idle time.Duration
	// Ping is the distance between two pings; 0 means 20 s, below 0 none.
	Ping time.Duration
	// WriteTimeout is how long a client may take nothing of what it is sent; 0 means 10 s.
	WriteTimeout time.Duration
	// Origins are the origins of web pages whose scripts may read the answers, such as "https://app.example.com"; "*" stands for any.
	Origins []string
	// Log is told of requests of known callers that are refused before they get as far as a session; nil: nobody is.
	Log *slog.Logger
}

// Handler serves the protocol. It implements http.Handler for the paths in Paths.
type Handler struct {
	opts    Options
	routes  *http.ServeMux
	buffers dialect.Buffers // of all sockets
	rulings compiledSets    // of rulesets in use
}

// New returns a handler.
func New(opts Options) *Handler {
	or := func(v *time.Duration, usual time.Duration) {
		if *v == 0 {
			*v = usual
		}
	}
	or(&opts.Pause, 2*time.Second)
	or(&opts.Ping, 20*time.Second)
	or(&opts.WriteTimeout, 10*time.Second)
	if opts.MaxMessage <= 0 {
		opts.MaxMessage = 1 << 20
	}
	if opts.MaxBody <= 0 {
		opts.MaxBody = 2 << 30
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Jobs == nil {
		opts.Jobs = job.New(job.Options{Sessions: opts.Sessions})
	}
	h := &Handler{opts: opts, routes: http.NewServeMux()}
	h.route()
	return h
}

// ServeHTTP implements http.Handler. It returns when nothing of the request is left.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.crossOrigin(w, r) {
		return
	}
	h.routes.ServeHTTP(w, r)
}

// The operations, as keys are bound to them.
const (
	opStream     = "stream"
	opTranscribe = "transcribe"
	opRemote     = "transcribe-remote"
	opModels     = "models"
	opRulesets   = "replacement-rulesets"
	opOpenAI     = "audio-transcriptions"
	opTranslate  = "audio-translations"
)

// asked is what a caller asks for, and who asks.
type asked struct {
	caller  Caller
	params  wire.Params
	req     *session.Request
	rewrite Rewriter // nil: nothing is replaced
	ignored []string // parameters that the model can make nothing of
}

// reserve takes the caller's place for a session, before anything is done for him that costs: reading a body, keeping or fetching a
// file, running a program, making rules. giveBack must be called in any case; a session that was opened keeps the place.
func (h *Handler) reserve(r *http.Request, caller Caller, operation, protocol string) (req *session.Request, giveBack func(), err error) {
	if err := permits(caller, operation, r); err != nil {
		return nil, nil, err
	}
	req = &session.Request{ID: newID(), Protocol: protocol, Operation: operation, Caller: caller.Principal.KeyID,
		Account: caller.Principal.Account, Key: caller.Principal.Parent, Remote: r.RemoteAddr, Idle: h.opts.Idle}
	if giveBack, err = h.opts.Sessions.Reserve(r.Context(), req); err != nil {
		return nil, nil, logged{err}
	}
	return req, giveBack, nil
}

// plan turns parameters into what a session is asked for.
func (h *Handler) plan(r *http.Request, caller Caller, req *session.Request, p wire.Params, inline []wire.Rule) (*asked, error) {
	model, err := h.choose(r.Context(), caller, req.Operation, p.Model, r)
	if err != nil {
		return nil, err
	}
	can := model.Can
	can.Has |= h.opts.Gives
	a := &asked{caller: caller, params: p, req: req}
	cfg, ignored := p.Config(&can)
	cfg.Model = model.ID
	a.ignored = ignored
	cfg.Session = req.ID
	req.Config = cfg
	a.rewrite, err = h.rules(r.Context(), caller, p.Ruleset, inline)
	return a, err
}

// parse reads the parameters of a query.
func parse(r *http.Request) (wire.Params, error) {
	if len(r.URL.RawQuery) > wire.MaxQuery {
		return wire.Params{}, stt.Errorf(stt.Invalid, "the query has %d bytes; send %d at most", len(r.URL.RawQuery), wire.MaxQuery)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wire.Params{}, &stt.Error{Code: stt.Malformed, Op: "open", Msg: "the query cannot be read: it is not encoded as URLs want it"}
	}
	return wire.ParseQuery(q)
}
