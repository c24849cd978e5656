package e2e_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const (
	morning  = "final: good morning everybody"
	farewell = "close 1000 Streaming completed successfully"
	badClose = "close 1008 BadRequestException"
	notAFrm  = "BadRequestException: Unexpected WebSocket frame received."
)

// conversation is what one client sends, and what the server says to it.
type conversation struct {
	name string
	send func(c *raw)
	want []string // a line that ends in ... may go on
}

// conversations are those that no SDK has. All go to a server that says its first sentence in 2.1 seconds of audio.
var conversations = []conversation{
	// Messages in fragments.
	{"a message in fragments", func(c *raw) {
		m := event(make([]byte, 96000))
		c.frame(opBinary, m[:10])
		c.frame(opMore, m[10:50000])
		c.frame(fin|opMore, m[50000:])
		c.frame(fin|opBinary, nil)
	}, []string{morning, farewell, "gone"}},
	{"a fragment for each byte", func(c *raw) {
		m := event(make([]byte, 2000))
		c.frame(opBinary, m[:1])
		for i := range m[1:] {
			c.frame(opMore, m[1+i:2+i])
		}
		c.frame(fin|opMore, nil)
		c.seconds(3)
		c.frame(fin|opBinary, nil)
	}, []string{morning, farewell, "gone"}},
	{"fragments without anything in them", func(c *raw) {
		c.frame(opBinary, nil)
		c.frame(opMore, nil)
		c.frame(opMore, event(make([]byte, 96000)))
		c.frame(fin|opMore, nil)
		c.frame(fin|opBinary, nil)
	}, []string{morning, farewell, "gone"}},
	{"an end in fragments", func(c *raw) {
		c.seconds(3)
		c.frame(opBinary, nil)
		c.frame(fin|opMore, nil)
	}, []string{morning, farewell, "gone"}},
	{"a continuation of nothing", func(c *raw) { c.frame(fin|opMore, []byte("x")) }, []string{"close 1002 ...", "gone"}},
	{"a message inside another", func(c *raw) {
		c.frame(opBinary, []byte("x"))
		c.frame(fin|opBinary, []byte("x"))
	}, []string{"close 1002 ...", "gone"}},
	{"fragments above the limit", func(c *raw) {
		c.frame(opBinary, make([]byte, 1<<19))
		c.frame(opMore, make([]byte, 1<<19))
		c.frame(fin|opMore, []byte("x"))
	}, []string{"BadRequestException: Your stream is too big. Reduce the frame size and try your request again.", badClose, "gone"}},
	{"a message above the limit", func(c *raw) { c.frame(fin|opBinary, make([]byte, 1<<20+1)) },
		[]string{"BadRequestException: Your stream is too big. Reduce the frame size and try your request again.", badClose, "gone"}},
	{"a message as long as the limit", func(c *raw) {
		c.frame(fin|opBinary, event(make([]byte, 1<<20-len(event(nil)))))
		c.frame(fin|opBinary, nil)
	}, []string{morning, "final: how are you", "final: and now something different", farewell, "gone"}},

	// Control frames, also between fragments.
	{"a ping", func(c *raw) {
		c.frame(fin|opPing, []byte("here"))
		c.frame(fin|opBinary, nil)
	}, []string{"pong here", farewell, "gone"}},
	{"a ping of 125 bytes, and one of none", func(c *raw) {
		c.frame(fin|opPing, bytes.Repeat([]byte("x"), 125))
		c.frame(fin|opPing, nil)
		c.frame(fin|opBinary, nil)
	}, []string{"pong " + strings.Repeat("x", 125), "pong ", farewell, "gone"}},
	{"pings between fragments", func(c *raw) {
		m := event(make([]byte, 96000))
		c.frame(opBinary, m[:100])
		c.frame(fin|opPing, []byte("one"))
		c.frame(opMore, m[100:200])
		c.frame(fin|opPing, []byte("two"))
		c.frame(fin|opPong, []byte("nobody asked"))
		c.frame(fin|opMore, m[200:])
		c.frame(fin|opBinary, nil)
	}, []string{"pong one", "pong two", morning, farewell, "gone"}},
	{"a ping in fragments", func(c *raw) { c.frame(opPing, []byte("x")) }, []string{"close 1002 ...", "gone"}},
	{"a ping of 126 bytes", func(c *raw) { c.frame(fin|opPing, make([]byte, 126)) }, []string{"close 1002 ...", "gone"}},
	{"pongs that nobody asked for", func(c *raw) {
		for range 100 {
			c.frame(fin|opPong, []byte("x"))
		}
		c.seconds(3)
		c.frame(fin|opBinary, nil)
	}, []string{morning, farewell, "gone"}},

	// What may not be sent at all.
	{"a compressed message", func(c *raw) { c.frame(fin|0x40|opBinary, []byte("x")) }, []string{"close 1002 ...", "gone"}},
	{"an opcode that nobody knows", func(c *raw) { c.frame(fin|0x3, []byte("x")) }, []string{"close 1002 ...", "gone"}},
	{"a control opcode that nobody knows", func(c *raw) { c.frame(fin|0xb, nil) }, []string{"close 1002 ...", "gone"}},
	{"a frame without a mask", func(c *raw) {
		c.bytes(append(frameHead(fin|opBinary, 3, false), 1, 2, 3))
	}, []string{"gone"}},
	{"a length that does not exist", func(c *raw) { c.bytes(frameHead(fin|opBinary, 1<<63, true)) }, []string{"gone"}},

	// Ways to end.
	{"an empty audio event", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opBinary, event(nil))
	}, []string{morning, farewell, "gone"}},
	{"the shortest end", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opBinary, message(nil, ":message-type", "event", ":event-type", "AudioEvent"))
	}, []string{morning, farewell, "gone"}},
	{"text: end", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opText, []byte(`end`))
	}, []string{morning, farewell, "gone"}},
	{"text: an end in JSON", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opText, []byte(`{"event": "end"}`))
	}, []string{morning, farewell, "gone"}},
	{"audio after the end", func(c *raw) {
		c.seconds(2.5)
		c.frame(fin|opBinary, nil)
		c.seconds(3)
		c.frame(fin|opBinary, event(nil))
	}, []string{morning, farewell, "gone"}},
	{"Close 1000", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, closing(1000, "done"))
	}, []string{morning, farewell, "gone"}},
	{"Close without a code", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, nil)
	}, []string{morning, farewell, "gone"}},
	{"Close 1001, as a page that is left", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, closing(1001, ""))
	}, []string{morning, farewell, "gone"}},
	{"Close 4999, an application's own", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, closing(4999, "bye"))
	}, []string{morning, farewell, "gone"}},
	{"Close between fragments", func(c *raw) {
		c.seconds(3)
		c.frame(opBinary, event(make([]byte, 3200))[:100])
		c.frame(fin|opClose, closing(1000, ""))
	}, []string{morning, farewell, "gone"}},
	{"Close, and more after it", func(c *raw) {
		c.seconds(2.5)
		c.frame(fin|opClose, closing(1000, ""))
		c.seconds(3)
	}, []string{morning, farewell, "gone"}},
	{"Close 1005, which may not be sent", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, closing(1005, ""))
	}, []string{morning, "close ...", "gone"}},
	{"Close with half a code", func(c *raw) {
		c.seconds(3)
		c.frame(fin|opClose, []byte{3})
	}, []string{morning, "close ...", "gone"}},

	// Text, and messages that are none.
	{"text", func(c *raw) { c.frame(fin|opText, []byte("hello")) }, []string{notAFrm, badClose, "gone"}},
	{"JSON", func(c *raw) { c.frame(fin|opText, []byte(`{"event":"start"}`)) }, []string{notAFrm, badClose, "gone"}},
	{"text in the middle of audio", func(c *raw) {
		c.seconds(2.5)
		c.frame(fin|opText, []byte("hello"))
	}, []string{morning, notAFrm, badClose, "gone"}},
	{"bytes that are no message", func(c *raw) { c.frame(fin|opBinary, []byte("not an event-stream message")) },
		[]string{"BadRequestException: ...", badClose, "gone"}},
	{"a message whose checksum is wrong", func(c *raw) {
		m := event(make([]byte, 3200))
		m[len(m)-1] ^= 1
		c.frame(fin|opBinary, m)
	}, []string{"BadRequestException: ...", badClose, "gone"}},
	{"half a message", func(c *raw) {
		c.frame(fin|opBinary, event(make([]byte, 3200))[:1600])
	}, []string{"BadRequestException: ...", badClose, "gone"}},
	{"two messages in one", func(c *raw) {
		c.frame(fin|opBinary, append(event(make([]byte, 3200)), event(make([]byte, 3200))...))
	}, []string{"BadRequestException: ...", badClose, "gone"}},
}

