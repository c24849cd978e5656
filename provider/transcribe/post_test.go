package transcribe_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// overHTTP2 is the name of tests whose clients use that transport.
const overHTTP2 = "HTTP2"

// overBoth runs a test by WebSocket and over HTTP/2: clients of a fake go by the test's name.
func overBoth(t *testing.T, test func(t *testing.T)) {
	t.Run("WebSocket", test)
	t.Run(overHTTP2, test)
}

// posted is a connection over HTTP/2, as a fake has it.
type posted struct {
	in   *eventstream.Decoder
	w    http.ResponseWriter
	rc   *http.ResponseController
	left <-chan struct{} // closed when the client has gone
	done bool            // the response ends as it should; else it is broken off
}

func (p *posted) write(msg []byte) error {
	if _, err := p.w.Write(msg); err != nil {
		return err
	}
	return p.rc.Flush()
}

// stopReading ends the reading of the request's body.
func (p *posted) stopReading() { _ = p.rc.SetReadDeadline(time.Unix(1, 0)) } // one that is over has no deadline

// bothProtocols makes a server speak HTTP/1.1 and HTTP/2, and take no more ahead of its handlers than a connection in memory does.
func bothProtocols(server *http.Server) {
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
}

// answerPost serves a request over HTTP/2.
func (f *fake) answerPost(ctx context.Context, w http.ResponseWriter, r *http.Request, verifier *sigv4.ChunkVerifier) {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	p := &posted{in: eventstream.NewDecoder(r.Body, 1<<20), w: w, rc: http.NewResponseController(w), left: r.Context().Done()}
	_ = p.rc.Flush() // a client that has gone is found out by whoever reads
	// The end of the test ends the reading, as it does by WebSocket.
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		p.stopReading()
	})
	defer func() {
		if !stop() {
			<-stopped // the controller is not to be used any more
		}
	}()
	params, err := wire.ParseHeader(wire.Operations()[0], r.Header)
	if err != nil {
		f.t.Errorf("parameters: %v", err)
	}
	f.take(&call{posted: p, ctx: ctx, reader: wire.Reader{Verifier: verifier}, query: params.Query()})
	if !p.done {
		panic(http.ErrAbortHandler)
	}
}

// A refusal whose text never ends does not outlast the time for opening, and is told all the same.
func TestRefusalWithoutEnd(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := refuser(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write([]byte("busy")) // nobody need read it
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			began := time.Now()
			_, err := f.client().Open(ctx, stt.Config{Audio: format})
			if took := time.Since(began); took != 5*time.Second || stt.CodeOf(err) == 0 {
				t.Errorf("Open returned after %v: %v", took, err)
			}
		})
	})
}
