package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/e2e/driver"
)

// encodings are those that a client sends beside samples, by the way that it takes: each SDK has them all, over one transport or
// another, and the engine has time for no more.
func (c client) encodings() []string {
	switch {
	case c.browser:
		return []string{"ogg-opus"}
	case c.over == h2c:
		return []string{"flac", "ogg-opus"}
	case c.over == h2:
		return []string{"g711-alaw", "g711-ulaw"}
	}
	return []string{"flac"}
}

// encoded is the trial of encodings other than samples, with real speech. Opus and G.711 leave something out, and no word of it.
func encoded(b *bench) {
	s := b.ear()
	for _, name := range b.client.encodings() {
		file, err := encode(b.house.orders, filepath.Join(b.TempDir(), name), name)
		if err != nil {
			absent(b, err.Error())
		}
		n := b.run(s, driver.Job{Audio: file, Encoding: name})
		b.ended(n)
		if got := words(strings.Join(texts(n), " ")); !slices.Equal(got, commanded()) {
			b.Errorf("%s: recognised is %q, expected %q", name, got, commanded())
		}
	}
}

// encode writes a file of samples, 16 kHz, in another encoding.
func encode(samples, to, name string) (string, error) {
	var tries [][]string
	switch name {
	case "flac":
		tries = [][]string{{"flac", "--silent", "--force-raw-format", "--endian=little", "--sign=signed", "--channels=1", "--bps=16",
			"--sample-rate=16000", "-o", to, samples}}
	case "ogg-opus":
		tries = [][]string{{"opusenc", "--quiet", "--raw", "--raw-rate", "16000", "--raw-chan", "1", samples, to},
			{"ffmpeg", "-loglevel", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", samples, "-c:a", "libopus", "-f", "ogg", to}}
	default:
		pcm, err := os.ReadFile(samples)
		if err != nil {
			return "", err
		}
		return to, os.WriteFile(to, g711(pcm, name == "g711-alaw"), 0o600)
	}
	for _, command := range tries {
		if _, err := exec.LookPath(command[0]); err != nil {
			continue
		}
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s cannot write %s: %w: %s", command[0], name, err, out)
		}
		return to, nil
	}
	return "", fmt.Errorf("nothing here writes %s: Debian's packages flac and opus-tools do", name)
}

// g711 encodes samples by ITU-T G.711.
func g711(pcm []byte, alaw bool) []byte {
	out := make([]byte, len(pcm)/2)
	for i := range out {
		s := int(int16(uint16(pcm[2*i]) | uint16(pcm[2*i+1])<<8))
		sign := 0
		if s < 0 {
			sign, s = 0x80, -s
		}
		s = min(s, 32635)
		if !alaw {
			s += 132
		}
		exponent := 0
		for s>>(exponent+8) > 0 {
			exponent++
		}
		switch {
		case !alaw:
			out[i] = ^byte(sign | (exponent)<<4 | s>>(exponent+3)&0x0f)
		case exponent == 0:
			out[i] = byte(sign^0x80|s>>4) ^ 0x55
		default:
			out[i] = byte(sign^0x80|exponent<<4|s>>(exponent+3)&0x0f) ^ 0x55
		}
	}
	return out
}
