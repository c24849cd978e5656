package transcribe

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// The names of the protocol's two transports in logs and accounts.
const (
	Protocol      = "amazon-websocket"
	ProtocolHTTP2 = "amazon-http2"
)

// Path is where clients stream to by WebSocket, and PathHTTP2 by HTTP/2.
const (
	Path      = wire.PathWebSocket
	PathHTTP2 = wire.PathHTTP2
)

// Options make a Handler. Sessions and Keys must be set.
type Options struct {
	Sessions *session.Service
	Keys     auth.AccessKeys
	Guard    Guard // nil: nobody is slowed down
	// Strangers is told of requests for a stream that come without good credentials; it may be called concurrently. nil: nobody is.
	Strangers Strangers
	// Declined is told of requests for a stream whose caller is known and that get no further: what a policy does not allow, and what
	// cannot be understood. What becomes of all others the session service tells. It may be called concurrently; nil: nobody is told.
	Declined func(ctx context.Context, r *session.Request, why error)
	// Used is told the id of each key that has let somebody in. It may be called concurrently and returns at once; nil: nobody is.
	Used func(keyID string)
	// Hosts are the host names that signatures may be made for; nil: the Host as received, with or without its port.
	Hosts []string
	// MaxMessage is the longest WebSocket message taken, and the longest payload of a message over HTTP/2, in bytes; 0 means
	// 1 MiB.
	MaxMessage int
	// Refused is how many strangers may be connected only to be told why they are refused, and again as many callers whose
	// signature was good; 0 means 32, less than 0 none. Beyond, the upgrade is answered with 503, and requests over HTTP/2 are
	// told why without a line in the log and without a moment to read it in.
	Refused int
	// Unverified takes messages without looking at their signatures; who speaks is then what the request's own says.
	Unverified bool
	// ChunkAge is how old the date of a signed message may be when it arrives, as Amazon has it at 5 minutes; 0: any age.
	ChunkAge time.Duration
	// StrictChunks refuses audio events of more than a second, as Amazon does; otherwise they are taken.
	StrictChunks bool
	// WriteTimeout is how long a client may take nothing of what it is sent; 0 means 10 s.
	WriteTimeout time.Duration
	// Log is told of requests that are refused before they get as far as a session, of strangers' no more than ten a second; nil:
	// nobody is.
	Log *slog.Logger
}

// Handler serves the protocol. It implements http.Handler for the paths in Paths; for any other it says, in the protocol's manner, what
// there is.
type Handler struct {
	opts Options
	// A token for each connection that is being refused. Strangers must not take the places of callers that we know.
	strangers, known chan struct{}
	lines            sampler         // about strangers
	buffers          dialect.Buffers // of all sockets
}

// New returns a handler.
func New(opts Options) *Handler {
	if opts.MaxMessage <= 0 {
		opts.MaxMessage = 1 << 20
	}
	if opts.Refused == 0 {
		opts.Refused = 32
	}
	opts.Refused = max(opts.Refused, 0)
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.WriteTimeout <= 0 {
		opts.WriteTimeout = 10 * time.Second
	}
	return &Handler{opts: opts, strangers: make(chan struct{}, opts.Refused), known: make(chan struct{}, opts.Refused)}
}

// Paths are the paths that the handler answers: those of every streaming operation on either transport.
func Paths() []string {
	var all []string
	for _, op := range wire.Operations() {
		all = append(all, op.HTTP2, op.WebSocket)
	}
	return all
}

