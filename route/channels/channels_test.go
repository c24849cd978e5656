package channels_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/route/channels"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// cast is a recognizer that gives the streams it opens to several others in turn.
type cast struct {
	stt.Recognizer // the first
	others         []stt.Recognizer
	around         func(channel int, s stt.Stream) stt.Stream // nil: as they are

	mu     sync.Mutex // guards all below
	opened []stt.Config
}

func (c *cast) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	c.mu.Lock()
	i := len(c.opened)
	c.opened = append(c.opened, cfg)
	c.mu.Unlock()
	s, err := append([]stt.Recognizer{c.Recognizer}, c.others...)[i%(1+len(c.others))].Open(ctx, cfg)
	if err == nil && c.around != nil {
		s = c.around(i, s)
	}
	return s, err
}

// two is a recognizer that says one script on the first channel and another on the second.
func two(t testing.TB, left, right string) *cast {
	return &cast{Recognizer: script.New(script.Options{Script: parse(t, left)}),
		others: []stt.Recognizer{script.New(script.Options{Script: parse(t, right)})}}
}

const (
	agent    = "0.2-1.0 how can I help you\n3.0-4.0 I see\n"
	customer = "1.2-2.8 my line is dead\n4.1-4.6 good\n"
)

func separately() stt.Config { return stt.Config{Audio: stereo, Channels: stt.ChannelsSeparate} }

// talk sends so much silence in pieces of 100 ms and returns what was said, by channel, after judging it.
func talk(t *testing.T, s stt.Stream, cfg stt.Config, length time.Duration) (finals map[int][]stt.Segment, err error) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { // owned by talk, which receives
		for at := time.Duration(0); at < length; at += 100 * time.Millisecond {
			if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, cfg.Audio.Bytes(100*time.Millisecond))}); err != nil {
				sent <- err
				return
			}
		}
		sent <- s.CloseSend()
	}()
	defer func() { <-sent }()
	checker := stttest.Checker{Start: cfg.Start}
	finals = map[int][]stt.Segment{}
	for {
		ev, err := s.Recv(t.Context())
		if err == io.EOF {
			return finals, checker.End(cfg.Start + length)
		}
		if err != nil {
			return finals, err
		}
		if err := checker.Event(ev, cfg.Start+length); err != nil {
			t.Error(err)
		}
		if ev.Segment != nil && ev.Segment.Final {
			finals[ev.Channel] = append(finals[ev.Channel], *ev.Segment)
		}
	}
}

func texts(finals []stt.Segment) (all []string) {
	for i := range finals {
		all = append(all, finals[i].Best().Text)
	}
	return all
}

func open(t *testing.T, r stt.Recognizer, cfg stt.Config) stt.Stream {
	t.Helper()
	s, err := r.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Each channel's words come with its number, on one timeline, under identifiers of their own.
func TestTwoPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := two(t, agent, customer)
		cfg := separately()
		cfg.Start = time.Minute
		inner.Recognizer = script.New(script.Options{Script: parse(t, "60.2-61.0 how can I help you\n63-64 I see")})
		inner.others[0] = script.New(script.Options{Script: parse(t, "61.2-62.8 my line is dead\n64.1-64.6 good")})
		finals, err := talk(t, open(t, channels.New(inner, channels.Options{}), cfg), cfg, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := texts(finals[0]); !slices.Equal(got, []string{"how can I help you", "I see"}) {
			t.Errorf("channel 0: %q", got)
		}
		if got := texts(finals[1]); !slices.Equal(got, []string{"my line is dead", "good"}) {
			t.Errorf("channel 1: %q", got)
		}
		if got := finals[1][0].Span; got != stt.SpanOf(61200*time.Millisecond, 62800*time.Millisecond) {
			t.Errorf("channel 1 begins at %v", got)
		}
		for _, c := range inner.opened {
			if c.Audio != (stt.Format{Rate: 16000, Channels: 1}) || c.Channels != stt.ChannelsMixed || c.Start != time.Minute || c.Model != script.ModelID {
				t.Errorf("a channel was opened with %+v", c)
			}
		}
	})
}

