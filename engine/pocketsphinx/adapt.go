//go:build pocketsphinx

package pocketsphinx

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tuning is what it takes to adapt a model that is in use: the library reads the files with its means and variances again, and takes it for
// granted that they are as they were. A nil *tuning is for a model that cannot be adapted. It does not change, and may be used concurrently.
type tuning struct {
	streams []int // lengths of the feature streams, of which the first numbers are the cepstrum
	paths   []string
	files   []fs.FileInfo // as they were when the model was checked
}

// largestTuned is up to which size of its means a model is adapted, in bytes. Debian's has 0.8 MB, which take 10 to 20 ms; there are models with
// thirty times as much, and nobody would wait for them at the end of every utterance.
const largestTuned = 2 << 20

// tuningOf returns that of a model in the folder hmm.
func tuningOf(hmm string, streams []int) *tuning {
	t := &tuning{streams: streams}
	for _, name := range []string{"means", "variances"} {
		path := filepath.Join(hmm, name)
		info, err := os.Stat(path)
		if err != nil || streams == nil || info.Size() > largestTuned {
			return nil
		}
		t.paths, t.files = append(t.paths, path), append(t.files, info)
	}
	return t
}

// possible reports whether the files are still what they were.
func (t *tuning) possible() bool {
	if t == nil {
		return false
	}
	for i, was := range t.files {
		is, err := os.Stat(t.paths[i])
		if err != nil || !os.SameFile(is, was) || is.Size() != was.Size() || !is.ModTime().Equal(was.ModTime()) {
			return false
		}
	}
	return true
}

// transform writes what the library calls an MLLR transform, in the form of its training tools: the number of classes and of streams; for each
// stream its length, a matrix for the means of the model, what is added to them, and what its variances are multiplied with. This one adds bias
// to the first means and changes nothing else.
func transform(streams []int, bias []float32) string {
	var b strings.Builder
	fmt.Fprintf(&b, "1\n%d\n", len(streams))
	at := 0
	for _, n := range streams {
		fmt.Fprintf(&b, "%d\n", n)
		for row := range n {
			b.WriteString(strings.Repeat("0 ", row) + "1" + strings.Repeat(" 0", n-1-row) + "\n")
		}
		for i := at; i < at+n; i++ {
			add := float32(0)
			if i < len(bias) {
				add = bias[i]
			}
			fmt.Fprintf(&b, "%g ", add)
		}
		b.WriteString("\n" + strings.Repeat("1 ", n) + "\n")
		at += n
	}
	return b.String()
}

// smallestPipe is what every pipe holds without a reader, in bytes.
const smallestPipe = 4096

// textFile returns a file that text can be read from once, by its name as well: a pipe, which needs no place on a disk.
func textFile(text string) (*os.File, error) {
	if len(text) > smallestPipe {
		return nil, fmt.Errorf("%d bytes do not fit into a pipe", len(text))
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = w.WriteString(text)
	if err2 := w.Close(); err == nil {
		err = err2
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}
