package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

// seeds returns the seeds of a random test: STREAM_SEED alone when it is set, else 1 to n.
func seeds(t *testing.T, n uint64) []uint64 {
	if s := os.Getenv("STREAM_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("STREAM_SEED is %q; expected a number", s)
		}
		return []uint64{seed}
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i) + 1
	}
	return all
}

// model is what Core should do, as plainly as it can be said: it remembers everything and computes nothing ahead.
type model struct {
	limit, maxEvents int
	sent, read       int
	flushes          []int // positions not yet answered
	sendDone, closed bool
	ended            error
	events           []stt.Event
	said             [2]stt.Time
}

// wouldBlock is what the model foretells for a call that must wait.
var errWouldBlock = errors.New("would block")

func (m *model) writable() error {
	switch {
	case m.closed, m.sendDone, m.ended == io.EOF:
		return stt.Errorf(stt.Closed, "")
	case m.ended != nil:
		return stt.Errorf(stt.CodeOf(m.ended), "")
	default:
		return nil
	}
}

func (m *model) send(n int) error {
	if err := m.writable(); err != nil {
		return err
	}
	if n > 0 && m.sent-m.read >= m.limit {
		return errWouldBlock
	}
	m.sent += n
	return nil
}

func (m *model) flush() error {
	if err := m.writable(); err != nil {
		return err
	}
	m.flushes = append(m.flushes, m.sent)
	return nil
}

func (m *model) take(buf, atLeast int) (n int, mark stream.Mark, err error) {
	if m.closed || m.ended != nil {
		return 0, stream.End, stt.Errorf(stt.Closed, "")
	}
	stop, behind := m.sent, stream.More
	if m.sendDone {
		behind = stream.End
	}
	if len(m.flushes) > 0 {
		stop, behind = m.flushes[0], stream.Flush
	}
	n = min(stop-m.read, buf)
	if m.read+n < stop {
		behind = stream.More // the mark is not reached yet
	}
	if behind == stream.More && (n == 0 || n < min(atLeast, buf)) {
		return 0, stream.More, errWouldBlock
	}
	if behind == stream.Flush {
		m.flushes = m.flushes[1:]
	}
	m.read += n
	return n, behind, nil
}

func (m *model) emit(ev stt.Event) error {
	if m.closed || m.ended != nil {
		return stt.Errorf(stt.Closed, "")
	}
	if ev.Kind == stt.EventProgress && ev.At <= m.said[ev.Channel] {
		return nil
	}
	replaces := false
	if n := len(m.events); n > 0 {
		last := m.events[n-1]
		same := last.Kind == ev.Kind && last.Channel == ev.Channel
		replaces = same && (ev.Kind == stt.EventProgress ||
			ev.Kind == stt.EventSegment && !last.Segment.Final && !ev.Segment.Final && last.Segment.ID == ev.Segment.ID)
	}
	switch {
	case replaces:
		m.events[len(m.events)-1] = ev
	case len(m.events) >= m.maxEvents:
		return errWouldBlock
	default:
		m.events = append(m.events, ev)
	}
	if ev.Kind == stt.EventProgress {
		m.said[ev.Channel] = ev.At
	}
	return nil
}

func (m *model) recv() (stt.Event, error) {
	switch {
	case len(m.events) > 0:
		ev := m.events[0]
		m.events = m.events[1:]
		return ev, nil
	case m.ended != nil:
		return stt.Event{}, m.ended
	case m.closed:
		return stt.Event{}, stt.Errorf(stt.Closed, "")
	default:
		return stt.Event{}, errWouldBlock
	}
}

func (m *model) finish() {
	if m.closed || m.ended != nil {
		return
	}
	m.maxEvents += 2
	for ch := range m.said {
		_ = m.emit(stt.Event{Kind: stt.EventProgress, Channel: ch, At: mono.Duration(int64(m.sent))})
	}
	m.ended = io.EOF
}

func (m *model) fail(err *stt.Error) {
	if !m.closed && m.ended == nil {
		m.ended = err
	}
}

func (m *model) close() { m.closed, m.events = true, nil }

// agree fails when a call and the model's word for it differ.
func agree(t *testing.T, what string, got, want error) {
	t.Helper()
	switch {
	case want == nil || want == io.EOF:
		if got != want {
			t.Fatalf("%s returns %v; the model says %v", what, got, want)
		}
	case want == errWouldBlock:
		if !errors.Is(got, context.DeadlineExceeded) {
			t.Fatalf("%s returns %v; the model says that it blocks", what, got)
		}
	case stt.CodeOf(got) != stt.CodeOf(want):
		t.Fatalf("%s returns %v; the model says code %v", what, got, stt.CodeOf(want))
	}
}

// One call after the other, chosen at random, against the model.
func TestAgainstModel(t *testing.T) {
	for _, seed := range seeds(t, 60) {
		t.Run(fmt.Sprintf("STREAM_SEED=%d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			m := &model{limit: 2 + 2*r.IntN(20), maxEvents: 1 + r.IntN(5)}
			opts := stream.Options{MaxAhead: mono.Duration(int64(m.limit)), MaxEvents: m.maxEvents, Channels: 2}
			bubble(t, opts, func(t *testing.T, c *stream.Core) {
				for range 400 {
					step(t, r, m, c)
				}
			})
		})
	}
}

