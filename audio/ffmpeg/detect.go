package ffmpeg

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/earshot-stt/earshot/audio"
)

// Format is a kind of file that the program decodes. The zero value is none.
type Format struct {
	Kind    audio.Kind
	demuxer string // as the program calls it
	// Seek says that the file cannot be decoded as it comes: [Input.File] must be set.
	Seek bool
}

// formats are the kinds of which we believe the program that it needs nothing but the file's own bytes.
var formats = [...]Format{
	{audio.KindMP3, "mp3", false},
	{audio.KindAAC, "aac", false},
	{audio.KindMP4, "mov", true}, // unless Detect sees that the index comes first
	{audio.KindWebM, "matroska", false},
	{audio.KindMatroska, "matroska", false},
	{audio.KindOgg, "ogg", false},
	{audio.KindWAV, "wav", false},
	{audio.KindAIFF, "aiff", false},
	{audio.KindAU, "au", false},
	{audio.KindCAF, "caf", true},
	{audio.KindAMR, "amr", false},
	{audio.KindASF, "asf", false},
	{audio.KindMPEGTS, "mpegts", false},
	{audio.KindMPEGPS, "mpeg", false},
	{audio.KindFLV, "flv", false},
	{audio.KindAVI, "avi", true},
}

const (
	// peekSize is how far an MP4's index is looked for, in bytes.
	peekSize = 64 << 10
	// maxTag is the longest tag in front of a file that is passed over, in bytes.
	maxTag = 64 << 20
)

// Detect finds out what to tell the program of a file of a kind. The file must be read on from what Detect returns: a tag in front of
// it may have been used up. ok is false for what the program is not asked to decode. The error is that of r.
func Detect(r io.Reader, kind audio.Kind) (rest io.Reader, f Format, ok bool, err error) {
	br := bufio.NewReaderSize(r, peekSize)
	if kind == audio.KindMP3 {
		if kind, err = behindTag(br); err != nil {
			return br, Format{}, false, err
		}
	}
	for _, f := range formats {
		if f.Kind != kind {
			continue
		}
		if kind == audio.KindMP4 {
			f.Seek, err = indexLast(br)
		}
		return br, f, err == nil, err
	}
	return br, Format{}, false, nil
}

// behindTag uses up an ID3v2 tag and tells what stands behind it: with a tag all look like MP3.
func behindTag(br *bufio.Reader) (audio.Kind, error) {
	for range 4 { // some programs put a tag in front of a tag
		head, err := br.Peek(10)
		if err != nil && err != io.EOF {
			return 0, err
		}
		n, ok := audio.TagLen(head)
		if !ok || n > maxTag {
			break
		}
		if _, err := br.Discard(n); err != nil {
			if err == io.EOF {
				break // the program will find nothing
			}
			return 0, err
		}
	}
	head, err := br.Peek(audio.SniffLen)
	if err != nil && err != io.EOF {
		return 0, err
	}
	if kind := audio.Sniff(head); kind == audio.KindAAC {
		return kind, nil
	}
	return audio.KindMP3, nil
}

// indexLast reports whether an MP4 has samples in front of their index, or may have (ISO/IEC 14496-12, section 4.2).
func indexLast(br *bufio.Reader) (bool, error) {
	for at := 0; at+16 <= peekSize; {
		p, err := br.Peek(at + 16)
		if err != nil && err != io.EOF {
			return false, err
		}
		if err == io.EOF {
			return true, nil // the program says what is wrong with it
		}
		size := uint64(binary.BigEndian.Uint32(p[at:]))
		if size == 1 {
			size = binary.BigEndian.Uint64(p[at+8:])
		}
		switch string(p[at+4 : at+8]) {
		case "moov", "moof":
			return false, nil
		case "mdat":
			return true, nil
		}
		if size < 8 || size > peekSize {
			return true, nil
		}
		at += int(size)
	}
	return true, nil
}
