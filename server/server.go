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

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Options are what a server needs besides its configuration. All must be set.
type Options struct {
	Version string
	Getenv  func(string) string
	Out     io.Writer // what the operator reads: the addresses, and what the first start made
	Log     *slog.Logger
}

// server is a server while it runs.
type server struct {
	version  string
	log      *slog.Logger
	sessions *session.Service
	warm     atomic.Bool
	handling requests
}

// Run serves until ctx is done and everything has ended in order: new streams are refused, running ones get the grace
// period, then the listeners close. A nil error is a regular end. Errors before serving name the setting at fault.
func Run(ctx context.Context, cfg *config.Config, opts Options) error {
	path, why := datadir.Resolve(cfg.Data, opts.Getenv)
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
	s := &server{version: opts.Version, log: opts.Log, handling: requests{ended: make(chan struct{}, 1)}}
	s.sessions = session.NewService(session.Options{Recognizer: recognizer, Features: Features(cfg), Gate: newGate(cfg.Limits.Streams, cfg.Limits.AccountStreams),
		Limits: limits(cfg), Log: opts.Log})
	listeners, err := listen(cfg, dir, opts)
	if err != nil {
		return err
	}
	// Last, so that a start that fails shows no token that is shown only once.
	keys, admin, err := credentials(dir, opts)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return err
	}
	return s.run(ctx, cfg, opts.Out, recognizer, listeners, s.handlers(cfg, keys, admin))
}

// limits are those of sessions. Where 0 means none in the configuration, it is a default there.
func limits(cfg *config.Config) session.Limits {
	l := session.Limits{Idle: cfg.Limits.Idle, Stream: cfg.Limits.Stream, Lag: cfg.Limits.Lag, Finish: cfg.Limits.Finish, Hold: cfg.Limits.Hold}
	if l.Hold == 0 {
		l.Hold = -1
	}
	return l
}

// run serves on listeners, which it owns.
func (s *server) run(ctx context.Context, cfg *config.Config, out io.Writer, recognizer stt.Recognizer, listeners []listener, handler http.Handler) error {
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
	s.log.Info("shutting down", slog.Int("streams", s.sessions.Active()), slog.Duration("grace", grace))
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

// credentials opens the keys, making those that are missing.
func credentials(dir *datadir.Dir, opts Options) (auth.AccessKeys, *auth.AdminToken, error) {
	created, err := auth.FirstStart(dir.Path(""))
	if err != nil {
		return nil, nil, err
	}
	for _, f := range created.Files {
		fmt.Fprintf(opts.Out, "earshot made %s\n", f)
	}
	if created.AdminToken != "" {
		fmt.Fprintf(opts.Out, "administrator token, shown this once: %s\n", created.AdminToken)
	}
	watch := func(what string) auth.FileOptions {
		return auth.FileOptions{Changed: func(err error) {
			if err != nil {
				opts.Log.Error("what was read before stays in force", slog.String("file", what), slog.Any("error", err))
				return
			}
			opts.Log.Info("read again", slog.String("file", what))
		}}
	}
	keys, err := auth.OpenFile(dir.Path(auth.CredentialsFile), watch(auth.CredentialsFile))
	if err != nil {
		return nil, nil, err
	}
	admin, err := auth.OpenAdminToken(dir.Path(auth.AdminTokenFile), watch(auth.AdminTokenFile))
	if err != nil {
		return nil, nil, err
	}
	return keys, admin, nil
}
