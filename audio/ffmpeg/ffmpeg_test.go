package ffmpeg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/stt"
)

// installed returns the real program.
func installed(t *testing.T, o ffmpeg.Options) *ffmpeg.Program {
	t.Helper()
	p, err := ffmpeg.Find(o)
	if err != nil {
		t.Skip(`needs the command "ffmpeg" of the Debian package "ffmpeg"`)
	}
	return p
}

// made is a file with a tone of 440 Hz, made by the program itself.
func made(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=3,volume=4"}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		if strings.Contains(string(out), "Unknown encoder") {
			t.Skipf("this ffmpeg makes no %s", name)
		}
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode decodes a file and returns its samples.
func decode(t *testing.T, p *ffmpeg.Program, file []byte, most time.Duration) (f audio.Format, samples []int16, missing, err error) {
	t.Helper()
	rest, format, ok, err := ffmpeg.Detect(bytes.NewReader(file), audio.Sniff(file))
	if err != nil || !ok {
		t.Fatalf("%v is not detected: %v", audio.Sniff(file), err)
	}
	in := ffmpeg.Input{Format: format, Body: rest, Most: most}
	if format.Seek {
		disk, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		os.Remove(disk.Name())
		disk.Write(file)
		in.Body, in.File = nil, disk
	}
	r, err := p.Open(t.Context(), in, nil)
	if err != nil {
		return f, nil, nil, err
	}
	defer r.Close(nil)
	buf := make([]int16, 8192)
	for {
		n, err := r.ReadSamples(buf)
		samples = append(samples, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return r.Format(), samples, nil, err
		}
	}
	if got := r.Position(); got != int64(len(samples)/r.Format().Channels) {
		t.Errorf("position %d after %d samples", got, len(samples))
	}
	if err := r.Rest(); err != nil {
		t.Error(err)
	}
	return r.Format(), samples, r.Incomplete(), nil
}

// strength is how much of the power of a sound is a tone of a frequency, 0 to 1.
func strength(samples []int16, rate int, hz float64) float64 {
	var re, im, all float64
	for i, s := range samples {
		x, w := float64(s), 2*math.Pi*hz*float64(i)/float64(rate)
		re, im, all = re+x*math.Cos(w), im+x*math.Sin(w), all+x*x
	}
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / float64(len(samples)) / all
}

// files are what the program is asked to decode, and what is known of their ends.
var files = []struct {
	name string
	args []string
	ends bool // a file that breaks off can be told from a whole one
}{
	{"a.mp3", nil, false},
	{"a.aac", []string{"-c:a", "aac"}, true},
	{"last.m4a", []string{"-c:a", "aac"}, true},
	{"first.m4a", []string{"-c:a", "aac", "-movflags", "+faststart"}, true},
	{"pieces.mp4", []string{"-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "500000"}, true},
	{"a.webm", []string{"-c:a", "libopus"}, true},
	{"a.ts", []string{"-c:a", "aac"}, false},
	{"a.caf", []string{"-c:a", "alac"}, true},
	{"a.wma", nil, false},
	{"a.flv", []string{"-ar", "44100"}, true},
	{"adpcm.wav", []string{"-c:a", "adpcm_ms"}, true},
}

func TestFiles(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir()})
	for _, c := range files {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := made(t, c.name, c.args...)
			f, samples, missing, err := decode(t, p, file, 0)
			if err != nil || missing != nil {
				t.Fatal(err, missing)
			}
			mono := audio.AppendMono(nil, samples, f.Channels)
			length := float64(len(mono)) / float64(f.Rate)
			if length < 2.9 || length > 3.3 || f.Rate < 16000 {
				t.Errorf("%v, %.2f s", f, length)
			}
			if s := strength(mono[f.Rate:2*f.Rate], f.Rate, 440); s < 0.9 {
				t.Errorf("the tone is %.2f of what there is", s)
			}
			if !c.ends {
				return
			}
			_, part, missing, err := decode(t, p, file[:len(file)*6/10], 0)
			if err == nil && missing == nil {
				t.Errorf("%d samples of %d of half a file, and nobody says so", len(part), len(samples))
			}
			if stt.CodeOf(err) != stt.Malformed && err != nil {
				t.Errorf("half a file: %v", err)
			}
		})
	}
}

// No more is decoded than is wanted.
func TestMost(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir()})
	file := made(t, "a.mp3")
	if f, samples, _, err := decode(t, p, file, time.Second); err != nil || len(samples) < f.Rate || len(samples) > 5*f.Rate/2 {
		t.Errorf("%d samples, %v", len(samples), err)
	}
}

// A gap between time stamps is silence of its length.
func TestGap(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir()})
	file := made(t, "gap.mkv", "-af", "asetpts='PTS+gt(T,1.5)*60/TB'", "-c:a", "pcm_s16le")
	f, samples, _, err := decode(t, p, file, 0)
	if err != nil || len(samples) < 62*f.Rate || len(samples) > 64*f.Rate {
		t.Fatalf("%.1f s, %v", float64(len(samples))/float64(f.Rate), err)
	}
	if s := strength(samples[len(samples)-f.Rate:], f.Rate, 440); s < 0.9 {
		t.Errorf("the tone behind the gap is %.2f of what there is", s)
	}
}

