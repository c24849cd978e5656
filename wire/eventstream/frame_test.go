package eventstream_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// threeMessages returns three messages, one behind the other, and each by itself.
func threeMessages(t *testing.T) (all []byte, each [][]byte) {
	t.Helper()
	for _, payload := range [][]byte{[]byte("one"), nil, bytes.Repeat([]byte("three"), 2000)} {
		msg, err := eventstream.Append(nil, &eventstream.Message{Payload: payload,
			Headers: eventstream.Headers{{Name: ":event-type", Value: eventstream.String("AudioEvent")}}})
		if err != nil {
			t.Fatal(err)
		}
		all, each = append(all, msg...), append(each, msg)
	}
	return all, each
}

// Frames are the messages byte for byte, however the reader cuts them.
func TestNextFrame(t *testing.T) {
	all, each := threeMessages(t)
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all)),
		"halves": iotest.HalfReader(bytes.NewReader(all)), "end with the data": iotest.DataErrReader(bytes.NewReader(all))} {
		d := eventstream.NewDecoder(r, 0)
		for i, want := range each {
			if i == 1 { // Next and NextFrame may be mixed
				var m eventstream.Message
				if err := d.Next(&m); err != nil || len(m.Payload) != 0 {
					t.Fatalf("%s: message %d: %d bytes, %v", name, i, len(m.Payload), err)
				}
				continue
			}
			got, err := d.NextFrame()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: frame %d: %d bytes and %v; expected %d bytes", name, i, len(got), err, len(want))
			}
		}
		if frame, err := d.NextFrame(); frame != nil || err != io.EOF {
			t.Errorf("%s: after the last frame: %d bytes and %v; expected io.EOF", name, len(frame), err)
		}
	}
}

// What is wrong with a frame beyond its prelude is for the decoding to say; what is wrong with the prelude is said for good.
func TestNextFrameJudges(t *testing.T) {
	all, each := threeMessages(t)
	for i := range all[:len(all)-1] {
		d := eventstream.NewDecoder(bytes.NewReader(all[:i]), 0)
		var err error
		for err == nil {
			_, err = d.NextFrame()
		}
		whole := i == 0 || i == len(each[0]) || i == len(each[0])+len(each[1])
		if whole != (err == io.EOF) || !whole && !errors.Is(err, eventstream.ErrTruncated) {
			t.Fatalf("cut after %d bytes: %v", i, err)
		}
	}
	broken := bytes.Clone(all)
	broken[len(each[0])-1] ^= 1 // the message's checksum
	d := eventstream.NewDecoder(bytes.NewReader(broken), 0)
	frame, err := d.NextFrame()
	if err != nil {
		t.Fatal(err)
	}
	var m eventstream.Message
	if err := eventstream.DecodeExact(frame, &m); !errors.Is(err, eventstream.ErrMessageChecksum) {
		t.Errorf("decoding a frame with a wrong checksum: %v", err)
	}
	broken[8] ^= 1 // the prelude's
	d = eventstream.NewDecoder(bytes.NewReader(broken), 0)
	for range 2 {
		if frame, err := d.NextFrame(); frame != nil || !errors.Is(err, eventstream.ErrPreludeChecksum) {
			t.Errorf("%d bytes and %v; expected the prelude's checksum to be named", len(frame), err)
		}
	}
	d = eventstream.NewDecoder(bytes.NewReader(all), 2)
	if _, err := d.NextFrame(); !errors.Is(err, eventstream.ErrTooLong) {
		t.Errorf("a payload beyond the limit: %v", err)
	}
}
