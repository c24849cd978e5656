package session

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
)

// Gate decides whether one more stream may start.
type Gate interface {
	// Admit returns what to call when the stream has ended, or why there is none to be: an *stt.Error with code Quota,
	// Exhausted or Denied. The stream may begin later than that, or not at all, see [Service.Reserve]; then r has no Config yet. It may be
	// called concurrently and does not wait for capacity.
	Admit(ctx context.Context, r *Request) (release func(), err error)
}

// Meter learns what was used.
type Meter interface {
	// Record is told of every stream that was opened, once, when it has ended and before it is none of the open sessions any
	// more. It may be called concurrently and does not block on anything slow.
	Record(u Usage)

	// Refused is told of every request that got no session, under the same rules.
	Refused(r *Request, why error)
}

// Usage is what one stream used.
type Usage struct {
	Serial   string // of the session, see [Live]
	Request  *Request
	Model    string
	Language string        // see [Live]
	Audio    time.Duration // audio accepted
	Took     time.Duration // wall time from open to close
	Finals   int
	Partials int
	Err      error // nil when the stream reached its end
}

// Request asks for a session.
type Request struct {
	ID       string // of the session: one of a Caller ends the one before that has the same; empty: it has none
	Request  string // of the request, as the caller knows it; empty: it knows none
	Protocol string // such as "amazon-websocket"
	// Operation is what the caller asked for, in the words of the protocol, such as "StartStreamTranscription"; empty: there is one only.
	Operation string
	Caller    string // who: an access key's id, never a secret
	Account   string // whose the key is, 12 digits or "default"; empty: nobody's
	// Key is the id of the key that limits and usage go by; empty: Caller.
	Key    string
	Remote string // the peer's address
	Config stt.Config
	Idle   time.Duration // how long it may be without audio; 0: Limits.Idle, below 0: for ever
	// Resume is how long after its beginning a session may be taken up again by another request with the same Caller and ID; 0: not
	// at all. Its times go on then, and so does what was being said when the connection broke.
	Resume time.Duration

	place func() // gives back the place that Reserve took; nil: none
}

// Limits bound sessions. A zero value means none, but for Lag and Finish, which have defaults.
type Limits struct {
	Idle   time.Duration // wall time without audio
	Stream time.Duration // wall time from open to close
	Lag    time.Duration // how long a Write may wait for the recognizer; 0 means 30 s
	// Finish is how long the recognizer may say nothing after the end of the audio; 0 means 30 s. As long as it goes on it is waited
	// for, ten times as long at most.
	Finish time.Duration
	Hold   time.Duration // how long the recognizer's stream waits for a caller who may come back; 0 means 10 s, below 0 not at all
}

// Options make a Service. Only Recognizer must be set.
type Options struct {
	Recognizer stt.Recognizer
	Features   []feature.Feature // in the order in which they rewrite
	Resources  resource.Source   // nil: nobody keeps vocabularies or filters here
	Gate       Gate              // nil: everybody is admitted
	Meter      Meter             // nil: nobody counts
	Observer   Observer          // nil: nobody looks
	Limits     Limits
	Log        *slog.Logger // nil: nothing is logged
}

// Service opens sessions. Its methods may be called concurrently.
type Service struct {
	opts Options // immutable

	mu       sync.Mutex // guards all below
	sessions map[*Session]struct{}
	live     map[identity]*Session // those that have a connection
	parked   map[identity]*parked  // those that may be taken up again
	winding  map[*parked]*Session  // those whose stream is being ended, parked or claimed
	opening  map[identity]*queue   // who is about to open a session
	swept    time.Time             // when parked was last searched
	draining bool
	left     chan struct{} // holds a token after a session has ended
	banks    map[[2]int]*audio.Bank
}

