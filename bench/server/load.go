package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/provider"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// What the mode "load" says and is told.
const (
	loadOpen  = "all streams are open"
	loadCount = "count"
)

// counts is what the load has seen since it was last asked.
type counts struct {
	Sent, Received, Bytes int64         // messages and bytes of all streams; Bytes received
	Late                  time.Duration // by which a message was sent behind its time, at most
	Sizes                 []int         // of the messages that the first stream received
	Failed                string        // why a stream ended
}

// load is many clients of one server.
type load struct {
	frame   []byte        // immutable: what every client sends
	idle    bool          // immutable: one message and no more
	address func() string // immutable: where to connect, called by one goroutine

	mu sync.Mutex // guards all below
	n  counts
}

// loadMode opens streams and sends on each a message every 100 ms, spread evenly over that time, until its input ends or ctx is
// done. Each line of input is answered by counts, in JSON.
func loadMode(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	addr := flags.String("addr", "", "host and port of the server")
	credentials := flags.String("credentials", "", "file with the key to sign with; none: the address is not signed")
	streams := flags.Int("streams", 1, "how many")
	idle := flags.Bool("idle", false, "send one message on each and no more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l := &load{idle: *idle}
	var err error
	if l.frame, err = wire.AppendAudio(nil, make([]byte, rig.Format.Bytes(every))); err != nil {
		return err
	}
	if l.address, err = addresses(ctx, *addr, *credentials); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	if err := l.open(ctx, &all, *streams); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, loadOpen); err != nil {
		return err
	}
	return l.answer(ctx, in, out)
}

// addresses returns what makes the address of the next stream.
func addresses(ctx context.Context, addr, credentials string) (func() string, error) {
	if credentials == "" {
		return func() string { return "ws://" + addr + "/" }, nil
	}
	client, err := rig.Client(ctx, addr, credentials)
	if err != nil {
		return nil, err
	}
	return func() string {
		u, err := client.Presign(ctx, rig.Config(), time.Minute)
		if err != nil {
			return err.Error() // which cannot be dialled, and the error shows it
		}
		return u.String()
	}, nil
}

// open connects all streams and then starts them together. Their goroutines end with ctx.
func (l *load) open(ctx context.Context, all *sync.WaitGroup, streams int) error {
	conns := make([]*websocket.Conn, streams)
	for i := range conns {
		u, err := url.Parse(l.address())
		if err != nil {
			return err
		}
		if conns[i], err = provider.Dial(ctx, nil, u, nil, "the server under load"); err != nil {
			return err
		}
	}
	begin := time.Now().Add(every)
	for i, conn := range conns {
		first := begin.Add(every * time.Duration(i) / time.Duration(streams))
		all.Go(func() { l.send(ctx, conn, first) })     // owned by loadMode; ends with ctx or with the connection
		all.Go(func() { l.receive(ctx, conn, i == 0) }) // the same
	}
	return nil
}

func (l *load) send(ctx context.Context, conn *websocket.Conn, first time.Time) {
	clock := rig.NewPacer(first, 1)
	for at := time.Duration(0); ; at += every {
		if clock.Wait(ctx, at) != nil {
			return
		}
		if err := conn.Write(ctx, websocket.MessageBinary, l.frame); err != nil {
			l.failed(ctx, err)
			return
		}
		l.mu.Lock()
		l.n.Sent++
		l.n.Late = max(l.n.Late, clock.Late())
		l.mu.Unlock()
		if l.idle {
			return
		}
	}
}

// receive counts messages. It owns the connection's end.
func (l *load) receive(ctx context.Context, conn *websocket.Conn, note bool) {
	defer conn.CloseNow()
	for {
		_, msg, err := conn.Read(ctx)
		if err != nil {
			l.failed(ctx, err)
			return
		}
		l.mu.Lock()
		l.n.Received++
		l.n.Bytes += int64(len(msg))
		if note && len(l.n.Sizes) < 10000 {
			l.n.Sizes = append(l.n.Sizes, len(msg))
		}
		l.mu.Unlock()
	}
}

// failed keeps why a stream ended, unless all of them are ending.
func (l *load) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n.Failed == "" {
		l.n.Failed = err.Error()
	}
}

// answer answers each line of in until it ends or ctx is done.
func (l *load) answer(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := make(chan struct{})
	go func() { // ends with the input, or with the process where that does not end
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			select {
			case lines <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case _, more := <-lines:
			if !more {
				return nil
			}
		case <-ctx.Done():
			return nil // asked to end
		}
		l.mu.Lock()
		n := l.n
		l.n = counts{Failed: n.Failed}
		l.mu.Unlock()
		text, err := json.Marshal(n)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", text); err != nil {
			return err
		}
	}
}
