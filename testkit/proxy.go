package testkit

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Proxy stands between clients and a server, on a port of the loopback interface, and does to each connection what a plan
// says. Its methods may be called concurrently.
type Proxy struct {
	target   string
	plan     func(connection int) Plan
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex // guards all below
	conns  int
	struck int
	up     int64
	down   int64
}

// NewProxy returns a proxy for the server at target, as host:port. plan says what happens to the connections, which are
// counted from 0.
func NewProxy(target string, plan func(connection int) Plan) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, plan: plan, listener: l}
	p.running.Go(p.accept) // owned by p; ends with the listener, which Close closes
	return p, nil
}

// Addr returns where clients connect to, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Connections returns how many connections there have been, and how many of them have been struck by a fault.
func (p *Proxy) Connections() (all, struck int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns, p.struck
}

// Passed returns how many bytes have passed in either direction.
func (p *Proxy) Passed() (up, down int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up, p.down
}

// Close takes no further connections. Those that are open end with their ends: a silent one when both have given up.
func (p *Proxy) Close() { p.listener.Close() }

// Wait waits until all connections have ended, after Close. It fails when ctx is done first.
func (p *Proxy) Wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { // owned by Wait; ends with the connections, which the ends of each end
		p.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return errors.New("an end keeps a connection over which nothing comes any more")
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		n := p.conns
		p.conns++
		p.mu.Unlock()
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target) // of this machine: it is there at once or not at all
		if err != nil {
			abort(client)
			continue
		}
		c := &crossing{proxy: p, silent: make(chan struct{}), over: make(chan struct{})}
		plan := p.plan(n)
		// Owned by p; end with the ends of the connection.
		var both sync.WaitGroup
		pump := func(from, to net.Conn, course Course, stream uint64, passed *int64) {
			p.running.Add(1)
			both.Add(1)
			go func() { // owned by p, which waits in Wait; ends with the connection it reads from
				defer p.running.Done()
				defer both.Done()
				c.pump(from, to, course, rand.New(rand.NewPCG(plan.Seed, stream)), passed)
			}()
		}
		pump(client, server, plan.Up, 1, &p.up)
		pump(server, client, plan.Down, 2, &p.down)
		p.running.Go(func() { // owned by p; ends with the two above
			both.Wait()
			client.Close()
			server.Close()
		})
	}
}

// crossing is a connection on its way through the proxy.
type crossing struct {
	proxy  *Proxy
	silent chan struct{} // closed when nothing is to pass any more
	over   chan struct{} // closed when the connection has been ended by force
	once   sync.Once
	hush   sync.Once
}

// abort ends a connection with a reset.
func abort(conns ...net.Conn) {
	for _, c := range conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
}

// kill ends both ends at once.
func (c *crossing) kill(how func(conns ...net.Conn), conns ...net.Conn) {
	c.once.Do(func() {
		close(c.over)
		how(conns...)
	})
}

func hangUp(conns ...net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// maxPieces is how many pieces are cut off of a direction. What comes then passes as it comes: all kinds of messages have
// been cut by then, and every piece costs.
const maxPieces = 400

// pump passes one direction on until its source ends.
func (c *crossing) pump(from, to net.Conn, course Course, r *rand.Rand, count *int64) {
	buf := make([]byte, 32<<10)
	var passed int64
	pieces := maxPieces
	budget := 300 * time.Millisecond // of delays in all
	for {
		n, err := from.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			piece := rest
			if course.Slice > 0 && pieces > 0 {
				pieces--
				piece = rest[:min(len(rest), 1+r.IntN(course.Slice))]
			}
			struck := course.Fault != NoFault && passed+int64(len(piece)) > course.At
			if struck {
				piece = rest[:course.At-passed]
			}
			rest = rest[len(piece):]
			if wait := min(budget, time.Duration(r.Int64N(int64(course.Latency)+1))); wait > 0 {
				budget -= wait
				c.pause(wait)
			}
			passed += int64(len(piece))
			c.count(count, len(piece))
			if c.quiet() {
				discard(from)
				return
			}
			if _, err := to.Write(piece); err != nil {
				c.kill(abort, from, to) // the receiver is gone, and the sender is told
				return
			}
			if !struck {
				continue
			}
			c.strike()
			if !c.suffer(course, from, to) {
				return
			}
			course.Fault = NoFault
		}
		switch {
		case c.quiet():
			if err == nil {
				discard(from)
			}
			return
		case errors.Is(err, io.EOF):
			closeWrite(to)
			return
		case err != nil:
			c.kill(abort, from, to)
			return
		}
	}
}

// suffer does what a fault does, and reports whether the direction goes on.
func (c *crossing) suffer(course Course, from, to net.Conn) bool {
	switch course.Fault {
	case Stall:
		c.pause(course.For)
		return true
	case Silence:
		c.hush.Do(func() { close(c.silent) })
		discard(from)
	case Reset:
		c.kill(abort, from, to)
	case HangUp:
		c.kill(hangUp, from, to)
	case HalfClose:
		closeWrite(to)
		discard(from)
	}
	return false
}

// pause waits, unless the connection ends.
func (c *crossing) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.over:
	}
}

func (c *crossing) quiet() bool {
	select {
	case <-c.silent:
		return true
	default:
		return false
	}
}

func (c *crossing) strike() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.struck++
}

func (c *crossing) count(total *int64, n int) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	*total += int64(n)
}

// discard reads to the end, so that the end is noticed.
func discard(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func closeWrite(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
