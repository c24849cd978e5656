package transcribe_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

func TestThreeEndsOfAudio(t *testing.T) {
	emptyAudio, err := transcribe.AppendAudio(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealedEmpty := seal(t, sigv4Chunks(t), signingTime, emptyAudio)
	sealedNothing, err := newSealer(t).AppendAudio(nil, nil, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	for name, msg := range map[string][]byte{
		"nothing at all":                   nil,
		"a bare AudioEvent without audio":  emptyAudio,
		"two headers only":                 unhex(t, minimalEnd),
		"a signed AudioEvent without any":  sealedEmpty,
		"a signed envelope around nothing": sealedNothing,
	} {
		for _, verifier := range []*sigv4.ChunkVerifier{nil, newVerifier(t, secret)} {
			r := transcribe.Reader{Verifier: verifier}
			if in, err := r.Read(msg); err != nil || !in.End || len(in.Audio) != 0 {
				t.Errorf("%s (verified: %v): %+v, %v; want the end", name, verifier != nil, in, err)
			}
		}
	}
}

func sigv4Chunks(t testing.TB) *sigv4.ChunkSigner { return newSealer(t).Signer }

// seal wraps inner in an envelope that is signed by the book.
func seal(t testing.TB, chunks *sigv4.ChunkSigner, at time.Time, inner []byte) []byte {
	t.Helper()
	signature := chunks.Sign(at, inner)
	return envelope(t, inner, eventstream.Headers{
		{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(signature[:])}, // this order is the Rust SDK's
		{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(at)}})
}

func envelope(t testing.TB, inner []byte, headers eventstream.Headers) []byte {
	t.Helper()
	b, err := eventstream.Append(nil, &eventstream.Message{Payload: inner, Headers: headers})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReaderRefuses(t *testing.T) {
	audio, err := transcribe.AppendAudio(nil, vectorAudio)
	if err != nil {
		t.Fatal(err)
	}
	signature := eventstream.Header{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(make([]byte, 32))}
	date := eventstream.Header{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(signingTime)}
	corrupt := bytes.Clone(audio)
	corrupt[len(corrupt)-5] ^= 1
	for _, c := range []struct {
		name string
		msg  []byte
		text string
	}{
		{"noise", []byte("hello, this is not a message"), "event-stream"},
		{"one byte", []byte{0}, "event-stream"},
		{"a wrong checksum", corrupt, "checksum"},
		{"two messages", append(bytes.Clone(audio), audio...), "event-stream"},
		{"no headers", message(t, "x"), ":message-type is missing"},
		{"an exception", message(t, "", ":message-type", "exception"), `"exception"; expected event`},
		{"no event type", message(t, "", ":message-type", "event"), ":event-type is missing"},
		{"another event", message(t, "{}", ":message-type", "event", ":event-type", "ConfigurationEvent"), `"ConfigurationEvent"; expected AudioEvent`},
		{"a long name", message(t, "{}", ":message-type", "event", ":event-type", strings.Repeat("x", 5000)), "xxx..."},
		{"a signature without date", envelope(t, audio, eventstream.Headers{signature}), ":date"},
		{"a date of type string", envelope(t, audio, eventstream.Headers{signature,
			{Name: eventstream.HeaderDate, Value: eventstream.String("20260102T030405Z")}}), ":date header of type timestamp"},
		{"a wrong signature", envelope(t, audio, eventstream.Headers{signature, date}), transcribe.TextSignatureMismatch},
		{"a short signature", envelope(t, audio, eventstream.Headers{date,
			{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes([]byte("short"))}}), "not signed as it should be"},
		{"a signature of type string", envelope(t, audio, eventstream.Headers{date,
			{Name: eventstream.HeaderChunkSignature, Value: eventstream.String(strings.Repeat("0", 32))}}), ":message-type is missing"},
		{"signed garbage", seal(t, sigv4Chunks(t), signingTime, []byte("garbage")), "does not hold a valid event-stream message"},
		{"signed twice", seal(t, sigv4Chunks(t), signingTime, unhex(t, signedOuter)), ":message-type is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := transcribe.Reader{Verifier: newVerifier(t, secret)}
			in, err := r.Read(c.msg)
			if err == nil {
				t.Fatalf("read as %+v", in)
			}
			wantCode(t, err, stt.Malformed, c.text)
			if len(err.Error()) > 1000 {
				t.Errorf("the text has %d bytes", len(err.Error()))
			}
			// The reader serves the next message.
			if in, err := r.Read(audio); err != nil || !bytes.Equal(in.Audio, vectorAudio) {
				t.Errorf("the next message is read as %+v, %v", in, err)
			}
		})
	}
}

// The chain binds: messages that are left out, doubled or signed with another secret are found.
func TestChainOfSignatures(t *testing.T) {
	s := newSealer(t)
	var sealed [3][]byte
	for i := range sealed {
		sealed[i], _ = s.AppendAudio(nil, vectorAudio, signingTime)
	}
	for name, order := range map[string][]int{"left out": {0, 2}, "doubled": {0, 0}, "swapped": {1, 0}} {
		r := transcribe.Reader{Verifier: newVerifier(t, secret)}
		var err error
		for _, i := range order {
			if _, err = r.Read(sealed[i]); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: not found", name)
			continue
		}
		wantCode(t, err, stt.Malformed, transcribe.TextSignatureMismatch)
	}
	r := transcribe.Reader{Verifier: newVerifier(t, "another secret", secret)}
	for i := range sealed {
		if _, err := r.Read(sealed[i]); err != nil {
			t.Errorf("message %d, with two secrets accepted: %v", i, err)
		}
	}
	r = transcribe.Reader{Verifier: newVerifier(t, "another secret")}
	_, err := r.Read(sealed[0])
	wantCode(t, err, stt.Malformed, transcribe.TextSignatureMismatch)
	// What the client is told is the stream's exception, not the request's.
	if x := transcribe.ExceptionOf(err); x.Name != transcribe.BadRequest || x.Message != transcribe.TextSignatureMismatch {
		t.Errorf("told as %+v", x)
	}
}

func TestUnverifiedEnvelopesAreOpened(t *testing.T) {
	var r transcribe.Reader
	if in, err := r.Read(unhex(t, signedOuter)); err != nil || !bytes.Equal(in.Audio, vectorAudio) {
		t.Errorf("%+v, %v", in, err)
	}
}

// A message larger than the framing allows is an error of the sender's, and leaves the buffer as it was.
func TestTooMuchAudio(t *testing.T) {
	buf := []byte("before")
	for name, f := range map[string]func() ([]byte, error){
		"bare": func() ([]byte, error) { return transcribe.AppendAudio(buf, make([]byte, eventstream.MaxPayload+1)) },
		"signed": func() ([]byte, error) {
			return newSealer(t).AppendAudio(buf, make([]byte, eventstream.MaxPayload+1), signingTime)
		},
	} {
		if got, err := f(); err == nil || string(got) != "before" {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestReaderDoesNotAllocate(t *testing.T) {
	bare, _ := transcribe.AppendAudio(nil, make([]byte, 3200))
	r := transcribe.Reader{Verifier: newVerifier(t, secret)}
	read := func(msg []byte) {
		if _, err := r.Read(msg); err != nil {
			t.Fatal(err)
		}
	}
	read(bare)
	if n := testing.AllocsPerRun(200, func() { read(bare) }); n != 0 {
		t.Errorf("a bare message: %v allocations, want none", n)
	}
	s := newSealer(t)
	var sealed [300][]byte // each is good once
	for i := range sealed {
		sealed[i], _ = s.AppendAudio(nil, make([]byte, 3200), signingTime)
	}
	next := 0
	read(sealed[next])
	if n := testing.AllocsPerRun(200, func() { next++; read(sealed[next]) }); n != 0 {
		t.Errorf("a signed message: %v allocations, want none", n)
	}
}

// What was signed says when; what was not does not, even behind something that was.
func TestDates(t *testing.T) {
	sealer := newSealer(t)
	signed, _ := sealer.AppendAudio(nil, vectorAudio, signingTime)
	end, _ := sealer.AppendAudio(nil, nil, signingTime.Add(time.Second))
	bare, _ := transcribe.AppendAudio(nil, vectorAudio)
	r := transcribe.Reader{}
	for i, c := range []struct {
		msg  []byte
		want time.Time
	}{{signed, signingTime}, {bare, time.Time{}}, {signed, signingTime}, {nil, time.Time{}}, {end, signingTime.Add(time.Second)}} {
		if in, err := r.Read(c.msg); err != nil || !in.Date.Equal(c.want) || in.Date.IsZero() != c.want.IsZero() {
			t.Errorf("message %d: %v, %v; want %v", i, in.Date, err, c.want)
		}
	}
}

// A signed message may have been signed some time before it came, or after, by another clock.
func TestLate(t *testing.T) {
	const early, late = "Signature expired: 20260102T030405Z is now earlier than ", "Signature not yet current: 20260102T030405Z is still later than "
	for _, c := range []struct {
		age, waited, limit time.Duration
		text               string
		code               stt.Code // what it means to a client of ours
	}{
		{0, 0, 5 * time.Minute, "", 0},
		{5 * time.Minute, 0, 5 * time.Minute, "", 0},
		{-5 * time.Minute, 0, 5 * time.Minute, "", 0},
		{5*time.Minute + time.Second, 0, 5 * time.Minute, early + "20260102T030406Z (20260102T030906Z - 5 min.)", stt.Expired},
		{5*time.Minute + time.Second, 2 * time.Second, 5 * time.Minute, "", 0},
		{10 * time.Minute, 4 * time.Minute, 5 * time.Minute, early + "20260102T030905Z (20260102T031405Z - 5 min.)", stt.Expired},
		{-6 * time.Minute, 0, 5 * time.Minute, late + "20260102T030305Z (20260102T025805Z + 5 min.)", stt.Unauthenticated},
		{-6 * time.Minute, time.Hour, 5 * time.Minute, late + "20260102T030305Z (20260102T025805Z + 5 min.)", stt.Unauthenticated},
		{100 * time.Second, 0, 90 * time.Second, early + "20260102T030415Z (20260102T030545Z - 90 sec.)", stt.Expired},
	} {
		came := signingTime.Add(c.age).In(time.FixedZone("", 3600))
		err := transcribe.Late(signingTime, came, c.waited, c.limit)
		if c.text == "" {
			if err != nil {
				t.Errorf("%v old, %v waited: %v", c.age, c.waited, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%v old, %v waited: not late", c.age, c.waited)
			continue
		}
		wantCode(t, err, stt.Malformed, c.text)
		x := transcribe.ExceptionOf(err)
		if x.Name != transcribe.BadRequest || x.Message != c.text || transcribe.ErrorOf(x, true).Code != c.code {
			t.Errorf("%v old: %+v, %v", c.age, x, transcribe.ErrorOf(x, true).Code)
		}
	}
}
