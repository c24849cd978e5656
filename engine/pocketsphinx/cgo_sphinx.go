//go:build pocketsphinx

package pocketsphinx

// #cgo pkg-config: pocketsphinx
// #include <stdlib.h>
// #include "cgo_sphinx.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unsafe"
)

// errFatal says that the library wanted to end the process. What it was working on cannot be used again.
var errFatal = errors.New("the library gave up")

// search is one decoder of the library with its model: C memory, owned by whoever holds the *search, used by one
// goroutine at a time and given back by free.
type search struct {
	ps     *C.ps_decoder_t
	size   int  // numbers in one frame of features
	window int  // frames looked ahead; the library wants as many more at the end
	open   bool // an utterance is under way
	broken bool // the library has given it up

	tuning *tuning   // nil: the model stays as it is
	bias   []float32 // what its means are away from where they belong; nil: nothing
}

// effort is how hard a search tries.
type effort struct {
	states string // how many are followed at a time, at most
	phones string // how much it counts what the next frames sound like, before words are tried on them; more tries fewer
	again  bool   // the end of an utterance searches it a second time, with the words that the first time has found
}

// Without a limit of states a search takes half as long again, most of all where it has lost its way. On the development set, 845 words,
// 4000 and 3.5 give 257 errors where 5000 and 3 give 256, for 10 to 30 % less time; with the second search 3000 and 4 cost two words in
// a hundred.
var (
	once  = effort{states: "4000", phones: "3.5"}
	twice = effort{states: "4000", phones: "3.5", again: true}
)

// loadSearch loads a model that has been checked before. It takes a quarter of a second. With t it can be adapted, where the second search is there to make
// something of that.
func loadSearch(f modelFiles, t *tuning, e effort) (*search, error) {
	var args [5]*C.char // the library copies them
	for i, s := range []string{f.hmm, f.lm, f.dict, e.states, e.phones} {
		args[i] = C.CString(s)
		defer C.free(unsafe.Pointer(args[i]))
	}
	s := &search{}
	if e.again {
		s.tuning = t
	}
	var msg [C.ES_ERRSIZE]C.char
	again := C.int(0)
	if e.again {
		again = 1
	}
	if err := failure(C.es_load(&s.ps, args[0], args[1], args[2], args[3], args[4], again, &msg[0]), &msg); err != nil {
		return nil, err
	}
	s.size, s.window = int(C.ps_get_feat(s.ps).cepsize), int(C.es_window(s.ps))
	return s, nil
}

// start begins an utterance. The one before must have been ended: that takes long, and is not for who comes next.
func (s *search) start() error {
	if s.open {
		return errors.New("an utterance is still under way")
	}
	var msg [C.ES_ERRSIZE]C.char
	err := s.done(C.es_start(s.ps, &msg[0]), &msg)
	s.open = err == nil
	return err
}

// feed searches on with whole frames of features.
func (s *search) feed(features []float32) error {
	if len(features) == 0 {
		return nil
	}
	var msg [C.ES_ERRSIZE]C.char
	return s.done(C.es_feed(s.ps, (*C.mfcc_t)(&features[0]), C.int(len(features)/s.size), &msg[0]), &msg)
}

// end ends the utterance. Where it is searched twice, that takes 0.07 s for each second of speech and cannot be interrupted. To
// ask for the result takes 0.01 s a second again, the first time.
func (s *search) end() error {
	s.open = false
	var msg [C.ES_ERRSIZE]C.char
	return s.done(C.es_end(s.ps, &msg[0]), &msg)
}

// result appends the best hypothesis so far to out, silence and noise included.
func (s *search) result(out []found) []found {
	lmath := C.ps_get_logmath(s.ps)
	for it := C.ps_seg_iter(s.ps); it != nil; it = C.ps_seg_next(it) { // the last call frees it
		var from, to C.int
		C.ps_seg_frames(it, &from, &to)
		prob := C.logmath_exp(lmath, C.ps_seg_prob(it, nil, nil, nil))
		out = append(out, found{C.GoString(C.ps_seg_word(it)), int(from), int(to) + 1, float64(prob)})
	}
	return out
}

