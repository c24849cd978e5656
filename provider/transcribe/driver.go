package transcribe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// Driver describes the provider.
func Driver() stt.Driver {
	return stt.Driver{
		Name: "transcribe", Title: "Amazon Transcribe",
		Doc: "Streams to Amazon Transcribe, or to any server that speaks its protocol, by WebSocket or over HTTP/2. Credentials are found as AWS tools find them: environment variables, the shared credentials and config files, or a role.",
		Options: []stt.Option{
			{Name: "region", Env: "AWS_REGION", Help: "AWS region; empty means the one of the AWS configuration."},
			{Name: "endpoint", Help: "Address of another server, such as ws://127.0.0.1:8080; empty means Amazon's own for the region."},
			{Name: "transport", Default: string(WebSocket), Enum: []string{string(WebSocket), string(HTTP2)}, Help: "How messages travel: websocket, or http2, whose every message is signed."},
			{Name: "profile", Help: "Profile in the AWS files; empty means the default one."},
			{Name: "credentials_file", Kind: stt.KindPath, Help: "A file in the AWS shared-credentials format to read instead of the usual ones."},
			{Name: "finish_timeout", Default: "45s", Kind: stt.KindDuration, Help: "How long the server may go without a word once it is waited for: after the end of the audio, or while it takes none. Every message of it starts the time anew. It is longer than a server of ours waits for its engine, whose reason then arrives."},
			{Name: "open_timeout", Default: "15s", Kind: stt.KindDuration, Help: "How long the credentials and the server's answer may take when a stream is opened."},
			{Name: "reconnect_for", Default: "30s", Kind: stt.KindDuration, Help: "How long a stream whose connection is lost tries to connect again before it fails; 0s: not at all. What the server had not decided is sent again. The time starts anew once something has been decided."},
			{Name: "max_replay", Default: "60s", Kind: stt.KindDuration, Help: "How much audio a stream keeps to send again, 1s to 10m. A stream whose connection is lost while the server has more of it undecided fails: no audio is left out."},
			{Name: "ca_file", Kind: stt.KindPath, Help: "A file with certificates in PEM that a server's may be signed by, beside those the system trusts, such as the ca.pem of another Earshot."},
			{Name: "sign_frames", Default: "false", Kind: stt.KindBool, Help: "Sign every message as well as the address. Servers take both on WebSocket; over HTTP/2 all are signed anyway."},
		},
		New: open,
	}
}

func open(ctx context.Context, v map[string]string) (stt.Recognizer, error) {
	var options []func(*awsconfig.LoadOptions) error
	if v["region"] != "" {
		options = append(options, awsconfig.WithRegion(v["region"]))
	}
	if v["profile"] != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(v["profile"]))
	}
	if path := v["credentials_file"]; path != "" {
		if _, err := os.Stat(path); err != nil { // the AWS library passes over files that are not there
			return nil, stt.InvalidOption("transcribe.credentials_file", path, "a file in the AWS shared-credentials format; it cannot be read")
		}
		options = append(options, awsconfig.WithSharedCredentialsFiles([]string{path}))
		if v["profile"] == "" {
			// A profile that is named goes before the credentials of the environment; an option must.
			options = append(options, awsconfig.WithSharedConfigProfile("default"))
		}
	}
	if v["endpoint"] != "" {
		// Another server does not know the role of this machine, and asking for it takes seconds where there is none.
		options = append(options, awsconfig.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, notLoaded(ctx, err, v)
	}
	opts := Options{Region: cfg.Region, Endpoint: v["endpoint"], Transport: Transport(v["transport"]), Credentials: FromAWS(cfg.Credentials)}
	if opts.FinishTimeout, err = above0(v, "finish_timeout", "45s"); err != nil {
		return nil, err
	}
	if opts.OpenTimeout, err = above0(v, "open_timeout", "15s"); err != nil {
		return nil, err
	}
	if opts.ReconnectFor, _ = time.ParseDuration(v["reconnect_for"]); opts.ReconnectFor < 0 {
		return nil, stt.InvalidOption("transcribe.reconnect_for", v["reconnect_for"], "a duration such as 30s, or 0s")
	}
	if opts.MaxReplay, err = above0(v, "max_replay", "60s"); err != nil {
		return nil, err
	}
	if path := v["ca_file"]; path != "" {
		roots, err := provider.Roots(path)
		if err != nil {
			return nil, stt.InvalidOption("transcribe.ca_file", path, "a file with certificates in PEM; "+err.Error())
		}
		opts.Client = provider.NewClient(roots)
	}
	opts.SignFrames, _ = strconv.ParseBool(v["sign_frames"])
	return New(opts)
}

// above0 returns an option that is a duration; 0 when it has no value.
func above0(v map[string]string, name, example string) (time.Duration, error) {
	d, _ := time.ParseDuration(v[name]) // kinds have been checked
	if d <= 0 && v[name] != "" {
		return 0, stt.InvalidOption("transcribe."+name, v[name], "a duration above 0, such as "+example)
	}
	return d, nil
}

// notLoaded says why there is no AWS configuration.
func notLoaded(ctx context.Context, err error, v map[string]string) error {
	if ctx.Err() != nil {
		return stt.AsError(ctx.Err())
	}
	var missing awsconfig.SharedConfigProfileNotExistError
	if !errors.As(err, &missing) {
		return &stt.Error{Code: stt.Invalid, Op: "open", Msg: "the AWS configuration cannot be loaded", Err: err}
	}
	where := "the AWS config and credentials files"
	if v["credentials_file"] != "" {
		where = v["credentials_file"] + " and the AWS config file"
	}
	return stt.InvalidOption("transcribe.profile", v["profile"], fmt.Sprintf("a profile that %s have; there is none called %q", where, missing.Profile))
}

