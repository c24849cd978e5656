package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

const ms = time.Millisecond

// mono has one frame of two bytes a millisecond.
var mono = stt.Format{Rate: 1000, Channels: 1}

// fake is a Decoder that remembers its calls. Its hooks, where set, decide what the calls return.
type fake struct {
	decode func(ctx context.Context, block []int16, out engine.Output) error
	flush  func(out engine.Output) error
	finish func(out engine.Output) error

	mu    sync.Mutex
	calls []string
}

func (f *fake) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

func (f *fake) noted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fake) Decode(ctx context.Context, block []int16, out engine.Output) error {
	f.note("decode %d from %d", len(block), block[0])
	for i := range block {
		if block[i] != block[0]+int16(i) {
			f.note("sample %d is %d", i, block[i])
		}
	}
	if f.decode != nil {
		return f.decode(ctx, block, out)
	}
	return nil
}

func (f *fake) Flush(_ context.Context, out engine.Output) error {
	f.note("flush")
	if f.flush != nil {
		return f.flush(out)
	}
	return nil
}

func (f *fake) Finish(_ context.Context, out engine.Output) error {
	f.note("finish")
	if f.finish != nil {
		return f.finish(out)
	}
	return nil
}

func (f *fake) Close() { f.note("close") }

// samples returns n samples that count from first.
func samples(first, n int) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(first+i)))
	}
	return b
}

func bubble(t *testing.T, opts engine.Options, f *fake, body func(t *testing.T, s stt.Stream)) {
	t.Helper()
	if opts.Format == (stt.Format{}) {
		opts.Format = mono
	}
	synctest.Test(t, func(t *testing.T) {
		s := engine.NewStream(opts, f)
		defer s.Close()
		body(t, s)
	})
}

func send(t *testing.T, s stt.Stream, first, n int) {
	t.Helper()
	if err := s.Send(t.Context(), stt.Chunk{Data: samples(first, n)}); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

// rest receives to the end and returns what came, and why it ended.
func rest(t *testing.T, s stt.Stream) (events []string, end error) {
	t.Helper()
	for {
		ev, err := s.Recv(t.Context())
		if err != nil {
			return events, err
		}
		events = append(events, ev.Kind.String()+" "+ev.At.String())
	}
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nexpected\n  %s", what, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}
