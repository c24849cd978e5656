package audio

import (
	"bytes"
	"encoding/binary"
)

// Kind is a kind of audio file or stream, as told by its first bytes.
type Kind uint8

// The kinds. [Open] reads KindRaw, KindWAV, KindFLAC, and KindOgg with Opus
// inside; the others are recognised so that an error can name them or another
// decoder be chosen.
const (
	KindUnknown  Kind = iota
	KindRaw           // headerless samples; never the answer of Sniff
	KindWAV           // RIFF/WAVE, RIFX/WAVE and RF64/WAVE
	KindFLAC          // native FLAC, also behind an ID3v2 tag
	KindOgg           // Ogg: Opus, Vorbis, Speex or FLAC inside
	KindMP3           // MPEG audio layers II and III, or any file with an ID3v2 tag
	KindAAC           // AAC in ADTS frames
	KindMP4           // ISO base media: mp4, m4a, mov
	KindWebM          // Matroska with document type "webm"
	KindMatroska      // Matroska with document type "matroska"
	KindAIFF          // AIFF and AIFC
	KindAU            // Sun/NeXT .au
	KindCAF           // Apple Core Audio Format
	KindAMR           // AMR narrow-band and wide-band storage format
	KindASF           // Microsoft ASF: wma
	KindMPEGTS        // MPEG transport stream, with packets of 188 or 192 bytes
	KindMPEGPS        // MPEG program stream
	KindFLV           // Flash video
	KindAVI           // RIFF/AVI
)

