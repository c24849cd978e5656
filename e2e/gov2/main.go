// Command gov2 is the AWS SDK for Go v2 as a judging client; package driver says how it is spoken to.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	service "github.com/aws/aws-sdk-go-v2/service/transcribestreaming"
	"github.com/aws/aws-sdk-go-v2/service/transcribestreaming/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/earshot-stt/earshot/e2e/driver"
)

func main() { driver.Main(run) }

func run(ctx context.Context, job driver.Job, audio *driver.Audio, opened func(driver.Note)) driver.Note {
	api, err := client(ctx, job)
	if err != nil {
		return driver.Note{Error: failure(err)}
	}
	if job.Medical {
		return medical(ctx, api, job, audio, opened)
	}
	in := &service.StartStreamTranscriptionInput{
		LanguageCode:         types.LanguageCode(job.Language),
		MediaEncoding:        types.MediaEncoding(job.Encoding),
		MediaSampleRateHertz: aws.Int32(int32(job.Rate)),
		SessionId:            text(job.Session),
	}
	if job.Channels > 1 {
		in.EnableChannelIdentification, in.NumberOfChannels = true, aws.Int32(int32(job.Channels))
	}
	out, err := api.StartStreamTranscription(ctx, in)
	if err != nil {
		return driver.Note{Error: failure(err)}
	}
	stream := out.GetStream()
	defer stream.Close()
	about := driver.Note{Session: aws.ToString(out.SessionId), Request: aws.ToString(out.RequestId)}
	opened(about)
	send(ctx, audio, stream.Writer)

	heard := driver.Heard{Job: job, Note: about}
	for event := range driver.Until(ctx, stream.Events()) {
		e, ok := event.(*types.TranscriptResultStreamMemberTranscriptEvent)
		if !ok {
			continue
		}
		heard.Event(ctx, len(e.Value.Transcript.Results))
		for _, r := range e.Value.Transcript.Results {
			heard.Result(r.IsPartial, driver.Final{Text: aws.ToString(r.Alternatives[0].Transcript),
				Start: r.StartTime, End: r.EndTime, Channel: aws.ToString(r.ChannelId)})
		}
	}
	return heard.End(failure(cmp.Or(ctx.Err(), stream.Err())))
}

func medical(ctx context.Context, api *service.Client, job driver.Job, audio *driver.Audio, opened func(driver.Note)) driver.Note {
	out, err := api.StartMedicalStreamTranscription(ctx, &service.StartMedicalStreamTranscriptionInput{
		LanguageCode:         types.LanguageCode(job.Language),
		MediaEncoding:        types.MediaEncoding(job.Encoding),
		MediaSampleRateHertz: aws.Int32(int32(job.Rate)),
		SessionId:            text(job.Session),
		Specialty:            types.SpecialtyPrimarycare,
		Type:                 types.TypeDictation,
	})
	if err != nil {
		return driver.Note{Error: failure(err)}
	}
	stream := out.GetStream()
	defer stream.Close()
	about := driver.Note{Session: aws.ToString(out.SessionId), Request: aws.ToString(out.RequestId)}
	opened(about)
	send(ctx, audio, stream.Writer)

	heard := driver.Heard{Job: job, Note: about}
	for event := range driver.Until(ctx, stream.Events()) {
		e, ok := event.(*types.MedicalTranscriptResultStreamMemberTranscriptEvent)
		if !ok {
			continue
		}
		heard.Event(ctx, len(e.Value.Transcript.Results))
		for _, r := range e.Value.Transcript.Results {
			heard.Result(r.IsPartial, driver.Final{Text: aws.ToString(r.Alternatives[0].Transcript),
				Start: r.StartTime, End: r.EndTime, Channel: aws.ToString(r.ChannelId)})
		}
	}
	return heard.End(failure(cmp.Or(ctx.Err(), stream.Err())))
}

// client makes a client of the service as a user's program would.
func client(ctx context.Context, job driver.Job) (*service.Client, error) {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	if strings.HasPrefix(job.Endpoint, "http://") {
		transport.Protocols.SetUnencryptedHTTP2(true)
	} else {
		roots := x509.NewCertPool()
		pem, err := os.ReadFile(job.CA)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("there is no authority to trust in " + job.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		transport.Protocols.SetHTTP1(true)
		transport.Protocols.SetHTTP2(true)
	}
	driver.Leave(ctx, transport)
	options := service.Options{
		Region:           "us-east-1",
		EndpointResolver: service.EndpointResolverFromURL(job.Endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider(job.Key, job.Secret, ""),
		HTTPClient:       &http.Client{Transport: transport},
		Retryer:          aws.NopRetryer{},
		HTTPSignerV4:     signer{v4.NewSigner(), time.Duration(job.Skew) * time.Second},
	}
	if job.Resume > 0 { // a member that this SDK is too old for
		options.APIOptions = append(options.APIOptions,
			smithyhttp.AddHeaderValue("X-Amzn-Transcribe-Session-Resume-Window", strconv.Itoa(job.Resume)))
	}
	return service.New(options), nil
}

// signer signs by a clock that is wrong.
type signer struct {
	*v4.Signer
	skew time.Duration
}

// SignHTTP implements service.HTTPSignerV4.
func (s signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, name, region string, now time.Time, options ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, name, region, now.Add(s.skew), options...)
}

// writer is the sending half of both operations.
type writer interface {
	Send(ctx context.Context, event types.AudioStream) error
	Close() error
}

// send sends the audio in a goroutine of its own, which ends with the audio, or when the stream is closed or ctx done.
func send(ctx context.Context, audio *driver.Audio, w writer) {
	go func() {
		for {
			piece, err := audio.Next(ctx)
			if err == io.EOF {
				_ = w.Close() // what is wrong stands in the stream's error
				return
			}
			if err != nil || w.Send(ctx, &types.AudioStreamMemberAudioEvent{Value: types.AudioEvent{AudioChunk: piece}}) != nil {
				return
			}
		}
	}()
}

// text leaves a member away that has no value.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func failure(err error) *driver.Failure {
	if err == nil {
		return nil
	}
	f := &driver.Failure{Name: "Error", Message: err.Error()}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		f.Name, f.Message = e.ErrorCode(), e.ErrorMessage()
	}
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		f.Status = e.HTTPStatusCode()
	}
	return f
}