// The sound of a live stream comes out while the stream goes on.
func TestLive(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir()})
	for name, args := range map[string][]string{
		"a.webm": {"-c:a", "libopus", "-cluster_time_limit", "100"},
		"a.mp4":  {"-c:a", "aac", "-movflags", "+empty_moov+default_base_moof", "-frag_duration", "100000"},
	} {
		file := made(t, name, args...)
		r, w := io.Pipe()
		rest, format, ok, err := detectLive(r, w, file[:len(file)/2])
		if err != nil || !ok || format.Seek {
			t.Fatal(name, format, ok, err)
		}
		rec, err := p.Open(t.Context(), ffmpeg.Input{Format: format, Body: rest}, func() { r.CloseWithError(io.ErrClosedPipe) })
		if err != nil {
			t.Fatal(name, err)
		}
		buf, n := make([]int16, 4800), 0
		for n < rec.Format().Rate { // half of the file has come, and no end of it
			m, err := rec.ReadSamples(buf)
			if err != nil {
				t.Fatal(name, err)
			}
			n += m
		}
		rec.Close(func() { r.CloseWithError(io.ErrClosedPipe) })
	}
}

// detectLive detects what comes through a pipe, into which the first bytes are put.
func detectLive(r *io.PipeReader, w *io.PipeWriter, first []byte) (io.Reader, ffmpeg.Format, bool, error) {
	go w.Write(first) // owned by the test; ends when the pipe is read or closed
	return ffmpeg.Detect(r, audio.Sniff(first))
}

// atom is a box of an MP4.
func atom(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// hostile are files that pose as something.
func hostile(t *testing.T) map[string][]byte {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret.wav")
	var wav bytes.Buffer
	if err := audio.WriteWAVHeader(&wav, audio.Format{Rate: 16000, Channels: 1}, 16000); err != nil {
		t.Fatal(err)
	}
	wav.Write(make([]byte, 32000))
	if err := os.WriteFile(secret, wav.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	hls := "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"
	tag := "ID3\x04\x00\x00\x00\x00\x00\x00"
	ftyp := atom("ftyp", []byte("isom\x00\x00\x02\x00isom"))
	zeros := func(n int) []byte { return make([]byte, n) }
	// An MP4 whose track lies in another file.
	be := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	dref := atom("dref", be(0), be(1), atom("url ", be(0), []byte("file://"+secret+"\x00")))
	stsd := atom("stsd", be(0), be(1), atom("sowt", zeros(6), []byte{0, 1}, zeros(8), []byte{0, 1, 0, 16, 0, 0, 0, 0, 0x3e, 0x80, 0, 0}))
	stbl := atom("stbl", stsd, atom("stts", be(0), be(1), be(16000), be(1)), atom("stsc", be(0), be(1), be(1), be(16000), be(1)),
		atom("stsz", be(0), be(2), be(16000)), atom("stco", be(0), be(1), be(44)))
	mdhd := atom("mdhd", be(0), be(0), be(0), be(16000), be(16000), be(0))
	hdlr := atom("hdlr", be(0), be(0), []byte("soun"), zeros(13))
	moov := atom("moov", atom("mvhd", be(0), zeros(8), be(1000), be(1000), zeros(80)),
		atom("trak", atom("tkhd", be(1), zeros(8), be(1), zeros(68)), atom("mdia", mdhd, hdlr, atom("minf", atom("smhd", zeros(8)), atom("dinf", dref), stbl))))
	// An MP4 that says that it has four thousand million samples of four thousand million bytes each.
	huge := atom("moov", atom("mvhd", be(0), zeros(8), be(1000), be(1000), zeros(80)), atom("trak", atom("tkhd", be(1), zeros(8), be(1), zeros(68)),
		atom("mdia", mdhd, hdlr, atom("minf", atom("smhd", zeros(8)), atom("stbl", stsd, atom("stsz", be(0), be(0), be(math.MaxUint32)),
			atom("stts", be(0), be(1), be(math.MaxUint32), be(math.MaxUint32)), atom("stsc", be(0), be(math.MaxUint32)))))))
	return map[string][]byte{
		"a playlist behind a tag":           []byte(tag + hls),
		"a list behind a tag":               []byte(tag + "ffconcat version 1.0\nfile '" + secret + "'\n"),
		"a playlist in an MP4":              append(bytes.Clone(ftyp), append(atom("free", []byte(hls)), hls...)...),
		"a playlist in a WebM":              []byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm" + hls),
		"a track in another file":           append(bytes.Clone(ftyp), moov...),
		"an index of the largest numbers":   append(bytes.Clone(ftyp), huge...),
		"a box of the largest length":       append(bytes.Clone(ftyp), "\x00\x00\x00\x01moov\x7f\xff\xff\xff\xff\xff\xff\xff"...),
		"an empty tag":                      []byte(tag),
		"a tag that is longer than the end": []byte("ID3\x04\x00\x00\x01\x00\x00\x00 and nothing"),
		"a WebM that ends":                  []byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"),
		"an AMR of nothing":                 []byte("#!AMR\nnothing of that kind"),
		"an AIFF of rate 0":                 []byte("FORM\x00\x00\x00\x40AIFFCOMM\x00\x00\x00\x12\x00\x01\xff\xff\xff\xff\x00\x10" + string(zeros(10)) + "SSND\xff\xff\xff\xff" + string(zeros(64))),
		"a CAF of nothing":                  []byte("caff\x00\x01\x00\x00desc" + string(zeros(80))),
	}
}

// No file gets what its sender could not have sent, and every one is told apart from one that is well.
func TestHostile(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir(), Time: 10 * time.Second, Most: 100})
	for name, file := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, samples, missing, err := decode(t, p, file, time.Minute)
			if err == nil && missing == nil {
				t.Fatalf("%d samples and no error", len(samples))
			}
			e := stt.AsError(errors.Join(err, missing))
			if e.Code != stt.Malformed && e.Code != stt.Unsupported || strings.Contains(e.Msg, "secret") || strings.ContainsAny(e.Msg, "\n[]@") || e.Msg == "" {
				t.Errorf("got %q, %v", e.Msg, e)
			}
		})
	}
}

