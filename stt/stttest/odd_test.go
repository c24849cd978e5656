package stttest_test

import (
	"context"
	"errors"
	"io"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// odd is a stream put around a sound one, with some methods of its own.
type odd struct {
	stt.Stream
	send      func(context.Context, stt.Chunk) error
	flush     func(context.Context) error
	closeSend func() error
	recv      func(context.Context) (stt.Event, error)
	close     func() error
}

func (o *odd) Send(ctx context.Context, c stt.Chunk) error {
	if o.send != nil {
		return o.send(ctx, c)
	}
	return o.Stream.Send(ctx, c)
}

func (o *odd) Flush(ctx context.Context) error {
	if o.flush != nil {
		return o.flush(ctx)
	}
	return o.Stream.Flush(ctx)
}

func (o *odd) CloseSend() error {
	if o.closeSend != nil {
		return o.closeSend()
	}
	return o.Stream.CloseSend()
}

func (o *odd) Recv(ctx context.Context) (stt.Event, error) {
	if o.recv != nil {
		return o.recv(ctx)
	}
	return o.Stream.Recv(ctx)
}

func (o *odd) Close() error {
	if o.close != nil {
		return o.close()
	}
	return o.Stream.Close()
}

// around is a recognizer put around the ear. Fields that are nil change nothing.
type around struct {
	*ear
	models func([]stt.Model) []stt.Model
	open   func(context.Context, *stt.Config) error
	stream func(*odd, stt.Config)
}

func (a *around) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := a.ear.Models(ctx)
	if a.models != nil {
		models = a.models(models)
	}
	return models, err
}

func (a *around) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	if a.open != nil {
		if err := a.open(ctx, &cfg); err != nil {
			return nil, err
		}
	}
	s, err := a.ear.Open(ctx, cfg)
	if err != nil || a.stream == nil {
		return s, err
	}
	o := &odd{Stream: s}
	a.stream(o, cfg)
	return o, nil
}

// streams breaks every stream.
func streams(wrong func(*odd, stt.Config)) func(*ear) stt.Recognizer {
	return func(e *ear) stt.Recognizer { return &around{ear: e, stream: wrong} }
}

// only breaks the streams of one defect.
func only(d stttest.Defect, wrong func(*odd, stt.Config)) func(*ear) stt.Recognizer {
	return func(e *ear) stt.Recognizer {
		if e.defect == d {
			return &around{ear: e, stream: wrong}
		}
		return e
	}
}

// claims has the ear promise more than it does.
func claims(f stt.Feature) func(*ear) stt.Recognizer {
	return func(e *ear) stt.Recognizer {
		e.can.Has |= f
		return e
	}
}

// events replaces each event of a stream by what each returns, and io.EOF by what each returns for an event without a
// kind, and io.EOF. Every stream has an each of its own.
func events(wrong func(stt.Config) (each func(stt.Event) []stt.Event)) func(*ear) stt.Recognizer {
	return streams(func(o *odd, cfg stt.Config) {
		each := wrong(cfg)
		var waiting []stt.Event
		ended := false
		o.recv = func(ctx context.Context) (stt.Event, error) {
			for ctx.Err() == nil {
				if len(waiting) > 0 {
					ev := waiting[0]
					waiting = waiting[1:]
					return ev, nil
				}
				ev, err := o.Stream.Recv(ctx)
				switch {
				case err == nil:
					waiting = each(ev)
				case errors.Is(err, io.EOF) && !ended:
					ended = true
					waiting = each(stt.Event{})
				default:
					return ev, err
				}
			}
			return stt.Event{}, ctx.Err()
		}
	})
}

// stateless is events without anything to remember; wrong changes the event and says whether it stays.
func stateless(wrong func(*stt.Event) bool) func(*ear) stt.Recognizer {
	return events(func(stt.Config) func(stt.Event) []stt.Event {
		return func(ev stt.Event) []stt.Event {
			if ev.Kind == 0 || !wrong(&ev) {
				return nil
			}
			return []stt.Event{ev}
		}
	})
}

// segments changes segments, finals or partials.
func segments(final bool, wrong func(*stt.Segment)) func(*ear) stt.Recognizer {
	return stateless(func(ev *stt.Event) bool {
		if ev.Segment != nil && ev.Segment.Final == final {
			wrong(ev.Segment)
		}
		return true
	})
}

// without leaves out kinds of events.
func without(kinds ...stt.Kind) func(*ear) stt.Recognizer {
	return stateless(func(ev *stt.Event) bool {
		for _, k := range kinds {
			if ev.Kind == k {
				return false
			}
		}
		return true
	})
}

// retext makes a segment say other words.
func retext(s *stt.Segment, words []stt.Word) {
	s.Alternatives = []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}
}

// again returns a copy of an event with a segment of its own.
func again(ev stt.Event) stt.Event {
	s := *ev.Segment
	ev.Segment = &s
	return ev
}
