package speechall

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/session"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// program finds ffmpeg; nil: it is not there, and what it would decode is refused for that.
func program(t *testing.T) *ffmpeg.Program {
	t.Helper()
	p, err := ffmpeg.Find(ffmpeg.Options{Folder: t.TempDir(), Most: 4})
	if err != nil {
		t.Log(err)
		return nil
	}
	return p
}

// made is what ffmpeg writes to a pipe; empty where it is not there.
func made(t *testing.T, args string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", strings.Fields("-v error "+args+" pipe:1")...).Output()
	if err != nil {
		t.Logf(`needs the command "ffmpeg" of the Debian package "ffmpeg": %v`, err)
	}
	return out
}

// fixture is a recording of package audio.
func fixture(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../audio/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// endless is a body that goes on and on.
type endless struct{ head io.Reader }

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	clear(p)
	return len(p), nil
}

// rf64 is the head of a WAV file that says that it is so long.
func rf64(bytes uint64) []byte {
	b := append([]byte("RF64\xff\xff\xff\xffWAVEds64"), 28, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, bytes+72)
	b = binary.LittleEndian.AppendUint64(b, bytes)
	b = append(b, make([]byte, 12)...)
	b = append(b, wavHead(16000, 1, 0xffffffff)[12:]...)
	return b
}

// Whoever sends what is no recording, or not the one that it says it is, gets a clear 400, and never more than a bound of memory.
func TestHostileFiles(t *testing.T) {
	const bound = 32 << 20
	p := program(t)
	flac, ogg := fixture(t, "bursts.flac"), fixture(t, "bursts-silk.ogg")
	hls := "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
	claim := wav(16000, 1, time.Second)
	binary.LittleEndian.PutUint32(claim[24:], 4_000_000_000)
	many := wav(16000, 1, time.Second)
	binary.LittleEndian.PutUint16(many[22:], 65535)
	files := map[string]io.Reader{
		"nothing":                    strings.NewReader(""),
		"a byte":                     strings.NewReader("R"),
		"half a WAV":                 bytes.NewReader(wav(16000, 1, 4*time.Second)[:70000]),
		"a WAV but for its end":      bytes.NewReader(wav(16000, 1, 4*time.Second)[:127900]),
		"a WAV's head":               bytes.NewReader(wav(16000, 1, 4*time.Second)[:30]),
		"half a FLAC":                bytes.NewReader(flac[:len(flac)/2]),
		"half an Ogg":                bytes.NewReader(ogg[:len(ogg)/2]),
		"4,000,000,000 Hz":           bytes.NewReader(claim),
		"65,535 channels":            bytes.NewReader(many),
		"a terabyte that is claimed": bytes.NewReader(append(rf64(1<<40), make([]byte, 32000)...)),
		"an exabyte that is claimed": bytes.NewReader(append(rf64(1<<60), make([]byte, 32000)...)),
		"two minutes too many":       bytes.NewReader(wav(8000, 1, 3*time.Minute)),
		"minutes of silence":         io.LimitReader(&endless{bytes.NewReader(wavHead(8000, 1, 0xffffffff))}, 4<<20),
		"a header of gigabytes":      io.LimitReader(&endless{strings.NewReader("RIFF\xff\xff\xff\xffWAVEJUNK\xf0\xff\xff\x7f")}, 8<<20),
		"zeros":                      io.LimitReader(&endless{strings.NewReader("")}, 1<<20),
		"a playlist":                 strings.NewReader(hls),
		"a list for concatenation":   strings.NewReader("ffconcat version 1.0\nfile '/etc/passwd'\n"),
		"SMIL":                       strings.NewReader(`<smil xmlns="http://www.w3.org/ns/SMIL"><body><audio src="file:///etc/passwd"/></body></smil>`),
		"a playlist behind a tag":    strings.NewReader("ID3\x04\x00\x00\x00\x00\x00\x00" + hls),
		"a playlist in an MP4":       strings.NewReader("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + hls),
		"a page that is a WAV":       strings.NewReader("RIFF\x00\x01\x00\x00WAVE<html><script>alert(1)</script>" + strings.Repeat(" ", 300)),
		"a picture":                  strings.NewReader("\x89PNG\r\n\x1a\n" + strings.Repeat("IHDR", 100)),
		"an archive":                 strings.NewReader("PK\x03\x04" + strings.Repeat("\x00", 5000)),
		"something packed":           strings.NewReader("\x1f\x8b\x08\x00" + strings.Repeat("\x01", 5000)),
		"a program":                  strings.NewReader("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 5000)),
		"an MP4 of lengths":          strings.NewReader("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41\x00\x00\x00\x01moov\x7f\xff\xff\xff\xff\xff\xff\xff" + strings.Repeat("\xff", 5000)),
		"a WebM without end":         io.LimitReader(&endless{strings.NewReader("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm")}, 4<<20),
		"hours in a few bytes":       bytes.NewReader(made(t, "-f lavfi -i anullsrc=r=16000:cl=mono:d=120 -frame_size 16384 -f flac")),
	}
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		h.limit(job.Options{FFmpeg: p, MaxAudio: time.Minute, Spool: spool.New(t.TempDir(), 16<<20)})
		for name, file := range files {
			before := allocated()
			got := h.do(h.request("POST", "/v1/transcribe?"+model, chunked{file}))
			taken := allocated() - before
			var x wire.Error
			if err := json.Unmarshal([]byte(got.body), &x); err != nil || got.status != 400 || x.Code != wire.CodeInvalid || len(x.Message) < 20 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			for _, secret := range []string{"passwd", "pipe:", "file:", "Invalid data", "/tmp", "panic"} {
				if strings.Contains(x.Message, secret) {
					t.Errorf("%s: the message says %q: %s", name, secret, x.Message)
				}
			}
			if taken > bound {
				t.Errorf("%s: %d bytes were allocated", name, taken)
			}
		}
		// Whoever says beforehand that it is too much is not listened to.
		conn, err := h.net.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/transcribe?%s HTTP/1.1\r\nHost: memory\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\nRIFF", model, key, int64(1)<<40)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 400 || !strings.Contains(string(body), "2 GiB") {
			t.Errorf("a terabyte: %d %s", resp.StatusCode, body)
		}
	})
}

