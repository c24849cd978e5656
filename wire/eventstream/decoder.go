package eventstream

import (
	"errors"
	"io"
)

// firstBuffer is what a Decoder allocates at first, in bytes: room for 100 ms of 16 kHz audio in a signed envelope.
const firstBuffer = 4 << 10

// maxEmptyReads bounds how often a reader may return neither bytes nor an error before the Decoder gives up.
const maxEmptyReads = 100

var errBadCount = errors.New("eventstream: reader returned an impossible count")

// A Decoder reads messages one after another from a reader whose own boundaries mean nothing, such as the body of an HTTP/2 request.
//
// It has one buffer, of 4 KiB at first, and reads ahead no further than that reaches. Memory is never taken on the word of a prelude: the
// buffer doubles when it is full of the bytes of one message, so it is shorter than twice the longest message received, which the limit
// on payloads bounds. It does not shrink again. One goroutine may use a Decoder at a time.
type Decoder struct {
	r          io.Reader
	maxPayload int
	buf        []byte
	pos, end   int   // buf[pos:end] has been read and not yet decoded
	readErr    error // came with the bytes that are in buf; told when they are used up
	failed     error // a message was malformed: where the next one starts is not known
}

// NewDecoder returns a Decoder that reads from r and refuses payloads of more than maxPayload bytes with ErrTooLong before it reads
// them. A maxPayload of 0 or less, or one beyond MaxPayload, means MaxPayload.
func NewDecoder(r io.Reader, maxPayload int) *Decoder {
	if maxPayload <= 0 || maxPayload > MaxPayload {
		maxPayload = MaxPayload
	}
	return &Decoder{r: r, maxPayload: maxPayload}
}

// Reset makes d read from r as if new. It keeps the limit and the buffer.
func (d *Decoder) Reset(r io.Reader) {
	*d = Decoder{r: r, maxPayload: d.maxPayload, buf: d.buf}
}

// Next decodes the next message into m, which borrows from the Decoder's buffer until the next call of Next or Reset. It returns as
// soon as the message is complete.
//
// The error is io.EOF, as it is, when the input ends between two messages, and ErrTruncated, which is an io.ErrUnexpectedEOF, when it
// ends inside one. A malformed message ends the stream: Next gives the same error from then on. Any other error of the reader is
// returned as it is, nothing read so far is lost, and Next may be called again. On error m is empty.
func (d *Decoder) Next(m *Message) error {
	err := d.failed
	if err == nil {
		err = d.next(m)
	}
	if err != nil {
		m.clear()
	}
	return err
}

func (d *Decoder) next(m *Message) error {
	p, err := d.frame()
	if err != nil {
		return err
	}
	if err := decodeBody(d.buf[d.pos:d.pos+p.total:d.pos+p.total], p, m); err != nil {
		d.failed = err
		return err
	}
	d.pos += p.total
	return nil
}

// ended turns the reader's io.EOF into the error that fits the place.
func (d *Decoder) ended(err error, want int) error {
	if err == io.EOF && d.pos < d.end {
		return truncatedError(want, d.end-d.pos)
	}
	return err
}

// fill reads until n bytes are there to be decoded.
func (d *Decoder) fill(n int) error {
	for empty := 0; d.end-d.pos < n; {
		if err := d.readErr; err != nil {
			d.readErr = nil
			return err
		}
		if empty == maxEmptyReads {
			return io.ErrNoProgress
		}
		d.makeRoom(n)
		got, err := d.r.Read(d.buf[d.end:])
		if got < 0 || got > len(d.buf)-d.end {
			return errBadCount
		}
		if got == 0 {
			empty++
		} else {
			empty = 0
		}
		d.end += got
		d.readErr = err
	}
	return nil
}

// makeRoom sees to it that something can be read, on the way to n undecoded bytes.
func (d *Decoder) makeRoom(n int) {
	if d.pos+n > len(d.buf) && d.pos > 0 {
		d.end = copy(d.buf, d.buf[d.pos:d.end])
		d.pos = 0
	}
	if d.end < len(d.buf) {
		return
	}
	// The buffer is full of bytes that have arrived: only now may it double.
	grown := make([]byte, max(firstBuffer, 2*len(d.buf)))
	copy(grown, d.buf[:d.end])
	d.buf = grown
}
