package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Spool keeps files. It may be used concurrently.
type Spool struct {
	folder string
	most   int64

	mu   sync.Mutex // guards all below
	used int64
	by   map[string]int64 // of that, what each owner's files have; those who have none are not in it
}

// New returns a Spool in a folder, which is the system's for temporary files where it is empty. most is how many bytes all files on
// disk may have together; 0: any. One owner's may have three times as much as is left for all others, so that there is always room
// for who has none there: three quarters of it all where he is the only one.
func New(folder string, most int64) *Spool {
	return &Spool{folder: folder, most: most, by: map[string]int64{}}
}

// InMemory is how much of a file is kept without a file on disk, in bytes.
const InMemory = 256 << 10

// Used is how many bytes the files on disk have together.
func (s *Spool) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// share is how many times what is left one owner may have.
const share = 3

// take counts bytes that somebody is about to keep. They are counted after an error as well: the file gives them back.
func (s *Spool) take(owner string, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += n
	if owner != "" {
		s.by[owner] += n
	}
	e := &stt.Error{Op: "receive", RetryAfter: 10 * time.Second}
	switch {
	case s.most <= 0:
		return nil
	case s.used > s.most:
		e.Code, e.Msg = stt.Exhausted, "too many files are being kept at the moment; try again"
	case s.by[owner] > share*(s.most-s.used) && owner != "":
		e.Code, e.Msg = stt.Quota, "too many files of the account are being kept at the moment; try again, or send fewer at a time"
	default:
		return nil
	}
	return e
}

func (s *Spool) give(owner string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= n
	if s.by[owner] -= n; s.by[owner] <= 0 {
		delete(s.by, owner)
	}
}

// File is a file that is kept. One goroutine at a time uses it.
type File struct {
	spool *Spool
	owner string
	held  bytes.Reader // all of the file, where disk is nil
	disk  *os.File
	size  int64 // on disk
}

// Take reads r to its end and keeps what comes, as the owner's, such as an account; empty: nobody's, which is held to no share. The
// caller closes the file. The error is that of r, Exhausted where too much is kept already, Quota where too much of it is the owner's,
// or Internal.
func (s *Spool) Take(owner string, r io.Reader) (*File, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, InMemory))
	if err != nil {
		return nil, err
	}
	f := &File{spool: s, owner: owner}
	if n < InMemory {
		f.held.Reset(head.Bytes())
		return f, nil
	}
	if err := f.keep(io.MultiReader(&head, r)); err != nil {
		return nil, err
	}
	return f, nil
}

// keep puts all of r on disk.
func (f *File) keep(r io.Reader) error {
	var err error
	if f.disk, err = os.CreateTemp(f.spool.folder, "earshot-upload-*"); err != nil {
		return internal(err)
	}
	if err = os.Remove(f.disk.Name()); err == nil {
		_, err = io.Copy(appender{f}, r)
	}
	if err == nil {
		_, err = f.disk.Seek(0, io.SeekStart)
	}
	if err == nil {
		return nil
	}
	f.Close()
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return internal(err)
	}
	return err
}

func internal(err error) error {
	return &stt.Error{Code: stt.Internal, Op: "receive", Msg: "the file cannot be kept", Err: err}
}

// appender puts bytes behind a file.
type appender struct{ f *File }

// Write implements io.Writer, within what all files may take.
func (a appender) Write(p []byte) (int, error) {
	n := int64(len(p))
	a.f.size += n
	if err := a.f.spool.take(a.f.owner, n); err != nil {
		return 0, err
	}
	return a.f.disk.Write(p)
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	if f.disk != nil {
		return f.disk.Read(p)
	}
	return f.held.Read(p)
}

// Disk returns the file as one on disk, to be read from its beginning by its descriptor. It stays the File's to close.
func (f *File) Disk() (*os.File, error) {
	if f.disk == nil {
		if _, err := f.held.Seek(0, io.SeekStart); err != nil {
			return nil, internal(err)
		}
		if err := f.keep(&f.held); err != nil {
			return nil, err
		}
	}
	if _, err := f.disk.Seek(0, io.SeekStart); err != nil {
		return nil, internal(err)
	}
	return f.disk, nil
}

// Close gives back what the file takes. It is idempotent.
func (f *File) Close() {
	if f.disk != nil {
		_ = f.disk.Close() // it has no name, so nothing is lost
		f.spool.give(f.owner, f.size)
		f.disk, f.size = nil, 0
	}
	f.held.Reset(nil)
}
