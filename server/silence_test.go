package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/testkit"
)

// A connection over HTTP/2 whose peer is gone without a word ends not long after the idle limit of a stream.
func TestSilentHTTP2ConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork()
		w := newWeb(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		served := make(chan error, 1)
		go func() { served <- w.serve(network) }() // owned by the test, which closes it
		conn, err := network.Dial(context.Background(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := io.Copy(io.Discard, conn); err != nil { // what it is asked is not answered
			t.Log(err)
		}
		if took := time.Since(began); took < 20*time.Second || took > 27*time.Second {
			t.Errorf("the connection was ended after %v, expected 25 s", took)
		}
		conn.Close()
		w.close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}