// adapt puts the means of the model bias away from where they belong, in the dimensions of the cepstrum: who has taken a mean off the
// features and now knows a better one has the difference put on the model instead. (The other features are the cepstrum's changes in time, which
// do not depend on the mean.) The library's second pass goes over all features of the utterance again, and so sees the model as it is at the end.
// nil puts the means back, exactly.
//
// It takes 10 to 20 ms with Debian's model: the library reads the files of the model again. After an error the search is as it was, or broken.
func (s *search) adapt(bias []float32) error {
	if !s.tuning.possible() {
		return errors.New("the model cannot be adapted, or its files have changed")
	}
	file, err := textFile(transform(s.tuning.streams, bias))
	if err != nil {
		return err
	}
	defer file.Close()
	name := C.CString(fmt.Sprintf("/dev/fd/%d", file.Fd()))
	defer C.free(unsafe.Pointer(name))
	var msg [C.ES_ERRSIZE]C.char
	if err := s.done(C.es_adapt(s.ps, name, &msg[0]), &msg); err != nil {
		return err
	}
	s.bias = bias
	return nil
}

func (s *search) free() {
	if !s.broken {
		counting.Lock()
		defer counting.Unlock()
		C.es_free(s.ps)
	}
	s.ps = nil
}

func (s *search) done(rc C.int, msg *[C.ES_ERRSIZE]C.char) error {
	err := failure(rc, msg)
	s.broken = s.broken || errors.Is(err, errFatal)
	return err
}

// front computes features, for one stream: C memory, given back by free.
type front struct {
	fe   *C.fe_t
	size int
	rows []float32 // room for maxRows frames
}

const (
	maxRows = 32 // more than a block of 100 ms makes, with the frames that the library holds back at the beginning
	maxSize = 64 // numbers in a frame
)

// template is what fronts are made from. It is good for as long as the search it is of has not been freed, and may be used
// while somebody else uses that search: only its configuration is read, and the references to that are counted.
type template struct {
	ps   *C.ps_decoder_t
	size int
}

// counting guards the counts of references to configurations, which all fronts of a model share and the library does not guard.
var counting sync.Mutex

func templateOf(s *search) template { return template{s.ps, s.size} }

func newFront(t template) (*front, error) {
	if t.size > maxSize {
		return nil, errors.New("the model has too many features")
	}
	f := &front{size: t.size, rows: make([]float32, maxRows*t.size)}
	var msg [C.ES_ERRSIZE]C.char
	counting.Lock()
	defer counting.Unlock()
	return f, failure(C.es_front_new(&f.fe, t.ps, &msg[0]), &msg)
}

// features appends the frames that samples complete to out: frame k looks at 25.6 ms from 10 ms × k on. It takes at
// most a block of 100 ms at a time.
func (f *front) features(samples []int16, out []float32) ([]float32, error) {
	if len(samples) == 0 {
		return out, nil
	}
	n := C.es_front(f.fe, (*C.int16)(&samples[0]), C.int(len(samples)), (*C.mfcc_t)(&f.rows[0]), maxRows)
	if n < 0 {
		return out, errors.New("the library did not take all samples")
	}
	return append(out, f.rows[:int(n)*f.size]...), nil
}

func (f *front) free() {
	counting.Lock()
	defer counting.Unlock()
	C.fe_free(f.fe)
}

// libraryVersion returns the version whose interface this file is written for. The library does not tell its own.
func libraryVersion() string { return "5prealpha" }

func failure(rc C.int, msg *[C.ES_ERRSIZE]C.char) error {
	if rc == C.ES_OK {
		return nil
	}
	text := strings.TrimSpace(C.GoString(&msg[0]))
	if rc == C.ES_FATAL {
		return errors.Join(errFatal, errors.New(text))
	}
	return errors.New(text)
}
