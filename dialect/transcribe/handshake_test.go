package transcribe_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const secondKey = "Sec-WebSocket-Key: 0123456789abcdefghij\r\n" // 20 characters of its own, as some published clients send it

// Handshakes as known clients send them are accepted, with nothing that was offered and not asked for by us.
func TestHandshakes(t *testing.T) {
	for _, tt := range []struct{ name, headers string }{
		{"by the book", handshaking + goodKey},
		{"a second key", handshaking + goodKey + secondKey},
		{"a second key in front", handshaking + secondKey + goodKey},
		{"keep-alive beside upgrade", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + goodKey},
		{"two Connection headers", "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n" + goodKey},
		{"a subprotocol", handshaking + goodKey + "Sec-WebSocket-Protocol: mqtt\r\n"},
		{"an origin", handshaking + goodKey + "Origin: https://localhost\r\n"},
		{"an origin that is none", handshaking + goodKey + "Origin: null\r\n"},
		{"compression", handshaking + goodKey + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"},
		{"all at once", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + goodKey + secondKey +
			"Origin: https://localhost\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				target, _ := presign(t, usual)
				c := h.handshake(t, request(target, tt.headers))
				if c.resp.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("answered with %s", c.resp.Status)
				}
				want := map[string]string{"Sec-WebSocket-Accept": goodAccept, "Sec-WebSocket-Protocol": "", "Sec-WebSocket-Extensions": "",
					"Connection": "Upgrade", "Upgrade": "websocket", "x-amzn-SessionId": sessionID, "X-Earshot-Model": script.ModelID}
				for name, value := range want {
					if got := c.resp.Header.Get(name); got != value {
						t.Errorf("header %s is %q; want %q", name, got, value)
					}
				}
				if len(c.resp.Header.Get("x-amzn-RequestId")) != 36 {
					t.Errorf("header x-amzn-RequestId is %q; want a UUID", c.resp.Header.Get("x-amzn-RequestId"))
				}
				c.expect(opened)
				c.send(fin|opBinary, nil)
				c.expect(farewell)
				c.conn.Close()
				pass(0)
				h.empty(t)
			})
		})
	}
}

// renamed is a recognizer whose model has another name.
type renamed struct {
	stt.Recognizer
	id string
}

func (r renamed) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := r.Recognizer.Models(ctx)
	models[0].ID, models[0].Can.Languages = r.id, []string{"en"}
	return models, err
}

func (r renamed) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	cfg.Model = ""
	return r.Recognizer.Open(ctx, cfg)
}

// The answer to a handshake names the model, whatever it is called, where there is a stream and only there.
func TestModelHeader(t *testing.T) {
	for _, tt := range []struct{ name, id, query, want string }{
		{"served", "pocketsphinx-en-us", usual, "pocketsphinx-en-us"},
		{"all visible characters", "a/b:c%20~!", usual, "a/b:c%20~!"},
		{"a space", "my model", usual, "my%20model"},
		{"no ASCII", "français", usual, "fran%C3%A7ais"},
		{"a line break", "x\r\nSet-Cookie: a", usual, "x%0D%0ASet-Cookie:%20a"},
		{"a language that is not served", "english", strings.Replace(usual, "en-US", "fr-FR", 1), ""},
		{"something not offered", "english", usual + "&show-speaker-label=true", ""},
		{"a wrong request", "english", strings.Replace(usual, "16000", "1", 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, session.Options{Recognizer: renamed{script.New(script.Options{Script: parse(t, conversation)}), tt.id}}, dialect.Options{})
				target, _ := presign(t, tt.query)
				c := h.handshake(t, request(target, handshaking+goodKey))
				if got := c.resp.Header.Get("X-Earshot-Model"); c.resp.StatusCode != http.StatusSwitchingProtocols || got != tt.want || c.resp.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s, model %q; expected %q in %v", c.resp.Status, got, tt.want, c.resp.Header)
				}
				c.conn.Close()
				pass(5 * time.Second)
				h.empty(t)
			})
		})
	}
}

// What is no handshake is answered in HTTP, and no session is left behind by it.
func TestNoHandshake(t *testing.T) {
	for _, tt := range []struct {
		name, headers string
		status        int
	}{
		{"plain HTTP", "", http.StatusUpgradeRequired},
		{"another protocol", "Connection: Upgrade\r\nUpgrade: h2c\r\n", http.StatusUpgradeRequired},
		{"no Connection header", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + goodKey, http.StatusUpgradeRequired},
		{"another version", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n" + goodKey, http.StatusBadRequest},
		{"no key", handshaking, http.StatusBadRequest},
		{"a key that is none", handshaking + secondKey, http.StatusBadRequest},
		{"two keys that are none", handshaking + secondKey + secondKey, http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				for _, query := range []string{usual, "unsigned=yes"} {
					target, _ := presign(t, query)
					if query != usual {
						target = wire.PathWebSocket + "?" + query
					}
					c := h.handshake(t, request(target, tt.headers))
					if c.resp.StatusCode != tt.status {
						t.Errorf("answered with %s; want %d", c.resp.Status, tt.status)
					}
					if model := c.resp.Header.Values("X-Earshot-Model"); model != nil {
						t.Errorf("names the model %q though nothing is served", model)
					}
					h.empty(t)
				}
			})
		})
	}
}

// A client that does not wait for the answer to its handshake loses nothing of what it sends right behind it.
func TestAudioRightBehindTheHandshake(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  []byte
		last []string
	}{
		{"end frame", frame(fin|opBinary, nil), []string{farewell}},
		{"Close", frame(fin|opClose, closing(1000, "")), []string{farewell, "gone"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				target, _ := presign(t, usual)
				audio := frame(fin|opBinary, bare(t, 1000))
				c := h.handshake(t, slices.Concat(request(target, handshaking+goodKey), audio, frame(fin|opBinary, bare(t, perSecond-1000)), tt.end))
				c.expect(append([]string{opened, words}, tt.last...)...)
				c.conn.Close()
				pass(0)
				h.empty(t)
			})
		})
	}
}
