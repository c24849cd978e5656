package engine_test

import (
	"context"
	"testing"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// BenchmarkDecode is 100 ms of audio at 16 kHz on its way to a decoder that does nothing with it.
func BenchmarkDecode(b *testing.B) {
	format := stt.Format{Rate: 16000, Channels: 1}
	taken := make(chan struct{})
	s := engine.NewStream(engine.Options{Format: format}, &sink{taken})
	defer s.Close()
	chunk := stt.Chunk{Data: make([]byte, format.Bytes(100*ms))}
	b.SetBytes(int64(len(chunk.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Send(b.Context(), chunk); err != nil {
			b.Fatal(err)
		}
		<-taken
	}
}

type sink struct{ taken chan struct{} }

func (s *sink) Decode(context.Context, []int16, engine.Output) error {
	s.taken <- struct{}{}
	return nil
}
func (s *sink) Flush(context.Context, engine.Output) error  { return nil }
func (s *sink) Finish(context.Context, engine.Output) error { return nil }
func (s *sink) Close()                                      {}