// ServeHTTP implements http.Handler. It returns when the stream has ended and nothing of it is left.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := &incoming{id: uuid.NewString()}
	w.Header().Set("x-amzn-RequestId", in.id)
	in.op, in.http2, in.known = wire.OperationAt(r.URL.Path)
	if !in.known && !dialect.IsUpgrade(r) { // a WebSocket is told so when it is open
		h.astray(w, r, in)
		return
	}
	if in.http2 {
		h.answerPost(w, r, in)
		return
	}
	if !dialect.IsUpgrade(r) {
		if r.ProtoMajor < 2 { // HTTP/2 knows no such header, RFC 9113 section 8.2.2
			w.Header().Set("Upgrade", "websocket")
		}
		http.Error(w, "This address speaks WebSocket: connect with wss:// or ws:// and a presigned URL (earshot presign prints one).", http.StatusUpgradeRequired)
		return
	}
	refuse := func(places chan struct{}, err error, attrs ...slog.Attr) {
		h.refuse(w, r, in.op, places, err, attrs...)
	}
	if a := h.admit(r, in, refuse); a != nil {
		w.Header().Set("x-amzn-SessionId", a.req.ID)
		h.serve(w, r, a)
	}
}

// incoming is a request, and the operation that it is to.
type incoming struct {
	id    string // of the request
	op    wire.Operation
	http2 bool // it is to the operation's HTTP/2 path
	known bool // there is such an operation
}

// protocol returns the name of the request's transport.
func (in *incoming) protocol() string {
	if in.http2 {
		return ProtocolHTTP2
	}
	return Protocol
}

// asked is what a caller asks for, and who asks. It is not kept on the stack, which grows with it for as long as the stream
// lasts.
type asked struct {
	op     wire.Operation
	caller caller
	req    *session.Request
	params wire.Params
}

// admit returns what a caller asks for; nil means that the caller has been refused.
func (h *Handler) admit(r *http.Request, in *incoming, refuse func(places chan struct{}, why error, attrs ...slog.Attr)) *asked {
	// The signature comes first, before anything that a stranger sends is looked at or kept.
	caller, err := h.identify(r)
	if err != nil {
		refuse(h.strangers, err, h.stranger(r, in, err)...)
		return nil
	}
	h.used(&caller)
	if in.op.Offered { // plan has something else to say of those that are not
		if err := h.authorize(&caller, actionOf(in)); err != nil {
			h.decline(r, in, &caller, err, refuse)
			return nil
		}
	}
	req, params, err := plan(r, in)
	if err != nil {
		h.decline(r, in, &caller, err, refuse)
		return nil
	}
	fill(req, r, in, &caller)
	return &asked{in.op, caller, req, params}
}

// decline refuses a caller that is known, and tells who wants to know.
func (h *Handler) decline(r *http.Request, in *incoming, c *caller, why error, refuse func(places chan struct{}, why error, attrs ...slog.Attr)) {
	if h.opts.Declined != nil {
		req := &session.Request{}
		fill(req, r, in, c)
		h.opts.Declined(r.Context(), req, why)
	}
	refuse(h.known, why, slog.String("request", in.id), slog.String("caller", c.principal.KeyID))
}

// fill notes who asks, from where and how.
func fill(req *session.Request, r *http.Request, in *incoming, c *caller) {
	req.Caller, req.Remote, req.Protocol, req.Request = c.principal.KeyID, r.RemoteAddr, in.protocol(), in.id
	req.Account, req.Key, req.Operation = c.principal.Account, c.principal.Parent, in.op.Name
}

// plan turns a request into what a session is asked for.
func plan(r *http.Request, in *incoming) (*session.Request, wire.Params, error) {
	if !in.known {
		x, _ := wire.Stray(r.Method, r.URL.Path)
		return nil, wire.Params{}, &stt.Error{Code: stt.NotFound, Op: "open", Msg: x.Message}
	}
	var params wire.Params
	var err error
	if in.http2 {
		params, err = wire.ParseHeader(in.op, r.Header)
	} else {
		params, err = wire.ParseQuery(in.op, r.URL.Query())
	}
	if err != nil {
		return nil, params, err
	}
	cfg, err := params.Config()
	if err != nil {
		return nil, params, err
	}
	if cfg.Session == "" {
		cfg.Session = uuid.NewString()
		params.SessionID = cfg.Session
	}
	return &session.Request{ID: cfg.Session, Config: cfg, Resume: params.ResumeWindow()}, params, nil
}
