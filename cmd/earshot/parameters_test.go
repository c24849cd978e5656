package main_test

import (
	"net/url"
	"strings"
	"syscall"
	"testing"
)

// What presign is asked for stands in the address, and what makes no sense is refused by the flag.
func TestPresignParameters(t *testing.T) {
	w := newWorld(t)
	const id = "11111111-2222-4333-8444-555555555555"
	p, address := w.serve()
	for _, c := range []struct {
		args []string
		path string
		want map[string]string
	}{
		{[]string{"--channels=2", "--encoding=flac", "--rate=44100"}, "/stream-transcription-websocket",
			map[string]string{"enable-channel-identification": "true", "number-of-channels": "2", "media-encoding": "flac", "sample-rate": "44100"}},
		{[]string{"--session=" + id, "--resume=5m"}, "/stream-transcription-websocket", map[string]string{"session-id": id, "session-resume-window": "5", "media-encoding": "pcm"}},
		{[]string{"--specialty=urology", "--type=dictation"}, "/medical-stream-transcription-websocket",
			map[string]string{"specialty": "UROLOGY", "type": "DICTATION", "language-code": "en-US"}},
		{[]string{"--specialty=CARDIOLOGY"}, "/medical-stream-transcription-websocket", map[string]string{"type": "CONVERSATION"}},
	} {
		r := w.run("", append([]string{"presign", "--url=ws://" + address}, c.args...)...)
		u, err := url.Parse(strings.TrimSpace(r.out))
		if err != nil || r.code != 0 || u.Path != c.path {
			t.Errorf("%q: %d %q %q", c.args, r.code, r.out, r.err)
			continue
		}
		for name, value := range c.want {
			if got := u.Query().Get(name); got != value {
				t.Errorf("%q: %s is %q, expected %q", c.args, name, got, value)
			}
		}
	}
	for _, c := range [][]string{
		{"--channels=3", "--channels", "1 or 2"}, {"--resume=5m", "--resume", "--session"}, {"--resume=90s", "--resume", "whole minutes"},
		{"--specialty=magic", "--specialty", "primarycare"}, {"--specialty=urology --type=song", "--type", "dictation"}, {"--type=dictation", "--specialty"},
		{"--encoding=mp3", "encoding"}, {"--specialty=urology --rate=8000", "16000"}, {"--specialty=urology --language=fr-FR", "en-US"},
	} {
		r := w.run("", append([]string{"presign", "--url=ws://" + address}, strings.Fields(c[0])...)...)
		for _, text := range c[1:] {
			if r.code == 0 || !strings.Contains(r.err, text) {
				t.Errorf("%s: %d %q does not say %q", c[0], r.code, r.err, text)
			}
		}
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

// Each channel by itself, a medical stream, and the model that the server names.
func TestTranscribeParameters(t *testing.T) {
	w := newWorld(t)
	p, address := w.serve()
	r := w.run("", "transcribe", "--url=ws://"+address, "--format=json", "--specialty=oncology", "talk.wav")
	if r.code != 0 || !strings.Contains(r.out, `"model":"script"`) {
		t.Errorf("%d %q %q", r.code, r.out, r.err)
	}
	stereo := wav(16000, 0)
	stereo = append(stereo, make([]byte, 4*16000*3)...)
	stereo[22], stereo[32], stereo[28], stereo[29] = 2, 4, 0x00, 0xfa
	for i := range 4 { // the lengths of the file and its samples: until the end
		stereo[4+i], stereo[40+i] = 0xff, 0xff
	}
	w.write("two.wav", stereo)
	for _, how := range [][]string{{"--url=ws://" + address}, nil} {
		r = w.run("", append(append([]string{"transcribe", "--separate"}, how...), "two.wav")...)
		if r.code != 0 || strings.Count(r.out, "ch_0: Good morning everybody") != 1 || strings.Count(r.out, "ch_1: Good morning everybody") != 1 {
			t.Errorf("%q: %d %q %q", how, r.code, r.out, r.err)
		}
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

// A server with another data folder on the port is somebody else's, and in the way.
func TestDoctorAndAnotherServer(t *testing.T) {
	w := newWorld(t)
	p, address := w.serve()
	for folder, code := range map[string]int{w.path(".local/share/earshot"): 0, w.path("mine"): 1} {
		r := w.run("", "doctor", "--data="+folder, "--set=listen="+address, "--set=tls.listen=off")
		if r.code != code || strings.Contains(r.out, "but not with the data folder "+folder) != (code == 1) {
			t.Errorf("%s: %d %q", folder, r.code, r.out)
		}
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}