func TestDetect(t *testing.T) {
	frames := func(head string, length int) string {
		frame := head + strings.Repeat("\x00", length-len(head))
		return frame + frame[:length-1] + "\x01" + frame
	}
	mp3, aac := frames("\xff\xfb\x90\x64", 417), frames("\xff\xf1\x50\x80\x19\x1f\xfc", 200)
	tag := "ID3\x04\x00\x00\x00\x00\x00\x05hello"
	ftyp, free := string(atom("ftyp", []byte("isomisom"))), string(atom("free", make([]byte, 1000)))
	for _, c := range []struct {
		name, file string
		kind       audio.Kind
		seek, ok   bool
		used       int
	}{
		{"mp3", mp3, audio.KindMP3, false, true, 0},
		{"mp3 behind a tag", tag + mp3, audio.KindMP3, false, true, len(tag)},
		{"aac behind two tags", tag + tag + aac, audio.KindAAC, false, true, 2 * len(tag)},
		{"aac", aac, audio.KindAAC, false, true, 0},
		{"index first", ftyp + free + "\x00\x00\x01\x00moov" + strings.Repeat(" ", 100), audio.KindMP4, false, true, 0},
		{"samples first", ftyp + free + "\x00\x00\x01\x00mdat" + strings.Repeat(" ", 100), audio.KindMP4, true, true, 0},
		{"a box beyond what is looked at", ftyp + "\x00\xff\x01\x00uuid" + strings.Repeat(" ", 100), audio.KindMP4, true, true, 0},
		{"nothing behind", ftyp, audio.KindMP4, true, true, 0},
		{"text", strings.Repeat("text", 100), audio.KindUnknown, false, false, 0},
		{"flac", "fLaC\x00\x00\x00\x22", audio.KindUnknown, false, false, 0},
	} {
		rest, f, ok, err := ffmpeg.Detect(strings.NewReader(c.file), audio.Sniff([]byte(c.file)))
		if err != nil || ok != c.ok || f.Kind != c.kind || f.Seek != c.seek {
			t.Errorf("%s: %+v, %v, %v", c.name, f, ok, err)
		}
		if got, err := io.ReadAll(rest); err != nil || string(got) != c.file[c.used:] {
			t.Errorf("%s: %d of %d bytes are left, %v", c.name, len(got), len(c.file), err)
		}
	}
	broken := errors.New("broken off")
	for _, file := range []string{tag[:5], tag, ftyp} {
		kind := audio.KindMP3
		if file == ftyp {
			kind = audio.KindMP4
		}
		if _, _, ok, err := ffmpeg.Detect(io.MultiReader(strings.NewReader(file), failing{broken}), kind); ok || !errors.Is(err, broken) {
			t.Errorf("%q: %v, %v", file, ok, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestFind(t *testing.T) {
	if _, err := ffmpeg.Find(ffmpeg.Options{Program: "there-is-no-such-program"}); err == nil || !strings.Contains(err.Error(), "install ffmpeg") {
		t.Errorf("got %v", err)
	}
}

// A process that may not hold enough is told apart from a file that is damaged.
func TestMemory(t *testing.T) {
	p := installed(t, ffmpeg.Options{Folder: t.TempDir(), Memory: 1 << 20})
	if _, _, _, err := decode(t, p, made(t, "a.mp3"), 0); stt.CodeOf(err) != stt.Unsupported || !strings.Contains(err.Error(), "more memory") {
		t.Errorf("got %v", err)
	}
}
