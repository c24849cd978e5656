package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/provider/transcribe"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// manner is how a client goes away.
type manner uint8

const (
	mannerWire  manner = iota // the connection ends after so many bytes, in the middle of whatever that is
	mannerReset               // the same with a reset
	mannerClose               // a Close frame in the middle of the audio
	mannerDeaf                // all audio and its end are sent, and nobody waits for the results
	manners                   // how many there are
)

// cut is where and how a client goes away.
type cut struct {
	manner manner
	after  int // bytes sent
}

// String says it for people.
func (c cut) String() string {
	switch c.manner {
	case mannerWire:
		return fmt.Sprintf("cut after %d bytes", c.after)
	case mannerReset:
		return fmt.Sprintf("reset after %d bytes", c.after)
	case mannerClose:
		return fmt.Sprintf("closed after %d bytes of audio", c.after)
	default:
		return "gone after the end of the audio"
	}
}

// drawCut draws a cut of a client that has so many bytes of audio. A quarter of them fall into the handshake and the first
// messages.
func drawCut(rng *rand.Rand, length int) cut {
	c := cut{manner: manner(rng.IntN(int(manners))), after: rng.IntN(max(length, 1))}
	if rng.IntN(4) == 0 {
		c.after = rng.IntN(5000)
	}
	return c
}

var errCut = errors.New("the connection is cut, as planned")

// cutConn is a connection that ends after so many bytes have been written. One goroutine writes.
type cutConn struct {
	*net.TCPConn
	left  int // bytes; below 0: no end
	reset bool
	cut   *atomic.Bool // set when it has ended so
}

// Write implements net.Conn.
func (c *cutConn) Write(p []byte) (int, error) {
	if c.left < 0 || len(p) < c.left {
		n, err := c.TCPConn.Write(p)
		if c.left >= 0 {
			c.left -= n
		}
		return n, err
	}
	c.cut.Store(true)
	n, _ := c.TCPConn.Write(p[:c.left]) // that is the end in any case
	c.left = 0
	if c.reset {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
	return n, errCut
}

// churn plays the part of a client that goes away. The error says what kept it from doing so.
func churn(ctx context.Context, client *transcribe.Recognizer, s *scene) error {
	u, err := client.Presign(ctx, rig.Config(), time.Minute)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var cut atomic.Bool
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			return conn, err
		}
		c := &cutConn{TCPConn: tcp, left: -1, reset: s.cut.manner == mannerReset, cut: &cut}
		if s.cut.manner == mannerWire || s.cut.manner == mannerReset {
			c.left = s.cut.after
		}
		return c, nil
	}}
	defer transport.CloseIdleConnections()
	conn, _, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}, CompressionMode: websocket.CompressionDisabled})
	switch {
	case err == nil:
	case cut.Load(): // what of it the library noticed first does not matter
		return nil
	default:
		return fmt.Errorf("connecting: %w", withoutQuery(err))
	}
	var listening sync.WaitGroup
	defer listening.Wait()
	defer conn.CloseNow()
	listening.Go(func() { discard(ctx, conn) }) // owned by churn; ends with the connection
	return s.abandon(ctx, conn)
}

// discard takes what the server says: a client that read nothing would be one that hangs.
func discard(ctx context.Context, conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
	}
}

// withoutQuery keeps a signed address out of what is shown.
func withoutQuery(err error) error {
	var inner interface{ Unwrap() error }
	for errors.As(err, &inner) {
		if err = inner.Unwrap(); err == nil {
			return errors.New("failed")
		}
	}
	return err
}

// abandon sends audio until it is time to go.
func (s *scene) abandon(ctx context.Context, conn *websocket.Conn) error {
	clock := rig.NewPacer(time.Now(), s.pace)
	step := rig.Format.Bytes(100 * time.Millisecond)
	for at := 0; at < len(s.pcm); at += step {
		if s.cut.manner == mannerClose && at >= s.cut.after {
			_ = conn.Close(websocket.StatusNormalClosure, "") // it goes away in any case
			return nil
		}
		msg, err := wire.AppendAudio(nil, s.pcm[at:min(at+step, len(s.pcm))])
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, websocket.MessageBinary, msg); err != nil {
			return nil // cut, as planned, or refused: both end here
		}
		if clock.Wait(ctx, rig.Format.Duration(int64(at))) != nil {
			return nil // the run is over
		}
	}
	end, err := wire.AppendAudio(nil, nil)
	if err != nil {
		return err
	}
	_ = conn.Write(ctx, websocket.MessageBinary, end) // nobody waits for what it leads to
	return nil
}
