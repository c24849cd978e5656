package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Options make a Service. Sessions must be set.
type Options struct {
	Sessions *session.Service
	// MaxAudio is the longest file taken, as audio time; 0: any.
	MaxAudio time.Duration
	// MaxTime is how long a job may take; 0: any time.
	MaxTime time.Duration
	// FFmpeg decodes what package audio does not; nil: such files are refused.
	FFmpeg *ffmpeg.Program
	// Spool keeps files that cannot be decoded as they come; nil: in the system's folder for temporary files, [MaxSpool] bytes at most.
	Spool *spool.Spool
}

// Service runs jobs. It may be used concurrently.
type Service struct{ opts Options }

// MaxSpool is how much is kept on disk by a Service that is not told, in bytes.
const MaxSpool = 4 << 30

// New returns a Service.
func New(opts Options) *Service {
	if opts.Spool == nil {
		opts.Spool = spool.New("", MaxSpool)
	}
	return &Service{opts: opts}
}

// Spool is where the service keeps files. Whoever must keep a file before there can be a job keeps it there.
func (s *Service) Spool() *spool.Spool { return s.opts.Spool }

// Foreign reports whether files are decoded that package audio does not decode: those of ffmpeg.
func (s *Service) Foreign() bool { return s.opts.FFmpeg != nil }

// MaxAudio is the longest file taken, as audio time; 0: any.
func (s *Service) MaxAudio() time.Duration { return s.opts.MaxAudio }

// Request is a file to transcribe.
type Request struct {
	// Session is who asks and for what. Its Config.Audio is set by what the file turns out to be.
	Session *session.Request
	// Input is the file, which is read to its end.
	Input
	// Rewrite changes what was said, event by event, after the features of the session; nil: nothing does.
	Rewrite func(ev *stt.Event)
	// Final is told of each final as it comes; its error ends the job. nil: nobody is.
	Final func(seg *stt.Segment) error
	// Opened is told the session's model when the file has been recognised as one, before anything is transcribed; nil: nobody is.
	Opened func(model string)

	// Asked is set by Run when it asks for a session. From then on the session's own log and accounts tell how the job ended.
	Asked bool
}

// Result is what was said.
type Result struct {
	Model    string
	Language string        // as asked for; empty where the model finds out
	Duration time.Duration // of the audio
	Segments []stt.Segment // finals, in the order in which they came; none is without text
}

// Run transcribes a file. The error is an *stt.Error, or that of ctx, which ends the job: a file that cannot be read to its end
// gives no result. Body is not read any more when Run returns.
func (s *Service) Run(ctx context.Context, r *Request) (*Result, error) {
	if s.opts.MaxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.opts.MaxTime, &stt.Error{Code: stt.DeadlineExceeded, Op: "transcribe",
			Msg: "the transcription took longer than " + s.opts.MaxTime.String() + ", which is as long as one may"})
		defer cancel()
	}
	if r.Interrupt != nil {
		defer context.AfterFunc(ctx, r.Interrupt)()
	}
	res, err := s.run(ctx, r)
	if code := stt.CodeOf(err); ctx.Err() != nil && (code == stt.Canceled || code == stt.DeadlineExceeded) {
		return nil, context.Cause(ctx) // other errors are what came first: an interrupted body may end ctx as well
	}
	return res, err
}

