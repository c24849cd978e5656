package testkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/testkit"
)

// patience is how long something may take that comes, and quiet how long nothing does where nothing is to come.
const (
	patience = time.Minute
	quiet    = 500 * time.Millisecond
)

// through connects to a server that does serve with its end, over a proxy with a plan, and returns the client's end. All of
// it has ended when the test has.
func through(t *testing.T, plan testkit.Plan, serve func(net.Conn)) (*net.TCPConn, *testkit.Proxy) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { // owned by the test; ends with the listener or the connection
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	})
	p, err := testkit.NewProxy(l.Addr().String(), func(int) testkit.Plan { return plan })
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() {
		c.Close()
		p.Close()
		l.Close()
		serving.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := p.Wait(ctx); err != nil {
			t.Error(err)
		}
	})
	return c.(*net.TCPConn), p
}

func echo(c net.Conn) {
	io.Copy(c, c)
	c.(*net.TCPConn).CloseWrite()
}

// bytesOf returns bytes that are all different from their neighbours' neighbours.
func bytesOf(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Slices, delays and stalls change nothing of what arrives, nor of how a connection ends.
func TestProxyPasses(t *testing.T) {
	sent := bytesOf(200_000)
	for name, plan := range map[string]testkit.Plan{
		"whole":   {},
		"slices":  {Seed: 1, Up: testkit.Course{Slice: 7}, Down: testkit.Course{Slice: 1500, Latency: time.Millisecond}},
		"stalls":  {Up: testkit.Course{Fault: testkit.Stall, At: 0, For: 50 * time.Millisecond}, Down: testkit.Course{Fault: testkit.Stall, At: 99_999, For: 50 * time.Millisecond}},
		"too far": {Up: testkit.Course{Fault: testkit.Reset, At: 200_000}},
	} {
		t.Run(name, func(t *testing.T) {
			c, p := through(t, plan, echo)
			go func() { // owned by the test; ends with the connection
				c.Write(sent)
				c.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if up, down := p.Passed(); up != 200_000 || down != 200_000 {
				t.Errorf("passed %d and %d", up, down)
			}
			all, struck := p.Connections()
			if stalls := strings.HasPrefix(name, "stalls"); all != 1 || (struck == 2) != stalls || !stalls && struck != 0 {
				t.Errorf("%d connections, %d struck", all, struck)
			}
		})
	}
}

// A fault strikes at its byte: what is before it arrives, but for a reset, which may overtake it; nothing of what is after it
// does.
func TestProxyStrikes(t *testing.T) {
	const at = 70_000
	sent := bytesOf(200_000)
	for _, fault := range []testkit.Fault{testkit.Silence, testkit.Reset, testkit.HangUp, testkit.HalfClose} {
		t.Run(fmt.Sprint("up, ", fault), func(t *testing.T) {
			type end struct {
				got []byte
				err error
			}
			ends := make(chan end, 1)
			c, p := through(t, testkit.Plan{Up: testkit.Course{Fault: fault, At: at}}, func(s net.Conn) {
				s.SetReadDeadline(time.Now().Add(patience))
				var got []byte
				if fault == testkit.Silence { // it is known by nothing that comes after what is before it
					got = make([]byte, at)
					n, _ := io.ReadFull(s, got)
					got = got[:n]
					s.SetReadDeadline(time.Now().Add(quiet))
				}
				rest, err := io.ReadAll(s)
				io.WriteString(s, "bye")
				ends <- end{slices.Concat(got, rest), err}
			})
			c.Write(sent) // as far as it goes
			e := <-ends
			var late net.Error
			switch fault {
			case testkit.Silence:
				if !errors.As(e.err, &late) || !late.Timeout() || len(e.got) != at {
					t.Errorf("%d bytes, %v", len(e.got), e.err)
				}
			case testkit.Reset:
				if !errors.Is(e.err, syscall.ECONNRESET) {
					t.Errorf("%v", e.err)
				}
			case testkit.HangUp:
				if e.err != nil && !errors.Is(e.err, syscall.ECONNRESET) {
					t.Errorf("%v", e.err)
				}
			case testkit.HalfClose:
				if e.err != nil || len(e.got) != at {
					t.Errorf("%d bytes, %v", len(e.got), e.err)
				}
				if text, err := io.ReadAll(c); string(text) != "bye" || err != nil {
					t.Errorf("the other direction: %q, %v", text, err)
				}
			}
			if len(e.got) > at || !bytes.Equal(e.got, sent[:len(e.got)]) {
				t.Errorf("%d bytes arrive, or others", len(e.got))
			}
			if _, struck := p.Connections(); struck != 1 {
				t.Errorf("struck %d times", struck)
			}
		})
		t.Run(fmt.Sprint("down, ", fault), func(t *testing.T) {
			c, _ := through(t, testkit.Plan{Down: testkit.Course{Fault: fault, At: 0}}, func(s net.Conn) {
				s.Read(make([]byte, 1)) // the client is there
				s.Write(sent)
				s.SetReadDeadline(time.Now().Add(2 * quiet)) // in silence nobody tells it that the client has gone
				io.Copy(io.Discard, s)
			})
			c.Write([]byte("?"))
			if fault == testkit.Silence {
				c.SetReadDeadline(time.Now().Add(quiet))
			}
			got, err := io.ReadAll(c)
			var late net.Error
			silent := errors.As(err, &late) && late.Timeout()
			if len(got) != 0 || silent != (fault == testkit.Silence) || fault == testkit.Reset && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			c.Close()
		})
	}
}

// A server that is not there shows in a reset.
func TestProxyWithoutServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p, err := testkit.NewProxy(l.Addr().String(), func(int) testkit.Plan { return testkit.Plan{} })
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", p.Addr())
	if err == nil { // the reset has not overtaken it
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	p.Close()
	if err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestProxyWaitGivesUp(t *testing.T) {
	_, p := through(t, testkit.Plan{}, echo)
	p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := p.Wait(ctx); err == nil {
		t.Error("a connection that is open has ended")
	}
}

// The same arguments give the same plan, others other plans, and all of a plan lies where it should.
func TestNewPlan(t *testing.T) {
	const up, down = 50_000, 4000
	seen := map[testkit.Plan]bool{}
	early := 0
	for seed := range uint64(3) {
		for stream := range 100 {
			for connection := range 3 {
				for _, fault := range testkit.Faults() {
					p := testkit.NewPlan(seed, stream, connection, fault, up, down)
					if p != testkit.NewPlan(seed, stream, connection, fault, up, down) {
						t.Fatal("two plans of the same stream")
					}
					where, size, other := p.Up, int64(up), p.Down
					if p.Down.Fault != testkit.NoFault {
						where, size, other = p.Down, down, p.Up
					}
					if where.Fault != fault || other.Fault != testkit.NoFault || where.At < 0 || where.At >= size || (where.For > 0) != (fault == testkit.Stall) || where.For > time.Second {
						t.Fatalf("%v", p)
					}
					if fault != testkit.NoFault && where.At < 1000 {
						early++
					}
					if fault == testkit.Reset && seen[p] {
						t.Fatalf("the plan of two streams: %v", p)
					}
					seen[p] = true
				}
			}
		}
	}
	if early < 1000 || early > 3000 {
		t.Errorf("%d of 4500 faults strike in a handshake", early)
	}
	p := testkit.Plan{Up: testkit.Course{Slice: 7, Latency: time.Millisecond, Fault: testkit.Stall, At: 5, For: time.Second}}
	if text := p.String(); text != "up pieces of 7 after 1ms, stall at 5 for 1s; down whole" {
		t.Error(text)
	}
	if text := testkit.Fault(99).String(); text != "fault 99" {
		t.Error(text)
	}
}
