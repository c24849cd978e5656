package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// intake turns the caller's bytes into what the recognizer takes. It belongs to the write side.
type intake struct {
	from, to  stt.Format       // as announced, and as the recognizer takes it: 16-bit PCM
	separate  bool             // channels are not to be mixed
	dec       *audio.Decoder   // of a container; nil: the samples come as they are
	damage    *damage          // what dec has borne
	resampler *audio.Resampler // nil: the audio goes on as it is; for a container it is made when the header has come
	bank      func(in, out int) (*audio.Bank, error)

	odd     []byte // the first part of a frame that a chunk cut in two
	head    []byte // the first bytes of the stream, until they have been looked at
	sniffed bool
	begun   bool // the header of the container has come and fits
	over    bool // the container has been read to its end, or as far as it can be
	in, out []int16
	raw     []byte
	came    int64 // bytes of whole frames, where there is no container
	sent    int64 // bytes that the recognizer has taken
}

// longestPiece bounds what a recognizer is sent at a time of what a container holds: a few bytes of it may be long.
const longestPiece = time.Second

// longestUnpacked bounds what one write may hold in a container: a few bytes can be days of silence.
const longestUnpacked = 5 * time.Minute

// give takes what is to be sent: whole frames, valid during the call. Its error ends the conversion.
type give func(pcm []byte) error

// convert gives what to send for data. The first bytes are looked at: somebody who sends a whole file where raw samples were
// announced, or the other way round, hears so instead of reading nonsense.
func (in *intake) convert(data []byte, to give) error {
	data, err := in.look(data, false)
	if err != nil {
		return err
	}
	if in.dec != nil {
		return in.unpack(data, to)
	}
	return to(in.samples(data))
}

// samples converts headerless audio.
func (in *intake) samples(data []byte) []byte {
	frame := in.from.FrameBytes()
	if len(in.odd) > 0 {
		in.raw = append(append(in.raw[:0], in.odd...), data...)
		data = in.raw
	}
	whole := len(data) - len(data)%frame
	rest := data[whole:]
	data = data[:whole]
	in.came += int64(whole)
	if in.resampler != nil {
		in.in = sampleEncodings[in.from.Encoding].AppendPCM(in.in[:0], data)
		in.odd = append(in.odd[:0], rest...)
		return in.resample(in.in, in.from.Channels)
	}
	if len(rest) > 0 || len(in.odd) > 0 {
		in.odd = append(in.odd[:0], rest...)
	}
	return data
}

// sampleEncodings are the encodings without a container.
var sampleEncodings = map[stt.Encoding]audio.Encoding{stt.PCM16: audio.EncodingS16, stt.ALaw: audio.EncodingALaw, stt.MuLaw: audio.EncodingMuLaw}

// containers are the kinds of file that may be announced.
var containers = map[stt.Encoding]audio.Kind{stt.FLAC: audio.KindFLAC, stt.OggOpus: audio.KindOgg}

// resample brings decoded samples to the recognizer's channels and rate. in.in may hold them.
func (in *intake) resample(samples []int16, channels int) []byte {
	if channels != in.to.Channels {
		in.in = audio.AppendMono(in.in[:0], samples, channels)
		samples = in.in
	}
	in.out = in.resampler.Append(in.out[:0], samples)
	in.raw = audio.AppendBytes(in.raw[:0], in.out)
	return in.raw
}

// unpack decodes what a container holds.
func (in *intake) unpack(data []byte, to give) error {
	if in.over {
		return nil
	}
	err := in.dec.Decode(data, in.decoded(to))
	if err == nil {
		err = in.begin() // a header that does not fit is refused before its first sample
	}
	return in.explain(err)
}

// decoded returns what to do with samples that a container held.
func (in *intake) decoded(to give) func(samples []int16) error {
	given := time.Duration(0)
	return func(samples []int16) error {
		if err := in.begin(); err != nil {
			return err
		}
		h, _ := in.dec.Header()
		pcm, most := in.resample(samples, h.Format.Channels), in.to.Bytes(longestPiece)
		if given += in.to.Duration(int64(len(pcm))); given > longestUnpacked {
			return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "audio", Want: longestUnpacked.String(),
				Msg: "one message holds more than " + longestUnpacked.String() + " of audio; send less at a time"}
		}
		for len(pcm) > 0 {
			n := min(len(pcm), most)
			if err := to(pcm[:n]); err != nil {
				return err
			}
			pcm = pcm[n:]
		}
		return nil
	}
}

// begin compares the container's header, once it has come, with what was announced. Opus has no rate of its own: its header
// only notes what the sound was made from, and anybody may announce what he likes.
func (in *intake) begin() error {
	h, ok := in.dec.Header()
	if !ok || in.begun {
		return nil
	}
	kind, f := containers[in.from.Encoding], h.Format
	if in.from.Encoding == stt.FLAC && f.Rate != in.from.Rate {
		return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "sample-rate", Got: fmt.Sprint(f.Rate), Want: fmt.Sprint(in.from.Rate),
			Msg: fmt.Sprintf("the sample rate provided does not match the detected sample rate: %d Hz was announced, the audio's %v header says %d Hz",
				in.from.Rate, kind, f.Rate)}
	}
	if in.separate && f.Channels != in.from.Channels {
		return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "channels", Got: fmt.Sprint(f.Channels), Want: fmt.Sprint(in.from.Channels),
			Msg: fmt.Sprintf("the number of channels provided does not match the detected number of channels: %d were announced, the audio's %v header says %d",
				in.from.Channels, kind, f.Channels)}
	}
	bank, err := in.bank(f.Rate, in.to.Rate)
	if err == nil {
		in.resampler, err = bank.Resampler(in.to.Channels)
	}
	if err != nil {
		return &stt.Error{Code: stt.Internal, Op: "receive", Msg: "no resampler for " + f.String(), Err: err}
	}
	in.begun = true
	return nil
}

// explain makes an error about the container one for the caller. Others stay as they are.
func (in *intake) explain(err error) error {
	if err == nil {
		return nil
	}
	in.over = true
	if errors.Is(err, audio.ErrMalformed) || errors.Is(err, audio.ErrUnsupported) {
		return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "audio", Want: in.from.Encoding.String(),
			Msg: fmt.Sprintf("the audio cannot be decoded as %v: %v", in.from.Encoding, err)}
	}
	return err
}

// flush gives what is left at the end of the audio. cut is how many bytes at its end were no whole frame of a container.
func (in *intake) flush(to give) (cut int, err error) {
	if in.dec != nil && !in.over {
		in.over = true
		cut, err = in.finish(to)
		if err != nil {
			return 0, err
		}
	}
	if in.resampler == nil {
		return cut, nil
	}
	in.out = in.resampler.Flush(in.out[:0])
	in.raw = audio.AppendBytes(in.raw[:0], in.out)
	return cut, to(in.raw)
}

// finish ends the container.
func (in *intake) finish(to give) (cut int, err error) {
	data, err := in.look(nil, true)
	if err != nil {
		return 0, err
	}
	if err = in.dec.Decode(data, in.decoded(to)); err == nil {
		cut, err = in.dec.Finish(in.decoded(to))
	}
	return cut, in.explain(err)
}
