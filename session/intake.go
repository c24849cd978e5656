package session

import (
	"fmt"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// intake turns the caller's bytes into what the recognizer takes. It belongs to the write side.
type intake struct {
	from, to  stt.Format
	resampler *audio.Resampler // nil: the audio goes on as it is

	odd     []byte // the first part of a frame that a chunk cut in two
	head    []byte // the first bytes of the stream, until they have been looked at
	sniffed bool
	in, out []int16
	raw     []byte
	sent    int64 // bytes that the recognizer has taken
}

// headLen is how many bytes tell a container for sure when chunks are tiny.
const headLen = 64

// convert returns what to send for data: whole frames, valid until the next call. The first bytes are looked at: somebody
// who sends a whole file where raw samples were announced hears so instead of reading nonsense.
func (in *intake) convert(data []byte) ([]byte, error) {
	if err := in.sniff(data); err != nil {
		return nil, err
	}
	frame := in.from.FrameBytes()
	if len(in.odd) > 0 {
		in.raw = append(append(in.raw[:0], in.odd...), data...)
		data = in.raw
	}
	whole := len(data) - len(data)%frame
	rest := data[whole:]
	data = data[:whole]
	if in.resampler != nil {
		in.in = audio.AppendSamples(in.in[:0], data)
		if in.to.Channels != in.from.Channels {
			in.in = audio.AppendMono(in.in[:0], in.in, in.from.Channels)
		}
		in.out = in.resampler.Append(in.out[:0], in.in)
		in.odd = append(in.odd[:0], rest...)
		in.raw = audio.AppendBytes(in.raw[:0], in.out)
		return in.raw, nil
	}
	if len(rest) > 0 || len(in.odd) > 0 {
		in.odd = append(in.odd[:0], rest...)
	}
	return data, nil
}

// flush returns what the resampler still holds.
func (in *intake) flush() []byte {
	if in.resampler == nil {
		return nil
	}
	in.out = in.resampler.Flush(in.out[:0])
	in.raw = audio.AppendBytes(in.raw[:0], in.out)
	return in.raw
}

func (in *intake) sniff(data []byte) error {
	if in.sniffed {
		return nil
	}
	if len(in.head)+len(data) < headLen {
		in.head = append(in.head, data...)
		return nil
	}
	if len(in.head) > 0 {
		data = append(in.head, data[:headLen-len(in.head)]...)
	}
	in.sniffed, in.head = true, nil
	kind := audio.Sniff(data[:min(len(data), audio.SniffLen)])
	if kind == audio.KindUnknown {
		return nil
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "audio", Got: kind.String(), Want: "raw samples",
		Msg: fmt.Sprintf("the audio begins with a %s header, but raw PCM samples were announced: send the samples without the file's header", kind)}
}
