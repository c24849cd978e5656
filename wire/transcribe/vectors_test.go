package transcribe_test

import (
	"bytes"
	"testing"

	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// Two messages of the real service, byte for byte.
const (
	realEmpty     = `0000008200000055b50599e00b3a6576656e742d7479706507000f5472616e7363726970744576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b225472616e736372697074223a7b22526573756c7473223a5b5d7d7dac5a832a`
	realException = `000000a30000006168106be10f3a657863657074696f6e2d7479706507001342616452657175657374457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b224d657373616765223a22556e657870656374656420576562536f636b6574206672616d652072656365697665642e227dbdce4b8a`
)

// minimalEnd is the 63-byte end of audio of a well-known sample application: two headers and nothing else.
const minimalEnd = `0000003f0000002fed82cd67 0d3a6d6573736167652d747970650700056576656e74 0b3a6576656e742d7479706507000a417564696f4576656e74 b2c1d135`

// The worked vector of a signed stream: audio 00..07 in its inner message and envelope, and the frame that ends the stream
// when it comes first in the chain after the envelope.
const (
	signedInner = `0000007000000058f940e6600d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479706507000a417564696f4576656e740d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0001020304050607273cfb44`
	signedOuter = `000000c30000004324425d48053a64617465080000019b7ca98f2e103a6368756e6b2d7369676e6174757265060020` +
		`cb6b9ae2a5a81d839f36c2370da4085b46adfe3a1a53dbff913a5620b85b0320` + signedInner + `00c5c9bf`
	signedEnd = `0000005300000043f5447a58053a64617465080000019b7ca98f2e103a6368756e6b2d7369676e6174757265060020` +
		`acc095ea6d3badcf8843b5bdb5380fe36b917173408b81f8d3fc8dbbe63b41fa` + `6f40671c`
)

var vectorAudio = []byte{0, 1, 2, 3, 4, 5, 6, 7}

func TestServerMessagesAreTheServices(t *testing.T) {
	got, err := transcribe.AppendTranscript([]byte("before"), &transcribe.TranscriptEvent{})
	if want := append([]byte("before"), unhex(t, realEmpty)...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("empty TranscriptEvent:\n%x, %v\nwant\n%x", got, err, want)
	}
	got, err = transcribe.AppendException([]byte("before"), transcribe.Exception{Name: transcribe.BadRequest, Message: transcribe.TextUnexpectedFrame})
	if want := append([]byte("before"), unhex(t, realException)...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("exception:\n%x, %v\nwant\n%x", got, err, want)
	}
}

func TestReadingTheServicesMessages(t *testing.T) {
	var m eventstream.Message
	out, err := transcribe.ReadOutput(unhex(t, realEmpty), &m)
	if err != nil || out.Exception != nil || out.Event == nil || len(out.Event.Transcript.Results) != 0 {
		t.Errorf("empty TranscriptEvent is read as %+v, %v", out, err)
	}
	out, err = transcribe.ReadOutput(unhex(t, realException), &m)
	if err != nil || out.Event != nil || out.Exception == nil ||
		*out.Exception != (transcribe.Exception{Name: transcribe.BadRequest, Message: transcribe.TextUnexpectedFrame}) {
		t.Errorf("exception is read as %+v, %v", out, err)
	}
}

func TestSignedVector(t *testing.T) {
	r := transcribe.Reader{Verifier: newVerifier(t, secret)}
	in, err := r.Read(unhex(t, signedOuter))
	if err != nil || in.End || !bytes.Equal(in.Audio, vectorAudio) {
		t.Errorf("the envelope is read as %+v, %v", in, err)
	}
	in, err = r.Read(unhex(t, signedEnd))
	if err != nil || !in.End || len(in.Audio) != 0 {
		t.Errorf("the end frame is read as %+v, %v", in, err)
	}
}

// Our inner message has its headers in another order than the vector's, so its signature differs; sizes are those measured
// of SDKs.
func TestSealer(t *testing.T) {
	s := newSealer(t)
	r := transcribe.Reader{Verifier: newVerifier(t, secret)}
	buf := []byte("before")
	for i, audio := range [][]byte{vectorAudio, make([]byte, 3200), nil} {
		got, err := s.AppendAudio(buf, audio, signingTime.Add(ms(i*100)+999)) // less than a millisecond is cut off
		if err != nil {
			t.Fatal(err)
		}
		msg := got[len("before"):]
		if want := []int{195, 3387, 83}[i]; len(msg) != want {
			t.Errorf("message %d has %d bytes, want %d", i, len(msg), want)
		}
		in, err := r.Read(msg)
		if err != nil || in.End != (audio == nil) || !bytes.Equal(in.Audio, audio) {
			t.Errorf("message %d is read back as %d bytes, end %v, %v", i, len(in.Audio), in.End, err)
		}
	}
}

// The end frame holds no header order of ours: it is the vector's, byte for byte, when it follows the vector's first message.
func TestSealerEndFrame(t *testing.T) {
	signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: accessKey, Secret: secret}, Region: region}
	chunks, err := sigv4.NewChunkSigner(signer, "cb6b9ae2a5a81d839f36c2370da4085b46adfe3a1a53dbff913a5620b85b0320")
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&transcribe.Sealer{Signer: chunks}).AppendAudio(nil, nil, signingTime)
	if want := unhex(t, signedEnd); err != nil || !bytes.Equal(got, want) {
		t.Errorf("end frame\n%x, %v\nwant\n%x", got, err, want)
	}
}

func TestBareAudioSize(t *testing.T) {
	got, err := transcribe.AppendAudio(nil, make([]byte, 3200))
	if err != nil || len(got) != 3304 {
		t.Errorf("3200 bytes of audio make %d, %v; want 3304", len(got), err)
	}
}
