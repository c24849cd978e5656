package pocketsphinx

import (
	"bytes"
	"encoding/binary"
)

// blob reads the content of a binary file from front to back. Reading beyond the end gives zeros and sets short; so a
// check reads all it needs and asks once.
type blob struct {
	data  []byte
	pos   int
	order binary.ByteOrder
	short bool
}

func newBlob(data []byte) *blob { return &blob{data: data, order: binary.LittleEndian} }

// bytes returns the next n bytes, or nil.
func (b *blob) bytes(n int) []byte {
	if n < 0 || n > len(b.data)-b.pos {
		b.short = true
		return nil
	}
	b.pos += n
	return b.data[b.pos-n : b.pos]
}

// skip goes over count things of size bytes. Both may be as large as a 32-bit number.
func (b *blob) skip(count, size int) {
	if count < 0 || size < 0 || size > 0 && count > (len(b.data)-b.pos)/size {
		b.short = true
		return
	}
	b.pos += count * size
}

// int returns the next signed 32-bit number.
func (b *blob) int() int { return int(int32(b.uint())) }

// uint returns the next unsigned 32-bit number.
func (b *blob) uint() uint32 {
	if p := b.bytes(4); p != nil {
		return b.order.Uint32(p)
	}
	return 0
}

// line returns the next line without its end.
func (b *blob) line() string {
	rest := b.data[b.pos:]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		b.short = true
		return ""
	}
	b.pos += n + 1
	return string(rest[:n])
}

// left is the number of bytes not read.
func (b *blob) left() int { return len(b.data) - b.pos }

// cString returns the text up to the next zero byte and goes over the zero.
func (b *blob) cString() string {
	rest := b.data[b.pos:]
	n := bytes.IndexByte(rest, 0)
	if n < 0 {
		b.short = true
		return ""
	}
	b.pos += n + 1
	return string(rest[:n])
}
