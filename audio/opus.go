package audio

import (
	"bufio"
	"bytes"
	"io"

	"github.com/pion/opus"
)

// opusUnpacker decodes Opus in an Ogg container (RFC 7845) as its pages come.
// Streams that are mixed with it are passed over; one that follows (chained) is
// decoded as well when it has as many channels.
type opusUnpacker struct {
	ogg     *oggReader
	others  []string // codecs of other streams that began before ours
	chained bool     // another Opus stream came before this one

	// Of the stream that is being read.
	head    opusHead
	serial  uint32
	phase   opusPhase
	over    bool   // its last page has come
	granule int64  // the last position that a page said
	number  uint32 // of the page that should come next
	part    []byte // the first part of a packet that goes on on the next page
	broken  bool   // a packet goes on whose beginning is missing or too long
	dec     opus.Decoder
	decoded int64 // frames, those left out at the beginning included
	start   int64 // position of the first frame; −1: not known yet
	skip    int   // frames still to be left out

	// The page whose packets are being decoded.
	lacing []byte
	body   []byte
	at     int64 // where it lies in the stream
	left   int64 // frames that it may still give; below 0: any number

	out    []int16
	last   int // frames of the last packet that could be decoded
	faults faults
}

type opusPhase uint8

const (
	opusSearch opusPhase = iota // for the first page of an Opus stream
	opusTags                    // the comment header comes next
	opusAudio
)

func newOpusUnpacker() *opusUnpacker { return &opusUnpacker{ogg: newOggReader()} }

func (u *opusUnpacker) header() (Header, bool) {
	return Header{Format: Format{Rate: opusRate, Channels: u.head.channels}, SourceRate: u.head.source}, u.head.channels > 0
}

func (u *opusUnpacker) headed() bool { return u.phase == opusAudio || u.chained }

func (u *opusUnpacker) tolerate(note func(error)) { u.faults.note = note }

func (u *opusUnpacker) unpack(p []byte, offset int64, _ bool) (used int, samples []int16, err error) {
	if u.faults.gap > 0 {
		return 0, u.faults.silence(u.head.channels), nil
	}
	for len(u.lacing) > 0 {
		packet, ok := u.packet()
		if !ok {
			continue
		}
		if samples, err = u.packetSamples(packet); err != nil || len(samples) > 0 {
			return 0, samples, err
		}
	}
	if len(p) == 0 {
		return 0, nil, nil
	}
	if u.phase < opusAudio && offset > maxHeader {
		return 0, nil, malformed("Ogg: header: want samples within the first %d bytes", maxHeader)
	}
	pg, n, err := u.ogg.page(p)
	if err != nil && u.phase == opusAudio && u.faults.on() {
		n, err = u.seek(p, offset, err)
		return n, nil, err
	}
	if err == nil && n > 0 {
		u.at, u.faults.lost = offset, false
		err = u.page(&pg)
	}
	return n, nil, atByte(offset, err)
}

// seek passes over what is no page, as err says, to where the next one may begin.
func (u *opusUnpacker) seek(p []byte, offset int64, err error) (used int, _ error) {
	if !u.faults.lost {
		if err = u.faults.stray(atByte(offset, err)); err != nil {
			return 0, err
		}
	}
	const magic = "OggS\x00"
	used = bytes.Index(p[1:], []byte(magic)) + 1
	if used == 0 {
		for used = max(1, len(p)-len(magic)+1); used < len(p) && !bytes.HasPrefix([]byte(magic), p[used:]); {
			used++
		}
	}
	return used, atByte(offset, u.faults.passed(used, "page of Ogg"))
}

// page takes up a page.
func (u *opusUnpacker) page(pg *oggPage) error {
	if pg.flags&oggFirst != 0 {
		return u.first(pg)
	}
	if u.phase == opusSearch {
		return u.noOpus()
	}
	if pg.serial != u.serial || u.over {
		return nil
	}
	if u.phase == opusTags && pg.flags&oggContinued == 0 && len(pg.body) > 0 && !hasPrefix(pg.body, "OpusTags") {
		return malformed("Opus: want a comment header (\"OpusTags\") behind the identification header, got % x", pg.body[:min(len(pg.body), 8)])
	}
	u.lacing, u.body = append(u.lacing[:0], pg.lacing...), append(u.body[:0], pg.body...)
	if missing := u.follow(pg); missing && u.phase == opusAudio {
		u.makeUp(pg)
	}
	u.left = -1
	if u.phase == opusAudio {
		u.position(pg)
	}
	u.over = pg.flags&oggLast != 0
	return nil
}