// The same script on both channels has different identifiers.
func TestIdentifiers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := separately()
		finals, err := talk(t, open(t, channels.New(two(t, agent, agent), channels.Options{}), cfg), cfg, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, all := range finals {
			for _, s := range all {
				if seen[s.ID] || s.ID == "" {
					t.Errorf("identifier %q is there twice", s.ID)
				}
				seen[s.ID] = true
			}
		}
		if len(seen) != 4 {
			t.Errorf("%d segments, expected 4", len(seen))
		}
	})
}

// tap hears what a stream is sent and can change what it says.
type tap struct {
	stt.Stream
	heard  []byte
	starts []stt.Time
	closed atomic.Int32
	recv   func(ctx context.Context) (stt.Event, error)
	send   func(ctx context.Context, c stt.Chunk) error
	flush  func(ctx context.Context) error
}

func (s *tap) Send(ctx context.Context, c stt.Chunk) error {
	s.heard = append(s.heard, c.Data...)
	s.starts = append(s.starts, c.Offset)
	if s.send != nil {
		return s.send(ctx, c)
	}
	return s.Stream.Send(ctx, c)
}

func (s *tap) Recv(ctx context.Context) (stt.Event, error) {
	if s.recv != nil {
		return s.recv(ctx)
	}
	return s.Stream.Recv(ctx)
}

func (s *tap) Flush(ctx context.Context) error {
	if s.flush != nil {
		return s.flush(ctx)
	}
	return s.Stream.Flush(ctx)
}

func (s *tap) Close() error {
	s.closed.Add(1)
	return s.Stream.Close()
}

// taps puts a tap on each stream of a cast.
func taps(c *cast) *[]*tap {
	all := &[]*tap{}
	c.around = func(_ int, s stt.Stream) stt.Stream {
		tapped := &tap{Stream: s}
		*all = append(*all, tapped)
		return tapped
	}
	return all
}

// Each channel gets its own samples and the session's time; mixed ones are averaged.
func TestSamples(t *testing.T) {
	for _, mode := range []stt.ChannelMode{stt.ChannelsSeparate, stt.ChannelsMixed} {
		synctest.Test(t, func(t *testing.T) {
			inner := two(t, "", "")
			heard := taps(inner)
			cfg := stt.Config{Audio: stereo, Channels: mode, Start: time.Hour}
			s := open(t, channels.New(inner, channels.Options{}), cfg)
			for _, piece := range [][]byte{{1, 0, 3, 0}, {5, 0, 7, 0, 9, 0, 11, 0}} {
				if err := s.Send(t.Context(), stt.Chunk{Data: piece}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, 6)}); stt.CodeOf(err) != stt.Malformed {
				t.Errorf("a frame and a half: %v", err)
			}
			_ = s.CloseSend()
			synctest.Wait()
			want := []string{"\x01\x00\x05\x00\x09\x00", "\x03\x00\x07\x00\x0b\x00"}
			if mode == stt.ChannelsMixed {
				want = []string{"\x02\x00\x06\x00\x0a\x00"}
			}
			for i, w := range want {
				if got := string((*heard)[i].heard); got != w {
					t.Errorf("channel %d heard % x, expected % x", i, got, w)
				}
				if got := (*heard)[i].starts; !slices.Equal(got, []stt.Time{time.Hour, time.Hour + 62500}) {
					t.Errorf("channel %d: chunks at %v", i, got)
				}
			}
			if len(*heard) != len(want) {
				t.Errorf("%d streams were opened, expected %d", len(*heard), len(want))
			}
		})
	}
}