func step(t *testing.T, r *rand.Rand, m *model, c *stream.Core) {
	switch p := r.IntN(1000); {
	case p < 250:
		from, n := m.sent, 2*r.IntN(12)
		want := m.send(n)
		agree(t, "Send", c.Send(soon(t), stt.Chunk{Data: audio(from, n)}), want)
	case p < 290 && len(m.flushes) < 60:
		want := m.flush()
		agree(t, "Flush", c.Flush(soon(t)), want)
	case p < 550:
		buf := make([]byte, 2*(1+r.IntN(12)))
		atLeast, from := r.IntN(26), m.read
		n, mark, want := m.take(len(buf), atLeast)
		gotN, gotMark, err := c.Read(soon(t), buf, atLeast)
		agree(t, "Read", err, want)
		if want == nil && (gotN != n || gotMark != mark || string(buf[:n]) != string(audio(from, n))) {
			t.Fatalf("Read gives %d bytes, mark %d; the model says %d bytes from %d, mark %d", gotN, gotMark, n, from, mark)
		}
	case p < 770:
		stepEmit(t, r, m, c)
	case p < 990:
		stepRecv(t, m, c)
	case p < 993:
		if !m.closed {
			m.sendDone = true
			agree(t, "CloseSend", c.CloseSend(), nil)
		}
	case p < 995:
		m.finish()
		c.Finish()
	case p < 997:
		err := stt.Errorf(stt.Unavailable, "gone")
		m.fail(err)
		c.Fail(err)
	case p < 998:
		m.close()
		c.Close()
	}
	if got, want := c.Accepted(), mono.Duration(int64(m.sent)); got != want {
		t.Fatalf("accepted %v; the model says %v", got, want)
	}
}

func stepEmit(t *testing.T, r *rand.Rand, m *model, c *stream.Core) {
	ev := []stt.Event{
		partial(string(rune('a'+r.IntN(2))), r.IntN(9)), final("a", r.IntN(9)), endpoint,
		progress(time.Duration(r.IntN(100))), progress(time.Duration(r.IntN(100))),
	}[r.IntN(5)]
	ev = on(r.IntN(2), ev)
	want := m.emit(ev)
	if want != errWouldBlock {
		agree(t, "Emit", c.Emit(ev), want)
		return
	}
	emitted := make(chan error, 1)
	go func() { emitted <- c.Emit(ev) }() // ends when Emit returns, which the Recv below makes possible
	synctest.Wait()
	if len(emitted) > 0 {
		t.Fatalf("Emit returns %v; the model says that it blocks", <-emitted)
	}
	stepRecv(t, m, c)
	// Room has been made, but what waits in Emit may replace an event now, or go behind it.
	want = m.emit(ev)
	agree(t, "Emit", <-emitted, want)
}

func stepRecv(t *testing.T, m *model, c *stream.Core) {
	want, wantErr := m.recv()
	got, err := c.Recv(soon(t))
	agree(t, "Recv", err, wantErr)
	if wantErr == nil && (describe(got) != describe(want) || got.Segment != want.Segment) {
		t.Fatalf("Recv gives %v; the model says %v", describe(got), describe(want))
	}
}

// All four sides at once: every byte arrives in order, flushes stand where they were asked for, and each is answered.
func TestConcurrent(t *testing.T) {
	for _, seed := range seeds(t, 15) {
		t.Run(fmt.Sprintf("STREAM_SEED=%d", seed), func(t *testing.T) {
			bubble(t, stream.Options{MaxAhead: ahead, MaxEvents: 3}, func(t *testing.T, c *stream.Core) { concurrent(t, c, seed) })
		})
	}
}

func concurrent(t *testing.T, c *stream.Core, seed uint64) {
	var asked, found []int
	var all sync.WaitGroup
	all.Go(func() { // the sender; ends after CloseSend
		r := rand.New(rand.NewPCG(seed, 1))
		pos := 0
		for range 300 {
			n := 2 * r.IntN(12)
			if err := c.Send(context.Background(), stt.Chunk{Data: audio(pos, n)}); err != nil {
				t.Errorf("Send: %v", err)
			}
			pos += n
			if r.IntN(6) == 0 {
				asked = append(asked, pos)
				if err := c.Flush(context.Background()); err != nil {
					t.Errorf("Flush: %v", err)
				}
			}
		}
		if err := c.CloseSend(); err != nil {
			t.Errorf("CloseSend: %v", err)
		}
	})
	c.Go(func(ctx context.Context) { // the worker
		r := rand.New(rand.NewPCG(seed, 2))
		pos := 0
		for {
			buf := make([]byte, 2*(1+r.IntN(10)))
			n, mark, err := c.Read(ctx, buf, r.IntN(len(buf)+1))
			if err != nil {
				t.Errorf("Read: %v", err)
				return
			}
			if string(buf[:n]) != string(audio(pos, n)) {
				t.Errorf("Read gives other bytes at %d", pos)
			}
			pos += n
			switch mark {
			case stream.Flush:
				found = append(found, pos)
				_ = c.Emit(stt.Event{Kind: stt.EventFlushed, At: mono.Duration(int64(pos))})
			case stream.End:
				c.Finish()
				return
			}
			_ = c.Emit(progress(mono.Duration(int64(pos))))
		}
	})
	var flushed []stt.Time
	var last stt.Time
	for {
		ev, err := c.Recv(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ev.At < last {
			t.Errorf("%v after %v", describe(ev), last)
		}
		last = ev.At
		if ev.Kind == stt.EventFlushed {
			flushed = append(flushed, ev.At)
		}
	}
	all.Wait()
	if len(asked) == 0 || fmt.Sprint(found) != fmt.Sprint(asked) {
		t.Errorf("flushes found at %v, asked at %v", found, asked)
	}
	if len(flushed) != len(asked) || last != c.Accepted() {
		t.Errorf("%d flushes answered of %d; the last event is at %v of %v", len(flushed), len(asked), last, c.Accepted())
	}
}
