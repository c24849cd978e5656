package transcribe_test

import (
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// What HTTP/2 allows and few clients do changes nothing about a stream.
func TestUnusualHTTP2(t *testing.T) {
	const (
		frameHeadersAgain = frameHeaders
		frameUnknown      = 0x42
		flagPadded        = 0x8
	)
	setting := func(id uint16, value uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, id), value)
	}
	for _, tt := range []struct {
		name string
		do   func(c *framer, msg []byte) // sends a second of audio; the stream is open
	}{
		{"a byte in a frame", func(c *framer, msg []byte) {
			for _, b := range msg[:2000] {
				c.data([]byte{b})
			}
			c.data(msg[2000:16000])
			c.data(msg[16000:])
		}},
		{"frames of nothing in between", func(c *framer, msg []byte) {
			for len(msg) > 0 {
				n := min(1000, len(msg))
				c.data(nil)
				c.data(msg[:n])
				msg = msg[n:]
			}
		}},
		{"padded frames", func(c *framer, msg []byte) {
			for len(msg) > 0 {
				n := min(700, len(msg))
				padded := append(append([]byte{255}, msg[:n]...), make([]byte, 255)...)
				c.bytes(h2frame(frameData, flagPadded, c.stream, padded))
				msg = msg[n:]
			}
		}},
		{"the longest frames", func(c *framer, msg []byte) {
			for len(msg) > 0 {
				n := min(16384, len(msg))
				c.data(msg[:n])
				msg = msg[n:]
			}
		}},
		{"frames of a kind that nobody knows", func(c *framer, msg []byte) {
			c.bytes(h2frame(frameUnknown, 0xff, c.stream, []byte("what is this")))
			c.bytes(h2frame(frameUnknown, 0, 0, nil))
			c.data(msg[:10_000])
			c.data(msg[10_000:])
		}},
		{"pings all the time", func(c *framer, msg []byte) {
			for len(msg) > 0 {
				n := min(100, len(msg))
				c.bytes(h2frame(framePing, 0, 0, []byte("are you?")))
				c.data(msg[:n])
				msg = msg[n:]
			}
		}},
		{"settings that change", func(c *framer, msg []byte) {
			for i := range 20 {
				c.bytes(h2frame(frameSettings, 0, 0, setting(4, uint32(1000*i))))  // how much of the response the client takes
				c.bytes(h2frame(frameSettings, 0, 0, setting(5, 1<<14+uint32(i)))) // longest frame
				c.bytes(h2frame(frameSettings, 0, 0, setting(1, uint32(i*100))))   // table of headers
				c.data(msg[len(msg)*i/20 : len(msg)*(i+1)/20])
				synctest.Wait()
			}
			c.bytes(h2frame(frameSettings, 0, 0, setting(4, wide)))
		}},
		{"windows one byte at a time", func(c *framer, msg []byte) {
			c.bytes(h2frame(frameSettings, 0, 0, setting(4, 0)))
			c.data(msg[:16000])
			c.data(msg[16000:])
			synctest.Wait()
			for range 3000 {
				c.bytes(h2frame(frameWindowUpdate, 0, c.stream, []byte{0, 0, 0, 1}))
			}
			c.bytes(h2frame(frameSettings, 0, 0, setting(4, wide)))
		}},
		{"priorities", func(c *framer, msg []byte) {
			for range 50 {
				c.bytes(h2frame(0x2, 0, c.stream, []byte{0, 0, 0, 0, 200}))
			}
			c.data(msg[:16000])
			c.data(msg[16000:])
		}},
	} {
		for _, trailers := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				c := h.framed(t, wide)
				c.open()
				tt.do(c, c.seal(time.Second))
				synctest.Wait()
				c.data(c.seal(200 * time.Millisecond))
				c.data(c.seal(0))
				if trailers { // as the end of the request
					c.bytes(h2frame(frameHeadersAgain, flagEndHeaders|flagEndStream, c.stream, literal(nil, "x-checksum", "none")))
				} else {
					c.end()
				}
				pass(time.Second)
				said := strings.Join(c.heard(), "\n")
				if strings.Count(said, `"IsPartial":false`) != 1 || strings.Contains(said, "exception") || !strings.HasSuffix(said, "end") {
					t.Errorf("%s, trailers %v: the client was told\n%s", tt.name, trailers, said)
				}
				h.empty(t)
			})
		}
	}
}

// Headers as other SDKs and tools sign them.
func TestOtherSignersOfHTTP2(t *testing.T) {
	for name, change := range map[string]func(h http.Header){
		"the payload's hash not signed for": func(h http.Header) { h.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") },
		"the hash of nothing": func(h http.Header) {
			h.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		},
		"no hash":                         func(h http.Header) { h.Del("X-Amz-Content-Sha256") },
		"no content type":                 func(h http.Header) { h.Del("Content-Type") },
		"a content type with a parameter": func(h http.Header) { h.Set("Content-Type", "application/vnd.amazon.eventstream; charset=utf-8") },
		"a target": func(h http.Header) {
			h.Set("X-Amz-Target", "com.amazonaws.transcribe.Transcribe.StartStreamTranscription")
		},
		"a user agent with spaces":          func(h http.Header) { h.Set("X-Amz-User-Agent", "aws-sdk-rust/1.3.7   os/linux  lang/rust#1.85") },
		"Boto's booleans":                   func(h http.Header) { h.Set("X-Amzn-Transcribe-Show-Speaker-Label", "False") },
		"Java's invocation":                 func(h http.Header) { h.Set("Amz-Sdk-Invocation-Id", "x"); h.Set("Amz-Sdk-Request", "attempt=1; max=3") },
		"a long list of headers of a proxy": func(h http.Header) { h.Set("X-Forwarded-For", strings.Repeat("192.0.2.1, ", 300)) },
		"one channel, which Amazon refuses": func(h http.Header) { h.Set("X-Amzn-Transcribe-Number-Of-Channels", "1") },
		"a parameter that nobody knows":     func(h http.Header) { h.Set("X-Amzn-Transcribe-Unknown-Parameter", "yes") },
	} {
		synctest.Test(t, func(t *testing.T) {
			h := scripted(t, conversation, session.Limits{}, dialect.Options{})
			header := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
				"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}
			change(header)
			p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: header}
			p.do(h.net.Client())
			msg, err := p.sealer.AppendAudio(nil, make([]byte, perSecond*12/10), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			p.send(msg)
			if msg, err = p.sealer.AppendAudio(nil, nil, time.Now()); err != nil {
				t.Fatal(err)
			}
			p.send(msg)
			p.out.Close()
			pass(time.Second)
			if said := strings.Join(p.heard(), "\n"); strings.Count(said, `"IsPartial":false`) != 1 || strings.Contains(said, "exception") || !strings.HasSuffix(said, "end") {
				t.Errorf("%s: the client was told\n%s", name, said)
			}
			h.empty(t)
		})
	}
}
