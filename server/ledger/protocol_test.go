package ledger_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	provider "github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// shop is a whole server in a bubble, and its client.
type shop struct {
	client *provider.Recognizer
	sink   *sink
	close  func()
}

func newShop(t *testing.T, l store.Limits, transport provider.Transport) *shop {
	t.Helper()
	said, err := script.Parse("0.5-1.6 good morning everybody\n2.0-3.1 how are you")
	if err != nil {
		t.Fatal(err)
	}
	own := limits(l)
	s := &shop{sink: newSink()}
	gate := quota.New(quota.Options{Limits: &own, Totals: s.sink})
	counts := ledger.New(ledger.Options{Sink: s.sink, Budgets: gate})
	sessions := session.NewService(session.Options{Recognizer: script.New(script.Options{Script: said}), Gate: gate, Meter: counts})
	network := testkit.NewNetwork()
	handler := dialect.New(dialect.Options{Sessions: sessions, Keys: auth.Static{keyID: secret}})
	var handling atomic.Int64
	ended := make(chan struct{}, 1000)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handling.Add(1)
			defer func() {
				handling.Add(-1)
				ended <- struct{}{}
			}()
			handler.ServeHTTP(w, r)
		})}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	ctx, cancel := context.WithCancel(t.Context())
	counted, served := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test, which calls close
		defer close(counted)
		counts.Run(ctx, sessions)
	}()
	go func() { // owned by the test, which calls close
		defer close(served)
		_ = server.Serve(network) // that it is closed is no news
	}()
	s.client, err = provider.New(provider.Options{Endpoint: "ws://memory:8080", Client: network.Client(), Transport: transport,
		Credentials: provider.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret})})
	if err != nil {
		t.Fatal(err)
	}
	s.close = func() {
		sessions.Drain(t.Context())
		cancel()
		<-counted
		server.Close()
		<-served
		for handling.Load() > 0 {
			<-ended
		}
	}
	return s
}

// call streams so much audio and returns the finals and how it ended.
func (s *shop) call(t *testing.T, length time.Duration) (finals []string, why error) {
	t.Helper()
	stream, err := s.client.Open(t.Context(), stt.Config{Audio: mono16k, Languages: stt.Languages{Tags: []string{"en-US"}}})
	if err != nil {
		return nil, err
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	defer stream.Close()
	sending.Go(func() { // owned by call, which waits for it; ends with the audio, or with the stream
		const piece = 100 * time.Millisecond
		for sent := time.Duration(0); sent < length; sent += piece {
			<-time.After(piece)
			if stream.Send(context.WithoutCancel(t.Context()), stt.Chunk{Data: make([]byte, mono16k.Bytes(piece)), Offset: sent}) != nil {
				return // Recv has the reason
			}
		}
		_ = stream.CloseSend() // Recv has the reason
	})
	for {
		ev, err := stream.Recv(t.Context())
		if err != nil {
			return finals, err
		}
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			finals = append(finals, ev.Segment.Best().Text)
		}
	}
}

// What a client of Amazon's protocol hears, over either transport, when a limit is reached: its own exception, with finals before it.
func TestProtocol(t *testing.T) {
	for name, transport := range map[string]provider.Transport{"WebSocket": provider.WebSocket, "HTTP/2": provider.HTTP2} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				name   string
				limits store.Limits
				first  string // what the first call of 6 s hears
				ends   string // and with what
				second string // what the call after it ends with
			}{
				{"no limits", store.Limits{}, "good morning everybody|how are you", "", ""},
				{"the day's audio", store.Limits{DayAudio: 1800 * time.Millisecond}, "good morning everybody", "1.8s of audio that it may use in a day", "1.8s of audio that it may use in a day"},
				{"a rate", store.Limits{Rate: 0.01}, "good morning everybody|how are you", "", "sends more than 0.01 requests a second"},
			} {
				t.Run(c.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newShop(t, c.limits, transport)
						defer s.close()
						check := func(err error, text string) {
							t.Helper()
							var e *stt.Error
							switch {
							case text == "" && errors.Is(err, io.EOF):
							case text == "" || !errors.As(err, &e) || e.Code != stt.Quota || e.PeerCode != "LimitExceededException" || !strings.Contains(e.Msg, text):
								t.Errorf("ended with %v, expected %q", err, text)
							}
						}
						finals, err := s.call(t, 6*time.Second)
						check(err, c.ends)
						if got := strings.Join(finals, "|"); !strings.EqualFold(got, c.first) {
							t.Errorf("heard %q, expected %q", got, c.first)
						}
						_, err = s.call(t, time.Second)
						check(err, c.second)
					})
				})
			}
		})
	}
}