// One channel is passed through, and so are those that the recognizer separates or mixes by itself.
func TestPassThrough(t *testing.T) {
	able := func(c *stt.Capabilities) { c.MaxChannels, c.Formats = 2, []stt.Format{{Rate: 16000}} }
	mono := stt.Format{Rate: 16000, Channels: 1}
	for _, c := range []struct {
		name string
		can  func(*stt.Capabilities)
		cfg  stt.Config
		want stt.Config
	}{
		{"one channel", func(*stt.Capabilities) {}, stt.Config{Audio: mono}, stt.Config{Audio: mono}},
		{"one channel, separately", func(*stt.Capabilities) {}, stt.Config{Audio: mono, Channels: stt.ChannelsSeparate}, stt.Config{Audio: mono}},
		{"able to separate", able, separately(), separately()},
		{"able to mix", able, stt.Config{Audio: stereo}, stt.Config{Audio: stereo}},
	} {
		rec := &willing{can: c.can}
		if _, err := channels.New(rec, channels.Options{}).Open(t.Context(), c.cfg); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(rec.opened) != 1 || rec.opened[0].Audio != c.want.Audio || rec.opened[0].Channels != c.want.Channels {
			t.Errorf("%s: opened with %+v", c.name, rec.opened)
		}
	}
}

// willing takes whatever it is asked for, and opens nothing.
type willing struct {
	can    func(*stt.Capabilities)
	opened []stt.Config
	closed bool
	ready  error
}

func (w *willing) Models(context.Context) ([]stt.Model, error) {
	m := []stt.Model{{ID: "w", Can: stt.Capabilities{Formats: []stt.Format{{Rate: 16000, Channels: 1}}}}}
	w.can(&m[0].Can)
	return m, nil
}

func (w *willing) Open(_ context.Context, cfg stt.Config) (stt.Stream, error) {
	w.opened = append(w.opened, cfg)
	return nil, nil
}

func (w *willing) Ready(context.Context) error { return w.ready }
func (w *willing) Close() error                { w.closed = true; return nil }

// What is promised follows from what the recognizer behind promises.
func TestModels(t *testing.T) {
	for _, c := range []struct {
		name    string
		most    int
		can     stt.Capabilities
		max     int
		formats []stt.Format
	}{
		{"ordinary", 0, stt.Capabilities{Formats: []stt.Format{{Rate: 16000, Channels: 1}}}, 2, []stt.Format{{Rate: 16000, Channels: 1}, {Rate: 16000, Channels: 2}}},
		{"three", 3, stt.Capabilities{Formats: []stt.Format{{Channels: 1}, {Rate: 8000, Channels: 1, Encoding: stt.FLAC}}}, 3,
			[]stt.Format{{Channels: 1}, {Rate: 8000, Channels: 1, Encoding: stt.FLAC}, {Channels: 2}, {Channels: 3}}},
		{"not wanted", 1, stt.Capabilities{Formats: []stt.Format{{Channels: 1}}}, 1, []stt.Format{{Channels: 1}}},
		{"able", 0, stt.Capabilities{MaxChannels: 8, Formats: []stt.Format{{Rate: 16000}}}, 8, []stt.Format{{Rate: 16000}}},
		{"FLAC only", 0, stt.Capabilities{Formats: []stt.Format{{Encoding: stt.FLAC}}}, 0, []stt.Format{{Encoding: stt.FLAC}}},
	} {
		r := channels.New(&willing{can: func(can *stt.Capabilities) { *can = c.can }}, channels.Options{Max: c.most})
		models, err := r.Models(t.Context())
		if err != nil || models[0].Can.MaxChannels != c.max || !slices.Equal(models[0].Can.Formats, c.formats) {
			t.Errorf("%s: %+v, %v", c.name, models[0].Can, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	r := channels.New(two(t, agent, customer), channels.Options{})
	for _, c := range []struct {
		name   string
		change func(*stt.Config)
		code   stt.Code
	}{
		{"three channels", func(c *stt.Config) { c.Audio.Channels = 3 }, stt.Invalid},
		{"another encoding", func(c *stt.Config) { c.Audio.Encoding = stt.FLAC }, stt.Invalid},
		{"no rate", func(c *stt.Config) { c.Audio.Rate = 0 }, stt.Invalid},
		{"another model", func(c *stt.Config) { c.Model = "x" }, stt.NotFound},
	} {
		cfg := separately()
		c.change(&cfg)
		if _, err := r.Open(t.Context(), cfg); stt.CodeOf(err) != c.code {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// A stream takes as many places as it has channels, or none.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := channels.New(script.New(script.Options{Script: parse(t, agent), Slots: 3}), channels.Options{})
		first := open(t, r, separately())
		_, err := r.Open(t.Context(), separately())
		if e := stt.AsError(err); e == nil || e.Code != stt.Exhausted || !strings.Contains(e.Msg, "takes 2 places, 1 were free") || e.RetryAfter == 0 {
			t.Fatalf("two of three places are taken: %v", err)
		}
		third := open(t, r, stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}}) // the place has been given back
		if _, err := r.Open(t.Context(), separately()); stt.CodeOf(err) != stt.Exhausted || strings.Contains(err.Error(), "takes 2 places") {
			t.Errorf("all places are taken: %v", err)
		}
		_ = first.Close()
		_ = third.Close()
		open(t, r, separately())
	})
}

// When one channel fails, the stream fails for its reason, and the other's place is free at once.
func TestOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dying := script.New(script.Options{Script: parse(t, agent), Fault: script.Fault{Kind: script.Die, At: 2 * time.Second}})
		inner := &cast{Recognizer: script.New(script.Options{Script: parse(t, customer)}), others: []stt.Recognizer{dying}}
		heard := taps(inner)
		cfg := separately()
		finals, err := talk(t, open(t, channels.New(inner, channels.Options{}), cfg), cfg, 5*time.Second)
		if e := stt.AsError(err); e == nil || e.Code != stt.Unavailable || !strings.Contains(e.Msg, "died at 2s") {
			t.Errorf("got %v", err)
		}
		if got := texts(finals[1]); !slices.Equal(got, []string{"how can I help you"}) {
			t.Errorf("before it failed the channel said %q", got)
		}
		synctest.Wait()
		for i, s := range *heard {
			if s.closed.Load() == 0 {
				t.Errorf("the stream of channel %d is still open", i)
			}
		}
	})
}

