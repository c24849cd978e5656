package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// bareReady stands before the address that the mode "bare" prints.
const bareReady = "bare is ready: "

// bareMode is a WebSocket server that does nothing but read and write: what remains of a server when all that makes it one is
// taken away. It writes as many messages as it was told for every so many that it reads, until ctx is done.
func bareMode(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	sizes := flags.String("sizes", "[]", "sizes of the messages to write, in bytes, as a list in JSON")
	period := flags.Int("period", 50, "how many messages are read while those are written")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := bare{period: *period}
	if err := json.Unmarshal([]byte(*sizes), &b.sizes); err != nil {
		return fmt.Errorf("-sizes: %w", err)
	}
	if b.period < 1 || len(b.sizes) > b.period*100 {
		return errors.New("-period must be 1 or more, and -sizes not many times as many")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if _, err := fmt.Fprintln(out, bareReady+l.Addr().String()); err != nil {
		return err
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type bare struct {
	sizes  []int
	period int
}

// ServeHTTP implements http.Handler: reading and writing in turn, with what the library offers for it.
func (b bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has been answered
	}
	defer conn.CloseNow()
	ctx := context.WithoutCancel(r.Context())
	text := make([]byte, 64<<10)
	for n := 0; ; {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
		n++
		for _, size := range b.due(n) {
			if conn.Write(ctx, websocket.MessageBinary, text[:min(size, len(text))]) != nil {
				return
			}
		}
	}
}

// due returns the sizes of what is to be written after the n-th message.
func (b bare) due(n int) []int {
	at := func(n int) int { return n * len(b.sizes) / b.period }
	n = (n - 1) % b.period
	return b.sizes[at(n):at(n+1)]
}
