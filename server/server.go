package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/metrics"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Options are what a server needs besides its configuration. All but Sources must be set.
type Options struct {
	Version string
	Sources *config.Info // where the configuration was set; nil: nobody is told
	Getenv  func(string) string
	Out     io.Writer // what the operator reads: the addresses, and what the first start made
	Log     *slog.Logger
}

// server is a server while it runs.
type server struct {
	version   string
	engine    string
	started   time.Time
	log       *slog.Logger
	sessions  *session.Service
	warm      atomic.Bool
	trouble   func() error // what is wrong with the store; nil: nobody says
	unwritten func() bool  // usage cannot be written; nil: nobody says
	handling  requests
	at        string   // the address of the console
	link      string   // signs in to it once; empty but at the first start
	backstage listener // for administrators only; its Listener is nil where there is none
}

// Run serves until ctx is done and everything has ended in order: new streams are refused, running ones get the grace
// period, then the listeners close. A nil error is a regular end. Errors before serving name the setting at fault.
func Run(ctx context.Context, cfg *config.Config, opts Options) error {
	path, why := datadir.Resolve(cfg.Data, opts.Getenv)
	if opts.Sources != nil && cfg.Data != "" {
		why = opts.Sources.Sources["data"].String()
	}
	dir, err := datadir.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	opts.Log.Info("data folder", slog.String("path", dir.Path("")), slog.String("from", why))
	recognizer, err := OpenRecognizer(ctx, cfg, opts.Getenv)
	if err != nil {
		return err
	}
	if c, ok := recognizer.(io.Closer); ok {
		defer closeWithin(5*time.Second, c)
	}
	listeners, err := listen(cfg, dir, opts)
	if err != nil {
		return err
	}
	var backstage listener
	if cfg.AdminListen != "" {
		backstage.scheme = "http"
		if backstage.Listener, err = bind("admin_listen", cfg.AdminListen); err != nil {
			closeAll(listeners)
			return err
		}
	}
	// Last, so that a start that fails shows no token that is shown only once.
	figures := metrics.New(opts.Version)
	at := consoleURL(cfg.PublicHosts, doors(listeners))
	e, err := openEstate(ctx, cfg, dir, at, watcher{wrote: func(took time.Duration, err error) { figures.Store("usage", took, err) }, asked: figures.Store}, opts)
	if err != nil {
		closeAll(append(listeners, backstage))
		return err
	}
	defer func() {
		if err := e.close(); err != nil {
			opts.Log.Warn("closing the store", slog.Any("error", err))
		}
	}()
	observer, finish, err := observers(ctx, figures, opts)
	if err != nil {
		closeAll(append(listeners, backstage))
		return err
	}
	defer finish()
	s := &server{version: opts.Version, engine: cfg.Engine, started: time.Now(), log: opts.Log, at: at, link: e.link, backstage: backstage, handling: requests{ended: make(chan struct{}, 1)}}
	s.sessions = session.NewService(session.Options{Recognizer: recognizer, Features: Features(cfg), Gate: e.gate, Meter: e.ledger, Observer: observer, Resources: e.keeper,
		Limits: limits(cfg), Log: opts.Log})
	s.trouble, s.unwritten = e.keys.Trouble, e.ledger.Failing
	e.count(s.sessions)
	slots, _ := recognizer.(stt.Slotter)
	figures.Ask(metrics.Sources{Sessions: s.sessions.Sessions, Slots: slots, Backlog: e.ledger.Backlog, Lost: e.ledger.Lost})
	in, err := s.rooms(cfg, e, recognizer, opts)
	if err != nil {
		closeAll(append(listeners, backstage))
		return err
	}
	in.metrics, in.strange = figures.Handler(), figures.Refused
	in.declined = func(ctx context.Context, r *session.Request, why error) {
		e.ledger.Refused(r, why)
		observer.Refused(ctx, r, why)
	}
	defer announce(dir, s.at)()
	return s.run(ctx, cfg, opts.Out, recognizer, listeners, s.handlers(cfg, in), s.backstageHandlers(in))
}