func (s *Service) run(ctx context.Context, r *Request) (*Result, error) {
	decoding, stop := context.WithCancel(ctx)
	defer stop()
	rec, err := s.Open(decoding, &r.Input)
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	f := rec.Format()
	r.Session.Config.Audio = stt.Format{Encoding: stt.PCM16, Rate: f.Rate, Channels: f.Channels}
	pace, err := s.pace(ctx, &r.Session.Config)
	if err != nil {
		return nil, err
	}
	r.Asked = true
	ses, err := s.opts.Sessions.Open(ctx, r.Session)
	if err != nil {
		return nil, err
	}
	if r.Opened != nil {
		r.Opened(ses.Model())
	}
	res := &Result{Model: ses.Model()}
	if tags := r.Session.Config.Languages.Tags; r.Session.Config.Languages.Mode == stt.LanguageFixed && len(tags) > 0 {
		res.Language = tags[0]
	}
	fed := make(chan error, 1)
	go func() { // owned by run, which awaits fed; ends with the file, the session or ctx
		err := guarded(func() (err error) { res.Duration, err = s.feed(ctx, ses, rec, pace); return err })
		switch {
		case err == nil:
		case ctx.Err() != nil || stt.CodeOf(err) == stt.Canceled:
			ses.Abort(err)
		default:
			ses.Finish(ctx, err) // what was said up to there may have been asked for
		}
		fed <- err
	}()
	why := guarded(func() error { return s.collect(ctx, ses, r, res) })
	ses.Abort(why) // unblocks the feeder, and so does stop
	stop()
	// Who is sending just now is done with at the next read; a body that was interrupted may not be read on from.
	bound := time.NewTimer(moment)
	defer bound.Stop()
	select {
	case <-fed: //nolint:errcheck // the feeder has told the session
	case <-bound.C:
		if r.Interrupt != nil {
			r.Interrupt()
		}
		<-fed //nolint:errcheck // the feeder has told the session
	}
	if errors.Is(why, io.EOF) {
		why = nil
	}
	ses.Close(why)
	if why != nil {
		return nil, why
	}
	return res, nil
}

// guarded turns a panic into an error: a bug in one job ends that job, with its session and its place, and no other.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &stt.Error{Code: stt.Internal, Op: "transcribe", Msg: "the transcription failed unexpectedly", Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return do()
}

// moment is how long a read of a body may go on before it is interrupted.
const moment = 500 * time.Millisecond

// pace returns how many times faster than speech the model takes audio; 0: any number.
func (s *Service) pace(ctx context.Context, cfg *stt.Config) (float64, error) {
	m, err := s.opts.Sessions.Model(ctx, cfg)
	return m.Can.MaxPace, err
}

// feed sends the file to the session and ends its audio.
func (s *Service) feed(ctx context.Context, ses *session.Session, rec *Recording, pace float64) (time.Duration, error) {
	var raw []byte
	f := rec.Format()
	began, sent := time.Now(), int64(0)
	heard, err := read(ctx, rec, s.opts.MaxAudio, func(samples []int16) error {
		if pace > 0 {
			due := began.Add(time.Duration(float64(audio.FramesToDuration(sent, f.Rate)) / pace))
			if err := until(ctx, due); err != nil {
				return err
			}
			sent += int64(len(samples) / f.Channels)
		}
		raw = audio.AppendBytes(raw[:0], samples)
		return ses.Write(ctx, raw)
	})
	if err == nil {
		if err = rec.Incomplete(); err != nil {
			return heard, explain(err)
		}
		err = ses.CloseSend(ctx)
	}
	if err == nil {
		// A server learns that its client has gone only at the end of what the client sends, which may be behind the audio.
		if err = rec.Rest(); err != nil {
			err = explain(err)
		}
	}
	return heard, err
}

// until waits.
func until(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// collect keeps the finals, until the end of the session, which it returns the reason of.
func (s *Service) collect(ctx context.Context, ses *session.Session, r *Request, res *Result) error {
	for {
		ev, err := ses.Next(ctx)
		if err != nil {
			return err
		}
		if r.Rewrite != nil {
			r.Rewrite(&ev)
		}
		switch {
		case ev.Kind == stt.EventRelabel:
			relabel(res.Segments, ev.Relabel)
		case ev.Kind == stt.EventSegment && ev.Segment.Final && ev.Segment.Best().Text != "":
			ev.Segment.Alternatives = ev.Segment.Alternatives[:1:1]
			res.Segments = append(res.Segments, *ev.Segment)
			if r.Final != nil {
				if err := r.Final(ev.Segment); err != nil {
					return err
				}
			}
		}
	}
}

// relabel corrects the speakers of what was said before.
func relabel(segments []stt.Segment, all []stt.Relabel) {
	for _, l := range all {
		for i := range segments {
			seg := &segments[i]
			if seg.ID != l.Segment {
				continue
			}
			if words := seg.Best().Words; l.Word >= 0 && l.Word < len(words) {
				words[l.Word].Speaker = l.Speaker
			} else if l.Word < 0 {
				seg.Speaker = l.Speaker
				for i := range words {
					words[i].Speaker = ""
				}
			}
		}
	}
}
