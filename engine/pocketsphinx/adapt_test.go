//go:build pocketsphinx

package pocketsphinx

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// tunable loads a model as the engine does for accurate finals.
func tunable(t *testing.T, f modelFiles) (*search, *model) {
	t.Helper()
	m, err := checkModel(f)
	if err != nil {
		t.Fatal(err)
	}
	s, err := loadSearch(f, tuningOf(f.hmm, m.streams), twice)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.free)
	return s, m
}

// cepstra are the features of a recording.
func cepstra(t *testing.T, s *search, samples []int16) []float32 {
	t.Helper()
	f, err := newFront(templateOf(s))
	if err != nil {
		t.Fatal(err)
	}
	defer f.free()
	var rows []float32
	for block := range slices.Chunk(samples, 1600) {
		if rows, err = f.features(block, rows); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// hear decodes features less a mean; bias is what the model is given at the end.
func hear(t *testing.T, s *search, rows, mean, bias []float32) []found {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	less := slices.Clone(rows)
	for i := range less {
		less[i] -= mean[i%len(mean)]
	}
	if err := s.feed(less); err != nil {
		t.Fatal(err)
	}
	if bias != nil {
		if err := s.adapt(bias); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	return s.result(nil)
}

// A bias on the model is as good as another mean taken off the features, with codebooks of both kinds; and when it is taken back the model is
// exactly what it was.
func TestAdapt(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]modelFiles{"one stream for each change": turtle(t), "one stream": continuous(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, m := tunable(t, files)
			rows := cepstra(t, s, samplesOf(t, goforward))
			mean := newMean(m.mean, s.size)
			for i := range len(rows) / s.size {
				mean.add(rows[i*s.size : (i+1)*s.size])
			}
			right := mean.value()
			want := hear(t, s, rows, right, nil)
			off, wrong := make([]float32, s.size), slices.Clone(right)
			for i := range off {
				off[i] = []float32{6, -5, 4}[i%3]
				wrong[i] -= off[i]
			}
			bad := hear(t, s, rows, wrong, nil)
			if reflect.DeepEqual(bad, want) {
				t.Fatalf("a wrong mean makes no difference: %+v", bad)
			}
			if err := s.adapt(off); err != nil {
				t.Fatal(err)
			}
			if got := hear(t, s, rows, wrong, nil); !sameFound(got, want) {
				t.Errorf("with the bias from the beginning %+v; expected %+v", got, want)
			}
			if err := s.adapt(nil); err != nil {
				t.Fatal(err)
			}
			if got := hear(t, s, rows, right, nil); !reflect.DeepEqual(got, want) {
				t.Errorf("without the bias again %+v; expected exactly %+v", got, want)
			}
		})
	}
}

// sameFound compares the words and where they are, within a frame.
func sameFound(a, b []found) bool {
	return slices.EqualFunc(a, b, func(x, y found) bool {
		return x.word == y.word && max(x.from-y.from, y.from-x.from) <= 1 && max(x.to-y.to, y.to-x.to) <= 1
	})
}

// What is known of a speaker only at the end of what he says still mends it.
func TestAdaptAtTheEnd(t *testing.T) {
	t.Parallel()
	s, m := tunable(t, debian(t))
	wrong := map[bool]int{}
	for file, text := range transcripts(t, testData+"librivox/transcription") {
		if !strings.HasSuffix(file, "0890") && !strings.HasSuffix(file, "0920") {
			continue
		}
		rows := cepstra(t, s, samplesOf(t, testData+"librivox/"+file+".wav"))
		mean := newMean(m.mean, s.size)
		for i := range len(rows) / s.size {
			mean.add(rows[i*s.size : (i+1)*s.size])
		}
		off, mistaken := make([]float32, s.size), mean.value()
		for i := range off {
			off[i] = []float32{4, -4, 3}[i%3]
			mistaken[i] -= off[i]
		}
		for adapted, bias := range map[bool][]float32{false: nil, true: off} {
			words := alternative(wordsOf(hear(t, s, rows, mistaken, bias), 0, stt.SpanOf(0, time.Minute), true)).Text
			t.Logf("adapted %v: %s", adapted, words)
			wrong[adapted] += mistakes(strings.Fields(text), strings.Fields(words))
			if err := s.adapt(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if 4*wrong[true] > 3*wrong[false] {
		t.Errorf("%d words wrong when the mean is known at the end, %d when it is not", wrong[true], wrong[false])
	}
}

// A model whose files are not what they were is not adapted, and works on as it is; so does a stream that would have liked to.
func TestAdaptFilesChanged(t *testing.T) {
	t.Parallel()
	whole := turtle(t)
	for name, change := range map[string]func(path string) error{
		"gone":    os.Remove,
		"shorter": func(path string) error { return os.Truncate(path, 1000) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := changed(t, whole, "means", func(b []byte) []byte { return b })
			r := openEngine(t, map[string]string{"slots": "1", "models": stt.FormatRecords([]map[string]string{
				{"name": "m", "language": "en-US", "hmm": files.hmm, "lm": files.lm, "dict": files.dict}})})
			if err := change(filepath.Join(files.hmm, "means")); err != nil {
				t.Fatal(err)
			}
			s, err := r.served[0].pool.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.adapt(make([]float32, s.size)); err == nil || s.broken || s.bias != nil {
				t.Errorf("adapted: %v, broken %v, bias %v", err, s.broken, s.bias)
			}
			r.served[0].pool.give(s)
			if text := textOf(finals(transcribe(t, r, config(), samplesOf(t, goforward), 3200))); text == "" {
				t.Error("nothing is recognised any more")
			}
			settle(r)
			if p := r.served[0].pool; p.total == 0 || p.total != len(p.idle) {
				t.Errorf("%d searches, %d of them idle: some are lost", p.total, len(p.idle))
			}
		})
	}
}

// A bias that cannot be taken back costs no search, and those who come next no words.
func TestAdaptForGood(t *testing.T) {
	t.Parallel()
	files := changed(t, turtle(t), "means", func(b []byte) []byte { return b })
	r := openEngine(t, map[string]string{"slots": "1", "models": stt.FormatRecords([]map[string]string{
		{"name": "m", "language": "en-US", "hmm": files.hmm, "lm": files.lm, "dict": files.dict}})})
	clip := samplesOf(t, goforward)
	want := textOf(finals(transcribe(t, r, config(), clip, 3200)))
	settle(r)
	p := r.served[0].pool
	var all []*search
	for range len(p.idle) {
		s := mustTake(t, p)
		if s.bias != nil || s.open {
			t.Errorf("a search that somebody has used comes with the bias %v, open %v", s.bias, s.open)
		}
		bias := make([]float32, s.size)
		for i := range bias {
			bias[i] = []float32{12, -9, 7}[i%3]
		}
		if err := s.adapt(bias); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := os.Remove(filepath.Join(files.hmm, "means")); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		p.give(s)
	}
	settle(r)
	if p.total != len(p.idle) || len(p.idle) != len(all) || p.idle[0].bias == nil {
		t.Fatalf("%d searches, %d of them idle, of %d; the first has the bias %v", p.total, len(p.idle), len(all), p.idle[0].bias)
	}
	if got := textOf(finals(transcribe(t, r, config(), clip, 3200))); got != want || want == "" {
		t.Errorf("%q; expected %q as before", got, want)
	}
}

// A transform is what the library's own tools write, and fits into any pipe.
func TestTransform(t *testing.T) {
	t.Parallel()
	const want = "1\n2\n2\n1 0\n0 1\n0.5 -2 \n1 1 \n1\n1\n0 \n1 \n"
	if got := transform([]int{2, 1}, []float32{0.5, -2}); got != want {
		t.Errorf("%q; expected %q", got, want)
	}
	bias := slices.Repeat([]float32{-1.2345678e-30}, 13)
	for _, streams := range featureStreams {
		if n := len(transform(streams, bias)); n > smallestPipe {
			t.Errorf("the transform for streams %v has %d bytes", streams, n)
		}
	}
	if f, err := textFile(strings.Repeat("x", smallestPipe+1)); err == nil {
		f.Close()
		t.Error("a pipe took more than pipes hold")
	}
}
