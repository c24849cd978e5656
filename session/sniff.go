package session

import (
	"bytes"
	"fmt"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// headLen is how many bytes tell a container for sure when chunks are tiny.
const headLen = 64

// look judges the first bytes of the stream and returns what to go on with. Samples go on while they are looked at; a
// container is held back until it is clear that it is one. end says that no more bytes will come.
func (in *intake) look(data []byte, end bool) ([]byte, error) {
	if in.sniffed {
		return data, nil
	}
	if len(in.head)+len(data) < headLen && !end {
		in.head = append(in.head, data...)
		if in.dec != nil {
			return nil, nil
		}
		return data, nil
	}
	first := data
	if len(in.head) > 0 {
		in.head = append(in.head, data...)
		first = in.head
	}
	in.sniffed, in.head = true, nil
	if in.dec == nil {
		return data, in.rawOnly(first)
	}
	return first, in.containerOnly(first)
}

// rawOnly refuses a file where samples were announced.
func (in *intake) rawOnly(first []byte) error {
	kind := audio.Sniff(first[:min(len(first), audio.SniffLen)])
	if in.from.Encoding != stt.PCM16 && (kind == audio.KindMP3 || kind == audio.KindAAC) && !bytes.HasPrefix(first, []byte("ID3")) {
		return nil // the bytes that headers of frames begin with are those of silence in G.711
	}
	if kind == audio.KindUnknown {
		return nil
	}
	what, instead := "raw PCM samples", ""
	if in.from.Encoding != stt.PCM16 {
		what = fmt.Sprintf("bare samples (%v)", in.from.Encoding)
	}
	for encoding, k := range containers {
		if k == kind {
			instead = fmt.Sprintf(", or announce %v", encoding)
		}
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "audio", Got: kind.String(), Want: "raw samples",
		Msg: fmt.Sprintf("the audio begins with %s header, but %s were announced: send the samples without the file's header%s", named(kind), what, instead)}
}

// containerOnly refuses what begins like something else than what was announced. What begins right is the decoder's to judge.
func (in *intake) containerOnly(first []byte) error {
	want := containers[in.from.Encoding]
	magic := map[audio.Kind]string{audio.KindFLAC: "fLaC", audio.KindOgg: "OggS"}[want]
	tagged := want == audio.KindFLAC && bytes.HasPrefix(first, []byte("ID3"))
	if n := min(len(first), len(magic)); string(first[:n]) == magic[:n] || tagged {
		return nil
	}
	came := "raw samples or something unknown, with no header"
	kind := audio.Sniff(first[:min(len(first), audio.SniffLen)])
	if kind != audio.KindUnknown {
		came = fmt.Sprintf("something that begins with %s header", named(kind))
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Option: "encoding", Got: kind.String(), Want: in.from.Encoding.String(),
		Msg: fmt.Sprintf("%v was announced, but what arrived is %s: it begins with % x where %q belongs", in.from.Encoding, came,
			first[:min(len(first), len(magic))], magic)}
}

// named is a kind of file with its article, as it is spoken: "an Ogg", "an MP3", "a WAV".
func named(kind audio.Kind) string {
	switch kind {
	case audio.KindOgg, audio.KindMP3, audio.KindAAC, audio.KindMP4, audio.KindAIFF, audio.KindAU, audio.KindAMR, audio.KindASF:
		return "an " + kind.String()
	}
	return "a " + kind.String()
}
