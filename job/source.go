package job

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/stt"
)

// Input is a file, as it comes.
type Input struct {
	// Body is the file. It is read as fast as the recognizer takes it, by one goroutine at a time. A *spool.File and a regular *os.File need not be kept again.
	Body io.Reader
	// Interrupt ends a Read of Body that waits, from any goroutine. It may be called more than once. nil: reads do not wait for long.
	Interrupt func()
	// Owner is whose file it is, such as an account, which may have a share only of the processes and the room on disk; empty: nobody's.
	Owner string
}

// decoding is a file that is being decoded: package audio's or package ffmpeg's.
type decoding interface {
	Format() audio.Format
	ReadSamples(dst []int16) (int, error)
	Position() int64
	Duration() time.Duration
	Incomplete() error
}

// Recording is a file that has been recognised as one, and whose samples are there to be read: as those of an audio.Reader, but that
// errors are for the caller already. One goroutine at a time uses it.
type Recording struct {
	decoding
	rest  func() error
	close func()
}

// Rest reads what stands behind the audio, and returns the error of the body.
func (r *Recording) Rest() error { return r.rest() }

// Close ends the decoding. The body is not read any more when it returns.
func (r *Recording) Close() { r.close() }

// kept is how much of a file's beginning can be given to a second decoder when the first will not have it, in bytes.
const kept = 64 << 10

// beginning is what has been read of a file, as long as it is not too much.
type beginning struct {
	r    io.Reader
	read []byte
	over bool
}

// Read implements io.Reader.
func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.over = b.over || len(b.read)+n > kept; b.over {
		b.read = nil
	} else {
		b.read = append(b.read, p[:n]...)
	}
	return n, err
}

// Open reads the header of a file. ctx is for all of its decoding. The error is Malformed or Unsupported for what cannot be decoded,
// and TooLong for what says that it is.
func (s *Service) Open(ctx context.Context, in *Input) (*Recording, error) {
	br := bufio.NewReaderSize(in.Body, audio.SniffLen)
	kind, err := audio.SniffReader(br)
	if err != nil {
		return nil, explain(err)
	}
	if kind == audio.KindUnknown {
		return nil, s.unknown()
	}
	begin := &beginning{r: br}
	rec, err := audio.Open(begin, audio.Options{Kind: kind})
	switch {
	case err == nil:
		src := &Recording{decoding: rec, close: func() { rec.Close() }, rest: func() error {
			_, err := io.Copy(io.Discard, in.Body)
			return err
		}}
		if err := src.check(s.opts.MaxAudio); err != nil {
			return nil, err
		}
		return src, nil
	case !errors.Is(err, audio.ErrUnsupported) || begin.over:
		return nil, explain(err)
	}
	return s.openForeign(ctx, in, io.MultiReader(bytes.NewReader(begin.read), br), kind, err)
}

// own are the kinds that package audio decodes, for people.
const own = "WAV, FLAC and Opus in Ogg"

// unknown is the answer to what is no audio file.
func (s *Service) unknown() error {
	want := own
	if s.opts.FFmpeg != nil {
		want = "WAV, FLAC, Ogg, MP3, AAC, M4A, MP4, WebM or the like"
	}
	return &stt.Error{Code: stt.Unsupported, Op: "read", Option: "audio", Want: want,
		Msg: "this is no audio file of a known kind; expected " + strings.Replace(want, " and ", " or ", 1)}
}

// openForeign has ffmpeg decode a file, which why has kept us from decoding.
func (s *Service) openForeign(ctx context.Context, in *Input, body io.Reader, kind audio.Kind, why error) (*Recording, error) {
	rest, format, ok, err := ffmpeg.Detect(body, kind)
	switch {
	case err != nil:
		return nil, explain(err)
	case !ok:
		return nil, explain(why)
	case s.opts.FFmpeg == nil:
		return nil, &stt.Error{Code: stt.Unsupported, Op: "read", Option: "audio", Got: kind.String(), Want: own,
			Msg: fmt.Sprintf("this %v file can be decoded only where ffmpeg is installed, which it is not on this server: install it there, or send %s", kind, own)}
	}
	req := ffmpeg.Input{Format: format, Owner: in.Owner, Body: rest, Most: s.opts.MaxAudio}
	free := func() {}
	if format.Seek {
		if req.File, free, err = s.disk(in, rest); err != nil {
			return nil, explain(err)
		}
		req.Body = nil
	}
	rec, err := s.opts.FFmpeg.Open(ctx, req, in.Interrupt)
	if err != nil {
		free()
		return nil, explain(err)
	}
	src := &Recording{decoding: rec, rest: rec.Rest, close: func() {
		rec.Close(in.Interrupt)
		free()
	}}
	if err := src.check(s.opts.MaxAudio); err != nil {
		return nil, err
	}
	return src, nil
}

// disk returns the file as one on disk, where it may be already. rest is all of the file. free gives back what had to be kept.
func (s *Service) disk(in *Input, rest io.Reader) (file *os.File, free func(), err error) {
	free = func() {}
	switch body := in.Body.(type) {
	case *os.File:
		if info, err := body.Stat(); err == nil && info.Mode().IsRegular() {
			_, err = body.Seek(0, io.SeekStart)
			return body, free, err
		}
	case *spool.File:
		file, err = body.Disk()
		return file, free, err
	}
	kept, err := s.opts.Spool.Take(in.Owner, rest)
	if err != nil {
		return nil, free, err
	}
	if file, err = kept.Disk(); err != nil {
		kept.Close()
	}
	return file, kept.Close, err
}

// check refuses what cannot be resampled, and what its header says to be too long. It closes what it refuses.
func (r *Recording) check(most time.Duration) (err error) {
	f := r.Format()
	switch {
	case f.Rate < audio.MinRate || f.Rate > audio.MaxRate:
		err = &stt.Error{Code: stt.Unsupported, Op: "read", Option: "audio", Got: f.String(),
			Msg: fmt.Sprintf("the file has %d samples a second; %d to %d are taken", f.Rate, audio.MinRate, audio.MaxRate)}
	case most > 0 && r.Duration() > most:
		err = tooLong(most)
	}
	if err != nil {
		r.close()
	}
	return err
}
