package transcribe_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// request opens a stream over HTTP/2. Words with "@" are how the request is made, the others are parameters; one without a
// value is left out.
func (p *player) request(words []string) []string {
	p.start()
	header := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
		"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"},
		"X-Amzn-Transcribe-Session-Id": {sessionID}}
	how := map[string]string{"path": wire.PathHTTP2, "secret": secret, "key": keyID, "late": "0s", "method": "POST"}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if name, ok := strings.CutPrefix(key, "@"); ok {
			how[name] = value
			continue
		}
		header.Del("X-Amzn-Transcribe-" + key)
		if value != "" {
			header.Set("X-Amzn-Transcribe-"+key, value)
		}
	}
	signer := p.signer(how["secret"], how["key"])
	_, signer.SignAuthority = how["authority"]
	if _, ok := how["no-payload-hash"]; ok {
		header.Del("X-Amz-Content-Sha256")
	}
	p.post = &post{t: p.t, path: how["path"], method: how["method"], header: header, signer: signer, late: p.duration(how["late"])}
	if name, ok := how["added"]; ok { // after the signing
		p.post.added = http.Header{name: {"true"}}
	}
	_, p.post.unsigned = how["unsigned"]
	_, p.post.headers = how["headers"]
	_, bare := how["bare"]
	p.envelope = !bare
	rate, _ := strconv.Atoi(header.Get("X-Amzn-Transcribe-Sample-Rate"))
	p.bytes = 2 * rate
	p.post.do(p.server.net.Client())
	p.sealer = p.post.sealer
	said := p.post.heard()
	if said[0] != "200" { // the end of a refusal comes a moment later
		pass(time.Second)
		said = append(said, p.post.heard()...)
	}
	return said
}

func (p *player) chunk(audio []byte) {
	if p.envelope {
		p.seal(audio, 0)
		return
	}
	msg, err := wire.AppendAudio(nil, audio)
	if err != nil {
		p.t.Fatal(err)
	}
	p.message(msg)
}

func (p *player) seal(audio []byte, off time.Duration) {
	msg, err := p.sealer.AppendAudio(nil, audio, time.Now().Add(off))
	if err != nil {
		p.t.Fatal(err)
	}
	p.message(msg)
}

// message sends one message, by whatever transport.
func (p *player) message(msg []byte) {
	if p.post != nil {
		p.post.send(msg)
	} else {
		p.client.send(fin|opBinary, msg)
	}
	synctest.Wait()
}

// event sends an event by any name, in an envelope where those are used.
func (p *player) event(name, payload string) {
	inner := eventstream.Message{Payload: []byte(payload), Headers: eventstream.Headers{
		{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeEvent)},
		{Name: eventstream.HeaderEventType, Value: eventstream.String(name)}}}
	msg, err := eventstream.Append(nil, &inner)
	if err == nil && p.envelope {
		signature := p.sealer.Signer.Sign(time.Now(), msg)
		msg, err = eventstream.Append(nil, &eventstream.Message{Payload: msg, Headers: eventstream.Headers{
			{Name: eventstream.HeaderDate, Value: eventstream.Timestamp(time.Now())},
			{Name: eventstream.HeaderChunkSignature, Value: eventstream.Bytes(signature[:])}}})
	}
	if err != nil {
		p.t.Fatal(fmt.Errorf("event %s: %w", name, err))
	}
	p.message(msg)
}
