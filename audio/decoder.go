package audio

import "io"

// A Decoder decodes one stream of audio in a container as its bytes come: it is
// the pushing counterpart of [Reader], for bytes that arrive in messages. It holds
// back what does not make a whole frame (FLAC) or page (Ogg) yet and nothing
// else, so that samples are there with the last byte of what holds them.
//
// Cutting the input in another way changes no sample. What a Decoder holds is
// bounded whatever the input says of itself: by one page and one packet for Ogg,
// which is 128 KiB, and for FLAC by what a frame of 65535 samples takes that is
// not compressed, besides the bytes of one call.
type Decoder struct {
	kind  Kind     // immutable
	codec unpacker // immutable

	held   []byte // held[used:] has not been used yet
	used   int
	offset int64 // of held[used] in the stream
	err    error // sticky; io.EOF after Finish
}

// An unpacker is the codec of one container.
type unpacker interface {
	// unpack looks at p, the bytes that come next, and at the same bytes with more
	// behind them until it says that it has used some. It returns samples, which are
	// valid until the next call; with no samples, nothing used and no error it wants
	// more bytes. end says that none will come. offset is where p lies in the stream,
	// for errors to name.
	unpack(p []byte, offset int64, end bool) (used int, samples []int16, err error)
	// header is what the header says; ok is false until that is known.
	header() (h Header, ok bool)
	// headed says whether all that stands before the samples has been read.
	headed() bool
	// tolerate has damage behind the header told to note, and borne.
	tolerate(note func(error))
}

// Header is what the header of a container says of the samples in it.
type Header struct {
	// Format is the shape of the samples that come out.
	Format Format
	// SourceRate is the rate in Hz that the sound had before it was encoded, or 0
	// when that is not known. It differs from Format.Rate for Opus only, which is
	// decoded at 48 kHz whatever it was made from.
	SourceRate int
}

// NewDecoder returns a Decoder for a stream of the given kind: KindFLAC, or KindOgg
// with Opus inside. Other kinds are unsupported.
func NewDecoder(kind Kind) (*Decoder, error) {
	switch kind {
	case KindFLAC:
		return &Decoder{kind: kind, codec: newFlacUnpacker()}, nil
	case KindOgg:
		return &Decoder{kind: kind, codec: newOpusUnpacker()}, nil
	}
	return nil, unsupported("%v is not decoded as it comes; want FLAC or Ogg", kind)
}

// Tolerate makes the Decoder go on behind damage in the middle of the stream, such
// as a page with a wrong checksum, a packet that cannot be decoded, or frames that
// are missing: what is lost is given as silence of its length, as far as that can
// be told, and note is called with what is wrong, from within Decode and Finish.
// Damage of the header stays an error, and so does one fault after the other with
// nothing between them that can be decoded. Tolerate is called before the first
// byte is decoded.
func (d *Decoder) Tolerate(note func(err error)) { d.codec.tolerate(note) }

// Header returns what the stream's header says. ok is false until that much of the
// header has come, which is before any samples are given.
func (d *Decoder) Header() (h Header, ok bool) { return d.codec.header() }

// Decode takes the next bytes of the stream, cut anywhere, and calls give with the
// samples that are complete with them: interleaved, whole frames, one codec frame
// at a time, valid during the call. p is not kept.
//
// An error of give ends the call and is returned as it is; the Decoder is of no
// use after it. Errors about the stream match [ErrMalformed] or [ErrUnsupported],
// name the offset in bytes, and are final; what stood before them has been given.
// After Finish, Decode returns io.EOF.
func (d *Decoder) Decode(p []byte, give func(samples []int16) error) error {
	d.feed(p)
	for {
		samples, err := d.next(false)
		if err != nil || samples == nil {
			return err
		}
		if d.err = give(samples); d.err != nil {
			return d.err
		}
	}
}

// Finish says that no more bytes will come and calls give with the last samples. It
// returns how many bytes at the end belong to a frame or page that is not complete;
// that is no error, but a stream that ends inside its header is malformed. Without
// any bytes at all there is no error either.
func (d *Decoder) Finish(give func(samples []int16) error) (rest int, err error) {
	for {
		samples, err := d.next(true)
		switch {
		case err == io.EOF:
			return len(d.held) - d.used, nil
		case err != nil:
			return 0, err
		}
		if d.err = give(samples); d.err != nil {
			return 0, d.err
		}
	}
}

// feed takes bytes to decode.
func (d *Decoder) feed(p []byte) {
	if d.err != nil {
		return
	}
	if d.used > 0 {
		d.held, d.used = d.held[:copy(d.held, d.held[d.used:])], 0
	}
	d.held = append(d.held, p...)
}

// next returns the next samples of what has been fed, or none when more must be
// fed. At the end of the stream it returns io.EOF instead.
func (d *Decoder) next(end bool) (samples []int16, err error) {
	if d.err != nil {
		return nil, d.err
	}
	d.err = fenced(d.kind, func() error {
		for {
			used, got, err := d.codec.unpack(d.held[d.used:], d.offset, end)
			d.used += used
			d.offset += int64(used)
			if samples = got; err != nil || len(got) > 0 || used == 0 {
				return err
			}
		}
	})
	if d.err == nil && len(samples) == 0 && end {
		d.err = io.EOF
		if !d.codec.headed() && d.offset+int64(len(d.held)) > 0 {
			d.err = truncated(d.kind, "its header")
		}
	}
	return samples, d.err
}
