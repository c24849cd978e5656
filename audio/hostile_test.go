package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/mewkiz/flac/frame"
)

// lies are what a field of a header may claim.
func lies(bits int) []uint64 {
	top := uint64(1)<<bits - 1
	return []uint64{0, 1, 2, 3, top / 2, top/2 + 1, top - 1, top}
}

// field is a place in a header.
type field struct {
	name string
	at   int // byte
	size int // bytes
}

// hostileFields are the fields of the headers below, by kind.
var (
	wavFields = []field{
		{"RIFF size", 4, 4}, {"fmt size", 16, 4}, {"tag", 20, 2}, {"channels", 22, 2}, {"rate", 24, 4}, {"bytes a second", 28, 4},
		{"block align", 32, 2}, {"bits", 34, 2}, {"data size", 40, 4},
	}
	flacFields = []field{
		{"metadata type", 4, 1}, {"metadata size", 5, 3}, {"least block", 8, 2}, {"most block", 10, 2}, {"least frame", 12, 3}, {"most frame", 15, 3},
		{"rate", 18, 2}, {"rate, channels, bits", 20, 1}, {"bits, samples", 21, 1}, {"samples", 22, 4}, {"MD5", 26, 8},
		{"second metadata", 42, 4},
	}
)

// hostileFiles returns a file of each kind with real samples, and its fields. There is enough behind the headers for a claim to be
// believed.
func hostileFiles(t *testing.T) map[Kind]struct {
	file   []byte
	fields []field
} {
	t.Helper()
	samples := noise(newRand(t), 3000)
	wav := riff(chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)), chunk("data", string(AppendBytes(nil, samples))))
	wide := make([]int32, len(samples))
	for i, s := range samples {
		wide[i] = int32(s)
	}
	flac := flacFile(t, flacSpec{16000, 16, frame.ChannelsMono, 1000, frame.PredVerbatim}, wide)
	return map[Kind]struct {
		file   []byte
		fields []field
	}{KindWAV: {wav, wavFields}, KindFLAC: {flac, flacFields}}
}

// put writes a number as the kind of file has it.
func put(file []byte, kind Kind, f field, v uint64) {
	for i := range f.size {
		shift := 8 * i
		if kind == KindFLAC {
			shift = 8 * (f.size - 1 - i)
		}
		file[f.at+i] = byte(v >> shift)
	}
}

// TestHeadersThatLie lets every field of a header claim every extreme, alone and together with every other field: what can be
// read is whole frames and the same each time, and all else is refused in a known way.
func TestHeadersThatLie(t *testing.T) {
	t.Parallel()
	for kind, h := range hostileFiles(t) {
		for i, a := range h.fields {
			for _, claim := range lies(8 * a.size) {
				file := bytes.Clone(h.file)
				put(file, kind, a, claim)
				lie(t, fmt.Sprintf("%v: %s says %#x", kind, a.name, claim), file, kind)
				for _, b := range h.fields[i+1:] {
					for _, second := range []uint64{0, 1, 1<<(8*b.size) - 1} {
						both := bytes.Clone(file)
						put(both, kind, b, second)
						lie(t, fmt.Sprintf("%v: %s says %#x, %s says %#x", kind, a.name, claim, b.name, second), both, kind)
					}
				}
			}
		}
	}
}

// lie reads a file under the name of what is wrong with it.
func lie(t *testing.T, name string, file []byte, kind Kind) {
	t.Helper()
	fuzzOpen(t, file, kind)
	if t.Failed() {
		t.Fatal(name)
	}
}

// TestTruncatedEverywhere cuts a file after every byte: what stood before the cut is given, and nothing else.
func TestTruncatedEverywhere(t *testing.T) {
	for kind, h := range hostileFiles(t) {
		_, whole := openAll(t, h.file, Options{Kind: kind})
		step := 1
		for n := 0; n < len(h.file); n += step {
			if n > 200 { // behind the headers all bytes are alike
				step = 97
			}
			r, err := Open(bytes.NewReader(h.file[:n]), Options{Kind: kind})
			if err != nil {
				checkKnownError(t, err)
				continue
			}
			got, err := readAll(r, 777)
			if err != nil && err != io.ErrUnexpectedEOF {
				checkKnownError(t, err)
			}
			if len(got) >= len(whole) {
				t.Fatalf("%v cut after %d of %d bytes: %d samples of %d", kind, n, len(h.file), len(got), len(whole))
			}
			equalSamples(t, got, whole[:len(got)])
		}
	}
}

