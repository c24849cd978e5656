package eventstream

// NextFrame returns the bytes of the next message, whole, for whoever decodes it elsewhere. Of the message only the prelude has been
// looked at, its checksum and its limits; the rest is for Decode to judge. The bytes are the Decoder's and stand until its next call.
// Errors are those of Next. Calls of Next and NextFrame may be mixed.
func (d *Decoder) NextFrame() ([]byte, error) {
	if d.failed != nil {
		return nil, d.failed
	}
	p, err := d.frame()
	if err != nil {
		return nil, err
	}
	frame := d.buf[d.pos : d.pos+p.total : d.pos+p.total]
	d.pos += p.total
	return frame, nil
}

// frame reads until the next message is there, from d.pos on.
func (d *Decoder) frame() (prelude, error) {
	if err := d.fill(preludeLen); err != nil {
		return prelude{}, d.ended(err, Overhead)
	}
	p, err := parsePrelude(d.buf[d.pos:d.end], d.maxPayload)
	if err != nil {
		d.failed = err
		return prelude{}, err
	}
	if err := d.fill(p.total); err != nil {
		return prelude{}, d.ended(err, p.total)
	}
	return p, nil
}