// NewService returns a service.
func NewService(opts Options) *Service {
	if opts.Limits.Lag <= 0 {
		opts.Limits.Lag = 30 * time.Second
	}
	if opts.Limits.Finish <= 0 {
		opts.Limits.Finish = 30 * time.Second
	}
	if opts.Limits.Hold == 0 {
		opts.Limits.Hold = 10 * time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opts: opts, sessions: map[*Session]struct{}{}, live: map[identity]*Session{}, parked: map[identity]*parked{},
		winding: map[*parked]*Session{}, opening: map[identity]*queue{}, left: make(chan struct{}, 1), banks: map[[2]int]*audio.Bank{}}
}

// Open admits a caller and starts a session. ctx bounds the opening. The error is an *stt.Error: what Gate and Recognizer
// say, Unsupported naming the option for what neither the model nor a feature can do, and Unavailable while draining.
func (s *Service) Open(ctx context.Context, r *Request) (*Session, error) {
	ses, err := s.open(ctx, r)
	if err != nil {
		s.refused(ctx, r, err)
		return nil, err
	}
	if s.opts.Observer != nil {
		l := ses.live()
		ses.witness = s.opts.Observer.Opened(ctx, &l)
	}
	attrs := []slog.Attr{slog.String("audio", r.Config.Audio.String())}
	if ses.from > 0 {
		attrs = append(attrs, slog.Duration("resumed", ses.from))
	}
	ses.log.LogAttrs(ctx, slog.LevelInfo, "stream opened", attrs...)
	return ses, nil
}

// tellRefused tells who counts and who looks of a request that got no session.
func (s *Service) tellRefused(ctx context.Context, r *Request, why error) {
	if s.opts.Meter != nil {
		s.opts.Meter.Refused(r, why)
	}
	if s.opts.Observer != nil {
		s.opts.Observer.Refused(ctx, r, why)
	}
}

func (s *Service) open(ctx context.Context, r *Request) (*Session, error) {
	ses, cfg, err := s.plan(ctx, r)
	if err != nil {
		return nil, err
	}
	// Whoever asks for what can be had ends the session that has the same id, but nobody else does.
	bounded, cancel := context.WithTimeout(ctx, s.opts.Limits.Finish)
	defer cancel()
	leave, err := s.enter(bounded, r.identity())
	if err != nil {
		return nil, err
	}
	defer leave()
	p, old, err := s.claim(bounded, r)
	if err != nil {
		return nil, err
	}
	if p != nil {
		ses.pending, ses.window = p.said, p.until
	}
	if old != nil {
		ses.takeUp(old)
		return ses, s.register(ses)
	}
	if p != nil {
		ses.from, cfg.Start, r.Config.Start = p.at, p.at, p.at
		ses.mark = p.at.String() + "/"
	}
	if err := s.admit(ctx, ses, cfg); err != nil {
		if p != nil {
			s.putBack(r.identity(), p)
		}
		return nil, err
	}
	return ses, s.register(ses)
}

// admit asks whether there may be one more stream, and opens it.
func (s *Service) admit(ctx context.Context, ses *Session, cfg stt.Config) (err error) {
	reserved := ses.req.place != nil
	ses.leave = ses.req.takePlace()
	if s.opts.Gate != nil && !reserved {
		if ses.leave, err = s.opts.Gate.Admit(ctx, ses.req); err != nil {
			return err
		}
	}
	if ses.stream, err = s.opts.Recognizer.Open(ctx, cfg); err != nil {
		ses.leave()
	}
	return err
}

// register makes a session one of those that are open. After an error nothing is left of it.
func (s *Service) register(ses *Session) error {
	ses.opened = time.Now() // opening may have taken a while, in which nobody could send
	ses.heard, ses.fresh = ses.opened, ses.opened
	if ses.window.IsZero() {
		ses.window = ses.opened.Add(ses.req.Resume)
	}
	id := ses.req.identity()
	s.mu.Lock()
	draining := s.draining
	if !draining {
		s.sessions[ses] = struct{}{}
		if id.id != "" {
			s.live[id] = ses
		}
	}
	s.mu.Unlock()
	if draining {
		ses.release()
		return errDraining()
	}
	return nil
}