// TestWebSocket has all conversations twice: sent at once, and a few bytes at a time.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, k := range conversations {
		for pace, send := range map[string]func(c *raw){"at once": (*raw).flush, "in pieces": func(c *raw) { c.trickle(1 + len(c.out)/200) }} {
			t.Run(k.name+"/"+pace, func(t *testing.T) {
				t.Parallel()
				c, resp := dial(t, h, h.servers["talk"], handshake)
				if resp.StatusCode != 101 {
					t.Fatalf("the upgrade was answered with %s", resp.Status)
				}
				k.send(c)
				send(c)
				got := c.hear(!strings.HasPrefix(k.name, "Close"))
				if !slices.EqualFunc(got, k.want, like) {
					t.Errorf("the server said\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(k.want, "\n"))
				}
			})
		}
	}
}

// like says whether a line is as expected.
func like(got, want string) bool {
	begin, open := strings.CutSuffix(want, "...")
	return got == want || open && strings.HasPrefix(got, begin)
}

// TestUpgrade has what clients send beside the usual in their handshakes, and what is no handshake.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, tt := range []struct {
		name, headers string
		status        int
		without       string // header that the answer must not have
	}{
		{"the usual", handshake, 101, "Sec-WebSocket-Protocol"},
		{"compression on offer", handshake + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", 101, "Sec-WebSocket-Extensions"},
		{"a subprotocol on offer", handshake + "Sec-WebSocket-Protocol: mqtt\r\n", 101, "Sec-WebSocket-Protocol"},
		{"any origin", handshake + "Origin: https://elsewhere.example\r\n", 101, ""},
		{"a second key of twenty letters", handshake + "Sec-WebSocket-Key: abcdefghijklmnopqrst\r\n", 101, ""},
		{"kept alive and upgraded", strings.Replace(handshake, "Connection: Upgrade", "Connection: keep-alive, Upgrade", 1), 101, ""},
		{"no key", strings.Replace(handshake, "Sec-WebSocket-Key", "X-Key", 1), 400, ""},
		{"another version", strings.Replace(handshake, "Version: 13", "Version: 8", 1), 400, ""},
		{"no upgrade", "", 426, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, resp := dial(t, h, h.servers["talk"], tt.headers)
			if resp.StatusCode != tt.status {
				t.Errorf("the answer is %s, expected %d", resp.Status, tt.status)
			}
			if v := resp.Header.Get(tt.without); tt.without != "" && v != "" {
				t.Errorf("the answer has %s: %s", tt.without, v)
			}
			if resp.StatusCode != 101 {
				return
			}
			c.seconds(3)
			c.frame(fin|opBinary, nil)
			c.flush()
			if got := c.hear(true); !slices.Equal(got, []string{morning, farewell, "gone"}) {
				t.Errorf("the server said %q", got)
			}
		})
	}
}