// A channel that says nothing more, and takes no more either, does not keep back what the other says of the audio it has.
func TestOneStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stalling := script.New(script.Options{Script: parse(t, agent), Fault: script.Fault{Kind: script.Stall}})
		inner := &cast{Recognizer: stalling, others: []stt.Recognizer{script.New(script.Options{Script: parse(t, customer)})}}
		s := open(t, channels.New(inner, channels.Options{}), separately())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var taken time.Duration
		for s.Send(ctx, stt.Chunk{Data: make([]byte, stereo.Bytes(100*time.Millisecond))}) == nil {
			taken += 100 * time.Millisecond
		}
		if taken < 5*time.Second || taken > 8*time.Second {
			t.Errorf("%v of audio were taken ahead of a channel that stalls", taken)
		}
		if lag := s.(stt.Lagger).Lag(); lag < 5*time.Second || lag > taken {
			t.Errorf("it is %v behind, %v having been taken", lag, taken)
		}
		said := 0
		for said < 2 {
			ev, err := s.Recv(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if ev.Segment != nil && ev.Segment.Final && ev.Channel == 1 {
				said++
			}
		}
	})
}

// Flush is answered once for each time that it was asked, when all channels have answered.
func TestFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := two(t, agent, customer)
		heard := taps(inner)
		s := open(t, channels.New(inner, channels.Options{}), separately())
		release := make(chan struct{})
		(*heard)[1].flush = func(ctx context.Context) error {
			<-release
			return (*heard)[1].Stream.Flush(ctx)
		}
		answers := make(chan stt.Event, 10)
		go func() { // ends with the stream
			for {
				ev, err := s.Recv(context.Background())
				if err != nil {
					close(answers)
					return
				}
				if ev.Kind == stt.EventFlushed {
					answers <- ev
				}
			}
		}()
		if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, stereo.Bytes(time.Second))}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if len(answers) != 0 {
			t.Errorf("%d answers before one channel was even asked", len(answers))
		}
		close(release)
		_ = s.CloseSend()
		n := 0
		for ev := range answers {
			if n++; ev.At != time.Second || ev.Channel != 0 {
				t.Errorf("flushed at %v of channel %d", ev.At, ev.Channel)
			}
		}
		if n != 3 {
			t.Errorf("%d answers to 3 flushes", n)
		}
	})
}

