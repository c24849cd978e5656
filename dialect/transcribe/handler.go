package transcribe

import (
	"encoding/json"
	"fmt"
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

// Protocol is the name of the protocol in logs and accounts.
const Protocol = "amazon-websocket"

// Path is where clients stream to.
const Path = wire.PathWebSocket

// Options make a Handler. Sessions and Keys must be set.
type Options struct {
	Sessions *session.Service
	Keys     auth.AccessKeys
	// Hosts are the host names that signatures may be made for; nil: the Host as received, with or without its port.
	Hosts []string
	// MaxMessage is the longest WebSocket message taken, in bytes; 0 means 1 MiB.
	MaxMessage int
	// Refused is how many strangers may be connected only to be told why they are refused, and again as many callers whose
	// signature was good; 0 means 32, less than 0 none. Beyond, the upgrade is answered with 503.
	Refused int
	// StrictChunks refuses audio events of more than a second, as Amazon does; otherwise they are taken.
	StrictChunks bool
	// WriteTimeout is how long a client may take nothing of what it is sent; 0 means 10 s.
	WriteTimeout time.Duration
	// Log is told of requests that are refused before they get as far as a session; nil: nobody is.
	Log *slog.Logger
}

// Handler serves the protocol. It implements http.Handler for the paths in Paths.
type Handler struct {
	opts Options
	// A token for each connection that is being refused. Strangers must not take the places of callers that we know.
	strangers, known chan struct{}
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

// notOffered tells an SDK that uses the HTTP/2 transport what it may use instead, in the shape that SDKs turn into their own
// exception.
func notOffered(w http.ResponseWriter) {
	x := wire.ExceptionOf(&stt.Error{Code: stt.Unsupported, Op: "open",
		Msg: "Streaming over HTTP/2 is not offered by this server; use the WebSocket transport at " + wire.PathWebSocket + "."})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-errortype", x.Name)
	w.WriteHeader(x.Status)
	body, _ := json.Marshal(map[string]string{"Message": x.Message}) // a map of strings can always be marshalled
	_, _ = w.Write(body)                                             // a client that is gone is no news
}

// Paths are the paths that the handler answers.
func Paths() []string {
	return []string{wire.PathHTTP2, wire.PathWebSocket, wire.PathMedicalWebSocket, wire.PathCallAnalyticsWebSocket, wire.PathMedicalScribeWebSocket}
}

// ServeHTTP implements http.Handler. It returns when the stream has ended and nothing of it is left.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := uuid.NewString()
	w.Header().Set("x-amzn-RequestId", request)
	if r.URL.Path == wire.PathHTTP2 {
		notOffered(w)
		return
	}
	if !dialect.IsUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "This address speaks WebSocket: connect with wss:// or ws:// and a presigned URL (earshot presign prints one).", http.StatusUpgradeRequired)
		return
	}
	if a := h.admit(w, r, request); a != nil {
		h.serve(w, r, a)
	}
}

// asked is what a caller asks for, and who asks. It is not kept on the stack, which grows with it for as long as the stream
// lasts.
type asked struct {
	caller caller
	req    *session.Request
	params wire.Params
}

// admit returns what a caller asks for; nil means that the caller has been refused.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, request string) *asked {
	// The signature comes first, before anything that a stranger sends is looked at or kept.
	caller, err := h.identify(r)
	if err != nil {
		h.refuse(w, r, h.strangers, err, slog.String("request", request))
		return nil
	}
	req, params, err := plan(r)
	if err != nil {
		h.refuse(w, r, h.known, err, slog.String("request", request), slog.String("caller", caller.principal.KeyID))
		return nil
	}
	req.Caller, req.Remote, req.Protocol, req.Request = caller.principal.KeyID, r.RemoteAddr, Protocol, request
	w.Header().Set("x-amzn-SessionId", req.ID)
	return &asked{caller, req, params}
}

// plan turns a request into what a session is asked for.
func plan(r *http.Request) (*session.Request, wire.Params, error) {
	if r.URL.Path != wire.PathWebSocket {
		return nil, wire.Params{}, &stt.Error{Code: stt.Unsupported, Op: "open",
			Msg: fmt.Sprintf("The operation at %s is not offered by this server; %s is.", r.URL.Path, wire.PathWebSocket)}
	}
	params, err := wire.ParseQuery(r.URL.Query())
	if err != nil {
		return nil, params, err
	}
	cfg, err := params.Config()
	if err != nil {
		return nil, params, err
	}
	if cfg.Session == "" {
		cfg.Session = uuid.NewString()
	}
	return &session.Request{ID: cfg.Session, Config: cfg}, params, nil
}
