package audio

import "encoding/binary"

// Pages of the Ogg container (RFC 3533, section 6).
const (
	oggHeaderLen = 27
	oggContinued = 1 // flags: the first packet began on a page before
	oggFirst     = 2 // the first page of a logical stream
	oggLast      = 4 // the last one
)

// oggPage is one page. Its slices are parts of what it was read from.
type oggPage struct {
	flags   byte
	granule int64 // position at the end of the last packet that ends here; −1: none does
	serial  uint32
	number  uint32
	lacing  []byte
	body    []byte
}

// oggReader tells pages apart and verifies their checksums.
type oggReader struct {
	table [256]uint32 // of the checksum, by the upper byte
}

// newOggReader makes the table: x³²+x²⁶+x²³+x²²+x¹⁶+x¹²+x¹¹+x¹⁰+x⁸+x⁷+x⁵+x⁴+x²+x+1,
// highest bit first, as no package of the standard library has it.
func newOggReader() *oggReader {
	r := &oggReader{}
	for i := range r.table {
		c := uint32(i) << 24
		for range 8 {
			if carry := c&(1<<31) != 0; carry {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		r.table[i] = c
	}
	return r
}

// page reads the page that p begins with; its length is 0 when p does not hold all of it.
func (r *oggReader) page(p []byte) (pg oggPage, length int, err error) {
	const magic = "OggS\x00"
	if n := min(len(p), len(magic)); string(p[:n]) != magic[:n] {
		return pg, 0, malformed("Ogg: want a page (\"OggS\" and version 0), got % x", p[:n])
	}
	if len(p) < oggHeaderLen || len(p) < oggHeaderLen+int(p[26]) {
		return pg, 0, nil
	}
	pg.lacing = p[oggHeaderLen : oggHeaderLen+int(p[26])]
	length = oggHeaderLen + len(pg.lacing)
	for _, n := range pg.lacing {
		length += int(n)
	}
	if len(p) < length {
		return pg, 0, nil
	}
	le := binary.LittleEndian
	if got, want := r.checksum(p[:length]), le.Uint32(p[22:]); got != want {
		return pg, 0, malformed("Ogg: a page has the checksum %08x where its bytes make %08x", want, got)
	}
	pg.flags = p[5]
	pg.granule = int64(le.Uint64(p[6:]))
	pg.serial, pg.number = le.Uint32(p[14:]), le.Uint32(p[18:])
	pg.body = p[oggHeaderLen+len(pg.lacing) : length]
	return pg, length, nil
}

// checksum is that of a page, in which its own place counts as 0.
func (r *oggReader) checksum(page []byte) (crc uint32) {
	for i, b := range page {
		if i >= 22 && i < 26 {
			b = 0
		}
		crc = crc<<8 ^ r.table[byte(crc>>24)^b]
	}
	return crc
}
