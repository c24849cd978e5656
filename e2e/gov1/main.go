// Command gov1 is the AWS SDK for Go v1 as a judging client; package driver says how it is spoken to.
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

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/request"
	"github.com/aws/aws-sdk-go/aws/session"
	v4 "github.com/aws/aws-sdk-go/aws/signer/v4"
	service "github.com/aws/aws-sdk-go/service/transcribestreamingservice"

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
		LanguageCode:         aws.String(job.Language),
		MediaEncoding:        aws.String(job.Encoding),
		MediaSampleRateHertz: aws.Int64(int64(job.Rate)),
		SessionId:            text(job.Session),
	}
	if job.Channels > 1 {
		in.EnableChannelIdentification, in.NumberOfChannels = aws.Bool(true), aws.Int64(int64(job.Channels))
	}
	out, err := api.StartStreamTranscriptionWithContext(ctx, in)
	if err != nil {
		return driver.Note{Error: failure(err)}
	}
	stream := out.GetStream()
	defer stream.Close()
	about := driver.Note{Session: aws.StringValue(out.SessionId), Request: aws.StringValue(out.RequestId)}
	opened(about)
	send(ctx, audio, stream.Writer)

	heard := driver.Heard{Job: job, Note: about}
	for event := range driver.Until(ctx, stream.Events()) {
		e, ok := event.(*service.TranscriptEvent)
		if !ok {
			continue
		}
		heard.Event(ctx, len(e.Transcript.Results))
		for _, r := range e.Transcript.Results {
			heard.Result(aws.BoolValue(r.IsPartial), driver.Final{Text: aws.StringValue(r.Alternatives[0].Transcript),
				Start: aws.Float64Value(r.StartTime), End: aws.Float64Value(r.EndTime), Channel: aws.StringValue(r.ChannelId)})
		}
	}
	return heard.End(failure(cmp.Or(ctx.Err(), stream.Err())))
}

func medical(ctx context.Context, api *service.TranscribeStreamingService, job driver.Job, audio *driver.Audio, opened func(driver.Note)) driver.Note {
	out, err := api.StartMedicalStreamTranscriptionWithContext(ctx, &service.StartMedicalStreamTranscriptionInput{
		LanguageCode:         aws.String(job.Language),
		MediaEncoding:        aws.String(job.Encoding),
		MediaSampleRateHertz: aws.Int64(int64(job.Rate)),
		SessionId:            text(job.Session),
		Specialty:            aws.String(service.SpecialtyPrimarycare),
		Type:                 aws.String(service.TypeDictation),
	})
	if err != nil {
		return driver.Note{Error: failure(err)}
	}
	stream := out.GetStream()
	defer stream.Close()
	about := driver.Note{Session: aws.StringValue(out.SessionId), Request: aws.StringValue(out.RequestId)}
	opened(about)
	send(ctx, audio, stream.Writer)

	heard := driver.Heard{Job: job, Note: about}
	for event := range driver.Until(ctx, stream.Events()) {
		e, ok := event.(*service.MedicalTranscriptEvent)
		if !ok {
			continue
		}
		heard.Event(ctx, len(e.Transcript.Results))
		for _, r := range e.Transcript.Results {
			heard.Result(aws.BoolValue(r.IsPartial), driver.Final{Text: aws.StringValue(r.Alternatives[0].Transcript),
				Start: aws.Float64Value(r.StartTime), End: aws.Float64Value(r.EndTime), Channel: aws.StringValue(r.ChannelId)})
		}
	}
	return heard.End(failure(cmp.Or(ctx.Err(), stream.Err())))
}

// client makes a client of the service as a user's program would.
func client(ctx context.Context, job driver.Job) (*service.TranscribeStreamingService, error) {
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
	sess, err := session.NewSession(&aws.Config{
		Region:      aws.String("us-east-1"),
		Endpoint:    aws.String(job.Endpoint),
		Credentials: credentials.NewStaticCredentials(job.Key, job.Secret, ""),
		HTTPClient:  &http.Client{Transport: transport},
		MaxRetries:  aws.Int(0),
	})
	if err != nil {
		return nil, err
	}
	api := service.New(sess)
	// What follows changes the request before it is signed: a member that this SDK is too old for, and a clock that is wrong.
	api.Handlers.Build.PushBack(func(r *request.Request) {
		if job.Resume > 0 {
			r.HTTPRequest.Header.Set("X-Amzn-Transcribe-Session-Resume-Window", strconv.Itoa(job.Resume))
		}
	})
	api.Handlers.Sign.Swap(v4.SignRequestHandler.Name, request.NamedHandler{Name: v4.SignRequestHandler.Name, Fn: func(r *request.Request) {
		v4.SignSDKRequestWithCurrentTime(r, func() time.Time { return time.Now().Add(time.Duration(job.Skew) * time.Second) })
	}})
	return api, nil
}

// writer is the sending half of both operations.
type writer interface {
	Send(ctx aws.Context, event service.AudioStreamEvent) error
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
			if err != nil || w.Send(ctx, &service.AudioEvent{AudioChunk: piece}) != nil {
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
	if e, ok := errors.AsType[awserr.Error](err); ok {
		f.Name, f.Message = e.Code(), e.Message()
	}
	if e, ok := errors.AsType[awserr.RequestFailure](err); ok {
		f.Status = e.StatusCode()
	}
	return f
}