// observers returns who looks at sessions: the figures, and traces where the environment names a collector. finish hands the last
// traces over.
func observers(ctx context.Context, figures *metrics.Metrics, opts Options) (all session.Observer, finish func(), err error) {
	url := metrics.TracesEndpoint(opts.Getenv)
	if url == "" {
		return figures, func() {}, nil
	}
	traces, err := metrics.OpenTraces(ctx, url, opts.Version, opts.Log)
	if err != nil {
		return nil, nil, err
	}
	return metrics.Tee(figures, traces), func() {
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = traces.Close(last) // a collector that is gone is no news
	}, nil
}

// limits are those of sessions. Where 0 means none in the configuration, it is a default there.
func limits(cfg *config.Config) session.Limits {
	l := session.Limits{Idle: cfg.Limits.Idle, Stream: cfg.Limits.Stream, Lag: cfg.Limits.Lag, Finish: cfg.Limits.Finish, Hold: cfg.Limits.Hold}
	if l.Hold == 0 {
		l.Hold = -1
	}
	return l
}

// run serves on listeners, which it owns, as it does s.backstage.
func (s *server) run(ctx context.Context, cfg *config.Config, out io.Writer, recognizer stt.Recognizer, listeners []listener, handler, backstage http.Handler) error {
	web := newWeb(handler, s.log)
	failed := make(chan error, len(listeners)+1)
	var serving sync.WaitGroup
	start := func(serve func() error) {
		serving.Go(func() { // owned by run; ends with the listener, which shutdown or close closes
			if err := serve(); err != nil {
				failed <- err
			}
		})
	}
	for _, l := range listeners {
		start(func() error { return web.serve(l) })
	}
	start(web.serveHandedOver)
	defer serving.Wait()
	defer web.close()
	if s.backstage.Listener != nil {
		private := newHTTP(backstage, s.log)
		private.Protocols.SetHTTP1(true)
		start(func() error { return regular(private.Serve(s.backstage)) })
		defer private.Close()
		fmt.Fprintf(out, "earshot's administration: %s%s\n", s.backstage.url(), admin.Prefix)
	}
	warming := make(chan error, 1)
	warmCtx, cancel := context.WithCancel(ctx)
	serving.Go(func() { warming <- warmUp(warmCtx, recognizer) }) // owned by run; ends with warmCtx at the latest
	defer cancel()
	for {
		select {
		case err := <-warming:
			warming = nil
			switch {
			case ctx.Err() != nil: // asked to end before it was ready
			case err != nil:
				s.drain(0, web)
				return err
			default:
				s.warm.Store(true)
				for _, l := range listeners {
					fmt.Fprintf(out, "earshot is ready: %s\n", l.url())
				}
				if s.at != "" {
					fmt.Fprintf(out, "console: %s\n", s.at)
				}
				if s.link != "" { // last of all, where nobody overlooks it
					fmt.Fprintf(out, "console, signed in by this link once, within a day: %s\n", s.link)
				}
			}
		case err := <-failed:
			s.drain(0, web) // streams on the other listener cannot go on without a server
			return &stt.Error{Code: stt.Internal, Op: "serve", Msg: "a listener failed", Err: err}
		case <-ctx.Done():
			s.drain(cfg.Grace, web)
			return nil
		}
	}
}

func closeAll(listeners []listener) {
	for _, l := range listeners {
		if l.Listener != nil {
			l.Close()
		}
	}
}

// closeWithin closes an engine, but does not let one that hangs keep the process from ending.
func closeWithin(wait time.Duration, c io.Closer) {
	closed := make(chan struct{})
	go func() { // ends with Close, or with the process
		defer close(closed)
		_ = c.Close() // nothing can be done about it any more
	}()
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
	}
}

func warmUp(ctx context.Context, r stt.Recognizer) error {
	if ready, ok := r.(stt.Readier); ok {
		return ready.Ready(ctx)
	}
	return nil
}

// drain ends everything in order: no new streams, then the running ones, then the listeners. Health checks are answered
// until the last stream has ended.
func (s *server) drain(grace time.Duration, web *web) {
	s.log.Info("shutting down", slog.Int("streams", s.sessions.Active()), slog.Duration("grace", grace), slog.String("at_once", "a second signal"))
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	s.sessions.Drain(ctx)
	cancel()
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := web.shutdown(last); err != nil {
		s.log.Warn("some connections did not end", slog.Any("error", err))
	}
	s.handling.wait(last)
	s.log.Info("stopped")
}
