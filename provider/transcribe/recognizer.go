package transcribe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Recognizer is a client of one server. It implements stt.Recognizer and may be used concurrently.
type Recognizer struct {
	opts    Options
	address *url.URL
	served  atomic.Pointer[string] // see Served
}

// Served returns the model that the server named when it last accepted a stream, as Earshot's servers do (X-Earshot-Model); empty: none
// has. Where streams run beside each other it may be another's.
func (r *Recognizer) Served() string {
	if name := r.served.Load(); name != nil {
		return *name
	}
	return ""
}

// note takes the name of the model from the header of an answer. Only what is fit to be shown counts.
func (r *Recognizer) note(header http.Header) {
	name, err := url.PathUnescape(header.Get("X-Earshot-Model"))
	if err == nil && name != "" {
		name = strings.Map(func(c rune) rune {
			if !unicode.IsPrint(c) {
				return '?'
			}
			return c
		}, short(name, 100))
		r.served.Store(&name)
	}
}

// noting shows the headers of answers to a Recognizer. It implements http.RoundTripper.
type noting struct {
	base http.RoundTripper
	of   *Recognizer
}

func (n noting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := n.base.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		n.of.note(resp.Header)
	}
	return resp, err
}

// peer is how errors name the server.
const peer = "amazon"

// maxLifetime is the longest the service lets a presigned address be good for.
const maxLifetime = 5 * time.Minute

// urlLifetime is how long a presigned address is good; it is used at once.
const urlLifetime = 60 * time.Second

const abilities = stt.FeatureInterim | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureStable | stt.FeaturePunctuation |
	stt.FeatureCase | stt.FeatureSpoken | stt.FeatureSpeakers | stt.FeatureIdentify | stt.FeatureVocabs | stt.FeatureFilters | stt.FeaturePII |
	stt.FeatureMedical

// Models implements stt.Recognizer. Languages are not listed: the service's list grows, and it says itself what it refuses.
func (r *Recognizer) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: "transcribe", Title: "Amazon Transcribe", Can: stt.Capabilities{
		Formats: formats(),
		Has:     abilities, MaxSpeakers: 10,
		MaxChunk: time.Second, MaxStream: 4 * time.Hour, MaxIdle: 15 * time.Second,
	}}}, nil
}

// formats are the usual rates among the 8000 to 48000 Hz that the service takes, the one it recommends first. Others are
// resampled before they travel.
func formats() []stt.Format {
	var all []stt.Format
	for _, rate := range []int{16000, 8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000} {
		all = append(all, stt.Format{Encoding: stt.PCM16, Rate: rate, Channels: 1})
	}
	return all
}

// Open implements stt.Recognizer. Beside ctx, the time for opening bounds it: it fails with Unavailable when the credentials
// or the server are not there by then. It tries once: whoever opens a stream has lost nothing yet and can do so again. A
// stream that has begun reconnects by itself for Options.ReconnectFor.
func (r *Recognizer) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	models, _ := r.Models(ctx)
	if _, err := stt.FindModel(models, &cfg); err != nil {
		return nil, err
	}
	params, err := wire.ParamsOf(&cfg)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, limit time.Duration) (line, error) { return r.dial(ctx, &params, limit) }
	first, err := dial(ctx, r.opts.OpenTimeout)
	if err != nil {
		return nil, err
	}
	return newStream(first, &cfg, &r.opts, dial), nil
}

// dial connects, with an address and a signature of its own each time, and gives up after limit.
func (r *Recognizer) dial(ctx context.Context, params *wire.Params, limit time.Duration) (line, error) {
	opening, cancel := context.WithTimeout(ctx, limit)
	defer cancel() // the connection does not depend on it
	credentials, err := r.credentials(opening)
	if err != nil {
		return line{}, unanswered(ctx, opening, err, limit, "source of AWS credentials", nil)
	}
	signer := sigv4.Signer{Credentials: credentials, Region: r.opts.Region}
	connect := r.dialSocket
	if r.opts.Transport == HTTP2 {
		connect = r.dialHTTP2
	}
	l, address, err := connect(opening, signer, params)
	if err != nil {
		return line{}, unanswered(ctx, opening, err, limit, "server", errors.New(stt.RedactURL(address)))
	}
	return l, nil
}

