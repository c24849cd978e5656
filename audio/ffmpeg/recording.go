package ffmpeg

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// moment is how long a read of a body may go on before it is interrupted.
const moment = 500 * time.Millisecond

// patience is how long the program may take to end when it has nothing left to do.
const patience = 10 * time.Second

// Recording is a file that is being decoded. But for Close it is used by one goroutine at a time.
type Recording struct {
	program *Program
	input   Input
	ctx     context.Context // of the process
	kill    context.CancelCauseFunc
	folder  string
	cmd     *exec.Cmd // nil: it was not started
	said    *words
	out     *audio.Reader // of what the process writes

	fed     chan struct{} // closed when the body is not read any more
	feedErr error         // of the body; valid then
	closing atomic.Bool

	end    error // sticky: what the samples end with; nil: they have not
	wait   sync.Once
	exit   error // of the process; valid after wait
	closed sync.Once
}

// Open begins to decode a file, and returns when its format is known. ctx is for all of the decoding. The error is Malformed or
// Unsupported for what cannot be decoded, Exhausted where too much is being decoded, Quota where too much of it is the owner's, that of in.Body, or that of ctx. in.Body is not
// read any more after an error; interrupt ends a read of it that waits, as Close says.
func (p *Program) Open(ctx context.Context, in Input, interrupt func()) (*Recording, error) {
	if err := p.take(in.Owner); err != nil {
		return nil, err
	}
	r := &Recording{program: p, input: in, said: new(words), fed: make(chan struct{})}
	r.ctx, r.kill = context.WithCancelCause(ctx)
	out, err := r.start()
	if err == nil {
		if r.out, err = audio.Open(out, audio.Options{Kind: audio.KindWAV}); err != nil {
			err = r.judge(err)
		}
	}
	if err != nil {
		r.Close(interrupt)
		return nil, err
	}
	return r, nil
}

// start starts the process, and the goroutine that feeds it. It returns what the process writes.
func (r *Recording) start() (io.Reader, error) {
	failed := func(err error) (io.Reader, error) {
		r.cmd = nil
		close(r.fed)
		return nil, &stt.Error{Code: stt.Internal, Op: "decode", Msg: "ffmpeg cannot be started", Err: err}
	}
	var err error
	if r.folder, err = os.MkdirTemp(r.program.opts.Folder, "earshot-ffmpeg-*"); err != nil {
		return failed(err)
	}
	r.cmd = exec.CommandContext(r.ctx, shell, r.program.command(r.input)...) //nolint:gosec // nothing in it comes from a caller
	r.cmd.Dir, r.cmd.Env, r.cmd.Stderr, r.cmd.WaitDelay = r.folder, environment(r.folder), r.said, patience
	ownGroup(r.cmd)
	var in io.WriteCloser
	if r.input.File != nil {
		r.cmd.ExtraFiles = []*os.File{r.input.File}
	} else if in, err = r.cmd.StdinPipe(); err != nil {
		return failed(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		return failed(err)
	}
	if in == nil {
		close(r.fed)
		return out, nil
	}
	go func() { // owned by r, whose Close awaits fed; ends with the body, or with the next read of it once r is closing
		defer close(r.fed)
		if r.feedErr = r.feed(in); r.feedErr != nil {
			r.kill(r.feedErr) // what it makes of half a file is of no interest
		}
		_ = in.Close() // it may be gone already
	}()
	return out, nil
}

// feed gives the body to the process, and reads it to its end though the process may want no more.
func (r *Recording) feed(in io.Writer) error {
	buf := make([]byte, 32<<10)
	for wanted := true; ; {
		n, err := r.input.Body.Read(buf)
		if n > 0 && wanted {
			_, failed := in.Write(buf[:n])
			wanted = failed == nil
		}
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		case r.closing.Load():
			return nil
		}
	}
}

// errClosed is what a recording says after its Close.
var errClosed = errors.New("the recording is closed")

// Format is the shape of the samples.
func (r *Recording) Format() audio.Format { return r.out.Format() }

// Position is the number of frames that ReadSamples has given so far.
func (r *Recording) Position() int64 { return r.out.Position() }

// Duration is 0: how long the file is becomes known at its end.
func (r *Recording) Duration() time.Duration { return 0 }

// ReadSamples is as that of audio.Reader. Its error besides io.EOF is as that of Open.
func (r *Recording) ReadSamples(dst []int16) (int, error) {
	if r.end != nil {
		return 0, r.end
	}
	n, err := r.out.ReadSamples(dst)
	if err == nil || errors.Is(err, io.ErrShortBuffer) {
		return n, err
	}
	r.end = r.judge(err)
	return n, r.end
}

// Incomplete says what is missing of the file where its samples have ended before it does; nil: nothing is, or nobody can tell.
func (r *Recording) Incomplete() error {
	if errors.Is(r.end, io.EOF) && r.said.brokenOff(r.input.Format.Kind) {
		return &stt.Error{Code: stt.Malformed, Op: "decode", Option: "audio", Msg: "the audio breaks off: the " + r.input.Format.Kind.String() + " file is not complete"}
	}
	return nil
}

// Rest waits until all of the body has been read, and returns the error of the body. Whoever has all samples asks for it, to learn
// whether the client is still there.
func (r *Recording) Rest() error {
	<-r.fed
	return r.feedErr
}

// Close ends the process and everything that it has started, and returns when the body is not read any more. interrupt ends a read of
// the body that waits, from any goroutine; nil: its reads do not wait for long. Close is idempotent.
func (r *Recording) Close(interrupt func()) {
	r.closed.Do(func() {
		r.closing.Store(true)
		r.kill(errClosed)
		if r.cmd != nil {
			_ = r.ended() // it was killed, or has ended before
		}
		// Who is sending just now is done with at the next read; a body that was interrupted may not be read on from.
		bound := time.NewTimer(moment)
		defer bound.Stop()
		select {
		case <-r.fed:
		case <-bound.C:
			if interrupt != nil {
				interrupt()
			}
			<-r.fed
		}
		if r.folder != "" {
			_ = os.RemoveAll(r.folder) // it is empty
		}
		r.program.give(r.input.Owner)
	})
}

// ended waits for the process.
func (r *Recording) ended() error {
	r.wait.Do(func() {
		bound := time.AfterFunc(patience, func() { r.kill(errClosed) })
		r.exit = r.cmd.Wait()
		bound.Stop()
	})
	return r.exit
}

// judge says what it means that no more samples come, for which err is what there is to be seen here. It is io.EOF for the regular end.
func (r *Recording) judge(err error) error {
	gone := r.ctx.Err() != nil // before ended may kill it
	exit := r.ended()
	if gone {
		return context.Cause(r.ctx)
	}
	if exit == nil && errors.Is(err, io.EOF) && r.out != nil {
		return io.EOF
	}
	return r.said.explain(r, exit)
}