// position makes use of what a page says of its end: the first one where the
// stream starts, the last one how much of its last packet is to be given.
func (u *opusUnpacker) position(pg *oggPage) {
	last := pg.flags&oggLast != 0
	if pg.granule <= 0 || pg.granule < u.granule {
		return // none, or nonsense
	}
	u.granule = pg.granule
	if u.start < 0 {
		u.start = 0
		if n := u.decoded + u.pageFrames(); !last {
			u.start = max(pg.granule-n, 0)
		}
	}
	if last {
		u.left = max(pg.granule-u.start-u.decoded, 0)
	}
}

// makeUp has silence given for what stood on pages that are missing before this
// one, if the positions tell how long it was.
func (u *opusUnpacker) makeUp(pg *oggPage) {
	from := u.start
	if from < 0 && u.faults.row > 0 {
		from = 0 // the first page was lost, and most streams begin there
	}
	if from < 0 || pg.granule <= u.granule {
		return
	}
	n := u.faults.owe(pg.granule-from-u.decoded-u.pageFrames(), opusRate)
	if n > 0 {
		u.start = from
	}
	if n > 0 && u.faults.row == 0 {
		u.faults.note(malformed("Ogg: at byte %d: pages are missing before this one, with %d ms of sound", u.at, n*1000/opusRate))
	}
	u.decoded += n
	skipped := min(int64(u.skip), u.faults.gap)
	u.skip -= int(skipped)
	u.faults.gap -= skipped
}

// pageFrames counts the frames of the packets that end on the page.
func (u *opusUnpacker) pageFrames() (total int64) {
	packet, at := 0, 0 // where it begins, and what has been looked at
	for _, l := range u.lacing {
		at += int(l)
		if l == 255 {
			continue
		}
		switch {
		case packet > 0 || len(u.part) == 0 && !u.broken:
			total += int64(opusDuration(u.body[packet:at]))
		case len(u.part) > 0:
			total += int64(opusDuration(u.part)) // what tells is in its first two bytes, of at least 255
		}
		packet = at
	}
	return total
}

// first begins a stream, or passes over one that is not Opus.
func (u *opusUnpacker) first(pg *oggPage) error {
	if !isOpusHead(pg.body) {
		if len(u.others) < 8 {
			u.others = append(u.others, oggCodec(pg.body))
		}
		return nil
	}
	head, err := parseOpusHead(pg.body)
	switch {
	case err != nil:
		return err
	case u.phase == opusTags:
		return nil // a second Opus stream beside the first
	case u.head.channels != 0 && u.head.channels != head.channels:
		return malformed("Opus: \"channels\": want %d as in the stream before, got %d", u.head.channels, head.channels)
	}
	if u.dec, err = opus.NewDecoderWithOutput(opusRate, head.channels); err != nil {
		return unsupported("Opus: %v", err)
	}
	u.chained = u.phase == opusAudio
	u.head, u.serial, u.phase = head, pg.serial, opusTags
	u.over, u.granule, u.number, u.part, u.broken = false, 0, pg.number+1, u.part[:0], false
	u.decoded, u.start, u.skip = 0, -1, head.preSkip
	return nil
}

func (u *opusUnpacker) noOpus() error {
	if len(u.others) == 0 {
		return malformed("Ogg: want the first page of a stream at the beginning, got one from its middle")
	}
	return unsupported("Ogg: the stream holds %s; want Opus", u.others[0])
}

// oggCodec names what a stream holds by its first packet.
func oggCodec(p []byte) string {
	for _, c := range []struct{ prefix, name string }{
		{"\x01vorbis", "Vorbis"}, {"Speex   ", "Speex"}, {"\x7fFLAC", "FLAC"}, {"\x80theora", "Theora"}, {"fishead\x00", "Skeleton"},
	} {
		if hasPrefix(p, c.prefix) {
			return c.name
		}
	}
	return "an unknown codec"
}

// follow puts a page behind the one before, and says whether some are missing
// between them: what was lost is left out here.
func (u *opusUnpacker) follow(pg *oggPage) (missing bool) {
	continued := pg.flags&oggContinued != 0
	missing = pg.number != u.number
	if missing || !continued {
		u.part, u.broken = u.part[:0], false
	}
	if continued && len(u.part) == 0 {
		u.broken = true
	}
	u.number = pg.number + 1
	return missing
}

