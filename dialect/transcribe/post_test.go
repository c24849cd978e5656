package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// post is a client over HTTP/2 that notes what it is told: the status, the headers, the messages, the end.
type post struct {
	notes
	t            *testing.T
	path, method string
	header       http.Header // signed
	added        http.Header // not signed
	signer       sigv4.Signer
	late         time.Duration // how old the signature is
	unsigned     bool
	headers      bool // note all headers; else, of a refusal, what it is

	out    *io.PipeWriter // the request's body
	sealer *wire.Sealer
	cancel context.CancelFunc
	ended  chan struct{} // closed when there is no more to be told
	resp   *http.Response
}

// do sends the request and begins to listen.
func (p *post) do(client *http.Client) {
	p.t.Helper()
	tr := client.Transport.(*http.Transport).Clone()
	tr.Protocols = new(http.Protocols)
	tr.Protocols.SetUnencryptedHTTP2(true)
	tr.DisableCompression = true
	client = &http.Client{Transport: tr}
	ctx, cancel := context.WithCancel(context.Background())
	body, out := io.Pipe()
	address := "http://" + host + p.path
	req, err := http.NewRequestWithContext(ctx, p.method, address, body)
	if err != nil {
		p.t.Fatal(err)
	}
	seed := strings.Repeat("0", 64)
	if !p.unsigned {
		if seed, err = p.signer.SignHeaders(p.method, address, p.header, "", time.Now().Add(-p.late)); err != nil {
			p.t.Fatal(err)
		}
	}
	maps.Copy(p.header, p.added)
	req.Header = p.header
	p.out, p.cancel, p.sealer, p.ended = out, cancel, sealerWith(p.t, p.signer, seed), make(chan struct{})
	go func() { // owned by the test; ends with the response
		defer close(p.ended)
		p.listen(client, req)
	}()
	p.t.Cleanup(p.hangUp)
	synctest.Wait()
}

// hangUp resets the stream, and drops the connection with it.
func (p *post) hangUp() {
	p.cancel()
	p.out.CloseWithError(context.Canceled)
	<-p.ended
}

func (p *post) listen(client *http.Client, req *http.Request) {
	resp, err := client.Do(req)
	if err != nil {
		p.note("gone " + plain(err))
		return
	}
	defer resp.Body.Close()
	p.resp = resp
	p.note(fmt.Sprint(resp.StatusCode))
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		if !p.headers && name != "X-Amzn-Errortype" && name != resumedAt {
			continue
		}
		value := strings.Join(resp.Header.Values(name), ", ")
		switch name {
		case "X-Amzn-Requestid", "X-Amzn-Request-Id":
			value = strings.Repeat("?", len(value))
		case "X-Amzn-Transcribe-Session-Id":
			if value != p.header.Get(name) {
				value = strings.Repeat("?", len(value)) + " chosen by the server"
			}
		}
		p.note(strings.ToLower(name) + ": " + value)
	}
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(resp.Body)
		p.note(string(text))
		p.over(resp, err)
		return
	}
	d := eventstream.NewDecoder(resp.Body, 0)
	for {
		msg, err := d.NextFrame()
		if err != nil {
			p.over(resp, err)
			return
		}
		p.note(message(msg))
	}
}

func (p *post) over(resp *http.Response, err error) {
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		p.note("gone " + plain(err))
	case len(resp.Trailer) > 0:
		p.note(fmt.Sprint("trailers ", resp.Trailer))
	default:
		p.note("end")
	}
}

// plain is what an error says without the address.
func plain(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, `": `); i >= 0 {
		text = text[i+3:]
	}
	return text
}

// send sends bytes, which a server that is gone does not take.
func (p *post) send(b []byte) { _, _ = p.out.Write(b) }

// expect checks what has been told since the last time, as raw's does.
func (p *post) expect(want ...string) {
	p.t.Helper()
	p.check(p.t, want)
}

func sealerWith(t *testing.T, s sigv4.Signer, seed string) *wire.Sealer {
	t.Helper()
	chunks, err := sigv4.NewChunkSigner(s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return &wire.Sealer{Signer: chunks}
}
