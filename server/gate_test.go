package server_test

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
)

// One key may have so many streams and no more, over both transports together; the place of one that ends is free again.
func TestAccountStreams(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags map[string]string
		code  stt.Code // of the third stream
		text  string
	}{
		{"two of an account", map[string]string{"limits.account_streams": "2"}, stt.Quota, "the account has 2 streams open, which is as many as it may have at a time"},
		{"two in all", map[string]string{"limits.streams": "2"}, stt.Exhausted, "all 2 streams that this server allows at a time are in use"},
		{"the account first", map[string]string{"limits.streams": "2", "limits.account_streams": "2"}, stt.Quota, "the account has 2 streams open"},
		{"any number", map[string]string{"limits.account_streams": "0"}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.flags["tls.listen"] = "off"
			cfg := configure(t, speech, c.flags)
			s := start(t, cfg)
			dial := func(transport string) (stt.Stream, error) {
				driver := transcribe.Driver()
				r, err := driver.Open(t.Context(), map[string]string{"endpoint": s.plain, "transport": transport, "reconnect_for": "0s",
					"credentials_file": filepath.Join(cfg.Data, auth.CredentialsFile)}, func(string) string { return "" })
				if err != nil {
					t.Fatal(err)
				}
				stream, err := r.Open(t.Context(), stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}, Languages: stt.Languages{Tags: []string{"en-US"}}})
				if err == nil {
					t.Cleanup(func() { stream.Close() })
					_, err = stream.Recv(t.Context()) // the server's first word, or why there is no stream
				}
				return stream, err
			}
			var open []stt.Stream
			for range 2 {
				stream := s.dial(cfg, s.plain)
				s.awaitLog("stream opened")
				open = append(open, stream)
			}
			for _, transport := range []string{"websocket", "http2"} {
				if c.code == 0 {
					break
				}
				_, err := dial(transport)
				if stt.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
					t.Errorf("%s: got %v (%v), expected %v %q", transport, err, stt.CodeOf(err), c.code, c.text)
				}
			}
			if c.code != 0 {
				if err := open[0].CloseSend(); err != nil {
					t.Fatal(err)
				}
				if _, err := listen(t, open[0]); err != io.EOF {
					t.Fatal(err)
				}
				s.awaitLog("stream closed")
			}
			again := s.dial(cfg, s.plain)
			if err := again.CloseSend(); err != nil {
				t.Fatal(err)
			}
			if _, err := listen(t, again); err != io.EOF {
				t.Errorf("another stream ended with %v", err)
			}
		})
	}
}