// plan chooses the model, the features and the way of the audio.
func (s *Service) plan(ctx context.Context, r *Request) (*Session, stt.Config, error) {
	cfg := r.Config
	if s.Draining() {
		return nil, cfg, errDraining()
	}
	model, err := s.Model(ctx, &cfg)
	if err != nil {
		return nil, cfg, err
	}
	cfg.Model = model.ID
	if len(cfg.Languages.Tags) == 0 && oneLanguage(model.Can.Languages) {
		cfg.Languages.Tags = model.Can.Languages[:1:1] // features go by the language
	}
	chain, err := s.equip(ctx, r, &cfg, &model.Can)
	if err != nil {
		return nil, cfg, err
	}
	if err := offered(&cfg, &model.Can, feature.Gives(s.opts.Features)); err != nil {
		return nil, cfg, err
	}
	in, err := s.newIntake(&cfg, &model.Can)
	if err != nil {
		return nil, cfg, err
	}
	log := slog.New(s.opts.Log.Handler().WithAttrs(append(r.attrs(), slog.String("model", model.ID))))
	if cfg.Medical != nil && !(model.Can.Has | feature.Gives(s.opts.Features)).Has(stt.FeatureMedical) {
		cfg.Medical = nil // who speaks of medicine speaks the language too
		log.Warn("a medical model was asked for; a general one answers")
	}
	language := ""
	if cfg.Languages.Mode == stt.LanguageFixed && len(cfg.Languages.Tags) > 0 {
		language = cfg.Languages.Tags[0]
	}
	return &Session{svc: s, req: r, serial: rand.Text(), model: model.ID, language: language, features: chain, writing: make(turn, 1), intake: in,
		log: log, over: make(chan struct{})}, cfg, nil
}

// Model returns the model that answers to a configuration as things are, without opening a stream. The error is NotFound or
// Unsupported, saying what there is, or why the recognizer does not know its models.
func (s *Service) Model(ctx context.Context, cfg *stt.Config) (stt.Model, error) {
	models, err := s.opts.Recognizer.Models(ctx)
	if err != nil {
		return stt.Model{}, err
	}
	return stt.FindModel(models, cfg)
}

// oneLanguage reports whether all tags are of the same language, whatever the region.
func oneLanguage(tags []string) bool {
	if len(tags) == 0 {
		return false
	}
	first, _, _ := strings.Cut(tags[0], "-")
	return !slices.ContainsFunc(tags, func(tag string) bool {
		language, _, _ := strings.Cut(tag, "-")
		return !strings.EqualFold(language, first)
	})
}

func (s *Service) remove(ses *Session) {
	s.mu.Lock()
	delete(s.sessions, ses)
	if id := ses.req.identity(); s.live[id] == ses {
		delete(s.live, id)
	}
	s.mu.Unlock()
	select {
	case s.left <- struct{}{}:
	default: // told already
	}
}

// bank returns the shared filters between two rates. Making them takes milliseconds, and few pairs are ever asked for.
func (s *Service) bank(in, out int) (*audio.Bank, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]int{in, out}
	if b := s.banks[key]; b != nil {
		return b, nil
	}
	b, err := audio.NewBank(in, out)
	if err == nil && len(s.banks) < 64 { // callers choose the rate: do not keep filters without end
		s.banks[key] = b
	}
	return b, err
}

// Payer returns the id of the key that limits and usage go by.
func (r *Request) Payer() string {
	if r.Key != "" {
		return r.Key
	}
	return r.Caller
}

func (r *Request) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("session", r.ID), slog.String("protocol", r.Protocol), slog.String("caller", r.Caller), slog.String("remote", r.Remote)}
	if r.Request != "" {
		attrs = append(attrs, slog.String("request", r.Request))
	}
	return attrs
}
