package stream_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

var wide = stt.Format{Rate: 16000, Channels: 1}

// BenchmarkSendRead is one chunk of 100 ms through the queue.
func BenchmarkSendRead(b *testing.B) {
	c := stream.New(stream.Options{Format: wide})
	defer c.Close()
	chunk := stt.Chunk{Data: make([]byte, wide.Bytes(100*time.Millisecond))}
	buf := make([]byte, len(chunk.Data))
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		sendRead(b, c, chunk, buf)
	}
}

// BenchmarkEmitRecv is one event through the queue.
func BenchmarkEmitRecv(b *testing.B) {
	c := stream.New(stream.Options{Format: wide})
	defer c.Close()
	ev := final("a", 1)
	b.ReportAllocs()
	for b.Loop() {
		emitRecv(b, c, ev)
	}
}

// BenchmarkNew is the birth and the death of a stream that is not used.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		stream.New(stream.Options{Format: wide}).Close()
	}
}

func sendRead(tb testing.TB, c *stream.Core, chunk stt.Chunk, buf []byte) {
	if err := c.Send(tb.Context(), chunk); err != nil {
		tb.Fatal(err)
	}
	if n, _, err := c.Read(tb.Context(), buf, len(buf)); n != len(buf) || err != nil {
		tb.Fatal(n, err)
	}
}

func emitRecv(tb testing.TB, c *stream.Core, ev stt.Event) {
	if err := c.Emit(ev); err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Recv(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	c := stream.New(stream.Options{Format: wide})
	defer c.Close()
	chunk := stt.Chunk{Data: make([]byte, wide.Bytes(100*time.Millisecond))}
	buf := make([]byte, len(chunk.Data))
	ev := final("a", 1)
	for name, f := range map[string]func(){
		"a chunk of 100 ms through Send and Read":  func() { sendRead(t, c, chunk, buf) },
		"an event through Emit and Recv":           func() { emitRecv(t, c, ev) },
		"a burst of four events as of a final one": func() { burst(t, c, ev) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations, expected none", name, n)
		}
	}
}

func burst(tb testing.TB, c *stream.Core, ev stt.Event) {
	for range 4 {
		if err := c.Emit(ev); err != nil {
			tb.Fatal(err)
		}
	}
	for range 4 {
		if _, err := c.Recv(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

// Thousands of streams wait for somebody to speak: one of them must be small, however busy it has been.
func TestIdleMemory(t *testing.T) {
	const streams = 100
	for _, c := range []struct {
		name  string
		use   func(*stream.Core)
		limit int64 // bytes
	}{
		{"new", func(*stream.Core) {}, 2 << 10},
		{"after chunks of 100 ms", func(c *stream.Core) { busy(t, c, 100*time.Millisecond, 1) }, 8 << 10},
		{"after 4 s at once and many events", func(c *stream.Core) { busy(t, c, 4*time.Second, 200) }, 4 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := make([]*stream.Core, streams)
			before := heap()
			for i := range all {
				all[i] = stream.New(stream.Options{Format: wide})
				c.use(all[i])
			}
			each := (heap() - before) / streams
			t.Logf("%d bytes each", each)
			if each > c.limit {
				t.Errorf("an idle stream holds %d bytes, expected %d at most", each, c.limit)
			}
			for _, s := range all {
				s.Close()
			}
		})
	}
}

func busy(t *testing.T, c *stream.Core, chunk time.Duration, events int) {
	buf := make([]byte, wide.Bytes(chunk))
	sendRead(t, c, stt.Chunk{Data: buf}, buf)
	for range events {
		emit(t, c, endpoint)
	}
	for range events {
		if _, err := c.Recv(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one finalised
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
