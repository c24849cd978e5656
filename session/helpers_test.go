package session_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

const conversation = `
0.5-1.6   good morning everybody
2.0-3.1   how@2.0-2.2 are@2.25-2.45 you@2.7-3.1
3.1-3.9   very well
`

var mono16k = stt.Format{Rate: 16000, Channels: 1}

func parse(t testing.TB, text string) script.Script {
	t.Helper()
	s, err := script.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scripted returns an engine that says the conversation.
func scripted(t testing.TB, f script.Fault) *script.Recognizer {
	return script.New(script.Options{Script: parse(t, conversation), Fault: f})
}

// picky is a recognizer with other capabilities than the one it hides, which keeps what it was asked for.
type picky struct {
	stt.Recognizer
	can func(*stt.Capabilities)

	mu     sync.Mutex // guards all below
	opened []stt.Config
	heard  []byte
	starts []stt.Time // of chunks
}

func (p *picky) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := p.Recognizer.Models(ctx)
	for i := range models {
		p.can(&models[i].Can)
	}
	return models, err
}

func (p *picky) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	models, _ := p.Models(ctx)
	if !models[0].Can.Takes(cfg.Audio) {
		return nil, stt.InvalidOption("audio", cfg.Audio.String(), "what the model takes")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened = append(p.opened, cfg)
	cfg.Audio.Channels = 1 // the script's time runs faster with more, which these tests do not look at
	stream, err := p.Recognizer.Open(ctx, cfg)
	return &overheard{stream, p}, err
}

// overheard is a stream of picky.
type overheard struct {
	stt.Stream
	p *picky
}

func (o *overheard) Send(ctx context.Context, c stt.Chunk) error {
	err := o.Stream.Send(ctx, c)
	if err == nil {
		o.p.mu.Lock()
		defer o.p.mu.Unlock()
		o.p.starts = append(o.p.starts, c.Offset)
		o.p.heard = append(o.p.heard, c.Data...)
	}
	return err
}

func only(f stt.Format) func(*stt.Capabilities) {
	return func(c *stt.Capabilities) { c.Formats = []stt.Format{f} }
}

func request(f stt.Format) *session.Request {
	return &session.Request{ID: "session-1", Protocol: "test", Caller: "AKIDEXAMPLE", Remote: "192.0.2.7:1234",
		Config: stt.Config{Audio: f, Languages: stt.Languages{Tags: []string{"en-US"}}}}
}

// open opens a session that is closed at the end of the test, if the test has not done so.
func open(t testing.TB, s *session.Service, r *session.Request) *session.Session {
	t.Helper()
	ses, err := s.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ses.Close(nil) })
	return ses
}

// heard is what a session said.
type heard struct {
	finals   []stt.Segment
	partials int
	err      error // why it ended
}

func (h *heard) words() []string {
	var all []string
	for i := range h.finals {
		for _, w := range h.finals[i].Best().Words {
			if w.Kind != stt.Punctuation {
				all = append(all, w.NormalForm())
			}
		}
	}
	return all
}

// listen reads a session to its end.
func listen(ctx context.Context, ses *session.Session) (h heard) {
	for {
		ev, err := ses.Next(ctx)
		if err != nil {
			h.err = err
			return h
		}
		switch {
		case ev.Kind != stt.EventSegment:
		case ev.Segment.Final:
			h.finals = append(h.finals, *ev.Segment)
		default:
			h.partials++
		}
	}
}

// speak writes audio in pieces, ends it, and returns what the session says.
func speak(t testing.TB, ses *session.Session, pieces ...[]byte) heard {
	t.Helper()
	sent := make(chan error, 1)
	go func() { // owned by speak, which receives from sent
		for _, p := range pieces {
			if err := ses.Write(t.Context(), p); err != nil {
				ses.Finish(t.Context(), err)
				sent <- err
				return
			}
		}
		sent <- ses.CloseSend(t.Context())
	}()
	h := listen(t.Context(), ses)
	if err := <-sent; err != nil && errors.Is(h.err, io.EOF) {
		t.Errorf("writing fails with %v, and yet the session ends regularly", err)
	}
	return h
}

// cut cuts audio into pieces of the given lengths, the last one again and again.
func cut(audio []byte, lengths ...int) [][]byte {
	var all [][]byte
	for i := 0; len(audio) > 0; i++ {
		n := min(lengths[min(i, len(lengths)-1)], len(audio))
		all = append(all, audio[:n])
		audio = audio[n:]
	}
	return all
}

func sameWords(t testing.TB, h heard, until time.Duration) {
	t.Helper()
	if want := parse(t, conversation).Text(until); !slices.Equal(h.words(), want) {
		t.Errorf("heard %q, expected %q", h.words(), want)
	}
}

func wantCode(t testing.TB, err error, code stt.Code, texts ...string) {
	t.Helper()
	if stt.CodeOf(err) != code {
		t.Errorf("got %v (%v), expected code %v", err, stt.CodeOf(err), code)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %q, expected it to say %q", err, text)
		}
	}
}

func contextFor(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// meter keeps what it is told.
type meter struct {
	mu      sync.Mutex // guards all below
	all     []session.Usage
	refused []string // code and caller
}

func (m *meter) Record(u session.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, u)
}

// modelless is a recognizer that cannot say what it can do.
type modelless struct {
	stt.Recognizer
	err error
}

func (m modelless) Models(context.Context) ([]stt.Model, error) { return nil, m.err }

func (m *meter) Refused(r *session.Request, why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = append(m.refused, stt.CodeOf(why).String()+" "+r.Caller)
}
