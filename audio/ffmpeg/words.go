package ffmpeg

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// words is what the program says. It remembers the last of it, and the sentences that we understand. The process's owner reads it after
// the process has ended.
type words struct {
	line []byte // the one that is being written
	last []string
	seen [len(sentences)]bool
}

const (
	maxLine  = 512 // bytes
	maxLines = 8
)

// The sentences that we understand, in lower case.
const (
	partialFile = iota
	prematurely
	corruptPacket
	noStream
	noMemory
	noRoom
	noDecoder
	noDemuxer
)

var sentences = [...]string{
	partialFile:   "partial file",
	prematurely:   "ended prematurely",
	corruptPacket: "packet corrupt",
	noStream:      "matches no streams",
	noMemory:      "cannot allocate memory",
	noRoom:        "failed to map segment",
	noDecoder:     "no decoder found",
	noDemuxer:     "unknown input format",
}

// Write implements io.Writer.
func (w *words) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, more, whole := bytes.Cut(rest, []byte("\n"))
		w.line = append(w.line, line[:min(len(line), maxLine-len(w.line))]...)
		if rest = more; whole {
			w.flush()
		}
	}
	return len(p), nil
}

// flush takes a line that is complete.
func (w *words) flush() {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '�' {
			return '?'
		}
		return r
	}, string(w.line))
	w.line = w.line[:0]
	low := strings.ToLower(text)
	for i, sentence := range sentences {
		w.seen[i] = w.seen[i] || strings.Contains(low, sentence)
	}
	if len(w.last) == maxLines {
		w.last = append(w.last[:0], w.last[1:]...)
	}
	w.last = append(w.last, text)
}

// brokenOff reports whether a file was not complete, as far as that can be told of its kind. A transport stream may have lost a packet
// anywhere.
func (w *words) brokenOff(kind audio.Kind) bool {
	w.flush()
	streamed := kind == audio.KindMPEGTS || kind == audio.KindMPEGPS
	return w.seen[partialFile] || w.seen[prematurely] || w.seen[corruptPacket] && !streamed
}

// explain says why a process gave no samples, or none to the end. The program's own words are for logs.
func (w *words) explain(r *Recording, exit error) error {
	w.flush()
	kind := r.input.Format.Kind.String()
	e := &stt.Error{Code: stt.Malformed, Op: "decode", Option: "audio", Got: kind,
		Err: fmt.Errorf("ffmpeg: %w: %s", ended(exit), strings.Join(w.last, "; "))}
	state := r.cmd.ProcessState
	switch used := state.UserTime() + state.SystemTime(); {
	case used >= r.program.opts.Time-time.Second && !state.Success():
		e.Code, e.Msg = stt.TooLong, fmt.Sprintf("the %s file takes more than %v of computing to be decoded", kind, r.program.opts.Time)
	case w.seen[noMemory], w.seen[noRoom]:
		e.Code, e.Msg = stt.Unsupported, fmt.Sprintf("the %s file takes more memory to be decoded than it may", kind)
	case w.seen[noStream]:
		e.Msg = fmt.Sprintf("there is no sound in the %s file", kind)
	case w.seen[noDecoder]:
		e.Code, e.Msg = stt.Unsupported, fmt.Sprintf("the sound in the %s file is of a kind that is not decoded here", kind)
	case w.seen[noDemuxer]:
		e.Code, e.Msg = stt.Unsupported, fmt.Sprintf("the ffmpeg that is installed here does not decode %s", kind)
	case r.out == nil:
		e.Msg = fmt.Sprintf("the audio cannot be read: it begins like %s, but cannot be decoded as such; it is damaged, incomplete, or something else", kind)
	default:
		e.Msg = fmt.Sprintf("the audio cannot be read to its end: the %s file is damaged", kind)
	}
	return e
}

// ended says how a process ended.
func ended(exit error) error {
	if exit == nil {
		return errors.New("it ended without samples")
	}
	if e := (*exec.ExitError)(nil); errors.As(exit, &e) {
		return errors.New(e.ProcessState.String())
	}
	return exit
}