// dialSocket connects by WebSocket. The address is what an error may speak of.
func (r *Recognizer) dialSocket(opening context.Context, signer sigv4.Signer, params *wire.Params) (line, *url.URL, error) {
	address, seed, err := r.presign(signer, params, urlLifetime)
	if err != nil {
		return line{}, r.address, err
	}
	var sealer *wire.Sealer
	if r.opts.SignFrames {
		if sealer, err = sealerOf(signer, seed); err != nil {
			return line{}, address, err
		}
	}
	noted := *r.opts.Client
	if noted.Transport == nil {
		noted.Transport = http.DefaultTransport
	}
	noted.Transport = noting{noted.Transport, r}
	conn, err := provider.Dial(opening, &noted, address, nil, peer)
	if err != nil {
		return line{}, address, err
	}
	return line{socket{conn}, sealer}, address, nil
}

func sealerOf(signer sigv4.Signer, seed string) (*wire.Sealer, error) {
	chunks, err := sigv4.NewChunkSigner(signer, seed)
	if err != nil {
		return nil, &stt.Error{Code: stt.Unauthenticated, Op: "open", Msg: "the messages cannot be signed", Err: err}
	}
	return &wire.Sealer{Signer: chunks}, nil
}

// unanswered returns err, or what it means when it is the time for opening that is over and not the caller's own.
func unanswered(ctx, opening context.Context, err error, limit time.Duration, who string, where error) error {
	if ctx.Err() != nil || opening.Err() == nil || stt.CodeOf(err) != stt.DeadlineExceeded {
		return err
	}
	return &stt.Error{Code: stt.Unavailable, Op: "open", Peer: peer, Err: where,
		Msg: fmt.Sprintf("the %s has not answered within %s", who, limit.Round(time.Millisecond))}
}

// Presign returns an address that lets its holder stream with cfg until it expires: what a browser is given. It is a secret
// for as long as it is good. lifetime is 1 s to 5 min, whole seconds. It fails with Invalid or Unsupported naming the
// option, and with Unauthenticated where there are no credentials.
func (r *Recognizer) Presign(ctx context.Context, cfg stt.Config, lifetime time.Duration) (*url.URL, error) {
	return r.PresignWith(ctx, cfg, nil, lifetime)
}

// PresignWith is Presign with further parameters of the protocol by the names that they have in a query, such as
// "media-encoding", which count before what cfg says. All together are judged as a server judges them.
func (r *Recognizer) PresignWith(ctx context.Context, cfg stt.Config, more map[string]string, lifetime time.Duration) (*url.URL, error) {
	if lifetime < time.Second || lifetime > maxLifetime || lifetime%time.Second != 0 {
		return nil, stt.InvalidOption("lifetime", lifetime.String(), "1s to 5m, in whole seconds")
	}
	params, err := wire.ParamsOf(&cfg)
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		query := params.Query()
		for name, value := range more {
			query.Set(name, value)
		}
		if params, err = wire.ParseQuery(params.Operation(), query); err != nil {
			return nil, err
		}
	}
	credentials, err := r.credentials(ctx)
	if err != nil {
		return nil, err
	}
	address, _, err := r.presign(sigv4.Signer{Credentials: credentials, Region: r.opts.Region}, &params, lifetime)
	return address, err
}

func (r *Recognizer) credentials(ctx context.Context) (sigv4.Credentials, error) {
	credentials, err := r.opts.Credentials(ctx)
	if err != nil {
		return sigv4.Credentials{}, stt.AsError(err)
	}
	return credentials, nil
}

// presign returns the address of a stream by WebSocket, and the seed of its messages' signatures.
func (r *Recognizer) presign(signer sigv4.Signer, params *wire.Params, lifetime time.Duration) (*url.URL, string, error) {
	u := *r.address
	u.Path, u.RawQuery = params.Operation().WebSocket, params.Query().Encode()
	signed, seed, err := signer.Presign("GET", u.String(), lifetime, time.Now())
	var address *url.URL
	if err == nil {
		address, err = url.Parse(signed)
	}
	return address, seed, unsigned(err, "the address cannot be signed")
}

// unsigned says why something cannot be signed.
func unsigned(err error, msg string) error {
	switch {
	case err == nil:
		return nil
	case sigv4.ReasonOf(err) == sigv4.UnknownKey:
		return noCredentials(err)
	default:
		return &stt.Error{Code: stt.Invalid, Op: "open", Msg: msg, Err: err}
	}
}
