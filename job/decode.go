package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// SniffLen is how many bytes [Container] needs of most files.
const SniffLen = 64

// Container returns the name of the kind of file that begins like prefix, such as "WAV", or an empty one for what may be bare
// samples. more says that it cannot be told before more bytes have come, which is seldom so of bare samples.
func Container(prefix []byte) (kind string, more bool) {
	if kind := audio.Sniff(prefix); kind != audio.KindUnknown {
		return kind.String(), false
	}
	// MPEG's streams have no beginning: they are told by several of their frames.
	frames := len(prefix) > 4 && (prefix[0] == 0xff && prefix[1] >= 0xe0 || prefix[0] == 0x47 || prefix[4] == 0x47)
	return "", len(prefix) < SniffLen || frames && len(prefix) < audio.SniffLen
}

// piece is how much audio is handed on at a time.
const piece = 500 * time.Millisecond

// Decode reads a file and gives its sound as 16-bit PCM with the given rate and one channel to write, a piece at a time; pcm is valid
// during the call. It returns how much audio that was. It ends with the file, with ctx, with the first error of write, which is
// returned as it is, or after MaxAudio, with TooLong. The error is Malformed or Unsupported for what cannot be decoded. A file may
// break off: it may be a recording that its owner has just ended.
func (s *Service) Decode(ctx context.Context, in *Input, rate int, write func(pcm []byte) error) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if in.Interrupt != nil {
		defer context.AfterFunc(ctx, in.Interrupt)()
	}
	rec, err := s.Open(ctx, in)
	if err != nil {
		return 0, err
	}
	defer rec.Close()
	from := rec.Format()
	resampler, err := audio.NewResampler(from.Rate, rate, 1)
	if err != nil {
		return 0, explain(err)
	}
	var mono, out []int16
	var raw []byte
	give := func(samples []int16) error {
		raw = audio.AppendBytes(raw[:0], samples)
		if len(raw) == 0 {
			return nil
		}
		return write(raw)
	}
	heard, err := read(ctx, rec, s.opts.MaxAudio, func(samples []int16) error {
		mono = audio.AppendMono(mono[:0], samples, from.Channels)
		out = resampler.Append(out[:0], mono)
		return give(out)
	})
	if err == nil {
		err = give(resampler.Flush(out[:0]))
	}
	return heard, err
}

// read gives all samples of rec, and returns how much audio they are.
func read(ctx context.Context, rec decoding, most time.Duration, give func(samples []int16) error) (time.Duration, error) {
	f := rec.Format()
	samples := make([]int16, max(int(int64(f.Rate)*int64(piece)/int64(time.Second)), 1)*f.Channels)
	at := func() time.Duration { return audio.FramesToDuration(rec.Position(), f.Rate) }
	for {
		if err := ctx.Err(); err != nil {
			return at(), err
		}
		n, err := fill(rec, samples)
		if n > 0 {
			if most > 0 && at() > most {
				return at(), tooLong(most)
			}
			if err := give(samples[:n]); err != nil {
				return at(), err
			}
		}
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return at(), nil
		case err != nil:
			return at(), explain(err)
		}
	}
}

// fill reads until samples is full or nothing is left.
func fill(rec decoding, samples []int16) (n int, err error) {
	for n < len(samples) && err == nil {
		var m int
		m, err = rec.ReadSamples(samples[n:])
		n += m
		if errors.Is(err, io.ErrShortBuffer) && n > 0 {
			return n, nil
		}
	}
	return n, err
}

func tooLong(most time.Duration) error {
	return &stt.Error{Code: stt.TooLong, Op: "read", Option: "audio", Want: most.String(),
		Msg: "the file holds more than " + most.String() + " of audio, which is as much as is taken; send it in parts"}
}

// explain makes an error about a file one for the caller. Those that are for the caller already stay as they are.
func explain(err error) error {
	if e := (*stt.Error)(nil); errors.As(err, &e) {
		return e
	}
	e := &stt.Error{Code: stt.Malformed, Op: "read", Option: "audio", Err: err}
	switch {
	case errors.Is(err, audio.ErrUnsupported):
		e.Code = stt.Unsupported
		e.Msg = fmt.Sprintf("the audio cannot be read: %v", err)
		e.Err = nil
	case errors.Is(err, audio.ErrMalformed):
		e.Msg = fmt.Sprintf("the audio cannot be read: %v", err)
		e.Err = nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Msg = "the audio breaks off"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default: // the reader's own: whoever was sending is not there any more
		e.Code, e.Msg = stt.Canceled, "the audio stopped coming"
	}
	return e
}
