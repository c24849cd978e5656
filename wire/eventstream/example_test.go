package eventstream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// The headers of a transcript never change, so they are encoded once; its JSON is appended in place.
var transcriptHeaders = eventstream.MustBlock(
	eventstream.Header{Name: eventstream.HeaderEventType, Value: eventstream.String("TranscriptEvent")},
	eventstream.Header{Name: eventstream.HeaderContentType, Value: eventstream.String("application/json")},
	eventstream.Header{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeEvent)},
)

func ExampleBlock() {
	var buf []byte // one for each stream
	for range 2 {
		buf = transcriptHeaders.Begin(buf[:0])
		buf = fmt.Append(buf, `{"Transcript":{"Results":[]}}`)
		var err error
		if buf, err = eventstream.End(buf, 0); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(buf), "bytes")
	}
	// Output:
	// 130 bytes
	// 130 bytes
}

// A signed envelope is written in one buffer: the message inside it stands where it will be sent from when it is signed, and the
// signature is filled in behind it.
func ExampleBegin() {
	sign := func(message []byte) [32]byte { return [32]byte{31: byte(len(message))} } // a real one covers the date and what was signed before

	var none [32]byte
	buf, err := eventstream.Begin(nil, eventstream.Headers{
		{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(time.UnixMilli(1767323045678))},
		{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(none[:])},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	payload := len(buf)
	buf, err = eventstream.Append(buf, &eventstream.Message{
		Headers: eventstream.Headers{
			{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeEvent)},
			{Name: eventstream.HeaderEventType, Value: eventstream.String("AudioEvent")},
			{Name: eventstream.HeaderContentType, Value: eventstream.String("application/octet-stream")},
		},
		Payload: []byte{0, 1, 2, 3, 4, 5, 6, 7},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	signature := sign(buf[payload:])
	copy(buf[payload-len(signature):payload], signature[:]) // the last header's value ends where the payload begins
	buf, err = eventstream.End(buf, 0)
	fmt.Println(len(buf), "bytes", err)
	// Output: 195 bytes <nil>
}

func ExampleDecodeExact() {
	frame, _ := eventstream.Append(nil, &eventstream.Message{
		Headers: eventstream.Headers{
			{Name: eventstream.HeaderExceptionType, Value: eventstream.String("BadRequestException")},
			{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeException)},
		},
		Payload: []byte(`{"Message":"no"}`),
	})

	var m eventstream.Message // kept, and used for every frame of the stream
	if err := eventstream.DecodeExact(frame, &m); err != nil {
		fmt.Println(err)
		return
	}
	if m.Headers.Get(eventstream.HeaderMessageType).Is(eventstream.MessageTypeException) {
		name, _ := m.Headers.Get(eventstream.HeaderExceptionType).Text()
		fmt.Printf("%s: %s\n", name, m.Payload)
	}
	fmt.Println(eventstream.DecodeExact(frame[:40], &m))
	// Output:
	// BadRequestException: {"Message":"no"}
	// eventstream: message is cut off: unexpected EOF: "message" at byte 40: want at least 96 bytes, got 40 bytes
}

func ExampleDecoder() {
	var body []byte
	for _, text := range []string{"one", "two"} {
		body, _ = eventstream.Append(body, &eventstream.Message{Payload: []byte(text)})
	}
	d := eventstream.NewDecoder(bytes.NewReader(body), 64<<10)
	var m eventstream.Message
	for {
		err := d.Next(&m)
		if errors.Is(err, io.EOF) {
			fmt.Println("end")
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", m.Payload)
	}
	// Output:
	// one
	// two
	// end
}