// TestHeadersTakeNoMemory: whatever a header claims, no more is allocated than what Open promises, before and after the first
// sample.
func TestHeadersTakeNoMemory(t *testing.T) {
	const most = 8 << 20 // a frame of FLAC has 65535 samples in 8 channels at most, each of them several bytes while decoded
	for kind, h := range hostileFiles(t) {
		for _, f := range h.fields {
			for _, claim := range lies(8 * f.size) {
				file := bytes.Clone(h.file)
				put(file, kind, f, claim)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if r, err := Open(bytes.NewReader(file), Options{Kind: kind}); err == nil {
					buf := make([]int16, 1000*MaxChannels)
					for err == nil {
						_, err = r.ReadSamples(buf)
					}
				}
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > most {
					t.Errorf("%v: %s says %#x: %d bytes allocated", kind, f.name, claim, used)
				}
			}
		}
	}
}

// hostileHeaders are headers that are wrong as a whole; the seeds of the fuzzers get them as well.
var hostileHeaders = []struct {
	name string
	kind Kind
	file []byte
}{
	{"WAV with a thousand formats", KindWAV, riff(strings.Repeat(chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)), 1000) + chunk("data", "abcd"))},
	{"WAV that changes its mind", KindWAV, riff(chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)), chunk("fmt ", fmtBody(tagFloat, 2, 48000, 32)), chunk("data", f32(0.5, 0.5)))},
	{"WAV with chunks of nothing", KindWAV, riff(strings.Repeat(chunk("junk", ""), 10000), chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)), chunk("data", "ab"))},
	{"WAV in WAV", KindWAV, riff(string(wavCases[0].file))},
	{"WAV whose chunk names are not text", KindWAV, riff(chunk("\x00\xff\n\"", "x"), chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)), chunk("data", "ab"))},
	{"WAV of 2 GiB that holds one sample", KindWAV, []byte("RIFF" + le32(1<<31) + "WAVE" + chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)) + "data" + le32(1<<31-2) + le16(7))},
	{"RF64 that ends before it begins", KindWAV, []byte("RF64" + le32(math.MaxUint32) + "WAVE" + chunk("ds64", le32(0, 0, 0, 1<<31, 0, 0, 0)) +
		chunk("fmt ", fmtBody(tagPCM, 1, 16000, 16)) + "data" + le32(math.MaxUint32) + le16(1))},
	{"FLAC behind an endless tag", KindFLAC, []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7ffLaC")},
	{"FLAC with a hundred tags", KindFLAC, []byte(strings.Repeat("ID3\x04\x00\x00\x00\x00\x00\x00", 100) + "fLaC")},
	{"FLAC of metadata alone", KindFLAC, []byte("fLaC" + streamInfoBlock(16000, 1, 16, 0) + strings.Repeat("\x01\x00\x00\x00", 10000))},
	{"FLAC of 2^36-1 samples that holds none", KindFLAC, []byte("fLaC" + lastBlock(streamInfoBlock(16000, 1, 16, 1<<36-1)))},
	{"FLAC of 8 channels of 24 bits without a frame", KindFLAC, []byte("fLaC" + lastBlock(streamInfoBlock(655350, 8, 24, 1)))},
	{"FLAC whose frame is sync after sync", KindFLAC, []byte("fLaC" + lastBlock(streamInfoBlock(16000, 1, 16, 0)) + strings.Repeat("\xff\xf8", 5000))},
	{"FLAC whose frame has the longest number", KindFLAC, []byte("fLaC" + lastBlock(streamInfoBlock(16000, 1, 16, 0)) + "\xff\xf8\xc9\x08\xfe\xbf\xbf\xbf\xbf\xbf\xbf\xbf\x00")},
}

// streamInfoBlock is a STREAMINFO block that is not the last one.
func streamInfoBlock(rate, channels, bits int, samples uint64) string {
	b := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 34}, 4096)
	b = binary.BigEndian.AppendUint16(b, 4096)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(rate)<<44|uint64(channels-1)<<41|uint64(bits-1)<<36|samples)
	return string(append(b, make([]byte, 16)...))
}

func lastBlock(block string) string { return "\x80" + block[1:] }

func TestHostileHeaders(t *testing.T) {
	for _, h := range hostileHeaders {
		t.Run(h.name, func(t *testing.T) { fuzzOpen(t, h.file, h.kind) })
	}
}
