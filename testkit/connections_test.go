package testkit_test

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/testkit"
)

// Wait waits for the connection whose request was not read to its end. Without it the bubble would find a goroutine asleep.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conns testkit.Connections
		network := testkit.NewNetwork()
		server := &http.Server{ConnState: conns.Track, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) })}
		stopped := make(chan struct{})
		go func() { // owned by the test; ends with the listener
			defer close(stopped)
			_ = server.Serve(network)
		}()
		conn, err := network.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: memory\r\nContent-Length: 1000000\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 400 {
			t.Fatal(resp, err)
		}
		server.Close()
		<-stopped
		conns.Wait()
	})
}
