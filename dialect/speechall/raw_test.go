package speechall

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// raw is a client that sees frames.
type raw struct {
	h    *house
	conn net.Conn
	in   *bufio.Reader
}

func (h *house) raw(target string) *raw {
	h.t.Helper()
	conn, err := h.net.Dial(h.t.Context(), "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: memory\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", target)
	c := &raw{h, conn, bufio.NewReader(conn)}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil || resp.StatusCode != 101 {
		h.t.Fatal(resp, err)
	}
	return c
}

// frame sends a whole message, masked with zeros.
func (c *raw) frame(op byte, payload []byte) {
	b := append([]byte{0x80 | op}, length(0x80, len(payload))...)
	_, _ = c.conn.Write(append(append(b, 0, 0, 0, 0), payload...))
}

func length(mask byte, n int) []byte {
	switch {
	case n < 126:
		return []byte{mask | byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{mask | 126}, uint16(n))
	}
	return binary.BigEndian.AppendUint64([]byte{mask | 127}, uint64(n))
}

// frames returns what comes up to the Close or the end: the opcode, then the text, or the status of a Close.
func (c *raw) frames() (all []string) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(c.in, head[:]); err != nil {
			return append(all, err.Error())
		}
		n := int(head[1])
		if n == 126 {
			var more [2]byte
			_, _ = io.ReadFull(c.in, more[:])
			n = int(binary.BigEndian.Uint16(more[:]))
		}
		p := make([]byte, n)
		_, _ = io.ReadFull(c.in, p)
		op := head[0] & 15
		if op == 8 {
			return append(all, fmt.Sprintf("8 %d", binary.BigEndian.Uint16(p)))
		}
		all = append(all, fmt.Sprintf("%d %s", op, p))
	}
}

// wav is a file of silence.
func wav(rate, channels int, d time.Duration) []byte {
	n := int(int64(rate)*int64(d)/int64(time.Second)) * channels * 2
	return append(wavHead(rate, channels, uint32(n)), make([]byte, n)...)
}

// wavHead is the header of a file that says it holds n bytes of samples.
func wavHead(rate, channels int, n uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), 36+n)
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*2))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*2))
	b = binary.LittleEndian.AppendUint16(b, 16)
	return binary.LittleEndian.AppendUint32(append(b, "data"...), n)
}
