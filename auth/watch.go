package auth

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

const (
	// maxFileSize bounds what is read of a file.
	maxFileSize = 1 << 20
	// checkEvery is how often a file is looked at, at most.
	checkEvery = time.Second
	// settling is how long after a file was written its time stamp is not trusted: a second write within one tick of the
	// file system's clock, of the same length, would leave the stamp as it is.
	settling = 2 * time.Second
)

// watched is a value read from a file, and read again when the file has changed.
type watched[T any] struct {
	path, what string
	parse      func(data []byte) (T, error)
	now        func() time.Time
	changed    func(error)

	telling sync.Mutex // held during calls of changed; taken before mu is released, so that they keep their order

	mu      sync.Mutex // guards what follows
	value   T
	sum     [sha256.Size]byte // of what value was read from
	stamp   fs.FileInfo       // of the file as last read; nil: read it again whatever it looks like
	checked time.Time
	trouble string // the error that stands between value and the file, once told; empty: none
}

// watch reads a file for the first time. what names it in errors.
func watch[T any](path, what string, options FileOptions, parse func([]byte) (T, error)) (*watched[T], error) {
	w := &watched[T]{path: path, what: what, parse: parse, now: options.Now, changed: options.Changed}
	if w.now == nil {
		w.now = time.Now
	}
	if w.changed == nil {
		w.changed = func(error) {}
	}
	w.checked = w.now()
	if _, err := w.reload(); err != nil {
		return nil, err
	}
	return w, nil
}

// get returns the value, after a look at the file if the last one was long enough ago. The result must not be changed.
func (w *watched[T]) get() T {
	w.mu.Lock()
	now := w.now()
	if since := now.Sub(w.checked); since >= 0 && since < checkEvery {
		defer w.mu.Unlock()
		return w.value
	}
	w.checked = now
	tell, err := w.refresh()
	value := w.value
	if !tell {
		w.mu.Unlock()
		return value
	}
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Unlock()
	w.changed(err)
	return value
}

// refresh reads the file if it seems to have changed. tell says that there is something to be told: err, or, if that is
// nil, that the value is new or that an error told before has passed. mu must be held.
func (w *watched[T]) refresh() (tell bool, err error) {
	if info, err := os.Stat(w.path); err == nil && w.stamp != nil && sameStamp(info, w.stamp) {
		return false, nil
	}
	renewed, err := w.reload()
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	tell = renewed || trouble != w.trouble
	w.trouble = trouble
	return tell, err
}

// reload reads the file and puts its content in force, unless there is an error. renewed is false if it is what was in
// force before. mu must be held, or w not be shared yet.
func (w *watched[T]) reload() (renewed bool, err error) {
	data, info, err := readSecretFile(w.path, w.what)
	w.stamp = info
	if info != nil && w.checked.Sub(info.ModTime()).Abs() < settling {
		w.stamp = nil
	}
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(data)
	if sum == w.sum {
		return false, nil
	}
	value, err := w.parse(data)
	if err != nil {
		return false, fileError(w.what, w.path, err)
	}
	w.value, w.sum = value, sum
	return true, nil
}

// sameStamp reports whether nothing suggests that the file was changed between a and b. The mode counts: taking
// permissions away is what mends some errors.
func sameStamp(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// readSecretFile returns what is in a file that only its owner may read. info is nil if the file could not be opened.
func readSecretFile(path, what string) (data []byte, info fs.FileInfo, err error) {
	// Opening a FIFO would wait for somebody to write to it, but for O_NONBLOCK.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &stt.Error{Code: stt.NotFound, Op: "read " + what, Msg: fmt.Sprintf("there is no file %q", path)}
	}
	if err != nil {
		return nil, nil, fileError(what, path, err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, nil, fileError(what, path, err)
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		err = errors.New("expected a file; got something else")
	case mode.Perm()&^0o600 != 0:
		err = fmt.Errorf("expected a file that only its owner may read (mode 0600); it has mode %04o: run chmod 600 %s", mode.Perm(), shellWord(path))
	case info.Size() > maxFileSize:
		err = fmt.Errorf("expected at most %d bytes; got %d", maxFileSize, info.Size())
	default:
		data, err = io.ReadAll(io.LimitReader(f, maxFileSize+1))
		if err == nil && len(data) > maxFileSize {
			err = fmt.Errorf("expected at most %d bytes; got more", maxFileSize)
		}
	}
	if err != nil {
		return nil, info, fileError(what, path, err)
	}
	return data, info, nil
}

// fileError says which file err is about. A cause that knows the path as well does not repeat it.
func fileError(what, path string, err error) error {
	var known *fs.PathError
	if errors.As(err, &known) {
		err = known.Err
	}
	msg := err.Error()
	var ours *stt.Error
	if errors.As(err, &ours) {
		msg = ours.Msg
	}
	return &stt.Error{Code: stt.Invalid, Op: "read " + what, Msg: fmt.Sprintf("%q: %s", path, msg)}
}

// shellWord writes a path so that it can be pasted into a shell.
func shellWord(path string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._-+", r)
	}
	if path != "" && path[0] != '-' && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
