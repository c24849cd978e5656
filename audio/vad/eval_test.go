package vad

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func load(t testing.TB, f string, args ...string) []int16 {
	a := append([]string{f, "-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-"}, args...)
	b, err := exec.Command("sox", a...).Output()
	if err != nil {
		t.Fatal(err)
	}
	s := make([]int16, len(b)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}
func TestEval(t *testing.T) {
	dir := os.Getenv("EARSHOT_SHARED")
	if dir == "" {
		t.Skip("x")
	}
	dir += "/speech/dev"
	fs, _ := os.Open(dir + "/word-times.tsv")
	sc := bufio.NewScanner(fs)
	first := map[string]float64{}
	last := map[string]float64{}
	for sc.Scan() {
		p := strings.Split(sc.Text(), "\t")
		a, _ := strconv.ParseFloat(p[2], 64)
		b, _ := strconv.ParseFloat(p[3], 64)
		if _, ok := first[p[0]]; !ok {
			first[p[0]] = a
		}
		last[p[0]] = b
	}
	files, _ := filepath.Glob(dir + "/*.[wf]*")
	for _, f := range files {
		for _, vol := range []string{"1", "0.1"} {
			s := load(t, f, "vol", vol)
			d := New(Options{})
			fr := d.Detect(s, nil)
			str := ""
			on := -1
			for i, x := range fr {
				if x.Speech && on < 0 {
					on = i - x.Began
				}
				if !x.Speech && on >= 0 {
					str += fmt.Sprintf(" %.2f-%.2f", float64(on)/100, float64(i)/100)
					on = -1
				}
			}
			if on >= 0 {
				str += fmt.Sprintf(" %.2f-END", float64(on)/100)
			}
			fmt.Printf("%-36s len %.2f true %.2f-%.2f  got%s\n", filepath.Base(f), float64(len(s))/16000, first[filepath.Base(f)], last[filepath.Base(f)], str)
		}
	}
}