// String gives the kind's short name as people write it: "WAV", "Ogg", "MP3".
func (k Kind) String() string {
	names := [...]string{"unknown", "raw", "WAV", "FLAC", "Ogg", "MP3", "AAC", "MP4", "WebM", "Matroska",
		"AIFF", "AU", "CAF", "AMR", "ASF", "MPEG-TS", "MPEG-PS", "FLV", "AVI"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// SniffLen is the number of bytes that [Sniff] can make use of. Twelve are
// enough for most kinds.
const SniffLen = 4096

// Sniff tells a container by the first bytes of a stream. It is meant to be run
// on the first chunk of what was announced as raw PCM too, and so prefers
// [KindUnknown] to a guess: whatever it names is not ordinary PCM.
//
// What it matches, from offset 0, and how many bits of it are fixed:
//
//	WAV       "RIFF", "RIFX" or "RF64", and "WAVE" at 8                      64
//	FLAC      "fLaC" and a STREAMINFO block header of 34 bytes               63
//	Ogg       "OggS", version 0, flags 0 to 7                                45
//	MP4       "ftyp" at 4 behind a box length of 8 to 4096, a multiple of 4,
//	          and a brand of printable characters                            55
//	          or, as QuickTime has it, a box that can be the first: "moov",
//	          "mdat" (not longer than 2^40), "wide", "free", "skip"          ≥32
//	WebM      the EBML magic, and its document type in the first 64 bytes    80
//	AIFF      "FORM", and "AIFF" or "AIFC" at 8                              63
//	AU        ".snd", a header length of 24 to 65535, an encoding of 1 to 27 75
//	CAF       "caff", version 1, flags 0                                     64
//	AMR       "#!AMR" and a newline, "-WB" or "_MC" before it allowed        48
//	ASF       the header object's GUID                                      128
//	AVI       "RIFF", and "AVI " at 8                                        64
//	FLV       "FLV", version 1, valid flags, a header of 9 bytes             70
//	MPEG-PS   a pack header and a start code behind it                      ≥58
//	MPEG-TS   the sync byte and valid flags of 5 packets that differ         45
//	MP3, FLAC "ID3", version 2 to 4, valid flags and a valid length; FLAC
//	          when "fLaC" follows the tag within the prefix                  38
//	MP3       two whole frames of layer II or III whose headers agree, and
//	          every further header in the prefix (19 bits more each)        ≥32
//	AAC       the same with ADTS frame headers (28 bits more each)          ≥42
//
// MPEG frame headers begin with bits that quiet PCM has often (0xFF is the low
// byte of −1), and a tone may repeat with the length of a frame. Therefore layer
// I, whose header begins like the samples −1, −1, is not recognised, the prefix
// must hold two whole frames (up to 3456 bytes for MP3), and two equal frames
// are taken for a periodic signal. A shorter prefix than a rule needs does not
// match it.
func Sniff(prefix []byte) Kind {
	if len(prefix) > SniffLen {
		prefix = prefix[:SniffLen]
	}
	if k := sniffMagic(prefix); k != KindUnknown {
		return k
	}
	if n, ok := id3Len(prefix); ok {
		if n < len(prefix) && isFLAC(prefix[n:]) {
			return KindFLAC
		}
		return KindMP3
	}
	if isTransportStream(prefix, 188, 0) || isTransportStream(prefix, 192, 4) {
		return KindMPEGTS
	}
	if hasFrames(prefix, mpegHeader) {
		return KindMP3
	}
	if hasFrames(prefix, adtsHeader) {
		return KindAAC
	}
	return KindUnknown
}

// sniffMagic handles the kinds that begin with a literal.
func sniffMagic(p []byte) Kind {
	if len(p) < 8 {
		return KindUnknown
	}
	switch {
	case isChunk(p, "WAVE", "RIFF", "RIFX", "RF64"):
		return KindWAV
	case isFLAC(p):
		return KindFLAC
	case hasPrefix(p, "OggS") && p[4] == 0 && p[5] <= 7:
		return KindOgg
	case isChunk(p, "AVI ", "RIFF"):
		return KindAVI
	case isMP4(p), isQuickTime(p):
		return KindMP4
	case hasPrefix(p, "FLV\x01") && p[4]&^5 == 0 && len(p) >= 9 && string(p[5:9]) == "\x00\x00\x00\x09":
		return KindFLV
	case isProgramStream(p):
		return KindMPEGPS
	case hasPrefix(p, "\x1a\x45\xdf\xa3"):
		return matroskaKind(p[:min(len(p), 64)])
	case isChunk(p, "AIFF", "FORM"), isChunk(p, "AIFC", "FORM"):
		return KindAIFF
	case isAU(p):
		return KindAU
	case hasPrefix(p, "caff\x00\x01\x00\x00"):
		return KindCAF
	case hasPrefix(p, "#!AMR\n"), hasPrefix(p, "#!AMR-WB\n"), hasPrefix(p, "#!AMR_MC"), hasPrefix(p, "#!AMR-WB_MC"):
		return KindAMR
	case hasPrefix(p, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"):
		return KindASF
	}
	return KindUnknown
}

func hasPrefix(p []byte, s string) bool { return len(p) >= len(s) && string(p[:len(s)]) == s }

// isChunk says whether p is an IFF-like file: one of ids, a length, and form.
func isChunk(p []byte, form string, ids ...string) bool {
	if len(p) < 12 || string(p[8:12]) != form {
		return false
	}
	for _, id := range ids {
		if hasPrefix(p, id) {
			return true
		}
	}
	return false
}

// isFLAC: the first metadata block must be STREAMINFO (RFC 9639, section 8.2).
func isFLAC(p []byte) bool {
	return hasPrefix(p, "fLaC") && len(p) >= 8 && p[4]&0x7f == 0 && p[5] == 0 && p[6] == 0 && p[7] == 34
}

// isMP4: ISO/IEC 14496-12, section 4.3.
func isMP4(p []byte) bool {
	if len(p) < 12 || string(p[4:8]) != "ftyp" {
		return false
	}
	if n := binary.BigEndian.Uint32(p); n < 8 || n > 4096 || n%4 != 0 {
		return false
	}
	for _, c := range p[8:12] {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// isQuickTime: files of before there were brands begin with any box (QuickTime File Format, "Atoms").
func isQuickTime(p []byte) bool {
	n := binary.BigEndian.Uint32(p)
	switch string(p[4:8]) {
	case "moov", "free", "skip":
		return n >= 8 && n < 1<<28
	case "wide":
		return n == 8
	case "mdat": // 1: the length stands behind, in 8 bytes; 0: up to the end
		return n > 8 || n == 0 || n == 1 && len(p) >= 16 && binary.BigEndian.Uint64(p[8:]) < 1<<40
	}
	return false
}

// matroskaKind looks for the DocType element (RFC 8794, section 11.2.6).
func matroskaKind(p []byte) Kind {
	switch {
	case bytes.Contains(p, []byte("\x42\x82\x84webm")):
		return KindWebM
	case bytes.Contains(p, []byte("\x42\x82\x88matroska")):
		return KindMatroska
	}
	return KindUnknown
}

func isAU(p []byte) bool {
	if len(p) < 16 || !hasPrefix(p, ".snd") {
		return false
	}
	start, enc := binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[12:])
	return start >= 24 && start <= 65535 && enc >= 1 && enc <= 27
}

// TagLen says whether p begins with an ID3v2 tag, which programs put in front of many kinds of files, and how long the tag is in
// bytes, its header of 10 bytes included.
func TagLen(p []byte) (int, bool) { return id3Len(p) }

// id3Len says whether p begins with an ID3v2 tag and how long the tag is in
// bytes, its header included (ID3v2.4.0 structure, section 3.1).
func id3Len(p []byte) (int, bool) {
	if len(p) < 10 || !hasPrefix(p, "ID3") || p[3] < 2 || p[3] > 4 || p[4] == 0xff || p[5]&0x0f != 0 {
		return 0, false
	}
	n := 10
	for i, b := range p[6:10] {
		if b >= 0x80 {
			return 0, false
		}
		n += int(b) << (7 * (3 - i))
	}
	if p[5]&0x10 != 0 { // a footer repeats the header
		n += 10
	}
	return n, true
}
