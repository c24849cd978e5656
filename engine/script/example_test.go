package script_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

// A whole conversation with a recognizer: one goroutine sends, the other one receives.
func Example() {
	words, err := script.Parse(`
		0.5-1.5  good morning
		2.0-3.0  how are you
	`)
	if err != nil {
		log.Fatal(err)
	}
	var rec stt.Recognizer = script.New(script.Options{Script: words})

	ctx := context.Background()
	format := stt.Format{Rate: 16000, Channels: 1}
	stream, err := rec.Open(ctx, stt.Config{Audio: format, Interim: stt.Interim{Off: true}})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()

	go func() { // ends after the last chunk, or with the stream
		chunk := stt.Chunk{Data: make([]byte, format.Bytes(100*time.Millisecond))}
		for range 40 {
			if stream.Send(ctx, chunk) != nil {
				return // Recv has the reason
			}
		}
		_ = stream.CloseSend()
	}()

	for {
		ev, err := stream.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			fmt.Println(ev.Segment.Span.Start, ev.Segment.Best().Text)
		}
	}
	// Output:
	// 500ms good morning
	// 2s how are you
}

// Faults let a test see what an application does when its recognizer dies.
func ExampleFault() {
	words, _ := script.Parse("0.5-1.5 good morning\n2-3 how are you")
	rec := script.New(script.Options{Script: words, Fault: script.Fault{Kind: script.Die, At: 2500 * time.Millisecond}})

	ctx := context.Background()
	format := stt.Format{Rate: 16000, Channels: 1}
	stream, err := rec.Open(ctx, stt.Config{Audio: format})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	_ = stream.Send(ctx, stt.Chunk{Data: make([]byte, format.Bytes(4*time.Second))})

	for {
		ev, err := stream.Recv(ctx)
		if err != nil {
			fmt.Println(stt.CodeOf(err))
			break
		}
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			fmt.Println(ev.Segment.Best().Text)
		}
	}
	// Output:
	// good morning
	// unavailable
}

func ExampleScript_Repeat() {
	s, _ := script.Parse("0.5-1.5 tick tock")
	for _, seg := range s.Repeat(2*time.Second, 6*time.Second) {
		fmt.Println(seg.Start, seg.Words[0].Text)
	}
	// Output:
	// 500ms tick
	// 2.5s tick
	// 4.5s tick
}
