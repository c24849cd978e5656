package transcribe_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// What a Reader takes is what an encoder of ours would have written the audio of; nothing makes it panic or fail otherwise
// than with Malformed.
func FuzzReader(f *testing.F) {
	bare, _ := transcribe.AppendAudio(nil, vectorAudio)
	for _, seed := range [][]byte{nil, bare, unhex(f, minimalEnd), unhex(f, signedOuter), unhex(f, signedEnd), unhex(f, realException)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, r := range []transcribe.Reader{{}, {Verifier: newVerifier(t, secret)}} {
			in, err := r.Read(msg)
			if err != nil {
				if e := asError(t, err); e.Code != stt.Malformed || len(e.Msg) > 1000 {
					t.Fatalf("%v with %d bytes of text", e.Code, len(e.Msg))
				}
				continue
			}
			if in.End != (len(in.Audio) == 0) || len(in.Audio) > len(msg) {
				t.Fatalf("%d bytes of audio from %d, end %v", len(in.Audio), len(msg), in.End)
			}
			again, err := transcribe.AppendAudio(nil, in.Audio)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := r.Read(again); err != nil || !bytes.Equal(back.Audio, in.Audio) {
				t.Fatalf("written and read again: %v", err)
			}
		}
	})
}

// FuzzConversation takes a server's JSON, one event a line. What a listener makes of it keeps the contract, but for what no
// listener can mend: stable words that change, partials that are pieces.
func FuzzConversation(f *testing.F) {
	f.Add(recordedFinal, uint16(60))
	f.Add(strings.Join([]string{
		`{"Transcript":{"Results":[` + result("a", 100, true, "one") + `]}}`, `{"Transcript":{"Results":[` + result("b", 50, true, "two") + `]}}`,
		`{"Transcript":{"Results":[` + result("a", 100, false, "one two") + `]}}`}, "\n"), uint16(1))
	for _, c := range conversations() {
		c.speaker.Session = session
		var lines []string
		for i := range c.events {
			if ev := c.speaker.Event(&c.events[i]); ev != nil {
				lines = append(lines, jsonOf(f, ev))
			}
		}
		f.Add(strings.Join(lines, "\n"), uint16(60))
	}
	f.Fuzz(func(t *testing.T, lines string, seconds uint16) {
		accepted := time.Duration(seconds) * time.Second
		l := transcribe.Listener{Partial: true, Channels: 2}
		c := stttest.Checker{}
		finals := map[string]bool{}
		judge := func(events []stt.Event) {
			for _, ev := range events {
				if s := ev.Segment; s != nil && s.Final {
					if finals[s.ID] {
						t.Fatalf("a second final of %q", s.ID)
					}
					finals[s.ID] = true
				}
				if err := c.Event(ev, accepted); err != nil && !strings.Contains(err.Error(), "rule 3") && !strings.Contains(err.Error(), "pieces") {
					t.Fatal(err)
				}
			}
		}
		var m eventstream.Message
		for line := range strings.SplitSeq(lines, "\n") {
			out, err := transcribe.ReadOutput(message(t, line, ":message-type", "event", ":event-type", "TranscriptEvent"), &m)
			if err != nil {
				asError(t, err)
				continue
			}
			if len(finals)+len(out.Event.Transcript.Results) > 200 {
				return // ids are remembered for a while only
			}
			// What has been read can be written, and reads the same.
			first := jsonOf(t, out.Event)
			if second := jsonOf(t, readEvent(t, first)); second != first {
				t.Fatalf("%s\nbecomes\n%s", first, second)
			}
			events, err := l.Events(out.Event, accepted)
			if err != nil {
				asError(t, err)
				return // the stream has failed
			}
			judge(events)
		}
		judge(l.Rest())
	})
}

// FuzzParameters takes a query, as it is and as the headers that say the same, to the standard and to the medical operation.
// What is taken means the same on either transport, can be written again, and asks a recognizer for something; what is not is
// refused in a few words.
func FuzzParameters(f *testing.F) {
	f.Add("language-code=en-US&media-encoding=pcm&sample-rate=16000&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887&pii-entity-types=NAME,ADDRESS&content-redaction-type=PII", false)
	f.Add("identify-language=True&language-options=en-US,es-US&preferred-language=es-US&media-encoding=flac&sample-rate=48000&x-amz-user-agent=x", false)
	f.Add("language-code=en-US&media-encoding=pcm&sample-rate=8000&enable-channel-identification=TRUE&number-of-channels=2&show-speaker-label=false", false)
	f.Add("language-code=en-US&media-encoding=pcm&sample-rate=8000&channel-identification=TRUE&number-of-channels=2", true)
	f.Add("language-code=en-US&media-encoding=pcm&sample-rate=16000&specialty=RADIOLOGY&type=DICTATION&content-identification-type=PHI&vocabulary-name=v", true)
	f.Add("language-code=&sample-rate=0&media-encoding=mp3", true)
	f.Fuzz(func(t *testing.T, raw string, medical bool) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		op := transcribe.Operations()[0]
		if medical {
			op = transcribe.Operations()[1]
		}
		p, err := parseAs(t, op, query)
		if err != nil {
			x := transcribe.ExceptionOf(err)
			if stt.CodeOf(err) != stt.Invalid || x.Name != transcribe.BadRequest || x.Message == "" || len(x.Message) > 8000 || !utf8.ValidString(x.Message) {
				t.Fatalf("refused as %+v", x)
			}
			return
		}
		if again, err := parseAs(t, op, p.Query()); err != nil || again != p {
			t.Fatalf("%+v\nbecomes\n%+v, %v", p, again, err)
		}
		if cfg, err := p.Config(); err != nil && stt.CodeOf(err) != stt.Unsupported || err == nil && (cfg.Medical != nil) != medical {
			t.Fatalf("%+v, %v", cfg, err)
		}
		echoed := http.Header{}
		p.Echo(echoed)
		if again, err := transcribe.ParseHeader(op, echoed); err != nil || again != p {
			t.Fatalf("%+v\nis echoed as\n%+v, %v", p, again, err)
		}
		for name, values := range echoed {
			if len(values) != 1 || strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%s is echoed as %q", name, values)
			}
		}
	})
}