// A channel that ends before the audio does leaves the others alone.
func TestOneEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := two(t, agent, customer)
		inner.around = func(i int, s stt.Stream) stt.Stream {
			if i == 1 {
				return s
			}
			gone := &stt.Error{Code: stt.Closed, Op: "send", Msg: "it has ended"}
			return &tap{Stream: s, recv: func(context.Context) (stt.Event, error) { return stt.Event{}, io.EOF },
				send: func(context.Context, stt.Chunk) error { return gone }, flush: func(context.Context) error { return gone }}
		}
		cfg := separately()
		s := open(t, channels.New(inner, channels.Options{}), cfg)
		if err := s.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		finals, err := talk(t, s, cfg, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if len(finals[0]) != 0 || len(finals[1]) != 2 {
			t.Errorf("%d and %d finals", len(finals[0]), len(finals[1]))
		}
	})
}

// What refers to a segment refers to it under its new name, and a recognizer that lies about Flush is found out.
func TestOddStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := two(t, "", "")
		given := false
		inner.around = func(i int, s stt.Stream) stt.Stream {
			return &tap{Stream: s, recv: func(ctx context.Context) (stt.Event, error) {
				if i == 1 && !given {
					given = true
					return stt.Event{Kind: stt.EventRelabel, Relabel: []stt.Relabel{{Segment: "7", Word: -1, Speaker: "x"}}}, nil
				}
				return s.Recv(ctx)
			}, flush: func(context.Context) error { return stt.Errorf(stt.Unsupported, "no") }}
		}
		s := open(t, channels.New(inner, channels.Options{}), separately())
		ev, err := s.Recv(t.Context())
		if err != nil || ev.Kind != stt.EventRelabel || ev.Channel != 1 || ev.Relabel[0].Segment != "ch1-7" {
			t.Errorf("got %+v, %v", ev, err)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.Recv(t.Context()); stt.CodeOf(err) != stt.Unsupported {
			t.Errorf("after a flush that nobody can do: %v", err)
		}
	})
}

// The recognizer behind is warmed, closed and asked as if it stood in front.
func TestLifetime(t *testing.T) {
	w := &willing{can: func(*stt.Capabilities) {}, ready: errors.New("cold")}
	r := channels.New(w, channels.Options{})
	if err := r.Ready(t.Context()); !errors.Is(err, w.ready) {
		t.Errorf("Ready: %v", err)
	}
	if err := r.Close(); err != nil || !w.closed {
		t.Errorf("Close: %v, passed on: %v", err, w.closed)
	}
	plain := channels.New(struct{ stt.Recognizer }{w}, channels.Options{})
	if err := errors.Join(plain.Ready(t.Context()), plain.Close()); err != nil {
		t.Errorf("a recognizer that needs neither: %v", err)
	}
}

// remembering notes what it is asked to open.
type remembering struct {
	stt.Recognizer
	asked []stt.Config
}

func (r *remembering) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	r.asked = append(r.asked, cfg)
	return r.Recognizer.Open(ctx, cfg)
}

// No two streams have the same session id: a service that recognises it again would end the first for the second.
func TestSessionIDs(t *testing.T) {
	inner := &remembering{Recognizer: script.New(script.Options{})}
	s, err := channels.New(inner, channels.Options{}).Open(t.Context(), stt.Config{Session: "mine", Channels: stt.ChannelsSeparate,
		Audio: stt.Format{Encoding: stt.PCM16, Rate: 16000, Channels: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(inner.asked) != 2 || inner.asked[0].Session != "mine" || inner.asked[1].Session != "" {
		t.Errorf("asked for %+v", inner.asked)
	}
}
