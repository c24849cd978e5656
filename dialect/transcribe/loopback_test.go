package transcribe_test

import (
	"testing"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	provider "github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
	"github.com/earshot-stt/earshot/testkit"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

const conversation = `
0.5-1.6   good morning everybody
2.0-3.1   how@2.0-2.2 are@2.25-2.5 you@2.7-3.1
3.1-3.9   very well
`

var faults = map[stttest.Defect]script.Fault{
	stttest.Dies:    {Kind: script.Die, At: 2500 * time.Millisecond},
	stttest.Stalls:  {Kind: script.Stall, At: time.Second},
	stttest.Refuses: {Kind: script.Refuse},
}

// TestLoopback is our client against our server: provider, wire, dialect, session, engine.
func TestLoopback(t *testing.T) {
	for name, way := range map[string]provider.Options{
		"bare frames":   {},
		"signed frames": {SignFrames: true},
		"HTTP/2":        {Transport: provider.HTTP2},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, func(t *testing.T, so session.Options) stt.Recognizer {
				return client(t, serve(t, so, dialect.Options{ChunkAge: 5 * time.Minute}).net, way)
			})
		})
	}
}

// judge runs the suite of all recognizers.
func judge(t *testing.T, open func(t *testing.T, so session.Options) stt.Recognizer) {
	format := stt.Format{Rate: 16000, Channels: 1}
	stttest.Run(t, stttest.Harness{
		New: func(t *testing.T, d stttest.Defect) stt.Recognizer {
			return open(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation), Fault: faults[d]})})
		},
		Defects:   []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses},
		Config:    stt.Config{Audio: format, Languages: stt.Languages{Tags: []string{"en-US"}}},
		Audio:     make([]byte, format.Bytes(5*time.Second)),
		Words:     parse(t, conversation).Text(5 * time.Second),
		Also:      stt.FeatureDeterministic,
		Tolerance: time.Millisecond,
		Bubble:    true,
	})
}

func parse(t *testing.T, text string) script.Script {
	t.Helper()
	s, err := script.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func client(t *testing.T, net *testkit.Network, opts provider.Options) *provider.Recognizer {
	t.Helper()
	if opts.Endpoint == "" {
		opts.Endpoint = "ws://memory:8080"
	}
	if opts.Client == nil {
		opts.Client = net.Client()
	}
	if opts.Credentials == nil {
		opts.Credentials = provider.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret})
	}
	r, err := provider.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
