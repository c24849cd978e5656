package dialect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// frame returns a client's frame: first is the first byte, with FIN, reserved bits and opcode.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := []byte{1, 2, 3, 4}
	b = append(b, mask...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// streams is what clients send, and where in it the first Close frame begins; -1: nowhere.
var streams = []struct {
	name  string
	data  []byte
	close int
}{
	{"nothing", nil, -1},
	{"a Close alone", frame(0x88, nil), 0},
	{"a Close with code and reason", frame(0x88, []byte("\x03\xe8bye")), 0},
	{"audio and a Close", join(frame(0x82, make([]byte, 10)), frame(0x88, nil)), 16},
	{"a Close behind a long frame", join(frame(0x82, bytes.Repeat([]byte{0x88}, 300)), frame(0x88, nil)), 308},
	{"a Close behind a very long frame", join(frame(0x82, bytes.Repeat([]byte{0x88}, 1<<16)), frame(0x88, nil)), 1<<16 + 14},
	{"a Close behind an unmasked frame", join([]byte{0x82, 2, 0x88, 0x88}, frame(0x88, nil)), 4},
	{"a Close among fragments", join(frame(0x02, []byte{0x88}), frame(0x89, []byte("ping")), frame(0x88, nil), frame(0x80, nil)), 17},
	{"two Closes and data", join(frame(0x88, nil), frame(0x82, []byte{1}), frame(0x88, nil)), 0},
	{"the first byte of a Close", []byte{0x88}, 0},
	{"a Close without FIN, and with reserved bits", []byte{0x78, 0x80}, 0},
	{"no Close at all", join(frame(0x82, []byte{0x88, 0x88}), frame(0x89, nil), frame(0x80, nil)), -1},
	{"a frame that never ends", join([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, frame(0x88, nil)), -1},
	{"half a header", []byte{0x82, 0xfe, 0}, -1},
}

// closeAt says where the first Close frame begins, all of the stream at hand: what the scanner must find whatever the cut.
func closeAt(b []byte) int {
	for at := 0; at < len(b); {
		if b[at]&0x0f == 8 {
			return at
		}
		rest := b[at:]
		if len(rest) < 2 {
			return -1
		}
		head, n := 2, uint64(rest[1]&0x7f)
		switch {
		case n == 126 && len(rest) >= 4:
			head, n = 4, uint64(binary.BigEndian.Uint16(rest[2:]))
		case n == 127 && len(rest) >= 10:
			head, n = 10, binary.BigEndian.Uint64(rest[2:])
		case n >= 126:
			return -1
		}
		if rest[1]&0x80 != 0 {
			head += 4
		}
		if len(rest) < head || uint64(len(rest)-head) < n {
			return -1
		}
		at += head + int(n)
	}
	return -1
}

// pieces is a connection that gives its bytes in the cuts that rng makes, and then io.EOF.
type pieces struct {
	net.Conn
	rest []byte
	rng  *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(p.rest), 1+p.rng.IntN(40))
	copy(b, p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

// pass reads a stream to its end through a heldConn, with early bytes and cuts as rng makes them, and checks it against the
// stream at hand.
func pass(t *testing.T, data []byte, rng *rand.Rand) {
	t.Helper()
	early := rng.IntN(len(data) + 1)
	var got []byte
	var calls, before int
	c := newHeldConn(&pieces{rest: bytes.Clone(data[early:]), rng: rng}, bytes.Clone(data[:early]), func(<-chan struct{}) {
		calls++
		before = len(got)
	})
	for {
		b := make([]byte, 1+rng.IntN(60))
		n, err := c.Read(b)
		got = append(got, b[:n]...)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatalf("reading failed with %v", err)
			}
			break
		}
		if n == 0 {
			t.Fatal("a read without bytes and without an error")
		}
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes went in, %d came out, or others", len(data), len(got))
	}
	at := closeAt(data)
	switch {
	case at < 0 && calls != 0:
		t.Fatalf("onClose was called %d times without a Close frame", calls)
	case at >= 0 && calls != 1:
		t.Fatalf("onClose was called %d times for the Close frame at %d", calls, at)
	case at >= 0 && before != at:
		t.Fatalf("onClose was called when %d bytes had gone on; the Close frame begins at %d", before, at)
	}
}

func TestHeldConn(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			if at := closeAt(tt.data); at != tt.close {
				t.Fatalf("the test's own parser finds the Close at %d, the table says %d", at, tt.close)
			}
			for seed := range uint64(200) {
				rng := rand.New(rand.NewPCG(seed, 0))
				pass(t, tt.data, rng)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func FuzzHeldConn(f *testing.F) {
	for i, tt := range streams {
		f.Add(tt.data, uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) { pass(t, data, rand.New(rand.NewPCG(seed, 0))) })
}

// Whoever has let Close frames through is not asked about them any more.
func TestHeldConnReleased(t *testing.T) {
	data := join(frame(0x82, []byte("audio")), frame(0x88, nil))
	c := newHeldConn(&pieces{rest: bytes.Clone(data), rng: rand.New(rand.NewPCG(1, 1))}, nil, func(<-chan struct{}) { t.Error("onClose was called after release") })
	c.release()
	c.release() // again does no harm
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes of %d, %v", len(got), len(data), err)
	}
}

// A nil onClose is none.
func TestHeldConnWithoutOnClose(t *testing.T) {
	data := frame(0x88, nil)
	got, err := io.ReadAll(newHeldConn(&pieces{rest: data, rng: rand.New(rand.NewPCG(1, 1))}, nil, nil))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes of %d, %v", len(got), len(data), err)
	}
}

// What the connection says of its end goes on as it is, also with the last bytes.
func TestHeldConnErrors(t *testing.T) {
	broken := errors.New("broken")
	c := newHeldConn(&failing{data: frame(0x82, []byte("x")), err: broken}, nil, nil)
	b := make([]byte, 100)
	if n, err := c.Read(b); n != 7 || !errors.Is(err, broken) {
		t.Errorf("got %d bytes and %v; want the 7 bytes and the error", n, err)
	}
}

type failing struct {
	net.Conn
	data []byte
	err  error
}

func (f *failing) Read(b []byte) (int, error) { return copy(b, f.data), f.err }

// A ping goes out between two frames and never inside of one, nor behind our Close.
func TestHeldConnPing(t *testing.T) {
	sent := frame(0x82, []byte("a message"))
	for at := range sent {
		w := &sink{}
		c := newHeldConn(w, nil, nil)
		for _, p := range [][]byte{sent, sent[:at]} {
			if _, err := c.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.ping(time.Second); err != nil {
			t.Fatal(err)
		}
		want := join(sent, sent[:at])
		if at == 0 {
			want = join(want, []byte{0x89, 0})
		}
		if !bytes.Equal(w.got, want) {
			t.Errorf("after %d bytes of a frame: % x", at, w.got)
		}
		if !w.deadline.IsZero() {
			t.Errorf("a deadline is left: %v", w.deadline)
		}
	}
	w := &sink{}
	c := newHeldConn(w, nil, nil)
	if _, err := c.Write(frame(0x88, nil)); err != nil {
		t.Fatal(err)
	}
	if err := c.ping(time.Second); err != nil || !bytes.Equal(w.got, frame(0x88, nil)) {
		t.Errorf("behind a Close: % x, %v", w.got, err)
	}
}

// sink is a connection that keeps what is written.
type sink struct {
	net.Conn
	got      []byte
	deadline time.Time
}

func (s *sink) Write(p []byte) (int, error) {
	s.got = append(s.got, p...)
	return len(p), nil
}

func (s *sink) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	return nil
}