// packet takes the next packet from the page. ok is false when it has no end
// there, or no beginning.
func (u *opusUnpacker) packet() (packet []byte, ok bool) {
	n, whole := 0, false
	for i, l := range u.lacing {
		n += int(l)
		if l < 255 {
			u.lacing, whole = u.lacing[i+1:], true
			break
		}
	}
	packet, u.body = u.body[:n], u.body[n:]
	if !whole {
		u.lacing = u.lacing[:0]
	}
	switch {
	case u.phase == opusTags:
		if whole {
			u.phase, u.broken = opusAudio, false
		}
		return nil, false
	case u.broken:
		u.broken = !whole
		return nil, false
	case !whole || len(u.part) > 0:
		if len(u.part)+n > longestOpusPacket {
			u.part, u.broken = u.part[:0], !whole
			return nil, false
		}
		u.part = append(u.part, packet...)
		packet = u.part
		if whole {
			u.part = u.part[:0]
		}
	}
	return packet, whole
}

// packetSamples decodes a packet and leaves out what is not to be heard.
func (u *opusUnpacker) packetSamples(packet []byte) ([]int16, error) {
	if len(packet) == 0 {
		return nil, nil
	}
	ch := u.head.channels
	n, err := u.decode(packet)
	if err != nil {
		if err = u.faults.bear(atByte(u.at, err)); err != nil {
			return nil, err
		}
		if n == 0 { // it does not say how long it is
			n = max(u.last, opusRate/50)
		}
		u.room(n * ch)
		clear(u.out[:n*ch])
	} else {
		u.last = n
		u.faults.well(int64(n))
	}
	out := u.out[:n*ch]
	u.decoded += int64(n)
	if u.left >= 0 {
		out = out[:int(min(int64(n), u.left))*ch]
		u.left -= int64(len(out) / ch)
	}
	skip := min(u.skip, len(out)/ch)
	u.skip -= skip
	out = out[skip*ch:]
	if u.head.gain != 1 {
		for i, s := range out {
			out[i] = round16(float64(s) * u.head.gain)
		}
	}
	return out, nil
}

// room makes room for so many samples.
func (u *opusUnpacker) room(n int) {
	if cap(u.out) < n {
		u.out = make([]int16, n)
	}
}

// decode decodes a packet into u.out and returns how many frames it has, also when
// it fails; 0 when that cannot be told.
func (u *opusUnpacker) decode(packet []byte) (n int, err error) {
	n = opusDuration(packet)
	if n == 0 {
		return 0, malformed("Opus: a packet of %d bytes has no frames or lasts for more than 120 ms", len(packet))
	}
	u.room(n * u.head.channels)
	err = fenced(KindOgg, func() error {
		got, err := u.dec.DecodeToInt16(packet, u.out[:n*u.head.channels])
		if err != nil || got != n {
			return malformed("Opus: a packet of %d bytes: %v", len(packet), err)
		}
		return nil
	})
	return n, err
}

// openOgg reads the header of an Opus stream in an Ogg container, up to the
// samples' format. Its length is not known.
func openOgg(br *bufio.Reader) (opened, error) {
	d, err := NewDecoder(KindOgg)
	if err != nil {
		return opened{}, err
	}
	p := &pulled{br: br, dec: d}
	for { // ends with the header, with the input, or at the header limit of Open
		p.rest, err = d.next(p.end)
		if h, ok := d.Header(); ok && err == nil {
			return opened{format: h.Format, dec: p}, nil
		}
		if err == nil {
			err = p.more()
		}
		if err != nil {
			return opened{}, headerError(KindOgg, "the header", err)
		}
	}
}

// pulled has a [Decoder] read from an input.
type pulled struct {
	br   *bufio.Reader
	dec  *Decoder
	rest []int16 // samples that have been decoded and not given
	end  bool    // the input has ended
}

// more waits for a byte of the input and takes what has come with it.
func (p *pulled) more() error {
	_, err := p.br.Peek(1)
	if err == io.EOF {
		p.end = true
		return nil
	}
	if err != nil {
		return err
	}
	b, err := p.br.Peek(p.br.Buffered())
	if err != nil {
		return err
	}
	p.dec.feed(b)
	_, err = p.br.Discard(len(b))
	return err
}

func (p *pulled) decode(dst []int16) (int, error) {
	for len(p.rest) == 0 {
		var err error
		if p.rest, err = p.dec.next(p.end); err == nil && len(p.rest) == 0 {
			err = p.more()
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