// Credentials returns the credentials to sign with, fresh ones when they change.
type Credentials func(ctx context.Context) (sigv4.Credentials, error)

// Static returns credentials that never change.
func Static(c sigv4.Credentials) Credentials {
	return func(context.Context) (sigv4.Credentials, error) { return c, nil }
}

// FromAWS returns the credentials of an AWS configuration.
func FromAWS(p aws.CredentialsProvider) Credentials {
	return func(ctx context.Context) (sigv4.Credentials, error) {
		c, err := p.Retrieve(ctx)
		if ctx.Err() != nil {
			return sigv4.Credentials{}, stt.AsError(ctx.Err())
		}
		if err != nil {
			return sigv4.Credentials{}, noCredentials(err)
		}
		return sigv4.Credentials{AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
	}
}

// noCredentials has the peer set because these are the credentials for it: whoever serves others with this client must not
// tell them that theirs are missing.
func noCredentials(cause error) error {
	return &stt.Error{Code: stt.Unauthenticated, Op: "open", Peer: peer, Err: cause,
		Msg: `no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE or the option "transcribe.credentials_file" to a credentials file`}
}

// Options make a Recognizer. Credentials must be set, and Region unless Endpoint is.
type Options struct {
	Region   string // AWS region
	Endpoint string // ws, wss, http or https address of the server; empty: Amazon's for the region
	// Transport is how messages travel; empty means WebSocket.
	Transport Transport
	// Credentials are asked for at every opening, and give up when their context is done.
	Credentials Credentials
	// FinishTimeout is the longest wall time without a message of the server once it is waited for: after the end of the
	// audio, or while it takes none; 0 means 45 s: longer than Earshot's own servers wait for their engines, so that they can say
	// what is wrong. A stream then fails with DeadlineExceeded. A ping that is not answered for so long loses the connection.
	FinishTimeout time.Duration
	// OpenTimeout is the wall time for the credentials and the server to answer while a stream is opened; 0 means 15 s.
	OpenTimeout time.Duration
	// ReconnectFor is how long a stream whose connection is lost tries to connect again, wall time; 0 means not at all. The
	// time starts anew once something has been decided, or a connection has lasted 10 s.
	ReconnectFor time.Duration
	// MaxReplay is how much audio a stream keeps that the server has not decided, to send it again, 1 s to 10 min; 0 means
	// 60 s. The server decides audio with its finals only.
	MaxReplay time.Duration
	// Random draws from 0 (included) to 1 how long to wait before connecting again; nil means math/rand/v2. It may be called
	// by several streams at the same time.
	Random     func() float64
	SignFrames bool // sign every message as well as the address; over HTTP/2 they are always signed
	// Client is what to dial with; nil: one made by provider.NewClient, which trusts the system's authorities. For HTTP/2 a
	// copy of its transport is used, when that is an *http.Transport, which speaks nothing else.
	Client *http.Client
}

// maxReplay bounds the option of that name: 58 MB at the highest rate.
const maxReplay = 10 * time.Minute

// New returns a client. It fails with Invalid naming the option; it connects to nobody yet.
func New(opts Options) (*Recognizer, error) {
	if opts.FinishTimeout <= 0 {
		opts.FinishTimeout = 45 * time.Second
	}
	if opts.OpenTimeout <= 0 {
		opts.OpenTimeout = 15 * time.Second
	}
	if opts.MaxReplay <= 0 {
		opts.MaxReplay = 60 * time.Second
	}
	if opts.MaxReplay < time.Second || opts.MaxReplay > maxReplay {
		return nil, stt.InvalidOption("transcribe.max_replay", opts.MaxReplay.String(), "1s to 10m")
	}
	if opts.Client == nil {
		opts.Client = provider.NewClient(nil)
	}
	switch opts.Transport {
	case "":
		opts.Transport = WebSocket
	case WebSocket, HTTP2:
	default:
		return nil, stt.InvalidOption("transcribe.transport", string(opts.Transport), "websocket or http2")
	}
	if opts.Credentials == nil {
		return nil, &stt.Error{Code: stt.Invalid, Op: "open", Option: "transcribe.credentials", Msg: "no source of credentials is given"}
	}
	if opts.Region == "" {
		if opts.Endpoint == "" {
			return nil, &stt.Error{Code: stt.Invalid, Op: "open", Option: "transcribe.region", Want: "a region such as us-east-1",
				Msg: `option "transcribe.region" is not set, nor is AWS_REGION, and there is no "transcribe.endpoint"; expected a region such as us-east-1`}
		}
		opts.Region = "us-east-1" // other servers take any
	}
	if strings.Trim(opts.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, stt.InvalidOption("transcribe.region", opts.Region, "a region such as us-east-1")
	}
	address, err := endpoint(opts.Endpoint, opts.Region)
	if err != nil {
		return nil, err
	}
	return &Recognizer{opts: opts, address: address}, nil
}

// endpoint returns the address to dial, without path.
func endpoint(given, region string) (*url.URL, error) {
	if given == "" {
		given = "wss://transcribestreaming." + region + ".amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			given += ".cn" // a partition of its own
		}
		given += ":8443"
	}
	u, err := url.Parse(given)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, stt.InvalidOption("transcribe.endpoint", redact(given), "an address such as ws://127.0.0.1:8080, without path and query")
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return nil, stt.InvalidOption("transcribe.endpoint", redact(given), "an address that begins with ws:// or wss://")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// redact shows an address that may hold more than it should.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return stt.RedactURL(u)
}
