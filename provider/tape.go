package provider

import (
	"slices"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// leastSlack is how much memory behind the audio kept may be left over before it is given back, in bytes.
const leastSlack = 64 << 10

// Tape keeps the audio that a server has been sent and has not decided yet, so that it can be sent again over another
// connection. Positions are times since the first sample of the stream. Its methods may be called concurrently.
type Tape struct {
	format stt.Format // immutable
	limit  int64      // immutable: bytes kept at most, beside what has not been sent

	mu      sync.Mutex // guards all below; they count bytes since the beginning of the stream
	buf     []byte     // the audio from first on
	first   int64
	next    int64 // what is to be sent next
	decided int64 // before it, nothing will be needed again
	slack   int   // bytes let go of at the front of buf that may still take memory
}

// NewTape returns a tape for audio in a format with fixed frames, which keeps so much of what has been sent; 0 is none.
func NewTape(format stt.Format, keep time.Duration) *Tape {
	return &Tape{format: format, limit: int64(format.Bytes(keep))}
}

// Append puts audio on the tape, to be sent. Where more has been sent than is to be kept, the oldest goes, and the tape can
// only be rewound again when the server has decided it.
func (t *Tape) Append(audio []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, audio...)
	t.drop(min(t.end()-t.limit, t.next))
}

// Next copies audio that is to be sent into b, and takes it for sent. It returns 0 when there is none.
func (t *Tape) Next(b []byte) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := copy(b, t.buf[t.next-t.first:])
	t.next += int64(n)
	return n
}

// Decide says that the server has decided all audio before a time. It is never taken back.
func (t *Tape) Decide(before time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.decided = max(t.decided, min(int64(t.format.Bytes(before)), t.next))
	t.drop(t.decided)
}

// Rewind goes back to what has not been decided, which Next then gives again. missing is how much of that is not on the tape
// any more; unless it is 0, nothing has been done.
func (t *Tape) Rewind() (missing time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first > t.decided {
		return t.format.Duration(t.first - t.decided)
	}
	t.next = t.decided
	return 0
}

// Sent is the time up to which audio has been sent.
func (t *Tape) Sent() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.format.Duration(t.next)
}

// Owed is how much audio has been put on the tape and has not been decided.
func (t *Tape) Owed() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.format.Duration(t.end() - t.decided)
}

// end is where the tape ends. t.mu is held.
func (t *Tape) end() int64 { return t.first + int64(len(t.buf)) }

// drop lets go of what stands before a position. t.mu is held.
func (t *Tape) drop(before int64) {
	n := int(before - t.first)
	if n <= 0 {
		return
	}
	t.buf, t.first, t.slack = t.buf[n:], before, t.slack+n
	switch {
	case len(t.buf) == 0:
		t.buf, t.slack = nil, 0
	case t.slack > max(len(t.buf), leastSlack):
		t.buf, t.slack = slices.Clone(t.buf), 0
	}
}