// allocated is how many bytes have been allocated so far, whether they are still in use or not: nothing that is held for a moment is missed.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A browser's MediaRecorder sends WebM or MP4 a slice at a time, and so may everybody.
func TestStreamOfAContainer(t *testing.T) {
	p := program(t)
	if p == nil {
		t.Skip(`needs the command "ffmpeg" of the Debian package "ffmpeg"`)
	}
	for name, args := range map[string]string{
		"WebM": "-f lavfi -i anoisesrc=d=4.5:r=48000:a=0.05 -c:a libopus -cluster_time_limit 100 -f webm",
		"MP4":  "-f lavfi -i anoisesrc=d=4.5:r=48000:a=0.05 -c:a aac -movflags empty_moov+default_base_moof -frag_duration 100000 -f mp4",
		"MP3":  "-f lavfi -i anoisesrc=d=4.5:r=44100:a=0.05 -id3v2_version 0 -f mp3",
	} {
		t.Run(name, func(t *testing.T) {
			file := made(t, args)
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{})
				h.limit(job.Options{FFmpeg: p})
				for _, whole := range []bool{true, false} {
					ws := h.dial("/v1/transcribe", model)
					sent, want := file, []string{"good morning", "how are you"}
					if !whole { // the last slice of a recorder that is stopped may end anywhere
						sent, want = file[:len(file)/2], want[:1]
					}
					for rest := sent; len(rest) > 0; {
						n := min(1500, len(rest))
						ws.binary(rest[:n])
						rest = rest[n:]
					}
					ws.bye()
					all, end := ws.rest()
					if fmt.Sprint(all[:min(len(all), len(want))]) != fmt.Sprint(want) || end.Code != 1000 {
						t.Errorf("whole %v: %q, %v", whole, all, end)
					}
				}
				if name != "WebM" {
					return
				}
				// What is none says so, and a client that goes away leaves nothing behind.
				ws := h.dial("/v1/transcribe", model+"&output_format=json")
				ws.binary([]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm" + strings.Repeat("nothing of the kind ", 1000)))
				ws.bye()
				if all, end := ws.rest(); len(all) != 1 || !strings.Contains(all[0], `"message":"`) || end.Code != 1008 || strings.Contains(end.Reason, "pipe:") {
					t.Errorf("%q, %v", all, end)
				}
				ws = h.dial("/v1/transcribe", model)
				ws.binary(file[:len(file)/3])
				ws.conn.CloseNow()
			})
		})
	}
}
